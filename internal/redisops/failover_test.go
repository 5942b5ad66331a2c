//go:build unix

package redisops

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsession"
)

// sentinelOf starts a Sentinel for a primary.
func sentinelOf(t *testing.T, primary *process) *process {
	t.Helper()
	port, dir := free(t), t.TempDir()
	text := fmt.Sprintf("port %d\nbind 127.0.0.1\ndir %s\nsentinel monitor mymaster 127.0.0.1 %d 1\nsentinel down-after-milliseconds mymaster 1000\nsentinel failover-timeout mymaster 5000\n", port, dir, primary.port)
	if err := os.WriteFile(filepath.Join(dir, "sentinel.conf"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, dir: dir, port: port, args: []string{"--sentinel"}}
	t.Cleanup(p.kill)
	p.start()
	return p
}

// replicaOf starts a replica, and waits until it has all.
func replicaOf(t *testing.T, primary *process) *process {
	t.Helper()
	p := newProcess(t, "--replicaof", "127.0.0.1", fmt.Sprint(primary.port), "--repl-diskless-sync-delay", "0")
	p.until(func() bool { return strings.Contains(text(p.do(true, "info", "replication")), "master_link_status:up") })
	return p
}

// A planned failover takes back no logout that replicas have confirmed. What it takes back
// of others is in the log of go test -v.
func TestPlannedFailover(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for Sentinels")
	}
	for _, test := range []struct {
		name     string
		replicas int
		plain    bool // the client of go-redis
	}{
		{"client of go-redis", 0, true},
		{"client of this package", 0, false},
		{"a replica confirms", 1, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			primary := newProcess(t, "--repl-diskless-sync-delay", "0")
			replica := replicaOf(t, primary)
			sentinel := sentinelOf(t, primary)
			sentinel.until(func() bool {
				list, _ := sentinel.do(true, "sentinel", "replicas", "mymaster").([]any)
				return len(list) == 1
			})
			time.Sleep(1500 * time.Millisecond) // until the Sentinel has asked the replica
			fo := &redis.FailoverOptions{MasterName: "mymaster", SentinelAddrs: []string{sentinel.addr()}}
			var client redis.UniversalClient
			if test.plain {
				fo.ContextTimeoutEnabled = true
				client = redis.NewFailoverClient(fo)
			} else {
				client = NewFailoverClient(fo)
			}
			defer client.Close()
			o := New(newSite(t), client, Options{Replicas: test.replicas})
			other := redis.NewClient(&redis.Options{Addr: replica.addr()})
			defer other.Close()

			// The sessions are older than the failover, and the replica has them.
			const writers, each = 4, 2000
			name := func(w, i int) string { return fmt.Sprintf("s%d-%d", w, i) }
			fill := redis.NewClient(&redis.Options{Addr: primary.addr()})
			pipe := fill.Pipeline()
			for w := range writers {
				for i := range each {
					pipe.Set(ctx, name(w, i), "a session", time.Hour)
				}
			}
			pipe.Do(ctx, "wait", 1, 10_000)
			if _, err := pipe.Exec(ctx); err != nil {
				t.Fatal(err)
			}
			fill.Close()

			var (
				mu      sync.Mutex
				acked   []string
				failed  atomic.Int64
				longest atomic.Int64
				wg      sync.WaitGroup
				stop    = make(chan struct{})
			)
			for w := range writers {
				wg.Go(func() {
					for i := range each {
						select {
						case <-stop:
							return
						case <-time.After(4 * time.Millisecond):
						}
						key := name(w, i)
						ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
						began := time.Now()
						err := o.Delete(ctx, doing, key, djsession.Force)
						cancel()
						if took := int64(time.Since(began)); took > longest.Load() {
							longest.Store(took)
						}
						if err != nil {
							failed.Add(1)
							continue
						}
						mu.Lock()
						acked = append(acked, key)
						mu.Unlock()
					}
				})
			}
			time.Sleep(time.Second)
			sentinel.do(true, "sentinel", "failover", "mymaster")
			replica.until(func() bool { return strings.Contains(text(replica.do(false, "info", "replication")), "role:master") })
			time.Sleep(4 * time.Second)
			close(stop)
			wg.Wait()
			lost := 0
			for _, key := range acked {
				if n, err := other.Exists(ctx, key).Result(); err != nil {
					t.Fatal(err)
				} else if n == 1 {
					lost++
				}
			}
			t.Logf("%s: %d logouts acknowledged, %d taken back, %d failed, the longest took %v", test.name, len(acked), lost, failed.Load(), time.Duration(longest.Load()).Round(time.Millisecond))
			if len(acked) < 100 {
				t.Errorf("only %d logouts were acknowledged", len(acked))
			}
			if test.replicas > 0 && lost > 0 {
				t.Errorf("%d of %d logouts were taken back", lost, len(acked))
			}
		})
	}
}

// With a Sentinel that is gone, and with a name that it does not know, the error says so.
func TestSentinelWhy(t *testing.T) {
	quiet(t)
	primary := newProcess(t)
	sentinel := sentinelOf(t, primary)
	get := func(name string) error {
		c := NewFailoverClient(&redis.FailoverOptions{MasterName: name, SentinelAddrs: []string{sentinel.addr()}})
		defer c.Close()
		_, err := New(newSite(t), c, Options{Once: true}).Get(t.Context(), doing, "k")
		return err
	}
	if err := get("mymaster"); !errors.Is(err, djsession.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	if err := get("another"); !errors.Is(err, djsession.ErrUnavailable) || !strings.Contains(err.Error(), "know no primary") {
		t.Errorf("another name: got %v", err)
	}
	sentinel.kill()
	if err := get("mymaster"); !errors.Is(err, djsession.ErrUnavailable) || !strings.Contains(err.Error(), "nobody listens") {
		t.Errorf("no Sentinel: got %v", err)
	}
}
