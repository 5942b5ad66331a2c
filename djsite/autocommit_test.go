package djsite_test

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djcache/dbcache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// uncommitted returns MariaDB servers whose connections do not commit by themselves: one by
// its configuration, one by init_connect, which does not apply to SUPER users.
func uncommitted(t *testing.T) map[string]*testserver.Server {
	t.Helper()
	servers := map[string]*testserver.Server{
		"autocommit=0": testserver.MariaDBWith(t, "--autocommit=0", "--transaction-isolation=SERIALIZABLE"),
		"init_connect": testserver.MariaDBWith(t, "--init-connect=SET autocommit=0, sql_auto_is_null=1, NAMES latin1"),
	}
	for name, s := range servers {
		db := committing(t, s, "")
		var there int
		if err := db.QueryRow("SELECT count(*) FROM information_schema.schemata WHERE schema_name = 'site'").Scan(&there); err != nil {
			t.Fatal(name, err)
		}
		if there == 0 {
			makeMySQL(t, db)
		}
	}
	return servers
}

// makeMySQL makes a database with the tables of a site, and a user without rights beyond it.
func makeMySQL(t *testing.T, db *sql.DB) {
	t.Helper()
	for _, text := range []string{
		"CREATE DATABASE site CHARACTER SET utf8mb4", sessionTable,
		"CREATE TABLE site.site_cache (cache_key varchar(255) PRIMARY KEY, value longtext NOT NULL, expires datetime(6) NOT NULL)",
		"CREATE TABLE site.auth_user (id int AUTO_INCREMENT PRIMARY KEY, password varchar(128) NOT NULL, last_login datetime(6), is_superuser bool NOT NULL, username varchar(150) NOT NULL UNIQUE, " +
			"first_name varchar(150) NOT NULL, last_name varchar(150) NOT NULL, email varchar(254) NOT NULL, is_staff bool NOT NULL, is_active bool NOT NULL, date_joined datetime(6) NOT NULL)",
		"INSERT INTO site.auth_user VALUES (1, 'old', NULL, 0, 'zoë', '', '', '', 0, 1, '2020-01-01')",
		"CREATE USER web@'127.0.0.1'", "GRANT ALL ON site.* TO web@'127.0.0.1'",
	} {
		if _, err := db.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
}

// committing opens a second connection, which sees only what was committed.
func committing(t *testing.T, s *testserver.Server, database string) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", fmt.Sprintf("%s@tcp(%s)/%s?autocommit=1&charset=utf8mb4", s.User, s.Addr(), database))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func count(t *testing.T, db *sql.DB, query string, args ...any) int {
	t.Helper()
	var n int
	if err := db.QueryRow(query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestAutocommit checks a MariaDB whose connections begin without autocommit. Others must
// see what a Site writes there: sessions, logouts, the cache table, users.
func TestAutocommit(t *testing.T) {
	for name, s := range uncommitted(t) {
		t.Run(name, func(t *testing.T) {
			other := committing(t, s, "site")
			for _, engine := range []string{"db", "cache", "cached_db"} {
				t.Run(engine, func(t *testing.T) {
					text := fmt.Sprintf(`SECRET_KEY = 'k'
INSTALLED_APPS = ['django.contrib.auth', 'django.contrib.contenttypes', 'django.contrib.sessions']
SESSION_ENGINE = 'django.contrib.sessions.backends.%s'
CACHES = {'default': {'BACKEND': 'django.core.cache.backends.db.DatabaseCache', 'LOCATION': 'site_cache'}}
DATABASES = {'default': {'ENGINE': 'django.db.backends.mysql', 'NAME': 'site', 'USER': 'web', 'HOST': '127.0.0.1', 'PORT': '%d', 'OPTIONS': {'init_command': "SET sql_mode='STRICT_TRANS_TABLES'; SET @a = ';'"}}}
`, engine, s.Port)
					set, err := djsettings.Read(strings.NewReader(text), &djsettings.Options{Django: "5.2"})
					if err != nil {
						t.Fatal(err)
					}
					site, err := djsite.Open(t.Context(), set, nil)
					if err != nil {
						t.Fatal(err)
					}
					defer site.Close()
					table, column := "django_session", "session_key"
					if engine == "cache" {
						table, column = "site_cache", "cache_key"
					}
					rows := func(key string) int {
						return count(t, other, "SELECT count(*) FROM "+table+" WHERE "+column+" LIKE ?", "%"+key)
					}
					key := visit(t, site, "", func(s *djsession.Session) error { return s.Set("color", "green") })
					if got := rows(key); got != 1 {
						t.Fatalf("another connection sees %d rows of the saved session, want 1", got)
					}
					account, err := site.Users.ByName(t.Context(), "zoë")
					if err != nil {
						t.Fatal(err)
					}
					if err := site.Users.(djauth.LoginRecorder).RecordLogin(t.Context(), account.ID, time.Now()); err != nil {
						t.Fatal(err)
					}
					if got := count(t, other, "SELECT count(*) FROM auth_user WHERE last_login IS NOT NULL"); got != 1 {
						t.Error("another connection does not see the login")
					}
					if _, err := other.Exec("UPDATE auth_user SET last_login = NULL"); err != nil { // fails if the row is locked
						t.Error(err)
					}
					db, err := site.Database(t.Context(), "default")
					if err != nil {
						t.Fatal(err)
					}
					var autocommit, isNull int
					var mode, level string
					if err := db.SQL.QueryRow("SELECT @@autocommit, @@sql_auto_is_null, @@sql_mode, @@tx_isolation").Scan(&autocommit, &isNull, &mode, &level); err != nil {
						t.Fatal(err)
					}
					if autocommit != 1 || isNull != 0 || mode != "STRICT_TRANS_TABLES" || level != "READ-COMMITTED" {
						t.Errorf("the connection has autocommit %d, sql_auto_is_null %d, sql_mode %s, isolation %s", autocommit, isNull, mode, level)
					}
					if err := site.Sessions.Delete(t.Context(), key); err != nil {
						t.Fatal(err)
					}
					if got := rows(key); got != 0 {
						t.Errorf("another connection sees %d rows after the logout, want 0", got)
					}
				})
			}
		})
	}
}

// TestAutocommitOfCaller checks a handle of the caller's that does not commit. Every method
// returns an error that names the cure, and works with the cure.
func TestAutocommitOfCaller(t *testing.T) {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("k")})
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range uncommitted(t) {
		t.Run(name, func(t *testing.T) {
			dsn := fmt.Sprintf("web@tcp(%s)/site", s.Addr())
			for _, cure := range []string{"", "?autocommit=1&charset=utf8mb4"} {
				db, err := sql.Open("mysql", dsn+cure)
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				ctx := t.Context()
				rows, users := dbstore.New(site, db, dbstore.MySQL, nil), dbusers.New(site, db, dbstore.MySQL, nil)
				cache := dbcache.New(site, db, dbcache.MySQL, &dbcache.Options{Table: "site_cache"})
				record := &djsession.Record{Data: new(serializer.Dict), Expires: time.Now().Add(time.Hour)}
				key := strings.Repeat("a", 32)
				for _, m := range []struct {
					name string
					run  func() error
				}{
					{"Create", func() error { _, err := rows.Create(ctx, key, record); return err }},
					{"Load", func() error { _, _, err := rows.Load(ctx, key); return err }},
					{"Update", func() error { _, err := rows.Update(ctx, key, record, djsession.Force); return err }},
					{"Touch", func() error { return rows.Touch(ctx, key, time.Now().Add(time.Hour), djsession.Force) }},
					{"List", func() error {
						for _, err := range rows.List(ctx, "") {
							return err
						}
						return nil
					}},
					{"ClearExpired", func() error { _, err := rows.ClearExpired(ctx, nil); return err }},
					{"Delete", func() error { return rows.Delete(ctx, key, djsession.Force) }},
					{"Set of a cache", func() error { _, err := cache.Set(ctx, "a", record.Data, record.Expires); return err }},
					{"Get of a cache", func() error { _, err := cache.Get(ctx, "a"); return err }},
					{"Delete of a cache", func() error { return cache.Delete(ctx, "a", djsession.Force) }},
					{"RecordLogin", func() error { return users.RecordLogin(ctx, "1", time.Now()) }},
					{"SetPassword", func() error { return users.SetPassword(ctx, "1", djauth.EncodedOf("new"), djauth.EncodedOf("old")) }},
					{"ByID", func() error { _, err := users.ByID(ctx, "1"); return err }},
					{"Detect", func() error { _, err := dbusers.Detect(ctx, db, dbstore.MySQL, nil); return err }},
				} {
					err := m.run()
					switch {
					case cure != "" && err != nil:
						t.Errorf("%s with autocommit=1: %v", m.name, err)
					case cure == "" && (!errors.Is(err, djsession.ErrConfig) || !strings.Contains(err.Error(), "autocommit=1")):
						t.Errorf("%s: got %v, want ErrConfig with the cure", m.name, err)
					}
				}
				other := committing(t, s, "site")
				if _, err := other.Exec("UPDATE auth_user SET last_login = NULL, password = 'old'"); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
