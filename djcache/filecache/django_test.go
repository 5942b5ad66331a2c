package filecache_test

import (
	"bytes"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/filecache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// djangoFiles is what testdata/make.py printed.
//
//go:embed testdata/django.jsonl
var djangoFiles []byte

type vector struct {
	Django, Name, Key, Prefix string
	Version                   int
	File                      string
	Mode                      uint32
	FolderMode                uint32 `json:"folder_mode"`
	Content                   string
	Expires                   *int64 // microseconds since 1970
	JSON                      *string
}

// frozen is the moment of testdata/make.py.
var frozen = time.Date(2026, 3, 4, 5, 6, 7, 250000000, time.UTC)

// A file of Django is read, and written back to the same bytes. New data differ
// from Django's in the protocol of the pickles alone.
func TestBytesOfDjango(t *testing.T) {
	seen := map[string]int{}
	dec := json.NewDecoder(bytes.NewReader(djangoFiles))
	dec.DisallowUnknownFields()
	for dec.More() {
		var v vector
		if err := dec.Decode(&v); err != nil {
			t.Fatal(err)
		}
		seen[v.Django]++
		t.Run(v.Django+"/"+v.Name, func(t *testing.T) { v.check(t) })
	}
	if len(seen) != 3 || seen["4.2"] != 9 || seen["5.2"] != 9 || seen["6.1"] != 9 {
		t.Errorf("got vectors %v, want nine of each Django", seen)
	}
}

func (v *vector) check(t *testing.T) {
	content, err := hex.DecodeString(v.Content)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	clock := frozen.Add(-2 * time.Second) // when nothing has expired
	site := newSite(t, func(set *djsession.Settings) { set.Now = func() time.Time { return clock } })
	dir := filepath.Join(t.TempDir(), "cache")
	c := newCache(t, site, dir, &filecache.Options{Keys: djcache.Keys{Prefix: v.Prefix, Version: &v.Version}})
	path := filepath.Join(dir, v.File)
	plant(t, path, string(content))
	item, err := c.Get(ctx, v.Key)
	if err != nil {
		t.Fatal(err)
	}
	want := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	if v.Expires != nil {
		want = time.UnixMicro(*v.Expires)
	}
	if !item.Expires.Equal(want) {
		t.Errorf("got expiry %v, want %v", item.Expires, want)
	}
	if v.JSON != nil {
		if got, err := (serializer.JSON{}).Dumps(nil, item.Value); err != nil || asText(t, string(got)) != asText(t, *v.JSON) {
			t.Errorf("got data %s, %v, want %s", got, err, *v.JSON)
		}
	}
	if err := c.Delete(ctx, v.Key, item.Version); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Add(ctx, v.Key, item.Value, item.Expires); err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(path); v.Expires != nil && !bytes.Equal(raw, content) {
		t.Errorf("got  %x, %v\nwant %x", raw, err, content)
	}
	if fi, err := os.Stat(path); err != nil || uint32(fi.Mode().Perm()) != v.Mode && filepath.Separator == '/' {
		t.Errorf("got %v, %v, want mode %o", fi, err, v.Mode)
	}
	if fi, err := os.Stat(dir); err != nil || uint32(fi.Mode().Perm()) != v.FolderMode && filepath.Separator == '/' {
		t.Errorf("got %v, %v, want mode %o of the folder", fi, err, v.FolderMode)
	}

	// Data that come from elsewhere, with Django's protocol and with ours.
	if v.JSON == nil || v.Expires == nil || v.Name == "long" {
		return // in a long list Python writes a name once, for it is one object
	}
	d, err := (serializer.JSON{}).Loads([]byte(*v.JSON))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Set(ctx, v.Key, d, want); err != nil {
		t.Fatal(err)
	}
	raw, _ := os.ReadFile(path)
	proto4 := strings.Replace(string(content[:22]), "\x80\x05", "\x80\x04", 1)
	if got := string(raw[:min(22, len(raw))]); got != proto4 {
		t.Errorf("got expiry %x, want %x", got, proto4)
	}
	plain, err := pickle.Append(nil, d, &pickle.Options{Protocol: 5})
	if err != nil {
		t.Fatal(err)
	}
	if got := expiry(want) + compressed(t, plain); got != string(content) {
		t.Errorf("with protocol 5: got %x\nwant %x", got, content)
	}
}

// compressed is what the cache makes of a pickle, taken from a file of it.
func compressed(t *testing.T, pickled []byte) string {
	t.Helper()
	d, err := (pickle.Serializer{}).Loads(pickled)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, nil)
	if _, err := w.Set(t.Context(), name, d, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	return w.raw(t)[len(expiry(now)):]
}

// asText is JSON in one form.
func asText(t *testing.T, text string) string {
	t.Helper()
	d, err := (serializer.JSON{}).Loads([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := pickle.Append(nil, d, nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// Sessions go to and fro between a real Django and Go, and a logout on one side
// is one on the other.
func TestLive(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python some times")
	}
	for _, version := range []string{"4.2", "5.2", "6.1"} {
		t.Run(version, func(t *testing.T) {
			ctx := t.Context()
			site := newSite(t, func(set *djsession.Settings) { set.Now = nil })
			dir := t.TempDir()
			s := cachestore.New(newCache(t, site, dir, nil), nil)
			d := django.Start(t, django.Site{Version: version, Settings: django.Args{
				"CACHES":         django.Args{"default": django.Args{"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": dir}},
				"SESSION_ENGINE": "django.contrib.sessions.backends.cache",
			}})
			key := d.Create(t, django.Args{"_auth_user_id": "1", "n": 1})
			r, v, err := s.Load(ctx, key)
			if err != nil {
				t.Fatal(err)
			}
			if left := time.Until(r.Expires); left < 14*24*time.Hour-time.Minute || left > 14*24*time.Hour {
				t.Errorf("got %v left, want two weeks", left)
			}
			r.Data = r.Data.With("go", []any{int64(1), "é"})
			if _, err := s.Update(ctx, key, r, v); err != nil {
				t.Fatal(err)
			}
			if got, want := d.Load(t, key), `{"_auth_user_id": "1", "n": 1, "go": [1, "\u00e9"]}`; got != want {
				t.Errorf("Django reads %s, want %s", got, want)
			}
			ours := site.NewKey()
			if _, err := s.Create(ctx, ours, &djsession.Record{Data: dict("n", 1), Expires: site.Now().Add(time.Hour)}); err != nil {
				t.Fatal(err)
			}
			if got := d.Set(t, ours, django.Args{"m": 2}); got != "saved" {
				t.Errorf("Django's save of ours: got %s", got)
			}
			r, v, err = s.Load(ctx, ours)
			if err != nil {
				t.Fatal(err)
			}
			if m, _ := r.Data.Get("m"); m != int64(2) {
				t.Errorf("got m %v, want 2", m)
			}
			if err := s.Delete(ctx, ours, v); err != nil {
				t.Fatal(err)
			}
			if got := d.Set(t, ours, django.Args{"m": 3}); got != "gone" {
				t.Errorf("Django's save after the logout: got %s", got)
			}
			d.Delete(t, key)
			if _, err := s.Update(ctx, key, r, djsession.Force); !errors.Is(err, djsession.ErrNotFound) {
				t.Errorf("Update after Django's logout: got %v, want ErrNotFound", err)
			}
			if entries, err := os.ReadDir(dir); len(entries) != 0 || err != nil {
				t.Errorf("got %d files left, %v, want none", len(entries), err)
			}
		})
	}
}
