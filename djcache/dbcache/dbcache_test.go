package dbcache_test

import (
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/dbcache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/djsession/storetest"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

var (
	now    = time.Date(2026, 3, 4, 5, 6, 7, 250000000, time.UTC)
	tehran = time.FixedZone("+0330", 3*3600+1800)
)

const (
	prefix = ":1:django.contrib.sessions.cache"
	name   = "django.contrib.sessions.cacheabcdefghijklmnopqrstuvwxyz012345"
)

func newSite(t testing.TB, change func(*djsession.Settings)) *djsession.Site {
	t.Helper()
	set := djsession.Settings{Keys: signer.SecretKey("dbcache-test"), Now: func() time.Time { return now }}
	if change != nil {
		change(&set)
	}
	site, err := djsession.NewSite(set)
	if err != nil {
		t.Fatal(err)
	}
	return site
}

func dict(items ...any) *serializer.Dict {
	d := serializer.NewDict()
	for i := 0; i < len(items); i += 2 {
		d = d.With(items[i].(string), items[i+1])
	}
	return d
}

func TestStore(t *testing.T) {
	for kind, zone := range map[string]*time.Location{"USE_TZ": nil, "local": tehran} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			testStore(t, zone)
		})
	}
}

func testStore(t *testing.T, zone *time.Location) {
	each(t, func(t *testing.T, d database) {
		if zone != nil && d.d != dbcache.SQLite {
			t.Skip("TestRowsOfDjango has the zones of the others")
		}
		d = d.made(t)
		db, other, raw := d.open(t), d.open(t), d.open(t)
		storetest.Run(t, storetest.Harness{
			Settings: djsession.Settings{TimeZone: zone},
			Skip:     map[string]string{"cycle/": "a cache changes one key at a time"},
			Open: func(t *testing.T, site *djsession.Site) storetest.Engine {
				mustExec(t, raw, "DELETE FROM django_cache")
				return storetest.Engine{
					Store:  cachestore.New(dbcache.New(site, db, d.d, nil), nil),
					Other:  cachestore.New(dbcache.New(site, other, d.d, nil), nil),
					Stored: func(t testing.TB, key string) (string, bool) { return stored(t, raw, prefix+key) },
					Plant: func(t testing.TB, key, text string, expires time.Time) {
						plant(t, d, raw, prefix+key, text, expires, zone)
					},
					Break: func(t testing.TB) func() {
						mustExec(t, raw, "ALTER TABLE django_cache RENAME TO django_cache_away")
						return func() { mustExec(t, raw, "ALTER TABLE django_cache_away RENAME TO django_cache") }
					},
					Stall: func(t testing.TB) func() { return holding(t, raw, d.begin, d.end) },
				}
			},
			Precision: time.Second,
			// The suite's moments have a fraction, which is rounded up: see TestRounding.
			Adapt: func(_ *djsession.Site, r *djsession.Record) *djsession.Record {
				r.Expires = r.Expires.Add(time.Second - time.Microsecond).Truncate(time.Second)
				return r
			},
			Corrupt: func(*djsession.Site) map[string]string { return corrupt },
		})
	})
}

// corrupt are values that are no dict of a session.
var corrupt = map[string]string{
	"nothing":         "",
	"words":           "canary is no base64",
	"no padding":      strings.TrimRight(b64(login+"xx"), "="),
	"a line end":      b64(login) + "\n",
	"lines":           b64(login)[:20] + "\r\n" + b64(login)[20:],
	"URL-safe":        "gAR-_w==",
	"cut off":         b64(login)[:40],
	"a cut pickle":    b64(login[:len(login)-1]),
	"an int":          b64("\x80\x04K\x07."),
	"a list":          b64("\x80\x04]\x94."),
	"None":            b64("\x80\x04N."),
	"a function":      b64("\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93\x94."),
	"a nested bomb":   b64("\x80\x04" + strings.Repeat("(", 1000) + "."),
	"not in base64":   "}.",
	"a signed text":   "eyJuIjoxfQ:1r31eq:5OU22IiN7w-qYuvcnQ8pTFU3LfjfJVmka9W9dae38XY",
	"quotes":          "'\";--",
	"not a character": "gAR9lC7é",
}

