package dbstore_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	driver "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
)

// A table that is not what Django made is told in words that help, by every
// method, and never as a session that is absent.
func TestWrongTable(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		for _, test := range []struct {
			name  string
			setup map[string][]string // by database; nil skips it
			hint  string
			fine  string // methods that do not meet what is wrong
		}{
			{"no table", map[string][]string{
				"SQLite": {"DROP TABLE IF EXISTS django_session"}, "PostgreSQL": {"DROP TABLE IF EXISTS django_session"}, "MySQL": {"DROP TABLE IF EXISTS django_session"},
			}, "there is no table django_session: run the site's migrations", ""},
			{"no column", map[string][]string{
				"SQLite":     {"DROP TABLE IF EXISTS django_session", "CREATE TABLE django_session (id text, data text, expires text)"},
				"PostgreSQL": {"DROP TABLE IF EXISTS django_session", "CREATE TABLE django_session (id text, data text, expires text)"},
				"MySQL":      {"DROP TABLE IF EXISTS django_session", "CREATE TABLE django_session (id text, data text, expires text)"},
			}, "has not the columns of django_session", ""},
			{"dates are text", map[string][]string{
				"PostgreSQL": {"DROP TABLE IF EXISTS django_session", "CREATE TABLE django_session (session_key text, session_data text, expire_date text)",
					"INSERT INTO django_session VALUES ('abcdefgh', 'x', '2100-01-01 00:00:00')"},
			}, "has not the columns of django_session", "create update touch delete"},
			{"data are numbers", map[string][]string{
				"PostgreSQL": {"DROP TABLE IF EXISTS django_session", "CREATE TABLE django_session (session_key text, session_data integer, expire_date timestamptz)"},
			}, "has not the columns of django_session", "touch delete reap"},
		} {
			setup, ok := test.setup[d.d.String()]
			if !ok {
				continue
			}
			t.Run(test.name, func(t *testing.T) {
				mustExec(t, d.open(t, new(probe)), setup...)
				s := dbstore.New(newSite(t), d.open(t, new(probe)), d.d, nil)
				for name, err := range failures(t, s) {
					if strings.Contains(test.fine, name) {
						continue
					}
					if !errors.Is(err, djsession.ErrUnavailable) || errors.Is(err, djsession.ErrNotFound) {
						t.Errorf("%s: got error %v, want ErrUnavailable", name, err)
						continue
					}
					if !strings.Contains(err.Error(), test.hint) || strings.Contains(err.Error(), "abcdefgh") {
						t.Errorf("%s: got %q, want %q in it and no key", name, err, test.hint)
					}
				}
			})
		}
	})
}

// failures calls every method and returns the errors.
func failures(t *testing.T, s *dbstore.Store) map[string]error {
	t.Helper()
	ctx := t.Context()
	errs := map[string]error{}
	_, _, errs["load"] = s.Load(ctx, "abcdefgh")
	_, errs["create"] = s.Create(ctx, "abcdefgh", record("n", 1))
	_, errs["update"] = s.Update(ctx, "abcdefgh", record("n", 1), djsession.Force)
	errs["touch"] = s.Touch(ctx, "abcdefgh", now, djsession.Force)
	errs["delete"] = s.Delete(ctx, "abcdefgh", djsession.Force)
	_, errs["reap"] = s.ClearExpired(ctx, nil)
	for _, err := range s.List(ctx, "") {
		errs["list"] = err
	}
	return errs
}

// A column that is too short is ErrTooLarge.
func TestTooLarge(t *testing.T) {
	for _, d := range []database{postgres(t), mysql(t, "latin1", "")} {
		db := d.open(t, new(probe))
		mustExec(t, db, map[string]string{
			"PostgreSQL": "ALTER TABLE django_session ALTER session_data TYPE varchar(10)",
			"MySQL":      "ALTER TABLE django_session MODIFY session_data varchar(10) NOT NULL",
		}[d.d.String()])
		s := dbstore.New(newSite(t), db, d.d, nil)
		_, err := s.Create(t.Context(), "abcdefgh", record("n", 1))
		if !errors.Is(err, djsession.ErrTooLarge) || errors.Is(err, djsession.ErrUnavailable) {
			t.Errorf("%v: got error %v, want ErrTooLarge", d.d, err)
		}
	}
	// The server takes no larger packet, or no larger parameter.
	d := mysql(t, "latin1", "")
	base := d.dsn
	admin := d.open(t, new(probe))
	mustExec(t, admin, "SET GLOBAL max_allowed_packet = 65536")
	defer mustExec(t, admin, "SET GLOBAL max_allowed_packet = DEFAULT")
	for _, options := range []string{"", "interpolateParams=true", "maxAllowedPacket=0", "maxAllowedPacket=0&interpolateParams=true"} {
		d.dsn = func(addr string) string { return base(addr) + options }
		s := dbstore.New(newSite(t), d.open(t, new(probe)), d.d, nil)
		_, err := s.Create(t.Context(), "abcdefgh", record("n", noise(200<<10)))
		if !errors.Is(err, djsession.ErrTooLarge) {
			t.Errorf("%s: got error %v, want ErrTooLarge", options, err)
		}
	}
}

