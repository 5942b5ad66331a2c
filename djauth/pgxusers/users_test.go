package pgxusers_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djauth/pgxusers"
	"github.com/go-djsession/go-djsession/djauth/userstest"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/internal/userstable/authsite"
	"github.com/go-djsession/go-djsession/signer"
)

func TestMain(m *testing.M) { os.Exit(testserver.Run(m)) }

var databases atomic.Int32

// database returns the DSN of a new database, and what Django wants to know of it.
func database(t testing.TB) (dsn string, options []string) {
	t.Helper()
	s := testserver.PostgreSQL(t)
	of := func(name string) string {
		return fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", s.User, s.Addr(), name)
	}
	name := fmt.Sprintf("test%d", databases.Add(1))
	if _, err := open(t, of("postgres")).Exec(context.Background(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(s.Addr())
	return of(name), []string{"NAME=" + name, "HOST=" + host, "PORT=" + port, "USER=" + s.User}
}

func open(t testing.TB, dsn string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func newSite(t testing.TB, zone *time.Location) *djsession.Site {
	t.Helper()
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("pgxusers-test"), TimeZone: zone})
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// gate counts statements, and can be closed.
type gate struct {
	pgxusers.DB
	mu   sync.Mutex
	sent int
	down error
}

func (g *gate) pass() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sent++
	return g.down
}

func (g *gate) take() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := g.sent
	g.sent = 0
	return n
}

func (g *gate) set(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.down = err
}

func (g *gate) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if err := g.pass(); err != nil {
		return pgconn.CommandTag{}, err
	}
	return g.DB.Exec(ctx, sql, args...)
}

func (g *gate) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if err := g.pass(); err != nil {
		return nil, err
	}
	return g.DB.Query(ctx, sql, args...)
}

// The tables of a Django are read and written as it does, and the contract is
// kept, in each of the modes in which pgx sends statements.
func TestDjango(t *testing.T) {
	tests := []struct{ version, model, zone, options string }{
		{"6.1", "auth.User", "-", ""},
		{"5.2", "accounts.Member", "Asia/Tehran", "&default_query_exec_mode=simple_protocol&timezone=Asia/Tehran"},
		{"4.2", "accounts.Client", "-", "&default_query_exec_mode=exec"},
		{"2.2", "accounts.Person", "-", "&default_query_exec_mode=describe_exec"},
		{"6.1", "accounts.Bare", "-", "&default_query_exec_mode=cache_describe"},
	}
	if testing.Short() {
		tests = tests[:1]
	}
	for _, test := range tests {
		t.Run(test.version+" "+test.model+" "+test.options, func(t *testing.T) {
			ctx := t.Context()
			var zone *time.Location
			if test.zone != "-" {
				var err error
				if zone, err = time.LoadLocation(test.zone); err != nil {
					testserver.Lacks(t, "there is no time zone database here")
				}
			}
			dsn, options := database(t)
			site, people := authsite.Start(t, test.version, "postgresql", test.model, test.zone, options...)
			g := &gate{DB: open(t, dsn+test.options)}
			given := authsite.Models[test.model]
			opts, err := pgxusers.Detect(ctx, g, &given)
			if err != nil {
				t.Fatal(err)
			}
			if want := authsite.Options(test.model, given); !reflect.DeepEqual(opts, want) {
				t.Fatalf("Detect: got  %+v\nwant %+v", opts, want)
			}
			users := pgxusers.New(newSite(t, zone), g, opts)

			type plain djauth.Account
			for i := range people {
				who := &people[i]
				a, err := users.ByID(ctx, who.ID)
				if err != nil {
					t.Fatal(err)
				}
				want := who.Account()
				if want.Extra != nil {
					want.Extra["tenant"] = int32(*who.Tenant) // as pgx has an integer
				}
				if !reflect.DeepEqual(a, want) {
					t.Errorf("%s: got  %+v\nwant %+v", who.Name, plain(*a), plain(*want))
				}
				granted, err := users.Grants(ctx, who.ID)
				if err != nil {
					t.Fatal(err)
				}
				if fmt.Sprint(granted.Permissions, granted.Groups) != fmt.Sprint(who.Permissions, who.Groups) {
					t.Errorf("%s: got %v, want %v and %v", who.Name, *granted, who.Permissions, who.Groups)
				}
				at := time.Date(2026, 7, 8, 9, 10, 11, i*1000, time.UTC)
				if err := users.RecordLogin(ctx, who.ID, at); err != nil {
					t.Fatal(err)
				}
				if opts.Columns.LastLogin != pgxusers.None {
					who.Login = &at
				}
				if err := users.SetPassword(ctx, who.ID, djauth.EncodedOf("!new"), a.Password); err != nil {
					t.Fatal(err)
				}
				who.Password = "!new"
			}
			if got := site.Look(t); !reflect.DeepEqual(got, people) {
				t.Errorf("after our writes Django sees\n%+v\nwant\n%+v", got, people)
			}

			raw, err := sql.Open("pgx", dsn)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { raw.Close() })
			tables := authsite.Tables{DB: raw, Dialect: dbstore.PostgreSQL, Options: opts, Zone: zone}
			h := userstest.Harness{
				Open: func(t *testing.T) userstest.Engine {
					tables.Clear(t)
					e := tables.Engine()
					e.Users, e.Statements = users, g.take
					e.Break = func(testing.TB) func() {
						g.set(errors.New("unplugged, said the driver, with canary1@example.com and all"))
						return func() { g.set(nil) }
					}
					return e
				},
				Adapt: tables.Adapt,
				Skip:  map[string]string{},
			}
			if opts.GroupsTable == pgxusers.None {
				h.Skip["grants/"] = "the model has no permissions"
			}
			userstest.Run(t, h)
		})
	}
}

