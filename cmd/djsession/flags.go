package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/payload"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// formatFlags say how the site writes its sessions.
type formatFlags struct {
	secrets console.SecretSources
	salt    string
	django  string
	format  string // of the serializer
	from    settingsFlags

	set *djsettings.Settings // the settings of from, or nil
}

func (f *formatFlags) add(a *app, c *cobra.Command) {
	secretFlags(&f.secrets, c)
	f.from.add(c)
	c.PreRunE = func(c *cobra.Command, _ []string) error { return f.fill(c, a) }
	fs := c.Flags()
	fs.StringVar(&f.salt, "salt", payload.SessionSalt, "`SALT` of the signature, which ends in the name of the site's SessionStore")
	fs.StringVar(&f.django, "django", "", "`VERSION` of the site's Django, such as 4.2 (default the newest)")
	_ = c.RegisterFlagCompletionFunc("salt", choices(payload.SessionSalt, payload.CookieEngine, signer.DumpsSalt))
	_ = c.RegisterFlagCompletionFunc("django", choices("6.1", "6.0", "5.2", "4.2", "3.2", "2.2", "1.11", "1.8"))
}

// addSerializer is for commands that write sessions.
func (f *formatFlags) addSerializer(c *cobra.Command) {
	c.Flags().StringVar(&f.format, "serializer", "", "`NAME` of the site's SESSION_SERIALIZER: json or pickle (default the one found)")
	_ = c.RegisterFlagCompletionFunc("serializer", choices("json", "pickle"))
}

func (f *formatFlags) version() (djsession.DjangoVersion, error) {
	if f.django == "" {
		return djsession.DjangoVersion{}, nil
	}
	v, err := djsession.ParseDjangoVersion(f.django)
	if err != nil {
		return v, usage("--django is not a version", "a version looks like 5.2")
	}
	return v, nil
}

// chosen returns the site's serializer.
func (f *formatFlags) chosen() (serializer.Serializer, error) {
	v, err := f.version()
	if err != nil {
		return nil, err
	}
	switch f.format {
	case "":
		if f.set != nil {
			return f.ofSettings()
		}
		return payload.Any{}, nil
	case "json":
		return serializer.JSON{}, nil
	case "pickle":
		return payload.PickleFor(v), nil
	}
	return nil, usage("--serializer is neither json nor pickle", "json is Django's default")
}

// class returns the name of the class in the salt.
func (f *formatFlags) class() (string, bool) { return strings.CutPrefix(f.salt, payload.SaltPrefix) }

// settings returns the site's settings, as far as these flags give them.
func (f *formatFlags) settings(a *app, keys signer.Keys) (djsession.Settings, error) {
	v, err := f.version()
	class, ok := f.class()
	if err == nil && !ok {
		err = usage("--salt is not that of a session", "it begins with "+payload.SaltPrefix)
	}
	s, wrong := f.chosen()
	if err == nil {
		err = wrong
	}
	return djsession.Settings{
		Keys: keys, Django: v, StoreClass: class, Serializer: s, Now: a.Now,
		LegacyHashing: f.set != nil && f.set.Cookies.HashingAlgorithm == "sha1",
		// The commands report what the library would log.
		Logger: slog.New(slog.DiscardHandler),
	}, err
}

// secretFlags adds the flags that say where the keys are.
func secretFlags(f *console.SecretSources, c *cobra.Command) {
	fs := c.Flags()
	fs.StringVar(&f.File, "secret-file", "", "`FILE` with SECRET_KEY on its first line, and fallbacks on the next ones")
	fs.BoolVar(&f.Stdin, "secret-stdin", false, "the same on standard input")
	fs.StringVar(&f.Keys, "keys-file", "", "`FILE` with derived keys instead, as djsession keys prints them")
	_ = c.MarkFlagFilename("secret-file")
	_ = c.MarkFlagFilename("keys-file")
}

// siteFlags are formatFlags and the further flags for a site's database.
type siteFlags struct {
	formatFlags
	timeZone  string
	cookieAge age
	at        placeFlags
	cookie    string

	keys     *console.Secrets // set by open
	users    bool             // open the logins as well
	observer func(context.Context, djsession.Event)
}

