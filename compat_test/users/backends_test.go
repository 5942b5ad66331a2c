package users_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/probe"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

// backend is a class Own that defines some methods of its own, in one way or another. Go may
// use what Django's class defines, and must refuse or leave open what Own defines.
type backend struct {
	name, code string
	// list are the backends; default Own and then ModelBackend.
	list []string
	// models is for a user model of its own.
	models string

	// refused is the error of Open. nobody says that the sessions of Own are nobody's in
	// Django. login is what Login says in the place of the backend that Django records.
	// open says that Go leaves a permission open that Django denies or grants.
	refused     string
	nobody      bool
	login, open string
}

const unsure = "unknown backend"

var backends = []backend{
	{name: "a child without methods", code: "class Own(ModelBackend):\n    pass\n"},
	{name: "an alias", code: "Own = ModelBackend\n"},
	{name: "a grandchild", code: "class Base(ModelBackend):\n    note = 1\nclass Own(Base):\n    pass\n"},
	{name: "a child of AllowAllUsers", code: "class Own(AllowAllUsersModelBackend):\n    pass\n"},
	{name: "a child of RemoteUserBackend", code: "class Own(RemoteUserBackend):\n    create_unknown_user = False\n"},
	{name: "user_can_authenticate", code: "class Own(ModelBackend):\n    def user_can_authenticate(self, user):\n        return user.first_name != 'LOCKED'\n", refused: "get_user or user_can_authenticate"},
	{name: "user_can_authenticate of a mixin", code: "class Mixin(object):\n    def user_can_authenticate(self, user):\n        return user.first_name != 'LOCKED'\nclass Own(Mixin, ModelBackend):\n    pass\n", refused: "get_user or user_can_authenticate"},
	{name: "a mixin behind", code: "class Mixin(object):\n    def user_can_authenticate(self, user):\n        return False\nclass Own(ModelBackend, Mixin):\n    pass\n", open: unsure},
	{name: "a mixin that grants by super", code: "class Mixin(BaseBackend):\n    def get_all_permissions(self, user_obj, obj=None):\n        return set(['auth.add_user'])\nclass Own(ModelBackend, Mixin):\n    pass\n", open: unsure},
	{name: "get_user", code: "class Own(ModelBackend):\n    def get_user(self, pk):\n        user = super().get_user(pk)\n        return user if user and user.first_name != 'LOCKED' else None\n", refused: "get_user or user_can_authenticate"},
	{name: "authenticate", code: "class Own(ModelBackend):\n    def authenticate(self, request, username=None, password=None, **kwargs):\n        return super().authenticate(request, username=(username or '').strip('!'), password=password, **kwargs)\n", login: unsure},
	{name: "authenticate of a token", code: "class Own(ModelBackend):\n    def authenticate(self, request, token=None):\n        return get_user_model().objects.first()\n"},
	{name: "authenticate of a token, for all users", code: "class Own(AllowAllUsersModelBackend):\n    def authenticate(self, request, token=None):\n        return get_user_model().objects.first()\n"},
	{name: "authenticate that does nothing", code: "class Own(ModelBackend):\n    def authenticate(self, request, username=None, password=None, **kwargs):\n        'Another page logs in.'\n        return None\n"},
	{name: "authenticate that does nothing so far as is seen", code: "def other(f):\n    def inner(self, request, username=None, password=None):\n        return ModelBackend.authenticate(self, request, username, password)\n    inner.__wrapped__ = f\n    return inner\nclass Own(ModelBackend):\n    @other\n    def authenticate(self, request, username=None, password=None):\n        return None\n", login: unsure},
	{name: "get_all_permissions", code: "class Own(ModelBackend):\n    def get_all_permissions(self, user_obj, obj=None):\n        return set(['auth.add_user'])\n", open: unsure},
	{name: "has_perm", code: "class Own(ModelBackend):\n    def has_perm(self, user_obj, perm, obj=None):\n        return perm == 'auth.add_user'\n", open: unsure},
	{name: "has_perm that denies", code: "from django.core.exceptions import PermissionDenied\nclass Own(ModelBackend):\n    def has_perm(self, user_obj, perm, obj=None):\n        raise PermissionDenied\n    has_module_perms = has_perm\n", open: unsure},
	{name: "the permissions of groups alone", code: "class Own(ModelBackend):\n    def _get_group_permissions(self, user_obj):\n        from django.contrib.auth.models import Permission\n        return Permission.objects.filter(codename='add_user')\n", open: unsure},
	{name: "no permissions at all", code: "class Own(object):\n    def authenticate(self, request, token=None):\n        return None\n", nobody: true},
	{name: "permissions alone", code: "class Own(BaseBackend):\n    def get_user_permissions(self, user_obj, obj=None):\n        return set(['auth.add_user'])\n", nobody: true, open: unsure},
	{name: "BaseBackend", code: "class Own(BaseBackend):\n    pass\n", nobody: true},
	{name: "a method that is made later", code: "class Own(ModelBackend):\n    def __init__(self):\n        self.get_user = lambda pk: get_user_model().objects.get(pk=pk)\n", refused: "get_user or user_can_authenticate"},
	{name: "methods that are made when they are read", code: "class Own(ModelBackend):\n    def __getattribute__(self, name):\n        return (lambda pk: get_user_model().objects.get(pk=pk)) if name == 'get_user' else super().__getattribute__(name)\n", refused: "get_user or user_can_authenticate"},
	{name: "behind ModelBackend", list: []string{djauth.ModelBackend, own}, code: "class Own(ModelBackend):\n    def has_perm(self, user_obj, perm, obj=None):\n        return perm == 'auth.add_user'\n", open: unsure},
	{name: "alone, and as ModelBackend", list: []string{own}, code: "class Own(ModelBackend):\n    pass\n"},
	{name: "has_perm of the model", list: []string{djauth.ModelBackend}, models: "class User(AbstractUser):\n    def has_perm(self, perm, obj=None):\n        return perm == 'auth.add_user'\n", open: unsure},
	{name: "has_module_perms of the model", list: []string{djauth.ModelBackend}, models: "class User(AbstractUser):\n    def has_module_perms(self, app):\n        return False\n", open: unsure},
}

