// Package fleet_test has a site with many sessions, half of them made by a real Django, and
// counts them and logs a user out everywhere while others log in. `make fleet` does it with a
// million on a quiet machine, and writes the table of docs/fleet.md.
package fleet_test

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/census"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

var (
	sessions = flag.Int("sessions", 4000, "how many sessions TestFleet makes; 1000000 is the measurement")
	only     = flag.String("engine", "", "the engine that TestFleet takes; default all")
	table    = flag.String("write", "", "the page whose table gets the results")
)

//go:embed fleet.py
var code string

func TestMain(m *testing.M) { os.Exit(testserver.Run(m)) }

// hers is how many sessions the user has on each side, Go and Django.
const hers = 50

// engine is where the sessions are.
type engine struct {
	name string
	open func(t *testing.T) (dsn string, settings django.Args)
}

var engines = []engine{
	{"PostgreSQL", func(t *testing.T) (string, django.Args) {
		s := testserver.PostgreSQL(t)
		return fmt.Sprintf("postgres://%s@%s/postgres?sslmode=disable", s.User, s.Addr()), django.Args{
			"SESSION_ENGINE": "django.contrib.sessions.backends.db",
			"DATABASES":      django.Databases("postgresql", "NAME=postgres", "HOST="+s.Host, fmt.Sprintf("PORT=%d", s.Port), "USER="+s.User),
		}
	}},
	{"redis_sessions", func(t *testing.T) (string, django.Args) {
		s := testserver.Redis(t)
		return fmt.Sprintf("redis://%s/1", s.Addr()), django.Args{
			"SESSION_ENGINE": "redis_sessions.session",
			"SESSION_REDIS":  django.Args{"host": s.Host, "port": s.Port, "db": 1, "socket_timeout": 60},
		}
	}},
	{"RedisCache", func(t *testing.T) (string, django.Args) {
		s := testserver.Redis(t)
		return fmt.Sprintf("cache+redis://%s/2", s.Addr()), django.Args{
			"SESSION_ENGINE": "django.contrib.sessions.backends.cache",
			"CACHES":         django.Args{"default": django.Args{"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": fmt.Sprintf("redis://%s/2", s.Addr())}},
		}
	}},
}

// ids are users of whom only the ids are known.
type ids struct{ site *djsession.Site }

func (u ids) Site() *djsession.Site { return u.site }
func (ids) IDKind() djauth.IDKind   { return djauth.IntegerID }
func (ids) ByID(context.Context, string) (*djauth.Account, error) {
	return nil, djauth.ErrNoUser
}
func (ids) ByName(context.Context, string) (*djauth.Account, error) {
	return nil, djauth.ErrNoUser
}

// fleet is a site with many sessions.
type fleet struct {
	t      *testing.T
	dj     *django.Django
	dsn    string
	site   *djsite.Site
	auth   *djauth.Auth
	hers   []string // keys of user 1
	others []string // some keys of other users
	logins int64    // sessions with one, at the start
}

// TestFleet counts the sessions and logs user 1 out of all of them, while Go and Django log
// others in, and keys are cycled: each of the user's once at most. Then Django looks at all.
func TestFleet(t *testing.T) {
	for _, e := range engines {
		if *only != "" && *only != e.name {
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			f := open(t, e)
			f.fill()
			signed := f.site.Engine().Signed
			var row []string
			row = append(row, e.name, fmt.Sprint(*sessions))

			// Alone.
			f.measure(&row, func() {
				found, err := f.auth.Sessions(t.Context(), "1")
				if err != nil || len(found) != len(f.hers) {
					t.Fatalf("Sessions: got %d, %v, want %d", len(found), err, len(f.hers))
				}
			})
			var c *census.Census
			count := func() {
				var err error
				if c, err = census.Take(t.Context(), f.site, nil); err != nil {
					t.Fatal(err)
				}
			}
			f.measure(&row, count)
			n := int64(*sessions)
			if c.Live.Sessions != n || c.Live.Logins != f.logins || c.Seen != n {
				t.Errorf("census: got %+v of %d, want %d with %d logins", c.Live, c.Seen, n, f.logins)
			}
			if signed && (c.Keys[0].Sessions != n/2 || c.Keys[1].Sessions != n/2 || c.Formats[census.Current].Sessions != n) {
				t.Errorf("census: got the keys %+v, want one half each", c.Keys)
			}

			// Beside logins and cycles.
			others := f.disturb()
			count()
			if made := others.logins.Load(); c.Live.Sessions < n-others.cycles.Load() || c.Live.Sessions > n+made+others.cycles.Load() {
				t.Errorf("census beside %d logins: got %d", made, c.Live.Sessions)
			}
			hersCycled := f.cycleHers()
			ended := int64(0)
			f.measure(&row, func() {
				var err error
				if ended, err = f.auth.EndSessions(t.Context(), "1"); err != nil {
					t.Errorf("EndSessions: %v", err)
				}
			})
			cycled := hersCycled()
			others.end()
			if ended < int64(len(f.hers)) || ended > int64(2*len(f.hers)) {
				t.Errorf("EndSessions: got %d, want %d", ended, len(f.hers))
			}

			// Everything, by Django.
			missed, all := f.count()
			made := others.logins.Load()
			if want := n - int64(len(f.hers)) + made; missed != 0 || all != want {
				t.Errorf("Django finds %d sessions of user 1, and %d in all, want 0 and %d", missed, all, want)
			}
			row = append(row, fmt.Sprint(ended), fmt.Sprintf("%d and %d", cycled, others.cycles.Load()), fmt.Sprint(made), fmt.Sprint(missed))
			t.Logf("| %s |", strings.Join(row, " | "))
			if *table != "" && !t.Failed() {
				writeRow(t, *table, row)
			}
		})
	}
}

