package doctor_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/doctor"
)

// healthy are working configurations that are not the simplest, by project. The only
// finding is the note that is named.
var healthy = map[string][]struct {
	name  string
	make  func(t *testing.T, s *site) given
	notes string
}{
	"db": {
		{"nobody is logged in", func(t *testing.T, s *site) given {
			key := s.run(t, "from django.contrib.sessions.backends.db import SessionStore\ns = SessionStore()\ns['cart'] = 1\ns.save()\nresult = s.session_key")
			return given{cookie: key.(string)}
		}, ""},
		{"an expiry of its own", func(t *testing.T, s *site) given {
			key := s.run(t, "import datetime\nfrom django.contrib.sessions.backends.db import SessionStore\ns = SessionStore()\ns.set_expiry(datetime.timedelta(hours=5))\ns.save()\nresult = s.session_key")
			return given{cookie: key.(string)}
		}, ""},
		{"written by Go", func(t *testing.T, s *site) given {
			l := s.login(t, "grace")
			s.visit(t, l, func(session *djsession.Session) error { return session.Set("from_go", 1) })
			return given{cookie: l.Cookie}
		}, ""},
		{"kept alive by Go", func(t *testing.T, s *site) given {
			// An hour, like a time zone: the other sessions show that it is not one.
			l := s.login(t, "grace")
			site := s.open(t)
			store := site.Sessions.Store()
			_, seen, err := store.Load(t.Context(), l.Key)
			if err == nil {
				err = store.Touch(t.Context(), l.Key, time.Now().Add(14*24*time.Hour+time.Hour), seen)
			}
			if err != nil {
				t.Fatal(err)
			}
			return given{cookie: l.Cookie}
		}, ""},
		{"SECRET_KEY was changed", func(t *testing.T, s *site) given {
			const keys = "from django.conf import settings\nsettings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "
			s.run(t, keys+"'rotated-secret', ['"+secret+"']")
			s.login(t, "grace")
			s.run(t, keys+"'"+secret+"', []")
			return given{settings: s.with("SECRET_KEY", "'rotated-secret'", "SECRET_KEY_FALLBACKS", "['"+secret+"']")}
		}, doctor.FallbackKey},
		{"a header with others", func(t *testing.T, s *site) given {
			return given{cookie: "> GET / HTTP/1.1\n> Accept: text/html;q=0.9\n> Cookie: theme=dark; " + strings.TrimPrefix(s.seen.Cookie, "Cookie: ") + "\n> Host: www.example.com\n"}
		}, ""},
	},
	"cache": {
		{"an age that the cache does not tell", change("SESSION_COOKIE_AGE", "3600"), ""},
	},
}

// open opens the project in Go.
func (s *site) open(t *testing.T) *djsite.Site {
	t.Helper()
	opts := s.opts
	opts.Django = s.django
	site, err := djsite.Open(t.Context(), s.read(t, s.settings, opts), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = site.Close() })
	return site
}

// visit sends a request to Go.
func (s *site) visit(t *testing.T, l login, do func(*djsession.Session) error) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
	r.Header.Set("Cookie", strings.TrimPrefix(l.Cookie, "Cookie: "))
	w := httptest.NewRecorder()
	s.open(t).Sessions.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, err := djsession.Load(r.Context())
		if err == nil {
			err = do(session)
		}
		if err != nil {
			t.Error(err)
		}
	})).ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("the answer has the status %d", w.Code)
	}
}
