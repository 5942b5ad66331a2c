package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cacheddbstore"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/djsession/pgxstore"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/pgpool"
)

// openTable opens an engine that keeps its sessions in a table, with copies in a
// cache if there is one.
func openTable(ctx context.Context, back backEnd, native string, kind engineKind, p location) (e *engine, err error) {
	table := cmp.Or(p.table, kind.table())
	switch back {
	case backPostgreSQL:
		e, err = openPostgreSQL(ctx, native, kind, table)
	case backMySQL:
		e, err = openMySQL(ctx, native, kind, table)
	default:
		e, err = openSQLite(ctx, native, kind, table)
	}
	if err != nil || p.cache == "" {
		return e, err
	}
	if err := e.withCopies(ctx, kind, p.cache); err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

// withCopies makes cached_db of an engine with a table.
func (e *engine) withCopies(ctx context.Context, kind engineKind, dsn string) error {
	opts := new(cacheddbstore.Options)
	switch kind {
	case kindQSessions:
		opts.KeyPrefix = "qsessions.q_cached_db"
	case kindUserSessions:
		return usage("user_sessions has no engine with copies in a cache", "leave --cache out")
	}
	if !isCache(dsn) {
		return usage("--cache is no DSN of a cache", cacheForms)
	}
	_, inner := cutEngine(dsn)
	back, _, err := parseDSN(inner)
	if err != nil {
		return err
	}
	c, err := dialCache(ctx, back, inner)
	if err != nil {
		return err
	}
	rows, done := e.on, e.close
	e.on = func(site *djsession.Site) (djsession.Store, error) {
		s, err := rows(site)
		if err != nil {
			return nil, err
		}
		cache, err := c.on(site)
		if err != nil {
			return nil, err
		}
		return cacheddbstore.New(s, cache, opts)
	}
	e.close = func() {
		c.close()
		done()
	}
	return nil
}

// table is the one that the engine has by default.
func (k engineKind) table() string {
	switch k {
	case kindUserSessions:
		return "user_sessions_session"
	case kindQSessions:
		return "qsessions_session"
	}
	return "django_session"
}

// options are those of dbstore for the table of this engine.
func (k engineKind) options(site *djsession.Site, d dbstore.Dialect, table string) *dbstore.Options {
	o := new(dbstore.Options)
	switch k {
	case kindUserSessions:
		o = dbstore.UserSessions(site, d, dbstore.UserKeyAuto)
	case kindQSessions:
		o = dbstore.QSessions(site, d, dbstore.UserKeyAuto)
	}
	o.Table = table
	return o
}

// pgxOptions are options for pgxstore.
func (k engineKind) pgxOptions(site *djsession.Site, table string) *pgxstore.Options {
	o := new(pgxstore.Options)
	switch k {
	case kindUserSessions:
		o = pgxstore.UserSessions(site, pgxstore.UserKeyAuto)
	case kindQSessions:
		o = pgxstore.QSessions(site, pgxstore.UserKeyAuto)
	}
	o.Table = table
	return o
}

func openPostgreSQL(ctx context.Context, native string, kind engineKind, table string) (*engine, error) {
	cfg, err := pgxpool.ParseConfig(native)
	var pool *pgxpool.Pool
	if err == nil {
		cfg.MaxConns = max(cfg.MaxConns, poolConns)
		if !saysMode(native) {
			pgpool.Adapt(cfg, false)
		}
		pool, err = pgxpool.NewWithConfig(ctx, cfg)
	}
	if err != nil {
		return nil, &console.Problem{Status: console.StatusUsage, Text: "the DSN of PostgreSQL is not understood", Hint: dsnForms, Cause: err}
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, console.ConnectProblem(err)
	}
	return &engine{
		on: func(site *djsession.Site) (djsession.Store, error) {
			return pgxstore.New(site, pool, kind.pgxOptions(site, table)), nil
		},
		signed: true,
		find: func(ctx context.Context, prefix string, max int) ([]string, error) {
			rows, err := pool.Query(ctx, "SELECT session_key FROM "+quoteTable(table, `"`)+" WHERE session_key LIKE $1 LIMIT $2", prefix+"%", max)
			if err != nil {
				return nil, err
			}
			return collectKeys(rows, rows.Close, prefix)
		},
		close: pool.Close,
	}, nil
}

// poolConns lets djsession migrate write that many sessions at a time.
const poolConns = 16

func openMySQL(ctx context.Context, native string, kind engineKind, table string) (*engine, error) {
	return openSQL(ctx, "mysql", native, dbstore.MySQL, kind, table,
		"SELECT session_key FROM "+quoteTable(table, "`")+" WHERE session_key LIKE ? LIMIT ?",
		func(prefix string) []any { return []any{prefix + "%"} })
}

func openSQLite(ctx context.Context, path string, kind engineKind, table string) (*engine, error) {
	if err := isSQLite(path); err != nil {
		return nil, err
	}
	return openSQL(ctx, "sqlite", sqliteURI(path), dbstore.SQLite, kind, table,
		// By the index, which LIKE would not use. "{" comes after "z".
		"SELECT session_key FROM "+quoteTable(table, `"`)+" WHERE session_key >= ? AND session_key < ? LIMIT ?",
		func(prefix string) []any { return []any{prefix, prefix + "{"} })
}

// sqliteURI names a file to the driver, which is not to make one.
func sqliteURI(path string) string {
	uri := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(),
		RawQuery: "mode=rw&_pragma=busy_timeout(5000)"}
	return uri.String()
}

