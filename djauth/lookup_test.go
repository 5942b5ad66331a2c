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