func open(t *testing.T, e engine) *fleet {
	t.Helper()
	dsn, settings := e.open(t)
	settings["INSTALLED_APPS"] = []string{"django.contrib.contenttypes", "django.contrib.sessions"}
	settings["SECRET_KEY"], settings["SECRET_KEY_FALLBACKS"] = "old", []string{"new"}
	f := &fleet{t: t, dsn: dsn, dj: django.Start(t, django.Site{Version: "5.2", Settings: settings, Code: code})}
	if e.name == "PostgreSQL" {
		f.dj.Call(t, "sql", django.Args{"statement": `CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, session_data text NOT NULL, expire_date timestamptz NOT NULL)`}, nil)
	}
	set, err := djsettings.FromDSN(dsn, nil)
	if err != nil {
		t.Fatal(err)
	}
	set.Keys = signer.SecretKey("new", "old")
	if f.site, err = djsite.Open(t.Context(), set, &djsite.Options{SessionsOnly: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.site.Close(); err != nil {
			t.Error(err)
		}
	})
	if f.auth, err = djauth.New(f.site.Sessions, ids{f.site.Sessions.Site()}, nil, nil); err != nil {
		t.Fatal(err)
	}
	return f
}

// session is what a session of Go's holds.
func session(i, user int) *serializer.Dict {
	d := serializer.NewDict(serializer.Item{Key: "cart", Value: serializer.RawJSON(`[{"id": 17, "n": 2}, {"id": 4711, "n": 1}]`)},
		serializer.Item{Key: "seen", Value: strings.Repeat("x", i%200)})
	if user > 0 {
		d = d.With(djauth.SessionKey, fmt.Sprint(user)).With(djauth.BackendSessionKey, djauth.ModelBackend).
			With(djauth.HashSessionKey, "d1f2c3b4a5968778695a4b3c2d1e0f1122334455667788990011aabbccddeeff")
	}
	return d
}

// most is how many sessions a command of Django works on: it may take some seconds.
const most = 100_000

// count lets Django look at all sessions, and returns how many are user 1's.
func (f *fleet) count() (theirs, all int64) {
	f.t.Helper()
	f.dj.Call(f.t, "names", nil, &all)
	for begin := int64(0); begin < all; begin += most {
		var n int64
		f.dj.Call(f.t, "count", django.Args{"begin": begin, "end": begin + most}, &n)
		theirs += n
	}
	return theirs, all
}

// fill makes one half of the sessions by Django, and the other by Go.
func (f *fleet) fill() {
	f.t.Helper()
	half := *sessions / 2
	start := time.Now()
	for begin := 0; begin < half; begin += most {
		n := min(half-begin, most)
		var made struct {
			Hers   []string
			Logins int64
		}
		f.dj.Call(f.t, "fill", django.Args{"count": n, "hers": hers * n / half}, &made)
		f.hers, f.logins = append(f.hers, made.Hers...), f.logins+made.Logins
	}
	f.t.Logf("Django made %d sessions in %v", half, time.Since(start).Round(time.Second))

	start = time.Now()
	site, every := f.site.Sessions.Site(), half/hers
	keys, dicts := make([]string, half), make([]*serializer.Dict, half)
	for i := range half {
		keys[i] = site.NewKey()
		user := 0
		switch {
		case i%every == 0 && i/every < hers:
			user = 1
			f.hers = append(f.hers, keys[i])
		case i%3000%3 > 0:
			user = 2 + i%3000%1000
		}
		if user > 1 && len(f.others) < 5000 {
			f.others = append(f.others, keys[i])
		}
		if user > 0 {
			f.logins++
		}
		dicts[i] = session(i%3000, user)
	}
	f.create(keys, dicts, time.Now().Add(240*time.Hour))
	f.t.Logf("Go made as many in %v", time.Since(start).Round(time.Second))
}

