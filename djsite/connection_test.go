package djsite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
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

// against are values of a server's configuration that could do harm, for each parameter of
// connection.go. "" is a parameter that no configuration of a server sets.
var against = map[djsettings.DatabaseKind]map[string][]string{
	djsettings.PostgreSQL: {
		"client_encoding":                     {"LATIN1", "SQL_ASCII", "EUC_JP"},
		"TimeZone":                            {"Asia/Tehran"},
		"DateStyle":                           {"SQL, DMY", "German", "Postgres, MDY"},
		"standard_conforming_strings":         {"off"},
		"role":                                {"reader"}, // of a user of the database, below
		"search_path":                         {"pg_catalog, public"},
		"default_transaction_isolation":       {"serializable", "repeatable read"},
		"default_transaction_read_only":       {"on"},
		"statement_timeout":                   {"20000"},
		"lock_timeout":                        {"1"},
		"idle_in_transaction_session_timeout": {"1"},
		"idle_session_timeout":                {"500"},
		"bytea_output":                        {"escape"},
		"IntervalStyle":                       {"sql_standard"},
		"default_transaction_deferrable":      {"on"},
		"quote_all_identifiers":               {"on"},
		"lc_messages":                         {"C"},
		"row_security":                        {"off"},
	},
	djsettings.MySQL: {
		"autocommit":               {"0"},
		"sql_auto_is_null":         {"1"},
		"sql_safe_updates":         {"1"},
		"sql_select_limit":         {"1"},
		"character_set_client":     {""}, // skip-character-set-client-handshake, below
		"transaction_isolation":    {"'SERIALIZABLE'", "'READ-UNCOMMITTED'"},
		"client_flag":              {""},
		"sql_mode":                 {"'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH'", "'ORACLE'", "'MSSQL'", "'ANSI,IGNORE_SPACE,HIGH_NOT_PRECEDENCE'", "'TRADITIONAL,NO_ZERO_DATE'", "''"},
		"time_zone":                {"'+04:30'"},
		"transaction_read_only":    {"1"},
		"max_statement_time":       {"20"},
		"lock_wait_timeout":        {"1"},
		"innodb_lock_wait_timeout": {"1"},
		"collation_server":         {"latin1_german2_ci"},
		"lower_case_table_names":   {""}, // of the special server
		"completion_type":          {"2"},
		"wait_timeout":             {"1"},
	},
	djsettings.SQLite: {"busy_timeout": {""}, "foreign_keys": {""}, "legacy_alter_table": {""}, "transaction_mode": {""}},
}

// TestParametersAreTried checks that each parameter of the table has a case.
func TestParametersAreTried(t *testing.T) {
	for kind, cases := range against {
		table := djsite.Parameters(kind)
		for name := range table {
			if len(cases[name]) == 0 {
				t.Errorf("%s: no server is configured against %s", kind, name)
			}
		}
		for name := range cases {
			if _, ok := table[name]; !ok {
				t.Errorf("%s: %s is not in the table", kind, name)
			}
		}
	}
}

