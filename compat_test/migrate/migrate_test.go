// Package migrate_test moves a site with many sessions from one engine to another
// while it is visited, with djsession migrate killed in the middle.
//
//	go test ./compat_test/migrate -sessions 1000000 -timeout 1h -v
package migrate_test

import (
	"bytes"
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite"

	"github.com/go-djsession/go-djsession/djcache/rediscache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/djsession/movingstore"
	"github.com/go-djsession/go-djsession/djsession/pgxstore"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/signer"
)

var sessions = flag.Int("sessions", 20_000, "how many sessions move")

func TestMain(m *testing.M) { os.Exit(testserver.Run(m)) }

const secret = "a-site-that-moves-is-not-a-secret"

// TestMigrate moves the sessions of a site from PostgreSQL to a cache in Redis:
//
//   - djsession migrate copies them, is killed, and copies the rest;
//   - it is run once more just before the switch;
//   - the Go programs are switched, a new Django starts, and half a second later the
//     old one ends;
//   - djsession migrate --switched is run, killed while PostgreSQL has yet to do its
//     deletions, and run to its end.
//
// All the time there are visitors, in Django and in Go, who read, write, arrive and
// log out. In the end the old engine is empty, and the new one holds what they left:
// nobody was logged out, nobody came back, and each session ends when it should.
func TestMigrate(t *testing.T) {
	if testing.Short() {
		t.Skip("a move takes its time")
	}
	ctx := t.Context()
	pg, rd := testserver.PostgreSQL(t), testserver.Redis(t)
	program := build(t)
	dsn := fmt.Sprintf("postgres://%s@%s/postgres?sslmode=disable", pg.User, pg.Addr())
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	client := redis.NewClient(&redis.Options{Addr: rd.Addr(), DB: 1})
	defer client.Close()
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey(secret)})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, site: site}
	w.seed(pool)
	d := w.keepDiary(pool, client)

	oldDjango := startDjango(t, django.Args{
		"SECRET_KEY": secret, "SESSION_ENGINE": "django.contrib.sessions.backends.db",
		"DATABASES": map[string]any{"default": map[string]any{"ENGINE": "django.db.backends.postgresql", "NAME": "postgres",
			"HOST": pg.Host, "PORT": strconv.Itoa(pg.Port), "USER": pg.User, "CONN_MAX_AGE": nil,
			"OPTIONS": map[string]any{"application_name": "the old Django"}}},
	})
	oldStore := pgxstore.New(site, pool, nil)
	newStore := cachestore.New(rediscache.New(site, client, nil), nil)
	file := filepath.Join(t.TempDir(), "move.journal")
	to := fmt.Sprintf("cache+redis://%s/1", rd.Addr())
	runs := 0
	migrate := func(more ...string) *exec.Cmd {
		runs++
		cmd := exec.Command(program, append([]string{"migrate", "--from", dsn, "--to", to, "--journal", file, "--grace", "1s"}, more...)...)
		cmd.Env = append(os.Environ(), "DJANGO_SECRET_KEY="+secret, fmt.Sprintf("PGAPPNAME=run %d of migrate", runs))
		return cmd
	}
	copied := func() int {
		n, err := client.DBSize(ctx).Result()
		if err != nil {
			t.Fatal(err)
		}
		return int(n)
	}
	left := func() int {
		var n int
		if err := pool.QueryRow(ctx, "SELECT COUNT(*) FROM django_session").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}

	// The first step.
	move, err := movingstore.New(oldStore, newStore, nil)
	if err != nil {
		t.Fatal(err)
	}
	copying := w.crowds(
		crowd{"the old Django", oldDjango, false, true},
		crowd{"Go while copying", goProgram{move, site}, false, false},
		crowd{"Go while copying", goProgram{move, site}, false, false},
	)
	w.killWhen(migrate(), func() bool { return copied() > *sessions*2/5 })
	w.finish("copy", migrate())
	w.window.Store(true)
	w.finish("copy again", migrate())

	// The switch.
	newDjango := startDjango(t, django.Args{
		"SECRET_KEY": secret, "SESSION_ENGINE": "django.contrib.sessions.backends.cache",
		"CACHES": map[string]any{"default": map[string]any{"BACKEND": "django.core.cache.backends.redis.RedisCache",
			"LOCATION": fmt.Sprintf("redis://%s/1", rd.Addr())}},
	})
	journal, err := sql.Open("sqlite", "file:"+file+"?mode=ro&_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	switched, err := movingstore.New(oldStore, newStore, &movingstore.Options{Phase: movingstore.Switched, Copied: movingstore.Journal(site, journal)})
	if err != nil {
		t.Fatal(err)
	}
	copying.stopGo()
	w.milestone("the new Django has started, the Go programs are switched")
	visitors := w.crowds(
		crowd{"the new Django", newDjango, true, true},
		crowd{"Go after the switch", goProgram{switched, site}, true, false},
		crowd{"Go after the switch", goProgram{switched, site}, true, false},
	)
	time.Sleep(500 * time.Millisecond)
	copying.stop()
	w.milestone("the old Django has ended")
	w.window.Store(false)

	// The second step.
	release := w.killWhileDeleting(dsn, migrate("--switched"), func() bool { return left() < *sessions*3/5 })
	var releasing sync.WaitGroup
	releasing.Go(release)
	w.finish("after the switch", migrate("--switched"))
	releasing.Wait()
	visitors.stop()

	if n := left(); n != 0 {
		t.Errorf("%d sessions are left on the old engine", n)
	}
	w.check(newStore, newDjango, d, journal)
	t.Logf("%d visits meanwhile, %d logouts, %d visits by who was logged out, %d times Django did not know a session of the switch",
		w.visits.Load(), w.outs.Load(), w.stale.Load(), w.missed.Load())
	for name, n := range map[string]int64{"visits": w.visits.Load(), "logouts": w.outs.Load()} {
		if n == 0 {
			t.Errorf("there were no %s", name)
		}
	}
}

