package djauth_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
)

// finding is people that are found by e-mail address too.
type finding struct{ *people }

func (f finding) Find(_ context.Context, l djauth.Lookup, name string) (found []*djauth.Account, err error) {
	if err := f.ask("find"); err != nil {
		return nil, err
	}
	for _, a := range f.byID {
		for _, column := range l.Columns {
			if column == "email" && a.Email == name || column == "username" && a.Name == name {
				found = append(found, &a)
				break
			}
		}
	}
	return found[:min(2, len(found))], nil
}

func (f finding) ReadsField(name string) bool { return name == "password" || name == "email" }

// counting counts how often a password is hashed.
type counting struct {
	plain
	n *int
}

func (c counting) Check(ctx context.Context, password, encoded string) (ok, upgrade bool, err error) {
	*c.n++
	return c.plain.Check(ctx, password, encoded)
}

func (c counting) Dummy(ctx context.Context, password string) error {
	*c.n++
	return c.plain.Dummy(ctx, password)
}

// TestLookup checks who is found by which name, in the order of the lookups. A failed login
// costs one hash for each of them, whoever the name finds.
func TestLookup(t *testing.T) {
	email, name, either := djauth.Lookup{Columns: []string{"email"}}, djauth.Lookup{Columns: []string{"username"}}, djauth.Lookup{Columns: []string{"username", "email"}}
	ifNone := djauth.Lookup{Columns: []string{"username"}, IfNone: true}
	lower := djauth.Lookup{Columns: []string{"email"}, Normalize: strings.ToLower}
	for _, test := range []struct {
		lookups         []djauth.Lookup
		typed, password string
		who             string // the id, or ""
		inactive        bool
		hashes          int
	}{
		{nil, "root", "toor", "2", false, 1},
		{nil, "nobody", "toor", "", false, 1},
		{[]djauth.Lookup{email}, "root@x", "toor", "2", false, 1},
		{[]djauth.Lookup{email}, "ROOT@x", "toor", "", false, 1},
		{[]djauth.Lookup{lower}, "ROOT@x", "toor", "2", false, 1},
		{[]djauth.Lookup{email}, "root", "toor", "", false, 1},
		{[]djauth.Lookup{email, name}, "root@x", "toor", "2", false, 1},
		{[]djauth.Lookup{email, name}, "root", "toor", "2", false, 2},
		{[]djauth.Lookup{email, name}, "root", "wrong", "", false, 2},
		{[]djauth.Lookup{email, name}, "nobody", "wrong", "", false, 2},
		// The name of one is the address of another: the password decides.
		{[]djauth.Lookup{email, name}, "both", "four", "4", false, 1},
		{[]djauth.Lookup{email, name}, "both", "five", "5", false, 2},
		{[]djauth.Lookup{email, name}, "both", "wrong", "", false, 2},
		{[]djauth.Lookup{email, ifNone}, "both", "four", "4", false, 1},
		{[]djauth.Lookup{email, ifNone}, "both", "five", "", false, 1},
		{[]djauth.Lookup{email, ifNone}, "root", "toor", "2", false, 1},
		{[]djauth.Lookup{email, ifNone}, "nobody", "toor", "", false, 1},
		{[]djauth.Lookup{email, ifNone, name}, "both", "five", "5", false, 2},
		{[]djauth.Lookup{either}, "both", "four", "", false, 1}, // MultipleObjectsReturned
		{[]djauth.Lookup{either}, "both", "five", "", false, 1},
		{[]djauth.Lookup{either, name}, "root", "wrong", "", false, 2},
		{[]djauth.Lookup{email, name}, "gone", "left", "", true, 2},
	} {
		n := 0
		w := newWorld(t)
		w.people.change("2", func(a *djauth.Account) { a.Email = "root@x" })
		w.people.change("4", func(a *djauth.Account) {
			*a = djauth.Account{ID: "4", Name: "four", Email: "both", Active: true, Password: djauth.EncodedOf("plain$four")}
		})
		w.people.change("5", func(a *djauth.Account) {
			*a = djauth.Account{ID: "5", Name: "both", Active: true, Password: djauth.EncodedOf("plain$five")}
		})
		auth, err := djauth.New(w.m, finding{w.people}, counting{n: &n}, &djauth.Options{Lookup: test.lookups})
		if err != nil {
			t.Fatal(err)
		}
		a, err := auth.Authenticate(t.Context(), test.typed, test.password)
		if (err == nil) != (test.who != "") || a != nil && a.ID != test.who || err != nil && !errors.Is(err, djauth.ErrCredentials) || errors.Is(err, djauth.ErrInactive) != test.inactive {
			t.Errorf("%v, %s, %s: got %v, %v", test.lookups, test.typed, test.password, a, err)
		}
		if n != test.hashes {
			t.Errorf("%v, %s, %s: got %d hashes, want %d", test.lookups, test.typed, test.password, n, test.hashes)
		}
		w.people.down = djsession.ErrUnavailable
		if _, err := auth.Authenticate(t.Context(), test.typed, test.password); !errors.Is(err, djsession.ErrUnavailable) || errors.Is(err, djauth.ErrCredentials) {
			t.Errorf("down: got %v", err)
		}
	}
}

