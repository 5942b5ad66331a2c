package redisops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/redisops/redistest"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/signer"
)

func TestMain(m *testing.M) { os.Exit(testserver.Run(m)) }

var now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func newSite(t testing.TB) *djsession.Site {
	t.Helper()
	site, err := djsession.NewSite(djsession.Settings{
		Keys: signer.SecretKey("redisops-test"), Now: func() time.Time { return now },
		Limits: djsession.Limits{Payload: 100_000},
	})
	if err != nil {
		t.Fatal(err)
	}
	return site
}

const doing = "test"

func TestLife(t *testing.T) {
	o := New(newSite(t), nil, Options{})
	for _, test := range []struct {
		why     string
		expires time.Time
		ms      string
		ok      bool
	}{
		{"an hour", now.Add(time.Hour), "3600000", true},
		{"a microsecond is a whole millisecond", now.Add(time.Microsecond), "1", true},
		{"a little more than one is two", now.Add(time.Millisecond + time.Microsecond), "2", true},
		{"exactly one", now.Add(time.Millisecond), "1", true},
		{"what is finer than a microsecond is dropped", now.Add(999 * time.Nanosecond), "0", false},
		{"now is over", now, "0", false},
		{"long over", now.Add(-time.Hour), "", false},
		{"no moment at all", time.Time{}, "", false},
		{"further than a Duration", time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), "251629613633000", true},
		{"further than Redis", time.Date(290000, 1, 1, 0, 0, 0, 0, time.UTC), "9007199254740992", true},
	} {
		ms, ok := o.life(test.expires)
		if ok != test.ok || ok && ms != test.ms {
			t.Errorf("%s: got %s, %v, want %s, %v", test.why, ms, ok, test.ms, test.ok)
		}
	}
}

// A write whose answer was lost is not sent again, where it would say that
// somebody else was faster.
func TestLostAnswer(t *testing.T) {
	ctx := t.Context()
	rig := redistest.Single(t)
	var deaf atomic.Bool
	client := redis.NewClient(&redis.Options{
		Addr: rig.Other.(*redis.Client).Options().Addr,
		Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
			var d net.Dialer
			c, err := d.DialContext(ctx, network, addr)
			return &deafConn{c, &deaf}, err
		},
	})
	defer client.Close()
	o := New(newSite(t), client, Options{})
	later := now.Add(time.Hour)
	seen := djsession.VersionOf("one")
	for _, test := range []struct {
		name  string
		there string
		run   func() error
		want  string
	}{
		{"Add", "", func() error { return o.Add(ctx, doing, "k", "two", later) }, "two"},
		{"Replace", "one", func() error { return o.Replace(ctx, doing, "k", "two", later, seen) }, "two"},
		{"forced Replace", "one", func() error { return o.Replace(ctx, doing, "k", "two", later, djsession.Force) }, "two"},
		{"Delete", "one", func() error { return o.Delete(ctx, doing, "k", djsession.Force) }, ""},
		{"Delete seen", "one", func() error { return o.Delete(ctx, doing, "k", seen) }, ""},
		{"Touch", "one", func() error { return o.Touch(ctx, doing, "k", later, seen) }, "one"},
	} {
		rig.Flush(t)
		if test.there != "" {
			rig.Plant(t, "k", test.there, time.Now().Add(time.Hour))
		}
		// What the server has and the scripts are known, so that the first answer is that of
		// the operation.
		if _, err := o.Probe(ctx, doing, "other"); err != nil {
			t.Fatal(err)
		}
		for _, s := range []script{scriptReplace, scriptTouch, scriptDelete} {
			if err := rig.Other.ScriptLoad(ctx, s.source).Err(); err != nil {
				t.Fatal(err)
			}
		}
		if err := client.Ping(ctx).Err(); err != nil {
			t.Fatal(err)
		}
		deaf.Store(true)
		err := test.run()
		if !errors.Is(err, djsession.ErrUnavailable) || errors.Is(err, djsession.ErrNotFound) {
			t.Errorf("%s: got error %v, want ErrUnavailable", test.name, err)
		}
		deaf.Store(false)
		if got, _ := rig.Stored(t, "k"); got != test.want {
			t.Errorf("%s: %q is stored, want %q: the server never saw it", test.name, got, test.want)
		}
	}
}

// deafConn loses what it reads while it is deaf, and is then closed.
type deafConn struct {
	net.Conn
	deaf *atomic.Bool
}

func (c *deafConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.deaf.CompareAndSwap(true, false) {
		c.Close()
		return 0, io.EOF
	}
	return n, err
}