// judged is what Django says of ada.
type judged struct {
	Key     string // of a session by the first backend
	Login   string // the backend that authenticate records
	Session bool   // whether that is hers
	Perms   map[string]bool
	Module  bool
	All     []string
}

// TestBackends: of a backend of the site's own, Go uses the methods that a class of Django's
// defines, as the profile shows, and nothing else. What it refuses or leaves open names the
// cause, for an ordinary user, and for a superuser.
func TestBackends(t *testing.T) {
	models := map[string][]backend{}
	for i, b := range backends {
		if len(b.list) == 0 {
			b.list = []string{own, djauth.ModelBackend}
		}
		b.list = slices.Clone(b.list)
		for n, path := range b.list {
			if path == own {
				b.list[n] = fmt.Sprintf("accts.b%d.Own", i)
			}
		}
		models[b.models] = append(models[b.models], b)
	}
	for code, list := range models {
		t.Run(fmt.Sprintf("%d classes", len(list)), func(t *testing.T) {
			t.Parallel()
			w := newBackends(t, code, list)
			for _, b := range list {
				t.Run(b.name, func(t *testing.T) { w.compare(t, b) })
			}
		})
	}
}

// backendsSite is a Django with backends, one of which is in use at a time.
type backendsSite struct {
	d            *django.Django
	key, profile string
}

const makeAda = `from django.contrib.auth.models import Permission
from django.contrib.auth.management import create_permissions
from django.apps import apps
from django.contrib.contenttypes.management import create_contenttypes
for app in apps.get_app_configs():
    create_contenttypes(app, verbosity=0)
    create_permissions(app, verbosity=0)
user = User(username='ada')
user.set_password('pw')
user.save()
user.user_permissions.add(Permission.objects.get(codename='view_user', content_type__app_label=User._meta.app_label))`

func newBackends(t *testing.T, models string, list []backend) *backendsSite {
	user := "auth.User"
	if models != "" {
		user = "accts.User"
	}
	files := map[string]string{"accts/__init__.py": "", "accts/models.py": imports + models}
	all := []string{djauth.ModelBackend}
	for _, b := range list {
		for _, path := range b.list {
			if module, ok := strings.CutSuffix(path, ".Own"); ok {
				files[strings.ReplaceAll(module, ".", "/")+".py"] = "from django.contrib.auth import get_user_model\nfrom django.contrib.auth.backends import *\nfrom django.contrib.auth.backends import BaseBackend\n" + b.code
				all = append(all, path)
			}
		}
	}
	set := settings(database(t, "sqlite3"), django.Args{"AUTH_USER_MODEL": user, "AUTHENTICATION_BACKENDS": all})
	w := &backendsSite{d: django.Start(t, django.Site{Version: "6.1", Settings: set, Code: code, Files: files})}
	w.d.Call(t, "begin", django.Args{"make": makeAda, "backend": djauth.ModelBackend}, &w.key)
	w.d.Call(t, "probe", django.Args{"source": probe.Source(probe.Options{})}, &w.profile)
	return w
}

