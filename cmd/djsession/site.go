package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/payload"
)

// openTimeout limits the first contact with a database.
const openTimeout = 10 * time.Second

// engine is the open site of the flags. Its methods return errors for the user.
type engine struct{ *djsite.Site }

// open opens the site for a command that reads sessions.
func (f *siteFlags) open(ctx context.Context, a *app) (*engine, error) {
	at, err := f.place(a)
	if err != nil {
		return nil, err
	}
	keys, err := f.secrets.Load(&a.Console)
	if err == nil && keys == nil && at.Sessions.Kind != djsettings.EngineCache { // a cache signs nothing
		keys, err = f.secrets.Need(&a.Console)
	}
	if err != nil {
		return nil, err
	}
	f.keys = keys
	return f.openWith(ctx, a, keys)
}

// place returns the settings that say where the sessions are.
func (f *siteFlags) place(a *app) (*djsettings.Settings, error) {
	if f.set != nil {
		return f.set, nil
	}
	if f.at.dsn == "" {
		f.at.dsn = a.Env(envDSN)
	}
	if f.at.dsn == "" {
		hint := dsnForms
		if _, err := os.Stat("db.sqlite3"); err == nil {
			hint = "there is a db.sqlite3 in this folder: --dsn db.sqlite3"
		}
		return nil, usage("there is no database: give --dsn or set "+envDSN, manageHint()+hint)
	}
	return f.at.settings()
}

// openWith opens the site with these keys. keys may be nil if no session is decoded: they are
// those of the settings then, if there are any, because a profile is compared with them.
func (f *siteFlags) openWith(ctx context.Context, a *app, keys *console.Secrets) (*engine, error) {
	if keys == nil {
		keys = f.secrets.Settings
	}
	at, err := f.place(a)
	if err != nil {
		return nil, err
	}
	as, err := f.siteSettings(a, keys)
	if err != nil {
		return nil, err
	}
	e, err := f.openAt(ctx, at, as)
	if err != nil {
		return nil, err
	}
	for _, w := range e.Warnings[len(at.Warnings):] {
		if w.Setting == "SESSION_CACHE_ALIAS" { // it is down
			a.Warn("%s", w)
		}
	}
	return e, nil
}

// openAt opens the place of the sessions.
func (f *siteFlags) openAt(ctx context.Context, at *djsettings.Settings, as djsession.Settings) (*engine, error) {
	if f.set == nil {
		return f.at.open(ctx, at, as)
	}
	if at.Sessions.Kind == djsettings.EngineSignedCookies {
		return nil, refused("the site keeps its sessions in cookies (signed_cookies), where djsession does not get at them", "djsession explain reads one")
	}
	e, err := openSite(ctx, at, as, 0, f.users)
	if err != nil {
		return nil, settingsProblem(err)
	}
	return e, nil
}

// openSite opens the sessions of the site of set, with the session settings as.
// cacheTimeout is that of djsite.Options. With users it opens the logins too.
func openSite(ctx context.Context, set *djsettings.Settings, as djsession.Settings, cacheTimeout time.Duration, users bool) (*engine, error) {
	if _, err := newSite(as); err != nil {
		return nil, err
	}
	with := *set
	with.Keys = as.Keys
	site, err := djsite.Open(ctx, &with, &djsite.Options{
		SessionsOnly: !users, Timeout: openTimeout, CacheTimeout: cacheTimeout, Configure: func(in *djsession.Settings) { *in = as },
	})
	if err != nil {
		return nil, err
	}
	return &engine{site}, nil
}

func (e *engine) close() { _ = e.Close() }

// on returns a store of the same place for another Site.
func (e *engine) on(site *djsession.Site) (djsession.Store, error) {
	s, err := e.StoreFor(context.Background(), site)
	if err != nil {
		return nil, settingsProblem(err)
	}
	return s, nil
}

// lister returns the store as a Lister.
func (e *engine) lister() (djsession.Lister, error) {
	lister, err := e.Lister()
	if errors.Is(err, errors.ErrUnsupported) {
		return nil, refused("this engine cannot list its sessions: "+e.Engine().Unlistable, "one session is named by its whole key on standard input: djsession show -")
	}
	return lister, err
}

// The lengths of a key prefix that names a session.
const (
	minPrefix = 4
	maxPrefix = 16
)

// keyHelp is part of the help of every command that takes a KEY.
const keyHelp = `KEY is the beginning of a session key, as djsession list prints it, or - for a
whole one on standard input. A whole key on the command line is refused: who reads
it there has the session.`

// key returns the session key for arg.
func (e *engine) key(ctx context.Context, a *app, arg string) (string, error) {
	if arg != "-" {
		return e.keyOfPrefix(ctx, arg)
	}
	in, err := a.TakeStdin("the session key")
	if err != nil {
		return "", err
	}
	return e.keyFrom(bufio.NewReader(in))
}

// keyFrom reads a key from the first line of in.
func (e *engine) keyFrom(in *bufio.Reader) (string, error) {
	line, err := in.ReadSlice('\n')
	if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
		return "", console.FileProblem(err)
	}
	key := strings.TrimSpace(string(line))
	if !e.Sessions.Site().ValidKey(key) {
		return "", usage("what standard input gives is no session key", "a key has 32 characters of a-z and 0-9; if it is a cookie, djsession explain tells more")
	}
	return key, nil
}

func (e *engine) keyOfPrefix(ctx context.Context, prefix string) (string, error) {
	const hint = "give the first 8 characters, as djsession list prints them, or pipe the whole key and write - for it"
	switch {
	case strings.Trim(prefix, payload.KeyChars) != "":
		return "", usage("KEY holds characters that are in no session key", hint)
	case len(prefix) > maxPrefix:
		return "", usage("a whole session key does not belong on the command line: every user of this machine can read it there", hint)
	case len(prefix) < minPrefix:
		return "", usage("KEY is too short", hint)
	}
	if _, err := e.lister(); err != nil {
		return "", err
	}
	keys, err := e.FindKeys(ctx, prefix, 2)
	switch {
	case err != nil:
		return "", djsession.Unavailable("look for the session", err)
	case len(keys) == 0:
		return "", refused("no session key begins with "+prefix, "djsession list shows what there is")
	case len(keys) > 1:
		return "", refused("several session keys begin with "+prefix, "give more of it, or the whole key on standard input; djsession list --reveal prints whole keys")
	}
	return keys[0], nil
}