// What a server has refused it is asked again, for it may be about to be the primary.
func TestRefused(t *testing.T) {
	ctx := t.Context()
	rig := redistest.Several(t, 2)[1]
	o := New(newSite(t), rig.Client, Options{})
	replica := func(host, port string) {
		if err := rig.Other.SlaveOf(ctx, host, port).Err(); err != nil {
			t.Fatal(err)
		}
	}
	replica("127.0.0.1", "1") // nobody is there
	defer replica("NO", "ONE")
	err := o.Add(ctx, doing, "k", "text", now.Add(time.Hour))
	if !errors.Is(err, djsession.ErrUnavailable) || !strings.Contains(err.Error(), "replica") {
		t.Errorf("Add: got error %v, want ErrUnavailable that says why", err)
	}
	refused := 0
	rig.Client.AddHook(afterwards(func(err error) {
		if says(err, "READONLY") {
			if refused++; refused == 2 {
				if err := rig.Other.SlaveOf(ctx, "NO", "ONE").Err(); err != nil {
					t.Error(err)
				}
			}
		}
	}))
	if err := o.Add(ctx, doing, "k", "text", now.Add(time.Hour)); err != nil || refused != 2 {
		t.Errorf("Add, while it becomes the primary: %v, refused %d times", err, refused)
	}
}

// afterwards is called with what became of each command.
type afterwards func(err error)

func (f afterwards) DialHook(next redis.DialHook) redis.DialHook { return next }

func (f afterwards) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		f(err)
		return err
	}
}

func (f afterwards) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// answer is an error of a server.
type answer string

func (a answer) Error() string { return string(a) }
func (answer) RedisError()     {}

