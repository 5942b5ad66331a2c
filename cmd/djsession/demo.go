package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/fixtures/demo"
	"github.com/go-djsession/go-djsession/signer"
)

func (a *app) demoCommand() *cobra.Command {
	keep := false
	c := &cobra.Command{
		Use:     "demo",
		GroupID: groupMore,
		Short:   "Share a session with a Django, on a database that one wrote",
		Long: `demo works on a copy of a small SQLite database that a real Django wrote: it shows the
sessions and who is logged in by them, serves a request through the middleware,
changes the session and reads it back. When it finds a python3 with Django 4.1 or
newer (DJSESSION_PYTHON, then python3), Django reads what Go wrote, and the reverse.

It needs nothing else, and leaves nothing behind without --keep.`,
		Example: `  djsession demo
  djsession demo --keep`,
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			dir, err := os.MkdirTemp("", "djsession-demo-")
			if err != nil {
				return fileProblem(err)
			}
			if !keep {
				defer os.RemoveAll(dir)
			}
			d, err := newDemo(c.Context(), a, dir)
			if err != nil {
				return err
			}
			defer d.close()
			if err := d.run(c.Context()); err != nil {
				return err
			}
			if keep {
				d.step("The copy stays at %s. Try", d.path)
				a.say("     export DJANGO_SECRET_KEY=%s", d.settings.SecretKey)
				a.say("     djsession list --dsn %s", d.path)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&keep, "keep", false, "leave the copy of the database, to try other commands on")
	return c
}

// demonstration is a running demo.
type demonstration struct {
	a        *app
	dir      string
	path     string // of the database
	settings demoSettings
	engine   *engine
	db       *sql.DB // for the users
	auth     *djauth.Auth
	steps    int
}

// demoSettings are what the demo needs of demo.Settings.
type demoSettings struct {
	Django    string   `json:"DJANGO"`
	SecretKey string   `json:"SECRET_KEY"`
	Backends  []string `json:"AUTHENTICATION_BACKENDS"`
}

func newDemo(ctx context.Context, a *app, dir string) (*demonstration, error) {
	d := &demonstration{a: a, dir: dir, path: filepath.Join(dir, "db.sqlite3")}
	if err := json.Unmarshal(demo.Settings, &d.settings); err != nil {
		return nil, fmt.Errorf("read the settings of the demo: %w", err)
	}
	if err := os.WriteFile(d.path, demo.Database, 0o600); err != nil {
		return nil, fileProblem(err)
	}
	f := siteFlags{dsn: d.path, table: "django_session"}
	var err error
	if d.engine, err = f.openWith(ctx, a, &secrets{keys: signer.SecretKey(d.settings.SecretKey)}); err != nil {
		return nil, err
	}
	if d.db, err = sql.Open("sqlite", d.path); err != nil {
		d.engine.close()
		return nil, connectProblem(err)
	}
	site := d.engine.manager.Site()
	users := dbusers.New(site, d.db, dbstore.SQLite, nil)
	// Looking at the sessions must not renew those whose hash is of an old key.
	d.auth, err = djauth.New(d.engine.manager, users, nil, &djauth.Options{Backends: d.settings.Backends, ReadOnly: true})
	if err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func (d *demonstration) close() {
	d.engine.close()
	d.db.Close()
}

// step says what is being done.
func (d *demonstration) step(format string, args ...any) {
	d.steps++
	d.a.say("%2d. "+format, append([]any{d.steps}, args...)...)
}

func (d *demonstration) run(ctx context.Context) error {
	d.step("A SQLite database that Django %s wrote, copied to a temporary folder.", d.settings.Django)
	d.step("Its sessions, and who is logged in by them:")
	key, name, err := d.listSessions(ctx)
	if err != nil {
		return err
	}
	before, err := d.engine.manager.Open(ctx, key)
	if err != nil {
		return err
	}
	if err := d.serve(ctx, key, name); err != nil {
		return err
	}
	after, err := d.engine.manager.Open(ctx, key)
	if err != nil {
		return err
	}
	visits, err := djsession.Value(after, "visits", 0)
	if err != nil {
		return err
	}
	same := 0
	for name := range before.Keys() {
		was, _ := before.Dict().Stored(name)
		is, _ := after.Dict().Stored(name)
		if was == is {
			same++
		}
	}
	d.step("Read back from the database: visits = %d. %d of the %d values that Django had written are the same, byte for byte.", visits, same, before.Len())
	return d.askDjango(ctx, key, visits)
}

// listSessions shows all sessions and returns the key of the first login, and
// whose it is.
func (d *demonstration) listSessions(ctx context.Context) (login, name string, err error) {
	lister := d.engine.store.(djsession.Lister)
	t := table{heads: []string{"    KEY", "WHO"}, right: -1}
	for l, err := range lister.List(ctx, "") {
		if err != nil {
			return "", "", err
		}
		who, err := d.who(ctx, l)
		if err != nil {
			return "", "", err
		}
		if who.name != "" && login == "" {
			login, name = l.Key(), who.name
		}
		if err := t.add(d.a, "    "+short(l.Key()), who.String()); err != nil {
			return "", "", err
		}
	}
	if login == "" {
		return "", "", refused("nobody is logged in by any session of the demo", "is the clock of this machine right? they last until 2100")
	}
	return login, name, t.flush(d.a)
}

// who tells who is logged in by a session.
func (d *demonstration) who(ctx context.Context, l djsession.Listed) (visitor, error) {
	switch {
	case l.Err != nil:
		why, _ := payloadProblem(l.Err)
		return visitor{why: "nobody: " + why}, nil
	case !l.Record.Expires.After(d.a.now()):
		return visitor{why: "nobody: expired at " + l.Record.Expires.Format(time.DateTime)}, nil
	}
	s, err := d.engine.manager.Open(ctx, l.Key())
	if err != nil {
		return visitor{}, err
	}
	return d.loggedIn(ctx, s)
}
