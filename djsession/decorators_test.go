package djsession_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/djsession/storetest"
	"github.com/go-djsession/go-djsession/serializer"
)

// counting is a Store that counts writes and does nothing else.
type counting struct {
	djsession.Store
	writes *atomic.Int64
}

func (c counting) Unwrap() djsession.Store { return c.Store }

func (c counting) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	c.writes.Add(1)
	return c.Store.Create(ctx, key, r)
}

func (c counting) Update(ctx context.Context, key string, r *djsession.Record, seen djsession.Version) (djsession.Version, error) {
	c.writes.Add(1)
	return c.Store.Update(ctx, key, r, seen)
}

func (c counting) Touch(ctx context.Context, key string, expires time.Time, seen djsession.Version) error {
	c.writes.Add(1)
	return c.Store.Touch(ctx, key, expires, seen)
}

func (c counting) Delete(ctx context.Context, key string, seen djsession.Version) error {
	c.writes.Add(1)
	return c.Store.Delete(ctx, key, seen)
}

// A decorator that changes nothing is a Store like the one beneath, with all its optional
// interfaces.
func TestDecoratedStore(t *testing.T) {
	var outer, inner atomic.Int64
	storetest.Run(t, storetest.Harness{
		Open: func(t *testing.T, site *djsession.Site) storetest.Engine {
			mem := memstore.New(site)
			m := djsession.New(counting{counting{mem, &inner}, &outer})
			return storetest.Engine{
				Store:  m.Store(),
				Other:  mem,
				Stored: func(t testing.TB, key string) (string, bool) { return mem.Text(key) },
				Plant:  func(t testing.TB, key, raw string, expires time.Time) { mem.Put(key, raw, expires) },
				Break: func(t testing.TB) func() {
					mem.Fail(errors.New("unplugged"))
					return func() { mem.Fail(nil) }
				},
			}
		},
		Skip: map[string]string{"context/stalled": "nothing in memory takes time", "cycle/": "nothing in memory has transactions"},
	})
	if outer.Load() == 0 || outer.Load() != inner.Load() {
		t.Errorf("the outer one saw %d writes, the inner one %d", outer.Load(), inner.Load())
	}
}

// prefixing is a Store that puts a prefix before each key.
type prefixing struct{ djsession.Store }

func (p prefixing) key(key string) string { return "site:" + key }

func (p prefixing) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	return p.Store.Load(ctx, p.key(key))
}

func (p prefixing) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	return p.Store.Create(ctx, p.key(key), r)
}

func (p prefixing) Update(ctx context.Context, key string, r *djsession.Record, seen djsession.Version) (djsession.Version, error) {
	return p.Store.Update(ctx, p.key(key), r, seen)
}

func (p prefixing) Touch(ctx context.Context, key string, expires time.Time, seen djsession.Version) error {
	return p.Store.Touch(ctx, p.key(key), expires, seen)
}

func (p prefixing) Delete(ctx context.Context, key string, seen djsession.Version) error {
	return p.Store.Delete(ctx, p.key(key), seen)
}

// encrypting is a Store that encrypts what it stores.
type encrypting struct {
	djsession.Store
	box cipher.AEAD
}

func newEncrypting(s djsession.Store) encrypting {
	block, err := aes.NewCipher([]byte("a key of a test."))
	if err != nil {
		panic(err)
	}
	box, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return encrypting{s, box}
}

func (e encrypting) seal(r *djsession.Record) (*djsession.Record, error) {
	text, err := e.Site().Encode(r.Data)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, e.box.NonceSize())
	rand.Read(nonce)
	sealed := *r
	sealed.Data = serializer.NewDict(item("sealed", base64.StdEncoding.EncodeToString(e.box.Seal(nonce, nonce, []byte(text), nil))))
	return &sealed, nil
}

func (e encrypting) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	r, v, err := e.Store.Load(ctx, key)
	if err != nil {
		return nil, v, err
	}
	sealed, _ := r.Data.Get("sealed")
	text, _ := sealed.(string)
	raw, err := base64.StdEncoding.DecodeString(text)
	if n := e.box.NonceSize(); err == nil && len(raw) >= n {
		raw, err = e.box.Open(nil, raw[:n], raw[n:], nil)
	}
	if err != nil {
		return nil, v, djsession.Corrupt("decrypt", err)
	}
	open := *r
	open.Data, err = e.Site().Decode(string(raw))
	return &open, v, err
}

