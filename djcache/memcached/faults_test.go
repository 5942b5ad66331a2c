package memcached_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/memcached"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

func zlibOf(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// blob returns a dict whose pickle has n bytes.
func blob(t testing.TB, n int) *serializer.Dict {
	t.Helper()
	size := n
	for range 2 {
		d := dict("blob", strings.Repeat("x", size))
		raw, err := pickle.Append(nil, d, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(raw) == n {
			return d
		}
		size -= len(raw) - n
	}
	t.Fatalf("no pickle of %d bytes", n)
	return nil
}

// What is larger than MaxItem is refused unsent, and what is not larger is taken
// by a server with that limit.
func TestMaxItem(t *testing.T) {
	w := newWorld(t, djsession.Settings{}, &memcached.Options{MaxItem: serverItem})
	most := serverItem - 64 - len(djcache.Keys{}.Key(w.name))
	if _, err := w.Add(t.Context(), w.name, blob(t, most), w.hour()); err != nil {
		t.Errorf("the largest item: %v", err)
	}
	small, err := w.Set(t.Context(), w.name, dict("n", 1), w.hour())
	if err != nil {
		t.Fatal(err)
	}
	for _, seen := range []djsession.Version{small, djsession.Force} {
		_, err = w.Replace(t.Context(), w.name, blob(t, most+1), w.hour(), seen)
		want(t, "Replace", err, djsession.ErrTooLarge)
	}
	_, err = w.Set(t.Context(), w.name, blob(t, most+1), w.hour())
	want(t, "Set", err, djsession.ErrTooLarge)
	if item, err := w.Get(t.Context(), w.name); err != nil || !item.Version.Equal(small) {
		t.Errorf("the old value is gone (%v)", err)
	}
	// The default is a megabyte.
	plain := newCache(t, w.site, rendezvous(t, testserver.Memcached(t).Addr()), nil)
	_, err = plain.Replace(t.Context(), w.name, blob(t, 1<<20-64), w.hour(), small)
	want(t, "Replace by default", err, djsession.ErrTooLarge)
}

// What the server itself finds too large is ErrTooLarge too. The old value stays,
// but for Set.
func TestServerTooLarge(t *testing.T) {
	w := newWorld(t, djsession.Settings{}, &memcached.Options{MaxItem: 1 << 30})
	big := blob(t, serverItem+1)
	_, err := w.Add(t.Context(), w.name, big, w.hour())
	want(t, "Add", err, djsession.ErrTooLarge)
	small, err := w.Add(t.Context(), w.name, dict("n", 1), w.hour())
	if err != nil {
		t.Fatal(err)
	}
	for _, seen := range []djsession.Version{small, djsession.Force} {
		_, err = w.Replace(t.Context(), w.name, big, w.hour(), seen)
		want(t, "Replace", err, djsession.ErrTooLarge)
		if item, err := w.Get(t.Context(), w.name); err != nil || !item.Version.Equal(small) {
			t.Errorf("after Replace with %v the old value is gone (%v)", seen, err)
		}
	}
	_, err = w.Set(t.Context(), w.name, big, w.hour())
	want(t, "Set", err, djsession.ErrTooLarge)
	_, err = w.Get(t.Context(), w.name)
	want(t, "Get after Set", err, djsession.ErrNotFound)
}

// A key that memcached does not take is the site's fault: an error, no panic.
func TestBadKeys(t *testing.T) {
	for why, k := range map[string]djcache.Keys{
		"too long":  {Prefix: strings.Repeat("p", 250)},
		"a space":   {Prefix: "a b"},
		"a newline": {Prefix: "a\r\nflush_all\r\n"},
		"a DEL":     {Prefix: "\x7f"},
	} {
		w := newWorld(t, djsession.Settings{}, &memcached.Options{Keys: k})
		for doing, call := range w.calls(djsession.VersionOf("x")) {
			err := call(t.Context())
			want(t, why+": "+doing, err, djsession.ErrConfig)
			if err != nil && strings.Contains(err.Error(), w.name) {
				t.Errorf("%s: %s: the error holds the key", why, doing)
			}
		}
	}
}

func (w *world) calls(seen djsession.Version) map[string]func(ctx context.Context) error {
	data := dict("text", "canary")
	return map[string]func(ctx context.Context) error{
		"Get": func(ctx context.Context) error { _, err := w.Get(ctx, w.name); return err },
		"Add": func(ctx context.Context) error { _, err := w.Add(ctx, w.name, data, w.hour()); return err },
		"Set": func(ctx context.Context) error { _, err := w.Set(ctx, w.name, data, w.hour()); return err },
		"Replace": func(ctx context.Context) error {
			_, err := w.Replace(ctx, w.name, data, w.hour(), seen)
			return err
		},
		"forced Replace": func(ctx context.Context) error {
			_, err := w.Replace(ctx, w.name, data, w.hour(), djsession.Force)
			return err
		},
		"Touch": func(ctx context.Context) error { _, err := w.Touch(ctx, w.name, w.hour(), seen); return err },
		"forced Touch": func(ctx context.Context) error {
			_, err := w.Touch(ctx, w.name, w.hour(), djsession.Force)
			return err
		},
		"Delete":        func(ctx context.Context) error { return w.Delete(ctx, w.name, seen) },
		"forced Delete": func(ctx context.Context) error { return w.Delete(ctx, w.name, djsession.Force) },
	}
}

// Deleting what was seen leaves nothing that anyone could get, cas or add to.
func TestDeleteSeenIsGone(t *testing.T) {
	w := newWorld(t, djsession.Settings{}, nil)
	seen, err := w.Add(t.Context(), w.name, dict("n", 1), w.hour())
	if err != nil {
		t.Fatal(err)
	}
	token := w.raw(t)
	if err := w.Delete(t.Context(), w.name, seen); err != nil {
		t.Fatal(err)
	}
	if err := w.client.CompareAndSwap(token); !errors.Is(err, memcache.ErrCacheMiss) {
		t.Errorf("cas afterwards: got %v, want a miss", err)
	}
	if err := w.client.Replace(token); !errors.Is(err, memcache.ErrNotStored) {
		t.Errorf("replace afterwards: got %v, want not stored", err)
	}
	_, err = w.Get(t.Context(), w.name)
	want(t, "Get", err, djsession.ErrNotFound)
	want(t, "forced Delete", w.Delete(t.Context(), w.name, djsession.Force), djsession.ErrNotFound)
	if _, err := w.Add(t.Context(), w.name, dict("n", 2), w.hour()); err != nil {
		t.Errorf("Add afterwards: %v", err)
	}
}

// A Touch by others between reading and cas changes the token alone: nobody's
// update fails for it. A write does.
func TestTokenMoves(t *testing.T) {
	w := newWorld(t, djsession.Settings{}, nil)
	seen, err := w.Add(t.Context(), w.name, dict("n", 1), w.hour())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		for range 200 {
			item, err := w.client.Get(djcache.Keys{}.Key(w.name))
			if err == nil {
				err = w.client.CompareAndSwap(item)
			}
			if err != nil && !errors.Is(err, memcache.ErrCASConflict) {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for range 100 {
		if _, err := w.Touch(t.Context(), w.name, w.hour(), seen); err != nil {
			t.Fatalf("Touch: %v", err)
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// The seconds that are sent, up to thirty days from now and beyond.
func TestExpiration(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 500_000_000, time.UTC)
	const month = 30 * 24 * time.Hour
	for _, test := range []struct {
		why     string
		now     time.Time
		expires time.Time
		want    int64
	}{
		{"over", now, now.Add(-time.Second), -1},
		{"this very moment, which Django's engines count as over", now, now, -1},
		{"a part of a second", now, now.Add(time.Microsecond), 1},
		{"a second", now, now.Add(time.Second), 1},
		{"rounded up", now, now.Add(1001 * time.Millisecond), 2},
		{"two weeks", now, now.Add(14 * 24 * time.Hour), 1209600},
		{"thirty days", now, now.Add(month), 2592000},
		{"more than thirty days, as a moment rounded up", now, now.Add(month + time.Microsecond), now.Unix() + 2592001},
		{"a year", now, now.Add(365 * 24 * time.Hour), now.Unix() + 365*86400 + 1},
		{"a moment at a full second", now, now.Add(month + 500*time.Millisecond), now.Unix() + 2592001},
		{"the year 9999", now, time.Date(9999, 12, 30, 0, 0, 0, 0, time.UTC), 1<<31 - 1},
		{"2037, when the last moment is near", time.Date(2038, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC), 2592000},
		{"2040, when it is over", time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2041, 1, 1, 0, 0, 0, 0, time.UTC), 2592000},
		{"2040, for a week", time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2040, 1, 8, 0, 0, 0, 0, time.UTC), 604800},
	} {
		site := newSite(t, djsession.Settings{Now: func() time.Time { return test.now }})
		if got := memcached.Expiration(site, test.expires); int64(got) != test.want {
			t.Errorf("%s: got %d, want %d", test.why, got, test.want)
		}
	}
}

// The server takes it as we mean it: what ends in more than thirty days is there,
// and not over at once.
func TestFarExpiry(t *testing.T) {
	w := newWorld(t, djsession.Settings{}, nil)
	for _, d := range []time.Duration{29 * 24 * time.Hour, 31 * 24 * time.Hour, 1000 * 24 * time.Hour, 100_000 * 24 * time.Hour} {
		if _, err := w.Set(t.Context(), w.name, dict("n", 1), w.site.Now().Add(d)); err != nil {
			t.Fatal(err)
		}
		left, err := exptime(t, djcache.Keys{}.Key(w.name))
		if err != nil {
			t.Fatal(err)
		}
		last := time.Unix(1<<31-1, 0)
		if at := time.Now().Add(d); at.Before(last) {
			last = at
		}
		if diff := time.Until(last) - left; diff.Abs() > 3*time.Second {
			t.Errorf("%v: the server says %v", d, left)
		}
	}
}

// exptime asks the server itself what time is left, by its command mg.
func exptime(t testing.TB, key string) (time.Duration, error) {
	t.Helper()
	line := ask(t, testserver.Memcached(t).Addr(), "mg "+key+" t\r\n")
	seconds, ok := strings.CutPrefix(line, "HD t")
	if !ok {
		return 0, errors.New("the server said " + line)
	}
	n, err := strconv.Atoi(seconds)
	return time.Duration(n) * time.Second, err
}