func TestErrors(t *testing.T) {
	ctx := context.Background()
	for _, test := range []struct {
		text string
		want error
		says string
		ask  bool // again
	}{
		{"WRONGTYPE Operation against a key holding the wrong kind of value canary", djsession.ErrCorrupt, "holds no text", false},
		{"ERR Error running script (call to f_1): @user_script:2: WRONGTYPE Operation against canary", djsession.ErrCorrupt, "holds no text", false},
		{"READONLY You can't write against a read only replica.", djsession.ErrUnavailable, "is a replica", true},
		{"ERR Error running script (call to f_1): @user_script:4: @user_script: 4: -READONLY You can't write", djsession.ErrUnavailable, "is a replica", true},
		{"LOADING Redis is loading the dataset in memory", djsession.ErrUnavailable, "loading", true},
		{"CLUSTERDOWN Hash slot not served", djsession.ErrUnavailable, "cluster is down", true},
		{"MASTERDOWN Link with MASTER is down", djsession.ErrUnavailable, "without its primary", true},
		{"TRYAGAIN Multiple keys request during rehashing of slot", djsession.ErrUnavailable, "", true},
		{"OOM command not allowed when used memory > 'maxmemory'.", djsession.ErrUnavailable, "memory is full", false},
		{"NOAUTH Authentication required.", djsession.ErrUnavailable, "password", false},
		{"NOPERM this user has no permissions to access 'canary'", djsession.ErrUnavailable, "may not", false},
		{"MOVED 1234 127.0.0.1:1", djsession.ErrUnavailable, "is a cluster", false},
		{"ERR unknown command 'canary'", djsession.ErrUnavailable, "", false},
		{"ERRand canary", djsession.ErrUnavailable, "", false},
	} {
		cause := answer(test.text)
		err := fail(ctx, doing, fmt.Errorf("wrapped: %w", cause))
		var got answer
		if !errors.Is(err, test.want) || !errors.As(err, &got) || got != cause {
			t.Errorf("%s: got %v, want %v with its cause", test.text, err, test.want)
		}
		if text := err.Error(); !strings.Contains(text, test.says) || strings.Contains(text, "canary") {
			t.Errorf("%s: got the text %q, want one with %q and no word of the server", test.text, text, test.says)
		}
		if got := refused(cause); got != test.ask {
			t.Errorf("%s: refused is %v, want %v", test.text, got, test.ask)
		}
	}
	if refused(io.EOF) || refused(context.DeadlineExceeded) || !refused(redis.ErrPoolTimeout) {
		t.Error("what may have been done counts as refused, or the reverse")
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := fail(ended, doing, io.EOF); !errors.Is(err, context.Canceled) || !errors.Is(err, io.EOF) || !errors.Is(err, djsession.ErrUnavailable) {
		t.Errorf("with a context that has ended: got %v, want all three", err)
	}
	if fail(ended, doing, nil) != nil {
		t.Error("no error became one")
	}
}

// The walk is in the order of the keys, through windows smaller than what there
// is, and goes on after any key.
func TestScan(t *testing.T) {
	for _, test := range []struct {
		name string
		rig  func(testing.TB) *redistest.Rig
	}{{"single", redistest.Single}, {"cluster", redistest.Cluster}, {"ring", redistest.Ring}} {
		t.Run(test.name, func(t *testing.T) {
			ctx := t.Context()
			rig := test.rig(t)
			o := New(newSite(t), rig.Client, Options{})
			var want []string
			for i := range 57 {
				key := fmt.Sprintf("p[*]:%08d", i*i*7919%100_000)
				want = append(want, key)
				rig.Plant(t, key, strings.Repeat("x", i*3000), time.Now().Add(time.Hour)) // some are over the limit
				rig.Plant(t, "pp:"+key, "another prefix, which the pattern must not match", time.Now().Add(time.Hour))
			}
			rig.Plant(t, "p[*]:left out", "", time.Now().Add(time.Hour))
			slices.Sort(want)
			keep := func(key string) bool { return !strings.HasSuffix(key, "out") }
			for _, size := range []int{1, 5, 56, 57, 1000} {
				var got []string
				large := 0
				for page, err := range o.scan(ctx, doing, "p[*]:", "", keep, size) {
					if err != nil {
						t.Fatalf("window of %d: %v", size, err)
					}
					for _, f := range page {
						if f.Err == nil && f.Size != len(f.Text) || (f.Err != nil) != (f.Size > 100_000) {
							t.Errorf("got %d bytes of %d, and Err %v", len(f.Text), f.Size, f.Err)
						}
						if f.Err != nil {
							large++
						}
						got = append(got, f.Key)
					}
				}
				if !slices.Equal(got, want) || large != 23 {
					t.Errorf("window of %d: got %d keys, %d too large, want %d sorted ones and 23", size, len(got), large, len(want))
				}
			}
			walked := map[string]int{}
			for page, err := range o.Walk(ctx, doing, "p[*]:", keep) {
				if err != nil {
					t.Fatalf("Walk: %v", err)
				}
				for _, f := range page {
					walked[f.Key]++
				}
			}
			if !slices.Equal(slices.Sorted(maps.Keys(walked)), want) {
				t.Errorf("Walk: got %d keys, want %d", len(walked), len(want))
			}
			for i, key := range want {
				var got []string
				for page := range o.scan(ctx, doing, "p[*]:", key, keep, 10) {
					for _, f := range page {
						got = append(got, f.Key)
					}
				}
				if !slices.Equal(got, want[i+1:]) {
					t.Fatalf("after key %d: got %d keys, want %d", i, len(got), len(want[i+1:]))
				}
			}
		})
	}
}

func TestEscape(t *testing.T) {
	rig := redistest.Single(t)
	for _, prefix := range []string{`a*b`, `a?b`, `a[b]c`, `a[^b]`, `a\b`, `a\`, `[`, `a-b`, "a\nb", "é"} {
		rig.Flush(t)
		rig.Plant(t, prefix+"x", "", time.Now().Add(time.Hour))
		keys, err := rig.Other.Keys(t.Context(), escape(prefix)+"*").Result()
		if err != nil || len(keys) != 1 {
			t.Errorf("%q: got %q, %v, want the one key", prefix, keys, err)
		}
	}
}

// Whoever gives up is let go at once, however long the client itself would wait.
func TestStalled(t *testing.T) {
	rig := redistest.Single(t)
	addr := testserver.NewProxy(t, rig.Other.(*redis.Client).Options().Addr)
	client := redis.NewClient(&redis.Options{Addr: addr.Addr, ReadTimeout: time.Hour})
	defer client.Close()
	o := New(newSite(t), client, Options{})
	if err := o.Set(t.Context(), doing, "k", "text", now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	addr.Stall()
	defer addr.Mend()
	for name, run := range map[string]func(ctx context.Context) error{
		"Get": func(ctx context.Context) error { _, err := o.Get(ctx, doing, "k"); return err },
		"Set": func(ctx context.Context) error { return o.Set(ctx, doing, "k", "text", now.Add(time.Hour)) },
		"Scan": func(ctx context.Context) error {
			for _, err := range o.Scan(ctx, doing, "", "", func(string) bool { return true }) {
				return err
			}
			return nil
		},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		done := make(chan error, 1)
		go func() { done <- run(ctx) }()
		select {
		case err := <-done:
			if !errors.Is(err, context.Canceled) || !errors.Is(err, djsession.ErrUnavailable) {
				t.Errorf("%s: got error %v, want one that is Canceled and ErrUnavailable", name, err)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: has not returned", name)
		}
	}
}
