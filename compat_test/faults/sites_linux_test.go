package faults_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// engine is a SESSION_ENGINE over its servers.
type engine struct {
	name    string
	servers []string
	// settings are those of the site, with the servers at these addresses.
	settings map[string]any
	// bySQL opens the table by database/sql, with a driver for which djsite has another way.
	bySQL bool
}

const (
	secretKey = "secret-key-of-the-faulty-site-0123456789"
	password  = "pass-word-of-the-faulty-site"
	value     = "value-in-the-session"
)

// The words in braces are the host and the port of a server.
var (
	onPostgreSQL = map[string]any{"default": map[string]any{"ENGINE": "django.db.backends.postgresql", "NAME": "postgres", "USER": "postgres",
		"PASSWORD": password, "HOST": "127.0.0.1", "PORT": "{PostgreSQL}", "OPTIONS": map[string]any{"sslmode": "disable"}}}
	onMariaDB = map[string]any{"default": map[string]any{"ENGINE": "django.db.backends.mysql", "NAME": "faults", "USER": "root", "HOST": "127.0.0.1", "PORT": "{MariaDB}"}}
	inRedis   = map[string]any{"default": map[string]any{"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:{Redis}/1",
		"OPTIONS": map[string]any{"socket_timeout": 0.3, "socket_connect_timeout": 0.3}}}
	inMemcached = map[string]any{"default": map[string]any{"BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache", "LOCATION": "127.0.0.1:{memcached}",
		"OPTIONS": map[string]any{"timeout": 0.3, "connect_timeout": 0.3}}}
)

const backends = "django.contrib.sessions.backends."

var engines = []engine{
	{name: "db, pgx", servers: []string{"PostgreSQL"}, settings: map[string]any{"DATABASES": onPostgreSQL}},
	{name: "db, database/sql", servers: []string{"PostgreSQL"}, settings: map[string]any{"DATABASES": onPostgreSQL}, bySQL: true},
	{name: "db", servers: []string{"MariaDB"}, settings: map[string]any{"DATABASES": onMariaDB}},
	{name: "cache", servers: []string{"Redis"}, settings: map[string]any{"SESSION_ENGINE": backends + "cache", "CACHES": inRedis}},
	{name: "cache", servers: []string{"memcached"}, settings: map[string]any{"SESSION_ENGINE": backends + "cache", "CACHES": inMemcached}},
	{name: "redis_sessions", servers: []string{"Redis"}, settings: map[string]any{"SESSION_ENGINE": "redis_sessions.session",
		"SESSION_REDIS": map[string]any{"host": "127.0.0.1", "port": "{Redis}", "db": 2, "prefix": "s", "socket_timeout": 0.3}}},
	{name: "cached_db", servers: []string{"PostgreSQL", "Redis"}, settings: map[string]any{"SESSION_ENGINE": backends + "cached_db", "DATABASES": onPostgreSQL, "CACHES": inRedis}},
	{name: "cached_db", servers: []string{"MariaDB", "memcached"}, settings: map[string]any{"SESSION_ENGINE": backends + "cached_db", "DATABASES": onMariaDB, "CACHES": inMemcached}},
}

func (e engine) String() string {
	if e.servers == nil {
		return e.name
	}
	return e.name + " on " + strings.Join(e.servers, " and ")
}

// fileEngines have no server, but a folder.
var fileEngines = []engine{
	{name: "db on SQLite", settings: map[string]any{"DATABASES": map[string]any{"default": map[string]any{"ENGINE": "django.db.backends.sqlite3", "NAME": "{folder}/db.sqlite3"}}}},
	{name: "file", settings: map[string]any{"SESSION_ENGINE": backends + "file", "SESSION_FILE_PATH": "{folder}"}},
	{name: "cache in files", settings: map[string]any{"SESSION_ENGINE": backends + "cache",
		"CACHES": map[string]any{"default": map[string]any{"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": "{folder}"}}}},
}

