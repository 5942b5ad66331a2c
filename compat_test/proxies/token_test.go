package proxies_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

// allauth drives django-allauth's headless API for apps, whose clients send X-Session-Token.
const allauth = `
import json
from django.core.management import call_command
from django.test import Client

def do_start():
    call_command('migrate', verbosity=0)
    from django.contrib.auth import get_user_model
    get_user_model().objects.create_user('alice', 'alice@site.example', 'correct horse')

def ask(method, path, token=None, body=None):
    headers = {'HTTP_X_SESSION_TOKEN': token} if token else {}
    r = getattr(Client(), method)('/_allauth/app/v1/auth/' + path, None if method == 'get' else json.dumps(body or {}), content_type='application/json', **headers)
    return {'status': r.status_code, 'token': (r.json().get('meta') or {}).get('session_token') or '', 'cookies': sorted(r.cookies)}

def do_login():
    return ask('post', 'login', None, {'username': 'alice', 'password': 'correct horse'})

def do_session(token):
    return ask('get', 'session', token)

def do_logout(token):
    return ask('delete', 'session', token)
`

// TestAllauthToken: what django-allauth hands out as X-Session-Token is a session key, and
// Settings.KeyHeader takes it. A login of either is one in the other, and so is its end.
func TestAllauthToken(t *testing.T) {
	python := django.Python(t, "servers")
	d := django.Start(t, django.Site{Version: "5.2", Interpreter: python, Code: allauth, Settings: django.Args{
		"SECRET_KEY": "token", "USE_TZ": true, "ALLOWED_HOSTS": []string{"*"}, "ROOT_URLCONF": "urls", "HEADLESS_ONLY": true,
		"INSTALLED_APPS": []string{"django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages", "allauth", "allauth.account", "allauth.headless"},
		"MIDDLEWARE": []string{"django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
			"django.contrib.auth.middleware.AuthenticationMiddleware", "django.contrib.messages.middleware.MessageMiddleware", "allauth.account.middleware.AccountMiddleware"},
		"AUTHENTICATION_BACKENDS":    []string{djauth.ModelBackend, "allauth.account.auth_backends.AuthenticationBackend"},
		"ACCOUNT_EMAIL_VERIFICATION": "none", "ACCOUNT_LOGIN_METHODS": []string{"username"},
		"DATABASES": django.Databases("sqlite3", "NAME="+filepath.Join(t.TempDir(), "db.sqlite3")),
	}, Files: map[string]string{"urls.py": "from django.urls import include, path\nurlpatterns = [path('_allauth/', include('allauth.headless.urls'))]\n"}})
	d.Call(t, "start", nil, nil)
	var printed string
	d.Call(t, "command", django.Args{"name": "diffsettings", "options": django.Args{"all": true}}, &printed)
	set, err := djsettings.Read(strings.NewReader(printed), nil)
	if err != nil {
		t.Fatal(err)
	}
	site, err := djsite.Open(t.Context(), set, &djsite.Options{Configure: func(s *djsession.Settings) {
		s.KeyHeader, s.Logger = "X-Session-Token", slog.New(slog.DiscardHandler)
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /who", func(w http.ResponseWriter, r *http.Request) {
		id, err := djauth.User(r.Context())
		if err != nil {
			t.Error(err)
			return
		}
		io.WriteString(w, id.Name())
	})
	mux.HandleFunc("GET /login", func(_ http.ResponseWriter, r *http.Request) {
		account, err := site.Users.ByName(r.Context(), "alice")
		if err == nil {
			err = site.Auth.Login(r.Context(), account, djauth.ModelBackend)
		}
		if err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("GET /logout", func(_ http.ResponseWriter, r *http.Request) {
		if err := site.Auth.Logout(r.Context()); err != nil {
			t.Error(err)
		}
	})
	handler := site.Middleware(mux)
	// ours asks Go, and returns the answer's body and header.
	ours := func(path, token string) (body, next string) {
		t.Helper()
		r := httptest.NewRequest("GET", path, nil)
		r.Header["X-Session-Token"] = []string{token}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		for _, c := range w.Result().Cookies() {
			if c.Name != "csrftoken" {
				t.Errorf("%s sets the cookie %s", path, c.Name)
			}
		}
		return w.Body.String(), w.Header().Get("X-Session-Token")
	}
	type answer struct {
		Status  int
		Token   string
		Cookies []string
	}
	theirs := func(command, token string) (a answer) {
		t.Helper()
		args := django.Args{"token": token}
		if command == "login" {
			args = nil
		}
		d.Call(t, command, args, &a)
		return a
	}

	in := theirs("login", "")
	if in.Status != 200 || in.Token == "" || slices.Contains(in.Cookies, "sessionid") {
		t.Fatalf("allauth's login: %d, a token: %t, cookies %v", in.Status, in.Token != "", in.Cookies)
	}
	if who, _ := ours("/who", in.Token); who != "alice" {
		t.Errorf("after allauth's login Go sees %q", who)
	}
	if who, _ := ours("/who", "unknownunknownunknownunknown0000"); who != "" {
		t.Errorf("Go takes an unknown token for %q", who)
	}
	ours("/logout", in.Token)
	if a := theirs("session", in.Token); a.Status == 200 {
		t.Error("after Go's logout allauth goes on")
	}
	_, token := ours("/login", "")
	if token == "" {
		t.Fatal("Go's login sends no token")
	}
	if a := theirs("session", token); a.Status != 200 {
		t.Errorf("after Go's login allauth answers %d", a.Status)
	}
	if a := theirs("logout", token); a.Status != 401 {
		t.Errorf("allauth's logout: %d", a.Status)
	}
	if who, _ := ours("/who", token); who != "" {
		t.Errorf("after allauth's logout Go sees %q", who)
	}
}