// What is wrong with the tables is said, and matched, and PostgreSQL is not quoted.
func TestErrors(t *testing.T) {
	dsn, _ := database(t)
	pool := open(t, dsn)
	ctx := t.Context()
	_, err := pgxusers.New(newSite(t, nil), pool, nil).ByName(ctx, "canary")
	var pg *pgconn.PgError
	if !errors.Is(err, djsession.ErrUnavailable) || !errors.As(err, &pg) || pg.Code != "42P01" {
		t.Errorf("no table: got %v, want ErrUnavailable and a PgError", err)
	}
	if text := fmt.Sprintf("%v %#v", err, err); !strings.Contains(text, "there is no table auth_user") || strings.Contains(text, "ERROR:") {
		t.Errorf("no table: got %s", text)
	}
	if _, err := pgxusers.Detect(ctx, pool, nil); !errors.Is(err, dbusers.ErrNoTable) {
		t.Errorf("Detect without a table: got %v, want ErrNoTable", err)
	}
	if _, err := pgxusers.New(newSite(t, nil), pool, &pgxusers.Options{Model: "User"}).ByID(ctx, "1"); !errors.Is(err, djsession.ErrConfig) {
		t.Errorf("a Model without an app: got %v, want ErrConfig", err)
	}
}

// After a migration the statements that connections have prepared are made anew.
func TestMigration(t *testing.T) {
	dsn, _ := database(t)
	pool := open(t, dsn)
	ctx := t.Context()
	exec := func(query string) {
		t.Helper()
		if _, err := pool.Exec(ctx, query); err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE TABLE accounts_user (id integer PRIMARY KEY, username varchar(30), password varchar(128), is_active bool)")
	exec("INSERT INTO accounts_user VALUES (7, 'ada', 'x', true)")
	opts, err := pgxusers.Detect(ctx, pool, &pgxusers.Options{Model: "accounts.User"})
	if err != nil {
		t.Fatal(err)
	}
	users := pgxusers.New(newSite(t, nil), pool, opts)
	for i, query := range []string{"SELECT 1", "ALTER TABLE accounts_user ALTER username TYPE varchar(150)", "ALTER TABLE accounts_user ALTER id TYPE bigint"} {
		exec(query)
		for range 3 {
			if a, err := users.ByID(ctx, "7"); err != nil || !a.Active || a.Name != "ada" {
				t.Fatalf("step %d: got %v, %v", i, a, err)
			}
		}
	}
}
