package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/payload"
	"github.com/go-djsession/go-djsession/serializer"
)

// settingsFlags say where to read the site's settings.
type settingsFlags struct {
	file   string
	manage string
	python string
	as     []string // PATH=WHAT
	ignore []string // names of options
	schema string
	server string
	ips    string
}

func (f *settingsFlags) add(c *cobra.Command) {
	fs := c.Flags()
	fs.StringVar(&f.file, "settings", "", "`FILE` with a profile (djsession probe) or what manage.py diffsettings --all prints (- is standard input), in the place of all that the other flags tell")
	fs.StringVar(&f.manage, "manage", "", "run manage.py in `DIR`, which runs the site's code, to make a profile")
	fs.StringVar(&f.python, "python", "", "run manage.py with the Python at `PATH` (default that of .venv, venv or VIRTUAL_ENV)")
	fs.StringArrayVar(&f.as, "as", nil, "`PATH=WHAT`: the site's own class at this dotted path does as WHAT: one of Django's, json, pickle or nothing; a KEY_FUNCTION as {prefix}:{version}:{key}")
	fs.StringArrayVar(&f.ignore, "ignore-option", nil, "pass over the option `NAME` in OPTIONS")
	fs.StringVar(&f.schema, "schema", "", "the `SCHEMA` with the sessions, for a site with tenants")
	fs.StringVar(&f.server, "server", "", "the server in which Django runs: `NAME` is gunicorn, uvicorn (also as its workers), hypercorn, daphne, waitress, uwsgi, mod_wsgi or runserver")
	fs.StringVar(&f.ips, "proxies", "", "the `ADDRESSES` of proxies in front of it, as its FORWARDED_ALLOW_IPS (default that of the profile, or this machine)")
	_ = c.RegisterFlagCompletionFunc("server", choices("gunicorn", "gunicorn-asgi", "uvicorn", "hypercorn", "daphne", "waitress", "uwsgi", "mod_wsgi", "runserver"))
	for _, name := range []string{"as", "ignore-option", "schema", "proxies"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	_ = c.MarkFlagFilename("python")
	_ = c.MarkFlagFilename("settings")
	_ = c.MarkFlagDirname("manage")
}

// read returns the settings, or nil if no flag names any. django is the value of --django,
// or "".
func (f *settingsFlags) read(ctx context.Context, a *app, django string) (*djsettings.Settings, error) {
	opts := djsettings.Options{Django: django, Env: func(name string) (string, bool) {
		text := a.Env(name)
		return text, text != ""
	}}
	opts.IgnoreOptions, opts.Schema, opts.Server = f.ignore, f.schema, djsession.Server(f.server)
	if f.ips != "" {
		opts.ForwardedAllowIPs = &f.ips
	}
	for _, pair := range f.as {
		own, what, _ := strings.Cut(pair, "=")
		if err := opts.As(own, what); err != nil {
			return nil, usage("--as is not understood: "+strings.ReplaceAll(err.Error(), "djsettings: ", ""),
				"PATH=WHAT, where WHAT is an engine, a cache, an ENGINE or a middleware of Django's by its dotted path, nothing, json, pickle, or a text with {key} for a KEY_FUNCTION")
		}
	}
	var (
		set *djsettings.Settings
		err error
	)
	switch {
	case f.file == "" && f.manage == "" && (len(f.as) > 0 || len(f.ignore) > 0 || f.schema != "" || f.server != "" || f.ips != ""):
		return nil, usage("--as, --ignore-option, --schema, --server and --proxies are about settings, and none were given", "give --settings FILE or --manage DIR")
	case f.python != "" && f.manage == "":
		return nil, usage("--python was given without --manage", "give the folder of manage.py: --manage DIR")
	case f.file != "" && f.manage != "":
		return nil, usage("settings were given in two ways", "choose one of --settings and --manage")
	case f.file == "-":
		in, wrong := a.TakeStdin("the settings")
		if wrong != nil {
			return nil, wrong
		}
		set, err = djsettings.Read(in, &opts)
	case f.file != "":
		set, err = djsettings.ReadFile(f.file, &opts)
	case f.manage != "":
		set, err = djsettings.FromManage(ctx, f.manage, &djsettings.ManageOptions{Options: opts, Python: f.python, Stderr: a.Stderr})
	default:
		return nil, nil
	}
	if err != nil {
		return nil, settingsProblem(err)
	}
	return set, nil
}

// settingsProblem returns the problem for an error of package djsettings.
func settingsProblem(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return console.FileProblem(err)
	}
	hint := "settings are read as manage.py diffsettings --all prints them; nothing in them is run"
	switch {
	case errors.Is(err, djsettings.ErrProfile):
		hint = "to make a profile: djsession probe --manage DIR -o site.profile"
	case errors.Is(err, djsettings.ErrFormat):
		hint = "it should be what this prints: python manage.py diffsettings --all"
	case errors.Is(err, djsettings.ErrNoSecret):
		hint = "settings that were printed elsewhere may lack it: DJSESSION_SECRET_KEY takes its place"
	case errors.Is(err, djsite.ErrUnavailable):
		return console.ConnectProblem(err)
	}
	return console.Because(err, asFlags.Replace(strings.NewReplacer("djsettings: ", "", "djsite: ", "").Replace(err.Error())), hint)
}

