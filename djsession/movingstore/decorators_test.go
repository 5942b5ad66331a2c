package movingstore_test

import (
	"context"
	"errors"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/djsession/movingstore"
)

// Two engines of two Sites do not go together.
func TestTwoSites(t *testing.T) {
	if s, err := movingstore.New(memstore.New(newSite(t)), memstore.New(newSite(t)), nil); s != nil || !errors.Is(err, djsession.ErrConfig) {
		t.Errorf("New = %v, %v, want ErrConfig", s, err)
	}
}

// In the second phase nobody knows without a journal who has logged out.
func TestCopiedIsRequired(t *testing.T) {
	site := newSite(t)
	old, next := memstore.New(site), memstore.New(site)
	if s, err := movingstore.New(old, next, &movingstore.Options{Phase: movingstore.Switched}); s != nil || !errors.Is(err, djsession.ErrConfig) {
		t.Errorf("New = %v, %v, want ErrConfig", s, err)
	}
	newStore(t, old, next, nil)
}

// renaming is a Store with other keys, and with an Unwrap that it should not have.
type renaming struct{ djsession.Store }

func (r renaming) Unwrap() djsession.Store { return r.Store }

func (r renaming) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	return r.Store.Load(ctx, "x"+key)
}

func (r renaming) Create(ctx context.Context, key string, rec *djsession.Record) (djsession.Version, error) {
	return r.Store.Create(ctx, "x"+key, rec)
}

func (r renaming) Update(ctx context.Context, key string, rec *djsession.Record, seen djsession.Version) (djsession.Version, error) {
	return r.Store.Update(ctx, "x"+key, rec, seen)
}

func (r renaming) Delete(ctx context.Context, key string, seen djsession.Version) error {
	return r.Store.Delete(ctx, "x"+key, seen)
}

// A decorator of either engine is not passed by when a session moves.
func TestMoveThroughDecorator(t *testing.T) {
	site := newSite(t)
	old, next := memstore.New(site), memstore.New(site)
	s := newStore(t, renaming{old}, renaming{next}, &movingstore.Options{Phase: movingstore.Switched, Copied: movingstore.NothingCopied})
	if _, err := old.Create(t.Context(), "x"+key, record(1)); err != nil {
		t.Fatal(err)
	}
	m := djsession.New(s)
	session, err := m.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("the session was not moved: %v", err)
	}
	if err := errors.Join(session.Set("n", 2), session.Save(t.Context())); err != nil {
		t.Fatal(err)
	}
	if _, _, err := next.Load(t.Context(), "x"+key); err != nil {
		t.Errorf("on the new engine: %v", err)
	}
	if _, _, err := old.Load(t.Context(), "x"+key); !errors.Is(err, djsession.ErrNotFound) {
		t.Errorf("on the old engine: %v", err)
	}
	if n, err := m.ClearExpired(t.Context(), nil); n != 0 || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("ClearExpired = %d, %v, want errors.ErrUnsupported: the engines are reaped", n, err)
	}
}
