package filestore_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// all calls each method on the session of key, which v saw, or, for Create, on
// another key, and returns the errors.
func (w *world) all(t *testing.T, v djsession.Version) map[string]error {
	t.Helper()
	ctx, r := t.Context(), w.record(t, "n", 2)
	errs := map[string]error{}
	_, _, errs["Load"] = w.Load(ctx, key)
	_, errs["Create"] = w.Create(ctx, other, r)
	_, errs["Update"] = w.Update(ctx, key, r, v)
	_, errs["forced Update"] = w.Update(ctx, key, r, djsession.Force)
	errs["Touch"] = w.Touch(ctx, key, now.Add(time.Hour), v)
	_, errs["ClearExpired"] = w.ClearExpired(ctx, nil)
	errs["List"] = nil
	for _, err := range w.List(ctx, "") {
		errs["List"] = err
	}
	errs["DeleteSeen"] = w.Delete(ctx, key, v)
	errs["Delete"] = w.Delete(ctx, key, djsession.Force)
	return errs
}

// other is a key that is free, before key in the alphabet.
const other = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// wantAll checks the errors of all: those named fail in that way, the others not.
func wantAll(t *testing.T, got map[string]error, kind error, names string) {
	t.Helper()
	for doing, err := range got {
		switch fails := strings.Contains(","+names+",", ","+doing+","); {
		case fails:
			wantKind(t, doing, err, kind)
		case err != nil:
			t.Errorf("%s: %v", doing, err)
		}
	}
}

const (
	everything = "Load,Create,Update,forced Update,Touch,ClearExpired,List,DeleteSeen,Delete"
	writing    = "Create,Update,forced Update,Touch,DeleteSeen,Delete"
)

// Without the folder nothing is said about a session, least of all that there is none.
func TestNoFolder(t *testing.T) {
	for _, test := range []struct {
		name   string
		remove func(dir string) error
	}{
		{"missing", os.RemoveAll},
		{"a file", func(dir string) error {
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
			return os.WriteFile(dir, nil, 0o600)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, nil)
			v := w.create(t, "n", 1)
			if err := test.remove(w.dir); err != nil {
				t.Fatal(err)
			}
			wantAll(t, w.all(t, v), djsession.ErrUnavailable, everything)
		})
	}
}

// What is no file where a session should be is not followed, waited for or
// changed; a folder cannot be deleted, the others can.
func TestIrregular(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	for _, test := range []struct {
		name   string
		make   func(path string) error
		delete error
	}{
		{"link out of the folder", func(path string) error { return os.Symlink(secret, path) }, nil},
		{"link to nothing", func(path string) error { return os.Symlink("nothing", path) }, nil},
		{"FIFO", func(path string) error { return syscall.Mkfifo(path, 0o600) }, nil},
		{"folder", func(path string) error { return os.Mkdir(path, 0o700) }, djsession.ErrUnavailable},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, nil)
			text := w.encode(t, "n", 1)
			plant(t, secret, text, now)
			if err := test.make(w.path); err != nil {
				t.Fatal(err)
			}
			ctx, r := t.Context(), w.record(t, "n", 2)
			_, _, err := w.Load(ctx, key)
			wantKind(t, "Load", err, djsession.ErrCorrupt)
			_, err = w.Create(ctx, key, r)
			wantKind(t, "Create", err, djsession.ErrKeyTaken)
			_, err = w.Update(ctx, key, r, djsession.VersionOf(text))
			wantKind(t, "Update", err, djsession.ErrConflict)
			_, err = w.Update(ctx, key, r, djsession.Force)
			wantKind(t, "forced Update", err, djsession.ErrUnavailable)
			wantKind(t, "Touch", w.Touch(ctx, key, now, djsession.Force), djsession.ErrUnavailable)
			wantKind(t, "DeleteSeen", w.Delete(ctx, key, djsession.VersionOf(text)), djsession.ErrConflict)
			if n, err := w.ClearExpired(ctx, nil); n != 0 || err != nil {
				t.Errorf("ClearExpired: got %d, %v", n, err)
			}
			for l, err := range w.List(ctx, "") {
				if l.Key() != key || err != nil {
					t.Errorf("List: got %q, %v", l.Key(), err)
				}
				wantKind(t, "List", l.Err, djsession.ErrCorrupt)
			}
			if raw, err := os.ReadFile(secret); string(raw) != text || err != nil {
				t.Error("the file outside was changed")
			}
			if err := w.Delete(ctx, key, djsession.Force); test.delete != nil {
				wantKind(t, "Delete", err, test.delete)
			} else if err != nil {
				t.Errorf("Delete: %v", err)
			}
			wantNoDrafts(t, w.dir)
			if _, err := os.Stat(secret); err != nil {
				t.Error("the file outside is gone")
			}
		})
	}
}