// create stores the sessions: into PostgreSQL by COPY, elsewhere one by one.
func (f *fleet) create(keys []string, dicts []*serializer.Dict, ends time.Time) {
	f.t.Helper()
	ctx := f.t.Context()
	if strings.HasPrefix(f.dsn, "postgres:") {
		conn, err := pgx.Connect(ctx, f.dsn)
		if err != nil {
			f.t.Fatal(err)
		}
		defer conn.Close(ctx)
		_, err = conn.CopyFrom(ctx, pgx.Identifier{"django_session"}, []string{"session_key", "session_data", "expire_date"},
			pgx.CopyFromSlice(len(keys), func(i int) ([]any, error) {
				text, err := f.site.Sessions.Site().Encode(dicts[i])
				return []any{keys[i], text, ends}, err
			}))
		if err == nil {
			_, err = conn.Exec(ctx, "VACUUM ANALYZE django_session")
		}
		if err != nil {
			f.t.Fatal(err)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(keys)); i = next.Add(1) - 1 {
				if _, err := f.site.Sessions.Store().Create(ctx, keys[i], &djsession.Record{Data: dicts[i], Expires: ends}); err != nil {
					f.t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// measure adds the time, the CPU time of this process and the largest heap to row.
func (f *fleet) measure(row *[]string, work func()) {
	runtime.GC()
	watch := heapPeak()
	start, cpu := time.Now(), cpuTime(f.t)
	work()
	took, used := time.Since(start), cpuTime(f.t)-cpu
	result := fmt.Sprintf("%.1f s, %.1f s CPU, %d MB", took.Seconds(), used.Seconds(), watch()>>20)
	f.t.Log(result)
	*row = append(*row, result)
}

// disturbers log users in and cycle keys of others until end is called.
type disturbers struct {
	logins, cycles atomic.Int64
	end            func()
}

func (f *fleet) disturb() *disturbers {
	d := new(disturbers)
	ctx := f.t.Context()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	loop := func(pause time.Duration, work func(i int) error) {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				case <-time.After(pause):
				}
				if err := work(i); err != nil {
					f.t.Error(err)
					return
				}
			}
		})
	}
	site, store := f.site.Sessions.Site(), f.site.Sessions.Store()
	loop(2*time.Millisecond, func(i int) error {
		d.logins.Add(1)
		_, err := store.Create(ctx, site.NewKey(), &djsession.Record{Data: session(i, 2), Expires: time.Now().Add(time.Hour)})
		return err
	})
	loop(5*time.Millisecond, func(i int) error {
		d.logins.Add(1)
		return f.dj.Try("login", django.Args{"i": i}, nil)
	})
	loop(2*time.Millisecond, func(i int) error {
		if i >= len(f.others) {
			return nil
		}
		d.cycles.Add(1)
		return f.cycle(f.others[i])
	})
	d.end = func() { close(stop); wg.Wait() }
	return d
}

// cycle gives a session another key, as a login does.
func (f *fleet) cycle(key string) error {
	s, err := f.site.Sessions.Open(f.t.Context(), key)
	if err == nil {
		err = s.CycleKey()
	}
	if err == nil {
		err = s.Save(f.t.Context())
	}
	return err
}

// cycleHers begins to cycle each key of the user's. The result waits for the end of that, and
// returns how many were still there.
func (f *fleet) cycleHers() func() int {
	done := make(chan int)
	pause := time.Duration(*sessions) * 10 * time.Second / 1_000_000 / (2 * hers)
	go func() {
		n := 0
		for _, i := range rand.Perm(len(f.hers)) {
			switch err := f.cycle(f.hers[i]); {
			case err == nil:
				n++
			case !errors.Is(err, djsession.ErrNotFound) && !errors.Is(err, djsession.ErrInterrupted):
				f.t.Error(err)
			}
			time.Sleep(pause)
		}
		done <- n
	}()
	return func() int { return <-done }
}

// writeRow puts a row of the table into the page, in the place of the last one of its engine.
func writeRow(t *testing.T, page string, row []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	const end = "<!-- the end of the table -->\n"
	line, put := "| "+strings.Join(row, " | ")+" |\n", false
	var out strings.Builder
	for old := range strings.Lines(string(text)) {
		switch {
		case strings.HasPrefix(old, "| "+row[0]+" |"):
			old, put = line, true
		case old == end && !put:
			old = line + end
		}
		out.WriteString(old)
	}
	if err := os.WriteFile(page, []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// cpuTime returns the CPU time of this process.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// heapPeak watches the heap until the result is called, which returns the most that it saw
// more than at the start.
func heapPeak() func() uint64 {
	read := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse
	}
	base := read()
	var most atomic.Uint64
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
				most.Store(max(most.Load(), read()))
			}
		}
	}()
	return func() uint64 { close(done); return most.Load() - min(base, most.Load()) }
}
