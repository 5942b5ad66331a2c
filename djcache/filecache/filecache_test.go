package filecache_test

import (
	"bytes"
	"compress/zlib"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/filecache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/djsession/storetest"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// store is what cachestore makes of a cache that cannot list.
type store struct {
	djsession.Store
	djsession.Reaper
}

func storeOf(c *filecache.Cache) djsession.Store {
	s := cachestore.New(c, nil)
	return store{s, s}
}

const prefix = ":1:django.contrib.sessions.cache"

func TestStore(t *testing.T) {
	for _, plain := range []bool{false, true} {
		t.Run(fmt.Sprint("plain=", plain), func(t *testing.T) {
			storetest.Run(t, storetest.Harness{
				Open: func(t *testing.T, site *djsession.Site) storetest.Engine {
					dir := filepath.Join(t.TempDir(), "cache")
					a, b := newCache(t, site, dir, nil), newCache(t, site, dir, nil)
					if plain {
						a.Plain()
						b.Plain()
					}
					t.Cleanup(func() { wantNoDrafts(t, dir) })
					path := func(key string) string { return filepath.Join(dir, file(prefix+key)) }
					return storetest.Engine{
						Store: storeOf(a),
						Other: storeOf(b),
						Stored: func(t testing.TB, key string) (string, bool) {
							raw, err := os.ReadFile(path(key))
							return string(raw[min(len(raw), len(expiry(now))):]), err == nil
						},
						Plant: func(t testing.TB, key, raw string, expires time.Time) {
							plant(t, path(key), expiry(expires)+raw)
						},
						Break: func(t testing.TB) func() {
							if err := os.Rename(dir, dir+".away"); err != nil {
								t.Fatal(err)
							}
							return func() {
								if err := os.Rename(dir+".away", dir); err != nil {
									t.Fatal(err)
								}
							}
						},
					}
				},
				Corrupt: func(*djsession.Site) map[string]string { return corrupt },
				Skip: map[string]string{
					"cycle/":          "two files are not changed at once",
					"context/stalled": "a local folder does not stall",
					"list/":           "a name cannot be told from its MD5",
				},
			})
		})
	}
}

// login is the pickle of {"_auth_user_id": "1", "n": 7}.
const login = "\x80\x04\x95\x1f\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\r_auth_user_id\x94\x8c\x011\x94\x8c\x01n\x94K\x07u."

// corrupt are values that are no dict of a session.
var corrupt = map[string]string{
	"nothing":         "",
	"words":           "canary is no zlib",
	"cut off":         compress(login)[:20],
	"without a sum":   compress(login)[:len(compress(login))-4],
	"no pickle":       compress("canary is no pickle"),
	"a cut pickle":    compress(login[:len(login)-1]),
	"not compressed":  login,
	"an int":          compress("\x80\x04K\x07."),
	"a list":          compress("\x80\x04]\x94."),
	"None":            compress("\x80\x04N."),
	"a function":      compress("\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93\x94."),
	"two expiries":    expiry(now) + compress(login),
	"a signed text":   "eyJuIjoxfQ:1r31eq:5OU22IiN7w-qYuvcnQ8pTFU3LfjfJVmka9W9dae38XY",
	"a short header":  "x\x9c",
	"an empty text":   compress(""),
	"another dialect": compress("{\"n\": 7}"),
}

var now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

const name = "django.contrib.sessions.cacheabcdefghijklmnopqrstuvwxyz012345"

func file(key string) string { return fmt.Sprintf("%x.djcache", md5.Sum([]byte(key))) }

// expiry is pickle.dumps(t.timestamp(), 5).
func expiry(t time.Time) string {
	b := []byte("\x80\x05\x95\x0a\x00\x00\x00\x00\x00\x00\x00G")
	return string(binary.BigEndian.AppendUint64(b, math.Float64bits(float64(t.UnixMicro())/1e6))) + "."
}

func compress(data string) string {
	var buf bytes.Buffer
	w := zlib.NewWriter(&buf)
	_, _ = w.Write([]byte(data))
	_ = w.Close()
	return buf.String()
}

func newSite(t testing.TB, change func(*djsession.Settings)) *djsession.Site {
	t.Helper()
	set := djsession.Settings{Keys: signer.SecretKey("filecache-test"), Now: func() time.Time { return now }}
	if change != nil {
		change(&set)
	}
	site, err := djsession.NewSite(set)
	if err != nil {
		t.Fatal(err)
	}
	return site
}

func newCache(t testing.TB, site *djsession.Site, dir string, opts *filecache.Options) *filecache.Cache {
	t.Helper()
	c, err := filecache.New(site, dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func dict(items ...any) *serializer.Dict {
	d := serializer.NewDict()
	for i := 0; i < len(items); i += 2 {
		d = d.With(items[i].(string), items[i+1])
	}
	return d
}

func plant(t testing.TB, path, raw string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(raw), 0o600); err != nil {
		t.Fatal(err)
	}
}

func wantNoDrafts(t testing.TB, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Errorf("list the folder: %v", err)
	}
	for _, e := range entries {
		if strings.Contains(e.Name(), "_out_") {
			t.Error("a file that was being written is left in the folder")
		}
	}
}

// world is a Cache of a fixed clock in a folder of its own.
type world struct {
	*filecache.Cache
	dir, path string // path is that of name
}

func newWorld(t testing.TB, change func(*djsession.Settings)) *world {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "cache")
	return &world{newCache(t, newSite(t, change), dir, nil), dir, filepath.Join(dir, file(":1:"+name))}
}

