package users_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/probe"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// sideOfCase is what a side says where it does not say what Django says: a part of the error
// of Open, or of the reason why the session is nobody's, or of the error of HasPerm.
type sideOfCase struct{ refused, why, perm string }

// userCase is a file of djsite/testdata/users, with code for its model and backend.
type userCase struct {
	file             string
	version          string   // default 6.1
	apps             []string // besides accts
	models, backends string
	more             map[string]string // further files
	ownHash          bool              // the session has the hash of this code
	before           string            // what is done before the session is asked for

	settings, profile sideOfCase
}

const ownModel = "is the site's own model, and neither settings nor tables tell"

var userCases = []userCase{
	{file: "axes", version: "apps", apps: []string{"axes"}},
	{file: "axes2", version: "apps", apps: []string{"axes"}},
	{file: "rules", version: "apps", apps: []string{"rules"}, settings: sideOfCase{perm: unsure}, profile: sideOfCase{perm: unsure}},
	{file: "childbk", backends: "class LockedBackend(ModelBackend):\n    def user_can_authenticate(self, user):\n        return super().user_can_authenticate(user) and user.first_name != 'LOCKED'\n",
		profile: sideOfCase{refused: "user_can_authenticate of accts.backends.LockedBackend is the site's own code"}},
	{file: "emailbk", backends: "class EmailBackend(ModelBackend):\n    def authenticate(self, request, username=None, password=None, **kwargs):\n        user = get_user_model().objects.filter(email=username).first()\n        if user and user.check_password(password) and self.user_can_authenticate(user):\n            return user\n",
		settings: sideOfCase{why: unsure}},
	{file: "noperm", backends: "class OnlyUser(BaseBackend):\n    authenticate, get_user, user_can_authenticate = ModelBackend.authenticate, ModelBackend.get_user, ModelBackend.user_can_authenticate\n",
		before:   "from django.contrib.auth.models import Permission\nuser.user_permissions.add(Permission.objects.get(codename='delete_user'))",
		settings: sideOfCase{why: unsure}, profile: sideOfCase{refused: "of accts.backends.OnlyUser is the site's own code"}},
	{file: "defer", models: "class ColUser(AbstractUser):\n    username = models.CharField(max_length=50, unique=True, db_column='login')\n    is_active = models.BooleanField(default=True, db_column='enabled')\n",
		settings: sideOfCase{refused: "has enabled, which"}},
	{file: "emailun", models: "class EmailUser(AbstractUser):\n    email = models.EmailField(unique=True)\n    USERNAME_FIELD = 'email'\n    REQUIRED_FIELDS = []\n",
		settings: sideOfCase{refused: ownModel}},
	{file: "isactive", models: "class StatusUser(AbstractBaseUser):\n    email = models.EmailField(unique=True)\n    status = models.CharField(max_length=10, default='ok')\n    objects = BaseUserManager()\n    USERNAME_FIELD = 'email'\n    @property\n    def is_active(self):\n        return self.status != 'banned'\n",
		settings: sideOfCase{refused: "has status, which"}, profile: sideOfCase{refused: "is_active is code"}},
	{file: "mailauth", apps: []string{"mailauth_user"}, more: map[string]string{
		"mailauth/__init__.py": "", "mailauth/backends.py": "from django.contrib.auth.backends import ModelBackend\nclass MailAuthBackend(ModelBackend):\n    def authenticate(self, request, token=None):\n        return None\n",
		"mailauth_user/__init__.py": "", "mailauth_user/models.py": imports + "from django.utils.crypto import salted_hmac\nclass EmailUser(AbstractUser):\n    username = password = None\n    session_salt = models.CharField(max_length=12)\n    email = models.EmailField(unique=True, null=True)\n    USERNAME_FIELD = 'email'\n    REQUIRED_FIELDS = []\n    objects = BaseUserManager()\n    def get_session_auth_hash(self):\n        return salted_hmac('mailauth.contrib.user.models.EmailUserManager.get_session_auth_hash', self.session_salt, algorithm='sha256').hexdigest()\n",
	}, settings: sideOfCase{refused: "has no column password"}},
	{file: "mti", models: "class Person(models.Model):\n    email = models.EmailField(unique=True)\n    is_active = models.BooleanField(default=True)\nclass MtiUser(Person, AbstractBaseUser):\n    nick = models.CharField(max_length=20, unique=True)\n    objects = BaseUserManager()\n    USERNAME_FIELD = 'email'\n",
		settings: sideOfCase{refused: ownModel}},
	{file: "sha1hash", models: "from django.utils.crypto import salted_hmac\nclass Sha1User(AbstractUser):\n    def get_session_auth_hash(self):\n        return salted_hmac('own', self.password).hexdigest()\n", ownHash: true,
		settings: sideOfCase{refused: ownModel}},
	{file: "staffprop", models: "class StaffPropUser(AbstractBaseUser):\n    email = models.EmailField(unique=True)\n    is_active = models.BooleanField(default=True)\n    is_admin = models.BooleanField(default=False)\n    objects = BaseUserManager()\n    USERNAME_FIELD = 'email'\n    @property\n    def is_staff(self):\n        return self.is_admin\n",
		settings: sideOfCase{refused: ownModel}},
}

