package locmem_test

import (
	"errors"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/locmem"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/djsession/storetest"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

const prefix = ":1:django.contrib.sessions.cache"

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		Open: func(t *testing.T, site *djsession.Site) storetest.Engine {
			c := locmem.New(site, nil)
			return storetest.Engine{
				Store:  cachestore.New(c, nil),
				Stored: func(t testing.TB, key string) (string, bool) { return c.Value(prefix + key) },
				Plant: func(t testing.TB, key, raw string, expires time.Time) {
					c.Put(prefix+key, raw, expires)
				},
			}
		},
		Corrupt: func(*djsession.Site) map[string]string {
			return map[string]string{"nothing": "", "words": "canary", "a list": "\x80\x04]\x94.", "an int": "\x80\x04K\x07.", "cut off": "\x80\x04}"}
		},
		Skip: map[string]string{
			"cycle/":          "a cache changes one key at a time",
			"context/stalled": "nothing in memory takes time",
			"down/":           "there is no server",
		},
	})
}

var now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func newSite(t testing.TB) *djsession.Site {
	t.Helper()
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("locmem-test"), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return site
}

func dict(n int) *serializer.Dict { return serializer.NewDict(serializer.Item{Key: "n", Value: n}) }

// What has expired does not take its name, what is alive does; Set minds neither.
func TestAddAndSet(t *testing.T) {
	c := locmem.New(newSite(t), nil)
	ctx, later := t.Context(), now.Add(time.Hour)
	for _, expires := range []time.Time{now.Add(-time.Second), now} {
		c.Put(":1:n", "garbage", expires)
		if _, err := c.Add(ctx, "n", dict(1), later); err != nil {
			t.Errorf("over what expired at %v: %v", expires, err)
		}
	}
	if _, err := c.Add(ctx, "n", dict(2), later); !errors.Is(err, djsession.ErrKeyTaken) {
		t.Errorf("over what is alive: got %v, want ErrKeyTaken", err)
	}
	v, err := c.Set(ctx, "n", dict(3), later)
	if err != nil {
		t.Fatal(err)
	}
	if item, err := c.Get(ctx, "n"); err != nil || !item.Version.Equal(v) {
		t.Errorf("got %+v, %v, want what was set", item, err)
	}
	if c.Shared() {
		t.Error("this memory is shared")
	}
}

// List and ClearExpired mind the prefix, and a KEY_FUNCTION.
func TestPrefix(t *testing.T) {
	keys := djcache.Keys{Function: func(name, prefix string, version int) string { return "own/" + name }}
	c := locmem.New(newSite(t), &locmem.Options{Keys: keys})
	for _, err := range c.List(t.Context(), "", "") {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("List: got %v, want ErrUnsupported", err)
		}
	}
	c = locmem.New(newSite(t), nil)
	for _, name := range []string{"a1", "a2", "b1"} {
		if _, err := c.Add(t.Context(), name, dict(1), now.Add(-time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for l, err := range c.List(t.Context(), "a", "") {
		if n++; l.Name()[0] != 'a' || err != nil {
			t.Errorf("List: got %q, %v", l.Name(), err)
		}
	}
	if cleared, err := c.ClearExpired(t.Context(), "a", nil); n != 2 || cleared != 2 || err != nil {
		t.Errorf("listed %d, cleared %d, %v, want 2 and 2", n, cleared, err)
	}
}
