package main

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/console"
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

// placeFlags are the flags that say where sessions are.
type placeFlags struct {
	dsn, table, cache string
	prefix            string // of the names of the flags: "", or "to-"
}

// settings are those that the flags stand for.
func (f *placeFlags) settings() (*djsettings.Settings, error) {
	set, err := djsettings.FromDSN(f.dsn, &djsettings.DSNOptions{Cache: djsettings.NewSecret(f.cache), Table: f.table})
	return set, f.problem(err)
}

// problem puts an error about a DSN into words.
func (f *placeFlags) problem(err error) error {
	var e *djsettings.DSNError
	if !errors.As(err, &e) {
		return err
	}
	text, hint := e.Text, e.Want
	if e.Option != "" {
		text = "--" + f.prefix + strings.ToLower(e.Option) + " " + text
	}
	switch {
	case hint != "":
	case e.Cache:
		hint = cacheForms
	case e.Option != "":
		hint = "the engine cached_db: --dsn postgres://... --cache cache+redis://..."
	default:
		hint = dsnForms
	}
	return &console.Problem{Status: console.StatusUsage, Text: text, Hint: hint, Cause: err}
}

// open opens what the flags stand for, of which set are the settings.
func (f *placeFlags) open(ctx context.Context, set *djsettings.Settings, as djsession.Settings) (*engine, error) {
	e, err := openSite(ctx, set, as, openTimeout/2)
	if err == nil {
		return e, nil
	}
	if err := f.problem(err); errors.As(err, new(*console.Problem)) {
		return nil, err
	}
	// Who gave a DSN knows the place, and not the setting that it stands for.
	names := []string{djsettings.ErrSetting.Error() + ": ", "", djsite.ErrUnavailable.Error() + ": ", "", "SESSION_FILE_PATH", set.Sessions.FilePath}
	for alias, db := range set.Databases {
		of := `DATABASES["` + alias + `"]`
		names = append(names, "the file of "+of, db.Path(), "as NAME of "+of+" says", db.Path())
	}
	for alias, c := range set.Caches {
		if len(c.Locations) > 0 && c.Kind == djsettings.CacheFile {
			names = append(names, `CACHES["`+alias+`"]`, c.Locations[0].Reveal())
		}
	}
	switch text := strings.NewReplacer(names...).Replace(err.Error()); {
	case errors.Is(err, djsite.ErrUnavailable) && strings.HasPrefix(text, "there is no file "):
		return nil, console.Because(err, text, "the path is relative to the folder that you are in\n"+dsnForms)
	case errors.As(err, new(*os.PathError)):
		return nil, console.FileProblem(err)
	case errors.Is(err, djsite.ErrUnavailable):
		return nil, console.ConnectProblem(err)
	default:
		return nil, console.Because(err, text, dsnForms)
	}
}
