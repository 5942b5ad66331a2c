package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/djsession/movingstore"
)

// state is all that an engine holds.
func (w *moveWorld) state(in *memstore.Store) map[string]int64 {
	w.Helper()
	all := map[string]int64{}
	for l, err := range in.List(w.Context(), "") {
		if err != nil {
			w.Fatal(err)
		}
		n, _ := l.Record.Data.Get("n")
		all[l.Key()] = n.(int64)
	}
	return all
}

// TestMoveResumes ends both steps after any number of batches, in the midst of a
// batch and between two, and goes on until all is done.
func TestMoveResumes(t *testing.T) {
	run := func(t *testing.T, limit int) (old, next map[string]int64) {
		w := newMove(t)
		w.batch = 7
		keys := make([]string, 60)
		for i := range keys {
			keys[i] = fmt.Sprintf("%c%c%030d", 'a'+i%26, 'a'+i/26, i)
			w.put(w.old, keys[i], int64(i+1), time.Hour)
		}
		// stopped runs a step again and again; each run ends after some calls.
		stopped := func(switched bool) {
			for range 1000 {
				ctx, cancel := context.WithCancel(t.Context())
				calls := limit
				var mu sync.Mutex
				call := func() {
					mu.Lock()
					defer mu.Unlock()
					if calls--; calls == 0 {
						cancel()
					}
				}
				w.next, w.prev = &counting{w.new, call}, &counting{w.old, call}
				_, err := w.run(ctx, switched)
				interrupted := ctx.Err() != nil
				cancel()
				if err == nil {
					return
				}
				if !interrupted {
					t.Fatal(err)
				}
				limit += 3 // so that it comes to an end
			}
			t.Fatal("it does not come to an end")
		}
		stopped(false)
		for i, key := range keys {
			switch i % 6 {
			case 0:
				w.put(w.old, key, int64(i+1000), time.Hour)
			case 1:
				w.delete(w.old, key)
			case 2:
				w.delete(w.new, key)
			case 3:
				w.put(w.new, key, int64(i+2000), time.Hour)
			}
		}
		w.put(w.old, "zzzzzzzzzzzzzzzzzzzzzzzz", 77, time.Hour)
		stopped(true)
		return w.state(w.old), w.state(w.new)
	}
	_, want := run(t, 1<<30)
	if len(want) != 41 {
		t.Fatalf("got %d sessions, want 41", len(want))
	}
	limits := []int{1, 2, 3, 5, 8, 13, 14, 15, 22, 31}
	if testing.Short() {
		limits = limits[:3]
	}
	for _, limit := range limits {
		old, next := run(t, limit)
		if len(old) != 0 || !maps.Equal(next, want) {
			t.Fatalf("interrupted after %d calls: %d are left on the old engine, and the new one holds %v, want %v", limit, len(old), next, want)
		}
	}
}

// counting is an engine that tells of each write.
type counting struct {
	*memstore.Store
	call func()
}

func (c *counting) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	v, err := c.Store.Create(ctx, key, r)
	c.call()
	return v, err
}

func (c *counting) Delete(ctx context.Context, key string, seen djsession.Version) error {
	if seen.IsForce() {
		return c.Store.Delete(ctx, key, seen)
	}
	c.call()
	err := c.Store.Delete(ctx, key, seen)
	c.call()
	return err
}

// TestMoveKilled: a batch was written to the new engine, but not to the journal.
func TestMoveKilled(t *testing.T) {
	kill := func(t *testing.T) *moveWorld {
		w := newMove(t)
		w.put(w.old, moveKey, 1, time.Hour)
		ctx, cancel := context.WithCancel(t.Context())
		w.next = &counting{w.new, cancel}
		if _, err := w.run(ctx, false); err == nil {
			t.Fatal("got no error")
		}
		w.wants(1, 1)
		w.next = w.new
		return w
	}
	t.Run("and the session was written since", func(t *testing.T) {
		w := kill(t)
		w.put(w.old, moveKey, 2, time.Hour)
		if got := w.must(false); got.Updated != 1 || got.Taken != 0 {
			t.Errorf("got %+v", got)
		}
		w.wants(2, 2)
	})
	t.Run("and the session was logged out since", func(t *testing.T) {
		w := kill(t)
		w.delete(w.old, moveKey)
		if got := w.must(false); got.Pruned != 1 {
			t.Errorf("got %+v", got)
		}
		w.wants(0, 0)
		// Nothing is in the middle of being copied any more.
		j, err := openJournal(t.Context(), w.path, task, false)
		if err != nil {
			t.Fatal(err)
		}
		defer j.close()
		if n := len(j.intended); n != 0 {
			t.Errorf("the journal says that %d are in the middle of being copied", n)
		}
	})
	t.Run("and then Django was switched", func(t *testing.T) {
		w := kill(t)
		w.delete(w.old, moveKey)
		w.must(true)
		w.wants(0, 0)
	})
}