// fill puts the ports of the addresses, and the folder, into settings.
func fill(v any, addrs map[string]string) any {
	switch v := v.(type) {
	case map[string]any:
		filled := map[string]any{}
		for name, value := range v {
			filled[name] = fill(value, addrs)
		}
		return filled
	case string:
		for server, addr := range addrs {
			if _, port, err := net.SplitHostPort(addr); err == nil {
				addr = port
			}
			v = strings.ReplaceAll(v, "{"+server+"}", addr)
		}
		return v
	}
	return v
}

// The times of a request: how long its client waits, and how long it may save. A logout
// waits a second for a file that somebody holds.
const (
	patience     = 500 * time.Millisecond
	saveTimeout  = 700 * time.Millisecond
	savesInFiles = 1500 * time.Millisecond
)

func (e engine) saveTimeout() time.Duration {
	if e.servers == nil {
		return savesInFiles
	}
	return saveTimeout
}

// site is an open site, and all that it says.
type site struct {
	*djsession.Manager
	said  *texts
	close func()
}

// open opens the site with the servers at these addresses.
func (e engine) open(t testing.TB, addrs map[string]string) *site {
	t.Helper()
	settings := map[string]any{"SECRET_KEY": secretKey, "USE_TZ": true, "SESSION_ENGINE": backends + "db"}
	for name, v := range e.settings {
		settings[name] = fill(v, addrs)
	}
	set, err := djsettings.FromMap(settings, nil)
	if err != nil {
		t.Fatal(err)
	}
	said := new(texts)
	configure := func(s *djsession.Settings) {
		s.SaveTimeout, s.Logger, s.Observer = e.saveTimeout(), slog.New(slog.NewJSONHandler(said, nil)), said.observe
	}
	if e.bySQL {
		in, err := set.Session()
		if err != nil {
			t.Fatal(err)
		}
		configure(&in)
		of, err := djsession.NewSite(in)
		if err != nil {
			t.Fatal(err)
		}
		db, err := sql.Open("pgx", "postgres://postgres:"+password+"@"+addrs["PostgreSQL"]+"/postgres?sslmode=disable")
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(16)
		db.SetMaxIdleConns(16)
		return &site{djsession.New(dbstore.New(of, db, dbstore.PostgreSQL, nil)), said, func() { db.Close() }}
	}
	for try := 1; ; try++ {
		s, err := djsite.Open(context.Background(), set, &djsite.Options{SessionsOnly: true, Configure: configure, Timeout: time.Minute})
		if err == nil {
			return &site{s.Sessions, said, func() { _ = s.Close() }}
		}
		if try == 20 {
			t.Fatalf("open %s: %v", e, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// tables makes the table of sessions.
func tables(t testing.TB, server *testserver.Mortal, kind string) {
	t.Helper()
	switch kind {
	case "PostgreSQL":
		run(t, "pgx", "postgres://postgres@"+server.Addr()+"/postgres?sslmode=disable",
			`CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, session_data text NOT NULL, expire_date timestamp with time zone NOT NULL)`)
	case "MariaDB":
		run(t, "mysql", "root@tcp("+server.Addr()+")/", "CREATE DATABASE faults CHARACTER SET utf8mb4",
			"CREATE TABLE faults.django_session (session_key varchar(40) NOT NULL PRIMARY KEY, session_data longtext NOT NULL, expire_date datetime(6) NOT NULL)")
	}
}

func run(t testing.TB, driver, dsn string, statements ...string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
}

// texts keeps what is logged, and the texts of errors.
type texts struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (x *texts) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.buf.Write(p)
}

func (x *texts) observe(_ context.Context, e djsession.Event) { x.add(e.Err) }

func (x *texts) add(err error) {
	if err != nil {
		fmt.Fprintf(x, "%v %+v %#v %q\n", err, err, err, err)
	}
}

// take returns all of it, and begins anew.
func (x *texts) take() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	defer x.buf.Reset()
	return x.buf.String()
}
