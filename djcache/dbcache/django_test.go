package dbcache_test

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/dbcache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

const vectorFile = "testdata/vectors.jsonl"

var update = flag.Bool("update", false, "write "+vectorFile)

var (
	djangos = []string{"4.2", "5.2", "6.1"}
	zones   = []string{"-", "Asia/Tehran"}
)

// vector is what a DatabaseCache keeps, as testdata/vectors.py prints it.
type vector struct {
	Django, Engine, Zone, Name, Prefix string
	Version                            int
	Session                            string // the name in the cache
	Key, Value, Stored                 string
	Moment                             *int64 // seconds since 1970; nil: no end
	JSON                               *string
}

//go:embed testdata/vectors.py
var vectorsPy string

// start starts a Django on d.
func start(t *testing.T, version string, d database, zone string) *django.Django {
	t.Helper()
	const backend = "django.core.cache.backends.db.DatabaseCache"
	s := django.Site{Version: version, Code: vectorsPy, Settings: django.Args{
		"DATABASES": django.Databases(d.engine, d.python...),
		"CACHES": django.Args{
			"default": django.Args{"BACKEND": backend, "LOCATION": "django_cache"},
			"site":    django.Args{"BACKEND": backend, "LOCATION": "django_cache", "KEY_PREFIX": "site", "VERSION": 3},
		},
		"INSTALLED_APPS": []string{"django.contrib.sessions"},
		"SESSION_ENGINE": "django.contrib.sessions.backends.cache",
		"USE_TZ":         zone == "-",
		"TIME_ZONE":      strings.Replace(zone, "-", "UTC", 1),
	}}
	return django.Start(t, s)
}