// noise does not compress well.
func noise(n int) string {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = 'a' + byte(x>>24)%26
	}
	return string(b)
}

// A user without rights, and a database that is read-only.
func TestDenied(t *testing.T) {
	pg, my, lite := postgres(t), mysql(t, "latin1", ""), sqlite(t, "")
	mustExec(t, pg.open(t, new(probe)), "CREATE ROLE reader LOGIN")
	mustExec(t, my.open(t, new(probe)), "CREATE USER reader", "GRANT SELECT ON *.* TO reader")
	for _, test := range []struct {
		name, driver, dsn string
		d                 dbstore.Dialect
		hint              string
	}{
		{"PostgreSQL, no rights", "pgx", strings.Replace(pg.dsn(pg.addr), "postgres@", "reader@", 1), dbstore.PostgreSQL, "may not do this INSERT to the table django_session"},
		{"MariaDB, no rights", "mysql", strings.Replace(my.dsn(my.addr), "root@", "reader@", 1), dbstore.MySQL, "may not do this INSERT to the table django_session"},
		{"PostgreSQL, read-only", "pgx", pg.dsn(pg.addr) + "&default_transaction_read_only=on", dbstore.PostgreSQL, "read-only"},
		{"MariaDB, read-only", "mysql", my.dsn(my.addr) + "tx_read_only=1", dbstore.MySQL, "read-only"},
		{"SQLite, read-only", "sqlite", lite.dsn("") + "mode=ro", dbstore.SQLite, "read-only"},
	} {
		s := dbstore.New(newSite(t), wrap(t, test.driver, test.dsn, new(probe)), test.d, nil)
		_, err := s.Create(t.Context(), "abcdefgh", record("n", 1))
		if !errors.Is(err, djsession.ErrUnavailable) || !strings.Contains(err.Error(), test.hint) {
			t.Errorf("%s: got error %v, want ErrUnavailable with %q", test.name, err, test.hint)
		}
	}
}

// A user who may not change a key gets a session's new key by Create and Delete.
func TestCycleDenied(t *testing.T) {
	pg := postgres(t)
	raw := pg.open(t, new(probe))
	mustExec(t, raw, "CREATE ROLE clerk LOGIN", "GRANT SELECT, INSERT, DELETE, UPDATE (session_data, expire_date) ON django_session TO clerk")
	s := dbstore.New(newSite(t), wrap(t, "pgx", strings.Replace(pg.dsn(pg.addr), "postgres@", "clerk@", 1), new(probe)), dbstore.PostgreSQL, nil)
	v := mustCreate(t, s, "abcdefgh", record("n", 1))
	if _, err := s.Cycle(t.Context(), "abcdefgh", v, "bcdefghi", record("n", 2)); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Cycle says %v, want errors.ErrUnsupported", err)
	}
	session, err := djsession.New(s).Open(t.Context(), "abcdefgh")
	if err := errors.Join(err, session.CycleKey(), session.Save(t.Context())); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Load(t.Context(), "abcdefgh"); !errors.Is(err, djsession.ErrNotFound) {
		t.Errorf("under the old key: %v", err)
	}
	if r, _, err := s.Load(t.Context(), session.Key()); err != nil || !r.Data.Has("n") {
		t.Errorf("under the new key: %v, %v", r, err)
	}
}

// coded is an error as that of modernc.org/sqlite, which cannot be made outside of it.
type coded int

func (c coded) Error() string { return "failed" }
func (c coded) Code() int     { return int(c) }