// saysMode reports whether a DSN of pgx says how statements are sent. Else a pooler
// may be between that keeps no prepared ones.
func saysMode(dsn string) bool { return strings.Contains(dsn, "default_query_exec_mode") }

// openHandle is sql.Open with what Django sets on its connections.
func openHandle(driver, native string) (*sql.DB, error) {
	switch driver {
	case "mysql":
		cfg, err := mysql.ParseDSN(native)
		if err != nil {
			return nil, err
		}
		if cfg.Params == nil {
			cfg.Params = map[string]string{}
		}
		cfg.Params["autocommit"] = "1"
		connector, err := mysql.NewConnector(cfg)
		if err != nil {
			return nil, err
		}
		return sql.OpenDB(connector), nil
	case "pgx":
		cfg, err := pgx.ParseConfig(native)
		if err != nil {
			return nil, err
		}
		if !saysMode(native) {
			cfg.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
		}
		return stdlib.OpenDB(*cfg), nil
	}
	return sql.Open(driver, native)
}

// dial opens a database and makes sure that it is there.
func dial(ctx context.Context, driver, native string) (*sql.DB, error) {
	db, err := openHandle(driver, native)
	if err == nil {
		err = db.PingContext(ctx)
	}
	if err != nil {
		if db != nil {
			db.Close()
		}
		return nil, console.ConnectProblem(err)
	}
	return db, nil
}

func openSQL(ctx context.Context, driver, native string, d dbstore.Dialect, kind engineKind, table, find string, args func(prefix string) []any) (*engine, error) {
	db, err := dial(ctx, driver, native)
	if err != nil {
		return nil, err
	}
	return &engine{
		on: func(site *djsession.Site) (djsession.Store, error) {
			return dbstore.New(site, db, d, kind.options(site, d, table)), nil
		},
		signed: true,
		find: func(ctx context.Context, prefix string, max int) ([]string, error) {
			rows, err := db.QueryContext(ctx, find, append(args(prefix), max)...)
			if err != nil {
				return nil, err
			}
			return collectKeys(rows, func() { rows.Close() }, prefix)
		},
		close: func() { db.Close() },
	}, nil
}

// collectKeys reads a column of keys. Some databases take capitals for the same
// letters, so the prefix is looked at again.
func collectKeys(rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
}, done func(), prefix string) ([]string, error) {
	defer done()
	var keys []string
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return nil, err
		}
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	return keys, rows.Err()
}

// isSQLite looks at the file before a driver does, which would create one that
// is missing and says little about one that is something else.
func isSQLite(path string) error {
	f, err := os.Open(path)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return refused("there is no file "+path, "the path is relative to the folder that you are in\n"+dsnForms)
		}
		return console.FileProblem(err)
	}
	defer f.Close()
	const magic = "SQLite format 3\x00" // an empty file is an empty database
	head := make([]byte, len(magic))
	n, err := io.ReadFull(f, head)
	if n > 0 && string(head[:n]) != magic || n == 0 && err != io.EOF {
		return refused(path+" is not an SQLite database", dsnForms)
	}
	return nil
}

// validTable tells whether name is one that can be put between quotes on every
// database.
func validTable(name string) bool {
	schema, table, dotted := strings.Cut(name, ".")
	const chars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$"
	valid := func(s string) bool { return s != "" && strings.Trim(s, chars) == "" }
	return valid(schema) && (!dotted || valid(table))
}

func quoteTable(name, quote string) string {
	return quote + strings.ReplaceAll(name, ".", quote+"."+quote) + quote
}
