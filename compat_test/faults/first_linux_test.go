package faults_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/serializer"
)

var costs = flag.Bool("costs", false, "count the first 1,000 requests of all sites, and print the table")

// A site that TestFirstRequests visits. Unlike those of the matrix, its clients have no
// timeouts, as in Django's documents.
type visited struct {
	name     string
	servers  []string
	settings map[string]any
	// pooler is the mode of a PgBouncer before PostgreSQL, and lines are of its configuration.
	pooler, lines string
	outages       []outage
}

// outage is what happens to a server before the first request.
type outage struct {
	server string
	how    happening
	// refused says that the requests need the server: all are answered by 503.
	refused bool
}

type happening string

const (
	nothing  happening = "nothing"
	restarts happening = "is started again"
	isKilled happening = "is killed and started again"
	isDead   happening = "is dead"
	isFrozen happening = "is frozen"
)

func cacheOf(backend, location string) map[string]any {
	return map[string]any{"default": map[string]any{"BACKEND": backend, "LOCATION": location}}
}

var (
	djangoRedis = cacheOf("django.core.cache.backends.redis.RedisCache", "redis://127.0.0.1:{Redis}/1")
	otherRedis  = cacheOf("django_redis.cache.RedisCache", "redis://127.0.0.1:{Redis}/3")
	pymemcache  = cacheOf("django.core.cache.backends.memcached.PyMemcacheCache", "127.0.0.1:{memcached}")
	behind      = map[string]any{"default": map[string]any{"ENGINE": "django.db.backends.postgresql", "NAME": "postgres", "USER": "postgres",
		"HOST": "127.0.0.1", "PORT": "{PgBouncer}", "OPTIONS": map[string]any{"sslmode": "disable"}}}
)

func comesBack(servers ...string) (all []outage) {
	for _, s := range servers {
		how := restarts
		if s == "PgBouncer" { // which waits for its clients otherwise
			how = isKilled
		}
		all = append(all, outage{server: s, how: how})
	}
	return all
}

func visitedSites() []visited {
	all := []visited{
		{name: "cache: RedisCache", servers: []string{"Redis"}, settings: map[string]any{"SESSION_ENGINE": backends + "cache", "CACHES": djangoRedis},
			outages: append(comesBack("Redis"), outage{"Redis", isDead, true}, outage{"Redis", isFrozen, true})},
		{name: "cache: django-redis", servers: []string{"Redis"}, settings: map[string]any{"SESSION_ENGINE": backends + "cache", "CACHES": otherRedis},
			outages: comesBack("Redis")},
		{name: "redis_sessions", servers: []string{"Redis"}, settings: map[string]any{"SESSION_ENGINE": "redis_sessions.session",
			"SESSION_REDIS": map[string]any{"host": "127.0.0.1", "port": "{Redis}", "db": 2, "prefix": "s"}}, outages: comesBack("Redis")},
		{name: "cached_db: PostgreSQL, Redis", servers: []string{"PostgreSQL", "Redis"},
			settings: map[string]any{"SESSION_ENGINE": backends + "cached_db", "DATABASES": onPostgreSQL, "CACHES": djangoRedis},
			outages:  append(comesBack("Redis", "PostgreSQL"), outage{"Redis", isDead, false}, outage{"Redis", isFrozen, false})},
		{name: "cached_db: PostgreSQL, memcached", servers: []string{"PostgreSQL", "memcached"},
			settings: map[string]any{"SESSION_ENGINE": backends + "cached_db", "DATABASES": onPostgreSQL, "CACHES": pymemcache},
			outages:  append(comesBack("memcached"), outage{"memcached", isDead, false}, outage{"memcached", isFrozen, false})},
		{name: "cache: memcached", servers: []string{"memcached"}, settings: map[string]any{"SESSION_ENGINE": backends + "cache", "CACHES": pymemcache},
			outages: []outage{{"memcached", isDead, true}, {"memcached", isFrozen, true}}},
		{name: "db: PostgreSQL", servers: []string{"PostgreSQL"}, settings: map[string]any{"DATABASES": onPostgreSQL},
			outages: append([]outage{{"PostgreSQL", nothing, false}}, comesBack("PostgreSQL")...)},
		{name: "db: MariaDB", servers: []string{"MariaDB"}, settings: map[string]any{"DATABASES": onMariaDB}, outages: comesBack("MariaDB")},
	}
	for _, p := range []struct{ name, mode, lines string }{
		{"PgBouncer 1.18, transaction", "transaction", ""},
		{"PgBouncer 1.18, statement", "statement", ""},
		{"PgBouncer 1.24, transaction", "transaction", "max_prepared_statements = 200"},
		{"PgBouncer 1.24, transaction, prepares nothing", "transaction", "max_prepared_statements = 0"},
		{"PgBouncer 1.24, statement", "statement", "max_prepared_statements = 0"},
	} {
		all = append(all, visited{name: "db: " + p.name, servers: []string{"PostgreSQL", "PgBouncer"}, pooler: p.mode, lines: p.lines,
			settings: map[string]any{"DATABASES": behind}, outages: append([]outage{{"PgBouncer", nothing, false}}, comesBack("PgBouncer", "PostgreSQL")...)})
	}
	return all
}