// TestLookupBackend checks which backend vouches, in the order of the backends: each has the
// lookups that name it or none, or the name. A failed login costs one hash for each lookup of
// each backend.
func TestLookupBackend(t *testing.T) {
	const model, allowAll = djauth.ModelBackend, djauth.AllowAllUsersModelBackend
	email := djauth.Lookup{Columns: []string{"email"}, Backend: child}
	anyEmail := djauth.Lookup{Columns: []string{"email"}}
	name := djauth.Lookup{Columns: []string{"username"}, Backend: child}
	ifNone := djauth.Lookup{Columns: []string{"username"}, IfNone: true}
	ifNoneOf := djauth.Lookup{Columns: []string{"username"}, IfNone: true, Backend: child}
	told := map[string]string{child: model}
	for _, test := range []struct {
		why             string
		backends        []string
		own             map[string]string
		lookups         []djauth.Lookup
		typed, password string
		who, by         string // "" for nobody
		hashes          int
	}{
		{"a name is the first's", []string{model, child}, told, []djauth.Lookup{email}, "root", "toor", "2", model, 1},
		{"an address is the second's", []string{model, child}, told, []djauth.Lookup{email}, "root@x", "toor", "2", child, 2},
		{"the order is that of the backends", []string{child, model}, told, []djauth.Lookup{email}, "root", "toor", "2", model, 2},
		{"and not of the lookups", []string{model, child}, told, []djauth.Lookup{email, {Backend: model, Columns: []string{"username"}}}, "root", "toor", "2", model, 1},
		{"the first's address", []string{child, model}, told, []djauth.Lookup{email}, "root@x", "toor", "2", child, 1},
		{"a wrong password", []string{model, child}, told, []djauth.Lookup{email}, "root@x", "wrong", "", "", 2},
		{"a wrong password of a name", []string{model, child}, told, []djauth.Lookup{email}, "root", "wrong", "", "", 2},
		{"an unknown name", []string{model, child}, told, []djauth.Lookup{email}, "who", "toor", "", "", 2},
		{"a name of one, the address of another", []string{model, child}, told, []djauth.Lookup{email}, "both", "five", "5", model, 1},
		{"an address of one, the name of another", []string{model, child}, told, []djauth.Lookup{email}, "both", "four", "4", child, 2},
		{"two of one backend", []string{model, child}, told, []djauth.Lookup{email, name}, "root", "wrong", "", "", 3},
		{"one of every backend", []string{model, child}, told, []djauth.Lookup{anyEmail, name}, "root@x", "toor", "2", model, 1},
		{"one of every backend, and one's own", []string{model, child}, told, []djauth.Lookup{anyEmail, name}, "root", "toor", "2", child, 3},
		{"none by name", []string{model}, nil, []djauth.Lookup{{Backend: model, Columns: []string{"email"}}}, "root", "toor", "", "", 1},
		{"IfNone is of the backend before it", []string{model, child}, told, []djauth.Lookup{email, ifNone, {Backend: model, Columns: []string{"email"}}}, "root", "toor", "2", child, 2},
		{"IfNone that names it", []string{model, child}, told, []djauth.Lookup{email, ifNoneOf, {Backend: model, Columns: []string{"email"}}}, "root", "toor", "2", child, 2},
		{"an inactive account, found by both", []string{model, child}, map[string]string{child: allowAll}, []djauth.Lookup{name}, "gone", "left", "3", child, 2},
		{"an inactive account, found by the first", []string{model, child}, map[string]string{child: allowAll}, []djauth.Lookup{email}, "gone", "left", "", "", 2},
		{"an inactive account, and a wrong password", []string{model, child}, map[string]string{child: allowAll}, []djauth.Lookup{name}, "gone", "wrong", "", "", 2},
		{"no lookup names one", []string{model, child}, told, []djauth.Lookup{{Columns: []string{"username"}}, anyEmail}, "root@x", "toor", "2", model, 2},
		{"no lookup names one, the second lets in", []string{model, child}, map[string]string{child: allowAll}, []djauth.Lookup{{Columns: []string{"username"}}}, "gone", "left", "3", child, 1},
		{"behind an unknown one", []string{model, allauth, child}, told, []djauth.Lookup{email}, "root@x", "toor", "", "", 1},
	} {
		t.Run(test.why, func(t *testing.T) {
			n := 0
			w := newWorld(t)
			w.people.change("2", func(a *djauth.Account) { a.Email = "root@x" })
			w.people.change("4", func(a *djauth.Account) {
				*a = djauth.Account{ID: "4", Name: "four", Email: "both", Active: true, Password: djauth.EncodedOf("plain$four")}
			})
			w.people.change("5", func(a *djauth.Account) {
				*a = djauth.Account{ID: "5", Name: "both", Active: true, Password: djauth.EncodedOf("plain$five")}
			})
			var err error
			w.auth, err = djauth.New(w.m, finding{w.people}, counting{n: &n}, &djauth.Options{Backends: test.backends, OwnBackends: test.own, Lookup: test.lookups})
			if err != nil {
				t.Fatal(err)
			}
			a, err := w.auth.Authenticate(t.Context(), test.typed, test.password)
			if (err == nil) != (test.who != "") || a != nil && (a.ID != test.who || a.Backend != test.by) || err != nil && !errors.Is(err, djauth.ErrCredentials) {
				t.Errorf("got %v, %v, want account %q by %q", a, err, test.who, test.by)
			}
			if n != test.hashes {
				t.Errorf("got %d hashes, want %d", n, test.hashes)
			}
			if a == nil {
				return
			}
			res := w.in("", func(r *http.Request) {
				if err := w.auth.Login(r.Context(), a, ""); err != nil {
					t.Error(err)
				}
			})
			if b, _ := w.dict(newKey(res)).Get(djauth.BackendSessionKey); b != test.by {
				t.Errorf("Login: the session says %v, want %v", b, test.by)
			}
			// The caller's word counts more, as in Django.
			res = w.in("", func(r *http.Request) {
				if err := w.auth.Login(r.Context(), a, model); err != nil {
					t.Error(err)
				}
			})
			if b, _ := w.dict(newKey(res)).Get(djauth.BackendSessionKey); b != model {
				t.Errorf("Login by ModelBackend: the session says %v", b)
			}
		})
	}
}

