package compat_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/djsession/pgxstore"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// outageCombos are one Django on each database: what fails here is not Django.
func outageCombos(databases ...string) (all []combo) {
	for _, database := range databases {
		all = append(all, combo{"5.2", database, tzOn})
	}
	return all
}

// The database dies in the middle of a request, and before one: each is answered by 503
// without a cookie, nothing is lost and nobody is logged out. When it is back, all goes on.
func TestDatabaseDies(t *testing.T) {
	inWorlds(t, outageCombos(postgres, mariadb), func(t *testing.T, w *world) {
		w.inStores(t, "outage", func(t *testing.T, store string) {
			for _, stall := range []bool{false, true} {
				t.Run(map[bool]string{false: "killed", true: "stalled"}[stall], func(t *testing.T) {
					proxy := testserver.NewProxy(t, w.base.server.Addr())
					m := w.ownManager(t, store, proxy.Addr, func(s *djsession.Settings) { s.SaveTimeout = 500 * time.Millisecond })
					die, mend := proxy.Break, proxy.Mend
					if stall {
						die = proxy.Stall
						mend = func() { proxy.Break(); proxy.Mend() } // what is on its way does not arrive
					}
					w.outage(t, m, die, mend)
				})
			}
		})
	})
}

// ownManager is one with a handle of its own, which reaches the database at that address.
func (w *world) ownManager(t testing.TB, store, addr string, change ...func(*djsession.Settings)) *djsession.Manager {
	t.Helper()
	site := w.site(t, change...)
	dsn := w.base.dsn(addr, defaultOptions[w.database])
	if store != "pgxstore" {
		return djsession.New(dbstore.New(site, openSQL(t, drivers[w.database], dsn), dialects[w.database], nil))
	}
	pool, err := pgxpool.New(context.Background(), dsn)
	must(t, err)
	t.Cleanup(pool.Close)
	return djsession.New(pgxstore.New(site, pool, nil))
}

// outage lets the database die in all the ways that a request can meet it.
func (w *world) outage(t *testing.T, m *djsession.Manager, die, mend func()) {
	key := w.dj.create(t, map[string]any{"x": 1})
	want := w.rows(t)
	for _, to := range touch {
		if to.ops == nil {
			continue
		}
		// During the request: the session is read, then nothing can be written.
		var failed error
		a := impatient(m, key, django.Timeout, func(rw http.ResponseWriter, r *http.Request) {
			s, err := djsession.Load(r.Context())
			must(t, err)
			die()
			for _, o := range to.ops {
				if _, err := runOp(s, o); err != nil {
					failed = err
				}
			}
			if failed != nil {
				http.Error(rw, "sorry", djsession.ErrorStatus(failed))
			}
		})
		if to.name != "read" {
			wantUnavailable(t, "dies, then "+to.name, a)
			if failed != nil && !errors.Is(failed, djsession.ErrUnavailable) {
				t.Errorf("dies, then %s: got error %v, want ErrUnavailable", to.name, failed)
			}
		} else if a.status != http.StatusOK || len(a.cookies) > 0 {
			t.Errorf("dies after the last read: got status %d and %d cookies, want 200 and none", a.status, len(a.cookies))
		}
		// Before the request.
		wantUnavailable(t, "is dead, then "+to.name, impatient(m, key, 300*time.Millisecond, func(rw http.ResponseWriter, r *http.Request) {
			_, err := djsession.Load(r.Context())
			if !errors.Is(err, djsession.ErrUnavailable) || errors.Is(err, djsession.ErrNotFound) {
				t.Errorf("Load: got %s, want ErrUnavailable", describe(err))
			}
			rw.WriteHeader(djsession.ErrorStatus(err))
		}))
		mend()
		if got := w.rows(t); !maps.Equal(got, want) {
			t.Fatalf("%s: the table changed", to.name)
		}
	}
	// A stranger's new session.
	die()
	wantUnavailable(t, "is dead, then a stranger comes", impatient(m, "", django.Timeout, func(rw http.ResponseWriter, r *http.Request) {
		s, err := djsession.Load(r.Context()) // which reads nothing
		must(t, err)
		must(t, s.Set("x", 1))
	}))
	mend()
	var a answer
	for range 20 { // a new connection may take longer than SaveTimeout on a busy machine
		if a = ours(t, m, request{cookie: key, ops: []op{set("x", 2)}}); a.status != http.StatusServiceUnavailable {
			break
		}
	}
	if a.status != http.StatusOK || a.session() != key {
		t.Errorf("back again: got status %d, want 200 and the cookie", a.status)
	}
}

// impatient is handle with a client that does not wait longer than that. There is no
// cookie with an empty key.
func impatient(m *djsession.Manager, key string, wait time.Duration, h http.HandlerFunc) answer {
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, "GET", "/", nil)
	if key != "" {
		r.Header.Set("Cookie", "sessionid="+key)
	}
	return serve(m, r, h)
}