// A file longer than Limits.Payload is not read, not reaped, and replaced or
// deleted by force alone.
func TestTooLong(t *testing.T) {
	w := newWorld(t, func(set *djsession.Settings) { set.Limits.Payload = 1000 })
	ctx, old := t.Context(), now.Add(-1000*time.Hour)
	plant(t, w.path, strings.Repeat("x", 1001), old)
	_, _, err := w.Load(ctx, key)
	if !errors.Is(err, djsession.ErrTooLarge) {
		t.Errorf("Load: got %v, want ErrTooLarge", err)
	}
	wantKind(t, "Load", err, djsession.ErrCorrupt)
	if n, err := w.ClearExpired(ctx, nil); n != 0 || err != nil {
		t.Errorf("ClearExpired: got %d, %v", n, err)
	}
	for l := range w.List(ctx, "") {
		wantKind(t, "List", l.Err, djsession.ErrCorrupt)
		if l.Size != 1001 {
			t.Errorf("List: got size %d", l.Size)
		}
	}
	wantKind(t, "DeleteSeen", w.Delete(ctx, key, djsession.Version{}), djsession.ErrConflict)
	if _, err := w.Update(ctx, key, w.record(t, "n", 1), djsession.Force); err != nil {
		t.Errorf("forced Update: %v", err)
	}
	if got, want := w.raw(t), w.encode(t, "n", 1); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// tmpfs returns a world in a file system of its own, with that many bytes.
func tmpfs(t *testing.T, options string) *world {
	t.Helper()
	w := newWorld(t, nil)
	if err := syscall.Mount("djsession-test", w.dir, "tmpfs", 0, options); err != nil {
		testserver.Lacks(t, fmt.Sprintf("a small file system cannot be mounted: %v: run as root", err))
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(w.dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return w
}

// On a full disk nothing is written by half and nothing is lost; logging out works.
func TestFullDisk(t *testing.T) {
	for _, test := range []struct {
		name, options string
		fill          func(dir string) error
	}{
		{"no space", "size=64k", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "filler"), make([]byte, 1<<20), 0o600)
		}},
		{"no inodes", "nr_inodes=10", func(dir string) (err error) {
			for i := 0; i < 20 && err == nil; i++ {
				err = os.WriteFile(filepath.Join(dir, fmt.Sprint("filler", i)), nil, 0o600)
			}
			return err
		}},
	} {
		for _, plain := range []bool{false, true} {
			t.Run(fmt.Sprint(test.name, " plain=", plain), func(t *testing.T) {
				w := tmpfs(t, test.options)
				w.Store = newStore(t, w.site, w.dir, nil) // the real one, that syncs
				if plain {
					w.Plain()
				}
				v := w.create(t, "n", 1)
				before := w.raw(t)
				if err := test.fill(w.dir); !errors.Is(err, syscall.ENOSPC) {
					t.Fatalf("fill the disk: %v", err)
				}
				_, err := w.Create(t.Context(), other, w.record(t, "n", 2))
				wantFull(t, "Create", err)
				_, err = w.Update(t.Context(), key, w.record(t, "n", 2), v)
				wantFull(t, "Update", err)
				_, err = w.Update(t.Context(), key, w.record(t, "n", 2), djsession.Force)
				wantFull(t, "forced Update", err)
				if got := w.raw(t); got != before {
					t.Errorf("stored is now %q, want %q", got, before)
				}
				_, _, err = w.Load(t.Context(), other)
				wantKind(t, "Load of what could not be created", err, djsession.ErrNotFound)
				wantNoDrafts(t, w.dir)
				if err := w.Touch(t.Context(), key, now, v); err != nil {
					t.Errorf("Touch: %v", err)
				}
				if err := w.Delete(t.Context(), key, djsession.Force); err != nil {
					t.Errorf("Delete: %v", err)
				}
				fillers, _ := filepath.Glob(filepath.Join(w.dir, "filler*"))
				for _, f := range fillers {
					os.Remove(f)
				}
				w.create(t, "n", 3) // it is back
			})
		}
	}
}