// works uses all that a site has on db, whose connections the server has configured. With
// readOnly, each write must fail and say why.
func works(t *testing.T, site *djsession.Site, db *sql.DB, d dbstore.Dialect, readOnly bool) {
	t.Helper()
	ctx := t.Context()
	store, users := dbstore.New(site, db, d, nil), dbusers.New(site, db, d, nil)
	cache := dbcache.New(site, db, d, &dbcache.Options{Table: "site_cache"})
	expires := time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	value := `größe \ ' " %s ? $1 ` + "\x60"
	record := &djsession.Record{Data: new(serializer.Dict).With("text", value), Expires: expires}
	keys := []string{"abcdefghabcdefghabcdefghabcdefga", "abcdefghabcdefghabcdefghabcdefgb", "abcdefghabcdefghabcdefghabcdefgc"}
	var seen djsession.Version
	write := func(what string, err error) {
		t.Helper()
		switch {
		case readOnly && !(errors.Is(err, djsession.ErrUnavailable) && strings.Contains(err.Error(), "read-only")):
			t.Errorf("%s: got %v, want an error that says read-only", what, err)
		case !readOnly && err != nil:
			t.Errorf("%s: %v", what, err)
		}
	}
	var err error
	for l, err := range store.List(ctx, "") { // what another test has left behind
		if err != nil {
			t.Fatal(err)
		}
		if !readOnly {
			write("delete", store.Delete(ctx, l.Key(), djsession.Force))
		}
	}
	for _, key := range keys {
		seen, err = store.Create(ctx, key, record)
		write("create", err)
	}
	_, err = cache.Set(ctx, "c", record.Data, expires)
	write("set in the cache", err)
	write("record a login", users.RecordLogin(ctx, "1", expires))
	write("set a password", users.SetPassword(ctx, "1", djauth.EncodedOf(value), djauth.Encoded{}))
	a, err := users.ByName(ctx, "zoë")
	if err != nil {
		t.Fatalf("a user: %v", err)
	}
	if readOnly {
		return
	}
	if !a.LastLogin.Equal(expires) || a.Password.Reveal() != value {
		t.Errorf("the user has the last login %v and the password %q, want %v and %q", a.LastLogin, a.Password.Reveal(), expires, value)
	}
	if item, err := cache.Get(ctx, "c"); err != nil || !same(item.Value, value) {
		t.Errorf("the cache: %v", err)
	}
	r, v, err := store.Load(ctx, keys[2])
	if err != nil || !same(r.Data, value) || !r.Expires.Equal(expires) || !v.Equal(seen) {
		t.Errorf("load: got %v, %v", r, err)
	}
	n := 0
	for _, err := range store.List(ctx, "") {
		if n++; err != nil {
			t.Errorf("list: %v", err)
		}
	}
	if err := store.LoadMany(ctx, keys, func(string, *djsession.Record, error) { n++ }); err != nil || n != 6 {
		t.Errorf("list and load many: got %d of 6 sessions, %v", n, err)
	}
	if _, err := store.Update(ctx, keys[0], record, djsession.VersionOf("x")); !errors.Is(err, djsession.ErrConflict) {
		t.Errorf("update another version: got %v, want ErrConflict", err)
	}
	record.Data = record.Data.With("n", int64(1))
	seen, err = store.Update(ctx, keys[2], record, seen)
	write("update", err)
	_, err = store.Cycle(ctx, keys[2], seen, "abcdefghabcdefghabcdefghabcdefgd", record)
	write("cycle", err)
	write("touch", store.Touch(ctx, keys[0], time.Now().Add(-time.Hour), djsession.Force))
	if n, err := store.ClearExpired(ctx, nil); n != 1 || err != nil {
		t.Errorf("clear expired: %d, %v", n, err)
	}
	write("delete", store.Delete(ctx, keys[1], djsession.Force))
	write("delete", store.Delete(ctx, "abcdefghabcdefghabcdefghabcdefgd", djsession.Force))
}

func same(d *serializer.Dict, want string) bool {
	got, _ := d.Get("text")
	return got == want
}

// opened opens the database of a site, as djsite does.
func opened(t *testing.T, text string) (*djsession.Site, *djsite.DB) {
	t.Helper()
	set, err := djsettings.Read(strings.NewReader("SECRET_KEY = 'k'\nINSTALLED_APPS = ['django.contrib.auth', 'django.contrib.contenttypes', 'django.contrib.sessions']\n"+text), &djsettings.Options{Django: "5.2"})
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
	return site.Sessions.Site(), db
}

// TestPostgreSQLParameters configures a database against each parameter. A Site works all
// the same, and so does a handle of the caller's, in each mode of pgx.
func TestPostgreSQLParameters(t *testing.T) {
	server, _ := pooledSite(t)
	admin := func(text string) {
		execSQL(t, "pgx", fmt.Sprintf("postgres://%s@%s/postgres", server.User, server.Addr()), text)
	}
	for name, values := range against[djsettings.PostgreSQL] {
		want := djsite.Parameters(djsettings.PostgreSQL)[name]
		for _, value := range values {
			t.Run(name+"="+value, func(t *testing.T) {
				if name == "role" {
					t.Skip("a role of a database's user is what the user may do: TestPgBouncer sets assume_role")
				}
				set := value
				if !strings.Contains(value, ", ") || name == "DateStyle" {
					set = "'" + value + "'"
				}
				admin("ALTER DATABASE pooled SET " + name + " = " + set)
				defer admin("ALTER DATABASE pooled RESET " + name)
				readOnly := name == "default_transaction_read_only"
				site, db := opened(t, fmt.Sprintf("DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'pooled', 'USER': '%s', 'HOST': '127.0.0.1', 'PORT': '%d'}}\n", server.User, server.Port))
				works(t, site, db.SQL, dbstore.PostgreSQL, readOnly)
				var got string
				if err := db.Pool.QueryRow(t.Context(), "SELECT current_setting($1)", name).Scan(&got); err != nil || want != "" && !strings.HasPrefix(got, want) {
					t.Errorf("the connection has %q, %v, want %q", got, err, want)
				}
				for _, mode := range []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"} {
					if mode == "simple_protocol" && name == "standard_conforming_strings" {
						continue // pgx refuses
					}
					dsn := fmt.Sprintf("postgres://%s@%s/pooled?default_query_exec_mode=%s", server.User, server.Addr(), mode)
					if name == "client_encoding" || name == "DateStyle" {
						dsn += "&" + strings.ToLower(name) + "=" + want // as dbusers says
					}
					handle, err := sql.Open("pgx", dsn)
					if err != nil {
						t.Fatal(err)
					}
					works(t, site, handle, dbstore.PostgreSQL, readOnly)
					handle.Close()
				}
			})
		}
	}
}

