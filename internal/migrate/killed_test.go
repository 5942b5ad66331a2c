package migrate

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/djsession/movingstore"
)

// around is an engine whose Create has others come before and after.
type around struct {
	*memstore.Store
	before, after func()
}

func (c *around) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	c.before()
	v, err := c.Store.Create(ctx, key, r)
	c.after()
	return v, err
}

// In the second step, somebody logs out between the listing and the copy, and the run is
// interrupted just behind the copy. The next run is to set it right.
func TestSwitchedKilledWhileLoggedOut(t *testing.T) {
	w := newMove(t)
	w.put(w.old, "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", 1, time.Hour)
	w.must(false)
	w.put(w.old, moveKey, 1, time.Hour) // was not copied
	ctx, cancel := context.WithCancel(t.Context())
	w.next = &around{w.new, func() { w.delete(w.old, moveKey) }, cancel} // movingstore: both engines, of which the new one has none
	if _, err := w.run(ctx, true); err == nil {
		t.Fatal("got no error")
	}
	w.next = w.new
	w.must(true)
	if _, _, err := w.new.Load(t.Context(), moveKey); err == nil {
		t.Error("who logged out is logged in again")
	}
}

// refusing is an engine that is killed before it creates.
type refusing struct {
	*memstore.Store
	call func()
}

func (c *refusing) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	c.call()
	return djsession.Version{}, djsession.Unavailable("create", context.Canceled)
}

// The first step was killed before a session of its batch was written, and Django is
// switched all the same. Nobody logs out.
func TestMoveKilledBeforeCopy(t *testing.T) {
	w := newMove(t)
	w.put(w.old, moveKey, 1, time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	w.next = &refusing{w.new, cancel}
	if _, err := w.run(ctx, false); err == nil {
		t.Fatal("got no error")
	}
	w.wants(1, 0)
	w.next = w.new
	w.must(true)
	w.wants(0, 1)
}

// The same, and package movingstore moves the session when it is asked for.
func TestMoveKilledBeforeCopyMoved(t *testing.T) {
	w := newMove(t)
	w.put(w.old, moveKey, 1, time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	w.next = &refusing{w.new, cancel}
	if _, err := w.run(ctx, false); err == nil {
		t.Fatal("got no error")
	}
	w.next = w.new
	db, err := sql.Open("sqlite", "file:"+w.path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := movingstore.New(w.old, w.new, &movingstore.Options{Phase: movingstore.Switched, Copied: movingstore.Journal(w.site, db)})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Load(t.Context(), moveKey); err != nil && !errors.Is(err, djsession.ErrUnavailable) {
		t.Fatal(err)
	}
	w.must(true)
	w.wants(0, 1)
}

// A session that the first step did not copy because it failed otherwise: a second run of
// the first step, too, is killed.
func TestMoveKeptKilledBeforeCopy(t *testing.T) {
	w := newMove(t)
	w.keep = true
	w.put(w.old, moveKey, 1, time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	w.next = &refusing{w.new, cancel}
	if _, err := w.run(ctx, false); err == nil {
		t.Fatal("got no error")
	}
	w.next = w.new
	w.must(true)
	w.wants(1, 1)
}

// With --keep, the second step is killed between a copy and the journal, and run again; then
// somebody logs out on the new engine.
func TestMoveKeepKilled(t *testing.T) {
	w := newMove(t)
	w.keep = true
	w.must(false)
	w.put(w.old, moveKey, 1, time.Hour) // was not copied
	ctx, cancel := context.WithCancel(t.Context())
	w.next = &counting{w.new, cancel}
	if _, err := w.run(ctx, true); err == nil {
		t.Fatal("got no error")
	}
	w.wants(1, 0) // the new engine has a reservation
	w.next = w.new
	w.must(true)
	w.wants(1, 1)
	w.delete(w.new, moveKey) // Django's logout
	w.must(true)
	w.wants(1, 0)
}
