package upkeep

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/go-djsession/go-djsession/djmetrics"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

func TestMain(m *testing.M) { os.Exit(testserver.Run(m)) }

// open opens the sessions of a DSN.
func open(t *testing.T, dsn string, observer func(context.Context, djsession.Event)) *djsite.Site {
	t.Helper()
	set, err := djsettings.FromDSN(dsn, nil)
	must(t, err)
	set.Keys = signer.SecretKey("k")
	site, err := djsite.Open(t.Context(), set, &djsite.Options{SessionsOnly: true, Configure: func(in *djsession.Settings) { in.Observer = observer }})
	must(t, err)
	t.Cleanup(func() { _ = site.Close() })
	return site
}

const table = "CREATE TABLE %s (%s varchar(40) NOT NULL PRIMARY KEY, %s text NOT NULL, %s %s NOT NULL)"

// place makes the tables where there are none, and returns the DSN.
func place(t *testing.T, name string) string {
	t.Helper()
	moment, driver, dsn, source := "datetime(6)", "", "", ""
	switch name {
	case "SQLite", "a cache in SQLite":
		dsn = filepath.Join(t.TempDir(), "db.sqlite3")
		moment, driver, source = "datetime", "sqlite", dsn
	case "PostgreSQL":
		dsn = "postgres://postgres@" + testserver.PostgreSQL(t).Addr() + "/postgres?sslmode=disable"
		moment, driver, source = "timestamptz", "pgx", dsn
	case "MariaDB":
		addr := testserver.MariaDB(t).Addr()
		server, err := sql.Open("mysql", "root@tcp("+addr+")/")
		must(t, err)
		defer server.Close()
		_, err = server.Exec("CREATE DATABASE IF NOT EXISTS upkeep")
		must(t, err)
		dsn, driver, source = "mysql://root@"+addr+"/upkeep", "mysql", "root@tcp("+addr+")/upkeep"
	case "files":
		return "files:" + t.TempDir()
	case "a cache in files":
		return "cache+files:" + t.TempDir()
	}
	db, err := sql.Open(driver, source)
	must(t, err)
	defer db.Close()
	for _, q := range []string{"DROP TABLE IF EXISTS django_session", "DROP TABLE IF EXISTS django_cache",
		fmt.Sprintf(table, "django_session", "session_key", "session_data", "expire_date", moment),
		fmt.Sprintf(table, "django_cache", "cache_key", "value", "expires", moment)} {
		_, err := db.Exec(q)
		must(t, err)
	}
	if name == "a cache in SQLite" {
		return "cache+" + dsn
	}
	return dsn
}

var places = []string{"SQLite", "a cache in SQLite", "PostgreSQL", "MariaDB", "files", "a cache in files"}

// TestLock: one of two processes has the lock, and whoever has it and dies gives it back.
func TestLock(t *testing.T) {
	for _, name := range places {
		t.Run(name, func(t *testing.T) {
			dsn := place(t, name)
			one, other := open(t, dsn, nil), open(t, dsn, nil)
			release, err := Lock(t.Context(), one)
			must(t, err)
			if _, err := Lock(t.Context(), other); !errors.Is(err, ErrBusy) {
				t.Fatalf("a second lock: got %v, want ErrBusy", err)
			}
			release()
			ctx, cancel := context.WithCancel(t.Context())
			if release, err = Lock(ctx, other); err != nil {
				t.Fatalf("the lock is free: got %v", err)
			}
			cancel() // by SIGTERM; the lock lasts until it is released
			if _, err := Lock(t.Context(), one); !errors.Is(err, ErrBusy) {
				t.Errorf("after the signal: got %v, want ErrBusy", err)
			}
			release()
			if release, err = Lock(t.Context(), one); err != nil {
				t.Fatalf("after the release: got %v", err)
			}
			release()
		})
	}
}