func wantFull(t *testing.T, doing string, err error) {
	t.Helper()
	wantKind(t, doing, err, djsession.ErrUnavailable)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%s: the error %v does not match ENOSPC", doing, err)
	}
}

// A file system that is read-only can be read; each change is an error.
func TestReadOnly(t *testing.T) {
	w := tmpfs(t, "size=64k")
	v := w.create(t, "n", 1)
	remount := func(flags uintptr) {
		if err := syscall.Mount("djsession-test", w.dir, "", syscall.MS_REMOUNT|flags, ""); err != nil {
			t.Fatal(err)
		}
	}
	remount(syscall.MS_RDONLY)
	wantAll(t, w.all(t, v), djsession.ErrUnavailable, writing)
	remount(0)
	wantAll(t, w.all(t, v), djsession.ErrConflict, "Touch,DeleteSeen") // after the forced Update
}

// asOther runs f with the rights of a user who is not root.
func asOther(t *testing.T, w *world, f func()) {
	t.Helper()
	if os.Getuid() != 0 {
		f()
		return
	}
	const nobody = 65534
	done := make(chan bool)
	for path := w.dir; path != os.TempDir() && path != "/"; path = filepath.Dir(path) {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{w.dir, w.path} {
		if err := os.Chown(path, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if err := syscall.Setfsuid(nobody); err != nil {
			t.Errorf("setfsuid: %v", err)
			return
		}
		f()
	}()
	<-done
}

// A folder that may not be written is an error for each change, one that may not
// be read for everything, and never an absent session.
func TestForbidden(t *testing.T) {
	for _, test := range []struct {
		name string
		mode fs.FileMode
		fail string
	}{
		{"folder that may not be written", 0o500, "Create,Update,forced Update,DeleteSeen,Delete"},
		{"folder that may not be entered", 0o000, everything},
		{"folder that may not be listed", 0o300, "ClearExpired,List"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, nil)
			v := w.create(t, "n", 1)
			asOther(t, w, func() {
				if err := os.Chmod(w.dir, test.mode); err != nil {
					t.Error(err)
				}
				defer os.Chmod(w.dir, 0o700)
				got := w.all(t, v)
				if test.mode&0o200 != 0 {
					delete(got, "Touch") // of what the forced Update wrote
					delete(got, "DeleteSeen")
				}
				wantAll(t, got, djsession.ErrUnavailable, test.fail)
			})
		})
	}
}