func wantUnavailable(t testing.TB, what string, a answer) {
	t.Helper()
	if a.status != http.StatusServiceUnavailable || len(a.cookies) > 0 {
		t.Errorf("%s: got status %d and %d cookies, want 503 and none", what, a.status, len(a.cookies))
	}
}

// Tables that are not what Django makes: an error that can be matched or Django's own
// answer, no cookie for what was not stored, and no text that tells a key.
func TestForeignTables(t *testing.T) {
	const rename = "ALTER TABLE django_session RENAME TO set_aside"
	const future = "'2099-01-01 00:00:00'"
	tables := []struct {
		name, create, insert string
		databases            string
	}{
		{"no table", "", "", "SQLite PostgreSQL MariaDB"},
		{"a view", "CREATE VIEW django_session AS SELECT * FROM set_aside", "", "SQLite"},
		{"other columns", "CREATE TABLE django_session (id varchar(40), data text)", "INSERT INTO django_session VALUES ('KEY', 'DATA')", "SQLite PostgreSQL MariaDB"},
		{"data are bytes", "CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, session_data BYTES, expire_date STAMP)", "INSERT INTO django_session VALUES ('KEY', 'DATA', " + future + ")", "SQLite PostgreSQL MariaDB"},
		{"data are numbers", "CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, session_data integer, expire_date STAMP)", "INSERT INTO django_session VALUES ('KEY', 7, " + future + ")", "SQLite PostgreSQL MariaDB"},
		{"data are missing", "CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, session_data text, expire_date STAMP)", "INSERT INTO django_session VALUES ('KEY', NULL, " + future + ")", "SQLite PostgreSQL MariaDB"},
		{"data are short", "CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, session_data varchar(20), expire_date STAMP)", "INSERT INTO django_session VALUES ('KEY', 'x', " + future + ")", "PostgreSQL MariaDB"},
		{"dates are numbers", "CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, session_data text, expire_date bigint)", "INSERT INTO django_session VALUES ('KEY', 'DATA', 4070908800)", "SQLite PostgreSQL MariaDB"},
		{"dates are text", "CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, session_data text, expire_date varchar(40))", "INSERT INTO django_session VALUES ('KEY', 'DATA', 'tomorrow')", "SQLite PostgreSQL MariaDB"},
		{"dates are missing", "CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, session_data text, expire_date STAMP NULL)", "INSERT INTO django_session VALUES ('KEY', 'DATA', NULL)", "SQLite PostgreSQL MariaDB"},
		{"keys are short", "CREATE TABLE django_session (session_key varchar(10) PRIMARY KEY, session_data text, expire_date STAMP)", "", "PostgreSQL MariaDB"},
	}
	types := map[string]*strings.Replacer{
		sqlite:   strings.NewReplacer("BYTES", "blob", "STAMP", "datetime"),
		postgres: strings.NewReplacer("BYTES", "bytea", "STAMP", "timestamptz"),
		mariadb:  strings.NewReplacer("BYTES", "longblob", "STAMP", "datetime(6)"),
	}
	inWorlds(t, outageCombos(databases...), func(t *testing.T, w *world) {
		w.inStores(t, "foreign tables", func(t *testing.T, store string) {
			// Not the handle of the other tests, whose statements are prepared for Django's table.
			m := w.ownManager(t, store, w.base.address())
			key := w.dj.create(t, map[string]any{"x": 1})
			data, err := m.Site().Encode(open(t, m, key).Dict())
			must(t, err)
			for _, table := range tables {
				if !strings.Contains(table.databases, w.database) {
					continue
				}
				t.Run(table.name, func(t *testing.T) {
					run := func(statement string) {
						t.Helper()
						statement = strings.NewReplacer("KEY", key, "DATA", data).Replace(strings.ReplaceAll(statement, "PRIMARY KEY", "UNIQUE"))
						_, err := w.base.db.Exec(types[w.database].Replace(statement))
						must(t, err)
					}
					run(rename)
					t.Cleanup(func() {
						switch {
						case table.create == "":
						case strings.HasPrefix(table.create, "CREATE VIEW"):
							run("DROP VIEW django_session")
						default:
							run("DROP TABLE django_session")
						}
						run("ALTER TABLE set_aside RENAME TO django_session")
					})
					if table.create != "" {
						run(table.create)
					}
					if table.insert != "" {
						run(table.insert)
					}
					for _, cookie := range []string{key, ""} {
						for _, to := range touch {
							a := ours(t, m, request{cookie: cookie, ops: to.ops})
							if a.status >= 500 && len(a.cookies) > 0 {
								t.Errorf("%s: a cookie with status %d", to.name, a.status)
							}
							if strings.Contains(a.body, key) || strings.Contains(a.body, data) {
								t.Errorf("%s: the answer tells a key or a session", to.name)
							}
							if got := a.session(); got != "" && got != cookie && !w.hasRow(t, got) {
								t.Errorf("%s: a cookie for a session that was not stored", to.name)
							}
						}
						_, err := m.Open(t.Context(), key)
						known := err == nil || errors.Is(err, djsession.ErrUnavailable) || errors.Is(err, djsession.ErrCorrupt) || errors.Is(err, djsession.ErrNotFound)
						if !known || err != nil && strings.Contains(err.Error(), key) {
							t.Errorf("Open: got %v, want an error that can be matched", err)
						}
						if table.create == "" && !errors.Is(err, djsession.ErrUnavailable) {
							t.Errorf("without a table: got %s, want ErrUnavailable", describe(err))
						}
					}
				})
			}
		})
	})
}

