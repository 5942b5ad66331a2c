package djsite_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/serializer"
)

// TestShardsFail opens a cache of several servers while one of them is dead. The sessions of
// the others are there, and those of the dead one are unavailable until it is back.
func TestShardsFail(t *testing.T) {
	redis, memcached := testserver.Redis(t), testserver.Memcached(t)
	for name, test := range map[string]struct{ addr, cache string }{
		"Redis":     {redis.Addr(), "{'BACKEND': 'django_redis.cache.RedisCache', 'OPTIONS': {'CLIENT_CLASS': 'django_redis.client.ShardClient'}, 'LOCATION': ['redis://%s/11', 'redis://%s/12']}"},
		"memcached": {memcached.Addr(), "{'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache', 'LOCATION': ['%s', '%s']}"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRelay(t, test.addr)
			r.die()
			open := func(first, second string) (*djsite.Site, error) {
				set, err := djsettings.Read(strings.NewReader("SECRET_KEY = 'k'\nSESSION_ENGINE = 'django.contrib.sessions.backends.cache'\nCACHES = {'default': "+fmt.Sprintf(test.cache, first, second)+"}\n"),
					&djsettings.Options{Django: "5.2"})
				if err != nil {
					t.Fatal(err)
				}
				return djsite.Open(t.Context(), set, &djsite.Options{SessionsOnly: true, Configure: func(s *djsession.Settings) { s.Logger = slog.New(slog.DiscardHandler) }})
			}
			nobody := newRelay(t, test.addr)
			nobody.die()
			if _, err := open(nobody.addr, r.addr); !errors.Is(err, djsite.ErrUnavailable) {
				t.Errorf("with no server: got error %v, want ErrUnavailable", err)
			}
			site, err := open(test.addr, r.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer site.Close()
			if text := fmt.Sprint(site.Warnings); !strings.Contains(text, "server 2 of 2 cannot be reached") || strings.Contains(text, "server 1") {
				t.Errorf("got the Warnings %s", text)
			}
			s := &copies{site}
			try := func() (ok, unavailable int) {
				for range 40 {
					begun := time.Now()
					key := site.Sessions.Site().NewKey()
					if _, err := site.Sessions.Store().Create(t.Context(), key, &djsession.Record{Data: new(serializer.Dict).With("n", int64(1)), Expires: time.Now().Add(time.Hour)}); err == nil {
						if status := s.request(key, func(*djsession.Session) error { return nil }); status != http.StatusOK {
							t.Errorf("a session that is there is answered by %d", status)
						}
						ok++
					} else if errors.Is(err, djsession.ErrUnavailable) {
						if status := s.request(key, func(*djsession.Session) error { return nil }); status != http.StatusServiceUnavailable {
							t.Errorf("a session of the dead server is answered by %d", status)
						}
						unavailable++
					} else {
						t.Error(err)
					}
					if took := time.Since(begun); took > 10*time.Second {
						t.Errorf("a request took %v", took)
					}
				}
				return ok, unavailable
			}
			if ok, unavailable := try(); ok == 0 || unavailable == 0 {
				t.Errorf("one server is dead: %d sessions are there, %d unavailable", ok, unavailable)
			}
			r.live(t)
			if _, unavailable := try(); unavailable > 0 {
				t.Errorf("the server is back: %d sessions are unavailable", unavailable)
			}
		})
	}
}

// A Redis that has the sessions and does not answer: the bound is that of the site's own
// client, else two seconds, and a black hole is dialled once.
func TestRedisTimeouts(t *testing.T) {
	redis := testserver.Redis(t)
	for options, most := range map[string]time.Duration{
		"{}":                      djsite.RedisTimeout,
		"{'socket_timeout': 0.2}": 200 * time.Millisecond,
	} {
		for _, engine := range []string{"cache", "redis_sessions"} {
			if engine == "redis_sessions" && options != "{}" {
				continue
			}
			t.Run(engine+options, func(t *testing.T) {
				r := newRelay(t, redis.Addr())
				host, port, _ := net.SplitHostPort(r.addr)
				text := fmt.Sprintf("SECRET_KEY = 'k'\nSESSION_ENGINE = 'django.contrib.sessions.backends.cache'\nCACHES = {'default': {'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': 'redis://%s/1', 'OPTIONS': %s}}\n", r.addr, options)
				if engine == "redis_sessions" {
					text = fmt.Sprintf("SECRET_KEY = 'k'\nSESSION_ENGINE = 'redis_sessions.session'\nSESSION_REDIS = {'host': '%s', 'port': %s}\n", host, port)
				}
				set, err := djsettings.Read(strings.NewReader(text), &djsettings.Options{Django: "5.2"})
				if err != nil {
					t.Fatal(err)
				}
				site, err := djsite.Open(t.Context(), set, &djsite.Options{SessionsOnly: true, Configure: func(s *djsession.Settings) { s.Logger = slog.New(slog.DiscardHandler) }})
				if err != nil {
					t.Fatal(err)
				}
				defer site.Close()
				r.frozen.Lock()
				begun := time.Now()
				status := (&copies{site}).request(site.Sessions.Site().NewKey(), func(*djsession.Session) error { return nil })
				took := time.Since(begun)
				r.frozen.Unlock()
				if status != http.StatusServiceUnavailable || took < most/2 || took > most+2*time.Second {
					t.Errorf("the answer is %d after %v, want 503 after %v", status, took, most)
				}
			})
		}
	}
}
