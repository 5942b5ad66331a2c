package djsite

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/signer"
)

// TestTouchAfter browses on every kind of engine with TouchAfter. It counts the writes, and
// compares the end of the stored session with Django's, which is an age after the request.
func TestTouchAfter(t *testing.T) {
	const (
		requests = 400
		age      = time.Hour
		part     = 0.05
		some     = 0.15 // writes a request: the visitor sends few
	)
	database := func(t *testing.T) string {
		path := filepath.Join(t.TempDir(), "db.sqlite3")
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for _, q := range []string{
			"CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, session_data text NOT NULL, expire_date datetime NOT NULL)",
			"CREATE TABLE django_cache (cache_key varchar(255) NOT NULL PRIMARY KEY, value text NOT NULL, expires datetime NOT NULL)",
		} {
			if _, err := db.Exec(q); err != nil {
				t.Fatal(err)
			}
		}
		return path
	}
	for _, tt := range []struct {
		name       string
		dsn, cache func(t *testing.T) string
		most       float64
		late       time.Duration // by which the engine rounds an end up
		// pass makes the server's own clock go on.
		pass func(t *testing.T, dsn string, d time.Duration)
	}{
		{name: "db", dsn: database, most: some},
		{name: "file", dsn: func(t *testing.T) string { return "files:" + t.TempDir() }, most: some},
		{name: "cache in files", dsn: func(t *testing.T) string { return "cache+files:" + t.TempDir() }, most: some},
		{name: "cache in a table", dsn: func(t *testing.T) string { return "cache+" + database(t) }, most: some, late: time.Second},
		{name: "cached_db", dsn: database, cache: func(t *testing.T) string { return "cache+files:" + t.TempDir() }, most: some},
		{name: "redis_sessions", dsn: func(t *testing.T) string { return "redis://" + testserver.Redis(t).Addr() }, most: some, pass: passRedis},
		{name: "cache in Redis", dsn: func(t *testing.T) string { return "cache+redis://" + testserver.Redis(t).Addr() }, most: some, pass: passRedis},
		// memcached does not say when an item ends, so that each request writes.
		{name: "cache in memcached", dsn: func(t *testing.T) string { return "cache+memcached://" + testserver.Memcached(t).Addr() }, most: 1.01},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dsn, cache := tt.dsn(t), ""
			if tt.cache != nil {
				cache = tt.cache(t)
			}
			set, err := djsettings.FromDSN(dsn, &djsettings.DSNOptions{Cache: djsettings.NewSecret(cache)})
			if err != nil {
				t.Fatal(err)
			}
			set.Keys = signer.SecretKey("k")
			clock, writes := time.Now().Truncate(time.Second), 0
			site, err := Open(t.Context(), set, &Options{SessionsOnly: true, Configure: func(in *djsession.Settings) {
				in.SaveEveryRequest, in.TouchAfter, in.CookieAge = true, part, age
				in.Now, in.Logger = func() time.Time { return clock }, slog.New(slog.DiscardHandler)
				in.Observer = func(_ context.Context, e djsession.Event) {
					if slices.Contains([]string{"create", "update", "touch", "delete", "cycle"}, e.Op) {
						writes++
					}
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			defer site.Close()
			h := site.Sessions.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				s, err := djsession.Load(r.Context())
				if err == nil && s.Missing() != nil {
					err = s.Set("n", 1)
				}
				if err != nil {
					t.Error(err)
				}
			}))
			random := rand.New(rand.NewPCG(3, 4))
			key, began := "", 0
			var largest time.Duration
			for range requests {
				gap := time.Duration(random.Int64N(int64(40 * time.Second)))
				if random.IntN(20) == 0 {
					gap += time.Duration(random.Int64N(int64(40 * time.Minute)))
				}
				clock = clock.Add(gap)
				if tt.pass != nil {
					tt.pass(t, dsn, gap)
				}
				r := httptest.NewRequest("GET", "/", nil)
				if key != "" {
					r.AddCookie(&http.Cookie{Name: "sessionid", Value: key})
				}
				rec := httptest.NewRecorder()
				h.ServeHTTP(rec, r)
				for _, c := range rec.Result().Cookies() {
					if c.Value != key {
						key, began = c.Value, began+1
					}
				}
				stored, _, err := site.Sessions.Store().Load(t.Context(), key)
				if err != nil {
					t.Fatal(err)
				}
				if lost := clock.Add(age).Sub(stored.Expires); !stored.Expires.IsZero() {
					largest = max(largest, lost)
					// A Redis measures by a clock of its own.
					if slack := tt.late + time.Second; lost < -slack || tt.pass == nil && lost < -tt.late || lost >= age/20+slack {
						t.Fatalf("the session ends %v earlier than under Django", lost)
					}
				}
			}
			share := float64(writes) / requests
			t.Logf("%.3f writes a request; ends at most %v earlier, of %v", share, largest.Round(time.Second), age)
			if share > tt.most || began != 1 || tt.most > 1 != (share > 0.99) {
				t.Errorf("got %v writes a request, want at most %v; %d sessions, want 1", share, tt.most, began)
			}
		})
	}
}

// passRedis makes every key of a Redis older by d.
func passRedis(t *testing.T, dsn string, d time.Duration) {
	t.Helper()
	opts, err := redis.ParseURL(strings.TrimPrefix(dsn, "cache+"))
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(opts)
	defer c.Close()
	keys, err := c.Keys(t.Context(), "*").Result()
	for _, key := range keys {
		left, wrong := c.PTTL(t.Context(), key).Result()
		err = errors.Join(err, wrong, c.PExpire(t.Context(), key, left-d).Err())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestTouchAfterSealed: a session in a cookie has no store. Each response carries it anew, as
// in Django.
func TestTouchAfterSealed(t *testing.T) {
	set := read(t, "SECRET_KEY = 'x'\nSESSION_ENGINE = 'django.contrib.sessions.backends.signed_cookies'\nSESSION_SAVE_EVERY_REQUEST = True\n", &djsettings.Options{Django: "5.2"})
	site, err := Open(t.Context(), set, &Options{SessionsOnly: true, Configure: func(in *djsession.Settings) { in.TouchAfter = 0.05 }})
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	cookie := ""
	for range 3 {
		r := httptest.NewRequest("GET", "/", nil)
		if cookie != "" {
			r.Header.Set("Cookie", "sessionid="+cookie)
		}
		rec := httptest.NewRecorder()
		site.Sessions.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if s, err := djsession.Load(r.Context()); err != nil {
				t.Error(err)
			} else if !s.Has("n") {
				_ = s.Set("n", 1)
			}
		})).ServeHTTP(rec, r)
		all := rec.Result().Cookies()
		if len(all) != 1 {
			t.Fatalf("got %d cookies, want one", len(all))
		}
		cookie = all[0].Value
	}
}
