// Package judges_test asks Go and real Djangos who is logged in where the code of the site
// decides: its own user model, backends and middleware by djauth.AskDjango, and well-known
// apps by package presets.
package judges_test

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/filestore"
	"github.com/go-djsession/go-djsession/internal/probe"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/signer"
)

//go:embed asked/models.py
var askedModels string

//go:embed asked/site_code.py
var askedCode string

//go:embed asked/commands.py
var askedCommands string

const askedSecret = "the secret of a site that decides by its own code"

// asked is a site whose own code decides, and a Go beside it that asks.
type asked struct {
	t      testing.TB
	d      *django.Django
	url    string // of the Django
	m      *djsession.Manager
	auth   *djauth.Auth
	record *recorder
}

// recorder keeps the last question as it went out.
type recorder struct {
	mu   sync.Mutex
	last *http.Request
	n    int
}

func (r *recorder) RoundTrip(q *http.Request) (*http.Response, error) {
	r.mu.Lock()
	r.last, r.n = q.Clone(q.Context()), r.n+1
	r.mu.Unlock()
	return http.DefaultTransport.RoundTrip(q)
}

// count returns how many questions were sent since the last call.
func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.n
	r.n = 0
	return n
}

// newAsked starts a site. With atPath it has the middleware in place of the view.
func newAsked(t testing.TB, version string, atPath bool, change func(*djauth.AskOptions)) *asked {
	t.Helper()
	django.Python(t, version)
	dir := t.TempDir()
	middleware := []string{"django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"}
	if v, err := djsession.ParseDjangoVersion(version); err != nil {
		t.Fatal(err)
	} else if v.Before(1, 10) { // else nobody compares the hashes
		middleware = append(middleware, "django.contrib.auth.middleware.SessionAuthenticationMiddleware")
	} else if !v.Before(5, 1) {
		middleware = append(middleware, "django.contrib.auth.middleware.LoginRequiredMiddleware")
	}
	for _, class := range []string{"Pinned", "Idle", "Lockout", "Impersonate", "ByPath"} {
		middleware = append(middleware, "site_code."+class)
	}
	if atPath {
		middleware = append(middleware, "djsession_ask.AskMiddleware")
	}
	w := &asked{t: t, record: new(recorder)}
	w.d = django.Start(t, django.Site{
		Version: version,
		Settings: django.Args{
			"SECRET_KEY": askedSecret, "ROOT_URLCONF": "site_code", "AUTH_USER_MODEL": "asked.Person",
			"AUTHENTICATION_BACKENDS": []string{"site_code.LockedBackend"}, "PASSWORD_HASHERS": []string{"django.contrib.auth.hashers.MD5PasswordHasher"},
			"DATABASES":      django.Args{"default": django.Args{"ENGINE": "django.db.backends.sqlite3", "NAME": filepath.Join(dir, "db"), "OPTIONS": django.Args{"timeout": 30}}},
			"INSTALLED_APPS": []string{"django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "asked"},
			"MIDDLEWARE":     middleware, "MIDDLEWARE_CLASSES": middleware,
			"SESSION_ENGINE": "django.contrib.sessions.backends.file", "SESSION_FILE_PATH": dir, "LOGIN_URL": "/login/",
		},
		Files: map[string]string{"asked/__init__.py": "", "asked/models.py": askedModels, "site_code.py": askedCode, "djsession_ask.py": probe.View},
		Code:  askedCommands,
	})
	w.d.Call(t, "migrate", nil, nil)
	var port int
	w.d.Call(t, "listen", nil, &port)
	w.url = fmt.Sprintf("http://127.0.0.1:%d", port)
	v, err := djsession.ParseDjangoVersion(version)
	if err != nil {
		t.Fatal(err)
	}
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey(askedSecret), Django: v, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	store, err := filestore.New(site, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	opts := djauth.AskOptions{Client: &http.Client{Transport: w.record}, AtPath: atPath}
	if change != nil {
		change(&opts)
	}
	url := w.url + "/djsession-ask/"
	if atPath {
		url = w.url
	}
	judge, err := djauth.AskDjango(url, signer.SecretKey(askedSecret), &opts)
	if err != nil {
		t.Fatal(err)
	}
	w.m = djsession.New(store)
	if w.auth, err = djauth.New(w.m, nil, nil, &djauth.Options{Judge: judge}); err != nil {
		t.Fatal(err)
	}
	return w
}

// person is who is logged in, as the view who has it.
type person struct {
	ID, Name, Real           string
	Active, Staff, Superuser bool
	Groups, All              []string
	Buy, Sell, Shop          bool
}

// request is a visitor's request, to the path at either side.
func (w *asked) request(method, path, key string) *http.Request {
	r, err := http.NewRequest(method, w.url+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if key != "" {
		r.Header.Set("Cookie", "theme=dark; sessionid="+key)
	}
	r.Header.Set("User-Agent", "Browser/1.0 (\xe9)")
	r.Header.Set("X-Forwarded-For", "192.0.2.7")
	return r
}

// django asks a page of the site who is logged in. nil is nobody.
func (w *asked) django(method, path, key string) *person {
	w.t.Helper()
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.Do(w.request(method, path, key))
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode == 302 || res.StatusCode == 403 {
		return nil
	}
	var p *person
	if err := json.NewDecoder(res.Body).Decode(&p); err != nil || res.StatusCode != 200 {
		w.t.Fatalf("Django answers %d: %v", res.StatusCode, err)
	}
	return p
}

// go_ asks Go who is logged in.
func (w *asked) go_(method, path, key string) (p *person, res *http.Response, err error) {
	w.t.Helper()
	out := w.request(method, path, key)
	r := httptest.NewRequest(method, path, nil)
	r.Header, r.RemoteAddr = out.Header, "192.0.2.7:1234"
	rec := httptest.NewRecorder()
	w.m.Middleware(w.auth.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var id *djauth.Identity
		if id, err = djauth.User(r.Context()); err != nil || !id.IsAuthenticated() {
			return
		}
		p = &person{ID: id.ID(), Name: id.Name(), Real: id.Real().ID(), Active: id.IsActive(), Staff: id.IsStaff(), Superuser: id.IsSuperuser()}
		for _, fill := range []func() error{
			func() (err error) { p.Groups, err = id.Groups(r.Context()); return },
			func() (err error) { p.All, err = id.Permissions(r.Context()); return },
			func() (err error) { p.Buy, err = id.HasPerm(r.Context(), "shop.buy"); return },
			func() (err error) { p.Sell, err = id.HasPerm(r.Context(), "shop.sell"); return },
			func() (err error) { p.Shop, err = id.HasModulePerms(r.Context(), "shop"); return },
		} {
			if err = fill(); err != nil {
				return
			}
		}
	}))).ServeHTTP(rec, r)
	return p, rec.Result(), err
}

// login stores a session of somebody, with more in it.
func (w *asked) login(who django.Args, more django.Args) string {
	data := django.Args{}
	for k, v := range who {
		data[k] = v
	}
	for k, v := range more {
		data[k] = v
	}
	return w.d.Create(w.t, data)
}