// A migration changes the table under statements that drivers have prepared. It is not
// noticed.
func TestMigration(t *testing.T) {
	inWorlds(t, outageCombos(postgres, mariadb), func(t *testing.T, w *world) {
		alter := map[string]string{
			postgres: "ALTER TABLE django_session ALTER session_key TYPE varchar(%d)",
			mariadb:  "ALTER TABLE django_session MODIFY session_key varchar(%d) NOT NULL",
		}[w.database]
		w.inStores(t, "outage", func(t *testing.T, store string) {
			m := w.ownManager(t, store, w.base.address())
			key := w.dj.create(t, map[string]any{"x": 1})
			for round, length := range []int{40, 64, 40} {
				_, err := w.base.db.Exec(fmt.Sprintf(alter, length))
				must(t, err)
				var group sync.WaitGroup
				for i := range 20 {
					group.Go(func() {
						a := ours(t, m, request{cookie: key, ops: []op{{"get", "x"}, set(fmt.Sprint(i), round)}})
						if a.status != http.StatusOK {
							t.Errorf("after migration %d: got status %d, want 200", round, a.status)
						}
					})
				}
				group.Wait()
			}
		})
	})
}

// hasRow reports whether there is a row with that key, whatever is in it.
func (w *world) hasRow(t testing.TB, key string) bool {
	t.Helper()
	var n int
	must(t, w.base.db.QueryRow("SELECT COUNT(*) FROM django_session WHERE session_key = '"+key+"'").Scan(&n))
	return n > 0
}

// A file that is no database, one that is locked, and one that cannot be written.
func TestSQLiteFiles(t *testing.T) {
	inWorlds(t, outageCombos(sqlite), func(t *testing.T, w *world) {
		matrix.checks(t, "outage", "dbstore", w.database, w.django)
		key := w.dj.create(t, map[string]any{"x": 1})
		manager := func(db string) *djsession.Manager {
			site := w.site(t, func(s *djsession.Settings) { s.SaveTimeout = 300 * time.Millisecond })
			return djsession.New(dbstore.New(site, openSQL(t, "sqlite", db), dbstore.SQLite, nil))
		}
		garbage := filepath.Join(temporary(t), "garbage")
		must(t, os.WriteFile(garbage, []byte(strings.Repeat("no database ", 1000)), 0o600))
		for name, dsn := range map[string]string{"garbage": "file:" + garbage, "no folder": "file:" + filepath.Join(garbage, "x", "y")} {
			m := manager(dsn)
			if _, err := m.Open(t.Context(), key); !errors.Is(err, djsession.ErrUnavailable) {
				t.Errorf("%s: got %s, want ErrUnavailable", name, describe(err))
			}
			for _, cookie := range []string{key, ""} {
				wantUnavailable(t, name, ours(t, m, request{cookie: cookie, ops: []op{set("x", 2)}}))
			}
		}

		// Somebody else writes for longer than we wait.
		m := manager(w.base.dsn("", "_pragma=busy_timeout(100)"))
		c, err := w.base.db.Conn(t.Context())
		must(t, err)
		_, err = c.ExecContext(t.Context(), "BEGIN IMMEDIATE")
		must(t, err)
		before := w.rows(t)
		for _, to := range touch {
			switch a := ours(t, m, request{cookie: key, ops: to.ops}); to.name {
			case "untouched", "read":
				if a.status != http.StatusOK {
					t.Errorf("locked, %s: got status %d, want 200", to.name, a.status)
				}
			default:
				wantUnavailable(t, "locked, "+to.name, a)
			}
		}
		_, err = c.ExecContext(context.Background(), "ROLLBACK")
		must(t, err)
		must(t, c.Close())
		sameRows(t, "locked", w.rows(t), before)
		if a := ours(t, m, request{cookie: key, ops: []op{set("x", 2)}}); a.status != http.StatusOK {
			t.Errorf("not locked any more: got status %d, want 200", a.status)
		}
	})
}
