package pgxstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/djsession/pgxstore"
	"github.com/go-djsession/go-djsession/djsession/storetest"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

func TestMain(m *testing.M) { os.Exit(testserver.Run(m)) }

// now is the time in all tests that do not say otherwise.
var now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// What sqlmigrate sessions 0001 prints.
const table = `
CREATE TABLE "django_session" ("session_key" varchar(40) NOT NULL PRIMARY KEY, "session_data" text NOT NULL, "expire_date" timestamp with time zone NOT NULL);
CREATE INDEX "django_session_session_key_c0390e0f_like" ON "django_session" ("session_key" varchar_pattern_ops);
CREATE INDEX "django_session_expire_date_a5c62663" ON "django_session" ("expire_date");
`

// database returns the DSN of a new database, for a server at addr (its own if "").
func database(t testing.TB) func(addr string) string {
	t.Helper()
	s := testserver.PostgreSQL(t)
	dsn := func(addr, name string) string {
		if addr == "" {
			addr = s.Addr()
		}
		return fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", s.User, addr, name)
	}
	name := fmt.Sprintf("test%d", time.Now().UnixNano())
	mustExec(t, open(t, dsn("", "postgres"), nil), "CREATE DATABASE "+name)
	of := func(addr string) string { return dsn(addr, name) }
	mustExec(t, open(t, of(""), nil), table)
	return of
}

