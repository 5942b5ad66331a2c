package rediscache_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/rediscache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/redisops/redistest"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// Foreign values are ErrCorrupt, with their Version where there are bytes, and
// stay as they are.
func TestForeign(t *testing.T) {
	ctx := t.Context()
	rig := redistest.Single(t)
	c := rediscache.New(newSite(t, nil), rig.Client, nil)
	key := ":1:" + name
	if err := rig.Other.HSet(ctx, key, "canary", "1").Err(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		run  func() error
		want error
	}{
		{"Get", func() error { _, err := c.Get(ctx, name); return err }, djsession.ErrCorrupt},
		{"Add", func() error { _, err := c.Add(ctx, name, dict(), now.Add(time.Hour)); return err }, djsession.ErrKeyTaken},
		{"Replace", func() error {
			_, err := c.Replace(ctx, name, dict(), now.Add(time.Hour), djsession.VersionOf("x"))
			return err
		}, djsession.ErrCorrupt},
		{"Touch", func() error {
			_, err := c.Touch(ctx, name, now.Add(time.Hour), djsession.VersionOf("x"))
			return err
		}, djsession.ErrCorrupt},
		{"Delete", func() error { return c.Delete(ctx, name, djsession.VersionOf("x")) }, djsession.ErrCorrupt},
		{"List", func() error {
			for l, err := range c.List(ctx, engine, "") {
				return errors.Join(err, l.Err)
			}
			return nil
		}, djsession.ErrCorrupt},
	} {
		err := test.run()
		if !errors.Is(err, test.want) {
			t.Errorf("%s: got error %v, want %v", test.name, err, test.want)
		} else if text := err.Error(); strings.Contains(text, name) || strings.Contains(text, "canary") {
			t.Errorf("%s: the error %q quotes", test.name, text)
		}
	}
	if got := rig.Other.HGet(ctx, key, "canary").Val(); got != "1" {
		t.Error("the hash has changed")
	}
	// Set and a forced Delete ask nobody, as in Django.
	if _, err := c.Set(ctx, name, dict("n", 1), now.Add(time.Hour)); err != nil {
		t.Error(err)
	}
	if err := c.Delete(ctx, name, djsession.Force); err != nil {
		t.Error(err)
	}
}

// A small pickle that holds more than the limits allow is not unpacked.
func TestBomb(t *testing.T) {
	rig := redistest.Single(t)
	raw := "\x80\x04}\x94\x8c\x01a" + "(" + strings.Repeat("K\x01", 5000) + "ts."
	rig.Plant(t, ":1:"+name, raw, time.Now().Add(time.Hour))
	for nodes, want := range map[int]error{0: nil, 1000: djsession.ErrCorrupt} {
		site := newSite(t, func(set *djsession.Settings) { set.Limits.Data.Nodes = nodes })
		item, err := rediscache.New(site, rig.Client, nil).Get(t.Context(), name)
		if !errors.Is(err, want) || want != nil && !errors.Is(err, serializer.ErrLimit) {
			t.Errorf("at most %d values: got error %v, want %v", nodes, err, want)
		}
		if !item.Version.Equal(djsession.VersionOf(raw)) || item.Size != len(raw) {
			t.Errorf("at most %d values: got %v and size %d, want those of what is stored", nodes, item.Version, item.Size)
		}
	}
}

// Options.Format is heeded on both ways, and the default is protocol 4.
func TestFormat(t *testing.T) {
	ctx := t.Context()
	rig := redistest.Single(t)
	for name, test := range map[string]struct {
		format serializer.Serializer
		head   string
	}{
		"default":    {nil, "\x80\x04"},
		"protocol 2": {pickle.Serializer{Protocol: 2}, "\x80\x02"},
		"JSON":       {serializer.JSON{}, `{"n"`},
	} {
		c := rediscache.New(newSite(t, nil), rig.Client, &rediscache.Options{Format: test.format})
		if _, err := c.Set(ctx, "k", dict("n", 1), now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if raw, _ := rig.Stored(t, ":1:k"); !strings.HasPrefix(raw, test.head) {
			t.Errorf("%s: wrote %q", name, raw)
		}
		item, err := c.Get(ctx, "k")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if n, _ := item.Value.Get("n"); n != int64(1) {
			t.Errorf("%s: got %v, want 1", name, n)
		}
	}
}

// KEY_FUNCTION makes keys of its own; what reverses it makes them listable.
func TestKeyFunction(t *testing.T) {
	ctx := t.Context()
	rig := redistest.Single(t)
	keys := djcache.Keys{Prefix: "p", Function: func(name, prefix string, version int) string { return name + "@" + prefix }}
	one := rediscache.New(newSite(t, nil), rig.Client, &rediscache.Options{Keys: keys})
	for _, name := range []string{engine + "abcdefgh", "other"} {
		if _, err := one.Add(ctx, name, dict("n", 1), now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if _, ok := rig.Stored(t, name+"@p"); !ok {
			t.Errorf("nothing is stored under the function's key of %s", name)
		}
	}
	for _, err := range one.List(ctx, engine, "") {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("List: got error %v, want ErrUnsupported", err)
		}
	}
	keys.Reverse = func(key string) (string, bool) { return strings.CutSuffix(key, "@p") }
	two := rediscache.New(newSite(t, nil), rig.Client, &rediscache.Options{Keys: keys})
	var got []string
	for l, err := range two.List(ctx, engine, "") {
		if err != nil || l.Err != nil {
			t.Fatalf("List: %v, %v", err, l.Err)
		}
		got = append(got, l.Name())
	}
	if len(got) != 1 || got[0] != engine+"abcdefgh" {
		t.Errorf("List: got %q, want the session alone", got)
	}
}

func TestNewSharded(t *testing.T) {
	site := newSite(t, nil)
	for name, shards := range map[string][]rediscache.Shard{
		"no shards": nil,
		"one twice": {{URL: "redis://a:1/0"}, {URL: "redis://b:1/0"}, {URL: "redis://a:1/0"}},
	} {
		if _, err := rediscache.NewSharded(site, shards, nil); !errors.Is(err, djsession.ErrConfig) || strings.Contains(err.Error(), "a:1") {
			t.Errorf("%s: got error %v, want ErrConfig without the URL, which may hold a password", name, err)
		}
	}
}

// A server that is down is an outage of its own sessions, and of no other.
func TestShardDown(t *testing.T) {
	ctx := t.Context()
	rigs := redistest.Several(t, 3)
	site := newSite(t, nil)
	c, err := rediscache.NewSharded(site, shards(rigs), nil)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]int{}
	on := [3]int{}
	for range 40 {
		name := engine + site.NewKey()
		if _, err := c.Add(ctx, name, dict("n", 1), now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		for i, r := range rigs {
			if _, ok := r.Stored(t, ":1:"+name); ok {
				names[name] = i
				on[i]++
			}
		}
	}
	if on[0] == 0 || on[1] == 0 || on[2] == 0 {
		t.Fatalf("the servers have %v values, want some each", on)
	}
	defer rigs[1].Break()()
	tried := 0
	for name, i := range names {
		if i == 1 {
			if tried++; tried > 2 {
				continue
			}
		}
		_, err := c.Get(ctx, name)
		if i == 1 && !errors.Is(err, djsession.ErrUnavailable) {
			t.Errorf("a value of the server that is down: got error %v, want ErrUnavailable", err)
		} else if i != 1 && err != nil {
			t.Errorf("a value of another server: %v", err)
		}
	}
}
