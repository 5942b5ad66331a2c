// Package sites runs published Django sites with Go beside them, on the same sessions and
// logins. It is no part of CI: it installs other people's software, which takes minutes.
//
//	make sites                                    all, and writes SITES.md
//	go test ./compat_test/sites -sites wagtail    one of them
//
// Each folder here is a site: requirements.txt pins its packages and its Python, settings.py
// and urls.py are its project, and commands.py says what differs: how an account is made and
// what its owner types. The sites are made in $XDG_CACHE_HOME/djsession-sites.
//
// A step ends in one of three ways: the same on both sides; refused, with the sentence that
// Go says; or WRONG, which fails the test. Go is wrong if it says yes where Django says no,
// if it says no without a reason, or if it deletes or changes what is the site's.
package sites

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

var (
	chosen = flag.String("sites", "", "the `names` of the sites to run, with commas, or all")
	update = flag.Bool("update", false, "write SITES.md anew; with -sites, the rows of these sites")
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(testserver.Run(m))
}

// site is a published site.
type site struct {
	name string
	dist string // the distribution whose version counts
	// postgres and redis say which servers the site needs.
	postgres, redis bool
	// sqlite is the path of the file of SQLite; default db.sqlite3.
	sqlite string
	// migrate is the command of manage.py that makes the tables; default migrate.
	migrate []string
	// shell are further arguments of its command shell.
	shell []string
	// env is added to the environment of the site. DIR stands for the folder of manage.py.
	env []string
	// module is DJANGO_SETTINGS_MODULE; default settings.
	module string
	// login is the path of the page with the login form. field is the name of its field for
	// the user; default username.
	login, field string
	// page is the path of a page for who is logged in.
	page string
	// volatile are the keys of a session that each visit of the site changes.
	volatile []string
	// told are the options that answer what Go asks for when it opens the site without them.
	told func(*djsite.Options)
}

var all = []site{
	{name: "wagtail", dist: "wagtail", login: "/admin/login/", page: "/admin/"},
	{name: "allauth", dist: "django-allauth", login: "/accounts/login/", field: "login", page: "/accounts/email/", told: allauths},
	{name: "oscar", dist: "django-oscar", login: "/accounts/login/", field: "login-username", page: "/accounts/profile/",
		told: tell(djsite.Options{Lookup: []djauth.Lookup{{Columns: []string{"email"}, IgnoreCase: true}, {}}},
			map[string]string{"oscar.apps.customer.auth_backends.EmailBackend": modelBackend})},
	{name: "mezzanine", dist: "Mezzanine", login: "/accounts/login/", page: "/account/profile/",
		told: tell(djsite.Options{Lookup: []djauth.Lookup{{Columns: []string{"username", "email"}}}},
			map[string]string{"mezzanine.core.auth_backends.MezzanineBackend": modelBackend})},
	{name: "cms", dist: "django-cms", login: "/admin/login/", page: "/admin/"},
	{name: "helpdesk", dist: "django-helpdesk", login: "/login/", page: "/dashboard/"},
	{name: "wiki", dist: "wiki", login: "/_accounts/login/", page: "/_accounts/settings/"},
	{name: "pretix", dist: "pretix", redis: true, sqlite: "data/db.sqlite3", login: "/control/login", field: "email", page: "/control/",
		told: tell(djsite.Options{
			AuthHash:  djauth.AuthHash{Salt: "pretix.base.models.User.get_session_auth_hash", Algorithm: "sha1", Fields: []string{"password", "email", "session_token"}, Fallbacks: true},
			Lookup:    []djauth.Lookup{{Columns: []string{"email"}, Normalize: strings.ToLower}},
			UserTable: &dbusers.Options{Columns: dbusers.Columns{Username: "email"}},
		}, nil)},
	{name: "graphite", dist: "graphite-web", login: "/account/login", page: "/account/edit"},
	{name: "evennia", dist: "evennia", login: "/auth/login/", page: "/auth/password_change/", volatile: []string{"webclient_authenticated_nonce"},
		told: tell(djsite.Options{Lookup: []djauth.Lookup{{Columns: []string{"username"}, IgnoreCase: true}}, UserTable: &dbusers.Options{Columns: dbusers.Columns{Username: "username"}}},
			map[string]string{"evennia.web.utils.backends.CaseInsensitiveModelBackend": modelBackend})},
	{name: "pretalx", dist: "pretalx", redis: true, sqlite: "data/db.sqlite3", login: "/orga/login/", field: "login_email", page: "/orga/me", shell: []string{"--unsafe-disable-scopes"},
		told: tell(djsite.Options{
			Lookup:    []djauth.Lookup{{Columns: []string{"email"}, IgnoreCase: true}},
			UserTable: &dbusers.Options{Columns: dbusers.Columns{Username: "email"}},
		}, map[string]string{"rules.permissions.ObjectPermissionBackend": baseBackend, "pretalx.common.auth.UserTokenAuthentication": baseBackend})},
	{name: "reviewboard", dist: "ReviewBoard", module: "reviewboard.settings", migrate: []string{"evolve", "--noinput", "--execute"},
		login: "/account/login/", page: "/account/preferences/"},
}

// tell adds to o what the backends of the site's own do: they log in and grant permissions
// as those of Django that they derive from.
func tell(o djsite.Options, backends map[string]string) func(*djsite.Options) {
	return func(opts *djsite.Options) {
		*opts = o
		opts.ConfigureAuth = func(a *djauth.Options) {
			a.OwnBackends = backends
			a.Permissions = djauth.TablePermissions
		}
	}
}

const (
	allauthBackend = "allauth.account.auth_backends.AuthenticationBackend"

	modelBackend = "django.contrib.auth.backends.ModelBackend"
	baseBackend  = "django.contrib.auth.backends.BaseBackend"
)

// allauths looks users up by e-mail address in any case, behind ModelBackend with its names.
var allauths = tell(djsite.Options{Lookup: []djauth.Lookup{{Backend: allauthBackend, Columns: []string{"email"}, IgnoreCase: true}}},
	map[string]string{allauthBackend: modelBackend})

func TestSites(t *testing.T) {
	if *chosen == "" {
		t.Skip("it installs published sites from PyPI: run make sites")
	}
	names := strings.Split(*chosen, ",")
	for _, name := range names {
		if name != "all" && !slices.ContainsFunc(all, func(s site) bool { return s.name == name }) {
			t.Fatalf("there is no site %q", name)
		}
	}
	for _, s := range all {
		if !slices.Contains(names, s.name) && *chosen != "all" {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			rows := s.run(t)
			for _, r := range rows {
				t.Log(r)
			}
			if *update && !t.Failed() {
				if err := writeTable(rows); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
