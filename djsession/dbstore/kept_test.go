package dbstore_test

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
)

const keptKey = "abcdefghijklmnopqrstuvwxyz012345"

// visits loads and saves n times, with contexts that can end.
func visits(t testing.TB, s *dbstore.Store, n int) {
	t.Helper()
	for i := range n {
		ctx, cancel := context.WithCancel(t.Context())
		_, v, err := s.Load(ctx, keptKey)
		if err == nil {
			_, err = s.Update(ctx, keptKey, login(i), v)
		}
		cancel()
		if err != nil && !errors.Is(err, djsession.ErrConflict) {
			t.Fatal(err)
		}
	}
}

// The statements of loads and saves are prepared once for each connection to SQLite, and
// closed when nobody has the Store any more.
func TestKept(t *testing.T) {
	d := sqlite(t, "_pragma=busy_timeout(5000)")
	p := new(probe)
	db := d.open(t, p)
	mustCreate(t, dbstore.New(newSite(t), db, d.d, nil), keptKey, login(0))
	visits(t, dbstore.New(newSite(t), db, d.d, nil), 100)
	if now, ever := p.kept(); now != 2 || ever != 2 {
		t.Errorf("%d statements are prepared, and %d were, want 2", now, ever)
	}

	var wg sync.WaitGroup
	s := dbstore.New(newSite(t), db, d.d, nil)
	for range 8 {
		wg.Go(func() { visits(t, s, 20) })
	}
	wg.Wait()
	if open := db.Stats().InUse; open != 0 {
		t.Errorf("%d connections are in use", open)
	}
	runtime.KeepAlive(s)
	s = nil

	// A store for each request leaves nothing behind.
	for range 50 {
		visits(t, dbstore.New(newSite(t), db, d.d, nil), 1)
	}
	for range 100 {
		runtime.GC()
		if now, _ := p.kept(); now == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	now, ever := p.kept()
	t.Errorf("%d of %d statements stay prepared", now, ever)
}

// A table that changes beneath prepared statements is read and written as it is now.
func TestKeptTableChanges(t *testing.T) {
	d := sqlite(t, "_pragma=busy_timeout(5000)")
	db, raw := d.open(t, new(probe)), d.open(t, new(probe))
	s := dbstore.New(newSite(t), db, d.d, nil)
	mustCreate(t, s, keptKey, login(0))
	visits(t, s, 3)
	for _, change := range [][]string{
		{"ALTER TABLE django_session ADD COLUMN more text NOT NULL DEFAULT ''"},
		{"VACUUM"},
		{"ALTER TABLE django_session RENAME TO old", "CREATE TABLE django_session AS SELECT more, expire_date, session_data, session_key FROM old", "DROP TABLE old"},
	} {
		mustExec(t, raw, change...)
		visits(t, s, 3)
	}
	mustExec(t, raw, "ALTER TABLE django_session RENAME TO other")
	if _, _, err := s.Load(t.Context(), keptKey); !errors.Is(err, djsession.ErrUnavailable) {
		t.Errorf("without the table: got %v, want ErrUnavailable", err)
	}
	mustExec(t, raw, "ALTER TABLE other RENAME TO django_session")
	visits(t, s, 3)
}

// A load and a save make few allocations, those of package sql and the driver among them.
func TestAllocations(t *testing.T) {
	for _, test := range []struct {
		name       string
		d          database
		load, save float64
	}{
		{"SQLite", sqlite(t, "_pragma=busy_timeout(5000)"), 54, 22},
		{"PostgreSQL", postgres(t), 49, 20},
		{"MariaDB", mysql(t, "utf8mb4", "interpolateParams=true&autocommit=1"), 46, 26},
	} {
		t.Run(test.name, func(t *testing.T) {
			db, err := sql.Open(test.d.driver, test.d.dsn(test.d.addr))
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			db.SetMaxOpenConns(1)
			s := dbstore.New(newSite(t), db, test.d.d, nil)
			mustCreate(t, s, keptKey, login(0))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var v djsession.Version
			if n := testing.AllocsPerRun(100, func() {
				if _, v, err = s.Load(ctx, keptKey); err != nil {
					t.Fatal(err)
				}
			}); n > test.load {
				t.Errorf("a load makes %v allocations, want at most %v", n, test.load)
			}
			records := []*djsession.Record{login(1), login(2)}
			i := 0
			if n := testing.AllocsPerRun(100, func() {
				i++
				if v, err = s.Update(ctx, keptKey, records[i%2], v); err != nil {
					t.Fatal(err)
				}
			}); n > test.save {
				t.Errorf("a save makes %v allocations, want at most %v", n, test.save)
			}
		})
	}
}
