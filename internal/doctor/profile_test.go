package doctor_test

import (
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/doctor"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// shop is a site whose user model, backends and router only a profile or options describe.
// Its users are in the database "people".
type shop struct {
	dir     string
	profile *djsettings.Profile
	opts    djsite.Options
	// data is what the session of user 1 holds.
	data map[string]any
	// backends are AUTHENTICATION_BACKENDS.
	backends []string
	none     bool // no cookie
	setup    string
}

const ownBackend, shopKey = "accounts.backends.Own", "abcdefghijklmnopqrstuvwxyz012345"

// hashOfShop is salted_hmac(...).hexdigest() of a text.
func hashOfShop(t *testing.T, salt string, alg signer.Algorithm, text string) string {
	t.Helper()
	mac, err := signer.NewMAC(signer.SecretKey(secret), salt, alg)
	if err != nil {
		t.Fatal(err)
	}
	return mac.HexSum(text)
}

// ancestry is that of a backend which defines the methods that are named.
func ancestry(from string, own ...string) *djsettings.Ancestry {
	a := &djsettings.Ancestry{Kind: "backend", Class: ownBackend, Names: []string{ownBackend, from}, Methods: map[string]string{}}
	for _, m := range []string{"authenticate", "get_user", "user_can_authenticate"} {
		a.Methods[m] = from
		if slices.Contains(own, m) {
			a.Methods[m] = ownBackend
		}
	}
	return a
}

// newShop returns the shop as its profile describes it: an SHA-1 hash of password and token.
func newShop(t *testing.T) *shop {
	const table = "people"
	field := func(name string) *djsettings.ProfileField {
		return &djsettings.ProfileField{Column: name + "_col", Table: table, Attribute: name, Kind: "CharField"}
	}
	pk := &djsettings.ProfileWhere{Table: table, Column: "uid", Lookup: "exact", Asked: "pk"}
	p := &djsettings.Profile{
		Ancestry: map[string]*djsettings.Ancestry{ownBackend: ancestry(djauth.ModelBackend)},
		Users: &djsettings.ProfileUsers{
			Model: "accounts.User", Class: "accounts.models.User", Table: table, UsernameField: "email",
			PK:       djsettings.ProfileField{Name: "id", Column: "uid", Table: table, Attribute: "id", Kind: "AutoField"},
			Fields:   map[string]*djsettings.ProfileField{"email": field("email"), "password": field("password"), "token": field("token")},
			Flags:    map[string]*djsettings.ProfileFlag{"is_active": {Is: djsettings.FlagColumn, Column: "enabled", Table: table}},
			Database: &djsettings.ProfileRoute{Read: "people", Write: "people"},
			Queries:  djsettings.ProfileQueries{ByPK: []djsettings.ProfileQuery{{Tables: []djsettings.ProfileTable{{Alias: table, Table: table}}, Where: pk}}},
		},
		AuthHash: djsettings.ProfileAuthHash{By: "accounts.models.User", Salt: "shop.hash", Algorithm: "sha1",
			Message: []djsettings.ProfileHashPart{{Field: "password"}, {Text: "|"}, {Field: "token"}}},
	}
	return &shop{dir: t.TempDir(), profile: p, backends: []string{ownBackend}, data: map[string]any{
		djauth.SessionKey: "1", djauth.BackendSessionKey: ownBackend, djauth.HashSessionKey: hashOfShop(t, "shop.hash", signer.SHA1, "md5$x$y|t1"),
	}}
}

// examine makes the site's databases and runs the doctor.
func (s *shop) examine(t *testing.T) *doctor.Report {
	t.Helper()
	database := func(name string, statements ...string) map[string]any {
		path := filepath.Join(s.dir, name+".sqlite3")
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for _, text := range statements {
			if _, err := db.ExecContext(t.Context(), text); err != nil {
				t.Fatal(err)
			}
		}
		return map[string]any{"ENGINE": "django.db.backends.sqlite3", "NAME": path}
	}
	people := []string{
		"CREATE TABLE people (uid integer PRIMARY KEY, email_col varchar(99), password_col varchar(99), token_col varchar(99), enabled bool, hidden bool)",
		"INSERT INTO people VALUES (1, 'ada@example.com', 'md5$x$y', 't1', 1, 0)",
	}
	if s.setup != "" {
		people = append(people, s.setup)
	}
	set, err := djsettings.FromMap(map[string]any{
		"SECRET_KEY": secret, "AUTH_USER_MODEL": "accounts.User", "USE_TZ": true,
		"INSTALLED_APPS":          []string{"django.contrib.auth", "django.contrib.sessions"},
		"MIDDLEWARE":              []string{"django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"},
		"AUTHENTICATION_BACKENDS": s.backends,
		"DATABASES": map[string]any{
			"default": database("site", "CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, session_data text, expire_date datetime)"),
			"people":  database("people", people...),
		},
	}, &djsettings.Options{Django: "5.2", UserModels: map[string]string{"accounts.User": "auth.User"}}) // without a profile
	if err != nil {
		t.Fatal(err)
	}
	if s.data != nil {
		site, err := djsite.Open(t.Context(), set, &djsite.Options{SessionsOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		_, err = site.Sessions.Store().Create(t.Context(), shopKey, &djsession.Record{Data: serializer.FromMap(s.data), Expires: time.Now().Add(set.Sessions.CookieAge)})
		if err != nil {
			t.Fatal(err)
		}
		if err := site.Close(); err != nil {
			t.Fatal(err)
		}
	}
	set.Profile = s.profile
	cookie := "Cookie: sessionid=" + shopKey
	if s.none {
		cookie = ""
	}
	report, err := doctor.Examine(t.Context(), set, &doctor.Options{Cookie: cookie, Open: s.opts})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		if !isSentence(f.Text) || !isSentence(f.Change) {
			t.Errorf("%s: no sentence: %s %s", f.ID, f.Text, f.Change)
		}
	}
	return report
}

// faultsOf returns the IDs of the faults, and the text of the findings.
func faultsOf(r *doctor.Report) (ids, text string) {
	var all []string
	for _, f := range r.Findings {
		if f.Severity == doctor.Fault {
			all = append(all, f.ID)
		}
		text += f.ID + ": " + f.Text + " " + f.Change + "\n"
	}
	return strings.Join(all, " "), text
}

// TestProfile: doctor judges a login by the options that djsite.Open makes of the profile. In
// each case the truth is known: the session is good by the site's code, or the test broke it.
func TestProfile(t *testing.T) {
	told := func(s *shop) { // without a profile
		s.profile = nil
		s.opts = djsite.Options{UserDatabase: "people", UserTable: &dbusers.Options{Table: "people", NameAssumed: true, Where: []djauth.Condition{},
			Columns: dbusers.Columns{ID: "uid", Username: "email_col", Password: "password_col", Active: "enabled"}},
			AuthHash:      djauth.AuthHash{Salt: "shop.hash", Algorithm: "sha1", Text: func(a *djauth.Account) string { return a.Password.Reveal() + "|t1" }},
			ConfigureAuth: func(o *djauth.Options) { o.OwnBackends = map[string]string{ownBackend: djauth.ModelBackend} }}
	}
	for _, tt := range []struct {
		name   string
		change func(s *shop)
		want   string // the faults
		words  string
	}{
		{"a backend that leaves all to Django's", func(*shop) {}, "", ""},
		{"a backend with its own authenticate", func(s *shop) { s.profile.Ancestry[ownBackend] = ancestry(djauth.ModelBackend, "authenticate") }, "", ""},
		{"a backend that lets inactive users in", func(s *shop) {
			s.profile.Ancestry[ownBackend] = ancestry(djauth.AllowAllUsersModelBackend)
			s.setup = "UPDATE people SET enabled = 0"
		}, "", ""},
		{"one with its own authenticate", func(s *shop) {
			s.profile.Ancestry[ownBackend] = ancestry(djauth.AllowAllUsersModelBackend, "authenticate")
			s.setup = "UPDATE people SET enabled = 0"
		}, "", ""},
		{"the hash in SHA-256", func(s *shop) {
			s.profile.AuthHash.Algorithm = "sha256"
			s.data[djauth.HashSessionKey] = hashOfShop(t, "shop.hash", signer.SHA256, "md5$x$y|t1")
		}, "", ""},
		{"Django's own hash", func(s *shop) {
			s.profile.AuthHash = djsettings.ProfileAuthHash{By: "django.contrib.auth.base_user.AbstractBaseUser", Algorithm: "sha256",
				Salt: "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash", Message: []djsettings.ProfileHashPart{{Field: "password"}}}
			s.data[djauth.HashSessionKey] = hashOfShop(t, s.profile.AuthHash.Salt, signer.SHA256, "md5$x$y")
		}, "", ""},
		{"no hash at all", func(s *shop) {
			s.profile.AuthHash = djsettings.ProfileAuthHash{None: true}
			delete(s.data, djauth.HashSessionKey)
		}, "", ""},
		{"options for a hash that the profile does not know", func(s *shop) {
			s.profile.AuthHash = djsettings.ProfileAuthHash{By: "accounts.models.User", Unknown: "it calls a server"}
			s.opts.AuthHash = djauth.AuthHash{Sums: func(*djauth.Account) []string {
				return []string{hashOfShop(t, "shop.hash", signer.SHA1, "md5$x$y|t1")}
			}}
		}, "", ""},
		{"options for a backend that the profile does not know", func(s *shop) {
			s.profile.Ancestry[ownBackend] = ancestry(djauth.ModelBackend, "get_user")
			s.opts.ConfigureAuth = func(o *djauth.Options) { o.CanAuthenticate = func(string, *djauth.Account) bool { return true } }
		}, "", ""},
		{"options alone", told, "", ""},

		{"the token was changed", func(s *shop) { s.setup = "UPDATE people SET token_col = 't2'" }, doctor.AuthHash, "SECRET_KEY is right"},
		{"the password was changed", func(s *shop) { s.setup = "UPDATE people SET password_col = 'md5$x$z'" }, doctor.AuthHash, "SECRET_KEY is right"},
		{"options alone, and the password was changed", func(s *shop) { told(s); s.setup = "UPDATE people SET password_col = 'md5$x$z'" }, doctor.AuthHash, "AuthHash"},
		{"an inactive user", func(s *shop) { s.setup = "UPDATE people SET enabled = 0" }, doctor.UserInactive, "inactive"},
		{"an inactive user of a backend with its own authenticate", func(s *shop) {
			s.profile.Ancestry[ownBackend] = ancestry(djauth.ModelBackend, "authenticate")
			s.setup = "UPDATE people SET enabled = 0"
		}, doctor.UserInactive, "inactive"},
		{"a user who was deleted", func(s *shop) { s.setup = "DELETE FROM people" }, doctor.UserDeleted, "deleted"},
		{"a user whom the manager hides", func(s *shop) {
			by := s.profile.Users.Queries.ByPK[0]
			by.Where = &djsettings.ProfileWhere{And: []*djsettings.ProfileWhere{by.Where, {Table: "people", Column: "hidden", Lookup: "isnull", Value: djsettings.Value{}}}}
			s.profile.Users.Queries.ByPK[0] = by
		}, doctor.Unexplained, "Where"}, // nothing says what the filter is
		{"a hash that nothing explains", func(s *shop) {
			s.profile.AuthHash = djsettings.ProfileAuthHash{By: "accounts.models.User", Unknown: "it calls a server"}
		}, doctor.Unexplained, "get_session_auth_hash"},
		{"a backend that nothing explains", func(s *shop) { s.profile.Ancestry[ownBackend] = ancestry(djauth.ModelBackend, "get_user") }, doctor.Unexplained, "get_user"},
		{"another backend", func(s *shop) { s.backends = []string{djauth.ModelBackend} }, doctor.Backend, "AUTHENTICATION_BACKENDS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t)
			tt.change(s)
			report := s.examine(t)
			got, text := faultsOf(report)
			if got != tt.want || !strings.Contains(text, tt.words) {
				t.Errorf("got %q, want %q with %q:\n%s", got, tt.want, tt.words, text)
			}
			if tt.want == "" && (!report.Proved || strings.Join(report.Compared, ", ") != "the settings, 1 cookie, the user") {
				t.Errorf("compared: %q", report.Compared)
			}
		})
	}
}

// TestReport: the Report says what was compared and what was not.
func TestReport(t *testing.T) {
	for _, tt := range []struct {
		name             string
		change           func(s *shop)
		compared, missed string
		proved           bool
	}{
		{"a login", func(*shop) {}, "the settings, 1 cookie, the user", "other stored sessions (there are none)", true},
		{"nobody is logged in", func(s *shop) { s.data = map[string]any{"cart": 1} },
			"the settings, 1 cookie, the table of users", "other stored sessions (there are none), the user (nobody is logged in to the session)", true},
		{"no cookie", func(s *shop) { s.none = true }, "the settings, 1 stored session, the table of users", "a login (there is no cookie)", true},
		{"no cookie and no session", func(s *shop) { s.none, s.data = true, nil },
			"the settings, the table of users", "stored sessions (there are none), a login (there is no cookie)", false},
		{"a fault", func(s *shop) { s.setup = "UPDATE people SET token_col = 't2'" }, "the settings, 1 cookie, the user", "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t)
			tt.change(s)
			r := s.examine(t)
			if got := strings.Join(r.Compared, ", "); got != tt.compared {
				t.Errorf("compared: got %q, want %q", got, tt.compared)
			}
			if got := strings.Join(r.Missed, ", "); got != tt.missed {
				t.Errorf("missed: got %q, want %q", got, tt.missed)
			}
			if r.Proved != tt.proved {
				t.Errorf("got Proved %t, want %t", r.Proved, tt.proved)
			}
		})
	}
}
