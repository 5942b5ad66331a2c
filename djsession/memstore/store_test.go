package memstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/djsession/storetest"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

var now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func newSite(t testing.TB) *djsession.Site {
	t.Helper()
	site, err := djsession.NewSite(djsession.Settings{
		Keys: signer.SecretKey("memstore-test"),
		Now:  func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	return site
}

func TestStore(t *testing.T) {
	for _, zone := range []*time.Location{nil, time.FixedZone("", 3*3600+1800)} {
		name := "USE_TZ"
		if zone != nil {
			name = "local"
		}
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, storetest.Harness{
				Settings: djsession.Settings{TimeZone: zone},
				Open:     open,
				Skip: map[string]string{
					"cycle/":          "nothing in memory has transactions",
					"context/stalled": "nothing in memory takes time",
				},
			})
		})
	}
}

func open(t *testing.T, site *djsession.Site) storetest.Engine {
	s := memstore.New(site)
	return storetest.Engine{
		Store:  s,
		Stored: func(t testing.TB, key string) (string, bool) { return s.Text(key) },
		Plant:  func(t testing.TB, key, raw string, expires time.Time) { s.Put(key, raw, expires) },
		Break: func(t testing.TB) func() {
			s.Fail(errors.New("unplugged"))
			return func() { s.Fail(nil) }
		},
	}
}

// Meta is kept, for the tests of those that pass it on.
func TestMeta(t *testing.T) {
	s := memstore.New(newSite(t))
	r := &djsession.Record{Data: serializer.NewDict(), Expires: now.Add(time.Hour), Meta: djsession.Meta{UserAgent: "lynx"}}
	if _, err := s.Create(t.Context(), "abcdefgh", r); err != nil {
		t.Fatal(err)
	}
	got, _, err := s.Load(t.Context(), "abcdefgh")
	if err != nil || got.Meta != r.Meta {
		t.Errorf("got %+v, %v, want %+v", got.Meta, err, r.Meta)
	}
}

// The cause of a failure is matched, not printed.
func TestFail(t *testing.T) {
	s := memstore.New(newSite(t))
	cause := errors.New("secret words")
	s.Fail(cause)
	_, _, err := s.Load(t.Context(), "abcdefgh")
	if !errors.Is(err, djsession.ErrUnavailable) || !errors.Is(err, cause) {
		t.Errorf("got %v, want ErrUnavailable with its cause", err)
	}
	if got, want := err.Error(), "load session: djsession: session store unavailable"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	s.Fail(nil)
	if _, _, err := s.Load(t.Context(), "abcdefgh"); !errors.Is(err, djsession.ErrNotFound) {
		t.Errorf("after Fail(nil): got %v, want ErrNotFound", err)
	}
	if s.Len() != 0 {
		t.Errorf("got %d sessions, want 0", s.Len())
	}
}

// A Load allocates the Record alone: the time of a request that reads its
// session is not that of this package.
func TestLoadAllocations(t *testing.T) {
	s := memstore.New(newSite(t))
	ctx := t.Context()
	d := serializer.NewDict(serializer.Item{Key: "_auth_user_id", Value: "1"})
	if _, err := s.Create(ctx, "abcdefgh", &djsession.Record{Data: d, Expires: now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if got := testing.AllocsPerRun(100, func() {
		if _, _, err := s.Load(ctx, "abcdefgh"); err != nil {
			t.Fatal(err)
		}
	}); got > 1 {
		t.Errorf("got %v allocations, want 1", got)
	}
}

func BenchmarkLoad(b *testing.B) {
	s := memstore.New(newSite(b))
	ctx := b.Context()
	d := serializer.NewDict(serializer.Item{Key: "_auth_user_id", Value: "1"})
	if _, err := s.Create(ctx, "abcdefgh", &djsession.Record{Data: d, Expires: now.Add(time.Hour)}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.Load(ctx, "abcdefgh"); err != nil {
			b.Fatal(err)
		}
	}
}