// TestFirstRequests counts what fails, and how long it takes, when a server comes back after
// all connections to it have ended, while a cache is dead or frozen, and behind poolers. No
// read fails that the site can answer. make costs prints the table, make faults writes it.
func TestFirstRequests(t *testing.T) {
	firstRequests(t)
}

// firstRequests returns the table: of 1,000 requests, or of 100 to the sites with a Redis. For
// the others there are djsite's TestClosedConnections, TestCopiesFail and TestPgBouncer.
func firstRequests(t *testing.T) string {
	all := *full || *costs
	var table strings.Builder
	table.WriteString("| site | what happens | requests | reads failed | writes failed | half within | 99 % within | longest |\n|---|---|---|---|---|---|---|---|\n")
	for _, v := range visitedSites() {
		if !all && !slices.Contains(v.servers, "Redis") {
			continue
		}
		t.Run(v.name, func(t *testing.T) {
			for _, o := range v.outages {
				t.Run(o.server+" "+string(o.how), func(t *testing.T) {
					n := 1000
					if !all {
						n = 100
					}
					if !all && o.refused {
						n = 16
					}
					f := v.first(t, o, n)
					fmt.Fprintf(&table, "| %s | %s %s | %d | %d | %d | %v | %v | %v |\n", v.name, o.server, o.how,
						len(f.times), f.reads, f.writes, f.at(50), f.at(99), f.at(100))
					if o.refused {
						if f.reads+f.writes != len(f.times) || f.other > 0 {
							t.Errorf("%d reads and %d writes of %d are answered by 503, and %d by another error; want all by 503", f.reads, f.writes, len(f.times), f.other)
						}
						return
					}
					// A write whose connection has ended may be done, and is not tried again.
					if f.reads > 0 || f.other > 0 {
						t.Errorf("of the first %d requests %d reads and %d writes failed, %d not by 503: %v", len(f.times), f.reads, f.writes, f.other, f.last)
					}
				})
			}
		})
	}
	t.Logf("\n%s", &table)
	return table.String()
}

// firsts is what became of the first requests.
type firsts struct {
	mu            sync.Mutex
	reads, writes int // that failed
	other         int // not by 503
	last          error
	times         []time.Duration
}

// at returns the time within which so many in a hundred were answered.
func (f *firsts) at(percent int) time.Duration {
	d := f.times[min(len(f.times)*percent/100, len(f.times)-1)]
	switch {
	case d > time.Second:
		return d.Round(10 * time.Millisecond)
	case d > 10*time.Millisecond:
		return d.Round(time.Millisecond)
	}
	return d.Round(10 * time.Microsecond)
}