// asFlags puts the flags into a text in the place of the Go options that they set.
var asFlags = strings.NewReplacer(
	"djsettings.Options.Engines", "--as", "Options.Engines", "--as", "djsettings.Options.Backends", "--as", "Options.Backends", "--as",
	"djsettings.Options.Databases", "--as", "Options.Databases", "--as", "djsettings.Options.Middleware", "--as", "Options.Middleware", "--as",
	"djsettings.Options.UserModels", "--as", "Options.Serializers", "--as", "Options.KeyFunctions", "--as", "Options.IgnoreOptions", "--ignore-option", "Options.Schema", "--schema",
	"Options.Server", "--server", "Options.ForwardedAllowIPs", "--proxies",
)

// manageHint returns the hint for a folder with a manage.py, if no settings are given.
func manageHint() string {
	if _, err := os.Stat("manage.py"); err != nil {
		return ""
	}
	return "there is a manage.py in this folder: --manage . runs it and asks for the site's settings\n"
}

// fill reads the settings, if a flag names them. It refuses flags that repeat a setting.
func (f *formatFlags) fill(c *cobra.Command, a *app) error {
	if err := readDSNs(c, a); err != nil {
		return err
	}
	set, err := f.from.read(c.Context(), a, f.django)
	if err != nil || set == nil {
		return err
	}
	for _, name := range []string{"secret-file", "secret-stdin", "keys-file", "salt", "dsn", "from", "table", "cache", "cookie-name", "cookie-age", "time-zone"} {
		if c.Flags().Changed(name) {
			return usage("--"+name+" was given, and the settings tell it too", "leave one of them out")
		}
	}
	in, err := set.Session()
	if err != nil {
		return settingsProblem(err)
	}
	f.set, f.secrets.Settings = set, &console.Secrets{Keys: set.Keys, From: "the settings"}
	f.django, f.salt = set.Django.String(), payload.SaltPrefix+cmp.Or(in.StoreClass, "SessionStore")
	for _, w := range set.Warnings {
		a.Warn("%s", asFlags.Replace(w.String()))
	}
	return nil
}

// ofSettings returns the serializer of the settings. If it is JSON, pickles are read too,
// as without settings.
func (f *formatFlags) ofSettings() (serializer.Serializer, error) {
	in, err := f.set.Session()
	if err != nil {
		return nil, settingsProblem(err)
	}
	if _, ok := in.Serializer.(serializer.JSON); ok {
		return payload.Any{}, nil
	}
	return in.Serializer, nil
}
