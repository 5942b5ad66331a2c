package main

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

// openTimeout bounds the first contact with a database.
const openTimeout = 10 * time.Second

// engine is an open store of a site's sessions.
type engine struct {
	site    *djsession.Site
	store   djsession.Store
	manager *djsession.Manager

	// on returns the store for the same place, as another Site sees it.
	on func(*djsession.Site) (djsession.Store, error)
	// find returns keys that begin with prefix, which is of a-z and 0-9; up to
	// max of them.
	find func(ctx context.Context, prefix string, max int) ([]string, error)
	// signed reports whether what is stored is what Site.Encode writes. It then is
	// the Version of a record too.
	signed bool
	// decodes reports whether it takes the data of a session to tell when it ends.
	decodes bool
	close   func()
}

// open opens the database of the flags for a command that reads sessions.
func (f *siteFlags) open(ctx context.Context, a *app) (*engine, error) {
	keys, err := f.secrets.need(a)
	if err != nil {
		return nil, err
	}
	f.keys = keys
	return f.openWith(ctx, a, keys)
}

// openWith opens it with these keys; nil will do where nothing is decoded.
func (f *siteFlags) openWith(ctx context.Context, a *app, keys *secrets) (*engine, error) {
	dsn := f.dsn
	if dsn == "" {
		dsn = a.env(envDSN)
	}
	if dsn == "" {
		hint := dsnForms
		if _, err := os.Stat("db.sqlite3"); err == nil {
			hint = "there is a db.sqlite3 in this folder: --dsn db.sqlite3"
		}
		return nil, usage("there is no database: give --dsn or set "+envDSN, hint)
	}
	if !validTable(f.table) {
		return nil, usage("--table is not the name of a table", "letters, digits and _, perhaps with a schema and a dot before it")
	}
	site, err := f.site(a, keys)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	e, err := openEngine(ctx, dsn, f.table)
	if err != nil {
		return nil, err
	}
	if e.store, err = e.on(site); err != nil {
		e.close()
		return nil, err
	}
	e.site, e.manager = site, djsession.New(site, e.store)
	return e, nil
}

// openEngine is the one place that leads from a DSN to a back end. What opens one
// sets on, signed and close, and find if it has a better way than findListed.
func openEngine(ctx context.Context, dsn, table string) (*engine, error) {
	back, native, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	var e *engine
	switch back {
	case backPostgreSQL:
		e, err = openPostgreSQL(ctx, native, table)
	case backMySQL:
		e, err = openMySQL(ctx, native, table)
	case backFiles:
		e, err = openFiles(native)
	default:
		e, err = openSQLite(ctx, native, table)
	}
	if err == nil && e.find == nil {
		e.find = e.findListed
	}
	return e, err
}

// findListed is find for engines that can only list their sessions.
func (e *engine) findListed(ctx context.Context, prefix string, max int) ([]string, error) {
	lister, err := e.lister()
	if err != nil {
		return nil, err
	}
	var keys []string
	for l, err := range lister.List(ctx, "") {
		if err != nil || len(keys) == max {
			return keys, err
		}
		if strings.HasPrefix(l.Key, prefix) {
			keys = append(keys, l.Key)
		}
	}
	return keys, nil
}

// lister returns the store as one that can list its sessions.
func (e *engine) lister() (djsession.Lister, error) {
	lister, ok := e.store.(djsession.Lister)
	if !ok {
		return nil, refused("this engine cannot list its sessions", "give the whole key of one to djsession show -")
	}
	return lister, nil
}

// text returns the signed text that v stands for, if the engine keeps such.
func (e *engine) text(v djsession.Version) (string, bool) {
	text, ok := v.Token()
	return text, ok && e.signed
}
