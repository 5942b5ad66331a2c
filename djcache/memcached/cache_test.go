package memcached_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/memcached"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/djsession/storetest"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
	"github.com/go-djsession/go-djsession/signer"
)

func TestMain(m *testing.M) { os.Exit(testserver.Run(m)) }

const prefix = "django.contrib.sessions.cache"

// serverItem is the most that the server of the tests takes.
const serverItem = 4 << 20

func TestStore(t *testing.T) {
	t.Parallel() // it waits more than it works
	for _, test := range []struct {
		name    string
		timeout time.Duration
	}{
		{"a short timeout", time.Second},
		{"a long timeout", 8 * time.Second}, // so that contexts end before
	} {
		t.Run(test.name, func(t *testing.T) {
			if testing.Short() && test.timeout > time.Second {
				t.Skip("waits for seconds")
			}
			t.Parallel()
			storetest.Run(t, storetest.Harness{
				Open: func(t *testing.T, site *djsession.Site) storetest.Engine {
					proxy := testserver.NewProxy(t, testserver.Memcached(t).Addr())
					direct := newClient(t, testserver.Memcached(t).Addr())
					opts := &memcached.Options{MaxItem: serverItem, Timeout: test.timeout}
					keys := djcache.Keys{}
					return storetest.Engine{
						Store: storeOf(newCache(t, site, rendezvous(t, proxy.Addr), opts)),
						Other: storeOf(newCache(t, site, rendezvous(t, proxy.Addr), opts)),
						Stored: func(t testing.TB, key string) (string, bool) {
							item, err := direct.Get(keys.Key(prefix + key))
							if errors.Is(err, memcache.ErrCacheMiss) {
								return "", false
							}
							if err != nil {
								t.Fatal(err)
							}
							return string(item.Value), true
						},
						Plant: func(t testing.TB, key, raw string, expires time.Time) {
							item := &memcache.Item{Key: keys.Key(prefix + key), Value: []byte(raw), Flags: 1, Expiration: int32(time.Until(expires).Seconds())}
							if err := direct.Set(item); err != nil {
								t.Fatal(err)
							}
						},
						Break: func(testing.TB) func() { proxy.Break(); return proxy.Mend },
						Stall: func(testing.TB) func() {
							proxy.Stall()
							return proxy.Mend
						},
					}
				},
				RealTime:     true,
				HidesExpires: true,
				Corrupt:      corrupt,
				Skip: map[string]string{
					"cycle/": "a cache changes one key at a time",
					"list/":  "memcached cannot tell what it holds",
					"reap/":  "memcached removes by itself what has expired",
				},
			})
		})
	}
}

// storeOf returns a Store with what memcached can do, without the List and
// ClearExpired of cachestore that do nothing.
func storeOf(cache djcache.Cache) djsession.Store {
	s := cachestore.New(cache, nil)
	return struct{ djsession.Store }{s}
}

// corrupt is what a cache may hold that is no session.
func corrupt(*djsession.Site) map[string]string {
	pickled := func(v any) string {
		raw, err := pickle.Append(nil, v, nil)
		if err != nil {
			panic(err)
		}
		return string(raw)
	}
	good := pickled(serializer.NewDict(serializer.Item{Key: "text", Value: "canary"}))
	return map[string]string{
		"nothing":   "",
		"words":     "canary is no session",
		"cut off":   good[:len(good)-1],
		"one byte":  good[:1],
		"a list":    pickled([]any{"canary"}),
		"a number":  pickled(int64(7)),
		"None":      pickled(nil),
		"JSON":      `{"text": "canary"}`,
		"signed":    "eyJ0ZXh0IjoiY2FuYXJ5In0:1r31eq:5OU22IiN7w-qYuvcnQ8pTFU3LfjfJVmka9W9dae38XY",
		"not begun": good[3:],
	}
}

func newClient(t testing.TB, addresses ...string) *memcache.Client {
	t.Helper()
	client := memcache.NewFromSelector(rendezvous(t, addresses...))
	client.Timeout, client.MaxIdleConns = 5*time.Second, 50
	t.Cleanup(func() { client.Close() })
	return client
}

