package compat_test

import (
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djauth/hashers"
	"github.com/go-djsession/go-djsession/djauth/pgxusers"
	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djmessages"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cookiestore"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

// twoHalves is a site at one address: what is below /go/ is answered by Go, all else by
// the Django of site/browser.py.
type twoHalves struct {
	*place
	server *httptest.Server
	goHalf atomic.Pointer[http.Handler]
}

func openHalves(t testing.TB, c combo) *twoHalves {
	t.Helper()
	django.Python(t, c.django)
	p := &place{world: &world{combo: c}, dir: temporary(t)}
	p.base = openDatabase(t, c.database)
	apps := []string{
		"django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.messages",
		"django.contrib.sessions", "django.contrib.staticfiles",
	}
	if slices.Contains(djangos, c.django) { // the others do not have them
		apps = append(apps, "user_sessions", "qsessions")
	}
	p.dj = startDjango(t, c.django, map[string]any{
		"DATABASES": map[string]any{"default": p.base.django}, "USE_TZ": true, "TIME_ZONE": "America/New_York",
		"ROOT_URLCONF": "browser", "STATIC_URL": "/static/", "INSTALLED_APPS": apps,
		"MIGRATION_MODULES": map[string]any{"auth": nil, "contenttypes": nil, "admin": nil},
		"MIDDLEWARE":        middleware("django.contrib.sessions.middleware.SessionMiddleware"),
		"TEMPLATES": []any{map[string]any{
			"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": []string{"templates"}, "APP_DIRS": true,
			"OPTIONS": map[string]any{"context_processors": []string{
				"django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
				"django.contrib.messages.context_processors.messages",
			}},
		}},
	})
	atEnd(p.dj.stop)
	p.dj.Call(t, "migrate", nil, nil)
	var port int
	p.dj.Call(t, "listen", nil, &port)
	h := &twoHalves{place: p}
	h.server = httptest.NewServer(h.front(t, &url.URL{Scheme: "http", Host: "127.0.0.1:" + strconv.Itoa(port)}))
	atEnd(h.server.Close)
	return h
}

// front is what stands before both halves.
func (h *twoHalves) front(t testing.TB, theirs *url.URL) http.Handler {
	static, err := filepath.Glob(filepath.Join(filepath.Dir(django.Interpreter(h.django)), "../lib/python*/site-packages/django/contrib/admin/static"))
	if err != nil || len(static) != 1 {
		t.Fatalf("the static files of the admin: got %q, %v, want one folder", static, err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(theirs)
			r.Out.Host = r.In.Host // Django compares it with Origin
		},
		ErrorLog: log.New(io.Discard, "", 0), // of pages that the browser left early
	})
	mux.HandleFunc("/go/", func(w http.ResponseWriter, r *http.Request) { (*h.goHalf.Load()).ServeHTTP(w, r) })
	files := http.StripPrefix("/static/", http.FileServer(http.Dir(static[0])))
	mux.HandleFunc("/static/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=3600")
		files.ServeHTTP(w, r)
	})
	mux.HandleFunc("/favicon.ico", http.NotFound)
	return mux
}

// middleware is MIDDLEWARE with that one for sessions.
func middleware(sessions string) []string {
	return []string{
		sessions, "django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
		"django.contrib.auth.middleware.AuthenticationMiddleware", "django.contrib.messages.middleware.MessageMiddleware",
	}
}

// librarySessions are the middlewares that engines of libraries come with.
var librarySessions = map[string]string{
	"user_sessions":       "user_sessions.middleware.SessionMiddleware",
	"qsessions.db":        "qsessions.middleware.SessionMiddleware",
	"qsessions.cached_db": "qsessions.middleware.SessionMiddleware",
}

// djangoSettings are those that a story needs.
func (s *browserStory) djangoSettings(t testing.TB, p *place) map[string]any {
	set := map[string]any{"CSRF_USE_SESSIONS": s.csrfInSession}
	set["MESSAGE_STORAGE"] = map[djmessages.Storage]string{
		djmessages.Fallback: "django.contrib.messages.storage.fallback.FallbackStorage",
		djmessages.Session:  "django.contrib.messages.storage.session.SessionStorage",
		djmessages.Cookie:   "django.contrib.messages.storage.cookie.CookieStorage",
	}[s.messages]
	if class := librarySessions[s.engine.name]; class != "" {
		set["MIDDLEWARE"] = middleware(class)
	}
	maps.Copy(set, s.engine.settings(t, p))
	return set
}

// handler is the Go half of the site.
func (s *browserStory) handler(t *testing.T, p *place) http.Handler {
	t.Helper()
	site := p.site(t, func(set *djsession.Settings) {
		if s.engine.change != nil {
			s.engine.change(set)
		}
	})
	var m *djsession.Manager
	switch {
	case s.store != "":
		m = djsession.New(p.store(t, site, s.store))
	case s.engine.open != nil:
		m = djsession.New(s.engine.open(t, p, site))
	default: // signed_cookies
		sealer, err := cookiestore.New(site, nil)
		must(t, err)
		m = djsession.NewSealed(sealer)
	}
	var users djauth.Users = dbusers.New(site, p.base.db, dialects[s.database], nil)
	if s.store == "pgxstore" {
		users = pgxusers.New(site, p.base.pool, nil)
	}
	list, err := hashers.ForDjango(site.Settings().Django, "MD5PasswordHasher")
	must(t, err)
	passwords, err := hashers.New(list, nil)
	must(t, err)
	auth, err := djauth.New(m, users, passwords, &djauth.Options{LoginURL: "/go/login/"})
	must(t, err)
	csrf, err := djcsrf.New(m, &djcsrf.Options{UseSessions: s.csrfInSession})
	must(t, err)
	messages, err := djmessages.New(m, &djmessages.Options{Storage: s.messages})
	must(t, err)
	views := &goViews{auth}
	mux := http.NewServeMux()
	for pattern, view := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /go/{$}":           views.home,
		"GET /go/login/{$}":     views.loginPage,
		"POST /go/login/{$}":    views.login,
		"POST /go/logout/{$}":   views.logout,
		"GET /go/password/{$}":  views.passwordPage,
		"POST /go/password/{$}": views.password,
		"POST /go/form/{$}":     views.form,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := view(w, r); err != nil {
				t.Errorf("%s: %v", pattern, err)
				http.Error(w, "fault", djsession.ErrorStatus(err))
			}
		})
	}
	return m.Middleware(csrf.Middleware(auth.Middleware(messages.Middleware(mux))))
}
