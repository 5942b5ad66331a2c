package redisstore_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/redisstore"
	"github.com/go-djsession/go-djsession/internal/redisops/redistest"
)

// A key of another type is ErrCorrupt, and stays as it is.
func TestOtherType(t *testing.T) {
	ctx := t.Context()
	rig := redistest.Single(t)
	s := redisstore.New(newSite(t, nil), rig.Client, nil)
	if err := rig.Other.LPush(ctx, key, "canary").Err(); err != nil {
		t.Fatal(err)
	}
	seen := djsession.VersionOf("canary")
	for _, test := range []struct {
		name string
		run  func() error
		want error
	}{
		{"Load", func() error { _, _, err := s.Load(ctx, key); return err }, djsession.ErrCorrupt},
		{"Create", func() error { _, err := s.Create(ctx, key, record(1)); return err }, djsession.ErrKeyTaken},
		{"Update", func() error { _, err := s.Update(ctx, key, record(1), seen); return err }, djsession.ErrCorrupt},
		{"Update of nothing", func() error { _, err := s.Update(ctx, key, record(1), djsession.Version{}); return err }, djsession.ErrConflict},
		{"Touch", func() error { return s.Touch(ctx, key, now.Add(time.Hour), seen) }, djsession.ErrCorrupt},
		{"DeleteSeen", func() error { return s.Delete(ctx, key, seen) }, djsession.ErrCorrupt},
		{"List", func() error {
			for l, err := range s.List(ctx, "") {
				return errors.Join(err, l.Err)
			}
			return nil
		}, djsession.ErrCorrupt},
	} {
		err := test.run()
		if !errors.Is(err, test.want) {
			t.Errorf("%s: got error %v, want %v", test.name, err, test.want)
			continue
		}
		if text := err.Error(); strings.Contains(text, key) || strings.Contains(text, "canary") {
			t.Errorf("%s: the error %q quotes", test.name, text)
		}
	}
	if got := rig.Other.LRange(ctx, key, 0, -1).Val(); len(got) != 1 || got[0] != "canary" {
		t.Errorf("the list holds %q now", got)
	}
}

// A server that has forgotten the scripts, as after a restart, is told them anew.
func TestScriptsForgotten(t *testing.T) {
	ctx := t.Context()
	for _, test := range []struct {
		name string
		rig  func(testing.TB) *redistest.Rig
	}{{"single", redistest.Single}, {"cluster", redistest.Cluster}} {
		rig := test.rig(t)
		s := redisstore.New(newSite(t, nil), rig.Client, nil)
		forget := func() {
			rig.Each(t, func(c *redis.Client) error { return c.ScriptFlush(ctx).Err() })
			rig.Break()() // and the connections are gone
		}
		v, err := s.Create(ctx, key, record(1))
		if err != nil {
			t.Fatal(err)
		}
		forget()
		if _, _, err := s.Load(ctx, key); err != nil {
			t.Errorf("%s: Load: %v", test.name, err)
		}
		forget()
		if err := s.Touch(ctx, key, now.Add(time.Hour), v); err != nil {
			t.Errorf("%s: Touch: %v", test.name, err)
		}
		forget()
		if v, err = s.Update(ctx, key, record(2), v); err != nil {
			t.Errorf("%s: Update: %v", test.name, err)
		}
		forget()
		n := 0
		for l, err := range s.List(ctx, "") {
			n++
			if err != nil || l.Err != nil || !l.Version.Equal(v) {
				t.Errorf("%s: List: got %v, %v", test.name, err, l.Err)
			}
		}
		if n != 1 {
			t.Errorf("%s: List: got %d sessions, want 1", test.name, n)
		}
		forget()
		if err := s.Delete(ctx, key, v); err != nil {
			t.Errorf("%s: Delete: %v", test.name, err)
		}
	}
}

// A server without memory takes no writes, which is no loss of what it has.
func TestOutOfMemory(t *testing.T) {
	ctx := t.Context()
	rig := redistest.Single(t)
	s := redisstore.New(newSite(t, nil), rig.Client, nil)
	v, err := s.Create(ctx, key, record(1))
	if err != nil {
		t.Fatal(err)
	}
	set := func(value string) {
		if err := rig.Other.ConfigSet(ctx, "maxmemory", value).Err(); err != nil {
			t.Fatal(err)
		}
	}
	set("1")
	defer set("0")
	for name, run := range map[string]func() error{
		"Create":        func() error { _, err := s.Create(ctx, key+"2", record(1)); return err },
		"Update":        func() error { _, err := s.Update(ctx, key, record(2), v); return err },
		"forced Update": func() error { _, err := s.Update(ctx, key, record(2), djsession.Force); return err },
	} {
		if err := run(); !errors.Is(err, djsession.ErrUnavailable) || !strings.Contains(err.Error(), "memory is full") {
			t.Errorf("%s: got error %v, want ErrUnavailable that says why", name, err)
		}
	}
	if _, got, err := s.Load(ctx, key); err != nil || !got.Equal(v) {
		t.Errorf("Load: got %v, %v, want what was stored", got, err)
	}
	if err := s.Delete(ctx, key, djsession.Force); err != nil {
		t.Errorf("Delete: %v", err)
	}
}

// A small text that holds a large session is not unpacked.
func TestBomb(t *testing.T) {
	rig := redistest.Single(t)
	v, err := redisstore.New(newSite(t, nil), rig.Client, nil).
		Create(t.Context(), key, &djsession.Record{Data: dict("text", strings.Repeat("canary", 1<<20)), Expires: now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if raw, _ := rig.Stored(t, key); len(raw) > 100_000 {
		t.Fatalf("%d bytes are no bomb", len(raw))
	}
	s := redisstore.New(newSite(t, func(set *djsession.Settings) { set.Limits.Data.Size = 1 << 20 }), rig.Client, nil)
	if _, got, err := s.Load(t.Context(), key); !errors.Is(err, djsession.ErrCorrupt) || !got.Equal(v) {
		t.Errorf("got %v, %v, want ErrCorrupt with the Version", got, err)
	}
}

// What has no end, which only a foreign hand can write, has no Expires; what ends
// far away is kept until then.
func TestFar(t *testing.T) {
	ctx := t.Context()
	rig := redistest.Single(t)
	s := redisstore.New(newSite(t, nil), rig.Client, nil)
	far := time.Date(9999, 12, 30, 23, 59, 58, 123456000, time.UTC)
	if _, err := s.Create(ctx, key, &djsession.Record{Data: dict("n", 1), Expires: far}); err != nil {
		t.Fatal(err)
	}
	r, _, err := s.Load(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	if d := r.Expires.Sub(far).Abs(); d > time.Second {
		t.Errorf("got expiry %v, want %v", r.Expires, far)
	}
	if err := rig.Other.Persist(ctx, key).Err(); err != nil {
		t.Fatal(err)
	}
	if r, _, err = s.Load(ctx, key); err != nil || !r.Expires.IsZero() {
		t.Errorf("without an end: got %v, %v, want zero", r, err)
	}
	// A record without an end is none: nothing is kept for ever.
	if _, err := s.Create(ctx, key+"2", &djsession.Record{Data: dict("n", 1)}); err != nil {
		t.Error(err)
	}
	if _, ok := rig.Stored(t, key+"2"); ok {
		t.Error("a record without an end is stored")
	}
}
