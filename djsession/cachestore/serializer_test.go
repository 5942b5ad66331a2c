package cachestore_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/locmem"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cacheddbstore"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/djsession/movingstore"
	"github.com/go-djsession/go-djsession/internal/tagged"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
	"github.com/go-djsession/go-djsession/signer"
)

const key = "0123456789abcdefghijklmnopqrstuv"

var now = time.Date(2026, 3, 4, 5, 6, 7, 250000000, time.UTC)

func newSite(t testing.TB, change ...func(*djsession.Settings)) *djsession.Site {
	t.Helper()
	set := djsession.Settings{Keys: signer.SecretKey("cachestore-test"), Now: func() time.Time { return now }}
	for _, c := range change {
		c(&set)
	}
	site, err := djsession.NewSite(set)
	must(t, err)
	return site
}

func must(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// ways are the ways to set a value that was read.
var ways = map[string]func(*djsession.Session, any) error{
	"Set":    func(s *djsession.Session, v any) error { return s.Set("v", v) },
	"SetAll": func(s *djsession.Session, v any) error { return s.SetAll(map[string]any{"v": v}) },
	"SetDefault": func(s *djsession.Session, v any) error {
		_, err := s.SetDefault("v", v)
		return errors.Join(s.Delete("v"), err, second(s.SetDefault("v", v)))
	},
	"Renew": func(s *djsession.Session, v any) error { return s.Renew("v", v) },
	"Update": func(s *djsession.Session, v any) error {
		return s.Update(func(tx *djsession.Tx) error { return tx.Set("v", v) })
	},
	"Edit": func(s *djsession.Session, v any) error {
		return errors.Join(s.Delete("v"), djsession.Edit(s, "v", func(p *any) error { *p = v; return nil }))
	},
}

func second(_ any, err error) error { return err }

// Every value that Python pickled is read from a session in a cache and set back. Nothing
// changes its type, although SESSION_SERIALIZER is JSON.
func TestValuesKeepTypes(t *testing.T) {
	site := newSite(t)
	cache := locmem.New(site, nil)
	m := djsession.New(cachestore.New(cache, nil))
	total := 0
	for name, raw := range corpus(t) {
		value, err := pickle.Load(raw, nil)
		must(t, err)
		for way, set := range ways {
			_, err = cache.Set(t.Context(), "django.contrib.sessions.cache"+key, serializer.NewDict(serializer.Item{Key: "v", Value: value}), now.Add(time.Hour))
			must(t, err)
			s, err := m.Open(t.Context(), key)
			must(t, err)
			v, _ := s.Get("v")
			if err := errors.Join(set(s, v), s.Save(t.Context())); err != nil {
				t.Errorf("%s by %s: %v", name, way, err)
				continue
			}
			s, err = m.Open(t.Context(), key)
			must(t, err)
			if got, _ := s.Get("v"); !same(got, v) {
				t.Errorf("%s by %s: got %T %v, want %T %v", name, way, got, got, v, v)
			}
			total++
		}
	}
	if total < 1000 {
		t.Errorf("%d values: these are no test", total)
	}
}

// same reports whether two values are one for Python.
func same(a, b any) bool {
	if reflect.DeepEqual(a, b) {
		return true
	}
	x, errX := tagged.Append(nil, a)
	y, errY := tagged.Append(nil, b)
	return errX == nil && errY == nil && bytes.Equal(x, y) && !bytes.Contains(x, []byte("opaque"))
}

// corpus returns the pickles of fixtures/pickle.
func corpus(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("../../fixtures/pickle/*[0-9].jsonl")
	must(t, err)
	all := map[string][]byte{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		lines := bufio.NewScanner(bytes.NewReader(text))
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var v struct {
				Name    string
				Pickles map[string]string
			}
			must(t, json.Unmarshal(lines.Bytes(), &v))
			for protocol, text := range v.Pickles {
				raw, err := base64.StdEncoding.DecodeString(text)
				must(t, err)
				all[strings.TrimSuffix(filepath.Base(file), ".jsonl")+"/"+v.Name+"/"+protocol] = raw
			}
		}
		must(t, lines.Err())
	}
	return all
}

