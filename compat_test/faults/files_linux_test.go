package faults_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"

	_ "modernc.org/sqlite"
)

// Faults of files.
const (
	held     fault = "held by a stopped process"
	diskFull fault = "disk full"
	noFolder fault = "folder gone"
)

var faultsOfFiles = []fault{healthy, held, diskFull, noFolder}

// tryFileFault tries all operations in a folder with the fault.
func tryFileFault(t *testing.T, e engine, f fault) *row {
	disk := ""
	if f == diskFull {
		disk = smallDisk(t)
	} else {
		disk = t.TempDir()
	}
	folder := filepath.Join(disk, "folder")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	table := filepath.Join(folder, "db.sqlite3")
	if e.settings["DATABASES"] != nil {
		run(t, "sqlite", table, "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, session_data text NOT NULL, expire_date datetime NOT NULL)")
	}
	goroutines, descriptors := settled()
	addrs := map[string]string{"folder": folder}
	b := &bench{t: t, row: row{engine: e.String(), fault: f}, subject: e.open(t, addrs)}
	witness := e.open(t, addrs)
	b.witness = witness.Store()
	_, oneStep := b.subject.Store().(djsession.Cycler)
	b.late = !oneStep

	mend := func() {}
	b.mend = func() bool { mend(); mend = func() {}; return true }
	switch {
	case f == held && e.settings["DATABASES"] != nil:
		b.plant = func() { mend = holdTable(t, table) }
	case f == held:
		b.plant = func() { mend = holdFiles(t, folder) }
	case f == diskFull:
		b.plant = func() { mend = fillDisk(t, disk) }
	case f == noFolder:
		b.plant = func() { mend = rename(t, folder, folder+".away") }
	default:
		b.plant = func() {}
	}
	b.all(1, func(int) {})
	witness.close()
	b.leaks(goroutines, descriptors, 30*time.Second)
	return &b.row
}

// smallDisk mounts a file system of 400 kB.
func smallDisk(t *testing.T) string {
	t.Helper()
	disk := t.TempDir()
	if err := syscall.Mount("djsession-test", disk, "tmpfs", 0, "size=400k"); err != nil {
		testserver.Lacks(t, fmt.Sprintf("a small file system cannot be mounted: %v: run as root", err))
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return disk
}

// holdTable takes the lock of a writer.
func holdTable(t *testing.T, path string) (release func()) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	for range 500 { // the one before may still write
		if _, err = db.Exec("BEGIN IMMEDIATE"); err == nil {
			return func() { db.Close() }
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error(err)
	return func() { db.Close() }
}

// holdFiles locks all files of a folder as a writer does.
func holdFiles(t *testing.T, folder string) (release func()) {
	names, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Error(err)
	}
	var files []*os.File
	for _, name := range names {
		file, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			continue // it is gone
		}
		_ = syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
		files = append(files, file)
	}
	return func() {
		for _, f := range files {
			f.Close()
		}
	}
}

// fillDisk writes until the disk is full.
func fillDisk(t *testing.T, disk string) (release func()) {
	name := filepath.Join(disk, "filler")
	if err := os.WriteFile(name, make([]byte, 1<<20), 0o600); err == nil {
		t.Error("the disk is not full")
	}
	return func() { os.Remove(name) }
}

func rename(t *testing.T, from, to string) (back func()) {
	if err := os.Rename(from, to); err != nil {
		t.Error(err)
	}
	return func() {
		if err := os.Rename(to, from); err != nil {
			t.Error(err)
		}
	}
}

// On a full disk SQLite has no room for the journal of a logout, unless it keeps that of
// earlier writes.
func TestLogoutOfSQLiteOnFullDisk(t *testing.T) {
	for mode, done := range map[string]bool{"DELETE": false, "PERSIST": true} {
		t.Run(mode, func(t *testing.T) {
			disk := smallDisk(t)
			db, err := sql.Open("sqlite", filepath.Join(disk, "db.sqlite3")+"?_pragma=journal_mode("+mode+")")
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.Exec("CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, session_data text NOT NULL, expire_date datetime NOT NULL)"); err != nil {
				t.Fatal(err)
			}
			of, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey(secretKey)})
			if err != nil {
				t.Fatal(err)
			}
			store, key := dbstore.New(of, db, dbstore.SQLite, nil), of.NewKey()
			if _, err := store.Create(t.Context(), key, &djsession.Record{Data: serializer.NewDict(), Expires: time.Now().Add(time.Hour)}); err != nil {
				t.Fatal(err)
			}
			release := fillDisk(t, disk)
			err = store.Delete(t.Context(), key, djsession.Force)
			release()
			_, _, load := store.Load(t.Context(), key)
			if done && (err != nil || !errors.Is(load, djsession.ErrNotFound)) || !done && (!errors.Is(err, djsession.ErrUnavailable) || load != nil) {
				t.Errorf("done: %v, want %v; the session: %v", err, done, load)
			}
		})
	}
}
