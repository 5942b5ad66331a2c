package djsite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djauth/pgxusers"
	"github.com/go-djsession/go-djsession/djcache/dbcache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/djsession/pgxstore"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// pooledSite returns a PostgreSQL with the tables of a site, and a PgBouncer in front of
// it.
func pooledSite(t *testing.T) (direct, pooled *testserver.Server) {
	t.Helper()
	direct = testserver.PostgreSQL(t)
	dsn := fmt.Sprintf("postgres://%s@%s/", direct.User, direct.Addr())
	db, err := sql.Open("pgx", dsn+"postgres")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if count(t, db, "SELECT count(*) FROM pg_database WHERE datname = 'pooled'") == 0 {
		execSQL(t, "pgx", dsn+"postgres", "CREATE DATABASE pooled")
		for _, text := range []string{
			"CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, session_data text NOT NULL, expire_date timestamptz NOT NULL)",
			"CREATE TABLE site_cache (cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL)",
			"CREATE TABLE auth_user (id serial PRIMARY KEY, password varchar(128) NOT NULL, last_login timestamptz, is_superuser bool NOT NULL, username varchar(150) NOT NULL UNIQUE, " +
				"first_name varchar(150) NOT NULL, last_name varchar(150) NOT NULL, email varchar(254) NOT NULL, is_staff bool NOT NULL, is_active bool NOT NULL, date_joined timestamptz NOT NULL)",
			"INSERT INTO auth_user VALUES (1, 'old', NULL, false, 'zoë', '', '', '', false, true, '2020-01-01')",
			"CREATE ROLE owner", "GRANT ALL ON ALL TABLES IN SCHEMA public TO owner",
		} {
			execSQL(t, "pgx", dsn+"pooled", text)
		}
	}
	return direct, testserver.PgBouncer(t, direct, "transaction")
}

// poolers are the kinds of PgBouncer in front of direct: in the modes that Django can use
// with autocommit, without prepared statements, and with them (1.24 keeps 200 by default).
func poolers(t *testing.T, direct *testserver.Server) map[string]*testserver.Server {
	return map[string]*testserver.Server{
		"transaction":           testserver.PgBouncer(t, direct, "transaction"),
		"statement":             testserver.PgBouncer(t, direct, "statement"),
		"transaction, prepared": testserver.PgBouncerWith(t, direct, "transaction", "max_prepared_statements = 200"),
		"transaction, 1.24":     testserver.PgBouncerWith(t, direct, "transaction", "max_prepared_statements = 0"),
	}
}

// TestPgBouncer runs many clients of a Site behind a PgBouncer with four connections to the
// server. None may see an error. In statement mode too: each operation is one statement. And
// nobody uses what a pooler takes away: transactions, LISTEN, advisory locks.
func TestPgBouncer(t *testing.T) {
	direct, _ := pooledSite(t)
	for name, pooled := range poolers(t, direct) {
		t.Run(name, func(t *testing.T) { testPgBouncer(t, pooled) })
		if name == "statement" { // what Django's save does
			db, err := sql.Open("pgx", fmt.Sprintf("postgres://%s@%s/pooled", pooled.User, pooled.Addr()))
			if err != nil {
				t.Fatal(err)
			}
			if tx, err := db.Begin(); err == nil {
				_ = tx.Rollback()
				t.Error("a pooler in statement mode begins a transaction")
			}
			db.Close()
		}
	}
}

