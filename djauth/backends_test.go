package djauth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// Backends that are not Django's own: a lockout that counts failures, one for tokens,
// and a child of ModelBackend that does as it pleases.
const (
	axes  = "axes.backends.AxesStandaloneBackend"
	token = "sesame.backends.ModelBackend"
	child = "accts.backends.ModelBackend"
)

// Authenticate answers by backends that are known to take passwords, and passes none
// that may refuse. A Login without a backend names one that has vouched: Django ends a
// login, or answers 500, whose backend has no get_user.
func TestBackends(t *testing.T) {
	const model, allowAll, remote, allRemote, base = djauth.ModelBackend, djauth.AllowAllUsersModelBackend,
		djauth.RemoteUserBackend, djauth.AllowAllUsersRemoteBackend, djauth.BaseBackend
	for _, test := range []struct {
		name     string
		backends []string
		own      map[string]string
		user     string
		password string
		want     error  // of Authenticate
		login    string // the backend that Login names by itself; "" is ErrBackend
		unasked  string // the backend behind the others that a "no" tells of
	}{
		{"Django's default", nil, nil, "root", "toor", nil, model, ""},
		{"remote users", []string{remote}, nil, "root", "toor", errors.ErrUnsupported, "", ""},
		{"all remote users", []string{allRemote}, nil, "gone", "left", errors.ErrUnsupported, "", ""},
		{"remote users first", []string{remote, model}, nil, "root", "toor", nil, model, ""},
		{"all remote users first", []string{allRemote, model}, nil, "root", "toor", nil, model, ""},
		{"an inactive one", []string{allRemote, model}, nil, "gone", "left", djauth.ErrInactive, model, ""},
		{"all users", []string{allowAll}, nil, "gone", "left", nil, allowAll, ""},
		{"an inactive one passes the first", []string{model, allowAll}, nil, "gone", "left", nil, allowAll, ""},
		{"an active one does not", []string{model, allowAll}, nil, "root", "toor", nil, model, ""},
		{"nothing but a base", []string{base}, nil, "root", "toor", errors.ErrUnsupported, "", ""},
		{"a base first", []string{base, model}, nil, "root", "toor", nil, model, ""},
		{"a lockout first", []string{axes, model}, nil, "root", "toor", djauth.ErrOnlyDjango, model, ""},
		{"an unknown one first", []string{child, model}, nil, "root", "toor", djauth.ErrUnknownBackend, "", ""},
		{"an unknown one after it", []string{model, child}, nil, "root", "toor", nil, model, child},
		{"an unknown one after it, and a wrong password", []string{model, child}, nil, "root", "wrong", djauth.ErrCredentials, model, child},
		{"an unknown one after it, and an unknown name", []string{model, child}, nil, "who", "toor", djauth.ErrNoUser, model, child},
		{"a well-known one after it that takes passwords", []string{model, allauth}, nil, "root", "wrong", djauth.ErrCredentials, model, allauth},
		{"one after it that takes none", []string{model, token, remote}, nil, "root", "wrong", djauth.ErrCredentials, model, ""},
		{"an unknown one between", []string{model, child, allowAll}, nil, "gone", "left", djauth.ErrInactive, model, child},
		{"a lockout that this program does without", []string{axes, model}, map[string]string{axes: base}, "root", "toor", nil, model, ""},
		{"a lockout after it", []string{model, axes}, nil, "root", "toor", djauth.ErrOnlyDjango, model, ""},
		{"a lockout between", []string{model, axes, allowAll}, nil, "gone", "left", djauth.ErrOnlyDjango, allowAll, ""},
		{"tokens only", []string{token}, nil, "root", "toor", errors.ErrUnsupported, "", ""},
		{"remote users and tokens", []string{remote, token}, nil, "root", "toor", errors.ErrUnsupported, "", ""},
		{"a child that is told of", []string{child}, map[string]string{child: model}, "root", "toor", nil, child, ""},
		{"a child of that for remote users", []string{child}, map[string]string{child: remote}, "root", "toor", errors.ErrUnsupported, "", ""},
		{"a child of that for all", []string{child}, map[string]string{child: allowAll}, "gone", "left", nil, child, ""},
		{"names that end alike", []string{"other.ModelBackend"}, nil, "root", "toor", djauth.ErrUnknownBackend, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, func(o *djauth.Options) { o.Backends, o.OwnBackends = test.backends, test.own })
			account, err := w.auth.Authenticate(t.Context(), test.user, test.password)
			if !errors.Is(err, test.want) || (account == nil) != (err != nil) {
				t.Errorf("Authenticate: got %v, %v, want %v", account, err, test.want)
			}
			switch no, unknown := errors.Is(err, djauth.ErrCredentials), errors.Is(err, djauth.ErrUnknownBackend); {
			case no && err.Error() != djauth.ErrCredentials.Error():
				t.Errorf("Authenticate: got %v, which is not for a page", err)
			case no && unknown != (test.unasked != ""):
				t.Errorf("Authenticate: got %v, ErrUnknownBackend: %v, and %q was not asked", err, unknown, test.unasked)
			case !no && unknown && !strings.Contains(err.Error(), "OwnBackends"):
				t.Errorf("Authenticate: got %v, which says no cure", err)
			}
			if account != nil && account.Backend != test.login {
				t.Errorf("Authenticate: got the backend %q, want %q", account.Backend, test.login)
			}
			if _, err := w.auth.Authenticate(t.Context(), test.user, test.password+"?"); errors.Is(err, djauth.ErrCredentials) && errors.Is(err, djauth.ErrUnknownBackend) != (test.unasked != "") {
				t.Errorf("a wrong password: got %v, and %q was not asked", err, test.unasked)
			}
			if n := strings.Count(w.log.String(), "was not asked"); (n == 1) != (test.unasked != "") || n > 1 || n == 1 && (!strings.Contains(w.log.String(), test.unasked) || !strings.Contains(w.log.String(), "Options.OwnBackends")) {
				t.Errorf("the log says\n%s", w.log)
			}
			if account == nil {
				account = w.account(map[string]string{"root": "2", "gone": "3", "who": "2"}[test.user])
			}
			res := w.in("", func(r *http.Request) {
				if err := w.auth.Login(r.Context(), account, ""); (err == nil) != (test.login != "") || err != nil && !errors.Is(err, djauth.ErrBackend) {
					t.Errorf("Login: got %v", err)
				}
			})
			if test.login == "" {
				if newKey(res) != "" {
					t.Error("Login failed and began a session")
				}
				return
			}
			if b, _ := w.dict(newKey(res)).Get(djauth.BackendSessionKey); b != test.login {
				t.Errorf("the session says %v, want %v", b, test.login)
			}
		})
	}
}