// What the vectors say is what Django does today. With -short nothing is run, and
// without -update one Django and zone only.
func TestVectorsAreDjangos(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python some times")
	}
	run, in := djangos[1:2], zones[1:]
	if *update {
		run, in = djangos, zones
	}
	old, err := os.ReadFile(vectorFile)
	if err != nil && !*update {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, version := range run {
		for _, zone := range in {
			for _, open := range []func(testing.TB) database{sqlite, postgres, mariadb} {
				var got string
				start(t, version, open(t), zone).Call(t, "vectors", nil, &got)
				if !*update && !strings.Contains(string(old), got) {
					t.Errorf("Django %s, zone %s: the vectors are not in %s", version, zone, vectorFile)
				}
				all.WriteString(got)
			}
		}
	}
	if *update {
		if err := os.WriteFile(vectorFile, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// A row of Django is read, with its moment, and written back to the same bytes.
func TestRowsOfDjango(t *testing.T) {
	file, err := os.ReadFile(vectorFile)
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	seen := map[string]int{}
	dec := json.NewDecoder(bytes.NewReader(file))
	dec.DisallowUnknownFields()
	for dec.More() {
		var v vector
		if err := dec.Decode(&v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
		seen[v.Django+" "+v.Engine+" "+v.Zone]++
	}
	if len(seen) != 18 || len(all) != 18*7 {
		t.Errorf("got %d vectors of %d Djangos, databases and zones, want seven of 18", len(all), len(seen))
	}
	each(t, func(t *testing.T, d database) {
		d = d.made(t)
		for i := range all {
			if all[i].Engine == d.engine {
				all[i].check(t, d)
			}
		}
	})
}

func (v *vector) check(t *testing.T, d database) {
	what := v.Django + " " + v.Zone + " " + v.Name
	ctx, raw := t.Context(), d.open(t)
	site := newSite(t, func(set *djsession.Settings) {
		if v.Zone != "" {
			zone, err := time.LoadLocation(v.Zone)
			if err != nil {
				t.Fatal(err)
			}
			set.TimeZone = zone
		}
	})
	c := dbcache.New(site, raw, d.d, &dbcache.Options{Keys: djcache.Keys{Prefix: v.Prefix, Version: &v.Version}})
	at := v.Stored
	if d.d == dbcache.PostgreSQL {
		at += "+00:00"
	}
	mustExec(t, raw, "DELETE FROM django_cache",
		"INSERT INTO django_cache (cache_key, value, expires) VALUES ('"+v.Key+"', '"+v.Value+"', '"+at+"')")
	item, err := c.Get(ctx, v.Session)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	if v.Moment == nil {
		if item.Expires.Before(time.Date(9999, 12, 30, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: got expiry %v, want the end of the year 9999", what, item.Expires)
		}
	} else if !item.Expires.Equal(time.Unix(*v.Moment, 0)) {
		t.Errorf("%s: got expiry %v, want %v", what, item.Expires, time.Unix(*v.Moment, 0).UTC())
	}
	if v.JSON != nil {
		want, err := (serializer.JSON{}).Loads([]byte(*v.JSON))
		if err != nil {
			t.Fatal(err)
		}
		pickled, err := pickle.Append(nil, want, &pickle.Options{Protocol: 5})
		if err != nil {
			t.Fatal(err)
		}
		if got := base64.StdEncoding.EncodeToString(pickled); got != v.Value {
			t.Errorf("%s: the value is %s, want %s", what, v.Value, got)
		}
	}
	if err := c.Delete(ctx, v.Session, item.Version); err != nil {
		t.Errorf("%s: Delete: %v", what, err)
	}
	for doing, write := range map[string]func() (djsession.Version, error){
		"Add": func() (djsession.Version, error) { return c.Add(ctx, v.Session, item.Value, item.Expires) },
		"Set": func() (djsession.Version, error) { return c.Set(ctx, v.Session, item.Value, item.Expires) },
		"Replace": func() (djsession.Version, error) {
			if _, err := c.Set(ctx, v.Session, dict("n", 1), now); err != nil {
				return djsession.Version{}, err
			}
			return c.Replace(ctx, v.Session, item.Value, item.Expires, djsession.Force)
		},
	} {
		mustExec(t, raw, "DELETE FROM django_cache")
		if _, err := write(); err != nil {
			t.Errorf("%s: %s: %v", what, doing, err)
			continue
		}
		var key, value, stored string
		if err := raw.QueryRow("SELECT cache_key, value, "+d.date+" FROM django_cache").Scan(&key, &value, &stored); err != nil {
			t.Fatal(err)
		}
		if key != v.Key || value != v.Value {
			t.Errorf("%s: %s: stored %q, %q, want %q, %q", what, doing, key, value, v.Key, v.Value)
		}
		if v.Moment != nil && stored != v.Stored {
			t.Errorf("%s: %s: stored expiry %q, want %q", what, doing, stored, v.Stored)
		}
	}
}

// Sessions go to and fro between a real Django and Go, and a logout on one side
// is one on the other.
func TestLive(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python some times")
	}
	for i, version := range djangos {
		open := []func(testing.TB) database{sqlite, postgres, mariadb}[i]
		for _, zone := range zones[i%2 : i%2+1] {
			t.Run(version+" "+strings.ReplaceAll(zone, "/", "_"), func(t *testing.T) {
				ctx, d := t.Context(), open(t).made(t)
				site := newSite(t, func(set *djsession.Settings) {
					set.Now = nil
					if zone != "-" {
						set.TimeZone = tehran
					}
				})
				s := cachestore.New(dbcache.New(site, d.open(t), d.d, nil), nil)
				theirs := start(t, version, d, zone)
				key := theirs.Create(t, django.Args{"_auth_user_id": "1", "n": 1})
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
				if got, want := theirs.Load(t, key), `{"_auth_user_id": "1", "n": 1, "go": [1, "\u00e9"]}`; got != want {
					t.Errorf("Django reads %s, want %s", got, want)
				}
				ours := site.NewKey()
				if _, err := s.Create(ctx, ours, &djsession.Record{Data: dict("n", 1), Expires: site.Now().Add(time.Hour)}); err != nil {
					t.Fatal(err)
				}
				if got := theirs.Set(t, ours, django.Args{"m": 2}); got != "saved" {
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
				if got := theirs.Load(t, ours); got != "null" {
					t.Errorf("Django after our logout: got %s", got)
				}
				if !theirs.Delete(t, key) {
					t.Error("Django's logout found nothing")
				}
				if _, err := s.Update(ctx, key, r, djsession.Force); !errors.Is(err, djsession.ErrNotFound) {
					t.Errorf("Update after Django's logout: got %v, want ErrNotFound", err)
				}
			})
		}
	}
}
