package main

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "modernc.org/sqlite"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/djsession/pgxstore"
)

func openPostgreSQL(ctx context.Context, native, table string) (*engine, error) {
	pool, err := pgxpool.New(ctx, native)
	if err != nil {
		return nil, &problem{exitUsage, "the DSN of PostgreSQL is not understood", dsnForms, err}
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, connectProblem(err)
	}
	return &engine{
		on: func(site *djsession.Site) (djsession.Store, error) {
			return pgxstore.New(site, pool, &pgxstore.Options{Table: table}), nil
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

func openMySQL(ctx context.Context, native, table string) (*engine, error) {
	return openSQL(ctx, "mysql", native, dbstore.MySQL, table,
		"SELECT session_key FROM "+quoteTable(table, "`")+" WHERE session_key LIKE ? LIMIT ?",
		func(prefix string) []any { return []any{prefix + "%"} })
}

func openSQLite(ctx context.Context, path, table string) (*engine, error) {
	if err := isSQLite(path); err != nil {
		return nil, err
	}
	uri := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(),
		RawQuery: "mode=rw&_pragma=busy_timeout(5000)"}
	return openSQL(ctx, "sqlite", uri.String(), dbstore.SQLite, table,
		// By the index, which LIKE would not use. "{" comes after "z".
		"SELECT session_key FROM "+quoteTable(table, `"`)+" WHERE session_key >= ? AND session_key < ? LIMIT ?",
		func(prefix string) []any { return []any{prefix, prefix + "{"} })
}

func openSQL(ctx context.Context, driver, native string, d dbstore.Dialect, table, find string, args func(prefix string) []any) (*engine, error) {
	db, err := sql.Open(driver, native)
	if err == nil {
		err = db.PingContext(ctx)
	}
	if err != nil {
		if db != nil {
			db.Close()
		}
		return nil, connectProblem(err)
	}
	return &engine{
		on: func(site *djsession.Site) (djsession.Store, error) {
			return dbstore.New(site, db, d, &dbstore.Options{Table: table}), nil
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
		return fileProblem(err)
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