// A login by a backend that is not known is nobody's until somebody says what that
// backend does; the session stays as it is, and the log says so once.
func TestUnknownBackend(t *testing.T) {
	judge := func(backend string, a *djauth.Account) bool { return backend == child && a.Name == "ada" }
	for _, test := range []struct {
		name string
		own  map[string]string
		can  func(string, *djauth.Account) bool
		why  error // nil: ada is logged in
	}{
		{"nothing is said", nil, nil, djauth.ErrUnknownBackend},
		{"it is as ModelBackend", map[string]string{child: djauth.ModelBackend}, nil, nil},
		{"it vouches for nobody", map[string]string{child: djauth.BaseBackend}, nil, djauth.ErrBackend},
		{"it vouches for nobody, whatever CanAuthenticate says", map[string]string{child: djauth.BaseBackend}, judge, djauth.ErrBackend},
		{"CanAuthenticate judges", nil, judge, nil},
		{"CanAuthenticate says no", nil, func(string, *djauth.Account) bool { return false }, djauth.ErrInactive},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, func(o *djauth.Options) {
				o.Backends, o.OwnBackends, o.CanAuthenticate = []string{djauth.ModelBackend, child}, test.own, test.can
			})
			key := w.put(w.login(item(djauth.BackendSessionKey, child))...)
			for range 3 {
				id, res := w.who(key)
				if !errors.Is(id.Why(), test.why) || id.IsAuthenticated() != (test.why == nil) {
					t.Errorf("got %v, want %v", id.Why(), test.why)
				}
				if w.dict(key) == nil || len(res.Cookies()) > 0 {
					t.Error("the session was touched")
				}
			}
			logged := strings.Count(w.log.String(), child)
			if want := errors.Is(test.why, djauth.ErrUnknownBackend); want != (logged > 0) || strings.Count(w.log.String(), "level=WARN") > 1 {
				t.Errorf("the log says\n%s", w.log)
			}
		})
	}
	for _, own := range []map[string]string{
		{child: "x.Backend"}, {child: ""}, {djauth.ModelBackend: djauth.BaseBackend}, {"absent.Backend": djauth.ModelBackend},
	} {
		w := newWorld(t)
		if _, err := djauth.New(w.m, w.people, nil, &djauth.Options{Backends: []string{djauth.ModelBackend, child}, OwnBackends: own}); !errors.Is(err, djsession.ErrConfig) {
			t.Errorf("%v: got %v, want ErrConfig", own, err)
		}
	}
}

