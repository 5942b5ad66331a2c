package main

import (
	"cmp"
	"net"
	"net/url"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// envDSN names the database when --dsn does not.
const envDSN = "DJSESSION_DSN"

// dsnForms is the hint of every DSN that is not understood.
const dsnForms = `SQLite:     db.sqlite3, sqlite:/srv/site/db.sqlite3
PostgreSQL: postgres://user:password@host:5432/name
MySQL:      mysql://user:password@host:3306/name
files:      files:///srv/site/sessions, files:sessions
Redis:      redis://host:6379/0?prefix=session, for redis_sessions
caches:     cache+redis://host:6379/1?key_prefix=site; djsession engines tells of all`

// cacheForms is the hint of every DSN of a cache that is not understood.
const cacheForms = `cache+redis://host:6379/1?key_prefix=site&compressor=zlib
cache+memcached://host1:11211,host2:11211?client=pylibmc
cache+postgres://user:password@host/name?cache_table=django_cache
djsession engines tells of all`

// The back ends that a DSN may lead to.
type backEnd uint8

const (
	backSQLite backEnd = iota
	backPostgreSQL
	backMySQL
	backFiles
	backRedis
	backMemcached
)

// engineKind is what stands before a plus sign in a DSN.
type engineKind string

const (
	kindDB           engineKind = "" // or redis_sessions, or files
	kindCache        engineKind = "cache"
	kindUserSessions engineKind = "user_sessions"
	kindQSessions    engineKind = "qsessions"
)

// cutEngine parts a DSN into the engine, if it names one, and what is left of it.
func cutEngine(dsn string) (engineKind, string) {
	for _, k := range []engineKind{kindCache, kindUserSessions, kindQSessions} {
		if n := len(k) + 1; len(dsn) >= n && strings.EqualFold(dsn[:n], string(k)+"+") {
			return k, dsn[n:]
		}
	}
	return kindDB, dsn
}

// isCache reports whether a DSN is that of a cache.
func isCache(dsn string) bool {
	k, _ := cutEngine(dsn)
	return k == kindCache
}

// parseDSN tells which back end a DSN means, and gives it in the form of its
// driver; for SQLite that is the path of the file, for files that of the folder,
// for the others the DSN. It never puts any of it into an error: there is a
// password in it.
func parseDSN(dsn string) (backEnd, string, error) {
	scheme, rest, hasScheme := strings.Cut(dsn, ":")
	switch strings.ToLower(scheme) {
	case "sqlite", "sqlite3", "file":
		if hasScheme {
			return sqlitePath(rest)
		}
	case "postgres", "postgresql":
		return backPostgreSQL, dsn, nil
	case "mysql", "mariadb":
		native, err := mysqlDSN(dsn)
		return backMySQL, native, err
	case "files":
		if hasScheme {
			return filesFolder(rest)
		}
	case "redis", "rediss", "redis+unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster":
		return backRedis, dsn, nil
	case "memcached":
		return backMemcached, dsn, nil
	}
	switch {
	case strings.Contains(dsn, "://"):
		return 0, "", usage("this is no database that djsession knows", dsnForms)
	case strings.Contains(dsn, "host=") || strings.Contains(dsn, "dbname=") || strings.Contains(dsn, "service="):
		return backPostgreSQL, dsn, nil
	case strings.Contains(dsn, ")/"): // user:password@tcp(host:3306)/name
		if _, err := mysql.ParseDSN(dsn); err != nil {
			return 0, "", usage("the DSN is not in the form of go-sql-driver/mysql", dsnForms)
		}
		return backMySQL, dsn, nil
	}
	return sqliteFile(dsn)
}

// sqlitePath reads what follows "sqlite:": a path, or, as in SQLAlchemy and
// dj-database-url, three slashes and a path. What a driver could be told after a
// question mark is not needed here.
func sqlitePath(rest string) (backEnd, string, error) {
	path := strings.TrimPrefix(rest, "///")
	if path == rest {
		path = strings.TrimPrefix(rest, "//")
	}
	path, _, _ = strings.Cut(path, "?")
	return sqliteFile(path)
}

func sqliteFile(path string) (backEnd, string, error) {
	if path == "" || path == ":memory:" {
		return 0, "", usage("the DSN names no file", dsnForms)
	}
	return backSQLite, path, nil
}

// filesFolder reads what follows "files:": a path, or two slashes and an absolute
// path. Without any it is "", where Django puts files if SESSION_FILE_PATH is not set.
func filesFolder(rest string) (backEnd, string, error) {
	path, isURL := strings.CutPrefix(rest, "//")
	if isURL && !strings.HasPrefix(path, "/") {
		return 0, "", usage("the DSN names a host, where a folder should be", "an absolute path has three slashes before it: files:///srv/site/sessions")
	}
	return backFiles, path, nil
}

// mysqlDSN turns a URL into the form of go-sql-driver/mysql. The parameters are
// that driver's; unix_socket takes the place of host and port, as in Django's
// OPTIONS.
func mysqlDSN(dsn string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil || u.Host == "" && u.Path == "" {
		return "", usage("the DSN is no URL", "write characters such as @ / : # ? in a password as %40 %2F %3A %23 %3F\n"+dsnForms)
	}
	cfg := mysql.NewConfig()
	cfg.User = u.User.Username()
	cfg.Passwd, _ = u.User.Password()
	cfg.DBName = strings.TrimPrefix(u.Path, "/")
	cfg.Net, cfg.Addr = "tcp", net.JoinHostPort(cmp.Or(u.Hostname(), "localhost"), cmp.Or(u.Port(), "3306"))
	params := u.Query()
	if socket := params.Get("unix_socket"); socket != "" {
		cfg.Net, cfg.Addr = "unix", socket
		params.Del("unix_socket")
	}
	native := cfg.FormatDSN()
	if len(params) > 0 {
		sep := "?"
		if strings.Contains(native[strings.LastIndexByte(native, '/'):], "?") {
			sep = "&"
		}
		native += sep + params.Encode()
	}
	if _, err := mysql.ParseDSN(native); err != nil || cfg.DBName == "" {
		return "", usage("the DSN is not complete, or has a parameter that go-sql-driver/mysql does not know", dsnForms)
	}
	return native, nil
}