// login is the pickle of {"_auth_user_id": "1", "n": 7}.
const login = "\x80\x04\x95\x1f\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\r_auth_user_id\x94\x8c\x011\x94\x8c\x01n\x94K\x07u."

func b64(pickled string) string { return base64.StdEncoding.EncodeToString([]byte(pickled)) }

func stored(t testing.TB, raw *sql.DB, key string) (text string, ok bool) {
	t.Helper()
	// The text holds the key in no way that could be quoted wrongly.
	err := raw.QueryRow("SELECT value FROM django_cache WHERE cache_key = '" + key + "'").Scan(&text)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		t.Fatal(err)
	}
	return text, err == nil
}

func plant(t testing.TB, d database, raw *sql.DB, key, text string, expires time.Time, zone *time.Location) {
	t.Helper()
	at := expires.UTC().Format("2006-01-02 15:04:05-07:00")
	if d.d != dbcache.PostgreSQL {
		if zone == nil {
			zone = time.UTC
		}
		at = expires.In(zone).Format("2006-01-02 15:04:05")
	}
	text = strings.ReplaceAll(text, "'", "''")
	mustExec(t, raw, "DELETE FROM django_cache WHERE cache_key = '"+key+"'",
		fmt.Sprintf("INSERT INTO django_cache (cache_key, value, expires) VALUES ('%s', '%s', '%s')", key, text, at))
}

// A moment within a second is rounded up, and seen as it is stored.
func TestRounding(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		d = d.made(t)
		db := d.open(t)
		clock := now
		site := newSite(t, func(set *djsession.Settings) { set.Now = func() time.Time { return clock } })
		c := dbcache.New(site, db, d.d, nil)
		whole := now.Truncate(time.Second)
		for _, test := range []struct{ expires, want time.Time }{
			{whole.Add(time.Hour), whole.Add(time.Hour)},
			{whole.Add(time.Hour + 999), whole.Add(time.Hour)}, // Python has no nanoseconds
			{whole.Add(time.Hour + time.Microsecond), whole.Add(time.Hour + time.Second)},
			{whole.Add(time.Hour + 999999*time.Microsecond), whole.Add(time.Hour + time.Second)},
			{time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 30, 23, 59, 59, 0, time.UTC)},
		} {
			clock = now
			v, err := c.Set(t.Context(), name, dict("n", 1), test.expires)
			if err != nil {
				t.Fatal(err)
			}
			for _, touched := range []bool{false, true} {
				item, err := c.Get(t.Context(), name)
				if err != nil || !item.Expires.Equal(test.want) {
					t.Errorf("%v, touched %v: got %v, %v, want %v", test.expires, touched, item.Expires, err, test.want)
				}
				if got, err := c.Touch(t.Context(), name, test.expires, v); err != nil || !got.Equal(v) {
					t.Errorf("Touch: got %v, %v, want the same Version", got, err)
				}
			}
			clock = test.want.Add(-time.Microsecond)
			if _, err := c.Get(t.Context(), name); err != nil {
				t.Errorf("just before %v: %v", test.want, err)
			}
			clock = test.want
			if _, err := c.Get(t.Context(), name); !errors.Is(err, djsession.ErrExpired) {
				t.Errorf("at %v: got %v, want ErrExpired", test.want, err)
			}
		}
	})
}