func (f *siteFlags) add(a *app, c *cobra.Command) {
	f.formatFlags.add(a, c)
	f.addSerializer(c)
	f.addDatabase(a, c)
}

// addDatabase adds the flags for the place of the sessions and for their expiry.
func (f *siteFlags) addDatabase(a *app, c *cobra.Command) {
	f.addLocation(a, c, "dsn", "`DSN` of the database (default "+envDSN+")")
	f.addEnds(c)
}

// addLocation adds the flags for the place of the sessions.
func (f *siteFlags) addLocation(a *app, c *cobra.Command, dsn, about string) {
	fs := c.Flags()
	if fs.Lookup("settings") == nil { // the command needs no keys
		f.from.add(c)
		c.PreRunE = func(c *cobra.Command, _ []string) error { return f.fill(c, a) }
	}
	addDSN(fs, &f.at.dsn, dsn, about)
	fs.StringVar(&f.at.table, "table", "", "`TABLE` of the sessions (default that of the engine: django_session)")
	addDSN(fs, &f.at.cache, "cache", "`DSN` of the cache of a site with cached_db, whose table is that of --"+dsn)
	for _, name := range []string{"table", "cache"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
}

// addEnds adds the flags for the expiry of sessions.
func (f *siteFlags) addEnds(c *cobra.Command) {
	fs := c.Flags()
	fs.StringVar(&f.cookie, "cookie-name", "sessionid", "SESSION_COOKIE_NAME: the `NAME` that session files begin with")
	fs.Var(&f.cookieAge, "cookie-age", "SESSION_COOKIE_AGE of the site, by which saving prolongs a session and files end (default 14d)")
	fs.StringVar(&f.timeZone, "time-zone", "", "TIME_ZONE of a site with USE_TZ=False: a `ZONE` such as Europe/Berlin")
	for _, name := range []string{"cookie-name", "cookie-age", "time-zone"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
}

// siteSettings returns the settings of the Site. keys are nil for commands that read no
// session.
func (f *siteFlags) siteSettings(a *app, keys *console.Secrets) (djsession.Settings, error) {
	k := signer.SecretKey(rand.Text())
	if keys != nil {
		k = keys.Keys
	}
	if f.salt == "" {
		f.salt = payload.SessionSalt
	}
	set, err := f.settings(a, k)
	if err != nil {
		return set, err
	}
	set.Observer = f.observer
	if f.set != nil {
		of, err := f.set.Session()
		if err != nil {
			return set, settingsProblem(err)
		}
		set.CookieAge, set.CookieName, set.TimeZone = of.CookieAge, of.CookieName, of.TimeZone
		return set, nil
	}
	set.CookieAge, set.CookieName = time.Duration(f.cookieAge), f.cookie
	if f.timeZone != "" {
		if set.TimeZone, err = time.LoadLocation(f.timeZone); err != nil || f.timeZone == "Local" {
			return set, usage("--time-zone is not the name of a time zone", "it looks like Europe/Berlin; leave it out if the site has USE_TZ=True")
		}
	}
	return set, nil
}

// newSite is djsession.NewSite with errors for the user.
func newSite(set djsession.Settings) (*djsession.Site, error) {
	site, err := djsession.NewSite(set)
	if err != nil {
		text, hint := console.PayloadProblem(err)
		if text == "" {
			text = strings.ReplaceAll(err.Error(), "djsession: ", "")
		}
		return nil, usage(text, hint)
	}
	return site, nil
}

// age is a flag for a duration: in seconds, as in Django, or with a unit.
type age time.Duration

func (v *age) String() string {
	if v == nil || *v == 0 {
		return ""
	}
	return time.Duration(*v).String()
}

func (*age) Type() string { return "AGE" }

func (v *age) Set(text string) error {
	unit := time.Second
	number := text
	for suffix, u := range map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if before, ok := strings.CutSuffix(text, suffix); ok {
			number, unit = before, u
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > int64(1<<62)/int64(unit) {
		return usage("is not a number of seconds, nor something like 90m, 12h or 14d", "")
	}
	*v = age(n) * age(unit)
	return nil
}

// choices completes a flag from a fixed list.
func choices(all ...string) func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return all, cobra.ShellCompDirectiveNoFileComp
	}
}