// A Backend of a Lookup that would never be asked by it is refused, and so is an account with
// a backend that the site does not have.
func TestLookupBackendRefused(t *testing.T) {
	const model = djauth.ModelBackend
	for _, test := range []struct {
		name    string
		lookups []djauth.Lookup
		own     map[string]string
		want    error
		says    string
	}{
		{"of another site", []djauth.Lookup{{Backend: "other.Backend"}}, nil, djsession.ErrConfig, "not in Backends"},
		{"unknown", []djauth.Lookup{{Backend: child}}, nil, djauth.ErrUnknownBackend, "Options.OwnBackends"},
		{"well known, in a way of its own", []djauth.Lookup{{Backend: allauth}}, nil, djauth.ErrUnknownBackend, "Options.OwnBackends"},
		{"it takes tokens", []djauth.Lookup{{Backend: token}}, nil, djsession.ErrConfig, "takes no passwords"},
		{"it takes remote users", []djauth.Lookup{{Backend: djauth.RemoteUserBackend}}, nil, djsession.ErrConfig, "takes no passwords"},
		{"it is as a base", []djauth.Lookup{{Backend: child}}, map[string]string{child: djauth.BaseBackend}, djsession.ErrConfig, "takes no passwords"},
		{"IfNone after another one's", []djauth.Lookup{{Backend: model}, {Backend: child, IfNone: true}}, map[string]string{child: model}, djsession.ErrConfig, "IfNone"},
		{"IfNone after that of all", []djauth.Lookup{{}, {Backend: model, IfNone: true}}, nil, djsession.ErrConfig, "IfNone"},
	} {
		w := newWorld(t)
		_, err := djauth.New(w.m, finding{w.people}, nil, &djauth.Options{
			Backends: []string{model, child, allauth, token, djauth.RemoteUserBackend}, OwnBackends: test.own, Lookup: test.lookups})
		if !errors.Is(err, djsession.ErrConfig) || !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
	}
	w := newWorld(t)
	w.in("", func(r *http.Request) {
		a := w.account("1")
		a.Backend = "other.Backend"
		if err := w.auth.Login(r.Context(), a, ""); !errors.Is(err, djauth.ErrBackend) {
			t.Errorf("Login: got %v, want ErrBackend", err)
		}
	})
}