// What has expired does not take its name, what is alive does; of twenty that add
// at once, over such a row or where none is, one succeeds.
func TestAdd(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		d = d.made(t)
		raw := d.open(t)
		site := newSite(t, nil)
		a, b := dbcache.New(site, d.open(t), d.d, nil), dbcache.New(site, d.open(t), d.d, nil)
		ctx, later := t.Context(), now.Add(time.Hour)
		for _, test := range []struct {
			name, value string
			left        time.Duration
			taken       bool
		}{
			{"expired", b64(login), -time.Second, false},
			{"expired in this second", b64(login), 0, false},
			{"expired, corrupt", "canary", -time.Hour, false},
			{"alive", b64(login), time.Second, true},
			{"alive, corrupt", "canary", time.Hour, true},
		} {
			plant(t, d, raw, ":1:"+name, test.value, now.Truncate(time.Second).Add(test.left), nil)
			v, err := a.Add(ctx, name, dict("n", 1), later)
			if test.taken {
				if got, _ := stored(t, raw, ":1:"+name); !errors.Is(err, djsession.ErrKeyTaken) || got != test.value {
					t.Errorf("%s: got %v, stored %q, want ErrKeyTaken and no change", test.name, err, got)
				}
				continue
			}
			item, err2 := a.Get(ctx, name)
			if err != nil || err2 != nil || !item.Version.Equal(v) || item.Expires.Before(later) {
				t.Errorf("%s: got %v, then %+v, %v", test.name, err, item, err2)
			}
		}
		for _, over := range []bool{true, false} {
			for range 5 {
				mustExec(t, raw, "DELETE FROM django_cache")
				if over {
					plant(t, d, raw, ":1:"+name, b64(login), now.Add(-time.Minute), nil)
				}
				var wg sync.WaitGroup
				errs := make([]error, 20)
				for i := range errs {
					c := a
					if i%2 == 1 {
						c = b
					}
					wg.Go(func() { _, errs[i] = c.Add(ctx, name, dict("n", i), later) })
				}
				wg.Wait()
				won := 0
				for _, err := range errs {
					if err == nil {
						won++
					} else if !errors.Is(err, djsession.ErrKeyTaken) {
						t.Errorf("Add: %v", err)
					}
				}
				if won != 1 {
					t.Fatalf("over a row %v: %d of 20 have added, want 1", over, won)
				}
			}
		}
	})
}

// Set writes where nothing is and over anything, also from many sides at once.
func TestSet(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		d = d.made(t)
		raw := d.open(t)
		c := dbcache.New(newSite(t, nil), d.open(t), d.d, nil)
		ctx, later := t.Context(), now.Add(time.Hour)
		for i, value := range []string{"-", b64(login), "canary"} {
			if value != "-" {
				plant(t, d, raw, ":1:"+name, value, now.Add(-time.Minute), nil)
			}
			for range 2 { // the second time it changes nothing
				v, err := c.Set(ctx, name, dict("n", int64(i)), later)
				if err != nil {
					t.Fatal(err)
				}
				if item, err := c.Get(ctx, name); err != nil || !item.Version.Equal(v) {
					t.Errorf("over %q: got %+v, %v", value, item, err)
				}
			}
		}
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				if i%5 == 0 {
					if err := c.Delete(ctx, name, djsession.Force); err != nil && !errors.Is(err, djsession.ErrNotFound) {
						t.Errorf("Delete: %v", err)
					}
				} else if _, err := c.Set(ctx, name, dict("n", i), later); err != nil {
					t.Errorf("Set: %v", err)
				}
			})
		}
		wg.Wait()
	})
}

// List and ClearExpired see what begins with the prefix, byte for byte, and no
// pattern is in it.
func TestPrefix(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		d = d.made(t)
		raw := d.open(t)
		three := 3
		c := dbcache.New(newSite(t, nil), d.open(t), d.d, &dbcache.Options{Keys: djcache.Keys{Prefix: "s_te%", Version: &three}})
		for _, key := range []string{
			"s_te%:3:a_b1", "s_te%:3:a_b2", "s_te%:3:a_b", "s_te%:3:a_bé", // these
			"s_te%:3:aXb1", "s_te%:3:A_B3", "s_te%:2:a_b1", "sXteX:3:a_b1", "site:3:a_b1", "a_b1", "s_te%:3:", "z", "S_TE%:3:a_b9",
		} {
			for j, expires := range []time.Time{now.Add(time.Hour), now.Add(-time.Hour)} {
				plant(t, d, raw, fmt.Sprint(key, []string{"", "old"}[j]), b64(login), expires, nil)
			}
		}
		var got []string
		var cursors []string
		for l, err := range c.List(t.Context(), "a_b", "") {
			if err != nil {
				t.Fatal(err)
			}
			got, cursors = append(got, l.Name()), append(cursors, l.Cursor())
		}
		if len(got) != 8 {
			t.Errorf("got %q, want 8 names that begin with a_b", got)
		}
		for i, cursor := range cursors {
			var rest []string
			for l := range c.List(t.Context(), "a_b", cursor) {
				rest = append(rest, l.Name())
			}
			if fmt.Sprint(rest) != fmt.Sprint(got[i+1:]) {
				t.Errorf("after %q: got %q, want %q", got[i], rest, got[i+1:])
			}
		}
		if n, err := c.ClearExpired(t.Context(), "a_b", &djsession.ReapOptions{DryRun: true}); n != 4 || err != nil {
			t.Errorf("DryRun: got %d, %v, want 4", n, err)
		}
		if n, err := c.ClearExpired(t.Context(), "a_b", &djsession.ReapOptions{Batch: 3}); n != 4 || err != nil {
			t.Errorf("ClearExpired: got %d, %v, want 4", n, err)
		}
		var left int
		if err := raw.QueryRow("SELECT COUNT(*) FROM django_cache").Scan(&left); err != nil || left != 22 {
			t.Errorf("got %d rows left, %v, want 22", left, err)
		}
	})
}