func (e encrypting) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	sealed, err := e.seal(r)
	if err != nil {
		return djsession.Version{}, err
	}
	return e.Store.Create(ctx, key, sealed)
}

func (e encrypting) Update(ctx context.Context, key string, r *djsession.Record, seen djsession.Version) (djsession.Version, error) {
	sealed, err := e.seal(r)
	if err != nil {
		return djsession.Version{}, err
	}
	return e.Store.Update(ctx, key, sealed, seen)
}

// wrapped is a decorator that should not have its Unwrap: it reads other records than the
// Store beneath.
type wrapped struct{ djsession.Store }

func (w wrapped) Unwrap() djsession.Store {
	switch s := w.Store.(type) {
	case prefixing:
		return s.Store
	case encrypting:
		return s.Store
	}
	return nil
}

// No write passes by a decorator that changes keys or records, even if it has an Unwrap.
// The test writes through it by everything that a Manager does, and looks at the Store
// beneath.
func TestNeverPassedBy(t *testing.T) {
	prefixed := func(t *testing.T, l djsession.Listed) {
		if !strings.HasPrefix(l.Key(), "site:") {
			t.Error("a key without the prefix is stored")
		}
	}
	sealed := func(t *testing.T, l djsession.Listed) {
		if l.Err != nil || l.Record.Data.Len() != 1 || !l.Record.Data.Has("sealed") {
			t.Errorf("a record that is not encrypted is stored: %v", l)
		}
	}
	for _, tt := range []struct {
		name string
		make func(djsession.Store) djsession.Store
		look func(*testing.T, djsession.Listed)
	}{
		{"prefix", func(s djsession.Store) djsession.Store { return prefixing{s} }, prefixed},
		{"prefix with Unwrap", func(s djsession.Store) djsession.Store { return wrapped{prefixing{s}} }, prefixed},
		{"encryption", func(s djsession.Store) djsession.Store { return newEncrypting(s) }, sealed},
		{"encryption with Unwrap", func(s djsession.Store) djsession.Store { return wrapped{newEncrypting(s)} }, sealed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx := t.Context()
			w := newWorld(t)
			outer := tt.make(w.mem)
			m := djsession.New(outer)
			underneath := func(doing string, want int) {
				t.Helper()
				n := 0
				for l, err := range w.mem.List(ctx, "") {
					must(t, err)
					tt.look(t, l)
					n++
				}
				if n != want {
					t.Errorf("after %s there are %d sessions underneath, want %d", doing, n, want)
				}
			}
			// Each operation, alone and while somebody else writes to the session.
			for _, busy := range []bool{false, true} {
				s, err := m.Open(ctx, "")
				must(t, err)
				must(t, s.Set("n", 1))
				must(t, s.Save(ctx))
				underneath("create", 1)
				for _, op := range []struct {
					name string
					do   func(s *djsession.Session) error
				}{
					{"update", func(s *djsession.Session) error { return s.Set("n", 2) }},
					{"touch", func(s *djsession.Session) error { return s.MarkModified() }},
					{"renew", func(s *djsession.Session) error { return s.Renew("hash", "new") }},
					{"cycle", func(s *djsession.Session) error { return errors.Join(s.Set("n", 3), s.CycleKey()) }},
				} {
					before := s.Key()
					if busy {
						other, err := m.Open(ctx, before)
						must(t, err)
						must(t, other.Set("other", op.name))
						must(t, other.Save(ctx))
					}
					must(t, op.do(s))
					if err := s.Save(ctx); err != nil {
						t.Fatalf("%s, beside others: %v: %v", op.name, busy, err)
					}
					underneath(op.name, 1)
					if (s.Key() == before) != (op.name != "cycle") {
						t.Errorf("%s: the key was cycled: %v", op.name, s.Key() != before)
					}
					back, err := m.Open(ctx, s.Key())
					must(t, err)
					if got, _ := djsession.Value(back, "other", ""); busy && got != op.name {
						t.Errorf("%s: what the other one wrote is lost", op.name)
					}
				}
				back, err := m.Open(ctx, s.Key())
				must(t, err)
				if n, _ := djsession.Value(back, "n", 0); n != 3 || !back.Has("hash") {
					t.Errorf("got n = %d and hash: %v, want 3 and true", n, back.Has("hash"))
				}
				must(t, s.Flush(ctx))
				underneath("flush", 0)
			}

			s, err := m.Open(ctx, "")
			must(t, err)
			must(t, s.Save(ctx))
			if there, err := m.Exists(ctx, s.Key()); err != nil || !there {
				t.Errorf("Exists = %v, %v", there, err)
			}
			must(t, m.Delete(ctx, s.Key()))
			underneath("delete", 0)

			_, err = outer.Create(ctx, m.Site().NewKey(), &djsession.Record{Data: serializer.NewDict(), Expires: m.Site().Now().Add(-time.Hour)})
			must(t, err)
			n, err := m.ClearExpired(ctx, nil)
			if _, unwraps := outer.(wrapped); unwraps { // upkeep may pass by the decorator
				if n != 1 || err != nil {
					t.Errorf("ClearExpired = %d, %v, want 1", n, err)
				}
			} else if n != 0 || !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("ClearExpired = %d, %v, want errors.ErrUnsupported", n, err)
			}
		})
	}
}

