package djsite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"strings"
	"sync"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djauth/pgxusers"
	"github.com/go-djsession/go-djsession/djcache/dbcache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/djsession/pgxstore"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// closedPool is the size of the pools: more than any driver tries by itself.
const closedPool = 30

// client is a pool of connections, and what a program does with it.
type client struct {
	name   string
	server *testserver.Server
	proxy  *testserver.Proxy
	reads  map[string]func(context.Context) error
	// count adds one to a number that is stored, and total reads it.
	count func(context.Context) error
	total func() int
}

// clients returns one client for each driver, with pools whose connections go through a
// proxy.
func clients(t *testing.T) (all []client) {
	t.Helper()
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("k")})
	if err != nil {
		t.Fatal(err)
	}
	pg, _ := pooledSite(t)
	my := testserver.MariaDB(t)
	admin := committing(t, my, "")
	if count(t, admin, "SELECT count(*) FROM information_schema.schemata WHERE schema_name = 'site'") == 0 {
		makeMySQL(t, admin)
	}
	_ = driver.SetLogger(log.New(io.Discard, "", 0)) // it reports each closed connection
	open := func(driver, dsn string) *sql.DB {
		db, err := sql.Open(driver, dsn)
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(closedPool)
		db.SetMaxIdleConns(closedPool)
		t.Cleanup(func() { db.Close() })
		return db
	}
	add := func(name string, server *testserver.Server, proxy *testserver.Proxy, store djsession.Store, users djauth.Users, cache *dbcache.Cache) {
		key := (name + strings.Repeat("x", 32))[:32]
		record := func(n int64) *djsession.Record {
			return &djsession.Record{Data: new(serializer.Dict).With("n", n), Expires: time.Now().Add(time.Hour)}
		}
		ctx := t.Context()
		_ = store.Delete(ctx, key, djsession.Force)
		if _, err := store.Create(ctx, key, record(0)); err != nil {
			t.Fatal(name, err)
		}
		c := client{name: name, server: server, proxy: proxy, reads: map[string]func(context.Context) error{
			"session": func(ctx context.Context) error { _, _, err := store.Load(ctx, key); return err },
			"user":    func(ctx context.Context) error { _, err := users.ByID(ctx, "1"); return err },
		}}
		if cache != nil {
			if _, err := cache.Set(ctx, key, new(serializer.Dict), time.Now().Add(time.Hour)); err != nil {
				t.Fatal(name, err)
			}
			c.reads["cache"] = func(ctx context.Context) error { _, err := cache.Get(ctx, key); return err }
		}
		c.count = func(ctx context.Context) error {
			for {
				r, v, err := store.Load(ctx, key)
				if err != nil {
					return err
				}
				n, _ := r.Data.Get("n")
				if _, err := store.Update(ctx, key, record(n.(int64)+1), v); !errors.Is(err, djsession.ErrConflict) {
					return err
				}
			}
		}
		c.total = func() int {
			r, _, err := store.Load(ctx, key)
			if err != nil {
				t.Fatal(name, err)
			}
			n, _ := r.Data.Get("n")
			return int(n.(int64))
		}
		all = append(all, c)
	}

	proxy := testserver.NewProxy(t, pg.Addr())
	dsn := fmt.Sprintf("postgres://%s@%s/pooled?sslmode=disable", pg.User, proxy.Addr)
	pool, err := pgxpool.New(t.Context(), fmt.Sprintf("%s&pool_max_conns=%d", dsn, closedPool))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	add("pgx", pg, proxy, pgxstore.New(site, pool, nil), pgxusers.New(site, pool, nil), nil)

	// A client of a pooler, whose connections to the server are closed.
	bouncer := testserver.PgBouncer(t, pg, "transaction")
	proxy = testserver.NewProxy(t, bouncer.Addr())
	pool, err = pgxpool.New(t.Context(), fmt.Sprintf("postgres://%s@%s/pooled?sslmode=disable&default_query_exec_mode=cache_describe&pool_max_conns=%d", pg.User, proxy.Addr, closedPool))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	add("pgbouncer", pg, proxy, pgxstore.New(site, pool, nil), pgxusers.New(site, pool, nil), nil)

	proxy = testserver.NewProxy(t, pg.Addr())
	db := open("pgx", fmt.Sprintf("postgres://%s@%s/pooled?sslmode=disable", pg.User, proxy.Addr))
	add("stdlib", pg, proxy, dbstore.New(site, db, dbstore.PostgreSQL, nil), dbusers.New(site, db, dbstore.PostgreSQL, nil),
		dbcache.New(site, db, dbcache.PostgreSQL, &dbcache.Options{Table: "site_cache"}))

	proxy = testserver.NewProxy(t, my.Addr())
	db = open("mysql", fmt.Sprintf("%s@tcp(%s)/site", my.User, proxy.Addr))
	add("mysql", my, proxy, dbstore.New(site, db, dbstore.MySQL, nil), dbusers.New(site, db, dbstore.MySQL, nil),
		dbcache.New(site, db, dbcache.MySQL, &dbcache.Options{Table: "site_cache"}))
	return all
}

