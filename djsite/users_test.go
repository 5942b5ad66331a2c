package djsite

import (
	"context"
	"crypto/md5"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djauth/hashers"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/serializer"
)

// userCase is a file of testdata/users: the data of a site, and the answers of Django 6.1.
type userCase struct {
	Settings map[string]any
	Tables   map[string]struct {
		Schema string
		Rows   []map[string]any
	}
	Session map[string]any

	plain bool // the site says that its model does as auth.User
}

// PasswordLimits are those of the hashers. Without them a hash may take ten times as long as
// one of the site's Django.
func TestPasswordLimits(t *testing.T) {
	c := readUserCase(t, "axes")
	if _, err := c.open(t, &Options{PasswordLimits: hashers.Limits{Iterations: 1}}); !errors.Is(err, hashers.ErrTooCostly) || !errors.Is(err, djsession.ErrConfig) {
		t.Errorf("below those of Django: got %v", err)
	}
	if _, err := c.open(t, &Options{PasswordLimits: hashers.Limits{Iterations: 100_000_000}}); err != nil {
		t.Errorf("above: got %v", err)
	}
}

// TestUserModels opens sites with user models and backends of their own. Each has one
// session, of user 1. With the settings alone, Go never says yes where Django says no.
// Where Go says no and Django says yes, the reason names the cure. Go believes what the
// site says in Options.
func TestUserModels(t *testing.T) {
	const locked, email, mail, password = "accts.backends.LockedBackend", "accts.backends.EmailBackend", "mailauth.backends.MailAuthBackend", "the password"
	own := func(backends map[string]string) *Options {
		return &Options{ConfigureAuth: func(o *djauth.Options) { o.OwnBackends = backends }}
	}
	tests := []struct {
		file, name string
		parts      *Options
		refused    string // the error of Open; "" for a site that opens
		why        error  // why the session belongs to nobody; nil for user 1
		who        string // the name of user 1
		login      string // the names that log in with the right password
		unsure     error  // the error of Authenticate if it cannot decide
		names      string // the backend that Login picks; "" is ErrBackend
		staff      bool
		warns      []string
	}{
		{file: "axes", who: "ada", unsure: djauth.ErrOnlyDjango, names: djauth.ModelBackend, warns: []string{"axes.backends.AxesStandaloneBackend"}},
		{file: "axes", name: "the lockout is done without", parts: own(map[string]string{"axes.backends.AxesStandaloneBackend": djauth.BaseBackend}),
			who: "ada", login: "ada", names: djauth.ModelBackend, warns: []string{"djauth.Options.Permissions"}},
		{file: "axes2", who: "ada", unsure: djauth.ErrOnlyDjango, names: djauth.ModelBackend, warns: []string{"axes.backends.AxesBackend"}},
		{file: "childbk", why: djauth.ErrUnknownBackend, unsure: djauth.ErrUnknownBackend, warns: []string{locked}},
		{file: "childbk", name: "it is judged in Go", parts: &Options{ConfigureAuth: func(o *djauth.Options) {
			o.OwnBackends = map[string]string{locked: djauth.ModelBackend}
			o.CanAuthenticate = func(_ string, a *djauth.Account) bool { return a.Active && a.FirstName != "LOCKED" }
		}}, why: djauth.ErrInactive, unsure: djauth.ErrInactive, names: locked, warns: []string{"djauth.Options.Permissions", "djsite.Options.Lookup"}},
		{file: "defer", refused: "has enabled, which"},
		{file: "defer", name: "the columns are named", parts: &Options{UserTable: &dbusers.Options{Columns: dbusers.Columns{Active: "enabled", Username: "login"}}},
			why: djauth.ErrInactive, unsure: djauth.ErrInactive, names: djauth.ModelBackend},
		{file: "emailbk", why: djauth.ErrUnknownBackend, unsure: djauth.ErrUnknownBackend, warns: []string{email}},
		{file: "emailbk", name: "its lookup is told", parts: &Options{
			Lookup:        []djauth.Lookup{{Columns: []string{"email"}}, {}},
			ConfigureAuth: func(o *djauth.Options) { o.OwnBackends = map[string]string{email: djauth.ModelBackend} }},
			who: "ada", login: "ada@example.com ada", names: email, warns: []string{"djauth.Options.Permissions"}},
		{file: "emailbk", name: "it finds e-mail addresses only", parts: &Options{
			Lookup:        []djauth.Lookup{{Columns: []string{"email"}, IgnoreCase: true, Normalize: djauth.NormalizeEmail}},
			ConfigureAuth: func(o *djauth.Options) { o.OwnBackends = map[string]string{email: djauth.ModelBackend} }},
			who: "ada", login: "ada@example.com ADA@EXAMPLE.COM", names: email, warns: []string{"djauth.Options.Permissions"}},
		{file: "emailbk", name: "its lookup names it", parts: &Options{
			Lookup:        []djauth.Lookup{{Backend: email, Columns: []string{"email"}}},
			ConfigureAuth: func(o *djauth.Options) { o.OwnBackends = map[string]string{email: djauth.ModelBackend} }},
			who: "ada", login: "ada@example.com ada", names: email, warns: []string{"djauth.Options.Permissions"}},
		{file: "emailbk", name: "its lookup is of no column", parts: &Options{Lookup: []djauth.Lookup{{Columns: []string{"e_mail"}}}}, refused: "djsite.Options.Lookup, number 1"},
		{file: "emailun", who: "the-username", unsure: djsession.ErrConfig, names: djauth.ModelBackend, warns: []string{"Columns.Username"}},
		{file: "emailun", name: "the column is named", parts: &Options{UserTable: &dbusers.Options{Columns: dbusers.Columns{Username: "email"}}},
			who: "ada@example.com", login: "ada@example.com", names: djauth.ModelBackend},
		{file: "isactive", refused: "has status, which"},
		{file: "isactive", name: "it is computed in Go", parts: &Options{UserTable: &dbusers.Options{
			Columns: dbusers.Columns{Username: "email", Staff: dbusers.None, Superuser: dbusers.None}, Extra: []string{"status"},
			Active: func(a *djauth.Account) bool { return a.Extra["status"] != "banned" },
		}}, why: djauth.ErrInactive, unsure: djauth.ErrInactive, names: djauth.ModelBackend},
		{file: "isactive", name: "another status is banned", parts: &Options{UserTable: &dbusers.Options{
			Columns: dbusers.Columns{Username: "email"}, Extra: []string{"status"},
			Active: func(a *djauth.Account) bool { return a.Extra["status"] != "gone" },
		}}, who: "ada@example.com", login: "ada@example.com", names: djauth.ModelBackend, warns: []string{"no column is_staff and no is_superuser"}},
		{file: "mailauth", refused: "has no column password, of which Django makes the hash"},
		{file: "mailauth", name: "it has no password", parts: &Options{UserTable: &dbusers.Options{Columns: dbusers.Columns{Username: "email", Password: dbusers.None}}},
			refused: "say in Options.AuthHash"},
		{file: "mailauth", name: "its hash is told", parts: &Options{
			UserTable:     &dbusers.Options{Columns: dbusers.Columns{Username: "email", Password: dbusers.None}},
			AuthHash:      djauth.AuthHash{Salt: "mailauth.contrib.user.models.EmailUserManager.get_session_auth_hash", Algorithm: "sha256", Fields: []string{"session_salt"}},
			ConfigureAuth: func(o *djauth.Options) { o.OwnBackends = map[string]string{mail: djauth.RemoteUserBackend} },
		}, who: "ada@example.com", unsure: errors.ErrUnsupported, warns: []string{mail}},
		{file: "mti", who: "", unsure: djsession.ErrConfig, names: djauth.ModelBackend, warns: []string{"Columns.Username", "no column is_staff and no is_superuser"}},
		{file: "mti", name: "its name is in the other table", parts: &Options{UserTable: &dbusers.Options{Columns: dbusers.Columns{Username: "email", Staff: dbusers.None, Superuser: dbusers.None}}},
			who: "ada@example.com", login: "ada@example.com", names: djauth.ModelBackend},
		{file: "noperm", why: djauth.ErrUnknownBackend, unsure: djauth.ErrUnknownBackend, warns: []string{"accts.backends.OnlyUser"}},
		{file: "noperm", name: "its logins are judged in Go", parts: &Options{ConfigureAuth: func(o *djauth.Options) {
			o.CanAuthenticate = func(_ string, a *djauth.Account) bool { return a.Active }
		}}, who: "ada", unsure: djauth.ErrUnknownBackend, warns: []string{"accts.backends.OnlyUser"}},
		{file: "noperm", name: "its logins are those of ModelBackend", parts: own(map[string]string{"accts.backends.OnlyUser": djauth.ModelBackend}),
			who: "ada", login: "ada", names: "accts.backends.OnlyUser", warns: []string{"djauth.Options.Permissions", "djsite.Options.Lookup"}},
		{file: "rules", who: "ada", login: "ada", names: djauth.ModelBackend, warns: []string{"rules.permissions.ObjectPermissionBackend"}},
		{file: "sha1hash", why: djauth.ErrHash, unsure: djsession.ErrConfig, names: djauth.ModelBackend, warns: []string{"Columns.Username"}},
		{file: "staffprop", who: "", unsure: djsession.ErrConfig, names: djauth.ModelBackend, warns: []string{"Columns.Username", "no column is_staff and no is_superuser"}},
		{file: "staffprop", name: "is_staff is computed in Go", parts: &Options{UserTable: &dbusers.Options{
			Columns: dbusers.Columns{Username: "email", Superuser: dbusers.None}, Extra: []string{"is_admin"},
			Staff: func(a *djauth.Account) bool { return a.Flag("is_admin") },
		}}, who: "ada@example.com", login: "ada@example.com", names: djauth.ModelBackend, staff: true},
	}
	files, err := os.ReadDir(filepath.Join("testdata", "users"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, name := range []string{"emailun", "mti", "sha1hash", "staffprop"} { // nothing in their tables asks
		c := readUserCase(t, name)
		judge := &Options{ConfigureAuth: func(o *djauth.Options) {
			o.Judge = func(context.Context, djauth.Judgement) (djauth.Verdict, error) { return djauth.Admit(), nil }
		}}
		for _, opts := range []*Options{nil, judge} { // a Judge sees what was found without that code
			if _, err := c.open(t, opts); !errors.Is(err, djsession.ErrConfig) || !strings.Contains(err.Error(), "djsession probe") || !strings.Contains(err.Error(), "Options.UserModels") {
				t.Errorf("%s, of which nobody says what its model does: got %v", name, err)
			}
		}
	}
	for _, test := range tests {
		seen[test.file+".json"] = true
		t.Run(strings.TrimSuffix(test.file+", "+test.name, ", "), func(t *testing.T) {
			c := readUserCase(t, test.file)
			c.plain = true
			site, err := c.open(t, test.parts)
			if test.refused != "" {
				if site != nil || !errors.Is(err, djsession.ErrConfig) || !strings.Contains(err.Error(), test.refused) || !strings.Contains(err.Error(), "Options.") {
					t.Errorf("Open: got %v, want %q", err, test.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(site.Warnings) != len(test.warns) {
				t.Errorf("got the warnings %q, want %q", site.Warnings, test.warns)
			}
			for _, want := range test.warns {
				if !slices.ContainsFunc(site.Warnings, func(w djsettings.Warning) bool { return strings.Contains(w.Text, want) }) {
					t.Errorf("no Warning tells of %s: %q", want, site.Warnings)
				}
			}

			id := c.identify(t, site)
			if id.IsAuthenticated() != (test.why == nil) || !errors.Is(id.Why(), test.why) || id.Name() != test.who || id.IsStaff() != test.staff {
				t.Errorf("the session: got %q, %v, want %q, %v", id.Name(), id.Why(), test.who, test.why)
			}
			has, err := id.HasPerm(t.Context(), "auth.delete_user")
			if has {
				t.Errorf("HasPerm: got %v, %v for what no backend is known to grant", has, err)
			}
			first := site.Settings.Auth.Backends[0]
			known, unsure := djauth.WellKnownBackend(first)
			if known && !unsure && test.parts == nil { // it neither grants nor refuses
				if err != nil {
					t.Errorf("HasPerm after %s: %v", first, err)
				}
			} else if id.IsActive() && !djauth.KnownBackend(first) && (!errors.Is(err, djauth.ErrUnknownBackend) || !strings.Contains(err.Error(), "Options.Permissions")) {
				t.Errorf("HasPerm after %s: got %v, %v, want ErrUnknownBackend and the cure", first, has, err)
			}

			// Log in by each name that the account could have, with its right password.
			setPassword(t, site, c, password)
			for _, name := range []string{"ada", "ada@example.com", "the-username", "ADA@EXAMPLE.COM"} {
				logs := slices.Contains(strings.Fields(test.login), name)
				a, err := site.Auth.Authenticate(t.Context(), name, password)
				switch {
				case (a != nil) != logs || (err == nil) != (a != nil):
					t.Errorf("Authenticate %s: got %v, %v", name, a, err)
				case logs, err == nil:
				case test.unsure == nil, test.unsure == djauth.ErrInactive:
					if !errors.Is(err, djauth.ErrCredentials) {
						t.Errorf("Authenticate %s: got %v, want ErrCredentials", name, err)
					}
				case !errors.Is(err, test.unsure) || errors.Is(err, djauth.ErrCredentials):
					t.Errorf("Authenticate %s: got %v, want %v", name, err, test.unsure)
				}
			}
			if got := c.login(t, site); got != test.names {
				t.Errorf("Login names the backend %q, want %q", got, test.names)
			}
		})
	}
	for _, f := range files {
		if !seen[f.Name()] {
			t.Errorf("%s is no case of the table", f.Name())
		}
	}
}

func readUserCase(t *testing.T, name string) (c userCase) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "users", name+".json"))
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil || len(c.Session) != 3 {
		t.Fatalf("%s: %v", name, err)
	}
	return c
}

// open makes the database of a case and opens the site.
func (c *userCase) open(t *testing.T, parts *Options) (*Site, error) {
	t.Helper()
	path := filepath.Join(testserver.Dir(t), "db.sqlite3")
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := db.Exec(query, args...); err != nil {
			t.Fatal(err)
		}
	}
	for name, table := range c.Tables {
		exec(table.Schema)
		for _, row := range table.Rows {
			var names []string
			var args []any
			for _, column := range slices.Sorted(maps.Keys(row)) {
				names, args = append(names, `"`+column+`"`), append(args, row[column])
			}
			exec(`INSERT INTO "`+name+`" (`+strings.Join(names, ", ")+`) VALUES (?`+strings.Repeat(", ?", len(args)-1)+`)`, args...)
		}
		if name == "auth_user" { // a permission that ModelBackend would grant
			exec(`CREATE TABLE auth_user_groups (id integer, user_id integer, group_id integer)`)
			exec(`CREATE TABLE auth_user_user_permissions (id integer, user_id integer, permission_id integer)`)
			exec(`CREATE TABLE auth_group (id integer, name text)`)
			exec(`CREATE TABLE auth_group_permissions (id integer, group_id integer, permission_id integer)`)
			exec(`CREATE TABLE auth_permission (id integer, codename text, content_type_id integer)`)
			exec(`CREATE TABLE django_content_type (id integer, app_label text)`)
			if c.grants() {
				exec(`INSERT INTO django_content_type VALUES (1, 'auth')`)
				exec(`INSERT INTO auth_permission VALUES (4, 'delete_user', 1)`)
				exec(`INSERT INTO auth_user_user_permissions VALUES (1, 1, 4)`)
			}
		}
	}
	exec(`CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, session_data text NOT NULL, expire_date datetime NOT NULL)`)
	all := maps.Clone(c.Settings)
	all["DATABASES"] = map[string]any{"default": map[string]any{"ENGINE": "django.db.backends.sqlite3", "NAME": path}}
	if all["INSTALLED_APPS"] == nil {
		all["INSTALLED_APPS"] = []any{"django.contrib.auth", "django.contrib.sessions"}
	}
	opts := &djsettings.Options{Django: "6.1"}
	if c.plain {
		opts.UserModels = map[string]string{fmt.Sprint(c.Settings["AUTH_USER_MODEL"]): "auth.User"}
	}
	set, err := djsettings.FromMap(all, opts)
	if err != nil {
		t.Fatal(err)
	}
	if parts == nil {
		parts = new(Options)
	}
	site, err := Open(t.Context(), set, parts)
	if site != nil {
		t.Cleanup(func() { _ = site.Close() })
	}
	return site, err
}

// grants reports whether no backend of the case grants the permissions in the tables, so that
// open may fill them.
func (c *userCase) grants() bool {
	backends, _ := c.Settings["AUTHENTICATION_BACKENDS"].([]any)
	return !slices.Contains(backends, any(djauth.ModelBackend))
}

// password returns the password of the case's user, if the model has one.
func (c *userCase) password() (text string, ok bool) {
	for _, table := range c.Tables {
		for _, row := range table.Rows {
			if text, ok = row["password"].(string); ok {
				return text, true
			}
		}
	}
	return "", false
}

// identify stores the session of a case and returns who is logged in to it.
func (c *userCase) identify(t *testing.T, site *Site) *djauth.Identity {
	t.Helper()
	key := site.Sessions.Site().NewKey()
	r := &djsession.Record{Data: serializer.FromMap(c.Session), Expires: time.Now().Add(time.Hour)}
	if _, err := site.Sessions.Store().Create(t.Context(), key, r); err != nil {
		t.Fatal(err)
	}
	s, err := site.Sessions.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	id, err := site.Auth.Identify(t.Context(), s)
	if err == nil {
		err = s.Save(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := site.Sessions.Store().Load(t.Context(), key); err != nil || got.Data.Len() != 3 {
		t.Errorf("what became of the session: %v", err)
	}
	return id
}

// setPassword gives user 1 a password in the format of the site's first hasher.
func setPassword(t *testing.T, site *Site, c userCase, password string) {
	t.Helper()
	sum := md5.Sum([]byte("salt" + password))
	encoded := djauth.EncodedOf("md5$salt$" + hex.EncodeToString(sum[:]))
	err := site.Users.(djauth.PasswordSetter).SetPassword(t.Context(), "1", encoded, djauth.Encoded{})
	if _, has := c.password(); !has && errors.Is(err, errors.ErrUnsupported) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
}

// login logs user 1 in and returns the backend in the session.
func (c *userCase) login(t *testing.T, site *Site) (backend string) {
	t.Helper()
	account, err := site.Users.ByID(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	site.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		err := site.Auth.Login(r.Context(), account, "")
		if err != nil && !errors.Is(err, djauth.ErrBackend) {
			t.Error(err)
		}
		s, err2 := djsession.Load(r.Context())
		if err2 != nil {
			t.Fatal(err2)
		}
		if s.Has(djauth.SessionKey) != (err == nil) {
			t.Errorf("Login is %v and there is a login: %v", err, s.Has(djauth.SessionKey))
		}
		v, _ := s.Get(djauth.BackendSessionKey)
		backend, _ = v.(string)
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", nil))
	return backend
}

// TestUnknownMiddleware checks that each middleware that is not Django's own gets a warning
// with its full dotted path, and that none of Django's own does if it has a twin here or
// needs none.
func TestUnknownMiddleware(t *testing.T) {
	set := read(t, `SECRET_KEY = 'x'
MIDDLEWARE = ['app.multidomain.middlewares.SessionMiddleware', 'app.multidomain.middlewares.CsrfViewMiddleware', 'django.contrib.auth.middleware.AuthenticationMiddleware',
 'django.middleware.security.SecurityMiddleware', 'django.contrib.auth.middleware.RemoteUserMiddleware', 'app.Timeout', 'app.Timeout']
`, &djsettings.Options{Django: "5.2"})
	var got []string
	for _, w := range Unknown(set, nil) {
		got = append(got, w.String())
	}
	want := []string{
		`MIDDLEWARE: "app.multidomain.middlewares.SessionMiddleware": it is not Django's own SessionMiddleware`,
		`MIDDLEWARE: "app.multidomain.middlewares.CsrfViewMiddleware": it is not Django's own CsrfViewMiddleware`,
		`MIDDLEWARE: "django.contrib.auth.middleware.RemoteUserMiddleware": it logs in whom`,
		`MIDDLEWARE: "app.Timeout": it is not Django's own: what it does`,
	}
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !set.CSRF.Enabled || !set.Sessions.Enabled {
		t.Error("a CSRF check of the site's own makes none of ours")
	}
}

// A backend without a Lookup of its own finds accounts by USERNAME_FIELD.
func TestLooksByName(t *testing.T) {
	const model, other = djauth.ModelBackend, "accts.backends.EmailBackend"
	column := []string{"email"}
	for _, test := range []struct {
		backends []string
		lookups  []djauth.Lookup
		want     bool
	}{
		{[]string{model}, nil, true},
		{[]string{other}, nil, true},
		{[]string{djauth.RemoteUserBackend}, nil, true},
		{[]string{model}, []djauth.Lookup{{}}, true},
		{[]string{model, other}, []djauth.Lookup{{Columns: column}}, false},
		{[]string{model, other}, []djauth.Lookup{{Columns: column, Backend: other}}, true},
		{[]string{other, djauth.RemoteUserBackend}, []djauth.Lookup{{Columns: column, Backend: other}}, false},
		{[]string{model, other}, []djauth.Lookup{{Columns: column, Backend: other}, {Columns: column}}, false},
		{[]string{model, other}, []djauth.Lookup{{Columns: column, Backend: other}, {Columns: column, Backend: model}}, false},
	} {
		o := &djauth.Options{Backends: test.backends, OwnBackends: map[string]string{other: model}, Lookup: test.lookups}
		if got := looksByName(o); got != test.want {
			t.Errorf("%v, %v: got %v", test.backends, test.lookups, got)
		}
	}
}
