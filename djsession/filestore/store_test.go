package filestore_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/filestore"
	"github.com/go-djsession/go-djsession/djsession/storetest"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

func TestStore(t *testing.T) {
	tehran := time.FixedZone("", 3*3600+1800)
	for _, test := range []struct {
		name  string
		zone  *time.Location
		opts  *filestore.Options
		plain bool
	}{
		{"default", nil, nil, false},
		{"local", tehran, &filestore.Options{NoSync: true}, false},
		{"without exchange", nil, &filestore.Options{NoSync: true}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, storetest.Harness{
				Settings: djsession.Settings{TimeZone: test.zone},
				Open: func(t *testing.T, site *djsession.Site) storetest.Engine {
					dir := filepath.Join(t.TempDir(), "sessions")
					if err := os.Mkdir(dir, 0o700); err != nil {
						t.Fatal(err)
					}
					s, other := newStore(t, site, dir, test.opts), newStore(t, site, dir, test.opts)
					if test.plain {
						s.Plain()
						other.Plain()
					}
					return engine(t, site, dir, s, other)
				},
				// An age is in whole seconds; the cases that need less are those of expiry_test.go.
				Precision: time.Second,
				Corrupt:   corrupt,
				Skip: map[string]string{
					"cycle/":          "two files are not changed at once",
					"context/stalled": "a local folder does not stall; TestWaitForLock waits for another process",
					"expiry/far":      "without a moment in the data the end is a time of modification, which does not go that far; TestFar has one",
				},
			})
		})
	}
}

func engine(t testing.TB, site *djsession.Site, dir string, s, other *filestore.Store) storetest.Engine {
	prefix := filepath.Join(dir, site.Settings().CookieName)
	t.Cleanup(func() { wantNoDrafts(t, dir) })
	return storetest.Engine{
		Store: s,
		Other: other,
		Stored: func(t testing.TB, key string) (string, bool) {
			raw, err := os.ReadFile(prefix + key)
			return string(raw), err == nil
		},
		Plant: func(t testing.TB, key, raw string, expires time.Time) {
			plant(t, prefix+key, raw, expires.Add(-site.Settings().CookieAge))
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
}

// corrupt is what storetest plants by default, without the empty value, which is
// an empty session here.
func corrupt(site *djsession.Site) map[string]string {
	data := serializer.NewDict(serializer.Item{Key: "text", Value: "canary"})
	good, err := site.Encode(data)
	if err != nil {
		panic(err)
	}
	set := site.Settings()
	set.Keys = signer.SecretKey("another site's")
	other, err := djsession.NewSite(set)
	if err != nil {
		panic(err)
	}
	foreign, err := other.Encode(data)
	if err != nil {
		panic(err)
	}
	return map[string]string{
		"words":                "canary is no session",
		"cut off":              good[:len(good)-1],
		"one byte":             good[:1],
		"another key":          foreign,
		"with more at its end": good + "\n",
		"raw UTF-8":            "é" + good,
		"a NUL":                "\x00",
		"braces":               "{}",
	}
}

func newStore(t testing.TB, site *djsession.Site, dir string, opts *filestore.Options) *filestore.Store {
	t.Helper()
	s, err := filestore.New(site, dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// plant puts a file where it is as old as mtime.
func plant(t testing.TB, path, raw string, mtime time.Time) {
	t.Helper()
	if err := os.WriteFile(path, []byte(raw), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, time.Time{}, mtime); err != nil {
		t.Fatal(err)
	}
}

// wantNoDrafts checks that nothing was left in dir but sessions.
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

var now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

const key = "abcdefghijklmnopqrstuvwxyz012345"

// world is a Store of a fixed clock in a folder of its own.
type world struct {
	*filestore.Store
	site *djsession.Site
	dir  string
	path string // of key
}

func newWorld(t testing.TB, change func(*djsession.Settings)) *world {
	t.Helper()
	set := djsession.Settings{Keys: signer.SecretKey("filestore-test"), Now: func() time.Time { return now }}
	if change != nil {
		change(&set)
	}
	site, err := djsession.NewSite(set)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return &world{
		newStore(t, site, dir, &filestore.Options{NoSync: true}), site, dir,
		filepath.Join(dir, site.Settings().CookieName+key),
	}
}

func dict(items ...any) *serializer.Dict {
	d := serializer.NewDict()
	for i := 0; i < len(items); i += 2 {
		d = d.With(items[i].(string), items[i+1])
	}
	return d
}

// record is what a request would save now.
func (w *world) record(t testing.TB, items ...any) *djsession.Record {
	t.Helper()
	d := dict(items...)
	expires, err := w.site.ExpiryDate(d, w.site.Now())
	if err != nil {
		t.Fatal(err)
	}
	return &djsession.Record{Data: d, Expires: expires}
}

func (w *world) create(t testing.TB, items ...any) djsession.Version {
	t.Helper()
	v, err := w.Create(t.Context(), key, w.record(t, items...))
	if err != nil {
		t.Fatalf("Create: %v", err)
	}
	return v
}

// raw is the content of the file of key.
func (w *world) raw(t testing.TB) string {
	t.Helper()
	raw, err := os.ReadFile(w.path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func (w *world) encode(t testing.TB, items ...any) string {
	t.Helper()
	text, err := w.site.Encode(dict(items...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// django puts raw in the place of the session, as Django's save does.
func (w *world) django(t testing.TB, raw string) {
	t.Helper()
	plant(t, w.path+"_out_django", raw, now)
	if err := os.Rename(w.path+"_out_django", w.path); err != nil {
		t.Fatal(err)
	}
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
	if text := err.Error(); strings.Contains(text, key) || strings.Contains(text, string(filepath.Separator)) {
		t.Errorf("%s: the error %q holds a path", doing, text)
	}
}
