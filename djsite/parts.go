package djsite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djauth/hashers"
	"github.com/go-djsession/go-djsession/djauth/pgxusers"
	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djmessages"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/httpcookie"
	"github.com/go-djsession/go-djsession/signer"
)

// dummy is the ENGINE that Django gives a site without DATABASES.
const dummy = "django.db.backends.dummy"

// largestForm stands for no limit, in bytes.
const largestForm = 64 << 20

// openParts opens users, CSRF and messages. The sessions must be open.
func (s *Site) openParts(ctx context.Context) error {
	if s.opts.SessionsOnly {
		return nil
	}
	set := s.Settings
	host := djcsrf.AllowedHosts(s.allowedHosts(), set.Proxy.ForwardedHost())
	if set.CSRF.Enabled {
		if err := s.openCSRF(host); err != nil {
			return err
		}
	}
	switch db := set.Databases[s.userDatabase()]; {
	case set.Auth.Installed && s.opts.AskDjango != "":
		if err := s.openAsked(host); err != nil {
			return err
		}
	case set.Auth.Installed && (db == nil || db.Engine == dummy):
		s.warn("DATABASES", "django.contrib.auth is installed, but there is no database with users: nobody is looked up.")
	case set.Auth.Installed:
		if err := s.openAuth(ctx, host); err != nil {
			return err
		}
	}
	if set.Messages.Installed && set.Messages.Enabled {
		return s.openMessages()
	}
	return nil
}

// allowedHosts returns ALLOWED_HOSTS as get_host reads it: with DEBUG, an empty list is
// this machine.
func (s *Site) allowedHosts() []string {
	if s.Settings.Debug && len(s.Settings.AllowedHosts) == 0 {
		return []string{".localhost", "127.0.0.1", "[::1]"}
	}
	return s.Settings.AllowedHosts
}

func (s *Site) openCSRF(host func(*http.Request) string) (err error) {
	in := s.Settings.CSRF
	o := djcsrf.Options{
		CookieName: in.CookieName, CookieAge: in.CookieAge, ExpireAtBrowserClose: in.CookieAgeNone,
		CookieDomain: in.CookieDomain, CookiePath: in.CookiePath, CookieSecure: in.CookieSecure, CookieHTTPOnly: &in.CookieHTTPOnly,
		CookieSameSite: httpcookie.SameSite(in.CookieSameSite), CookieMasked: in.CookieMasked, HeaderName: in.HeaderName,
		CookieAgeZero: in.CookieAge == 0 && !in.CookieAgeNone, CookiePathNone: in.CookiePath == "",
		UseSessions: in.UseSessions, TrustedOrigins: in.TrustedOrigins, Host: host,
	}
	if s.Settings.Proxy.ForwardedPort() {
		o.Port = djcsrf.ForwardedPort
	}
	switch {
	case in.MaxForm < 0:
		o.MaxForm = largestForm
	case in.MaxForm == 0: // then Django accepts no form
		o.MaxForm = 1
	default:
		o.MaxForm = int64(in.MaxForm)
	}
	switch {
	case in.MaxFields < 0:
		o.MaxFields = math.MaxInt
	case in.MaxFields == 0: // then Django accepts no form
		o.MaxForm = 1
	default:
		o.MaxFields = in.MaxFields
	}
	if s.opts.ConfigureCSRF != nil {
		s.opts.ConfigureCSRF(&o)
	}
	s.CSRF, err = djcsrf.New(s.Sessions, &o)
	return err
}

// openAsked makes an Auth that asks the site.
func (s *Site) openAsked(host func(*http.Request) string) error {
	judge, err := djauth.AskDjango(s.opts.AskDjango, s.site.Settings().Keys, s.opts.AskOptions)
	if err != nil {
		return err
	}
	o := djauth.Options{Backends: s.Settings.Auth.Backends, Judge: judge, Host: host, ScriptName: s.Settings.Proxy.Prefix()}
	s.loginURL(&o)
	if s.opts.ConfigureAuth != nil {
		s.opts.ConfigureAuth(&o)
	}
	s.Auth, err = djauth.New(s.Sessions, nil, nil, &o)
	return err
}

// loginURL sets LOGIN_URL, unless it is the name of a URL.
func (s *Site) loginURL(o *djauth.Options) {
	switch url := s.Settings.Auth.LoginURL; {
	case strings.HasPrefix(url, "/"), strings.Contains(url, "://"):
		o.LoginURL = url
	case url != "" && s.resolved("LOGIN_URL") != "":
		o.LoginURL, o.LoginURLNamed = s.resolved("LOGIN_URL"), s.Settings.Proxy.ScriptName == ""
	case url != "":
		s.warn("LOGIN_URL", "it is the name of a URL, which only Django can resolve: give the path in djsite.Options.ConfigureAuth; /accounts/login/ is taken.")
	}
}

