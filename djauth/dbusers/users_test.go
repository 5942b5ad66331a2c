package dbusers_test

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djauth/userstest"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/fixtures/demo"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/internal/userstable/authsite"
)

var every = flag.Bool("every", false, "run TestDjango with every combination")

// The contract holds on a copy of a database of Django 5.2. This test needs only Go.
func TestUsers(t *testing.T) {
	path := filepath.Join(testserver.Dir(t), "db.sqlite3")
	if err := os.WriteFile(path, demo.Database, 0o600); err != nil {
		t.Fatal(err)
	}
	dsn, p := "file:"+filepath.ToSlash(path), new(probe)
	users := dbusers.New(newSite(t, nil), open(t, "sqlite", dsn, p), dbstore.SQLite, nil)
	tables := authsite.Tables{DB: open(t, "sqlite", dsn, nil), Dialect: dbstore.SQLite, Options: authsite.Options("auth.User", dbusers.Options{})}
	userstest.Run(t, harness(tables, users, p))
}

// No statement has more parameters than an old SQLite allows.
func TestChunks(t *testing.T) {
	p := new(probe)
	path := filepath.Join(testserver.Dir(t), "db.sqlite3")
	if err := os.WriteFile(path, demo.Database, 0o600); err != nil {
		t.Fatal(err)
	}
	users := dbusers.New(newSite(t, nil), open(t, "sqlite", "file:"+filepath.ToSlash(path), p), dbstore.SQLite, nil)
	for n, want := range map[int]int{0: 0, 1: 1, 500: 1, 501: 2, 1001: 3} {
		var ids []string
		for i := range n {
			ids = append(ids, strconv.Itoa(i+1))
		}
		found := 0
		if err := users.ByIDs(t.Context(), ids, func(*djauth.Account) { found++ }); err != nil {
			t.Fatal(err)
		}
		sent := p.take()
		if len(sent) != want || found != min(n, 3) {
			t.Errorf("%d ids: %d statements and %d accounts, want %d and %d", n, len(sent), found, want, min(n, 3))
		}
		for _, query := range sent {
			if marks := strings.Count(query, "?"); marks > 999 {
				t.Errorf("%d ids: a statement has %d parameters", n, marks)
			}
		}
	}
}

// harness runs the suite on tables.
func harness(tables authsite.Tables, users djauth.Users, p *probe) userstest.Harness {
	h := userstest.Harness{
		Open: func(t *testing.T) userstest.Engine {
			tables.Clear(t)
			e := tables.Engine()
			e.Users = users
			e.Statements = func() int { return len(p.take()) }
			e.Break = func(testing.TB) func() {
				p.set(errUnplugged)
				return func() { p.set(nil) }
			}
			return e
		},
		Adapt:     tables.Adapt,
		FoldsCase: tables.Dialect == dbstore.MySQL,
		Skip:      map[string]string{},
	}
	if tables.Options.GroupsTable == dbusers.None {
		h.Skip["grants/"] = "the model has no permissions"
	}
	if tables.Dialect == dbstore.MySQL && tables.Options.ID == djauth.TextID {
		h.Skip["many/odd"] = "the collation takes some of the ids for others"
	}
	return h
}

type combination struct{ version, engine, model, zone string }

