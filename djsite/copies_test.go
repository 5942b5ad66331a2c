package djsite_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// relay forwards connections to a server that a test cannot stop. Unlike a
// testserver.Proxy it refuses connections while it is dead.
type relay struct {
	addr, target string
	mu           sync.Mutex
	l            net.Listener
	conns        []net.Conn
	frozen       sync.RWMutex // held while it is frozen
}

func newRelay(t *testing.T, target string) *relay {
	t.Helper()
	r := &relay{addr: "127.0.0.1:0", target: target}
	r.live(t)
	r.addr = r.l.Addr().String()
	t.Cleanup(func() { r.die() })
	return r
}

// live listens.
func (r *relay) live(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	r.l = l
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go r.serve(c)
		}
	}()
}

func (r *relay) serve(c net.Conn) {
	defer c.Close()
	s, err := net.Dial("tcp", r.target)
	if err != nil {
		return
	}
	defer s.Close()
	r.mu.Lock()
	r.conns = append(r.conns, c)
	r.mu.Unlock()
	go func() { _, _ = io.Copy(c, s) }()
	buf := make([]byte, 1<<16)
	for {
		n, err := c.Read(buf)
		r.frozen.RLock()
		_, werr := s.Write(buf[:n])
		r.frozen.RUnlock()
		if err != nil || werr != nil {
			return
		}
	}
}

// die closes the listener and all connections.
func (r *relay) die() {
	r.l.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		c.Close()
	}
	r.conns = nil
}

// TestCopiesFail runs a thousand requests while the cache of cached_db is dead or frozen. All
// are answered, and but for the first ones they cost what the row alone costs. With -v it
// prints the times.
func TestCopiesFail(t *testing.T) {
	if testing.Short() {
		t.Skip("runs thousands of requests")
	}
	db := testserver.PostgreSQL(t)
	makeCopies(t, db)
	row := openCopies(t, db, "db", "")
	alone := row.run(t, row.sessions(t), 1000)
	t.Logf("the row alone: %v", alone)
	redis, memcached := testserver.Redis(t), testserver.Memcached(t)
	for name, entry := range map[string]struct{ addr, cache string }{
		"Redis":     {redis.Addr(), "{'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': 'redis://ADDR/1'}"},
		"memcached": {memcached.Addr(), "{'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache', 'LOCATION': 'ADDR'}"},
	} {
		for _, fault := range []string{"dead", "frozen"} {
			t.Run(name+" "+fault, func(t *testing.T) {
				r := newRelay(t, entry.addr)
				s := openCopies(t, db, "cached_db", strings.ReplaceAll(entry.cache, "ADDR", r.addr))
				keys := s.sessions(t)
				before := s.run(t, keys, 1000)
				if fault == "dead" {
					r.die()
				} else {
					r.frozen.Lock()
				}
				during := s.run(t, keys, 1000)
				logout := s.logout(keys[0])
				if fault == "dead" {
					r.live(t)
				} else {
					r.frozen.Unlock()
				}
				begun := time.Now()
				for s.logout(keys[0]) != http.StatusOK {
					if time.Sleep(time.Millisecond); time.Since(begun) > 30*time.Second {
						t.Fatal("30 s after its return the cache is still taken for down")
					}
				}
				back := time.Since(begun)
				after := s.run(t, keys[1:], 1000)
				t.Logf("before: %v\nduring: %v\nafter: %v\nfound back after %v", before, during, after, back.Round(time.Millisecond))
				for _, m := range []measured{before, during, after} {
					if m.errors > 0 {
						t.Errorf("%d requests were not answered", m.errors)
					}
				}
				if logout != http.StatusServiceUnavailable {
					t.Errorf("a logout that could not drop the copy was answered by %d", logout)
				}
				if limit := 10*alone.p50 + 20*time.Millisecond; during.p50 > limit {
					t.Errorf("half of the requests took %v, want less than %v", during.p50, limit)
				}
			})
		}
	}
}

// makeCopies makes the database with the rows, if it is not there.
func makeCopies(t testing.TB, db *testserver.Server) {
	t.Helper()
	made.Do(func() {
		execSQL(t, "pgx", fmt.Sprintf("postgres://%s@%s/postgres?sslmode=disable", db.User, db.Addr()), "CREATE DATABASE copies")
		execSQL(t, "pgx", fmt.Sprintf("postgres://%s@%s/copies?sslmode=disable", db.User, db.Addr()),
			"CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, session_data text NOT NULL, expire_date timestamptz NOT NULL)")
	})
}

var made sync.Once

type copies struct{ *djsite.Site }

func openCopies(t testing.TB, db *testserver.Server, engine, cache string) *copies {
	t.Helper()
	text := fmt.Sprintf("SECRET_KEY = 'k'\nSESSION_ENGINE = 'django.contrib.sessions.backends.%s'\nDATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'copies', 'USER': '%s', 'HOST': '127.0.0.1', 'PORT': %d}}\n", engine, db.User, db.Port)
	if cache != "" {
		text += "CACHES = {'default': " + cache + "}\n"
	}
	set, err := djsettings.Read(strings.NewReader(text), &djsettings.Options{Django: "5.2"})
	if err != nil {
		t.Fatal(err)
	}
	site, err := djsite.Open(t.Context(), set, &djsite.Options{SessionsOnly: true, Configure: func(s *djsession.Settings) { s.Logger = slog.New(slog.DiscardHandler) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { site.Close() })
	return &copies{site}
}

// sessions returns the keys of new sessions.
func (s *copies) sessions(t *testing.T) (keys []string) {
	t.Helper()
	for range 50 {
		keys = append(keys, visit(t, s.Site, "", func(s *djsession.Session) error { return s.Set("n", 1) }))
	}
	return keys
}

// measured are the times of requests.
type measured struct {
	errors         int
	p50, p99, most time.Duration
	slow           int
}

func (m measured) String() string {
	return fmt.Sprintf("%d errors, p50 %v, p99 %v, longest %v, %d over 100 ms", m.errors, m.p50.Round(10*time.Microsecond), m.p99.Round(10*time.Microsecond), m.most.Round(10*time.Microsecond), m.slow)
}

// run sends n requests, eight at a time. One in ten changes its session.
func (s *copies) run(t *testing.T, keys []string, n int) measured {
	t.Helper()
	times, failed := make([]time.Duration, n), atomic.Int32{}
	var next atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				begun := time.Now()
				if s.request(keys[i%len(keys)], func(s *djsession.Session) error {
					if i%10 == 0 {
						return s.Set("n", i)
					}
					return nil
				}) != http.StatusOK {
					failed.Add(1)
				}
				times[i] = time.Since(begun)
			}
		})
	}
	all.Wait()
	slices.Sort(times)
	m := measured{errors: int(failed.Load()), p50: times[n/2], p99: times[n*99/100], most: times[n-1]}
	for _, d := range times {
		if d > 100*time.Millisecond {
			m.slow++
		}
	}
	return m
}

func (s *copies) logout(key string) int {
	return s.request(key, func(s *djsession.Session) error { return s.Flush(context.Background()) })
}

// request returns the status of a request whose view runs do.
func (s *copies) request(key string, do func(*djsession.Session) error) int {
	r := httptest.NewRequest("GET", "/", nil)
	r.AddCookie(&http.Cookie{Name: s.Settings.Sessions.CookieName, Value: key})
	w := httptest.NewRecorder()
	s.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := djsession.Load(r.Context())
		if err == nil {
			err = do(s)
		}
		if err != nil {
			w.WriteHeader(djsession.ErrorStatus(err))
		}
	})).ServeHTTP(w, r)
	return w.Code
}
