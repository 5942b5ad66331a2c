// Package demo is `djsession demo`: it shares a session with a Django, on a copy of a
// database that Django wrote.
package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/fixtures/demo"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/payload"
	"github.com/go-djsession/go-djsession/internal/visitor"
)

// Demo is a copy of the database, and a site on it.
type Demo struct {
	Path      string // of the database
	SecretKey string

	c        *console.Console
	dir      string
	settings settings
	site     *djsite.Site
	steps    int
}

// settings are the fields of demo.Settings that the demo needs.
type settings struct {
	Django    string   `json:"DJANGO"`
	SecretKey string   `json:"SECRET_KEY"`
	Backends  []string `json:"AUTHENTICATION_BACKENDS"`
}

// New puts the copy into dir. The caller must close the Demo.
func New(ctx context.Context, c *console.Console, dir string) (*Demo, error) {
	d := &Demo{c: c, dir: dir, Path: filepath.Join(dir, "db.sqlite3")}
	if err := json.Unmarshal(demo.Settings, &d.settings); err != nil {
		return nil, fmt.Errorf("read the settings of the demo: %w", err)
	}
	d.SecretKey = d.settings.SecretKey
	if err := os.WriteFile(d.Path, demo.Database, 0o600); err != nil {
		return nil, console.FileProblem(err)
	}
	set, err := djsettings.FromMap(map[string]any{
		"SECRET_KEY":              d.settings.SecretKey,
		"AUTHENTICATION_BACKENDS": d.settings.Backends,
		"INSTALLED_APPS":          []string{"django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"},
		"DATABASES":               map[string]any{"default": map[string]any{"ENGINE": "django.db.backends.sqlite3", "NAME": d.Path}},
		"USE_TZ":                  true,
	}, nil)
	if err != nil {
		return nil, err
	}
	opts := djsite.Options{Configure: func(s *djsession.Settings) { s.Now, s.Logger = c.Now, slog.New(slog.DiscardHandler) }}
	// Reading a session must not renew it, even if an old key made its hash.
	opts.ConfigureAuth = func(o *djauth.Options) { o.ReadOnly = true }
	d.site, err = djsite.Open(ctx, set, &opts)
	return d, err
}

// Close closes the database. It does not remove the copy.
func (d *Demo) Close() { _ = d.site.Close() }

// Step prints a numbered step.
func (d *Demo) Step(format string, args ...any) {
	d.steps++
	d.c.Say("%2d. "+format, append([]any{d.steps}, args...)...)
}

// Run goes through the steps, and prints what it does and sees.
func (d *Demo) Run(ctx context.Context) error {
	d.Step("A SQLite database that Django %s wrote, copied to a temporary folder.", d.settings.Django)
	d.Step("Its sessions, and who is logged in by them:")
	key, name, err := d.listSessions(ctx)
	if err != nil {
		return err
	}
	before, err := d.site.Sessions.Open(ctx, key)
	if err != nil {
		return err
	}
	if err := d.serve(ctx, key, name); err != nil {
		return err
	}
	after, err := d.site.Sessions.Open(ctx, key)
	if err != nil {
		return err
	}
	visits, err := djsession.Value(after, "visits", 0)
	if err != nil {
		return err
	}
	same := 0
	stored := maps.Collect(after.Dict().AllStored())
	for name, was := range before.Dict().AllStored() {
		if is, ok := stored[name]; ok && was == is {
			same++
		}
	}
	d.Step("Read back from the database: visits = %d. %d of the %d values that Django had written are the same, byte for byte.", visits, same, before.Len())
	return d.askDjango(ctx, key, visits)
}

// listSessions prints all sessions. It returns the key and the user of the first login.
func (d *Demo) listSessions(ctx context.Context) (login, name string, err error) {
	lister := d.site.Sessions.Store().(djsession.Lister)
	t := d.c.NewTable(-1, "    KEY", "WHO")
	for l, err := range lister.List(ctx, "") {
		if err != nil {
			return "", "", err
		}
		who, err := visitor.Listed(ctx, d.site.Auth, l)
		if err != nil {
			return "", "", err
		}
		if who.Name != "" && login == "" {
			login, name = l.Key(), who.Name
		}
		if err := t.Add("    "+payload.ShortKey(l.Key()), who.String()); err != nil {
			return "", "", err
		}
	}
	if login == "" {
		return "", "", console.Refused("nobody is logged in by any session of the demo", "is the clock of this machine right? they last until 2100")
	}
	return login, name, t.Flush()
}
