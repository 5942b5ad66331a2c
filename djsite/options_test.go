package djsite

import (
	"crypto/tls"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
)

// TestPostgreSQLOptions: OPTIONS reach pgx as they reach libpq.
func TestPostgreSQLOptions(t *testing.T) {
	for _, tt := range []struct{ name, entry, want string }{
		{"OPTIONS alone", `'NAME': '', 'OPTIONS': {'service': '', 'dbname': 'm', 'user': 'v', 'password': 'q', 'host': 'i', 'port': 7}`, "i:7 v q m"},
		{"settings beside them", `'NAME': 'n', 'USER': 'u', 'PASSWORD': 'p', 'HOST': 'h', 'PORT': 5, 'OPTIONS': {'user': 'v', 'password': 'q', 'host': 'i', 'port': 7}`, "h:5 u p n"},
		{"the name of the database", `'NAME': 'n', 'HOST': 'h', 'USER': 'u', 'OPTIONS': {'dbname': 'm'}`, "h:5432 u  m"},
		{"an address alone", `'NAME': 'n', 'USER': 'u', 'OPTIONS': {'hostaddr': '10.0.0.9'}`, "10.0.0.9:5432 u  n"},
	} {
		db := database(t, "{'ENGINE': 'django.db.backends.postgresql', "+tt.entry+"}", "")
		cfg, err := pgxpool.ParseConfig(db.ConnString().Reveal())
		if err != nil {
			t.Fatal(err)
		}
		c := cfg.ConnConfig
		if got := fmt.Sprintf("%s:%d %s %s %s", c.Host, c.Port, c.User, c.Password, c.Database); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	db := database(t, `{'ENGINE': 'django.db.backends.postgresql', 'NAME': 'n', 'HOST': 'name', 'OPTIONS': {'hostaddr': '10.0.0.9', 'sslmode': 'require', 'ssl_max_protocol_version': 'TLSv1.2'}}`, "")
	cfg, err := pgxpool.ParseConfig(db.ConnString().Reveal())
	if err != nil {
		t.Fatal(err)
	}
	if err := db.postgresTLS(cfg.ConnConfig); err != nil || cfg.ConnConfig.TLSConfig.MaxVersion != tls.VersionTLS12 {
		t.Errorf("TLS: got %v, %x", err, cfg.ConnConfig.TLSConfig.MaxVersion)
	}
	if err := db.hostAddress(cfg.ConnConfig); err != nil {
		t.Fatal(err)
	}
	if to, err := cfg.ConnConfig.LookupFunc(t.Context(), "name"); err != nil || !slices.Equal(to, []string{"10.0.0.9"}) || cfg.ConnConfig.Host != "name" {
		t.Errorf("hostaddr: got %v, %v", to, err)
	}
}

// TestMySQLOptions: OPTIONS reach the driver as they reach mysqlclient.
func TestMySQLOptions(t *testing.T) {
	const engine = "{'ENGINE': 'django.db.backends.mysql', 'NAME': 'n', 'HOST': 'h', 'OPTIONS': "
	db := database(t, engine+"{'connect_timeout': 3, 'read_timeout': 4, 'write_timeout': 5, 'sql_mode': 'ANSI', 'time_zone': '+00:00', 'tls_versions': ['TLSv1.3']}}", "")
	cfg, err := db.mysqlConfig()
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Timeout != 3*time.Second || cfg.ReadTimeout != 4*time.Second || cfg.WriteTimeout != 5*time.Second || cfg.TLS.MinVersion != tls.VersionTLS13 {
		t.Errorf("got %v, %v, %v, TLS %x", cfg.Timeout, cfg.ReadTimeout, cfg.WriteTimeout, cfg.TLS.MinVersion)
	}
	statements, err := db.mysqlStatements()
	if err != nil || !slices.Contains(statements, "SET SESSION sql_mode = 'ANSI'") || !slices.Contains(statements, "SET time_zone = '+00:00'") {
		t.Errorf("statements: got %q, %v", statements, err)
	}
	for _, options := range []string{"{'connect_timeout': 'soon'}", "{'read_timeout': -1}", "{'tls_versions': ['TLSv1']}", "{'sql_mode': \"x'; DROP\"}"} {
		db := database(t, engine+options+"}", "")
		_, err := db.mysqlConfig()
		if err == nil {
			_, err = db.mysqlStatements()
		}
		if err == nil {
			t.Errorf("%s: no error", options)
		}
	}
	own := database(t, strings.Replace(engine, "django.db.backends.mysql", "mysql.connector.django", 1)+"{}}", "")
	if statements, err := own.mysqlStatements(); err != nil || slices.ContainsFunc(statements, func(s string) bool { return strings.Contains(s, "ISOLATION") }) {
		t.Errorf("mysql.connector.django: got %q, %v", statements, err)
	}
}

// TestRedisOptions: arguments of redis-py reach the client, and the URL overrides them.
func TestRedisOptions(t *testing.T) {
	kwargs := "{'host': 'i', 'port': 7, 'db': 3, 'username': 'v', 'password': 'q', 'socket_timeout': 1.5, 'socket_connect_timeout': 2, 'protocol': 2, 'client_name': 'c'}"
	for _, tt := range []struct {
		url, kwargs, addr, user, password string
		db                                int
		timeout, connect                  time.Duration
		protocol                          int
	}{
		{"redis://", kwargs, "i:7", "v", "q", 3, 1500 * time.Millisecond, 2 * time.Second, 2},
		{"redis://u:p@h:1/4", kwargs, "h:1", "u", "p", 4, 1500 * time.Millisecond, 2 * time.Second, 2},
		{"redis://h?socket_timeout=5&protocol=3&socket_connect_timeout=0.5", kwargs, "h:7", "v", "q", 3, 5 * time.Second, 500 * time.Millisecond, 3},
		{"redis://h?socket_timeout=5", "{}", "h:6379", "", "", -1, 5 * time.Second, 5 * time.Second, 0},
	} {
		set := read(t, "SECRET_KEY = 'k'\nCACHES = {'default': {'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'OPTIONS': "+tt.kwargs+"}}\n", &djsettings.Options{Django: "5.2"})
		s, err := parseRedisURL(tt.url)
		if err == nil {
			err = s.complete(set.Caches["default"].Options, false, set)
		}
		if err != nil {
			t.Fatal(err)
		}
		if s.addr != tt.addr || s.username != tt.user || s.password != tt.password || s.db != tt.db || s.timeout != tt.timeout || s.connect != tt.connect || s.protocol != tt.protocol {
			t.Errorf("%s: got %s %s %s %d %v %v %d", tt.url, s.addr, s.username, s.password, s.db, s.timeout, s.connect, s.protocol)
		}
	}
	for _, query := range []string{"socket_timeout=soon", "protocol=4", "socket_timeout=-1", "socket_connect_timeout=NaN"} {
		s, err := parseRedisURL("redis://h?" + query)
		if err == nil {
			err = s.complete(djsettings.Params{}, false, new(djsettings.Settings))
		}
		if err == nil {
			t.Errorf("%s: no error", query)
		}
	}
}

// TestCopiesDown: cached_db opens without the cache of its copies, and works on the rows.
func TestCopiesDown(t *testing.T) {
	dir := t.TempDir()
	for name, cache := range map[string]string{
		"redis":     "'BACKEND': 'django_redis.cache.RedisCache', 'LOCATION': 'redis://127.0.0.1:1/1', 'OPTIONS': {'SOCKET_CONNECT_TIMEOUT': 1}",
		"memcached": "'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache', 'LOCATION': '127.0.0.1:1'",
	} {
		path := filepath.Join(dir, name)
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec("CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, session_data text NOT NULL, expire_date datetime NOT NULL)"); err != nil {
			t.Fatal(err)
		}
		db.Close()
		set := read(t, "SECRET_KEY = 'k'\nSESSION_ENGINE = 'django.contrib.sessions.backends.cached_db'\nDATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': '"+path+
			"'}}\nCACHES = {'default': {"+cache+"}}\n", &djsettings.Options{Django: "5.2"})
		site, err := Open(t.Context(), set, &Options{SessionsOnly: true, Configure: func(s *djsession.Settings) { s.Logger = slog.New(slog.DiscardHandler) }})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if warned := fmt.Sprint(site.Warnings); !strings.Contains(warned, "cannot be reached") {
			t.Errorf("%s: warned %s", name, warned)
		}
		s, err := site.Sessions.Open(t.Context(), "")
		if err == nil {
			err = s.Set("n", 1)
		}
		if err == nil {
			err = s.Save(t.Context())
		}
		if err != nil {
			t.Errorf("%s: save: %v", name, err)
		} else if s, err = site.Sessions.Open(t.Context(), s.Key()); err != nil || !s.Has("n") {
			t.Errorf("%s: load: %v", name, err)
		}
		site.Close()
	}
}
