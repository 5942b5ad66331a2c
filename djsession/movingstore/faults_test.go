package movingstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/movingstore"
	"github.com/go-djsession/go-djsession/serializer"
)

// Who logs out while a request moves the session stays logged out, also if the client
// of that request goes away in the middle, as it does when its visitor clicks on "log out".
func TestLogoutWhileMovingCancelled(t *testing.T) {
	w := newWorld(t)
	w.put(w.old, 1)
	ctx, cancel := context.WithCancel(t.Context())
	next := &interrupted{w.next, func() {
		if err := w.switched.Delete(t.Context(), key, djsession.Force); err != nil {
			t.Error(err)
		}
	}, cancel}
	s := newStore(t, w.old, next, &movingstore.Options{Phase: movingstore.Switched, Copied: movingstore.NothingCopied})
	_, _, _ = s.Load(ctx, key)
	if _, _, err := w.switched.Load(t.Context(), key); !errors.Is(err, djsession.ErrNotFound) {
		t.Errorf("after the logout Load says %v, want ErrNotFound", err)
	}
}

// A move that got stuck between its two steps leaves the session on both; a Django on
// the new engine then logs out.
func TestDjangoLogoutAfterStuckMove(t *testing.T) {
	w := newWorld(t)
	w.put(w.old, 1)
	ctx, cancel := context.WithCancel(t.Context())
	next := &interrupted{w.next, func() {}, cancel}
	s := newStore(t, w.old, next, &movingstore.Options{
		Phase: movingstore.Switched, Copied: func(context.Context, string) (bool, error) { return w.copied[key], nil },
	})
	_, _, _ = s.Load(ctx, key)
	if err := w.next.Delete(t.Context(), key, djsession.Force); errors.Is(err, djsession.ErrNotFound) { // Django's flush
		return // the move was taken back, and Django found nobody logged in
	} else if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.switched.Load(t.Context(), key); !errors.Is(err, djsession.ErrNotFound) {
		t.Errorf("after Django's logout Load says %v, want ErrNotFound", err)
	}
}

// A session was prolonged after it was copied, and the copy has expired when Django is
// switched.
func TestProlongedSinceCopied(t *testing.T) {
	w := newWorld(t)
	rec := func(d time.Duration) *djsession.Record {
		return &djsession.Record{Data: serializer.NewDict(serializer.Item{Key: "n", Value: int64(1)}), Expires: record(1).Expires.Add(d)}
	}
	if _, err := w.old.Create(t.Context(), key, rec(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.next.Create(t.Context(), key, rec(-1000*time.Hour)); err != nil {
		t.Fatal(err)
	}
	// What Journal says of a copy whose time is over: not copied.
	if _, _, err := w.switched.Load(t.Context(), key); err != nil {
		t.Errorf("Load says %v", err)
	}
}

// In the first phase the new engine is down, and somebody logs in.
func TestCycleWhileOtherDown(t *testing.T) {
	w := newWorld(t)
	w.put(w.old, 1)
	m := djsession.New(w.copying)
	w.next.Fail(errors.New("unplugged"))
	s, err := m.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CycleKey(); err != nil {
		t.Fatal(err)
	}
	saved := s.Save(t.Context())
	if _, _, err := w.old.Load(t.Context(), key); saved != nil && err != nil {
		t.Errorf("Save says %v, and the session is gone", saved)
	}
}

// deleted is an engine from which somebody else deletes a session first.
type deleted struct {
	djsession.Store
	first func()
}

func (d *deleted) Delete(ctx context.Context, key string, seen djsession.Version) error {
	d.first()
	return d.Store.Delete(ctx, key, seen)
}

// A move takes longer than the grace of djsession migrate, which finds the session on both
// engines, notes that and deletes it from the old one. Nobody has logged out.
func TestMigratedWhileMoving(t *testing.T) {
	w := newWorld(t)
	w.put(w.old, 1)
	old := &deleted{w.old, func() {
		w.copied[key] = true
		if err := w.old.Delete(t.Context(), key, djsession.Force); err != nil {
			t.Error(err)
		}
	}}
	s := newStore(t, old, w.next, &movingstore.Options{
		Phase: movingstore.Switched, Copied: func(context.Context, string) (bool, error) { return w.copied[key], nil },
	})
	if _, _, err := s.Load(t.Context(), key); err != nil {
		t.Errorf("Load says %v", err)
	}
	w.wants(0, 1)
}