// Options that the Users cannot follow, or that contradict themselves.
func TestNewAuthHash(t *testing.T) {
	w := newWorld(t)
	sums := func(*djauth.Account) []string { return nil }
	for _, test := range []struct {
		name  string
		users djauth.Users
		o     djauth.Options
		want  error
	}{
		{"a Lookup, and no Finder", w.people, djauth.Options{Lookup: []djauth.Lookup{{}}}, errors.ErrUnsupported},
		{"a field that is not read", finding{w.people}, djauth.Options{AuthHash: djauth.AuthHash{Fields: []string{"password", "token"}}}, djsession.ErrConfig},
		{"no password", bare{finding{w.people}}, djauth.Options{}, djsession.ErrConfig},
		{"no password, and no hash", bare{finding{w.people}}, djauth.Options{AuthHash: djauth.AuthHash{None: true}}, nil},
		{"an unknown algorithm", w.people, djauth.Options{AuthHash: djauth.AuthHash{Algorithm: "SHA1"}}, djsession.ErrConfig},
		{"two texts", w.people, djauth.Options{AuthHash: djauth.AuthHash{Fields: []string{"email"}, None: true}}, djsession.ErrConfig},
		{"Sums with a salt", w.people, djauth.Options{AuthHash: djauth.AuthHash{Sums: sums, Salt: "x"}}, djsession.ErrConfig},
		{"a field without a name", w.people, djauth.Options{AuthHash: djauth.AuthHash{Fields: []string{""}}}, djsession.ErrConfig},
		{"fields", finding{w.people}, djauth.Options{AuthHash: djauth.AuthHash{Salt: "x", Fields: []string{"password", "email"}}}, nil},
	} {
		if _, err := djauth.New(djsession.New(memstore.New(w.site)), test.users, nil, &test.o); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
	}
}

// bare are users without a password.
type bare struct{ finding }

func (bare) ReadsField(string) bool { return false }

// An account for which the model's own hash cannot be made is in no session, and is not
// logged in.
func TestNoAuthHash(t *testing.T) {
	w := newWorld(t, func(o *djauth.Options) {
		o.AuthHash = djauth.AuthHash{Salt: "own.salt", Fields: []string{"token"}}
	})
	for _, extra := range []map[string]any{nil, {"token": nil}, {"token": 1.5}, {"token": ""}} {
		w.people.change("1", func(a *djauth.Account) { a.Extra = extra })
		if id, _ := w.who(w.put(w.login()...)); !errors.Is(id.Why(), djauth.ErrHash) {
			t.Errorf("%v: got %v", extra, id.Why())
		}
		var err error
		w.in("", func(r *http.Request) { err = w.auth.Login(r.Context(), w.account("1"), "") })
		if !errors.Is(err, djsession.ErrConfig) {
			t.Errorf("%v: Login: got %v", extra, err)
		}
	}
}