// killAll makes the server end all connections of other clients.
func killAll(t *testing.T, s *testserver.Server) {
	t.Helper()
	if s.User == "postgres" {
		execSQL(t, "pgx", fmt.Sprintf("postgres://%s@%s/postgres", s.User, s.Addr()),
			"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'pooled' AND pid <> pg_backend_pid()")
		return
	}
	db := committing(t, s, "")
	db.SetMaxOpenConns(2)
	rows, err := db.Query("SELECT id FROM information_schema.processlist WHERE db = 'site'")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		_, _ = db.Exec(fmt.Sprint("KILL ", id)) // it may be gone
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// fill opens all connections of the pool of c.
func fill(t *testing.T, c client) {
	t.Helper()
	var all sync.WaitGroup
	for range 2 * closedPool {
		for what, read := range c.reads {
			all.Go(func() {
				if err := read(t.Context()); err != nil {
					t.Errorf("%s: before anything is closed: %v", what, err)
				}
			})
		}
	}
	all.Wait()
}

// TestClosedConnections closes all connections of a pool, as a restart of the server does.
// No read after that may fail: not of a session, not of a user, not of the cache table.
func TestClosedConnections(t *testing.T) {
	for _, c := range clients(t) {
		for how, closeAll := range map[string]func(){
			"killed": func() { killAll(t, c.server) },
			"closed": func() { c.proxy.Break(); c.proxy.Mend() },
			// The requests are on their way.
			"in flight": func() {
				c.proxy.Stall()
				time.AfterFunc(100*time.Millisecond, func() { c.proxy.Break(); c.proxy.Mend() })
			},
		} {
			t.Run(c.name+" "+how, func(t *testing.T) {
				for what, read := range c.reads {
					fill(t, c)
					closeAll()
					var mu sync.Mutex
					failed, n := 0, 0
					var last error
					ask := func() {
						ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
						defer cancel()
						err := read(ctx)
						mu.Lock()
						defer mu.Unlock()
						if n++; err != nil {
							failed, last = failed+1, err
						}
					}
					ask() // alone: it may meet one closed connection after another
					var all sync.WaitGroup
					for range 10 {
						all.Go(func() {
							for range 10 {
								ask()
							}
						})
					}
					all.Wait()
					if failed > 0 {
						t.Errorf("%s: %d of %d reads failed, the last by %v: %v", what, failed, n, last, errors.Unwrap(last))
					}
				}
			})
		}
	}
}

// TestClosedCounts counts while the server ends all connections again and again. Each count
// that succeeds counts once: a write is tried again only if it was not carried out.
func TestClosedCounts(t *testing.T) {
	for _, c := range clients(t) {
		t.Run(c.name, func(t *testing.T) {
			began := c.total()
			var mu sync.Mutex
			done, failed := 0, 0
			var all sync.WaitGroup
			stop := make(chan struct{})
			for range 8 {
				all.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
						}
						err := c.count(t.Context())
						mu.Lock()
						if err == nil {
							done++
						} else {
							failed++
						}
						mu.Unlock()
						if err != nil && !errors.Is(err, djsession.ErrUnavailable) {
							t.Error(err)
						}
					}
				})
			}
			for range 10 {
				time.Sleep(20 * time.Millisecond)
				killAll(t, c.server)
			}
			close(stop)
			all.Wait()
			got := c.total() - began
			if got < done || got > done+failed {
				t.Errorf("%d counts succeeded and %d failed, but the number is %d more", done, failed, got)
			}
			t.Logf("%d counts succeeded, %d failed, the number is %d more", done, failed, got)
		})
	}
}