// first opens the site, fills its pools, lets it happen, and sends n requests, eight at a
// time. One in ten writes. It stops after half a minute.
func (v visited) first(t *testing.T, o outage, n int) *firsts {
	servers, addrs := map[string]*testserver.Mortal{}, map[string]string{}
	for _, name := range v.servers {
		if name == "PgBouncer" {
			servers[name] = testserver.NewMortalPgBouncer(t, &servers["PostgreSQL"].Server, v.pooler, v.lines)
		} else {
			servers[name] = testserver.NewMortal(t, name)
			tables(t, servers[name], name)
		}
		addrs[name] = servers[name].Addr()
	}
	settings := map[string]any{"SECRET_KEY": secretKey, "USE_TZ": true, "SESSION_ENGINE": backends + "db"}
	for name, value := range v.settings {
		settings[name] = fill(value, addrs)
	}
	set, err := djsettings.FromMap(settings, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := djsite.Open(t.Context(), set, &djsite.Options{SessionsOnly: true, Timeout: time.Minute,
		Configure: func(s *djsession.Settings) { s.Logger = slog.New(slog.NewTextHandler(io.Discard, nil)) }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	keys := make([]string, 50)
	for i := range keys {
		keys[i] = s.Sessions.Site().NewKey()
		if _, err := s.Sessions.Store().Create(t.Context(), keys[i], &djsession.Record{Data: serializer.NewDict(serializer.Item{Key: "n", Value: int64(0)}), Expires: time.Now().Add(24 * time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	// Each of these requests needs a connection of its own.
	server := servers[o.server]
	server.Freeze()
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if _, err := request(t.Context(), s.Sessions, keys[i], i%2 == 0); err != nil {
				t.Errorf("before anything happens: %v", err)
			}
		})
	}
	time.Sleep(100 * time.Millisecond)
	server.Thaw()
	all.Wait()
	time.Sleep(50 * time.Millisecond)

	switch o.how {
	case restarts:
		server.Stop()
		server.Start(t)
	case isKilled:
		server.Kill()
		server.Start(t)
	case isDead:
		server.Kill()
	case isFrozen:
		server.Freeze()
		defer server.Thaw()
	}
	f := new(firsts)
	next := make(chan int)
	for range 8 {
		all.Go(func() {
			for i := range next {
				write := i%10 == 9
				begun := time.Now()
				status, err := request(t.Context(), s.Sessions, keys[i%len(keys)], write)
				took := time.Since(begun)
				f.mu.Lock()
				f.times = append(f.times, took)
				switch {
				case err == nil:
				case write:
					f.writes++
				default:
					f.reads++
				}
				if err != nil {
					if f.last = err; status != http.StatusServiceUnavailable {
						f.other++
					}
				}
				f.mu.Unlock()
			}
		})
	}
	for i, end := 0, time.Now().Add(30*time.Second); i < n && time.Now().Before(end); i++ {
		next <- i
	}
	close(next)
	all.Wait()
	slices.Sort(f.times)
	return f
}

// request sends one request through the middleware. A session that is not known is an error.
func request(ctx context.Context, m *djsession.Manager, key string, write bool) (status int, err error) {
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: "sessionid", Value: key})
	w := httptest.NewRecorder()
	m.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var s *djsession.Session
		if s, err = djsession.Load(r.Context()); err == nil {
			if _, known := s.Get("n"); !known {
				err = fmt.Errorf("the session is not known")
			} else if write {
				err = s.Set("n", time.Now().UnixNano())
			}
		}
		if err != nil {
			w.WriteHeader(djsession.ErrorStatus(err))
		}
	})).ServeHTTP(w, r)
	if err == nil && w.Code != http.StatusOK {
		err = fmt.Errorf("the status is %d", w.Code)
	}
	return w.Code, err
}