// TestMySQLParameters is TestPostgreSQLParameters for MariaDB, of which one has the options
// that cannot be changed while it runs.
func TestMySQLParameters(t *testing.T) {
	for _, server := range []*testserver.Server{
		testserver.MariaDBWith(t, "--skip-character-set-client-handshake", "--character-set-server=latin1", "--lower-case-table-names=1"),
	} {
		root := committing(t, server, "")
		root.SetMaxOpenConns(1)
		makeMySQL(t, root)
		for name, values := range against[djsettings.MySQL] {
			want := djsite.Parameters(djsettings.MySQL)[name]
			for _, value := range values {
				t.Run(name+"="+value, func(t *testing.T) {
					variable := strings.Replace(name, "transaction_", "tx_", 1) // MariaDB's name, until 11.1
					if value != "" {
						if _, err := root.Exec("SET GLOBAL " + variable + " = " + value); err != nil {
							t.Fatal(err)
						}
						defer func() {
							if _, err := root.Exec("SET GLOBAL " + variable + " = DEFAULT"); err != nil {
								t.Error(err)
							}
						}()
					}
					readOnly := name == "transaction_read_only"
					site, db := opened(t, fmt.Sprintf("DATABASES = {'default': {'ENGINE': 'django.db.backends.mysql', 'NAME': 'site', 'USER': 'web', 'HOST': '127.0.0.1', 'PORT': '%d'}}\n", server.Port))
					works(t, site, db.SQL, dbstore.MySQL, readOnly)
					var got string
					if name != "client_flag" {
						if err := db.SQL.QueryRow("SELECT @@" + variable).Scan(&got); err != nil || want != "" && got != want {
							t.Errorf("the connection has %q, %v, want %q", got, err, want)
						}
					}
					if slices.Contains([]string{"autocommit", "sql_safe_updates", "sql_select_limit"}, name) {
						return // the handle is the caller's
					}
					for _, options := range []string{"", "&interpolateParams=true", "&clientFoundRows=true&parseTime=true"} {
						handle, err := sql.Open("mysql", fmt.Sprintf("web@tcp(%s)/site?charset=utf8mb4%s", server.Addr(), options))
						if err != nil {
							t.Fatal(err)
						}
						works(t, site, handle, dbstore.MySQL, readOnly)
						handle.Close()
					}
				})
			}
		}
	}
}

// TestSQLiteParameters checks what a connection to SQLite begins with.
func TestSQLiteParameters(t *testing.T) {
	path := filepath.ToSlash(filepath.Join(t.TempDir(), "db.sqlite3"))
	for _, text := range []string{
		"CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, session_data text NOT NULL, expire_date datetime NOT NULL)",
		"CREATE TABLE site_cache (cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires datetime NOT NULL)",
		"CREATE TABLE auth_user (id integer PRIMARY KEY, password varchar(128) NOT NULL, last_login datetime, is_superuser bool NOT NULL, username varchar(150) NOT NULL UNIQUE, " +
			"first_name varchar(150) NOT NULL, last_name varchar(150) NOT NULL, email varchar(254) NOT NULL, is_staff bool NOT NULL, is_active bool NOT NULL, date_joined datetime NOT NULL)",
		"INSERT INTO auth_user VALUES (1, 'old', NULL, 0, 'zoë', '', '', '', 0, 1, '2020-01-01 00:00:00')",
	} {
		execSQL(t, "sqlite", "file:"+path, text)
	}
	for _, test := range []struct {
		options string
		want    [3]int // busy_timeout, foreign_keys, synchronous
	}{
		{"", [3]int{5000, 1, 2}},
		{"'timeout': 0.25, 'transaction_mode': 'EXCLUSIVE', 'isolation_level': None", [3]int{250, 1, 2}},
		{"'init_command': 'PRAGMA foreign_keys = OFF; PRAGMA synchronous = 1; PRAGMA journal_mode = wal; PRAGMA legacy_alter_table = ON; PRAGMA case_sensitive_like = 1; PRAGMA reverse_unordered_selects = 1'", [3]int{5000, 0, 1}},
	} {
		site, db := opened(t, fmt.Sprintf("DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': '%s', 'OPTIONS': {%s}}}\n", path, test.options))
		var got [3]int
		for i, pragma := range []string{"busy_timeout", "foreign_keys", "synchronous"} {
			if err := db.SQL.QueryRowContext(context.Background(), "PRAGMA "+pragma).Scan(&got[i]); err != nil {
				t.Fatal(err)
			}
		}
		if got != test.want {
			t.Errorf("%s: got %v, want %v", test.options, got, test.want)
		}
		works(t, site, db.SQL, dbstore.SQLite, false)
	}
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("k")})
	if err != nil {
		t.Fatal(err)
	}
	handle, err := sql.Open("sqlite", "file:"+path+"?_pragma=query_only(1)")
	if err != nil {
		t.Fatal(err)
	}
	defer handle.Close()
	works(t, site, handle, dbstore.SQLite, true)
}
