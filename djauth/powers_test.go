package djauth_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
)

// wrapped are Users around others, as a site makes them to count or to trace: the type
// of what is inside is out of sight.
type wrapped struct{ djauth.Users }

// open is a wrapped that says what is inside.
type open struct{ wrapped }

func (o open) Unwrap() djauth.Users { return o.Users }

// recording is an open that writes logins, and no passwords.
type recording struct{ open }

func (r recording) RecordLogin(ctx context.Context, id string, at time.Time) error {
	return r.Users.(djauth.LoginRecorder).RecordLogin(ctx, id, at)
}

// writing is an open that writes.
type writing struct{ recording }

func (w writing) SetPassword(ctx context.Context, id string, text, seen djauth.Encoded) error {
	return w.Users.(djauth.PasswordSetter).SetPassword(ctx, id, text, seen)
}

// swapped are Users whose accounts 1 and 2 are those with the ids 2 and 1 of the Users
// inside.
type swapped struct{ open }

func swap(id string) string {
	switch id {
	case "1":
		return "2"
	case "2":
		return "1"
	}
	return id
}

func (s swapped) ByID(ctx context.Context, id string) (*djauth.Account, error) {
	a, err := s.Users.ByID(ctx, swap(id))
	if err == nil {
		a.ID = id
	}
	return a, err
}

func (s swapped) ByName(ctx context.Context, name string) (*djauth.Account, error) {
	a, err := s.Users.ByName(ctx, name)
	if err == nil {
		a.ID = swap(a.ID)
	}
	return a, err
}

// swappedWriting is a swapped that writes.
type swappedWriting struct{ swapped }

func (s swappedWriting) RecordLogin(ctx context.Context, id string, at time.Time) error {
	return s.Users.(djauth.LoginRecorder).RecordLogin(ctx, swap(id), at)
}

func (s swappedWriting) SetPassword(ctx context.Context, id string, text, seen djauth.Encoded) error {
	return s.Users.(djauth.PasswordSetter).SetPassword(ctx, swap(id), text, seen)
}