// TestLockBehindPooler: PgBouncer in transaction mode keeps the lock. In statement mode there is
// none, which is an error and not a lock that nobody gives back.
func TestLockBehindPooler(t *testing.T) {
	place(t, "PostgreSQL")
	for mode, locks := range map[string]bool{"transaction": true, "statement": false} {
		t.Run(mode, func(t *testing.T) {
			dsn := "postgres://postgres@" + testserver.PgBouncer(t, testserver.PostgreSQL(t), mode).Addr() + "/postgres?sslmode=disable"
			one, other := open(t, dsn, nil), open(t, dsn, nil)
			for range 3 {
				release, err := Lock(t.Context(), one)
				if !locks {
					if !errors.Is(err, djsession.ErrUnavailable) {
						t.Errorf("got %v, want ErrUnavailable", err)
					}
					continue
				}
				must(t, err)
				if _, err := Lock(t.Context(), other); !errors.Is(err, ErrBusy) {
					t.Errorf("a second lock: got %v, want ErrBusy", err)
				}
				release()
			}
			c := Config{Log: slog.New(slog.DiscardHandler)}
			_, err := one.Sessions.Store().Create(t.Context(), one.Sessions.Site().NewKey(), &djsession.Record{Data: serializer.NewDict(), Expires: time.Now().Add(-time.Hour)})
			must(t, err)
			c.turn(t.Context(), one) // with a lock or without
			if n, err := one.Sessions.ClearExpired(t.Context(), &djsession.ReapOptions{DryRun: true}); n != 0 || err != nil {
				t.Errorf("%d expired sessions are left, %v", n, err)
			}
		})
	}
}

// TestLockless: engines that remove sessions by themselves have no lock.
func TestLockless(t *testing.T) {
	if _, err := Lock(t.Context(), open(t, "cache+redis://"+testserver.Redis(t).Addr(), nil)); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v, want ErrUnsupported", err)
	}
}

// lines is a log that one goroutine writes and another reads.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// TestServe: two processes remove what has expired, again and again, and end at once.
func TestServe(t *testing.T) {
	dsn := place(t, "SQLite")
	metrics := djmetrics.New()
	site := open(t, dsn, metrics.Observe)
	expire := func(n int) {
		for range n {
			_, err := site.Sessions.Store().Create(t.Context(), site.Sessions.Site().NewKey(), &djsession.Record{Data: serializer.NewDict(), Expires: time.Now().Add(-time.Hour)})
			must(t, err)
		}
	}
	left := func() (n int) {
		db, err := sql.Open("sqlite", "file:"+dsn+"?_pragma=busy_timeout(20000)")
		must(t, err)
		defer db.Close()
		must(t, db.QueryRow("SELECT count(*) FROM django_session").Scan(&n))
		return n
	}
	until := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("after a minute: %s", what)
			}
		}
	}
	expire(3)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	log, ready, done := new(lines), make(chan net.Addr, 1), make(chan error, 2)
	bad := errors.New("bad")
	var mu sync.Mutex
	check := error(nil)
	config := Config{Every: 20 * time.Millisecond, Metrics: metrics, Log: slog.New(slog.NewTextHandler(log, nil)),
		Check: func(context.Context) error { mu.Lock(); defer mu.Unlock(); return check }}
	first := config
	first.Status, first.Ready = "127.0.0.1:0", func(at net.Addr) { ready <- at }
	go func() { done <- Serve(ctx, site, first) }()
	go func() { done <- Serve(ctx, open(t, dsn, metrics.Observe), config) }()
	var at net.Addr
	select {
	case at = <-ready:
	case err := <-done:
		t.Fatal(err)
	}
	until("expired sessions stay", func() bool { return left() == 0 })
	mu.Lock()
	check = bad
	mu.Unlock()
	until("a check that fails is not logged", func() bool { return strings.Contains(log.String(), "nothing was removed") })
	time.Sleep(50 * time.Millisecond) // a turn may have passed its check before
	expire(2)
	time.Sleep(50 * time.Millisecond)
	if n := left(); n != 2 {
		t.Errorf("although the check fails, %d sessions are left, want 2", n)
	}
	mu.Lock()
	check = nil
	mu.Unlock()
	until("expired sessions stay", func() bool { return left() == 0 })
	until("nothing is counted", func() bool {
		res, err := http.Get("http://" + at.String() + "/metrics")
		must(t, err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		must(t, err)
		return strings.Contains(string(body), "djsession_cleared_total 5\n")
	})
	cancel()
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if err := Serve(t.Context(), site, Config{Every: time.Hour, Status: "nowhere", Log: config.Log, Metrics: metrics}); err == nil {
		t.Error("an address that is none: got no error")
	}
}

// TestTurnIsSkipped: while another process has the lock, nothing is removed.
func TestTurnIsSkipped(t *testing.T) {
	dsn := place(t, "SQLite")
	site := open(t, dsn, nil)
	release, err := Lock(t.Context(), open(t, dsn, nil))
	must(t, err)
	defer release()
	log := new(lines)
	c := Config{Log: slog.New(slog.NewTextHandler(log, nil)), Check: func(context.Context) error { t.Error("the turn goes on"); return nil }}
	c.turn(t.Context(), site)
	if !strings.Contains(log.String(), "another process is at work") {
		t.Errorf("the log is %q", log)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