// TestMoveJournal: there is no key in it, and it answers package movingstore.
func TestMoveJournal(t *testing.T) {
	w := newMove(t)
	w.put(w.old, moveKey, 1, time.Hour)
	w.must(false)
	files, err := filepath.Glob(w.path + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %v, %v", files, err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), moveKey[:12]) || strings.Contains(string(text), moveKey[20:]) {
			t.Errorf("%s holds a session key", filepath.Base(name))
		}
	}
	if fi, err := os.Stat(w.path); err != nil || fi.Mode().Perm()&0o077 != 0 {
		t.Errorf("got %v, %v, want a file for its owner only", fi.Mode(), err)
	}
	db, err := sql.Open("sqlite", "file:"+w.path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	copied := movingstore.Journal(w.site, db)
	for key, want := range map[string]bool{moveKey: true, "another0000000000000000000": false} {
		if got, err := copied(t.Context(), key); got != want || err != nil {
			t.Errorf("copied: got %t, %v, want %t", got, err, want)
		}
	}
	w.now = w.now.Add(2 * time.Hour)
	if got, err := copied(t.Context(), moveKey); got || err != nil {
		t.Errorf("a copy that has expired: got %t, %v", got, err)
	}
	db.Close()
	if _, err := copied(t.Context(), moveKey); !errors.Is(err, djsession.ErrUnavailable) {
		t.Errorf("closed: got %v, want ErrUnavailable", err)
	}
	if _, err := w.run(t.Context(), true); err != nil {
		t.Error(err)
	}
}

// TestMoveAlone: one run at a time.
func TestMoveAlone(t *testing.T) {
	w := newMove(t)
	w.put(w.old, moveKey, 1, time.Hour)
	w.must(false)
	j, err := openJournal(t.Context(), w.path, "", false)
	if err == nil || j != nil {
		t.Fatalf("the journal of another move: got %v, %v", j, err)
	}
	if j, err = openJournal(t.Context(), w.path, task, false); err != nil {
		t.Fatal(err)
	}
	if _, err := w.run(t.Context(), true); !errors.Is(err, ErrJournalInUse) {
		t.Errorf("got %v", err)
	}
	j.close()
	w.must(true)
	w.wants(0, 1)
}

// TestMoveCursor: going on begins at a session or before it, and tells of no key.
func TestMoveCursor(t *testing.T) {
	for _, tt := range []struct{ key, cursor, want string }{
		{moveKey, moveKey, "abcdefgh"},
		{moveKey, ":1:django.contrib.sessions.cache" + moveKey, ":1:django.contrib.sessions.cacheabcdefgh"},
		{"abcdefgh", "abcdefgh", "abcd"},
		{moveKey, "17", ""},
		{moveKey, "", ""},
	} {
		if got := cursorOf(djsession.NewListed(tt.key, tt.cursor)); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.cursor, got, tt.want)
		}
	}
}

// An engine that is down ends the move, and nothing is taken for a logout.
func TestMoveUnavailable(t *testing.T) {
	w := newMove(t)
	w.put(w.old, moveKey, 1, time.Hour)
	w.must(false)
	w.new.Fail(errors.New("unplugged"))
	if _, err := w.run(t.Context(), true); !errors.Is(err, djsession.ErrUnavailable) {
		t.Errorf("the new engine is down: got %v", err)
	}
	w.new.Fail(nil)
	w.old.Fail(errors.New("unplugged"))
	if _, err := w.run(t.Context(), true); !errors.Is(err, djsession.ErrUnavailable) {
		t.Errorf("the old engine is down: got %v", err)
	}
	w.old.Fail(nil)
	w.wants(1, 1)
	w.must(true)
	w.wants(0, 1)
}