// open returns a pool; log may be nil.
func open(t testing.TB, dsn string, log *tracer) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	if log != nil {
		config.ConnConfig.Tracer = log
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func mustExec(t testing.TB, pool *pgxpool.Pool, query string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(context.Background(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// tracer takes note of the statements.
type tracer struct {
	mu         sync.Mutex
	statements []string
}

func (l *tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.statements = append(l.statements, data.SQL)
	return ctx
}

func (l *tracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (l *tracer) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.statements
	l.statements = nil
	return s
}

func newSite(t testing.TB) *djsession.Site {
	t.Helper()
	site, err := djsession.NewSite(djsession.Settings{
		Keys: signer.SecretKey("pgxstore-test"),
		Now:  func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	return site
}

func record(n int) *djsession.Record {
	return &djsession.Record{Data: serializer.NewDict(serializer.Item{Key: "n", Value: n}), Expires: now.Add(time.Hour)}
}

func TestStore(t *testing.T) {
	for _, test := range []struct {
		name, options string
		zone          *time.Location
	}{
		{"USE_TZ", "", nil},
		{"local", "&timezone=Asia/Tehran", time.FixedZone("", 3*3600+1800)},
		{"simple protocol", "&default_query_exec_mode=simple_protocol", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			dsn := database(t)("") + test.options
			gate := &gate{DB: open(t, dsn, nil)}
			other, raw := open(t, dsn, nil), open(t, dsn, nil)
			storetest.Run(t, storetest.Harness{
				Settings: djsession.Settings{TimeZone: test.zone},
				Open: func(t *testing.T, site *djsession.Site) storetest.Engine {
					mustExec(t, raw, "DELETE FROM django_session")
					return storetest.Engine{
						Store: pgxstore.New(site, gate, nil),
						Other: pgxstore.New(site, other, nil),
						Stored: func(t testing.TB, key string) (string, bool) {
							var text string
							err := raw.QueryRow(context.Background(), "SELECT session_data FROM django_session WHERE session_key = $1", key).Scan(&text)
							if err != nil && !errors.Is(err, pgx.ErrNoRows) {
								t.Fatal(err)
							}
							return text, err == nil
						},
						Plant: func(t testing.TB, key, text string, expires time.Time) {
							mustExec(t, raw, "DELETE FROM django_session WHERE session_key = $1", key)
							mustExec(t, raw, "INSERT INTO django_session VALUES ($1, $2, $3)", key, text, expires)
						},
						Break: func(t testing.TB) func() {
							gate.set(errUnplugged)
							return func() { gate.set(nil) }
						},
						Stall: func(t testing.TB) func() { return lock(t, raw) },
					}
				},
			})
		})
	}
}

// lock keeps everybody from the table until it is undone.
func lock(t testing.TB, pool *pgxpool.Pool) (undo func()) {
	t.Helper()
	ctx := context.Background()
	tx, err := pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, "LOCK TABLE django_session IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(ctx); err != nil {
			t.Error(err)
		}
	}
}

var errUnplugged = errors.New("unplugged, said the driver, with canary and all")

// gate is a pool that can be told to fail.
type gate struct {
	pgxstore.DB
	mu  sync.Mutex
	err error
}

func (g *gate) set(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.err = err
}

func (g *gate) get() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err
}

func (g *gate) Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error) {
	if err := g.get(); err != nil {
		return pgconn.CommandTag{}, err
	}
	return g.DB.Exec(ctx, query, args...)
}

func (g *gate) Query(ctx context.Context, query string, args ...any) (pgx.Rows, error) {
	if err := g.get(); err != nil {
		return nil, err
	}
	return g.DB.Query(ctx, query, args...)
}

// Each operation is one statement, and no connection is kept.
func TestStatements(t *testing.T) {
	ctx := t.Context()
	log := new(tracer)
	pool := open(t, database(t)(""), log)
	s := pgxstore.New(newSite(t), pool, nil)
	var v djsession.Version
	for _, test := range []struct {
		name string
		run  func() error
		err  error
		want string // the first words of the statements
	}{
		{"load absent", func() error { _, _, err := s.Load(ctx, "abcdefgh"); return err }, djsession.ErrNotFound, "SELECT"},
		{"create", func() (err error) { v, err = s.Create(ctx, "abcdefgh", record(1)); return err }, nil, "INSERT"},
		{"create taken", func() error { _, err := s.Create(ctx, "abcdefgh", record(1)); return err }, djsession.ErrKeyTaken, "INSERT"},
		{"load", func() error { _, _, err := s.Load(ctx, "abcdefgh"); return err }, nil, "SELECT"},
		{"touch", func() error { return s.Touch(ctx, "abcdefgh", now.Add(2*time.Hour), v) }, nil, "UPDATE"},
		{"update", func() error { _, err := s.Update(ctx, "abcdefgh", record(2), v); return err }, nil, "UPDATE"},
		{"update stale", func() error { _, err := s.Update(ctx, "abcdefgh", record(3), v); return err }, djsession.ErrConflict, "UPDATE SELECT"},
		{"cycle stale", func() error { _, err := s.Cycle(ctx, "abcdefgh", v, "bcdefghi", record(3)); return err }, djsession.ErrConflict, "UPDATE SELECT"},
		{"cycle", func() error {
			_, err := s.Cycle(ctx, "abcdefgh", djsession.Force, "bcdefghi", record(3))
			return err
		}, nil, "UPDATE"},
		{"cycle back", func() error {
			_, err := s.Cycle(ctx, "bcdefghi", djsession.Force, "abcdefgh", record(4))
			return err
		}, nil, "UPDATE"},
		{"delete seen, stale", func() error { return s.Delete(ctx, "abcdefgh", v) }, djsession.ErrConflict, "DELETE SELECT"},
		{"delete", func() error { return s.Delete(ctx, "abcdefgh", djsession.Force) }, nil, "DELETE"},
		{"delete absent", func() error { return s.Delete(ctx, "abcdefgh", djsession.Force) }, djsession.ErrNotFound, "DELETE"},
		{"clear expired", func() error { _, err := s.ClearExpired(ctx, nil); return err }, nil, "DELETE"},
		{"list", func() error {
			for _, err := range s.List(ctx, "") {
				return err
			}
			return nil
		}, nil, "SELECT"},
	} {
		log.take()
		if err := test.run(); !errors.Is(err, test.err) {
			t.Errorf("%s: got error %v, want %v", test.name, err, test.err)
		}
		var words []string
		for _, q := range log.take() {
			word, _, _ := strings.Cut(q, " ")
			words = append(words, word)
		}
		if got := strings.Join(words, " "); got != test.want {
			t.Errorf("%s: sent %q, want %q", test.name, got, test.want)
		}
		if n := pool.Stat().AcquiredConns(); n != 0 {
			t.Errorf("%s: %d connections are still in use", test.name, n)
		}
	}
}

// What is written by the one package is read, compared and changed by the other.
func TestBesideDbstore(t *testing.T) {
	ctx := t.Context()
	dsn := database(t)("")
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	site := newSite(t)
	a, b := pgxstore.New(site, open(t, dsn, nil), nil), dbstore.New(site, db, dbstore.PostgreSQL, nil)
	v, err := a.Create(ctx, "abcdefgh", record(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, got, err := b.Load(ctx, "abcdefgh"); err != nil || !got.Equal(v) {
		t.Errorf("dbstore: got %v, %v, want the Version of Create", got, err)
	}
	v2, err := b.Update(ctx, "abcdefgh", record(2), v)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Update(ctx, "abcdefgh", record(3), v); !errors.Is(err, djsession.ErrConflict) {
		t.Errorf("got error %v, want ErrConflict", err)
	}
	if err := a.Delete(ctx, "abcdefgh", v2); err != nil {
		t.Error(err)
	}
}

// The site's own table, with a further column, and names that are none.
// A load and a save make few allocations, those of pgx among them.
func TestAllocations(t *testing.T) {
	s := pgxstore.New(newSite(t), open(t, database(t)(""), nil), nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	const key = "abcdefghijklmnopqrstuvwxyz012345"
	v, err := s.Create(ctx, key, record(0))
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { _, v, err = s.Load(ctx, key) }); n > 27 || err != nil {
		t.Errorf("a load makes %v allocations, want at most 27; %v", n, err)
	}
	records, i := []*djsession.Record{record(1), record(2)}, 0
	if n := testing.AllocsPerRun(100, func() {
		i++
		v, err = s.Update(ctx, key, records[i%2], v)
	}); n > 15 || err != nil {
		t.Errorf("a save makes %v allocations, want at most 15; %v", n, err)
	}
}

func TestOptions(t *testing.T) {
	ctx := t.Context()
	pool := open(t, database(t)(""), nil)
	mustExec(t, pool, `CREATE SCHEMA tenant; CREATE TABLE tenant."Sessions" (session_key varchar(40) PRIMARY KEY, session_data text NOT NULL,
		expire_date timestamptz NOT NULL, account_id integer NOT NULL, last_activity timestamptz NOT NULL)`)
	seen := now
	s := pgxstore.New(newSite(t), pool, &pgxstore.Options{
		Table: "tenant.Sessions",
		Insert: func(*djsession.Record) map[string]any {
			return map[string]any{"account_id": 7, "last_activity": seen}
		},
		Update: func(*djsession.Record) map[string]any { return map[string]any{"last_activity": seen} },
	})
	v, err := s.Create(ctx, "abcdefgh", record(1))
	if err != nil {
		t.Fatal(err)
	}
	seen = now.Add(time.Minute)
	if _, err := s.Update(ctx, "abcdefgh", record(2), v); err != nil {
		t.Fatal(err)
	}
	var account int
	var last time.Time
	if err := pool.QueryRow(ctx, `SELECT account_id, last_activity FROM tenant."Sessions"`).Scan(&account, &last); err != nil {
		t.Fatal(err)
	}
	if account != 7 || !last.Equal(seen) {
		t.Errorf("got %d, %v, want 7, %v", account, last, seen)
	}
	_, err = pgxstore.New(newSite(t), pool, &pgxstore.Options{Table: "tenant.Sessions"}).Create(ctx, "hgfedcba", record(1))
	if !errors.Is(err, djsession.ErrUnavailable) || !strings.Contains(err.Error(), "Options.Insert") {
		t.Errorf("without Insert: got error %v, want ErrUnavailable with a hint", err)
	}
	_, _, err = pgxstore.New(newSite(t), pool, &pgxstore.Options{Table: `x"; DROP TABLE django_session; --`}).Load(ctx, "abcdefgh")
	if !errors.Is(err, djsession.ErrConfig) {
		t.Errorf("a bad name: got error %v, want ErrConfig", err)
	}
	_, _, err = pgxstore.New(newSite(t), pool, &pgxstore.Options{Table: "nowhere"}).Load(ctx, "abcdefgh")
	if !errors.Is(err, djsession.ErrUnavailable) || !strings.Contains(err.Error(), "no table nowhere") {
		t.Errorf("a missing table: got error %v, want ErrUnavailable with a hint", err)
	}
}

// A server that goes away is ErrUnavailable, one that does not answer is so by
// the end of the context, and one that is back is used again.
func TestServerDies(t *testing.T) {
	dsn := database(t)
	proxy := testserver.NewProxy(t, testserver.PostgreSQL(t).Addr())
	s := pgxstore.New(newSite(t), open(t, dsn(proxy.Addr), nil), nil)
	v, err := s.Create(t.Context(), "abcdefgh", record(1))
	if err != nil {
		t.Fatal(err)
	}
	proxy.Break()
	for range 3 {
		_, _, err := s.Load(t.Context(), "abcdefgh")
		if !errors.Is(err, djsession.ErrUnavailable) || strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("broken: got error %v, want ErrUnavailable and no address", err)
		}
	}
	proxy.Mend()
	if _, _, err := s.Load(t.Context(), "abcdefgh"); err != nil {
		t.Errorf("back again: %v", err)
	}
	proxy.Stall()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err = s.Update(ctx, "abcdefgh", record(2), v)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("stalled: returned after %v", took)
	}
	if !errors.Is(err, djsession.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("stalled: got error %v, want ErrUnavailable and DeadlineExceeded", err)
	}
}