// A session that may not be read, such as one of another site's in /tmp, is an
// error where it is asked for, and stops nobody who walks over all.
func TestForbiddenFile(t *testing.T) {
	w := newWorld(t, nil)
	w.create(t, "n", 1)
	if _, err := w.Create(t.Context(), "zzzzzzzz", &djsession.Record{Data: dict(), Expires: now.Add(-time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(w.path[:len(w.path)-len(key)]+"zzzzzzzz", 65534, 65534); err != nil && os.Getuid() == 0 {
		t.Fatal(err)
	}
	asOther(t, w, func() {
		if err := os.Chmod(w.path, 0); err != nil {
			t.Error(err)
		}
		_, _, err := w.Load(t.Context(), key)
		wantKind(t, "Load", err, djsession.ErrUnavailable)
		var got []string
		for l, err := range w.List(t.Context(), "") {
			if err != nil {
				t.Errorf("List: %v", err)
			}
			if got = append(got, l.Key()); l.Key() == key {
				wantKind(t, "List", l.Err, djsession.ErrUnavailable)
			}
		}
		if len(got) != 2 {
			t.Errorf("List: got %d sessions, want 2", len(got))
		}
		if n, err := w.ClearExpired(t.Context(), nil); n != 1 || err != nil {
			t.Errorf("ClearExpired: got %d, %v, want 1", n, err)
		}
		if err := w.Delete(t.Context(), key, djsession.Force); err != nil {
			t.Errorf("Delete: %v", err)
		}
	})
}

// A key that no file can have is no session, and leads nowhere.
func TestKeys(t *testing.T) {
	w := newWorld(t, func(set *djsession.Settings) { set.KeyShape = func(string) bool { return true } })
	w.create(t, "n", 1)
	text := w.encode(t, "n", 1)
	outside := filepath.Join(filepath.Dir(w.dir), "outsideoutside")
	plant(t, outside, text, now)
	plant(t, filepath.Join(w.dir, "sessionid"), text, now)
	if err := os.Mkdir(filepath.Join(w.dir, "sessionid-"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"", "/../" + key, "-/../../outsideoutside", "-/../sessionid" + key, key + "\x00", "ABCDEFGH", key + "_out_1"} {
		_, _, err := w.Load(t.Context(), k)
		wantKind(t, "Load", err, djsession.ErrNotFound)
		_, err = w.Create(t.Context(), k, w.record(t))
		wantKind(t, "Create", err, djsession.ErrConfig)
		_, err = w.Update(t.Context(), k, w.record(t), djsession.Force)
		wantKind(t, "Update", err, djsession.ErrNotFound)
		wantKind(t, "Delete", w.Delete(t.Context(), k, djsession.Force), djsession.ErrNotFound)
	}
	plant(t, w.path+"_out_1", text, now.Add(-1000*time.Hour))
	if n, err := w.ClearExpired(t.Context(), nil); n != 0 || err != nil {
		t.Errorf("ClearExpired: got %d, %v, want 0", n, err)
	}
	for l, err := range w.List(t.Context(), "") {
		if l.Key() != key || err != nil {
			t.Errorf("List: got %q, %v", l.Key(), err)
		}
	}
	if raw, err := os.ReadFile(outside); string(raw) != text || err != nil {
		t.Error("the file outside was changed")
	}
	if got := w.raw(t); got != text {
		t.Error("the session was changed")
	}
}

// A lock file or a draft that a crash left is no session to List and ClearExpired.
func TestOtherFiles(t *testing.T) {
	w := newWorld(t, nil)
	w.create(t, "n", 1)
	old := now.Add(-1000 * time.Hour)
	text := w.encode(t, "n", 1)
	for _, name := range []string{"sessionid" + key + "_out_1234", "djsession.lock", "sessionidshort", "othername" + key, "sessionid"} {
		plant(t, filepath.Join(w.dir, name), text, old)
	}
	n := 0
	for l, err := range w.List(context.Background(), "") {
		if n++; l.Key() != key || err != nil {
			t.Errorf("List: got %q, %v", l.Key(), err)
		}
	}
	if n != 1 {
		t.Errorf("List: got %d sessions, want 1", n)
	}
	if n, err := w.ClearExpired(t.Context(), nil); n != 0 || err != nil {
		t.Errorf("ClearExpired: got %d, %v, want 0", n, err)
	}
}
