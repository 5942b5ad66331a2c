package judges_test

import (
	"database/sql"
	_ "embed"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/djsession/filestore"
	"github.com/go-djsession/go-djsession/internal/probe"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/signer"
)

//go:embed apps/site_code.py
var appsCode string

// apps is a site with one app that decides who is logged in, and a Go beside it.
type apps struct {
	t      *testing.T
	d      *django.Django
	url    string
	m      *djsession.Manager
	preset *djauth.Auth
	asking *djauth.Auth
	db     *sql.DB
	perms  []string // that are compared
}

// newApps starts a site. judge gets its database. With nil there is no preset for the site, and
// only AskDjango is compared.
func newApps(t *testing.T, installed, middleware []string, settings django.Args, judge func(db *sql.DB) djauth.Judge) *apps {
	t.Helper()
	const version = "apps"
	django.Python(t, version)
	dir := t.TempDir()
	file := filepath.Join(dir, "db")
	classes := append([]string{"django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"}, middleware...)
	set := django.Args{
		"SECRET_KEY": askedSecret, "ROOT_URLCONF": "site_code", "MIDDLEWARE": classes, "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
		"PASSWORD_HASHERS": []string{"django.contrib.auth.hashers.MD5PasswordHasher"},
		"DATABASES":        django.Args{"default": django.Args{"ENGINE": "django.db.backends.sqlite3", "NAME": file, "OPTIONS": django.Args{"timeout": 30}}},
		"INSTALLED_APPS":   append([]string{"django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"}, installed...),
		"SESSION_ENGINE":   "django.contrib.sessions.backends.file", "SESSION_FILE_PATH": dir, "TIME_ZONE": "America/Chicago",
	}
	for k, v := range settings {
		set[k] = v
	}
	w := &apps{t: t}
	w.d = django.Start(t, django.Site{Version: version, Settings: set, Files: map[string]string{"site_code.py": appsCode, "djsession_ask.py": probe.View}})
	w.d.Call(t, "migrate", nil, nil)
	w.d.Exec(t, `
from django.contrib.auth.models import User
from django.utils import timezone
for name, staff, root, active in [("ada", 0, 0, 1), ("staff", 1, 0, 1), ("root", 1, 1, 1), ("root2", 1, 1, 1), ("gone", 0, 0, 0), ("bob", 0, 0, 1)]:
    user = User(username=name, is_staff=staff, is_superuser=root, is_active=active, last_login=timezone.now())
    user.set_password("x")
    user.save()
`, nil, nil)
	var port int
	w.d.Call(t, "listen", nil, &port)
	w.url = fmt.Sprintf("http://127.0.0.1:%d", port)
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey(askedSecret), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	store, err := filestore.New(site, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if w.db, err = sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(30000)"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.db.Close() })
	opts := &dbusers.Options{}
	if set["USE_TZ"] == false {
		opts.TimeZone = chicago(t)
	}
	if opts, err = dbusers.Detect(t.Context(), w.db, dbstore.SQLite, opts); err != nil {
		t.Fatal(err)
	}
	w.m = djsession.New(store)
	if judge == nil {
		judge = func(*sql.DB) djauth.Judge { return nil }
	}
	if w.preset, err = djauth.New(w.m, dbusers.New(site, w.db, dbstore.SQLite, opts), nil, &djauth.Options{Judge: judge(w.db)}); err != nil {
		t.Fatal(err)
	}
	ask, err := djauth.AskDjango(w.url, signer.SecretKey(askedSecret), &djauth.AskOptions{AtPath: true})
	if err != nil {
		t.Fatal(err)
	}
	if w.asking, err = djauth.New(w.m, nil, nil, &djauth.Options{Judge: ask}); err != nil {
		t.Fatal(err)
	}
	if judge(w.db) == nil {
		w.preset = nil
	}
	return w
}

func chicago(t *testing.T) *time.Location {
	zone, err := time.LoadLocation("America/Chicago")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// verdict is what one side makes of a visitor.
type verdict struct {
	Who, Real, Level string
	Perms            string // those of apps.perms, with spaces
}

// django asks the site's own page. Another page or a status is a refusal.
func (w *apps) django(method, path, key string) (v verdict, status int) {
	w.t.Helper()
	r, err := http.NewRequest(method, w.url+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.dress(r.Header, key)
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode == 200 {
		if err := json.NewDecoder(res.Body).Decode(&v); err != nil {
			w.t.Fatal(err)
		}
	}
	return v, res.StatusCode
}

func (w *apps) go_(auth *djauth.Auth, method, path, key string) (v verdict, status int, err error) {
	r := httptest.NewRequest(method, path, nil)
	w.dress(r.Header, key)
	rec := httptest.NewRecorder()
	w.m.Middleware(auth.RequireLogin(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		id, e := djauth.User(r.Context())
		if err = e; err == nil {
			v = verdict{Who: id.Name(), Real: id.Real().Name(), Level: id.Level()}
		}
		for _, p := range w.perms {
			ok, e := id.HasPerm(r.Context(), p)
			if e != nil {
				err = e
			} else if ok {
				v.Perms += " " + p
			}
		}
	}))).ServeHTTP(rec, r)
	if rec.Code >= 500 {
		err = fmt.Errorf("Go answers %d: %v", rec.Code, err)
	}
	return v, rec.Code, err
}

// dress gives a request the cookie, and the user whom the server in front has checked.
func (w *apps) dress(h http.Header, key string) {
	if key, user, _ := strings.Cut(key, " "); key != "" || user != "" {
		if key != "" {
			h.Set("Cookie", "sessionid="+key)
		}
		if user != "" {
			h.Set("X-User", user)
		}
	}
}

// situation is a session, and a request.
type situation struct {
	name    string
	who     string // of the session; "" is nobody
	session django.Args
	method  string // default GET
	path    string // default /page/
	before  string // Python that runs first
	status  int    // of Go for a refusal, and of Django's page where that is no 200
	stamps  string // a key of the session: whether it changes must be the same on both sides
	asks    string // why a Go that asks the view cannot be compared
	visit   string // Python that makes the session, in the place of who: result is the key
	header  string // X-User of the request
}

// compare shows each situation to the site and to Go, by the preset and by AskDjango.
func (w *apps) compare(all []situation) {
	t := w.t
	t.Helper()
	yes, no := 0, 0
	for _, s := range all {
		if s.method == "" {
			s.method = "GET"
		}
		if s.path == "" {
			s.path = "/page/"
		}
		if s.before != "" {
			w.d.Exec(t, s.before, nil, nil)
		}
		var keys [3]string
		for i := range keys {
			data := django.Args{}
			if s.who != "" {
				w.d.Exec(t, "from django.contrib.auth.models import User\nu = User.objects.get(username=name)\nresult = {'_auth_user_id': str(u.pk), '_auth_user_backend': 'django.contrib.auth.backends.ModelBackend', '_auth_user_hash': u.get_session_auth_hash()}", django.Args{"name": s.who}, &data)
			}
			for k, v := range s.session {
				data[k] = v
			}
			switch {
			case s.visit != "":
				w.d.Exec(t, visits+s.visit, nil, &keys[i])
			case len(data) > 0:
				keys[i] = w.d.Create(t, data)
			}
			if s.header != "" {
				keys[i] += " " + s.header
			}
		}
		held := func(key string) string {
			if key == "" || s.stamps == "" {
				return ""
			}
			var data map[string]json.RawMessage
			if err := json.Unmarshal([]byte(w.d.Load(t, key)), &data); err != nil {
				return "gone"
			}
			return string(data[s.stamps])
		}
		was := held(keys[1])
		want, status := w.django(s.method, s.path, keys[0])
		auth := w.preset
		if auth == nil {
			auth = w.asking
		}
		got, code, err := w.go_(auth, s.method, s.path, keys[1])
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v; Django says %+v (%d)", s.name, got, err, want, status)
		}
		t.Logf("%s: %q (%d)", s.name, want, status)
		if want.Who == "" {
			no++
			if code == 200 || s.status != 0 && (code != s.status || status != s.status) {
				t.Errorf("%s: RequireLogin answers %d, and Django %d, want %d", s.name, code, status, s.status)
			}
		} else {
			yes++
			if here, there := held(keys[1]), held(keys[0]); (here == was) != (there == was) || len(here) != len(there) && !strings.Contains(here, ".") {
				t.Errorf("%s: the session has %s, and Django's %s; it had %s", s.name, here, there, was)
			}
		}
		if s.asks != "" || auth == w.asking {
			continue
		}
		if got, _, err := w.go_(w.asking, s.method, s.path, keys[2]); err != nil || got != want {
			t.Errorf("%s: AskDjango: got %+v, %v; Django says %+v (%d)", s.name, got, err, want, status)
		}
	}
	if len(all) < 10 || yes == 0 || yes < 3 {
		t.Errorf("only %d situations, %d with a login and %d without", len(all), yes, no)
	}
}

const askLast = "djsession_ask.AskMiddleware"