// Whose word a caller of Login takes, is his: Django has the login, and Go as far as it
// knows the backend.
func TestLoginByUnknownBackend(t *testing.T) {
	w := newWorld(t, func(o *djauth.Options) { o.Backends = []string{child} })
	res := w.in("", func(r *http.Request) {
		if err := w.auth.Login(r.Context(), w.account("1"), child); err != nil {
			t.Fatal(err)
		}
		if id, err := djauth.User(r.Context()); err != nil || !errors.Is(id.Why(), djauth.ErrUnknownBackend) {
			t.Errorf("in the same request: got %v, %v", id.Why(), err)
		}
	})
	if b, _ := w.dict(newKey(res)).Get(djauth.BackendSessionKey); b != child {
		t.Errorf("the session says %v", b)
	}
}

// Permissions of the tables count where one of Django's backends grants them, before any
// that may grant others or raise PermissionDenied. OwnBackends is about logins: it changes
// nothing. Options.Permissions decides.
func TestBackendsAndPermissions(t *testing.T) {
	const model, remote, base = djauth.ModelBackend, djauth.RemoteUserBackend, djauth.BaseBackend
	unknown := djauth.ErrUnknownBackend
	failed := errors.New("failed")
	tables := djauth.TablePermissions
	none := func(context.Context, *djauth.Account, []string) ([]string, error) { return nil, nil }
	more := func(_ context.Context, a *djauth.Account, granted []string) ([]string, error) {
		if a.ID != "1" {
			return nil, errors.New("another account")
		}
		return append(granted, "blog.delete_post", "a.first"), nil
	}
	for _, test := range []struct {
		name        string
		backends    []string
		own         map[string]string
		permissions func(context.Context, *djauth.Account, []string) ([]string, error)
		has         bool  // what the tables grant
		err         error // of that
		hasOther    bool  // what they do not
		errOther    error
	}{
		{name: "ModelBackend", backends: []string{model}, has: true},
		{name: "for remote users", backends: []string{remote}, has: true},
		{name: "a base before it", backends: []string{base, model}, has: true},
		{name: "ModelBackend, and the site says none", backends: []string{model}, permissions: none},
		{name: "one of the site's own", backends: []string{child}, err: unknown, errOther: unknown},
		{name: "one that logs in as ModelBackend", backends: []string{child}, own: map[string]string{child: model}, err: unknown, errOther: unknown},
		{name: "one that logs in as RemoteUserBackend", backends: []string{child}, own: map[string]string{child: remote}, err: unknown, errOther: unknown},
		{name: "one that grants as the tables", backends: []string{child}, own: map[string]string{child: model}, permissions: tables, has: true},
		{name: "one that grants nothing", backends: []string{child}, own: map[string]string{child: model}, permissions: none},
		{name: "one that grants more", backends: []string{model, child}, permissions: more, has: true, hasOther: true},
		{name: "it fails", backends: []string{child}, err: failed, errOther: failed,
			permissions: func(context.Context, *djauth.Account, []string) ([]string, error) {
				return []string{"blog.add_post"}, failed
			}},
		{name: "a base after it", backends: []string{child, base}, err: unknown, errOther: unknown},
		{name: "after ModelBackend", backends: []string{model, child}, has: true, errOther: unknown},
		{name: "after a base", backends: []string{base, child, model}, err: unknown, errOther: unknown},
		{name: "before ModelBackend", backends: []string{child, model}, own: map[string]string{child: remote}, err: unknown, errOther: unknown},
		{name: "a lockout before ModelBackend", backends: []string{axes, model}, has: true},
		{name: "before ModelBackend, it logs nobody in", backends: []string{axes, model}, own: map[string]string{axes: base}, err: unknown, errOther: unknown},
		{name: "before ModelBackend, and grants as the tables", backends: []string{axes, model}, permissions: tables, has: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, func(o *djauth.Options) {
				o.Backends, o.OwnBackends, o.Permissions = test.backends, test.own, test.permissions
				o.CanAuthenticate = func(_ string, a *djauth.Account) bool { return a.Active || a.Name == "gone" }
			})
			by := test.backends[0]
			if by == base || by == axes || test.own[by] == base {
				by = test.backends[len(test.backends)-1]
			}
			id, _ := w.who(w.put(w.login(item(djauth.BackendSessionKey, by))...))
			if !id.IsAuthenticated() {
				t.Fatal(id.Why())
			}
			check := func(what string, got, want bool, err, wantErr error) {
				t.Helper()
				if got != want || !errors.Is(err, wantErr) || wantErr == nil && err != nil {
					t.Errorf("%s: got %v, %v; want %v, %v", what, got, err, want, wantErr)
				}
				if errors.Is(err, unknown) && !strings.Contains(err.Error(), "Options.Permissions") {
					t.Errorf("%s: got %v, which says no cure", what, err)
				}
			}
			for range 2 {
				has, err := id.HasPerm(t.Context(), "blog.add_post")
				check("what the tables grant", has, test.has, err, test.err)
				has, err = id.HasModulePerms(t.Context(), "blog")
				check("of the app", has, test.has, err, test.err)
				has, err = id.HasPerm(t.Context(), "blog.delete_post")
				check("what they do not", has, test.hasOther, err, test.errOther)
				has, err = id.HasPerms(t.Context(), "blog.add_post", "blog.delete_post")
				check("both", has, test.has && test.hasOther, err, test.errOther)
				has, err = id.HasModulePerms(t.Context(), "a")
				check("of another app", has, test.hasOther, err, test.errOther)
			}
			list, err := id.Permissions(t.Context())
			check("Permissions", len(list) > 0, test.has && test.errOther == nil, err, test.errOther)
			if n := strings.Count(w.log.String(), "permissions are refused"); n > 1 || (n == 1) != (test.errOther == unknown) {
				t.Errorf("the log says\n%s", w.log)
			}
			status := map[bool]int{true: 200, false: 403}[test.has]
			if test.err != nil {
				status = 500
			}
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Cookie", "sessionid="+w.put(w.login(item(djauth.BackendSessionKey, by))...))
			rec := httptest.NewRecorder()
			w.m.Middleware(w.auth.RequirePermission("blog.add_post")(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))).ServeHTTP(rec, r)
			if rec.Code != status {
				t.Errorf("RequirePermission: got %d, want %d", rec.Code, status)
			}

			root, _ := w.who(w.put(w.login(item(djauth.SessionKey, "2"), item(djauth.BackendSessionKey, by), item(djauth.HashSessionKey, hash(t, secret, "old$toor")))...))
			has, err := root.HasPerm(t.Context(), "blog.add_post")
			check("a superuser", has, true, err, nil)
			gone, _ := w.who(w.put(w.login(item(djauth.SessionKey, "3"), item(djauth.BackendSessionKey, by), item(djauth.HashSessionKey, hash(t, secret, "old$left")))...))
			has, err = gone.HasPerm(t.Context(), "blog.add_post")
			check("an inactive account", has, false, err, nil)
			nobody, _ := w.who("")
			has, err = nobody.HasPerm(t.Context(), "blog.add_post")
			check("nobody", has, false, err, nil)
		})
	}
}