// caching is a Store whose Load returns what it read before, and whose LoadFresh does
// not.
type caching struct {
	djsession.Store
	copies map[string]func() (*djsession.Record, djsession.Version, error)
}

func (c caching) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	load, ok := c.copies[key]
	if !ok {
		r, v, err := c.Store.Load(ctx, key)
		load = func() (*djsession.Record, djsession.Version, error) { return r, v, err }
		c.copies[key] = load
	}
	return load()
}

func (c caching) LoadFresh(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	return c.Store.Load(ctx, key)
}

// A decorator of a Store with a cache finds what is stored beneath the cache.
func TestFreshBeneathDecorator(t *testing.T) {
	w := newWorld(t)
	key := w.put(item("n", int64(1)))
	m := djsession.New(counting{caching{w.mem, map[string]func() (*djsession.Record, djsession.Version, error){}}, new(atomic.Int64)})
	s, err := m.Open(t.Context(), key)
	must(t, err)
	other, err := w.m.Open(t.Context(), key)
	must(t, err)
	must(t, other.Set("other", true))
	must(t, other.Save(t.Context()))
	must(t, s.Set("n", 2))
	must(t, s.Save(t.Context()))
	if got, want := w.stored(key), `{"n":2,"other":true}`; got != want {
		t.Errorf("got %s stored, want %s", got, want)
	}
}

// expiring is a Store that says whether its server expires sessions.
type expiring struct {
	djsession.Store
	yes bool
}

func (e expiring) SelfExpiring() bool { return e.yes }

// A missing optional interface is an error, and never "nothing to do".
func TestMissingPower(t *testing.T) {
	type bare struct{ djsession.Store }
	w := newWorld(t)
	for _, tt := range []struct {
		name  string
		store djsession.Store
		err   error
	}{
		{"neither", bare{w.mem}, errors.ErrUnsupported},
		{"says that it does not", expiring{bare{w.mem}, false}, errors.ErrUnsupported},
		{"says that it does", expiring{bare{w.mem}, true}, nil},
		{"decorated", counting{expiring{bare{w.mem}, true}, new(atomic.Int64)}, nil},
	} {
		if n, err := djsession.New(tt.store).ClearExpired(t.Context(), nil); n != 0 || !errors.Is(err, tt.err) {
			t.Errorf("%s: got %d, %v, want %v", tt.name, n, err, tt.err)
		}
	}
	if _, ok := djsession.As[djsession.Lister](bare{w.mem}); ok {
		t.Error("As passes by a decorator without Unwrap")
	}
	outer := expiring{w.mem, true}
	if got, ok := djsession.As[djsession.SelfExpiring](counting{outer, new(atomic.Int64)}); !ok || got != djsession.SelfExpiring(outer) {
		t.Errorf("As = %v, %v, want the outermost that has it", got, ok)
	}
}