// Django makes and fills the tables. Both sides read what the other wrote, and the contract
// holds on Django's tables.
func TestDjango(t *testing.T) {
	const utc, local = "-", "Asia/Tehran"
	tests := []combination{
		{"2.2", "sqlite3", "auth.User", local},
		{"6.1", "sqlite3", "accounts.Member", utc},
		{"6.1", "sqlite3", "accounts.Person", local},
		{"5.2", "sqlite3", "accounts.Bare", utc},
		{"2.2", "postgresql", "accounts.Client", local},
		{"5.2", "postgresql", "auth.User", utc},
		{"6.1", "postgresql", "accounts.Member", utc},
		{"4.2", "postgresql", "accounts.Person", local},
		{"2.2", "mysql", "auth.User", utc},
		{"4.2", "mysql", "accounts.Member", local}, // char(32)
		{"6.1", "mysql", "accounts.Member", utc},   // uuid
		{"5.2", "mysql", "accounts.Client", local},
	}
	switch {
	case testing.Short():
		tests = tests[1:2]
	case *every:
		tests = nil
		for _, version := range []string{"2.2", "3.2", "4.2", "5.2", "6.1"} {
			for _, engine := range []string{"sqlite3", "postgresql", "mysql"} {
				for model := range authsite.Models {
					tests = append(tests, combination{version, engine, model, utc}, combination{version, engine, model, local})
				}
			}
		}
	}
	for _, test := range tests {
		t.Run(test.version+" "+test.engine+" "+test.model+" "+test.zone, func(t *testing.T) { test.run(t) })
	}
}

func (c combination) run(t *testing.T) {
	ctx := t.Context()
	d := map[string]func() database{
		"sqlite3":    func() database { return sqlite(t) },
		"postgresql": func() database { return postgres(t) },
		"mysql":      func() database { return mysql(t, "utf8mb4") },
	}[c.engine]()
	var zone *time.Location
	if c.zone != "-" {
		var err error
		if zone, err = time.LoadLocation(c.zone); err != nil {
			testserver.Lacks(t, "there is no time zone database here")
		}
	}
	site, people := authsite.Start(t, c.version, c.engine, c.model, c.zone, d.options...)
	p := new(probe)
	db := d.open(t, p)

	// Detect completes the Options.
	given := authsite.Models[c.model]
	before := given
	opts, err := dbusers.Detect(ctx, db, d.d, &given)
	if err != nil {
		t.Fatal(err)
	}
	if want := authsite.Options(c.model, given); !reflect.DeepEqual(opts, want) {
		t.Fatalf("Detect: got  %+v\nwant %+v", opts, want)
	}
	if !reflect.DeepEqual(given, before) {
		t.Error("Detect has written to the Options that it was given")
	}
	users := dbusers.New(newSite(t, zone), db, d.d, opts)
	if got := users.IDKind(); got != opts.ID {
		t.Errorf("IDKind: got %v, want %v", got, opts.ID)
	}

	// We read what Django wrote.
	compareAll(t, users, people)

	compareFinds(t, site, users, people)

	// Django reads what we wrote.
	at := time.Date(2026, 7, 8, 9, 10, 11, 120000000, time.UTC)
	sum := md5.Sum([]byte("saltsaltsaltnew secret"))
	encoded := djauth.EncodedOf("md5$saltsaltsalt$" + hex.EncodeToString(sum[:]))
	for i := range people {
		switch who := &people[i]; i % 3 {
		case 0:
			if err := users.RecordLogin(ctx, who.ID, at.Add(time.Duration(i)*time.Second)); err != nil {
				t.Fatal(err)
			}
			if opts.Columns.LastLogin != dbusers.None {
				login := at.Add(time.Duration(i) * time.Second)
				who.Login = &login
			}
		case 1:
			if err := users.SetPassword(ctx, who.ID, encoded, djauth.EncodedOf(who.Password)); err != nil {
				t.Fatal(err)
			}
			who.Password, who.New = encoded.Reveal(), true
		}
	}
	if got := site.Look(t); !reflect.DeepEqual(got, people) {
		t.Errorf("after our writes Django sees\n%+v\nwant\n%+v", got, people)
	}

	// The contract.
	raw := d.open(t, nil)
	if d.d == dbstore.SQLite {
		raw = open(t, d.driver, d.dsn+"?_pragma=synchronous(0)", nil)
	}
	tables := authsite.Tables{DB: raw, Dialect: d.d, Options: opts, Zone: zone}
	userstest.Run(t, harness(tables, users, p))
	checkIndexes(t, d, tables, users, p)
}