// What reads is found through Unwrap. What writes is asked of the outermost Users, and
// what they lack is refused: a write never passes a wrapper by, which may mean another row.
func TestPowersOfWrapped(t *testing.T) {
	for _, test := range []struct {
		name  string
		wrap  func(djauth.Users) djauth.Users
		reads bool // permissions
		login bool // writes last_login
		full  bool // may be given Passwords
	}{
		{"wrapped", func(u djauth.Users) djauth.Users { return wrapped{u} }, false, false, false},
		{"open", func(u djauth.Users) djauth.Users { return open{wrapped{u}} }, true, false, false},
		{"open twice", func(u djauth.Users) djauth.Users { return open{wrapped{open{wrapped{u}}}} }, true, false, false},
		{"recording", func(u djauth.Users) djauth.Users { return recording{open{wrapped{u}}} }, true, true, false},
		{"writing", func(u djauth.Users) djauth.Users { return writing{recording{open{wrapped{u}}}} }, true, true, true},
		{"open around writing", func(u djauth.Users) djauth.Users { return open{wrapped{writing{recording{open{wrapped{u}}}}}} }, true, false, false},
		{"swapped", func(u djauth.Users) djauth.Users { return swapped{open{wrapped{u}}} }, true, false, false},
		{"swapped, writing", func(u djauth.Users) djauth.Users { return swappedWriting{swapped{open{wrapped{u}}}} }, true, true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			users := test.wrap(w.people)
			auth, err := djauth.New(w.m, users, plain{upgrade: true}, nil)
			if (err == nil) != test.full || err != nil && !errors.Is(err, errors.ErrUnsupported) {
				t.Fatalf("New with Passwords: got %v, want an error: %v", err, !test.full)
			}
			if !test.full {
				if auth, err = djauth.New(w.m, users, nil, nil); err != nil {
					t.Fatal(err)
				}
				if err := auth.SetPassword(t.Context(), w.account("1"), "new"); !errors.Is(err, errors.ErrUnsupported) {
					t.Errorf("SetPassword: got %v, want ErrUnsupported", err)
				}
			}
			w.auth = auth

			ada, err := users.ByName(t.Context(), "ada")
			if err != nil {
				t.Fatal(err)
			}
			w.people.take()
			var who *djauth.Identity
			w.in("", func(r *http.Request) {
				err := auth.Login(r.Context(), ada, "")
				if (err == nil) != test.login || err != nil && !errors.Is(err, errors.ErrUnsupported) {
					t.Errorf("Login: got %v, want an error: %v", err, !test.login)
				}
				if who, err = djauth.User(r.Context()); err != nil || who.IsAuthenticated() != test.login {
					t.Errorf("after Login: got %v, %v", who, err)
				}
			})
			if test.full {
				a, err := auth.Authenticate(t.Context(), "root", "toor")
				if err != nil || a.Password.Reveal() != "plain$toor" {
					t.Errorf("Authenticate: %v", err)
				}
				if err := auth.SetPassword(t.Context(), ada, "new"); err != nil {
					t.Error(err)
				}
			}
			// What is underneath, by its own names.
			for name, want := range map[string]struct {
				login    bool
				password string
			}{
				"ada":  {test.login, map[bool]string{true: "plain$new", false: encoded}[test.full]},
				"root": {false, map[bool]string{true: "plain$toor", false: "old$toor"}[test.full]},
			} {
				a, err := w.people.ByName(t.Context(), name)
				if err != nil || a.LastLogin.IsZero() == want.login || a.Password.Reveal() != want.password {
					t.Errorf("underneath, %s: last login %v, password %s, %v", name, a.LastLogin, a.Password.Reveal(), err)
				}
			}
			asked := w.people.take()
			if !test.login && slices.Contains(asked, "login") || !test.full && slices.Contains(asked, "password") {
				t.Errorf("a write went past the wrapper: %v", asked)
			}

			if _, ok := djauth.As[djauth.Granter](users); ok != test.reads {
				t.Errorf("As[Granter]: got %v, want %v", ok, test.reads)
			}
			if _, ok := djauth.As[djauth.ManyFinder](users); ok != test.reads {
				t.Errorf("As[ManyFinder]: got %v, want %v", ok, test.reads)
			}
		})
	}
}

// Permissions that nobody can tell are an error, and not "none"; a page that needs them
// is refused when it is made.
func TestNoGranter(t *testing.T) {
	w := newWorld(t)
	for _, has := range []bool{false, true} {
		var users djauth.Users = wrapped{w.people}
		if has {
			users = open{wrapped{w.people}}
		}
		var err error
		if w.auth, err = djauth.New(w.m, users, nil, nil); err != nil {
			t.Fatal(err)
		}
		id, _ := w.who(w.put(w.login()...))
		for name, ask := range map[string]func() (bool, error){
			"HasPerm":        func() (bool, error) { return id.HasPerm(t.Context(), "blog.add_post") },
			"HasModulePerms": func() (bool, error) { return id.HasModulePerms(t.Context(), "blog") },
			"Groups":         func() (bool, error) { all, err := id.Groups(t.Context()); return len(all) == 1, err },
		} {
			if ok, err := ask(); ok != has || !has && !errors.Is(err, errors.ErrUnsupported) || has && err != nil {
				t.Errorf("a Granter %v: %s: got %v, %v", has, name, ok, err)
			}
		}
		panics := func() (is bool) {
			defer func() { is = recover() != nil }()
			w.auth.RequirePermission("blog.add_post")(http.NotFoundHandler())
			return false
		}()
		if panics == has {
			t.Errorf("a Granter %v: RequirePermission panics: %v", has, panics)
		}
		w.auth.RequirePermission()(http.NotFoundHandler())
	}
}