// broken is people who fail at one thing.
type broken struct{ *people }

func (broken) RecordLogin(context.Context, string, time.Time) error {
	return djsession.Unavailable("test", errors.New("down"))
}

// A Login that fails has logged nobody in: neither in this request nor in the next, and
// who was logged in before still is.
func TestFailedLogin(t *testing.T) {
	before := map[string]func(w *world) []serializer.Item{
		"nobody":       func(w *world) []serializer.Item { return []serializer.Item{item("cart", 1)} },
		"another user": func(w *world) []serializer.Item { return w.login() },
	}
	for name, items := range before {
		for fault, run := range map[string]func(w *world, r *http.Request) error{
			"last_login cannot be written": func(w *world, r *http.Request) error {
				return w.auth.Login(r.Context(), w.account("2"), "")
			},
			"the account is gone": func(w *world, r *http.Request) error {
				return w.auth.Login(r.Context(), &djauth.Account{ID: "99"}, "")
			},
			"a backend that the site has not": func(w *world, r *http.Request) error {
				return w.auth.Login(r.Context(), w.account("2"), "other.Backend")
			},
		} {
			t.Run(name+", "+fault, func(t *testing.T) {
				w := newWorld(t)
				if fault == "last_login cannot be written" {
					var err error
					if w.auth, err = djauth.New(w.m, broken{w.people}, nil, nil); err != nil {
						t.Fatal(err)
					}
				}
				key := w.put(items(w)...)
				var was, is *djauth.Identity
				res := w.in(key, func(r *http.Request) {
					if name == "another user" {
						was, _ = djauth.User(r.Context())
					}
					if err := run(w, r); err == nil {
						t.Fatal("Login succeeded")
					}
					is, _ = djauth.User(r.Context())
				})
				if is.ID() == "2" || is.ID() == "99" || was != nil && is.ID() != was.ID() {
					t.Errorf("after a failed Login the request is from %v", is)
				}
				if w.dict(key) == nil || newKey(res) != "" {
					t.Error("the session was changed")
				}
				if id, _ := w.who(key); id.ID() == "2" {
					t.Error("somebody was logged in")
				}
			})
		}
	}
}