// mute is a cache of somebody's own, which does not say in which format it holds values.
type mute struct{ djcache.Cache }

// Decorators that change nothing.
type (
	cacheAround struct{ djcache.Cache }
	storeAround struct{ djsession.Store }
)

func (d cacheAround) Unwrap() djcache.Cache   { return d.Cache }
func (d storeAround) Unwrap() djsession.Store { return d.Store }

// jsonCache is a cache that holds JSON.
type jsonCache struct{ djcache.Cache }

func (jsonCache) Serializer() serializer.Serializer { return serializer.JSON{} }

// What Set takes is what the place holds to which the session is written.
func TestWhoFreezes(t *testing.T) {
	site := newSite(t)
	pickles := func() djsession.Store { return cachestore.New(locmem.New(site, nil), nil) }
	moving := func(phase movingstore.Phase, old, next djsession.Store) djsession.Store {
		s, err := movingstore.New(old, next, &movingstore.Options{Phase: phase, Copied: movingstore.NothingCopied})
		must(t, err)
		return s
	}
	cachedDB, err := cacheddbstore.New(memstore.New(site), locmem.New(site, nil), nil)
	must(t, err)
	for _, tt := range []struct {
		name  string
		store djsession.Store
		json  bool
	}{
		{"cache", pickles(), false},
		{"cache, decorated", storeAround{cachestore.New(cacheAround{locmem.New(site, nil)}, nil)}, false},
		{"a cache that does not say", cachestore.New(mute{locmem.New(site, nil)}, nil), false},
		{"a cache of JSON", cachestore.New(cacheAround{jsonCache{locmem.New(site, nil)}}, nil), true},
		{"db", memstore.New(site), true},
		{"a Store that changes records", struct{ djsession.Store }{pickles()}, true},
		{"cached_db: the row counts", cachedDB, true},
		{"moving from a cache", moving(movingstore.Copying, storeAround{pickles()}, memstore.New(site)), false},
		{"moved from a cache", moving(movingstore.Switched, pickles(), memstore.New(site)), true},
		{"moved to a cache", moving(movingstore.Switched, memstore.New(site), pickles()), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := djsession.New(tt.store).Open(t.Context(), "")
			must(t, err)
			if err := s.Set("when", serializer.NewDateTime(now)); errors.Is(err, serializer.ErrType) != tt.json || !tt.json && err != nil {
				t.Errorf("a datetime: got %v", err)
			}
			if s, err = djsession.New(tt.store).Open(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
			must(t, s.Set("tuple", serializer.Tuple{int64(1)}), s.Set("ints", map[int]string{1: "one"}), s.Save(t.Context()))
			tuple, _ := s.Get("tuple")
			ints, _ := s.Get("ints")
			first := ""
			for k := range ints.(*serializer.Dict).Keys() {
				first = reflect.TypeOf(k).String()
			}
			_, isTuple := tuple.(serializer.Tuple)
			if isTuple == tt.json || (first == "string") != tt.json {
				t.Errorf("got %T and a key that is a %s", tuple, first)
			}
		})
	}
}

// Before Django 4.1 set_expiry keeps a datetime, which a pickle holds and JSON does not.
func TestExpiryOfOldDjango(t *testing.T) {
	site := newSite(t, func(set *djsession.Settings) { set.Django = djsession.DjangoVersion{Major: 3, Minor: 2} })
	s, err := djsession.New(cachestore.New(locmem.New(site, nil), nil)).Open(t.Context(), "")
	must(t, err)
	must(t, s.SetExpiry(djsession.At(now.Add(time.Hour))), s.Save(t.Context()))
	if v, _ := s.Get("_session_expiry"); reflect.TypeOf(v) != reflect.TypeFor[serializer.DateTime]() {
		t.Errorf("got %T, want a datetime", v)
	}
	if at, err := s.ExpiryDate(); err != nil || !at.Equal(now.Add(time.Hour)) {
		t.Errorf("it ends at %v, %v", at, err)
	}
}