func testPgBouncer(t *testing.T, bouncer *testserver.Server) {
	proxy := testserver.NewProxy(t, bouncer.Addr())
	proxy.Record()
	defer func() {
		wire := strings.ToUpper(string(proxy.Recorded()))
		for _, word := range []string{"LISTEN", "ADVISORY", "BEGIN", "DECLARE", "PREPARE "} {
			if strings.Contains(wire, word) {
				t.Errorf("the connection has %q, which a pooler does not carry", word)
			}
		}
		if !strings.Contains(wire, "DJANGO_SESSION") && !strings.Contains(wire, "SITE_CACHE") {
			t.Error("no statement was recorded")
		}
	}()
	_, port, _ := net.SplitHostPort(proxy.Addr)
	for _, engine := range []string{"db", "cache", "cached_db"} {
		for _, options := range []string{"{}", "{'assume_role': 'postgres'}"} {
			t.Run(engine+options, func(t *testing.T) {
				set, err := djsettings.Read(strings.NewReader(fmt.Sprintf(`SECRET_KEY = 'k'
INSTALLED_APPS = ['django.contrib.auth', 'django.contrib.contenttypes', 'django.contrib.sessions']
SESSION_ENGINE = 'django.contrib.sessions.backends.%s'
CACHES = {'default': {'BACKEND': 'django.core.cache.backends.db.DatabaseCache', 'LOCATION': 'site_cache'}}
DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'pooled', 'USER': '%s', 'HOST': '127.0.0.1', 'PORT': '%s', 'OPTIONS': %s}}
`, engine, bouncer.User, port, options)), &djsettings.Options{Django: "5.2"})
				if err != nil {
					t.Fatal(err)
				}
				site, err := djsite.Open(t.Context(), set, nil)
				if err != nil {
					t.Fatal(err)
				}
				defer site.Close()
				var clients sync.WaitGroup
				for range 16 {
					clients.Go(func() {
						for range 5 {
							key := visit(t, site, "", func(s *djsession.Session) error { return s.Set("größe", 1) })
							if ok, err := site.Sessions.Exists(t.Context(), key); err != nil || !ok {
								t.Errorf("the session is there: %v, %v", ok, err)
							}
							if _, err := site.Users.ByName(t.Context(), "zoë"); err != nil {
								t.Error(err)
							}
							if err := site.Users.(djauth.LoginRecorder).RecordLogin(t.Context(), "1", time.Now()); err != nil {
								t.Error(err)
							}
							if err := site.Sessions.Delete(t.Context(), key); err != nil {
								t.Error(err)
							}
						}
					})
				}
				clients.Wait()
				if _, err := site.Sessions.ClearExpired(t.Context(), nil); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestPgBouncerOfCaller checks a handle of the caller's that prepares statements. The error
// says what is wrong and names the cure; with the cure there is no error.
func TestPgBouncerOfCaller(t *testing.T) {
	direct, _ := pooledSite(t)
	for name, pooled := range poolers(t, direct) {
		t.Run(name, func(t *testing.T) {
			// What a handle that fails has left behind.
			execSQL(t, "pgx", fmt.Sprintf("postgres://%s@%s/pooled", direct.User, direct.Addr()), "DELETE FROM django_session")
			cures := []string{"&default_query_exec_mode=cache_describe"}
			switch name {
			case "transaction":
				cures = append(cures, "", "&default_query_exec_mode=exec", "&default_query_exec_mode=simple_protocol")
			case "transaction, prepared":
				cures = []string{""}
			}
			testPgBouncerOfCaller(t, pooled, cures, name == "transaction, prepared")
		})
	}
}

// testPgBouncerOfCaller tries all stores and tables of users with handles of the caller's.
// keeps says that the pooler keeps prepared statements.
func testPgBouncerOfCaller(t *testing.T, pooled *testserver.Server, cures []string, keeps bool) {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("k")})
	if err != nil {
		t.Fatal(err)
	}
	record := &djsession.Record{Data: new(serializer.Dict), Expires: time.Now().Add(time.Hour)}
	for n, cure := range cures {
		dsn := fmt.Sprintf("postgres://%s@%s/pooled?pool_max_conns=16%s", pooled.User, pooled.Addr(), cure)
		pool, err := pgxpool.New(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		db, err := sql.Open("pgx", strings.Replace(dsn, "pool_max_conns=16", "application_name=x", 1))
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxIdleConns(16)
		defer db.Close()
		for name, run := range map[string]func(ctx context.Context, i int) error{
			"pgxstore": func(ctx context.Context, i int) error {
				_, err := pgxstore.New(site, pool, nil).Create(ctx, fmt.Sprintf("pgx%029d", i), record)
				return errors.Join(err, pgxstore.New(site, pool, nil).Delete(ctx, fmt.Sprintf("pgx%029d", i), djsession.Force))
			},
			"dbstore": func(ctx context.Context, i int) error {
				_, err := dbstore.New(site, db, dbstore.PostgreSQL, nil).Create(ctx, fmt.Sprintf("sql%029d", i), record)
				return errors.Join(err, dbstore.New(site, db, dbstore.PostgreSQL, nil).Delete(ctx, fmt.Sprintf("sql%029d", i), djsession.Force))
			},
			"dbcache": func(ctx context.Context, i int) error {
				_, err := dbcache.New(site, db, dbcache.PostgreSQL, &dbcache.Options{Table: "site_cache"}).Set(ctx, fmt.Sprint("c", i), record.Data, record.Expires)
				return err
			},
			"pgxusers": func(ctx context.Context, _ int) error {
				_, err := pgxusers.New(site, pool, nil).ByName(ctx, "zoë")
				return errors.Join(err, pgxusers.New(site, pool, nil).RecordLogin(ctx, "1", time.Now()))
			},
			"dbusers": func(ctx context.Context, _ int) error {
				_, err := dbusers.New(site, db, dbstore.PostgreSQL, nil).ByName(ctx, "zoë")
				return errors.Join(err, dbusers.New(site, db, dbstore.PostgreSQL, nil).RecordLogin(ctx, "1", time.Now()))
			},
		} {
			t.Run(name+cure, func(t *testing.T) {
				var clients sync.WaitGroup
				var mu sync.Mutex
				failed, named := 0, 0
				for c := range 16 {
					clients.Go(func() {
						for i := range 20 {
							err := run(t.Context(), 10000*n+100*c+i)
							if err == nil || errors.Is(err, djsession.ErrNotFound) && !errors.Is(err, djsession.ErrUnavailable) {
								continue
							}
							mu.Lock()
							failed++
							switch text := err.Error(); {
							case cure != "":
								t.Error(err)
							case strings.Contains(text, "SQLSTATE ") && strings.Contains(text, "default_query_exec_mode=cache_describe"):
								named++
							default:
								t.Errorf("got %v, want the SQLSTATE and the cure", err)
							}
							mu.Unlock()
						}
					})
				}
				clients.Wait()
				t.Logf("%d of 320 failed, %d by name", failed, named)
				if keeps && failed > 0 {
					t.Error("the pooler keeps prepared statements")
				}
				if cure == "" && failed == 0 && !keeps {
					t.Error("a handle that prepares statements never failed: the test proves nothing")
				}
			})
		}
	}
}

// TestPrepared checks that statements are prepared on a direct connection. They are not if
// the server's name leads to a pooler later, or if the site says so. No request may fail.
func TestPrepared(t *testing.T) {
	direct, pooled := pooledSite(t)
	proxy := testserver.NewProxy(t, direct.Addr())
	open := func(more string) (*djsite.Site, *pgxpool.Pool) {
		host, port, _ := net.SplitHostPort(proxy.Addr)
		set, err := djsettings.Read(strings.NewReader(fmt.Sprintf("SECRET_KEY = 'k'\nTIME_ZONE = 'Asia/Tehran'\nUSE_TZ = False\nDATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'pooled', 'USER': '%s', 'HOST': '%s', 'PORT': '%s', %s}}\n",
			direct.User, host, port, more)), &djsettings.Options{Django: "5.2"})
		if err != nil {
			t.Fatal(err)
		}
		site, err := djsite.Open(t.Context(), set, &djsite.Options{SessionsOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { site.Close() })
		db, err := site.Database(t.Context(), "default")
		if err != nil {
			t.Fatal(err)
		}
		return site, db.Pool
	}
	prepared := func(pool *pgxpool.Pool) (n int, zone, role string) {
		t.Helper()
		if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%django_session%'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		if err := pool.QueryRow(t.Context(), "SELECT current_setting('TimeZone'), current_user").Scan(&zone, &role); err != nil {
			t.Fatal(err)
		}
		return n, zone, role
	}
	use := func(site *djsite.Site) error {
		_, err := site.Sessions.Exists(t.Context(), "abcdefghabcdefghabcdefghabcdefgh")
		return err
	}

	site, pool := open("'OPTIONS': {'assume_role': 'owner'}")
	if err := use(site); err != nil {
		t.Fatal(err)
	}
	if n, zone, role := prepared(pool); n == 0 || zone != "Asia/Tehran" || role != "owner" {
		t.Errorf("on a direct connection: %d prepared statements, the zone %s, the role %s", n, zone, role)
	}
	site, pool = open("'DISABLE_SERVER_SIDE_CURSORS': True")
	if err := use(site); err != nil {
		t.Fatal(err)
	}
	if n, _, _ := prepared(pool); n != 0 {
		t.Errorf("with DISABLE_SERVER_SIDE_CURSORS: %d prepared statements", n)
	}

	site, pool = open("'OPTIONS': {}")
	if err := use(site); err != nil {
		t.Fatal(err)
	}
	pool.Reset()
	proxy.SetTarget(pooled.Addr())
	var clients sync.WaitGroup
	for range 32 {
		clients.Go(func() {
			for range 20 {
				if err := use(site); err != nil {
					t.Error(err)
				}
			}
		})
	}
	clients.Wait()
}