func rendezvous(t testing.TB, addresses ...string) *memcached.Servers {
	t.Helper()
	servers, err := memcached.Rendezvous(addresses...)
	if err != nil {
		t.Fatal(err)
	}
	return servers
}

func newCache(t testing.TB, site *djsession.Site, servers *memcached.Servers, opts *memcached.Options) *memcached.Cache {
	t.Helper()
	c := memcached.New(site, servers, opts)
	t.Cleanup(func() { c.Close() })
	return c
}

func newSite(t testing.TB, set djsession.Settings) *djsession.Site {
	t.Helper()
	set.Keys = signer.SecretKey("memcached-test")
	site, err := djsession.NewSite(set)
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// world is a Cache and the server behind it.
type world struct {
	*memcached.Cache
	client *memcache.Client
	site   *djsession.Site
	name   string // that nobody uses
}

func newWorld(t testing.TB, set djsession.Settings, opts *memcached.Options) *world {
	t.Helper()
	site := newSite(t, set)
	addr := testserver.Memcached(t).Addr()
	return &world{newCache(t, site, rendezvous(t, addr), opts), newClient(t, addr), site, prefix + site.NewKey()}
}

// raw is the item as the server has it.
func (w *world) raw(t testing.TB) *memcache.Item {
	t.Helper()
	item, err := w.client.Get(djcache.Keys{}.Key(w.name))
	if err != nil {
		t.Fatal(err)
	}
	return item
}

func (w *world) hour() time.Time { return w.site.Now().Add(time.Hour) }

func dict(items ...any) *serializer.Dict {
	d := serializer.NewDict()
	for i := 0; i < len(items); i += 2 {
		d = d.With(items[i].(string), items[i+1])
	}
	return d
}

func want(t testing.TB, doing string, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s: got error %v, want %v", doing, err, kind)
	}
}

