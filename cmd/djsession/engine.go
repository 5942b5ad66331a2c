package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/console"
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
	// jsonOnly reports whether what is stored is no more than JSON can hold, though
	// it is not Site.Encode that writes it.
	jsonOnly bool
	// unlistable is why it cannot list its sessions, if so.
	unlistable string
	// reaped is why there is nothing for clearsessions to do, if so.
	reaped string
	close  func()
}

// location says where the sessions are, in the words of the flags.
type location struct {
	dsn   string
	table string // "" is the table that the engine has by default
	cache string // the DSN of the copies of cached_db, or ""

	settings *djsettings.Settings // in the place of all that
}

// signs reports whether what is kept there may be signed.
func (p location) signs() bool { return !isCache(p.dsn) }

// open opens the database of the flags for a command that reads sessions.
func (f *siteFlags) open(ctx context.Context, a *app) (*engine, error) {
	p, err := f.location(a)
	if err != nil {
		return nil, err
	}
	keys, err := f.secrets.Load(&a.Console)
	if err == nil && keys == nil && p.signs() { // a cache signs nothing
		keys, err = f.secrets.Need(&a.Console)
	}
	if err != nil {
		return nil, err
	}
	f.keys = keys
	return f.openWith(ctx, a, keys)
}

// location is that of --dsn.
func (f *siteFlags) location(a *app) (location, error) {
	if f.set != nil {
		return location{settings: f.set}, nil
	}
	p := location{dsn: f.dsn, table: f.table, cache: f.cache}
	if p.dsn == "" {
		p.dsn = a.Env(envDSN)
	}
	if p.dsn == "" {
		hint := dsnForms
		if _, err := os.Stat("db.sqlite3"); err == nil {
			hint = "there is a db.sqlite3 in this folder: --dsn db.sqlite3"
		}
		return p, usage("there is no database: give --dsn or set "+envDSN, manageHint()+hint)
	}
	return p, p.check("--table")
}

// check looks at the table, which is the value of a flag.
func (p location) check(flag string) error {
	if p.table != "" && !validTable(p.table) {
		return usage(flag+" is not the name of a table", "letters, digits and _, perhaps with a schema and a dot before it")
	}
	return nil
}

// openWith opens it with these keys; nil will do where nothing is decoded.
func (f *siteFlags) openWith(ctx context.Context, a *app, keys *console.Secrets) (*engine, error) {
	p, err := f.location(a)
	if err != nil {
		return nil, err
	}
	site, err := f.site(a, keys)
	if err != nil {
		return nil, err
	}
	return openSite(ctx, p, site)
}

// openSite opens the engine at p with the store of a site.
func openSite(ctx context.Context, p location, site *djsession.Site) (*engine, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	e, err := openEngine(ctx, p)
	if err != nil {
		return nil, err
	}
	if e.store, err = e.on(site); err != nil {
		e.close()
		return nil, err
	}
	e.site, e.manager = site, djsession.New(e.store)
	return e, nil
}

// openEngine is the one place that leads from a DSN to a back end. What opens one
// sets on, signed and close, and find if it has a better way than findListed.
func openEngine(ctx context.Context, p location) (*engine, error) {
	if p.settings != nil {
		return openSettings(ctx, p.settings)
	}
	kind, dsn := cutEngine(p.dsn)
	back, native, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	var e *engine
	switch {
	case kind == kindCache:
		if p.cache != "" {
			return nil, usage("--cache is for copies of a table, and the DSN is that of a cache", "the engine cached_db: --dsn postgres://... --cache cache+redis://...")
		}
		e, err = openCache(ctx, back, dsn)
	case back == backRedis || back == backFiles || back == backMemcached:
		if kind != kindDB {
			return nil, usage("only a database has the table of "+string(kind), dsnForms)
		}
		if p.cache != "" {
			return nil, usage("--cache is for copies of a table", "the engine cached_db: --dsn postgres://... --cache cache+redis://...")
		}
		switch back {
		case backRedis:
			e, err = openRedis(ctx, native)
		case backFiles:
			e, err = openFiles(native)
		default:
			return nil, usage("memcached is no engine of sessions, but a cache", "cache+memcached://host:11211")
		}
	default:
		e, err = openTable(ctx, back, native, kind, p)
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
		if strings.HasPrefix(l.Key(), prefix) {
			keys = append(keys, l.Key())
		}
	}
	return keys, nil
}

// findOrdered is find for engines that list their sessions in the order of the keys.
func (e *engine) findOrdered(ctx context.Context, prefix string, max int) ([]string, error) {
	lister, err := e.lister()
	if err != nil {
		return nil, err
	}
	var keys []string
	// The list begins after its cursor.
	if _, _, err := e.store.Load(ctx, prefix); err == nil || errors.Is(err, djsession.ErrExpired) || errors.Is(err, djsession.ErrCorrupt) {
		keys = append(keys, prefix)
	}
	for l, err := range lister.List(ctx, prefix) {
		if err != nil || len(keys) == max || !strings.HasPrefix(l.Key(), prefix) {
			return keys, err
		}
		keys = append(keys, l.Key())
	}
	return keys, nil
}

// lister returns the store as one that can list its sessions.
func (e *engine) lister() (djsession.Lister, error) {
	lister, ok := e.store.(djsession.Lister)
	if !ok || e.unlistable != "" {
		return nil, refused("this engine cannot list its sessions: "+e.unlistable, "one session is named by its whole key on standard input: djsession show -")
	}
	return lister, nil
}

// text returns the signed text that v stands for, if the engine keeps such.
func (e *engine) text(v djsession.Version) (string, bool) {
	text, ok := v.Token()
	return text, ok && e.signed
}