// TestUserCases: to each small site with one user, Go says what Django says, by the settings
// alone and by the profile, or refuses by a sentence that names the cause.
func TestUserCases(t *testing.T) {
	files, err := filepath.Glob("../../djsite/testdata/users/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		i := slices.IndexFunc(userCases, func(c userCase) bool { return c.file == name })
		if i < 0 {
			t.Errorf("%s is no case of the table", name)
			continue
		}
		t.Run(name, func(t *testing.T) { t.Parallel(); userCases[i].run(t, file) })
	}
	if len(files) != len(userCases) {
		t.Errorf("%d files and %d cases", len(files), len(userCases))
	}
}

func (c *userCase) run(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var data struct {
		Settings map[string]any
		Tables   map[string]struct{ Rows []map[string]any }
		Session  map[string]any
	}
	if err := json.Unmarshal(text, &data); err != nil {
		t.Fatal(err)
	}
	version := c.version
	if version == "" {
		version = "6.1"
	}
	set := settings(database(t, "sqlite3"), data.Settings)
	set["INSTALLED_APPS"] = append(slices.Clone(set["INSTALLED_APPS"].([]string)), c.apps...)
	set["MIGRATION_MODULES"] = map[string]any{"auth": nil, "contenttypes": nil, "sessions": nil, "accts": nil, "axes": nil, "mailauth_user": nil}
	files := map[string]string{"accts/__init__.py": "", "accts/models.py": imports + c.models,
		"accts/backends.py": "from django.contrib.auth import get_user_model\nfrom django.contrib.auth.backends import *\nfrom django.contrib.auth.backends import BaseBackend\n" + c.backends}
	maps.Copy(files, c.more)
	d := django.Start(t, django.Site{Version: version, Settings: set, Code: code, Files: files})
	var hash, profile, listed string
	d.Call(t, "fill", django.Args{"tables": data.Tables, "before": c.before}, &hash)
	if c.ownHash {
		data.Session["_auth_user_hash"] = hash
	}
	if data.Session["_auth_user_hash"] != hash {
		t.Fatalf("the code of the case makes another hash than the session has")
	}
	key := d.Create(t, data.Session)
	d.Call(t, "probe", django.Args{"source": probe.Source(probe.Options{})}, &profile)
	d.Call(t, "command", django.Args{"name": "diffsettings", "options": map[string]any{"all": true}}, &listed)

	type answer struct {
		who  said
		perm bool
	}
	names := []string{"ada", "ada@example.com", "ADA@example.com", "the-username"}
	var want answer
	d.Call(t, "who", django.Args{"key": key}, &want.who)
	d.Exec(t, "from django.contrib.auth import get_user_model\nuser = get_user_model()._base_manager.first()\nresult = hasattr(user, 'has_perm') and user.has_perm('auth.delete_user')", nil, &want.perm)
	sides := []struct {
		name, text string
		want       sideOfCase
		site       *djsite.Site
	}{{"diffsettings", listed, c.settings, nil}, {"profile", profile, c.profile, nil}}
	for i := range sides {
		side := &sides[i]
		read, err := djsettings.Read(strings.NewReader(side.text), &djsettings.Options{Django: djangoOf(version)})
		if err != nil {
			t.Fatal(err)
		}
		site, err := djsite.Open(t.Context(), read, nil)
		t.Logf("%s: Open: %v", side.name, err)
		if (err != nil) != (side.want.refused != "") || err != nil && !strings.Contains(err.Error(), side.want.refused) {
			t.Errorf("%s: Open: got %v, want %q", side.name, err, side.want.refused)
		}
		if err != nil {
			continue
		}
		t.Cleanup(func() { _ = site.Close() })
		side.site = site
		s, err := site.Sessions.Open(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		id, err := site.Auth.Identify(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		var got said
		if a := id.Account(); a != nil {
			got = saidOf(a)
		}
		if got != want.who && (got.somebody() || side.want.why == "" || !strings.Contains(fmt.Sprint(id.Why()), side.want.why)) {
			t.Errorf("%s: the session: got %v (%v), and Django says %v", side.name, got, id.Why(), want.who)
		}
		if got.somebody() && want.who.Active {
			perm, err := id.HasPerm(t.Context(), "auth.delete_user")
			if (perm != want.perm || err != nil) && (perm || side.want.perm == "" || !strings.Contains(fmt.Sprint(err), side.want.perm)) {
				t.Errorf("%s: HasPerm: got %v, %v, and Django says %v", side.name, perm, err, want.perm)
			}
		}
	}
	// The names, with the right password.
	d.Call(t, "change", django.Args{"code": "user.set_password('pw')\nif user.has_usable_password():\n    user.save()"}, nil)
	for _, name := range names {
		var theirs said
		d.Call(t, "authenticate", django.Args{"name": name, "password": "pw"}, &theirs)
		for _, side := range sides {
			if side.site == nil {
				continue
			}
			switch got := authenticate(t, side.site, name); {
			case got == theirs, !got.somebody() && !theirs.somebody():
			case got.somebody(), got.Raises == "":
				t.Errorf("%s: login as %s: got %v, and Django says %v", side.name, name, got, theirs)
			}
		}
	}
}

// djangoOf returns the Django of an environment.
func djangoOf(version string) string {
	if version == "apps" {
		return "6.1"
	}
	return version
}

// covered says which tests go through a case of settings or sites, most of which need a server:
// the folder and the name.
var covered = []struct {
	file  string
	tests []string
}{
	{"settings/01-pgbouncer.ini", []string{"djsite TestPgBouncer"}},
	{"settings/01-pgbouncer.settings", []string{"djsite TestPgBouncer", "djsite TestPgBouncerOfCaller"}},
	{"settings/02-pymemcache-options.py", []string{"compat_test/options TestLive"}},
	{"settings/03-certs.sh", []string{"djsite TestRedisTLS"}},
	{"settings/03-redis-tls.py", []string{"djsite TestRedisTLS"}},
	{"settings/04-redis-acl.txt", []string{"internal/redisops TestRefused"}},
	{"settings/05-infinity.sql", []string{"compat_test TestCells", "djsession/dbstore TestOddDates"}},
	{"settings/06-backends.txt", []string{"compat_test/options TestEngines", "compat_test/options TestDerived", "compat_test/options TestTenants"}},
	{"settings/07-cache-down.py", []string{"djsite TestCopiesDown", "djsession/cacheddbstore TestCacheDown"}},
	{"settings/09-dead-connections.sql", []string{"djsession/dbstore TestServerDies", "djsession/pgxstore TestServerDies"}},
	{"settings/10-proxy.http", []string{"djsession TestCookieOfProxied"}},
	{"settings/11-partitioned.txt", []string{"djsession TestCookieAttributes"}},
	{"site/pretix-authhash.py", []string{"compat_test/users TestMatrix", "compat_test/users TestAuthHash"}},
	{"site/settings-lines.set", []string{"compat_test/users TestSettingsLines"}},
}

// TestSettingsCases: each case of settings and sites is gone through, by this package or by a
// live test that exists.
func TestSettingsCases(t *testing.T) {
	files, err := filepath.Glob("testdata/cases/*/*")
	if err != nil || len(files) != len(covered) {
		t.Errorf("%d files and %d rows: %v", len(files), len(covered), err)
	}
	for _, c := range covered {
		if _, err := os.Stat(filepath.Join("testdata/cases", c.file)); err != nil {
			t.Error(err)
		}
		for _, test := range c.tests {
			folder, name, _ := strings.Cut(test, " ")
			if !hasTest(t, filepath.Join("../..", folder), name) {
				t.Errorf("%s: there is no %s", c.file, test)
			}
		}
	}
	if hasTest(t, ".", "TestNothing") {
		t.Error("it finds a test that is not there")
	}
}

func hasTest(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	find := regexp.MustCompile(`(?m)^func ` + name + `\(t \*testing\.T\)`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if find.Match(text) {
			return true
		}
	}
	return false
}

// appFiles are the classes that settings-lines.set names.
var appFiles = map[string]string{
	"app/__init__.py": "", "app/multidomain/__init__.py": "",
	"app/backends.py": `from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
class EmailBackend(ModelBackend):
    def authenticate(self, request, username=None, password=None):
        user = get_user_model().objects.filter(email=username).first()
        return user if user and user.check_password(password) else None
    def get_user(self, pk):
        return get_user_model().objects.filter(pk=pk).first()
`,
	"app/authentication.py": `from django.contrib.auth import backends
class RemoteUserBackend(backends.RemoteUserBackend):
    create_unknown_user = False
    def configure_user(self, request, user, created=True):
        return user
class ObjectPermissionBackend(backends.ModelBackend):
    def has_perm(self, user_obj, perm, obj=None):
        return user_obj.is_active and perm == 'auth.view_user'
    def get_all_permissions(self, user_obj, obj=None):
        return {'auth.view_user'}
`,
	"app/multidomain/middlewares.py": `from django.contrib.sessions import middleware as sessions
from django.middleware import csrf
class SessionMiddleware(sessions.SessionMiddleware):
    def process_response(self, request, response):
        return super().process_response(request, response)
class CsrfViewMiddleware(csrf.CsrfViewMiddleware):
    def _set_csrf_cookie(self, request, response):
        return super()._set_csrf_cookie(request, response)
`,
}

// TestSettingsLines: what the settings of published sites name is used, refused or warned
// about, with diffsettings alone and with a profile.
func TestSettingsLines(t *testing.T) {
	text, err := os.ReadFile("testdata/cases/site/settings-lines.set")
	if err != nil {
		t.Fatal(err)
	}
	const own = "is not Django's own"
	wants := [][2]string{ // a part of what is said with diffsettings, and with a profile; "" is nothing
		{`"app.backends.EmailBackend" ` + own, "get_user or user_can_authenticate of app.backends.EmailBackend is the site's own code"},
		{`"app.authentication.RemoteUserBackend" ` + own, `"app.authentication.ObjectPermissionBackend" ` + own + ", so that permissions are refused"},
		{"", ""},
		{"name the schema with the sessions in Options.Schema", "name the schema with the sessions in Options.Schema"},
		{"", ""}, // TestCachedDBOverLocMem of compat_test/options opens it
		{`"app.multidomain.middlewares.CsrfViewMiddleware": it is not Django's own CsrfViewMiddleware`, `"app.multidomain.middlewares.CsrfViewMiddleware": it is not Django's own CsrfViewMiddleware`},
	}
	blocks := regexp.MustCompile(`(?m)^# \d`).Split(string(text), -1)[1:]
	if len(blocks) != len(wants) {
		t.Fatalf("%d blocks and %d answers", len(blocks), len(wants))
	}
	python := filepath.Join(filepath.Dir(django.Interpreter("")), "..", "..", "clients", "bin", "python")
	if _, err := os.Stat(python); err != nil {
		testserver.Lacks(t, "there is no environment clients: run compat_test/setup.sh venvs")
	}
	dir := t.TempDir()
	for name, text := range appFiles {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	base := "SECRET_KEY = 'x'\nDEFAULT_AUTO_FIELD = 'django.db.models.AutoField'\nINSTALLED_APPS = ['django.contrib.auth', 'django.contrib.contenttypes', 'django.contrib.sessions']\n" +
		"DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'db'}}\n"
	for i, block := range blocks {
		_, lines, _ := strings.Cut(block, "\n")
		module := fmt.Sprintf("settings%d", i)
		if err := os.WriteFile(filepath.Join(dir, module+".py"), []byte(base+lines), 0o644); err != nil {
			t.Fatal(err)
		}
		c := exec.CommandContext(t.Context(), python, "-B", "-")
		c.Dir, c.Env, c.Stdin = dir, append(os.Environ(), "DJANGO_SETTINGS_MODULE="+module), strings.NewReader(probe.Source(probe.Options{}))
		profile, err := c.Output()
		if err != nil {
			t.Fatalf("%d: %v", i+1, err)
		}
		for side, text := range []string{base + lines, string(profile)} {
			got := remarks(text)
			if want := wants[i][side]; want == "" && got != "" || !strings.Contains(got, want) {
				t.Errorf("%d, %s: got %q, want %q", i+1, []string{"diffsettings", "profile"}[side], got, want)
			}
		}
	}
}

// remarks returns what is refused or warned about, as far as no server is needed for it.
func remarks(text string) string {
	set, err := djsettings.Read(strings.NewReader(text), &djsettings.Options{Django: "5.2"})
	if err != nil {
		return err.Error()
	}
	var all []string
	for _, w := range append(set.Warnings, djsite.Unknown(set, nil)...) {
		all = append(all, w.String())
	}
	if _, _, err := djsite.Fill(set, nil); err != nil {
		all = append(all, err.Error())
	}
	for _, db := range set.Databases {
		if err := db.Err(); err != nil {
			all = append(all, err.Error())
		}
	}
	return strings.Join(all, "\n")
}