// compareAll compares the accounts of users with those that Django reported.
func compareAll(t *testing.T, users *dbusers.Users, people []authsite.Person) {
	t.Helper()
	ctx := t.Context()
	if len(people) != 12 {
		t.Fatalf("Django has made %d users, want 12", len(people))
	}
	found := map[string]*djauth.Account{}
	var ids []string
	for _, who := range people {
		ids = append(ids, who.ID)
	}
	if err := users.ByIDs(ctx, ids, func(a *djauth.Account) { found[a.ID] = a }); err != nil {
		t.Fatal(err)
	}
	permissions := 0
	for _, who := range people {
		byID, err := users.ByID(ctx, who.ID)
		if err != nil {
			t.Fatal(err)
		}
		byName, err := users.ByName(ctx, who.Name)
		if err != nil {
			t.Fatal(err)
		}
		for how, got := range map[string]*djauth.Account{"ByID": byID, "ByName": byName, "ByIDs": found[who.ID]} {
			if want := who.Account(); !reflect.DeepEqual(got, want) {
				t.Errorf("%s of %s: got  %+v\nwant %+v", how, who.Name, show(got), show(want))
			}
		}
		g, err := users.Grants(ctx, who.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !same(g.Permissions, who.Permissions) || !same(g.Groups, who.Groups) {
			t.Errorf("Grants of %s: got %v\nwant %v and %v", who.Name, *g, who.Permissions, who.Groups)
		}
		permissions += len(g.Permissions)
	}
	if permissions == 0 && users.IDKind() != djauth.TextID {
		t.Error("Django has given no permission to anybody")
	}
}

// compareFinds looks up, on both sides, ids and names that are similar to those of users.
func compareFinds(t *testing.T, site *authsite.Site, users *dbusers.Users, people []authsite.Person) {
	t.Helper()
	ctx := t.Context()
	var ids, names []string
	for _, who := range people[:3] {
		for to, of := range map[*[]string]string{&ids: who.ID, &names: who.Name} {
			*to = append(*to, of, strings.ToUpper(of), strings.ToLower(of), of+" ", " "+of, of[1:], of[:len(of)-1], of+"x", of+"\t",
				strings.ReplaceAll(of, "ä", "a"), strings.ReplaceAll(of, "e", "é"), strings.ReplaceAll(of, "e", "%"), of+"\u200b")
		}
	}
	odd := []string{"", "%", "0", "-1", "2147483648", "9223372036854775807", "9223372036854775808", "99999999999999999999", "1e2", "100.0", "😀", "\x00"}
	ids, names = append(ids, odd...), append(names, odd...)
	byID, byName := site.Find(t, ids, names)
	for i, id := range ids {
		var got string
		// As djauth does with the id in a session.
		if parsed, err := users.IDKind().Parse(id); err == nil {
			got = idOf(t, func() (*djauth.Account, error) { return users.ByID(ctx, parsed) })
		}
		if got != byID[i] {
			t.Errorf("by the id %q: got %q, Django %q", id, got, byID[i])
		}
	}
	for i, name := range names {
		if got := idOf(t, func() (*djauth.Account, error) { return users.ByName(ctx, name) }); got != byName[i] {
			t.Errorf("by the name %q: got %q, Django %q", name, got, byName[i])
		}
	}
}

// idOf returns the id of the account that find returns, or "" for nobody.
func idOf(t *testing.T, find func() (*djauth.Account, error)) string {
	t.Helper()
	a, err := find()
	if errors.Is(err, djauth.ErrNoUser) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	return a.ID
}

func same(a, b []string) bool { return len(a) == 0 && len(b) == 0 || reflect.DeepEqual(a, b) }

// show returns a with its fields, because an Account does not print them.
func show(a *djauth.Account) any {
	if a == nil {
		return nil
	}
	type plain djauth.Account
	return plain(*a)
}