// What another try may mend is tried again; what not, is not.
func TestRetry(t *testing.T) {
	retryable := map[string][]error{
		"SQLite":     {coded(5), coded(6), coded(517), errors.New("database is locked"), errors.New("database table is locked: django_session")},
		"PostgreSQL": {&pgconn.PgError{Code: "40001"}, &pgconn.PgError{Code: "40P01"}},
		"MySQL":      {&driver.MySQLError{Number: 1213, Message: "Deadlock found"}, &driver.MySQLError{Number: 1205, SQLState: [5]byte([]byte("HY000"))}},
	}
	each(t, func(t *testing.T, d database) {
		p := new(probe)
		s := dbstore.New(newSite(t), d.open(t, p), d.d, nil)
		v := mustCreate(t, s, "abcdefgh", record("n", 1))
		for _, cause := range retryable[d.d.String()] {
			p.take()
			p.failNext(cause, cause)
			if _, _, err := s.Load(t.Context(), "abcdefgh"); err != nil {
				t.Errorf("%v twice, then nothing: %v", cause, err)
			}
			if got := len(p.take()); got != 3 {
				t.Errorf("%v: got %d statements, want 3", cause, got)
			}
			p.failNext(cause)
			var err error
			if v, err = s.Update(t.Context(), "abcdefgh", record("n", 2), v); err != nil {
				t.Errorf("%v once, then nothing: %v", cause, err)
			}

			// As long as it lasts, the context counts.
			p.setDown(cause)
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
				_, _, err = s.Load(ctx, "abcdefgh")
				cancel()
			})
			p.setDown(nil)
			if !errors.Is(err, djsession.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v for long: got error %v, want ErrUnavailable and DeadlineExceeded", cause, err)
			}
			if got := len(p.take()); got < 3 || got > 200 {
				t.Errorf("%v for 400ms: %d statements, want some, with pauses", cause, got)
			}
		}
		p.take()
		p.failNext(errUnplugged)
		if _, _, err := s.Load(t.Context(), "abcdefgh"); !errors.Is(err, djsession.ErrUnavailable) || !errors.Is(err, errUnplugged) {
			t.Errorf("another fault: got error %v, want ErrUnavailable with its cause", err)
		}
		if got := len(p.take()); got != 1 {
			t.Errorf("another fault: got %d statements, want 1", got)
		}
	})
}

// Without a deadline it is given up after some seconds.
func TestRetryEnds(t *testing.T) {
	d := sqlite(t, "")
	p := new(probe)
	s := dbstore.New(newSite(t), d.open(t, p), d.d, nil)
	p.setDown(coded(5))
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := s.Create(context.Background(), "abcdefgh", record("n", 1))
		if took := time.Since(began); took < 4*time.Second || took > 6*time.Second {
			t.Errorf("gave up after %v, want about 5 s", took)
		}
		if !errors.Is(err, djsession.ErrUnavailable) || !strings.Contains(err.Error(), "locked") {
			t.Errorf("got error %v, want ErrUnavailable that tells of the lock", err)
		}
	})
}

// Another program locks the file for a moment, and the handle has no busy_timeout.
func TestLockedForAMoment(t *testing.T) {
	d := sqlite(t, "")
	s := dbstore.New(newSite(t), d.open(t, new(probe)), d.d, nil)
	v := mustCreate(t, s, "abcdefgh", record("n", 1))
	resume := holding(t, d.open(t, new(probe)), d.begin, d.end)
	time.AfterFunc(100*time.Millisecond, resume)
	if _, err := s.Update(t.Context(), "abcdefgh", record("n", 2), v); err != nil {
		t.Error(err)
	}
}

// A server that goes away in the middle is ErrUnavailable, one that does not
// answer is so by the end of the context, and one that is back is used again.
func TestServerDies(t *testing.T) {
	for _, d := range []database{postgres(t), mysql(t, "latin1", "")} {
		t.Run(d.d.String(), func(t *testing.T) {
			proxy := testserver.NewProxy(t, d.addr)
			d.addr = proxy.Addr
			s := dbstore.New(newSite(t), d.open(t, new(probe)), d.d, nil)
			v := mustCreate(t, s, "abcdefgh", record("n", 1))

			proxy.Break()
			for name, err := range failures(t, s) {
				if !errors.Is(err, djsession.ErrUnavailable) || strings.Contains(err.Error(), proxy.Addr) || strings.Contains(err.Error(), "abcdefgh") {
					t.Errorf("broken, %s: got error %v, want ErrUnavailable, no address and no key", name, err)
				}
			}
			proxy.Mend()
			if _, _, err := s.Load(t.Context(), "abcdefgh"); err != nil {
				t.Errorf("back again: %v", err)
			}

			proxy.Stall()
			for range 3 {
				ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
				began := time.Now()
				_, err := s.Update(ctx, "abcdefgh", record("n", 2), v)
				cancel()
				if took := time.Since(began); took > 5*time.Second {
					t.Errorf("stalled: returned after %v", took)
				}
				if !errors.Is(err, djsession.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("stalled: got error %v, want ErrUnavailable and DeadlineExceeded", err)
				}
			}
			proxy.Break() // what is on its way does not arrive
			proxy.Mend()
			if _, err := s.Update(t.Context(), "abcdefgh", record("n", 3), v); err != nil {
				t.Errorf("after that: %v", err)
			}
		})
	}
}