// resolved returns what a setting that is the name of a URL leads to, as the profile says; ""
// if it does not.
func (s *Site) resolved(setting string) string {
	if p := s.Settings.Profile; p != nil && p.Session != nil {
		return p.Session.URLs[setting]
	}
	return ""
}

// openAuth opens the users and makes the Auth. The table of the users says what no setting
// does.
func (s *Site) openAuth(ctx context.Context, host func(*http.Request) string) error {
	passwords, err := s.passwords()
	if err != nil {
		return err
	}
	table, o, err := s.fill(host)
	if err != nil {
		return err
	}
	if err := s.openUsers(ctx, *table, o); err != nil {
		return err
	}
	if err := s.known(); err != nil {
		return err
	}
	s.Warnings = append(s.Warnings, unknownLogin(s.Settings, o)...)
	s.Auth, err = djauth.New(s.Sessions, s.Users, passwords, o)
	return err
}

// known refuses a user model of the site's own, about whose code neither a profile nor
// [djsettings.Options.UserModels] says anything. A Judge is no answer: it runs after Django's
// own checks, by these accounts.
func (s *Site) known() error {
	model := s.Settings.Auth.UserModel
	if p := s.Settings.Profile; s.Settings.Auth.UserModelAs != "" || p != nil && p.Users != nil {
		return nil
	}
	return fmt.Errorf("%w: AUTH_USER_MODEL: %q is the site's own model, and neither settings nor tables tell what its code does: its manager may hide users or find them otherwise, and is_active, is_staff, is_superuser or has_perm may be computed: read a profile of the site, which djsession probe makes, in the place of diffsettings; if the model does as auth.User in all that djsite.Options do not say, say so in djsettings.Options.UserModels; or let the site say who is logged in (djsite.Options.AskDjango), or open the sessions only (SessionsOnly)",
		djsession.ErrConfig, model)
}

// formName is UsernameField.to_python.
func formName(name string) string { return norm.NFKC.String(strings.TrimFunc(name, isPythonSpace)) }

func isPythonSpace(c rune) bool { return unicode.IsSpace(c) || c >= 0x1c && c <= 0x1f }

// passwords returns PASSWORD_HASHERS without the site's own hashers.
func (s *Site) passwords() (djauth.Passwords, error) {
	const djangos = "django.contrib.auth.hashers."
	var paths []string
	for i, path := range s.Settings.Auth.PasswordHashers {
		if strings.HasPrefix(path, djangos) {
			paths = append(paths, path)
			continue
		}
		text := "it names a hasher of the site's own; passwords that it made cannot be checked."
		if i == 0 {
			text = "its first hasher is the site's own: new passwords are made by the next one."
		}
		s.warn("PASSWORD_HASHERS", text)
	}
	if len(paths) == 0 && s.Settings.Auth.PasswordHashers != nil {
		if len(s.Settings.Auth.PasswordHashers) == 0 {
			s.warn("PASSWORD_HASHERS", "it is empty: nobody logs in by a password, as in Django.")
		}
		return nil, nil
	}
	list, err := hashers.ForDjango(s.Settings.Django, paths...)
	if err != nil {
		return nil, fmt.Errorf("%w: PASSWORD_HASHERS: %w", djsettings.ErrSetting, err)
	}
	return hashers.New(list, &hashers.Options{Limits: s.opts.PasswordLimits})
}

// openUsers opens the table of the users with the columns that in needs.
func (s *Site) openUsers(ctx context.Context, table dbusers.Options, in *djauth.Options) error {
	alias := s.userDatabase()
	db, err := s.Database(ctx, alias)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	named := table.NameAssumed
	users, opts, err := s.UsersIn(ctx, db, &table)
	if err != nil {
		return fmt.Errorf("AUTH_USER_MODEL, which djsite.Options.UserTable can tell more of: %w", err)
	}
	s.Users = users
	switch find := looksByName(in) && !named; {
	case opts.NameAssumed && find:
		s.warn("AUTH_USER_MODEL", "no setting tells its USERNAME_FIELD: names are those of the column username, and nobody is looked up by them (Authenticate) until djsite.Options.UserTable names the column in Columns.Username, or Options.Lookup the columns.")
	case opts.Columns.Username == dbusers.None && find:
		s.warn("AUTH_USER_MODEL", "no setting tells its USERNAME_FIELD: users have no name, and nobody is looked up by one (Authenticate), until djsite.Options.UserTable names the column in Columns.Username, or Options.Lookup the columns.")
	}
	var flags, cures []string
	if opts.Columns.Staff == dbusers.None && table.Columns.Staff == "" && opts.Staff == nil {
		flags, cures = append(flags, "is_staff"), append(cures, "Staff")
	}
	if opts.Columns.Superuser == dbusers.None && table.Columns.Superuser == "" && opts.Superuser == nil {
		flags, cures = append(flags, "is_superuser"), append(cures, "Superuser")
	}
	if len(flags) > 0 {
		s.warn("AUTH_USER_MODEL", fmt.Sprintf("the table has no column %s, and the model may have code instead: here nobody is, until djsite.Options.UserTable says who is, by %s or the Columns of these names.", strings.Join(flags, " and no "), strings.Join(cures, " and ")))
	}
	return s.checkLookups(ctx, db, table, in.Lookup)
}

