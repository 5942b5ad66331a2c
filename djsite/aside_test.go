package djsite

import (
	"database/sql"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// TestWrongSiteHarmsNothing opens, for each engine, a site about which Go has one thing
// wrong. A user who is logged in to the real site is anonymous in Go, and stays logged in
// there. Go does not change the session, and sends no cookie. A login in Go begins another
// session, and a logout ends only that one.
func TestWrongSiteHarmsNothing(t *testing.T) {
	const engine = "django.contrib.sessions.backends."
	engines := map[string]func(t *testing.T, dir string) map[string]any{
		"db": func(*testing.T, string) map[string]any { return map[string]any{"SESSION_ENGINE": engine + "db"} },
		"file": func(_ *testing.T, dir string) map[string]any {
			return map[string]any{"SESSION_ENGINE": engine + "file", "SESSION_FILE_PATH": dir}
		},
		"signed_cookies": func(*testing.T, string) map[string]any {
			return map[string]any{"SESSION_ENGINE": engine + "signed_cookies"}
		},
		"cache of files": func(_ *testing.T, dir string) map[string]any {
			return map[string]any{"SESSION_ENGINE": engine + "cache", "CACHES": cacheOf("filebased.FileBasedCache", dir)}
		},
		"cached_db": func(_ *testing.T, dir string) map[string]any {
			return map[string]any{"SESSION_ENGINE": engine + "cached_db", "CACHES": cacheOf("filebased.FileBasedCache", dir)}
		},
		"cache, Redis": func(t *testing.T, _ string) map[string]any {
			return map[string]any{"SESSION_ENGINE": engine + "cache", "CACHES": cacheOf("redis.RedisCache", "redis://"+testserver.Redis(t).Addr()+"/1")}
		},
		"cached_db, Redis": func(t *testing.T, _ string) map[string]any {
			return map[string]any{"SESSION_ENGINE": engine + "cached_db", "CACHES": cacheOf("redis.RedisCache", "redis://"+testserver.Redis(t).Addr()+"/2")}
		},
		"cache, memcached": func(t *testing.T, _ string) map[string]any {
			return map[string]any{"SESSION_ENGINE": engine + "cache", "CACHES": cacheOf("memcached.PyMemcacheCache", testserver.Memcacheds(t, 1)[0].Addr())}
		},
		"redis_sessions": func(t *testing.T, _ string) map[string]any {
			s := testserver.Redis(t)
			return map[string]any{"SESSION_ENGINE": "redis_sessions.session", "SESSION_REDIS": map[string]any{"host": "127.0.0.1", "port": s.Port, "db": 3, "prefix": "s"}}
		},
	}
	// real is the real site; wrong is what Go has wrong about it.
	wrongs := map[string]struct {
		real  func(*djauth.Options)
		wrong func(set map[string]any, db string)
	}{
		"another SECRET_KEY": {wrong: func(set map[string]any, _ string) { set["SECRET_KEY"] = "another key" }},
		"a get_session_auth_hash of the model's own": {real: func(o *djauth.Options) {
			o.AuthHash = djauth.AuthHash{Salt: "own.salt", Fields: []string{"password", "email"}}
		}},
		"the users of another site": {wrong: func(set map[string]any, db string) {
			other := filepath.Join(filepath.Dir(db), "other.sqlite3")
			text, err := os.ReadFile(db)
			if err == nil {
				err = os.WriteFile(other, text, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			execSQLite(t, other, "UPDATE auth_user SET password = 'md5$other$'")
			set["DATABASES"] = map[string]any{
				"default": map[string]any{"ENGINE": "django.db.backends.sqlite3", "NAME": db},
				"users":   map[string]any{"ENGINE": "django.db.backends.sqlite3", "NAME": other},
			}
		}},
	}
	for _, name := range slices.Sorted(maps.Keys(engines)) {
		for wrongName, wrong := range wrongs {
			t.Run(name+", "+wrongName, func(t *testing.T) {
				dir := t.TempDir()
				db := filepath.Join(dir, "db.sqlite3")
				execSQLite(t, db, `CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, session_data text NOT NULL, expire_date datetime NOT NULL)`,
					`CREATE TABLE auth_user (id integer PRIMARY KEY, username text, password text, is_active bool, email text)`,
					`INSERT INTO auth_user VALUES (1, 'ada', 'md5$salt$', 1, 'ada@example.com')`)
				folder := filepath.Join(dir, "sessions")
				if err := os.Mkdir(folder, 0o700); err != nil {
					t.Fatal(err)
				}
				set := engines[name](t, folder)
				set["SECRET_KEY"] = "the site's key"
				set["INSTALLED_APPS"] = []any{"django.contrib.auth"}
				set["DATABASES"] = map[string]any{"default": map[string]any{"ENGINE": "django.db.backends.sqlite3", "NAME": db}}
				real := openMap(t, set, Options{ConfigureAuth: wrong.real})
				mistaken := maps.Clone(set)
				parts := Options{}
				if wrong.wrong != nil {
					wrong.wrong(mistaken, db)
				}
				if _, ok := mistaken["DATABASES"].(map[string]any)["users"]; ok {
					parts.UserDatabase = "users"
				}
				ours := openMap(t, mistaken, parts)

				login := func(site *Site) func(r *http.Request) {
					return func(r *http.Request) {
						a, err := site.Users.ByID(t.Context(), "1")
						if err == nil {
							err = site.Auth.Login(r.Context(), a, "")
						}
						if err != nil {
							t.Fatal(err)
						}
					}
				}
				cookie := visit(t, real, "", login(real))
				if cookie == "" || who(t, real, cookie) != "1" {
					t.Fatal("nobody could log in")
				}
				before := stored(t, real, cookie)
				untouched := func(doing string) {
					t.Helper()
					if !stored(t, real, cookie).Equal(before) {
						t.Errorf("%s: the session was changed", doing)
					}
					if got := who(t, real, cookie); got != "1" {
						t.Errorf("%s: the site takes the visitor for %q", doing, got)
					}
				}
				for range 3 {
					set := visit(t, ours, cookie, func(r *http.Request) {
						if id, err := djauth.User(r.Context()); err != nil || id.IsAuthenticated() {
							t.Errorf("got %v, %v", id, err)
						}
					})
					if set != "" {
						t.Errorf("a cookie was set: %t", set != "deleted")
					}
					untouched("read")
				}
				next := visit(t, ours, cookie, func(r *http.Request) {
					if _, err := djauth.User(r.Context()); err != nil {
						t.Error(err)
					}
					login(ours)(r)
				})
				if next == "" || next == cookie || who(t, ours, next) != "1" {
					t.Errorf("no login in Go: %v", next == "")
				}
				untouched("login")
				visit(t, ours, next, func(r *http.Request) {
					if err := ours.Auth.Logout(r.Context()); err != nil {
						t.Error(err)
					}
				})
				untouched("logout from the new session")
			})
		}
	}
}

func cacheOf(backend, location string) map[string]any {
	return map[string]any{"default": map[string]any{"BACKEND": "django.core.cache.backends." + backend, "LOCATION": location}}
}

func execSQLite(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
}

func openMap(t *testing.T, settings map[string]any, parts Options) *Site {
	t.Helper()
	set, err := djsettings.FromMap(settings, &djsettings.Options{Django: "5.2"})
	if err != nil {
		t.Fatal(err)
	}
	site, err := Open(t.Context(), set, &parts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = site.Close() })
	return site
}

// visit sends a request with a session cookie ("" for none). It returns what the response
// does to the cookie: "" for nothing, "deleted", or the new value.
func visit(t *testing.T, site *Site, cookie string, do func(r *http.Request)) string {
	t.Helper()
	r := httptest.NewRequest("GET", "/", nil)
	if cookie != "" {
		r.Header.Set("Cookie", "sessionid="+cookie)
	}
	rec := httptest.NewRecorder()
	site.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { do(r) })).ServeHTTP(rec, r)
	if rec.Code != http.StatusOK {
		t.Errorf("the status is %d", rec.Code)
	}
	for _, c := range rec.Result().Cookies() {
		if c.Name == "sessionid" && c.MaxAge < 0 {
			return "deleted"
		} else if c.Name == "sessionid" {
			return c.Value
		}
	}
	return ""
}

// who returns the id of the logged-in user.
func who(t *testing.T, site *Site, cookie string) (id string) {
	t.Helper()
	visit(t, site, cookie, func(r *http.Request) {
		user, err := djauth.User(r.Context())
		if err != nil {
			t.Fatal(err)
		}
		id = user.ID()
	})
	return id
}

// stored returns what the engine holds, as a Version. Versions of equal bytes are equal.
func stored(t *testing.T, site *Site, cookie string) djsession.Version {
	t.Helper()
	store := site.Sessions.Store()
	if store == nil { // the cookie is the session
		return djsession.Version{}
	}
	_, v, err := store.Load(t.Context(), strings.Trim(cookie, `"`))
	if err != nil {
		t.Fatal(err)
	}
	return v
}