var backendsSetting = regexp.MustCompile(`"AUTHENTICATION_BACKENDS": *\[[^\]]*\]`)

// compare asks Go and Django about ada with the backends of a case.
func (w *backendsSite) compare(t *testing.T, b backend) {
	w.d.Call(t, "settings", django.Args{"values": django.Args{"AUTHENTICATION_BACKENDS": b.list}}, nil)
	text, err := json.Marshal(b.list)
	if err != nil || len(backendsSetting.FindAllString(w.profile, -1)) != 1 {
		t.Fatalf("the profile has no AUTHENTICATION_BACKENDS: %v", err)
	}
	read, err := djsettings.Read(strings.NewReader(backendsSetting.ReplaceAllString(w.profile, `"AUTHENTICATION_BACKENDS": `+string(text))), nil)
	if err != nil {
		t.Fatal(err)
	}
	site, err := djsite.Open(t.Context(), read, nil)
	if (err != nil) != (b.refused != "") || err != nil && (!errors.Is(err, djsession.ErrConfig) || !strings.Contains(err.Error(), b.refused)) {
		t.Fatalf("Open: %v, want %q", err, b.refused)
	}
	if err != nil {
		return
	}
	defer site.Close()
	open := false
	for _, admin := range []string{"False", "True"} {
		w.d.Call(t, "change", django.Args{"code": "user.is_superuser = " + admin + "\nuser.save()"}, nil)
		var want judged
		w.d.Call(t, "judge", django.Args{"key": w.key, "backend": b.list[0]}, &want)
		if want.Session == b.nobody {
			t.Errorf("the case shows nothing: Django says %v of the session", want.Session)
		}
		if got := recorded(t, site); got != want.Login && (b.login == "" || !strings.Contains(got, b.login)) {
			t.Errorf("Login records %q, Django %q", got, want.Login)
		}
		s, err := site.Sessions.Open(t.Context(), want.Key)
		if err != nil {
			t.Fatal(err)
		}
		id, err := site.Auth.Identify(t.Context(), s)
		if err != nil || id.IsAuthenticated() != want.Session {
			t.Errorf("the session: got %v (%v), %v, and Django says %v", id.IsAuthenticated(), id.Why(), err, want.Session)
		}
		if !id.IsAuthenticated() {
			continue
		}
		same := func(what string, got, want any, err error) {
			if fmt.Sprint(got) == fmt.Sprint(want) && err == nil {
				return
			}
			if errors.Is(err, djauth.ErrUnknownBackend) && b.open != "" && strings.Contains(err.Error(), b.open) {
				open = true
				return
			}
			t.Errorf("superuser %s, %s: got %v, %v, and Django says %v", admin, what, got, err, want)
		}
		for p, yes := range want.Perms {
			got, err := id.HasPerm(t.Context(), p)
			same(p, got, yes, err)
		}
		got, err := id.HasModulePerms(t.Context(), "auth")
		same("the module", got, want.Module, err)
		if admin == "False" { // Go has no list of all permissions that exist
			all, err := id.Permissions(t.Context())
			slices.Sort(want.All)
			same("all", strings.Join(all, " "), strings.Join(want.All, " "), err)
		}
	}
	if open != (b.open != "") && !b.nobody {
		t.Errorf("a permission is left open: %v", open)
	}
}

// recorded returns the backend that Authenticate and Login record, or the error.
func recorded(t *testing.T, site *djsite.Site) (text string) {
	t.Helper()
	account, err := site.Auth.Authenticate(t.Context(), "ada", "pw")
	if errors.Is(err, djauth.ErrCredentials) {
		return ""
	} else if err != nil {
		return err.Error()
	}
	site.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := site.Auth.Login(r.Context(), account, ""); err != nil {
			text = err.Error()
			return
		}
		s, err := djsession.Load(r.Context())
		if err != nil {
			t.Fatal(err)
		}
		v, _ := s.Get(djauth.BackendSessionKey)
		text = fmt.Sprint(v)
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", nil))
	return text
}