// build compiles djsession.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "djsession")
	if out, err := exec.Command("go", "build", "-o", program, "../../cmd/djsession").CombinedOutput(); err != nil {
		t.Fatalf("build djsession: %v\n%s", err, out)
	}
	return program
}

// seed fills the table.
func (w *world) seed(pool *pgxpool.Pool) {
	w.t.Helper()
	ctx := w.t.Context()
	if _, err := pool.Exec(ctx, `CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, session_data text NOT NULL, expire_date timestamptz NOT NULL)`); err != nil {
		w.t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	start := time.Now()
	begin := start.UTC().Truncate(time.Microsecond)
	i := 0
	rows := pgx.CopyFromFunc(func() ([]any, error) {
		if i == *sessions {
			return nil, nil
		}
		i++
		// None ends while the test runs.
		v := &visitor{key: newKey(rng.Uint64N), n: int64(i % 100), expires: begin.Add(2*time.Hour + time.Duration(rng.Int64N(int64(cookieAge))))}
		v.expires = v.expires.Truncate(time.Microsecond)
		w.visitors = append(w.visitors, v)
		text, err := w.site.Encode(dataOf(i, v.n))
		return []any{v.key, text, v.expires}, err
	})
	if _, err := pool.CopyFrom(ctx, pgx.Identifier{"django_session"}, []string{"session_key", "session_data", "expire_date"}, rows); err != nil {
		w.t.Fatal(err)
	}
	if _, err := pool.Exec(ctx, `CREATE INDEX ON django_session (expire_date)`); err != nil {
		w.t.Fatal(err)
	}
	if _, err := pool.Exec(ctx, `ANALYZE django_session`); err != nil {
		w.t.Fatal(err)
	}
	w.t.Logf("%d sessions in the table after %.1fs", *sessions, time.Since(start).Seconds())
}

// running are crowds that can be stopped.
type running struct {
	quit, quitGo chan struct{}
	all, inGo    sync.WaitGroup
	once         sync.Once
}

func (w *world) crowds(cs ...crowd) *running {
	r := &running{quit: make(chan struct{}), quitGo: make(chan struct{})}
	for i, c := range cs {
		if c.django {
			r.all.Go(func() { w.run(w.t.Context(), c, uint64(i), r.quit) })
		} else {
			r.inGo.Go(func() { w.run(w.t.Context(), c, uint64(i), r.quitGo) })
		}
	}
	return r
}

func (r *running) stopGo() {
	r.once.Do(func() { close(r.quitGo) })
	r.inGo.Wait()
}

func (r *running) stop() {
	r.stopGo()
	close(r.quit)
	r.all.Wait()
}

// killWhen starts a command and kills it when it has come far enough.
func (w *world) killWhen(cmd *exec.Cmd, far func() bool) {
	w.t.Helper()
	r := start(w.t, cmd)
	w.milestone("djsession migrate starts, to be killed")
	r.until(w.t, far)
	w.kill(r)
}

// killWhileDeleting starts a command and kills it when it has come far enough and has sent
// deletions that PostgreSQL has not done yet. They are done before those of the next command,
// and after it has seen the rows: release waits for that.
func (w *world) killWhileDeleting(dsn string, cmd *exec.Cmd, far func() bool) (release func()) {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	var conns [2]*pgx.Conn
	for i := range conns {
		var err error
		if conns[i], err = pgx.Connect(ctx, dsn); err != nil {
			t.Fatal(err)
		}
	}
	deleting := func() (commands, deletions int) { // that wait
		if err := conns[0].QueryRow(ctx, `SELECT COUNT(DISTINCT application_name), COUNT(*) FROM pg_stat_activity
			WHERE application_name LIKE 'run % of migrate' AND wait_event_type = 'Lock' AND query LIKE 'DELETE%'`).Scan(&commands, &deletions); err != nil {
			t.Error(err)
		}
		return commands, deletions
	}
	do := func(sql string) {
		if _, err := conns[1].Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	r := start(t, cmd)
	w.milestone("djsession migrate starts, to be killed while it deletes")
	r.until(t, far)
	// A single one is of a session that was not copied, and holds up the others.
	r.until(t, func() bool {
		do("BEGIN; LOCK TABLE django_session IN SHARE MODE")
		for range 50 {
			if _, n := deleting(); n > 4 {
				return true
			}
			time.Sleep(10 * time.Millisecond)
		}
		do("ROLLBACK")
		return false
	})
	w.kill(r)
	return func() {
		for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
			if commands, _ := deleting(); commands == 2 {
				break
			}
			if time.Now().After(end) {
				t.Error("the next djsession migrate deletes nothing")
				break
			}
		}
		w.milestone("PostgreSQL does the deletions")
		for _, c := range conns {
			if err := c.Close(ctx); err != nil {
				t.Error(err)
			}
		}
	}
}

// until waits until f is true.
func (r *process) until(t testing.TB, f func() bool) {
	t.Helper()
	for !f() {
		select {
		case <-r.ended:
			t.Fatalf("djsession migrate has ended before it could be killed\n%s", &r.out)
		case <-time.After(time.Duration(*sessions) * 500 * time.Nanosecond): // counting takes its time too
		}
	}
}

// kill kills a command.
func (w *world) kill(r *process) {
	t, cmd := w.t, r.cmd
	t.Helper()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-r.ended
	w.milestone("it was killed")
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() {
		t.Fatalf("djsession migrate was not killed: %v\n%s", cmd.ProcessState, &r.out)
	}
	t.Logf("killed after %.1fs, VmHWM %d KiB", time.Since(r.since).Seconds(), r.peak.Load())
}

// finish runs a command to its end.
func (w *world) finish(what string, cmd *exec.Cmd) {
	t := w.t
	t.Helper()
	r := start(t, cmd)
	w.milestone("djsession migrate starts: " + what)
	<-r.ended
	w.milestone("it has ended")
	out := r.out.Bytes()
	t.Logf("%s: %.1fs, VmHWM %d KiB\n%s", what, time.Since(r.since).Seconds(), r.peak.Load(), out)
	if !cmd.ProcessState.Success() {
		t.Fatalf("%s: %v", what, cmd.ProcessState)
	}
	if regexp.MustCompile(`[a-z0-9]{20}`).Match(out) {
		t.Errorf("%s: a session key may be in the output", what)
	}
	if used := r.peak.Load(); used > memoryLimit {
		t.Errorf("%s: used %d KiB of memory, want at most %d however many sessions there are", what, used, memoryLimit)
	}
}

// memoryLimit is in KiB.
const memoryLimit = 256 << 10

// process is a command at work.
type process struct {
	cmd   *exec.Cmd
	since time.Time
	out   bytes.Buffer
	ended chan struct{}
	peak  atomic.Int64 // VmHWM in KiB; that of wait4 would be that of this test before its exec
}

func start(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	r := &process{cmd: cmd, since: time.Now(), ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &r.out, &r.out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait()
		close(r.ended)
	}()
	go func() {
		for {
			select {
			case <-r.ended:
				return
			case <-time.After(50 * time.Millisecond):
			}
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
			if err != nil {
				continue // another system, or the end
			}
			if m := regexp.MustCompile(`VmHWM:\s*(\d+) kB`).FindSubmatch(status); m != nil {
				n, _ := strconv.ParseInt(string(m[1]), 10, 64)
				r.peak.Store(n)
			}
		}
	}()
	return r
}

// check compares what the new engine holds with what has to have become of the
// sessions.
func (w *world) check(store *cachestore.Store, site djangoSite, d *diary, journal *sql.DB) {
	t := w.t
	want := make(map[string]*visitor, len(w.visitors))
	for _, v := range w.visitors {
		want[v.key] = v
	}
	var worst time.Duration
	both := 0
	for l, err := range store.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		v := want[l.Key()]
		delete(want, l.Key())
		switch {
		case l.Err != nil:
			w.fault("a session does not decode: %v", l.Err)
			continue
		case v == nil:
			w.fault("there is a session that nobody made")
			continue
		case v.out:
			w.fault("who logged out is back, late %t, both %t:\n%s", v.late, v.both, d.of(v, journal))
			continue
		case v.both:
			both++
			continue
		}
		if n, _ := l.Record.Data.Get("n"); n != v.n {
			w.fault("n is %v, want %d, late %t:\n%s", n, v.n, v.late, d.of(v, journal))
		}
		off := l.Record.Expires.Sub(v.expires).Abs() - v.slack
		if off > time.Second {
			w.fault("a session ends %v too late", l.Record.Expires.Sub(v.expires))
		}
		worst = max(worst, off)
	}
	lost := 0
	for _, v := range want {
		if v.out {
			continue
		}
		if lost++; lost <= 10 {
			t.Errorf("who was logged out:\n%s", d.of(v, journal))
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d were logged out; the site meanwhile:\n%s", lost, len(w.visitors), w.told())
	}
	t.Logf("%d visitors; %d wrote on both engines in the time of the switch; a session ends at most %v beside its time", len(w.visitors), both, worst)

	rng := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		v := w.visitors[rng.IntN(len(w.visitors))]
		n, ok, err := site.do(t.Context(), "read", v.key)
		if err != nil {
			t.Fatal(err)
		}
		if ok == v.out || ok && n != v.n && !v.both {
			w.fault("Django finds %d, %t, want %d, %t", n, ok, v.n, !v.out)
		}
	}
}
