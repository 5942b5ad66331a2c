package djauth_test

import (
	"context"
	"errors"
	"net/http"
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
	}{
		{"Django's default", nil, nil, "root", "toor", nil, model},
		{"remote users", []string{remote}, nil, "root", "toor", errors.ErrUnsupported, ""},
		{"all remote users", []string{allRemote}, nil, "gone", "left", errors.ErrUnsupported, ""},
		{"remote users first", []string{remote, model}, nil, "root", "toor", nil, model},
		{"all remote users first", []string{allRemote, model}, nil, "root", "toor", nil, model},
		{"an inactive one", []string{allRemote, model}, nil, "gone", "left", djauth.ErrInactive, model},
		{"all users", []string{allowAll}, nil, "gone", "left", nil, allowAll},
		{"an inactive one passes the first", []string{model, allowAll}, nil, "gone", "left", nil, allowAll},
		{"an active one does not", []string{model, allowAll}, nil, "root", "toor", nil, model},
		{"nothing but a base", []string{base}, nil, "root", "toor", errors.ErrUnsupported, ""},
		{"a base first", []string{base, model}, nil, "root", "toor", nil, model},
		{"a lockout first", []string{axes, model}, nil, "root", "toor", djauth.ErrUnknownBackend, model},
		{"a lockout that this program does without", []string{axes, model}, map[string]string{axes: base}, "root", "toor", nil, model},
		{"a lockout after it", []string{model, axes}, nil, "root", "toor", nil, model},
		{"a lockout between", []string{model, axes, allowAll}, nil, "gone", "left", djauth.ErrInactive, allowAll},
		{"tokens only", []string{token}, nil, "root", "toor", djauth.ErrUnknownBackend, ""},
		{"remote users and tokens", []string{remote, token}, nil, "root", "toor", djauth.ErrUnknownBackend, ""},
		{"a child that is told of", []string{child}, map[string]string{child: model}, "root", "toor", nil, child},
		{"a child of that for remote users", []string{child}, map[string]string{child: remote}, "root", "toor", errors.ErrUnsupported, ""},
		{"a child of that for all", []string{child}, map[string]string{child: allowAll}, "gone", "left", nil, child},
		{"names that end alike", []string{"other.ModelBackend"}, nil, "root", "toor", djauth.ErrUnknownBackend, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, func(o *djauth.Options) { o.Backends, o.OwnBackends = test.backends, test.own })
			account, err := w.auth.Authenticate(t.Context(), test.user, test.password)
			if !errors.Is(err, test.want) || (account == nil) != (err != nil) {
				t.Errorf("Authenticate: got %v, %v, want %v", account, err, test.want)
			}
			if errors.Is(err, djauth.ErrUnknownBackend) && (!strings.Contains(err.Error(), "OwnBackends") || errors.Is(err, djauth.ErrCredentials)) {
				t.Errorf("Authenticate: got %v, which says no cure", err)
			}
			if account == nil {
				account = w.account(map[string]string{"root": "2", "gone": "3"}[test.user])
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

// Permissions of the tables count where a backend grants them, and no unknown one that
// may raise PermissionDenied is asked before.
func TestBackendsAndPermissions(t *testing.T) {
	for _, test := range []struct {
		name     string
		backends []string
		own      map[string]string
		has      bool
		err      error
	}{
		{"ModelBackend", []string{djauth.ModelBackend}, nil, true, nil},
		{"for remote users", []string{child, djauth.RemoteUserBackend}, map[string]string{child: djauth.BaseBackend}, true, nil},
		{"none grants", []string{child}, nil, false, nil},
		{"a base does not", []string{child, djauth.BaseBackend}, nil, false, nil},
		{"an unknown one after it", []string{djauth.ModelBackend, child}, nil, true, nil},
		{"an unknown one before it", []string{axes, djauth.ModelBackend}, nil, false, djauth.ErrUnknownBackend},
		{"one before it that is known", []string{axes, djauth.ModelBackend}, map[string]string{axes: djauth.BaseBackend}, true, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, func(o *djauth.Options) {
				o.Backends, o.OwnBackends = test.backends, test.own
				o.CanAuthenticate = func(_ string, a *djauth.Account) bool { return a.Active }
			})
			by := test.backends[0]
			if test.own[by] == djauth.BaseBackend {
				by = test.backends[len(test.backends)-1]
			}
			id, _ := w.who(w.put(w.login(item(djauth.BackendSessionKey, by))...))
			if !id.IsAuthenticated() {
				t.Fatal(id.Why())
			}
			has, err := id.HasPerm(t.Context(), "blog.add_post")
			module, err2 := id.HasModulePerms(t.Context(), "blog")
			if has != test.has || module != test.has || !errors.Is(err, test.err) || !errors.Is(err2, test.err) {
				t.Errorf("got %v, %v and %v, %v; want %v, %v", has, err, module, err2, test.has, test.err)
			}
			if has, err := id.HasPerm(t.Context(), "blog.delete_post"); has || err != nil {
				t.Errorf("what nobody granted: got %v, %v", has, err)
			}
			root, _ := w.who(w.put(w.login(item(djauth.SessionKey, "2"), item(djauth.BackendSessionKey, by), item(djauth.HashSessionKey, hash(t, secret, "old$toor")))...))
			if has, err := root.HasPerm(t.Context(), "blog.add_post"); !has || err != nil {
				t.Errorf("a superuser: got %v, %v", has, err)
			}
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