// A KEY_FUNCTION that cannot be undone keeps List from working, and nothing else.
func TestKeyFunction(t *testing.T) {
	d := sqlite(t).made(t)
	keys := djcache.Keys{Function: func(name, prefix string, version int) string { return "own/" + name }}
	site := newSite(t, nil)
	c := dbcache.New(site, d.open(t), d.d, &dbcache.Options{Keys: keys})
	if _, err := c.Add(t.Context(), "n1", dict("n", 1), now.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	for _, err := range c.List(t.Context(), "n", "") {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("List: got %v, want ErrUnsupported", err)
		}
	}
	keys.Reverse = func(key string) (string, bool) { return strings.CutPrefix(key, "own/") }
	n := 0
	for l, err := range dbcache.New(site, d.open(t), d.d, &dbcache.Options{Keys: keys}).List(t.Context(), "n", "") {
		if n++; l.Name() != "n1" || err != nil {
			t.Errorf("List: got %q, %v", l.Name(), err)
		}
	}
	if n != 1 {
		t.Errorf("List: got %d, want 1", n)
	}
	if n, err := c.ClearExpired(t.Context(), "other", nil); n != 1 || err != nil {
		t.Errorf("ClearExpired: got %d, %v, want 1", n, err)
	}
}

// A table that is missing, or another one, is told in words that help.
func TestWrongTable(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		db := d.open(t)
		c := dbcache.New(newSite(t, nil), db, d.d, nil)
		check := func(hint string) {
			t.Helper()
			errs := map[string]error{}
			ctx := t.Context()
			_, errs["get"] = c.Get(ctx, name)
			_, errs["add"] = c.Add(ctx, name, dict(), now)
			_, errs["set"] = c.Set(ctx, name, dict(), now)
			_, errs["replace"] = c.Replace(ctx, name, dict(), now, djsession.Force)
			_, errs["touch"] = c.Touch(ctx, name, now, djsession.Force)
			errs["delete"] = c.Delete(ctx, name, djsession.Force)
			_, errs["reap"] = c.ClearExpired(ctx, "", nil)
			for doing, err := range errs {
				if !errors.Is(err, djsession.ErrUnavailable) || !strings.Contains(err.Error(), hint) || strings.Contains(err.Error(), name) {
					t.Errorf("%s: got %v, want ErrUnavailable with %q", doing, err, hint)
				}
			}
		}
		check("there is no table django_cache: run the site's createcachetable")
		mustExec(t, db, "CREATE TABLE django_cache (id text, content text)")
		check("has not the columns of django_cache: cache_key, value, expires")
		c = dbcache.New(newSite(t, nil), db, d.d, &dbcache.Options{Table: `x"; DROP TABLE django_cache; --`})
		if _, err := c.Get(t.Context(), name); !errors.Is(err, djsession.ErrConfig) {
			t.Errorf("a bad name: got %v, want ErrConfig", err)
		}
	})
}