// looksByName reports whether a backend finds accounts by USERNAME_FIELD.
func looksByName(in *djauth.Options) bool {
	if len(in.Lookup) == 0 || slices.ContainsFunc(in.Lookup, func(l djauth.Lookup) bool { return len(l.Columns) == 0 }) {
		return true
	}
	return slices.ContainsFunc(in.Backends, func(path string) bool {
		switch cmp.Or(in.OwnBackends[path], path) {
		case djauth.ModelBackend, djauth.AllowAllUsersModelBackend:
			return !slices.ContainsFunc(in.Lookup, func(l djauth.Lookup) bool { return l.Backend == "" || l.Backend == path })
		}
		return false
	})
}

// checkLookups tries each Lookup with a name that nobody has.
func (s *Site) checkLookups(ctx context.Context, db *DB, table dbusers.Options, lookups []djauth.Lookup) error {
	find, ok := djauth.As[djauth.Finder](s.Users)
	for i, l := range lookups {
		of := table
		of.Extra = slices.Concat(table.Extra, l.Columns)
		for _, c := range l.Where {
			of.Extra = append(of.Extra, c.Column)
		}
		_, _, err := s.UsersIn(ctx, db, &of)
		if err == nil && ok {
			_, err = find.Find(ctx, l, "")
		}
		if err != nil {
			return fmt.Errorf("djsite.Options.Lookup, number %d: %w", i+1, err)
		}
	}
	return nil
}

// UsersIn returns the users in a table of db, by default the table of AUTH_USER_MODEL. It
// also returns opts, completed from the table. opts may be nil.
//
// Errors: those of [dbusers.Detect].
func (s *Site) UsersIn(ctx context.Context, db *DB, opts *dbusers.Options) (djauth.Users, *dbusers.Options, error) {
	full := new(dbusers.Options)
	if opts != nil {
		*full = *opts
	}
	full.Model = cmp.Or(full.Model, s.Settings.Auth.UserModel)
	var err error
	if full.TimeZone == nil {
		if full.TimeZone, err = db.Settings.Zone(); err != nil {
			return nil, nil, err
		}
	}
	if db.Pool != nil {
		if full, err = pgxusers.Detect(ctx, db.Pool, full); err != nil {
			return nil, nil, err
		}
		return pgxusers.New(s.site, db.Pool, full), full, nil
	}
	d := db.dialect()
	if full, err = dbusers.Detect(ctx, db.SQL, d, full); err != nil {
		return nil, nil, err
	}
	return dbusers.New(s.site, db.SQL, d, full), full, nil
}

func (s *Site) openMessages() (err error) {
	in := s.Settings.Messages
	o := djmessages.Options{Level: djmessages.Level(in.Level), Tags: map[djmessages.Level]string{}}
	for level, tag := range in.Tags {
		o.Tags[djmessages.Level(level)] = tag
	}
	if in.Level == 0 { // 0 records all messages; Options.Level has 1 for this
		o.Level = 1
	}
	const storages = "django.contrib.messages.storage."
	switch in.Storage {
	case "", storages + "fallback.FallbackStorage":
	case storages + "session.SessionStorage":
		o.Storage = djmessages.Session
	case storages + "cookie.CookieStorage":
		o.Storage = djmessages.Cookie
	default:
		s.warn("MESSAGE_STORAGE", "it is the site's own, which is not known here: there are no messages.")
		return nil
	}
	s.Messages, err = djmessages.New(s.Sessions, &o)
	if errors.Is(err, signer.ErrNoKey) {
		s.warn("MESSAGE_STORAGE", "there is no key for messages in cookies among the derived keys: there are no messages.")
		return nil
	}
	return err
}

// warn adds a Warning.
func (s *Site) warn(setting, text string) {
	s.Warnings = append(s.Warnings, djsettings.Warning{Setting: setting, Text: text})
}

// Middleware is the middleware of all parts that the site has: sessions, CSRF, who is
// logged in, and messages, from the outside in. An [http.TimeoutHandler] belongs inside of
// it; see the Middleware of djsession.Manager.
func (s *Site) Middleware(next http.Handler) http.Handler {
	if s.Messages != nil {
		next = s.Messages.Middleware(next)
	}
	if s.Auth != nil {
		next = s.Auth.Middleware(next)
	}
	if s.CSRF != nil {
		next = s.CSRF.Middleware(next)
	}
	return s.Sessions.Middleware(next)
}
