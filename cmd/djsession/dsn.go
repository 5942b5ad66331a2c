package main

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/console"
)

// envDSN names the database if --dsn does not.
const envDSN = "DJSESSION_DSN"

// dsnForms is the hint for a DSN that is not understood.
const dsnForms = `SQLite:     db.sqlite3, sqlite:/srv/site/db.sqlite3
PostgreSQL: postgres://user:password@host:5432/name
MySQL:      mysql://user:password@host:3306/name
files:      files:///srv/site/sessions, files:sessions
Redis:      redis://host:6379/0?prefix=session, for redis_sessions
caches:     cache+redis://host:6379/1?key_prefix=site; djsession engines tells of all`

// cacheForms is the hint for the DSN of a cache that is not understood.
const cacheForms = `cache+redis://host:6379/1?key_prefix=site&compressor=zlib
cache+memcached://host1:11211,host2:11211?client=pylibmc
cache+postgres://user:password@host/name?cache_table=django_cache
djsession engines tells of all`

// placeFlags say where sessions are.
type placeFlags struct {
	dsn, table, cache string
	prefix            string // of the flags' names: "" or "to-"
}

// settings returns the settings for the flags.
func (f *placeFlags) settings() (*djsettings.Settings, error) {
	set, err := djsettings.FromDSN(f.dsn, &djsettings.DSNOptions{Cache: djsettings.NewSecret(f.cache), Table: f.table})
	return set, f.problem(err)
}

// problem returns the problem for an error about a DSN.
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

// open opens the place of the flags; set are the settings for them.
func (f *placeFlags) open(ctx context.Context, set *djsettings.Settings, as djsession.Settings) (*engine, error) {
	e, err := openSite(ctx, set, as, openTimeout/2, false)
	if err == nil {
		return e, nil
	}
	if err := f.problem(err); errors.As(err, new(*console.Problem)) {
		return nil, err
	}
	// The user knows the place in the DSN, not the setting for it.
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

// dsnWays is the hint for a password on the command line.
const dsnWays = `put the DSN into a file, on its first line, and give @FILE in its place; or pipe it in, for @-
--dsn, --from and --to also come from the environment: ` + envDSN + `, ` + envFrom + `, ` + envTo

// dsnFlag is the value of a flag that takes a DSN: a DSN without a password, or @FILE or @-
// (standard input) to read it from.
type dsnFlag struct{ text *string }

// addDSN adds a flag for a DSN. Use it for all such flags.
func addDSN(fs *pflag.FlagSet, text *string, name, about string) {
	fs.Var(&dsnFlag{text}, name, about+"; @FILE or @- reads it")
}

// Set implements pflag.Value.
func (f *dsnFlag) Set(text string) error {
	if !strings.HasPrefix(text, "@") && console.HasPassword(text) {
		return usage("has a password in it: what stands on the command line can be read by every user of this machine, and stays in the shell's history", dsnWays)
	}
	*f.text = text
	return nil
}

// String implements pflag.Value.
func (f *dsnFlag) String() string {
	if f.text == nil {
		return ""
	}
	return *f.text
}

// Type implements pflag.Value.
func (f *dsnFlag) Type() string { return "string" }

// readDSNs reads the DSNs of flags that name a file or standard input.
func readDSNs(c *cobra.Command, a *app) (err error) {
	c.Flags().VisitAll(func(flag *pflag.Flag) {
		f, ok := flag.Value.(*dsnFlag)
		if !ok || err != nil {
			return
		}
		name, ok := strings.CutPrefix(*f.text, "@")
		if !ok {
			return
		}
		var text string
		if name == "-" {
			in, wrong := a.TakeStdin("the DSN of --" + flag.Name)
			if err = wrong; err == nil {
				text, err = console.ReadAll(in, console.MaxSecret)
			}
		} else {
			text, err = console.ReadFile(name, console.MaxSecret)
		}
		text, _, _ = strings.Cut(text, "\n")
		if *f.text = strings.TrimSpace(text); err == nil && *f.text == "" {
			err = usage("the first line of what --"+flag.Name+" names is empty: there is no DSN", "the DSN is the first line")
		}
	})
	return err
}