func (w *world) add(t testing.TB, items ...any) djsession.Version {
	t.Helper()
	v, err := w.Add(t.Context(), name, dict(items...), now.Add(time.Hour))
	if err != nil {
		t.Fatalf("Add: %v", err)
	}
	return v
}

func (w *world) raw(t testing.TB) string {
	t.Helper()
	raw, err := os.ReadFile(w.path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// wantKind checks that err is of one kind and tells nothing of the session.
func wantKind(t testing.TB, doing string, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s: got error %v, want %v", doing, err, kind)
		return
	}
	for _, k := range []error{djsession.ErrNotFound, djsession.ErrConflict, djsession.ErrCorrupt, djsession.ErrUnavailable, djsession.ErrKeyTaken} {
		if errors.Is(err, k) && !errors.Is(kind, k) {
			t.Errorf("%s: the error %v is also %v", doing, err, k)
		}
	}
	if text := err.Error(); strings.Contains(text, name) || strings.Contains(text, string(filepath.Separator)) {
		t.Errorf("%s: the error %q holds a path", doing, text)
	}
}

// What has expired, or is an empty file as after a crash of Django's, does not
// take its name; whatever else is there does.
func TestAddOver(t *testing.T) {
	for _, test := range []struct {
		name, raw string
		taken     bool
	}{
		{"expired", expiry(now.Add(-time.Second)) + compress(login), false},
		{"expired this moment", expiry(now) + compress(login), false},
		{"expired, and no value", expiry(now.Add(-time.Second)), false},
		{"expired, an int", "\x80\x05J\xff\xff\xff\xff." + compress(login), false},
		{"expired long ago", expiry(time.Unix(-5, 0)) + compress(login), false},
		{"empty", "", false},
		{"alive", expiry(now.Add(time.Microsecond)) + compress(login), true},
		{"without an end", "\x80\x05N." + compress(login), true},
		{"NaN", "\x80\x05G\x7f\xf8\x00\x00\x00\x00\x00\x00." + compress(login), true},
		{"infinite", "\x80\x05G\x7f\xf0\x00\x00\x00\x00\x00\x00." + compress(login), true},
		{"no expiry", compress(login), true},
		{"an expiry of text", "\x80\x05\x8c\x01x." + compress(login), true},
		{"one byte", "\x80", true},
	} {
		for _, plain := range []bool{false, true} {
			w := newWorld(t, nil)
			if plain {
				w.Plain()
			}
			plant(t, w.path, test.raw)
			v, err := w.Add(t.Context(), name, dict("n", 1), now.Add(time.Hour))
			if test.taken {
				wantKind(t, test.name, err, djsession.ErrKeyTaken)
				if w.raw(t) != test.raw {
					t.Errorf("%s: the file has changed", test.name)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: Add: %v", test.name, err)
				continue
			}
			item, err := w.Get(t.Context(), name)
			if err != nil || !item.Version.Equal(v) || !item.Expires.Equal(now.Add(time.Hour)) {
				t.Errorf("%s: got %+v, %v, want what was added", test.name, item, err)
			}
			wantNoDrafts(t, w.dir)
		}
	}
}

// Of twenty that add over an expired entry at once one succeeds.
func TestAddOverRace(t *testing.T) {
	for range 10 {
		w := newWorld(t, nil)
		plant(t, w.path, expiry(now.Add(-time.Second))+compress(login))
		errs := make(chan error)
		for i := range 20 {
			go func() {
				_, err := w.Add(t.Context(), name, dict("n", i), now.Add(time.Hour))
				errs <- err
			}()
		}
		won := 0
		for range 20 {
			if err := <-errs; err == nil {
				won++
			} else {
				wantKind(t, "Add", err, djsession.ErrKeyTaken)
			}
		}
		if won != 1 {
			t.Fatalf("%d of 20 have added, want 1", won)
		}
		wantNoDrafts(t, w.dir)
	}
}

// Set writes over what is there, and where nothing is.
func TestSet(t *testing.T) {
	for _, plain := range []bool{false, true} {
		w := newWorld(t, nil)
		if plain {
			w.Plain()
		}
		for i, raw := range []string{"-", "", expiry(now) + compress(login), expiry(now.Add(time.Hour)) + compress(login), "garbage"} {
			if raw != "-" {
				plant(t, w.path, raw)
			}
			v, err := w.Set(t.Context(), name, dict("n", int64(i)), now.Add(time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			item, err := w.Get(t.Context(), name)
			if err != nil || !item.Version.Equal(v) {
				t.Fatalf("over %q: got %v, %v, want the Version of Set", raw, item.Version, err)
			}
			if n, _ := item.Value.Get("n"); n != int64(i) {
				t.Errorf("over %q: got n %v, want %d", raw, n, i)
			}
		}
		wantNoDrafts(t, w.dir)
	}
}

// Names that begin otherwise are reaped with the others; files that are not the
// cache's, and what may still live, stay.
func TestClearExpired(t *testing.T) {
	w := newWorld(t, func(set *djsession.Settings) { set.Limits.Payload = 1000 })
	old, alive := expiry(now.Add(-time.Second)), expiry(now.Add(time.Second))
	sum := func(s string) string { return file(s) }
	for path, raw := range map[string]string{
		sum("a"):                    old + compress(login),
		sum("too long"):             old + strings.Repeat("x", 5000),
		sum("empty"):                "",
		sum("no value"):             old,
		sum("alive"):                alive + compress(login),
		sum("this very moment"):     expiry(now) + compress(login),
		sum("never"):                "\x80\x05N." + compress(login),
		sum("garbage"):              "garbage",
		sum("a draft") + "_out_123": old + compress(login),
		"notes.djcache":             old + compress(login),
		"sessionidabcdefgh":         old,
	} {
		plant(t, filepath.Join(w.dir, path), raw)
	}
	if n, err := w.ClearExpired(t.Context(), "other", &djsession.ReapOptions{DryRun: true}); n != 4 || err != nil {
		t.Errorf("DryRun: got %d, %v, want 4", n, err)
	}
	if n, err := w.ClearExpired(t.Context(), "other", nil); n != 4 || err != nil {
		t.Errorf("got %d, %v, want 4", n, err)
	}
	os.Remove(filepath.Join(w.dir, "djsession.lock")) // on Windows
	if entries, err := os.ReadDir(w.dir); len(entries) != 7 || err != nil {
		t.Errorf("got %d files left, %v, want 7", len(entries), err)
	}
	// The draft that a killed writer left. Django's have the names of everybody's temporary files.
	plant(t, filepath.Join(w.dir, "tmpabcdefgh"), old)
	w.Later(25 * time.Hour)
	if n, err := w.ClearExpired(t.Context(), "other", nil); n != 0 || err != nil {
		t.Errorf("after a day: got %d, %v, want 0", n, err)
	}
	if entries, err := os.ReadDir(w.dir); len(entries) != 7 || err != nil {
		t.Errorf("after a day: got %d files left, %v, want 7: all but the draft", len(entries), err)
	}
}

// What decompresses to more than the limit is not kept in memory.
func TestBomb(t *testing.T) {
	w := newWorld(t, func(set *djsession.Settings) { set.Limits.Data.Size = 1 << 20 })
	plant(t, w.path, expiry(now.Add(time.Hour))+compress(strings.Repeat("\x00", 64<<20)))
	var err error
	if n := testing.AllocsPerRun(1, func() { _, err = w.Get(t.Context(), name) }); n > 200 {
		t.Errorf("%v allocations", n)
	}
	wantKind(t, "Get", err, djsession.ErrCorrupt)
	if !errors.Is(err, djsession.ErrTooLarge) {
		t.Errorf("got error %v, want ErrTooLarge", err)
	}
}

// New makes the folder for its user alone, as Django does.
func TestNew(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	newCache(t, newSite(t, nil), dir, nil)
	fi, err := os.Stat(dir)
	if err != nil || (fi.Mode().Perm() != 0o700 && filepath.Separator == '/') {
		t.Errorf("got %v, %v, want 0700", fi, err)
	}
	plant(t, filepath.Join(dir, "f"), "")
	for _, bad := range []string{"", filepath.Join(dir, "f"), filepath.Join(dir, "f", "g")} {
		if _, err := filecache.New(newSite(t, nil), bad, nil); !errors.Is(err, djsession.ErrConfig) {
			t.Errorf("%q: got error %v, want ErrConfig", bad, err)
		}
	}
}

// The site's own way to make keys.
func TestKeys(t *testing.T) {
	dir := t.TempDir()
	c := newCache(t, newSite(t, nil), dir, &filecache.Options{Keys: djcache.Keys{
		Function: func(name, prefix string, version int) string { return "own/" + name },
	}, Sync: true})
	if _, err := c.Add(t.Context(), "n", dict("n", 1), now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, file("own/n"))); err != nil {
		t.Error(err)
	}
}
