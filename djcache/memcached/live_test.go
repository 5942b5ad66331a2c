package memcached_test

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/memcached"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// ask sends a command to the server and returns the first line of the answer.
func ask(t testing.TB, addr, command string) string {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, command); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// Real Djangos and Go share sessions in both directions.
func TestLive(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		version, backend string
		rule             func(...string) (*memcached.Servers, error)
	}{
		{"3.2", "PyMemcacheCache", memcached.Rendezvous},
		{"4.2", "PyMemcacheCache", memcached.Rendezvous},
		{"6.1", "PyMemcacheCache", memcached.Rendezvous},
		{"3.2", "PyLibMCCache", memcached.Modula},
		{"3.2", "MemcachedCache", memcached.PythonMemcached},
	} {
		t.Run(test.version+" "+test.backend, func(t *testing.T) {
			if testing.Short() && test.version != "6.1" {
				t.Skip("one Django is enough")
			}
			t.Parallel()
			addr := testserver.Memcached(t).Addr()
			d := django.Start(t, django.Site{Version: test.version, Settings: django.Args{
				"CACHES":         django.Args{"default": django.Args{"BACKEND": "django.core.cache.backends.memcached." + test.backend, "LOCATION": []string{addr}}},
				"SESSION_ENGINE": "django.contrib.sessions.backends.cache",
			}})
			servers, err := test.rule(addr)
			if err != nil {
				t.Fatal(err)
			}
			site := newSite(t, djsession.Settings{})
			l := &live{d, site, cachestore.New(newCache(t, site, servers, &memcached.Options{Timeout: 5 * time.Second}), nil)}
			t.Run("from Django", l.fromDjango)
			t.Run("from Go", l.fromGo)
			t.Run("logout", l.logout)
		})
	}
}

type live struct {
	*django.Django
	site  *djsession.Site
	store *cachestore.Store
}

func (l *live) wantDjango(t *testing.T, key, want string) {
	t.Helper()
	if got := l.Load(t, key); got != want {
		t.Errorf("Django reads %s, want %s", got, want)
	}
}

func (l *live) wantSaved(t *testing.T, key string, data django.Args) {
	t.Helper()
	if got := l.Set(t, key, data); got != "saved" {
		t.Errorf("Django's save: got %s", got)
	}
}

func (l *live) fromDjango(t *testing.T) {
	key := l.Create(t, django.Args{"_auth_user_id": "1", "n": 1})
	r, v, err := l.store.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	record := &djsession.Record{Data: r.Data.With("go", true), Expires: l.site.Now().Add(time.Hour)}
	if _, err := l.store.Update(t.Context(), key, record, v); err != nil {
		t.Fatal(err)
	}
	l.wantDjango(t, key, `{"_auth_user_id": "1", "n": 1, "go": true}`)
	// What we read before Django wrote is not written over it.
	_, v, err = l.store.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	l.wantSaved(t, key, django.Args{"n": 2})
	_, err = l.store.Update(t.Context(), key, record, v)
	want(t, "Update", err, djsession.ErrConflict)
	want(t, "Touch", l.store.Touch(t.Context(), key, record.Expires, v), djsession.ErrConflict)
	want(t, "DeleteSeen", l.store.Delete(t.Context(), key, v), djsession.ErrConflict)
	l.wantDjango(t, key, `{"_auth_user_id": "1", "n": 2, "go": true}`)
	// The two sides count the expiry alike, on either side of thirty days.
	for _, days := range []int{1, 29, 31, 400} {
		age := time.Duration(days) * 24 * time.Hour
		var key string
		l.Call(t, "create", django.Args{"data": django.Args{"n": 1}, "expiry": int(age.Seconds())}, &key)
		theirs, err := exptime(t, djcache.Keys{}.Key(prefix+key))
		if err != nil {
			t.Fatal(err)
		}
		_, v, err := l.store.Load(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.store.Touch(t.Context(), key, l.site.Now().Add(age), v); err != nil {
			t.Fatal(err)
		}
		ours, err := exptime(t, djcache.Keys{}.Key(prefix+key))
		if err != nil {
			t.Fatal(err)
		}
		if (theirs - ours).Abs() > 2*time.Second {
			t.Errorf("%d days: Django leaves %v, Go %v", days, theirs, ours)
		}
	}
}

func (l *live) fromGo(t *testing.T) {
	key := l.site.NewKey()
	hour := l.site.Now().Add(time.Hour)
	v, err := l.store.Create(t.Context(), key, &djsession.Record{Data: dict("n", 1, "s", "Zoë \u2028"), Expires: hour})
	if err != nil {
		t.Fatal(err)
	}
	l.wantDjango(t, key, `{"n": 1, "s": "Zo\u00eb \u2028"}`)
	if _, err := l.store.Update(t.Context(), key, &djsession.Record{Data: dict("n", 2), Expires: hour}, v); err != nil {
		t.Fatal(err)
	}
	l.wantSaved(t, key, django.Args{"m": 3})
	r, v, err := l.store.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if m, _ := r.Data.Get("m"); r.Data.Len() != 2 || m != int64(3) {
		t.Errorf("got %d keys and m %v, want 2 and 3", r.Data.Len(), m)
	}
	if err := l.store.Touch(t.Context(), key, l.site.Now().Add(-time.Minute), v); err != nil {
		t.Fatal(err)
	}
	l.wantDjango(t, key, "null")
}

// A logout on one side is one on the other, for those who loaded it before too.
func (l *live) logout(t *testing.T) {
	key := l.Create(t, django.Args{"n": 1})
	r, v, err := l.store.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	l.Delete(t, key)
	for _, seen := range []djsession.Version{v, djsession.Force} {
		_, err := l.store.Update(t.Context(), key, &djsession.Record{Data: r.Data, Expires: l.site.Now().Add(time.Hour)}, seen)
		want(t, "Update after Django's logout", err, djsession.ErrNotFound)
	}
	key = l.Create(t, django.Args{"n": 1})
	_, v, err = l.store.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.store.Delete(t.Context(), key, v); err != nil {
		t.Fatal(err)
	}
	l.wantDjango(t, key, "null")
}
