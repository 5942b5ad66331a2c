package memcached_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/memcached"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// TestDeadlines sends two thousand calls to a server that stands still. Each ends with its
// context, although the timeout is much longer, and leaves no goroutine behind.
func TestDeadlines(t *testing.T) {
	proxy := testserver.NewProxy(t, testserver.Memcached(t).Addr())
	site := newSite(t, djsession.Settings{})
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	c := newCache(t, site, rendezvous(t, proxy.Addr), &memcached.Options{Timeout: time.Minute, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		w := &watched{Conn: conn, closed: func(w *watched) {
			mu.Lock()
			defer mu.Unlock()
			delete(open, w)
		}}
		open[w] = true
		return w, nil
	}})
	name := prefix + site.NewKey()
	seen, err := c.Add(t.Context(), name, dict("n", 1), site.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	proxy.Stall()
	before := runtime.NumGoroutine()
	begun := time.Now()
	var all sync.WaitGroup
	for i := range 2000 {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			if i%2 == 0 {
				time.AfterFunc(50*time.Millisecond, cancel)
			}
			var err error
			switch i % 3 {
			case 0:
				_, err = c.Get(ctx, name)
			case 1:
				_, err = c.Replace(ctx, name, dict("n", 2), site.Now().Add(time.Hour), seen)
			case 2:
				err = c.Delete(ctx, name, djsession.Force)
			}
			if !errors.Is(err, djsession.ErrUnavailable) || ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
				t.Errorf("got %v, want ErrUnavailable and the end of the context", err)
			}
		})
	}
	all.Wait()
	if d := time.Since(begun); d > 30*time.Second {
		t.Errorf("the calls took %v", d)
	}
	left := func() (goroutines, conns int) {
		mu.Lock()
		defer mu.Unlock()
		return runtime.NumGoroutine() - before, len(open)
	}
	proxy.Break() // so that its own goroutines end
	for range 100 {
		if g, n := left(); g <= 10 && n <= 1 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	g, n := left()
	t.Errorf("%d goroutines and %d connections are left", g, n)
}

// watched is a connection that says when it is closed.
type watched struct {
	net.Conn
	once   sync.Once
	closed func(*watched)
}

func (w *watched) Close() error {
	w.once.Do(func() { w.closed(w) })
	return w.Conn.Close()
}

// interrupting is a connection that calls hook before the first command cas.
type interrupting struct {
	net.Conn
	hook *func()
}

func (c interrupting) Write(b []byte) (int, error) {
	if f := *c.hook; f != nil && bytes.HasPrefix(b, []byte("cas ")) {
		*c.hook = nil
		f()
	}
	return c.Conn.Write(b)
}

// TestRestart: the server restarts between get and cas. It has lost everything, and gives its
// tokens anew: another session has the one that was read. That session stays.
func TestRestart(t *testing.T) {
	servers := testserver.Memcacheds(t, 3)
	old, young := newClient(t, servers[1].Addr()), newClient(t, servers[2].Addr())
	site := newSite(t, djsession.Settings{})
	for doing, do := range map[string]func(c *memcached.Cache, name string, seen djsession.Version) error{
		"Replace": func(c *memcached.Cache, name string, seen djsession.Version) error {
			_, err := c.Replace(t.Context(), name, dict("n", 2), site.Now().Add(time.Hour), seen)
			return err
		},
		"Touch": func(c *memcached.Cache, name string, seen djsession.Version) error {
			_, err := c.Touch(t.Context(), name, site.Now().Add(time.Hour), seen)
			return err
		},
		"Delete": func(c *memcached.Cache, name string, seen djsession.Version) error {
			return c.Delete(t.Context(), name, seen)
		},
	} {
		proxy := testserver.NewProxy(t, servers[1].Addr())
		var hook func()
		dials := 0
		c := newCache(t, site, rendezvous(t, proxy.Addr), &memcached.Options{Timeout: 10 * time.Second, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			dials++
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			return interrupting{conn, &hook}, err
		}})
		name := prefix + site.NewKey()
		key := djcache.Keys{}.Key(name)
		seen, err := c.Add(t.Context(), name, dict("n", 1), site.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		theirs := &memcache.Item{Key: key, Value: []byte("another session"), Flags: 1}
		if err := young.Set(theirs); err != nil {
			t.Fatal(err)
		}
		for { // until both items have one token
			a, err := old.Get(key)
			if err != nil {
				t.Fatal(err)
			}
			b, err := young.Get(key)
			if err != nil {
				t.Fatal(err)
			}
			if a.CasID == b.CasID {
				break
			}
			late, item := old, a
			if b.CasID < a.CasID {
				late, item = young, b
			}
			if err := late.Set(item); err != nil {
				t.Fatal(err)
			}
		}
		hook = func() { proxy.SetTarget(servers[2].Addr()) }
		if err := do(c, name, seen); !errors.Is(err, djsession.ErrUnavailable) {
			t.Errorf("%s: got %v, want ErrUnavailable", doing, err)
		}
		if hook != nil {
			t.Fatal("nothing happened between get and cas")
		}
		if item, err := young.Get(key); err != nil || string(item.Value) != "another session" {
			t.Errorf("%s: the other session is gone (%v)", doing, err)
		}
		// The connections to the old server are gone, and no read fails for it.
		if err := do(c, name, seen); !errors.Is(err, djsession.ErrConflict) {
			t.Errorf("%s after the restart: got %v, want ErrConflict", doing, err)
		}
		if dials != 2 {
			t.Errorf("%s: %d connections were made, want 2", doing, dials)
		}
	}
}

// TestReadsAfterRestart: no read fails because the server has closed the connections.
func TestReadsAfterRestart(t *testing.T) {
	proxy := testserver.NewProxy(t, testserver.Memcached(t).Addr())
	site := newSite(t, djsession.Settings{})
	c := newCache(t, site, rendezvous(t, proxy.Addr), &memcached.Options{Timeout: 10 * time.Second})
	name := prefix + site.NewKey()
	if _, err := c.Add(t.Context(), name, dict("n", 1), site.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	read := func() {
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				if _, err := c.Get(t.Context(), name); err != nil {
					t.Errorf("Get: %v", err)
				}
			})
		}
		all.Wait()
	}
	read()
	proxy.SetTarget(testserver.Memcached(t).Addr())
	read()
}