// What the Python clients store is read, changed by Touch in its expiry alone, and
// written back as it was; what is no session is ErrCorrupt. See
// fixtures/gen/memcached_values.py.
func TestDjangosValues(t *testing.T) {
	w := newWorld(t, djsession.Settings{}, nil)
	raw, err := os.ReadFile("../../fixtures/memcached/values.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	zlib, sessions := 0, 0
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	for dec.More() {
		var row struct {
			By, Why, Key, Value string
			Flags               uint32
		}
		if err := dec.Decode(&row); err != nil {
			t.Fatal(err)
		}
		name := row.Why + " of " + row.By
		value, err := hex.DecodeString(row.Value)
		if err != nil {
			t.Fatal(err)
		}
		planted := &memcache.Item{Key: djcache.Keys{}.Key(w.name), Value: value, Flags: row.Flags, Expiration: 100}
		if err := w.client.Set(planted); err != nil {
			t.Fatal(err)
		}
		item, err := w.Get(t.Context(), w.name)
		if !strings.HasPrefix(row.Why, "a session") {
			want(t, name, err, djsession.ErrCorrupt)
			if err := w.Delete(t.Context(), w.name, item.Version); err != nil {
				t.Errorf("%s: Delete of what was seen: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sessions++
		if want := (djcache.Keys{}).Key(prefix + "abcdefghijklmnopqrstuvwxyz012345"); row.Key != want {
			t.Errorf("%s: Django's key is %q, ours %q", name, row.Key, want)
		}
		id, _ := item.Value.Get("_auth_user_id")
		n, _ := item.Value.Get("n")
		if id != "1" || n != int64(7) || item.Size != len(value) {
			t.Errorf("%s: got %v, %v and %d bytes", name, id, n, item.Size)
		}
		if _, err := w.Touch(t.Context(), w.name, w.hour(), item.Version); err != nil {
			t.Errorf("%s: Touch: %v", name, err)
		}
		if now := w.raw(t); !bytes.Equal(now.Value, value) || now.Flags != row.Flags {
			t.Errorf("%s: Touch has changed it", name)
		}
		if _, err := w.Replace(t.Context(), w.name, item.Value, w.hour(), item.Version); err != nil {
			t.Errorf("%s: Replace: %v", name, err)
		}
		now := w.raw(t)
		if now.Flags != 1 {
			t.Errorf("%s: written back with flags %d, want 1", name, now.Flags)
		}
		if row.Flags == 1 && !bytes.Equal(now.Value, value) {
			t.Errorf("%s: written back as %x, want %x", name, now.Value, value)
		}
		if row.Flags == 9 {
			zlib++
		}
	}
	if zlib == 0 || sessions < 10 {
		t.Errorf("the fixture has %d sessions, %d of them compressed", sessions, zlib)
	}
}

// What we write is what Django would have written, with protocol 4.
func TestOurValue(t *testing.T) {
	w := newWorld(t, djsession.Settings{}, nil)
	data := dict("_auth_user_id", "1", "n", 7)
	for doing, write := range map[string]func() error{
		"Add": func() error { _, err := w.Add(t.Context(), w.name, data, w.hour()); return err },
		"Set": func() error { _, err := w.Set(t.Context(), w.name, data, w.hour()); return err },
		"Replace": func() error {
			_, err := w.Set(t.Context(), w.name, dict(), w.hour())
			if err == nil {
				_, err = w.Replace(t.Context(), w.name, data, w.hour(), djsession.Force)
			}
			return err
		},
	} {
		w.name = prefix + w.site.NewKey()
		if err := write(); err != nil {
			t.Fatalf("%s: %v", doing, err)
		}
		item := w.raw(t)
		if got, want := hex.EncodeToString(item.Value), "8004951f000000000000007d94288c0d5f617574685f757365725f6964948c0131948c016e944b07752e"; got != want || item.Flags != 1 {
			t.Errorf("%s: stored %s with flags %d, want %s with 1", doing, got, item.Flags, want)
		}
	}
}

// A value under flag 8 is inflated up to the limit and no further.
func TestBomb(t *testing.T) {
	set := djsession.Settings{}
	set.Limits.Data.Size = 1 << 16
	w := newWorld(t, set, nil)
	bomb := zlibOf(t, make([]byte, 64<<20))
	for _, value := range [][]byte{bomb, bomb[:len(bomb)/2], []byte("no zlib"), zlibOf(t, []byte("x"))[:5]} {
		if err := w.client.Set(&memcache.Item{Key: djcache.Keys{}.Key(w.name), Value: value, Flags: 9}); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := w.Get(t.Context(), w.name)
		runtime.ReadMemStats(&after)
		want(t, "Get", err, djsession.ErrCorrupt)
		if len(value) > 500 && !errors.Is(err, serializer.ErrLimit) {
			t.Errorf("got error %v, want ErrLimit too", err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 8<<20 {
			t.Errorf("took %d bytes of memory", took)
		}
	}
}

// The flags say what a value is, whatever it looks like.
func TestForeignFlags(t *testing.T) {
	w := newWorld(t, djsession.Settings{}, nil)
	value, err := pickle.Append(nil, dict("n", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, flags := range []uint32{0, 2, 4, 16, 17, 3, 8, 32, 33, 1 << 31} {
		stored := value
		if flags&8 != 0 {
			stored = zlibOf(t, value)
		}
		if err := w.client.Set(&memcache.Item{Key: djcache.Keys{}.Key(w.name), Value: stored, Flags: flags}); err != nil {
			t.Fatal(err)
		}
		_, err := w.Get(t.Context(), w.name)
		want(t, "Get", err, djsession.ErrCorrupt)
	}
}

// The same bytes with other flags are another Version.
func TestVersionHoldsFlags(t *testing.T) {
	w := newWorld(t, djsession.Settings{}, nil)
	seen, err := w.Add(t.Context(), w.name, dict("n", 1), w.hour())
	if err != nil {
		t.Fatal(err)
	}
	item := w.raw(t)
	item.Flags = 0
	if err := w.client.Set(item); err != nil {
		t.Fatal(err)
	}
	_, err = w.Replace(t.Context(), w.name, dict("n", 2), w.hour(), seen)
	want(t, "Replace", err, djsession.ErrConflict)
}
