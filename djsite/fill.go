package djsite

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
)

// Fill returns what [Open] makes of opts by the settings and their profile: opts with
// UserDatabase, UserTable, AuthHash and Lookup, and the options for [djauth.New], after
// ConfigureAuth. It opens nothing. opts may be nil.
//
// Errors: djsession.ErrConfig for a site with code that neither the profile nor an option
// explains, and djsettings.ErrSetting. Open returns them too. What is known is returned
// beside the error.
func Fill(set *djsettings.Settings, opts *Options) (*Options, *djauth.Options, error) {
	s := &Site{Settings: set}
	if opts != nil {
		s.opts = *opts
	}
	table, auth, err := s.fill(djcsrf.AllowedHosts(s.allowedHosts(), set.Proxy.ForwardedHost()))
	s.opts.UserDatabase = s.userDatabase()
	s.opts.UserTable, s.opts.AuthHash, s.opts.Lookup = table, auth.AuthHash, auth.Lookup
	return &s.opts, auth, err
}

// fill returns the options of the users and of Auth. In this order they are from Options, the
// profile, and ConfigureAuth.
func (s *Site) fill(host func(*http.Request) string) (*dbusers.Options, *djauth.Options, error) {
	in := s.Settings.Auth
	o := &djauth.Options{
		Backends: in.Backends, NormalizeName: formName, Host: host, UserCache: s.opts.UserCache,
		AuthHash: s.opts.AuthHash, Lookup: s.opts.Lookup, PasswordRefusal: passwordRefusal(s.Settings),
		ScriptName: s.Settings.Proxy.Prefix(),
	}
	s.loginURL(o)
	table := new(dbusers.Options)
	if s.opts.UserTable != nil {
		*table = *s.opts.UserTable
	}
	profile := s.askProfile(table, o)
	ours := o.CanAuthenticate
	o.CanAuthenticate = nil
	if s.opts.ConfigureAuth != nil {
		s.opts.ConfigureAuth(o)
	}
	var err error
	switch {
	case len(in.Backends) == 0:
		err = fmt.Errorf("%w: AUTHENTICATION_BACKENDS is empty: by Django nobody is logged in", djsettings.ErrSetting)
	case profile != nil:
		if o.CanAuthenticate == nil {
			o.CanAuthenticate = ours
			profile.unknown()
		}
		err = s.answered(profile)
	}
	table.Extra = hashed(table.Extra, o.AuthHash.Fields)
	return table, o, err
}

// userDatabase returns the alias of the database with the users: that which Django writes to.
func (s *Site) userDatabase() string {
	alias := s.opts.UserDatabase
	if p := s.Settings.Profile; p != nil && p.Users != nil && p.Users.Database != nil {
		alias = cmp.Or(alias, p.Users.Database.Write)
	}
	return cmp.Or(alias, "default")
}

// answered refuses a site with code that neither the profile nor an option explains.
func (s *Site) answered(a *asked) error {
	if len(a.questions) > 0 {
		return fmt.Errorf("%w: AUTH_USER_MODEL %s: %s; or let the site say who is logged in (djsite.Options.AskDjango), or open the sessions only (SessionsOnly)", djsession.ErrConfig, a.Model, a.questions[0])
	}
	for _, note := range a.notes {
		s.warn("AUTH_USER_MODEL", note)
	}
	if a.lookups(); a.noNames != "" {
		a.table.NameAssumed = true
		s.warn("AUTH_USER_MODEL", a.noNames+": nobody is looked up by name (Authenticate), until djsite.Options.Lookup says how.")
	}
	return nil
}

// hashed returns the further columns with those of an AuthHash.
func hashed(extra, fields []string) []string {
	extra = slices.Clone(extra)
	for _, name := range fields {
		switch name {
		case "password", "email", "username", "first_name", "last_name", "pk":
			continue // an Account has them
		}
		if !slices.Contains(extra, name) {
			extra = append(extra, name)
		}
	}
	return extra
}
