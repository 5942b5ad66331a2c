package djsite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

const (
	whyKey      = "canarycanarycanarycanarycanaryca"
	whyPassword = "canary-password"
)

// TestErrorsSayWhy makes servers fail for real. Each error says why, gives the server's
// code, and holds neither the key nor the password.
func TestErrorsSayWhy(t *testing.T) {
	direct, _ := pooledSite(t)
	my := testserver.MariaDB(t)
	root := committing(t, my, "")
	if count(t, root, "SELECT count(*) FROM information_schema.schemata WHERE schema_name = 'site'") == 0 {
		makeMySQL(t, root)
	}
	admin := func(text string) {
		t.Helper()
		execSQL(t, "pgx", fmt.Sprintf("postgres://%s@%s/pooled", direct.User, direct.Addr()), text)
	}
	do := func(text string) {
		t.Helper()
		if _, err := root.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	pg := func(more string) string {
		return fmt.Sprintf("postgres://%s:%s@%s/pooled?%s", direct.User, whyPassword, direct.Addr(), more)
	}
	mysql := func(user, more string) string {
		return fmt.Sprintf("%s@tcp(%s)/site?%s", user, my.Addr(), more)
	}
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("k")})
	if err != nil {
		t.Fatal(err)
	}
	// fails returns the errors of a load and of an update, on a handle of its own.
	fails := func(driver, dsn string, d dbstore.Dialect, within time.Duration) (load, save error) {
		t.Helper()
		db, err := sql.Open(driver, dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		s := dbstore.New(site, db, d, nil)
		_, _, load = s.Load(ctx, whyKey)
		ctx, cancel = context.WithTimeout(t.Context(), within)
		defer cancel()
		_, save = s.Update(ctx, whyKey, &djsession.Record{Data: new(serializer.Dict).With("n", time.Now().String()), Expires: time.Now().Add(time.Hour)}, djsession.Force)
		return load, save
	}
	check := func(err error, words ...string) {
		t.Helper()
		if !errors.Is(err, djsession.ErrUnavailable) && !errors.Is(err, djsite.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
			return
		}
		for _, w := range words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("got %q, want %q in it", err, w)
			}
		}
		if strings.Contains(err.Error(), "canary") {
			t.Errorf("%q holds a secret", err)
		}
		t.Log(err)
	}
	both := func(load, save error, words ...string) {
		t.Helper()
		check(load, words...)
		check(save, words...)
	}
	seconds := 20 * time.Second
	row := "('" + whyKey + "', 'x', '2100-01-01')"
	admin("INSERT INTO django_session VALUES " + row)
	do("INSERT INTO site.django_session VALUES " + row)
	defer admin("DELETE FROM django_session WHERE session_key = '" + whyKey + "'")
	defer do("DELETE FROM site.django_session WHERE session_key = '" + whyKey + "'")

	t.Run("refused", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr := l.Addr().String()
		l.Close()
		load, save := fails("pgx", "postgres://x:"+whyPassword+"@"+addr+"/pooled", dbstore.PostgreSQL, seconds)
		both(load, save, "nobody listens")
		load, save = fails("mysql", "x:"+whyPassword+"@tcp("+addr+")/site", dbstore.MySQL, seconds)
		both(load, save, "nobody listens")
	})
	t.Run("no answer", func(t *testing.T) {
		proxy := testserver.NewProxy(t, direct.Addr())
		proxy.Stall()
		load, save := fails("pgx", "postgres://x@"+proxy.Addr+"/pooled", dbstore.PostgreSQL, 50*time.Millisecond)
		both(load, save, "no answer in time")
		load, _ = fails("pgx", "postgres://x@"+proxy.Addr+"/pooled?connect_timeout=1", dbstore.PostgreSQL, seconds)
		check(load, "does not answer in time")
		load, save = fails("mysql", "x@tcp("+proxy.Addr+")/site", dbstore.MySQL, 50*time.Millisecond)
		both(load, save, "no answer in time")
	})
	t.Run("too many connections", func(t *testing.T) {
		admin("CREATE ROLE few LOGIN CONNECTION LIMIT 0")
		defer admin("DROP ROLE few")
		load, save := fails("pgx", fmt.Sprintf("postgres://few@%s/pooled", direct.Addr()), dbstore.PostgreSQL, seconds)
		both(load, save, "too many clients", "SQLSTATE 53300")
		do("CREATE USER few@'127.0.0.1' WITH MAX_USER_CONNECTIONS 1")
		do("GRANT ALL ON site.* TO few@'127.0.0.1'")
		defer do("DROP USER few@'127.0.0.1'")
		held, err := sql.Open("mysql", mysql("few", ""))
		if err != nil {
			t.Fatal(err)
		}
		defer held.Close()
		if err := held.Ping(); err != nil {
			t.Fatal(err)
		}
		load, save = fails("mysql", mysql("few", ""), dbstore.MySQL, seconds)
		both(load, save, "too many clients", "error 1226")
	})
	t.Run("shutting down", func(t *testing.T) {
		s := testserver.PostgreSQLWith(t, "max_wal_senders=0") // of its own
		dsn := fmt.Sprintf("postgres://%s@%s/postgres", s.User, s.Addr())
		held, err := sql.Open("pgx", dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer held.Close()
		var pid int
		if err := held.QueryRow("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int").Scan(&pid); err != nil {
			t.Fatal(err)
		}
		postmaster, err := os.FindProcess(pid)
		if err != nil {
			t.Fatal(err)
		}
		if err := postmaster.Signal(syscall.SIGTERM); err != nil { // it waits for held
			t.Fatal(err)
		}
		for range 100 {
			if load, save := fails("pgx", dsn, dbstore.PostgreSQL, seconds); strings.Contains(load.Error(), "57P03") {
				both(load, save, "starts up or shuts down", "SQLSTATE 57P03")
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Error("it does not shut down")
	})
	t.Run("password", func(t *testing.T) {
		hba := filepath.Join(testserver.PublicDir(t), "hba")
		if err := os.WriteFile(hba, []byte("host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		s := testserver.PostgreSQLWith(t, "hba_file="+hba)
		execSQL(t, "pgx", fmt.Sprintf("postgres://%s@%s/postgres", s.User, s.Addr()), "CREATE ROLE web LOGIN PASSWORD 'right'")
		load, save := fails("pgx", fmt.Sprintf("postgres://web:%s@%s/postgres", whyPassword, s.Addr()), dbstore.PostgreSQL, seconds)
		both(load, save, "refuses this user or password", "SQLSTATE 28P01")
		load, save = fails("mysql", mysql("web:"+whyPassword, ""), dbstore.MySQL, seconds)
		both(load, save, "refuses this user or password", "error 1045")

		set, err := djsettings.Read(strings.NewReader(fmt.Sprintf("SECRET_KEY = 'k'\nDATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'postgres', 'USER': 'web', 'PASSWORD': '%s', 'HOST': '127.0.0.1', 'PORT': '%d'}}\n", whyPassword, s.Port)), &djsettings.Options{Django: "5.2"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = djsite.Open(t.Context(), set, &djsite.Options{SessionsOnly: true})
		check(err, "refuses this user or password", "SQLSTATE 28P01")
	})
	t.Run("time limits", func(t *testing.T) {
		locked, err := sql.Open("pgx", pg(""))
		if err != nil {
			t.Fatal(err)
		}
		defer locked.Close()
		tx, err := locked.Begin()
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		if _, err := tx.Exec("UPDATE django_session SET session_data = 'y'"); err != nil {
			t.Fatal(err)
		}
		_, save := fails("pgx", pg("statement_timeout=50"), dbstore.PostgreSQL, seconds)
		check(save, "its own time limit", "SQLSTATE 57014")
		_, save = fails("pgx", pg("lock_timeout=50"), dbstore.PostgreSQL, seconds)
		check(save, "keeps the row locked", "SQLSTATE 55P03")

		other, err := root.Begin()
		if err != nil {
			t.Fatal(err)
		}
		defer other.Rollback()
		if _, err := other.Exec("UPDATE site.django_session SET session_data = 'y'"); err != nil {
			t.Fatal(err)
		}
		_, save = fails("mysql", mysql("web", "max_statement_time=0.05"), dbstore.MySQL, seconds)
		check(save, "its own time limit", "error 1969")
	})
	t.Run("pooler", func(t *testing.T) {
		for option, words := range map[string][]string{
			"max_client_conn = 0":                           {"too many clients", "SQLSTATE"},
			"query_wait_timeout = 1\ndefault_pool_size = 1": {"connection pooler", "SQLSTATE 08P01"},
		} {
			s := testserver.PgBouncerWith(t, direct, "transaction", option)
			dsn := fmt.Sprintf("postgres://%s@%s/pooled?default_query_exec_mode=cache_describe", direct.User, s.Addr())
			if strings.Contains(option, "query_wait") {
				held, err := sql.Open("pgx", dsn)
				if err != nil {
					t.Fatal(err)
				}
				defer held.Close()
				tx, err := held.Begin()
				if err != nil {
					t.Fatal(err)
				}
				defer tx.Rollback()
				if _, err := tx.Exec("SELECT 1"); err != nil {
					t.Fatal(err)
				}
			}
			load, _ := fails("pgx", dsn, dbstore.PostgreSQL, seconds)
			check(load, words...)
		}
	})
	t.Run("no room", func(t *testing.T) {
		// What PostgreSQL says when memory or disk is full is made by a trigger.
		for code, words := range map[string]string{"53200": "no memory left", "53100": "no room left"} {
			admin("CREATE OR REPLACE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '" + whyKey + "' USING ERRCODE = '" + code + "'; END $$")
			admin("CREATE TRIGGER fails BEFORE UPDATE ON django_session FOR EACH ROW EXECUTE FUNCTION fails()")
			_, save := fails("pgx", pg(""), dbstore.PostgreSQL, seconds)
			admin("DROP TRIGGER fails ON django_session")
			check(save, words, "SQLSTATE "+code)
		}
		path := filepath.ToSlash(filepath.Join(t.TempDir(), "db.sqlite3"))
		execSQL(t, "sqlite", "file:"+path, "CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, session_data text NOT NULL, expire_date datetime NOT NULL)")
		db, err := sql.Open("sqlite", "file:"+path+"?_pragma=max_page_count(4)")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		_, err = dbstore.New(site, db, dbstore.SQLite, nil).Create(t.Context(), whyKey, &djsession.Record{Data: new(serializer.Dict).With("n", strings.Repeat(whyKey, 1000)+noise(50000)), Expires: time.Now().Add(time.Hour)})
		check(err, "no room left", "SQLite error 13")
	})
	t.Run("rights", func(t *testing.T) {
		admin("CREATE ROLE reads LOGIN")
		admin("GRANT SELECT ON django_session TO reads")
		admin("CREATE ROLE writes LOGIN")
		admin("GRANT UPDATE ON django_session TO writes")
		defer admin("DROP OWNED BY reads, writes; DROP ROLE reads, writes")
		load, save := fails("pgx", fmt.Sprintf("postgres://reads@%s/pooled", direct.Addr()), dbstore.PostgreSQL, seconds)
		if errors.Is(load, djsession.ErrUnavailable) {
			t.Error(load)
		}
		check(save, "may not do this UPDATE to the table django_session", "SQLSTATE 42501")
		load, save = fails("pgx", fmt.Sprintf("postgres://writes@%s/pooled", direct.Addr()), dbstore.PostgreSQL, seconds)
		check(load, "may not do this SELECT to the table django_session", "SQLSTATE 42501")
		check(save, "needs the right to SELECT too", "SQLSTATE 42501")
		do("CREATE USER web_reads@'127.0.0.1'")
		do("GRANT SELECT ON site.django_session TO web_reads@'127.0.0.1'")
		defer do("DROP USER web_reads@'127.0.0.1'")
		_, save = fails("mysql", mysql("web_reads", ""), dbstore.MySQL, seconds)
		check(save, "may not do this UPDATE to the table django_session", "error 1142")
		load, save = fails("mysql", strings.Replace(mysql("web_reads", ""), "/site", "/mysql", 1), dbstore.MySQL, seconds)
		both(load, save, "may not use this database", "error 1044")
	})
}

// noise returns a text that does not compress.
func noise(n int) string {
	var b strings.Builder
	x := uint32(1)
	for b.Len() < n {
		x = x*1664525 + 1013904223
		b.WriteByte('a' + byte(x>>24)%26)
	}
	return b.String()
}
