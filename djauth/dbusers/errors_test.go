package dbusers_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/djsession/memstore"
)

// each runs f on a new database of each kind.
func each(t *testing.T, f func(t *testing.T, d database)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { f(t, sqlite(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { f(t, postgres(t)) })
	t.Run("MariaDB", func(t *testing.T) { f(t, mysql(t, "utf8mb4")) })
}

// operations returns all methods that use the database.
func operations(ctx context.Context, u *dbusers.Users, id string) map[string]func() error {
	return map[string]func() error{
		"ByID":   func() error { _, err := u.ByID(ctx, id); return err },
		"ByName": func() error { _, err := u.ByName(ctx, "canary"); return err },
		"Find": func() error {
			_, err := u.Find(ctx, djauth.Lookup{Columns: []string{"email"}, IgnoreCase: true}, "canary")
			return err
		},
		"ByIDs":       func() error { return u.ByIDs(ctx, []string{id}, func(*djauth.Account) {}) },
		"Grants":      func() error { _, err := u.Grants(ctx, id); return err },
		"RecordLogin": func() error { return u.RecordLogin(ctx, id, time.Unix(1, 0)) },
		"SetPassword": func() error {
			return u.SetPassword(ctx, id, djauth.EncodedOf("canary$1"), djauth.EncodedOf("canary$2"))
		},
	}
}

// Options that cannot work are ErrConfig from djauth.New and from every method, without a
// statement.
func TestOptions(t *testing.T) {
	for _, test := range []struct {
		name   string
		d      dbstore.Dialect
		o      dbusers.Options
		detect bool // Detect refuses it too; otherwise the name is only a value there
	}{
		{"no Dialect", dbstore.Dialect{}, dbusers.Options{}, true},
		{"Model without an app", dbstore.SQLite, dbusers.Options{Model: "User"}, true},
		{"Model with a path", dbstore.SQLite, dbusers.Options{Model: "site.accounts.User"}, true},
		{"Model without a name", dbstore.SQLite, dbusers.Options{Model: "accounts."}, true},
		{"Table with a quote", dbstore.SQLite, dbusers.Options{Table: `auth_user" --`}, false},
		{"Table with two dots", dbstore.SQLite, dbusers.Options{Table: "a.b.c"}, true},
		{"GroupsTable with a backquote", dbstore.MySQL, dbusers.Options{GroupsTable: "a`b"}, false},
		{"PermissionsTable with a placeholder", dbstore.MySQL, dbusers.Options{PermissionsTable: "a?"}, false},
		{"Schema with a quote", dbstore.PostgreSQL, dbusers.Options{Schema: `a"b`}, false},
		{"UserColumn with a semicolon", dbstore.PostgreSQL, dbusers.Options{UserColumn: "a;b"}, false},
		{"a column with a NUL", dbstore.SQLite, dbusers.Options{Columns: dbusers.Columns{Email: "a\x00"}}, false},
		{"Extra with a bracket", dbstore.SQLite, dbusers.Options{Extra: []string{"a]"}}, false},
		{"Extra without a name", dbstore.SQLite, dbusers.Options{Extra: []string{""}}, false},
		{"no ID", dbstore.SQLite, dbusers.Options{Columns: dbusers.Columns{ID: dbusers.None}}, true},
		{"a Parent without a Table", dbstore.SQLite, dbusers.Options{Parents: []dbusers.Parent{{Key: "id"}}}, true},
		{"a Parent with a quote", dbstore.SQLite, dbusers.Options{Parents: []dbusers.Parent{{Table: `a"b`}}}, false},
		{"ToColumn alone", dbstore.SQLite, dbusers.Options{ToColumn: func(s string) (string, error) { return s, nil }}, true},
		{"a column and a function", dbstore.SQLite, dbusers.Options{Columns: dbusers.Columns{Staff: "boss"}, Staff: func(*djauth.Account) bool { return true }}, true},
		{"Where with a quote", dbstore.SQLite, dbusers.Options{Where: []djauth.Condition{{Column: `a"b`}}}, false},
		{"Where with a time", dbstore.SQLite, dbusers.Options{Where: []djauth.Condition{{Column: "until", Is: time.Unix(1, 0)}}}, false},
		{"Where with no value", dbstore.SQLite, dbusers.Options{Where: []djauth.Condition{{Column: "status", Is: []any{}}}}, false},
		{"another kind", dbstore.SQLite, dbusers.Options{ID: 7}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := new(probe)
			db := open(t, "sqlite", "file::memory:", p)
			site := newSite(t, nil)
			users := dbusers.New(site, db, test.d, &test.o)
			ops := operations(t.Context(), users, "1")
			ops["djauth.New"] = func() error {
				_, err := djauth.New(djsession.New(memstore.New(site)), users, nil, nil)
				return err
			}
			if test.detect {
				ops["Detect"] = func() error { _, err := dbusers.Detect(t.Context(), db, test.d, &test.o); return err }
			}
			for doing, f := range ops {
				if err := f(); !errors.Is(err, djsession.ErrConfig) {
					t.Errorf("%s: got %v, want ErrConfig", doing, err)
				}
			}
			if sent := p.take(); len(sent) > 0 {
				t.Errorf("%q was sent", sent)
			}
		})
	}
}

// Errors say what is wrong with the tables, without the driver's text.
func TestHints(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		ctx := t.Context()
		db := d.open(t, nil)
		check := func(what, hint string, ops map[string]func() error) {
			t.Helper()
			for doing, f := range ops {
				err := f()
				if !errors.Is(err, djsession.ErrUnavailable) || errors.Is(err, djauth.ErrNoUser) {
					t.Errorf("%s: %s: got %v, want ErrUnavailable", what, doing, err)
					continue
				}
				for _, text := range []string{err.Error(), fmt.Sprintf("%#v", err)} {
					if !strings.Contains(text, hint) || strings.Contains(text, "canary") || strings.Contains(text, "ERROR:") || strings.Contains(text, "Error 1") {
						t.Errorf("%s: %s: got %q, want %q in it and no more", what, doing, text, hint)
					}
				}
			}
		}
		check("no table", "there is no table auth_user", operations(ctx, dbusers.New(newSite(t, nil), db, d.d, nil), "1"))

		mustExec(t, db, "CREATE TABLE auth_user (id integer NOT NULL PRIMARY KEY, username varchar(150) NOT NULL, password varchar(10) NOT NULL)",
			"INSERT INTO auth_user VALUES (1, 'canary', 'canary$2')")
		ops := operations(ctx, dbusers.New(newSite(t, nil), db, d.d, nil), "1")
		delete(ops, "Grants")
		delete(ops, "SetPassword") // its column exists
		check("no columns", "has not the columns", ops)

		// Other kinds of keys. For MySQL '07' equals 7.
		mustExec(t, db, "CREATE TABLE texts (id varchar(40) NOT NULL PRIMARY KEY, username varchar(150) NOT NULL, password varchar(10) NOT NULL)",
			"INSERT INTO texts VALUES ('07', 'canary', '')")
		const none = dbusers.None
		o := dbusers.Options{Table: "texts", GroupsTable: none, PermissionsTable: none, Columns: dbusers.Columns{
			Active: none, Staff: none, Superuser: none, Email: none, FirstName: none, LastName: none, LastLogin: none, Joined: none,
		}}
		ops = operations(ctx, dbusers.New(newSite(t, nil), db, d.d, &o), "7")
		err := ops["ByID"]()
		if d.d == dbstore.SQLite && errors.Is(err, djauth.ErrNoUser) {
			err = djsession.ErrUnavailable // SQLite compares as text
		}
		if !errors.Is(err, djsession.ErrUnavailable) {
			t.Errorf("a key of text that is said to be a number: got %v, want ErrUnavailable", err)
		}
		check("another kind", "than Options.ID says", map[string]func() error{"ByName": ops["ByName"]})
		if d.d != dbstore.SQLite {
			ops := operations(ctx, dbusers.New(newSite(t, nil), db, d.d, &dbusers.Options{
				Table: "auth_user", GroupsTable: none, PermissionsTable: none, Columns: o.Columns,
			}), "1")
			long := djauth.EncodedOf(strings.Repeat("canary", 5))
			u := dbusers.New(newSite(t, nil), db, d.d, &dbusers.Options{Table: "auth_user", Columns: o.Columns})
			check("too long", "is too short for the value", map[string]func() error{
				"SetPassword": func() error { return u.SetPassword(ctx, "1", long, djauth.EncodedOf("canary$2")) },
			})
			if err := ops["SetPassword"](); err != nil { // the shorter one fits
				t.Error(err)
			}
		}
		// Two users with one name.
		mustExec(t, db, "INSERT INTO texts VALUES ('8x', 'canary', '')")
		o.ID = djauth.TextID
		check("two", "more than one", map[string]func() error{"ByName": operations(ctx, dbusers.New(newSite(t, nil), db, d.d, &o), "8")["ByName"]})
	})
}

// coded is an error with a code, as drivers return it.
type coded string

func (c coded) Error() string    { return string(c) + " canary" }
func (c coded) SQLState() string { return string(c) }

// Locks and deadlocks are retried, other errors are not.
func TestRetry(t *testing.T) {
	for _, test := range []struct {
		d     dbstore.Dialect
		err   error
		again bool
	}{
		{dbstore.SQLite, errors.New("database is locked"), true},
		{dbstore.SQLite, errors.New("disk I/O error"), false},
		{dbstore.PostgreSQL, coded("40001"), true},
		{dbstore.PostgreSQL, coded("40P01"), true},
		{dbstore.PostgreSQL, coded("0A000"), true},
		{dbstore.PostgreSQL, coded("57014"), false},
		{dbstore.MySQL, errors.New("Error 1213 (40001): Deadlock found"), true},
		{dbstore.MySQL, errors.New("ERROR 1205 (HY000): Lock wait timeout exceeded"), true},
		{dbstore.MySQL, fmt.Errorf("wrapped: %w", errors.New("Error 1213: Deadlock")), true},
		{dbstore.MySQL, errors.New("Error 12130 (40001): x"), false},
		{dbstore.MySQL, errors.New("Error "), false},
		{dbstore.MySQL, errors.New("invalid connection"), true}, // where the connection is looked at, before the statement
	} {
		p := new(probe)
		// The statements are for another database, but the probe stops them.
		ops := operations(t.Context(), dbusers.New(newSite(t, nil), open(t, "sqlite", "file::memory:", p), test.d, nil), "1")
		for doing, f := range ops {
			last := errors.New("the last one")
			p.set(last, test.err, test.err)
			p.take()
			err := f()
			want := 1
			if test.again {
				want = 3
			}
			if got := len(p.take()); got != want || !errors.Is(err, djsession.ErrUnavailable) || errors.Is(err, last) != test.again {
				t.Errorf("%v: %v: %s: %d statements and %v, want %d", test.d, test.err, doing, got, err, want)
			}
		}
	}
}

// A method waits for a lock no longer than its context allows.
func TestLocked(t *testing.T) {
	d := sqlite(t)
	db := d.open(t, nil)
	mustExec(t, db, "CREATE TABLE auth_user (id integer PRIMARY KEY, last_login datetime)", "INSERT INTO auth_user VALUES (1, NULL)")
	other, err := d.open(t, nil).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.ExecContext(t.Context(), "BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	u := dbusers.New(newSite(t, nil), db, d.d, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := u.RecordLogin(ctx, "1", time.Unix(1, 0)); !errors.Is(err, djsession.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want ErrUnavailable and DeadlineExceeded", err)
	}
	if _, err := other.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := u.RecordLogin(t.Context(), "1", time.Unix(1, 0)); err != nil {
		t.Error(err)
	}
}

// Dates as they can be in old or foreign rows.
func TestDates(t *testing.T) {
	berlin := time.FixedZone("", 3600)
	for _, test := range []struct {
		text string
		zone *time.Location
		want string // "" means the zero time
		bad  bool
	}{
		{text: "2026-03-04 05:06:07", want: "2026-03-04T05:06:07Z"},
		{text: "2026-03-04 05:06:07.5", want: "2026-03-04T05:06:07.5Z"},
		{text: "2026-03-04 05:06:07.123456", zone: berlin, want: "2026-03-04T04:06:07.123456Z"},
		{text: "2026-03-04T05:06:07+02:00", zone: berlin, want: "2026-03-04T03:06:07Z"},
		{text: "2026-03-04 05:06:07.25+00:00", zone: berlin, want: "2026-03-04T05:06:07.25Z"},
		{text: "0001-01-01 00:00:00", want: ""},
		{text: "0000-00-00 00:00:00", want: ""}, // MySQL's NULL before strict mode
		{text: "0000-00-00 00:00:00.000000", want: ""},
		{text: "2026-03-04T05:06:07.5", want: "2026-03-04T05:06:07.5Z"},
		{text: "2026-03-04 05:06", want: "2026-03-04T05:06:00Z"},
		{text: "2026-3-4 5:06:07", zone: berlin, want: "2026-03-04T04:06:07Z"},
		{text: "2026-03-04 05:06:07+00", want: "2026-03-04T05:06:07Z"},
		{text: "2026-03-04 05:06:07 -0130", want: "2026-03-04T06:36:07Z"},
		{text: "2026-03-04 05:06:07,123456789Z", want: "2026-03-04T05:06:07.123456Z"},
		{text: "2026-03-04", want: "2026-03-04T00:00:00Z"},
		{text: "yesterday", want: ""},
		{text: "", want: ""},
		{text: "1767225600", want: ""},
		{text: "2026-13-04 05:06:07", bad: true}, // a 500 in Django
		{text: "2026-03-04 25:06", bad: true},
	} {
		d := sqlite(t)
		db := d.open(t, nil)
		mustExec(t, db, "CREATE TABLE auth_user (id integer PRIMARY KEY, username text, password text, last_login datetime)")
		if _, err := db.Exec("INSERT INTO auth_user VALUES (1, 'canary', '', ?)", test.text); err != nil {
			t.Fatal(err)
		}
		const none = dbusers.None
		columns := dbusers.Columns{Active: none, Staff: none, Superuser: none, Email: none, FirstName: none, LastName: none, Joined: none}
		for how, users := range map[string]*dbusers.Users{
			"TIME_ZONE":             dbusers.New(newSite(t, test.zone), db, d.d, &dbusers.Options{Columns: columns}),
			"DATABASES' TIME_ZONE":  dbusers.New(newSite(t, nil), db, d.d, &dbusers.Options{Columns: columns, TimeZone: test.zone}),
			"both, TIME_ZONE first": dbusers.New(newSite(t, test.zone), db, d.d, &dbusers.Options{Columns: columns, TimeZone: time.UTC}),
		} {
			if how == "both, TIME_ZONE first" && test.zone == nil {
				continue
			}
			a, err := users.ByID(t.Context(), "1")
			switch {
			case test.bad:
				if !errors.Is(err, djsession.ErrUnavailable) || !strings.Contains(err.Error(), "no date") {
					t.Errorf("%q: got %v, want ErrUnavailable", test.text, err)
				}
			case err != nil:
				t.Errorf("%q: %v", test.text, err)
			case test.want == "":
				if !a.LastLogin.IsZero() {
					t.Errorf("%q, %s: got %v, want zero", test.text, how, a.LastLogin)
				}
			case a.LastLogin.Format(time.RFC3339Nano) != test.want:
				t.Errorf("%q, %s: got %v, want %s", test.text, how, a.LastLogin, test.want)
			}
		}
	}
}

// NULLs in columns that are not NULL in Django's own model.
func TestNulls(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		db := d.open(t, nil)
		moment := map[dbstore.Dialect]string{dbstore.SQLite: "datetime", dbstore.PostgreSQL: "timestamptz", dbstore.MySQL: "datetime(6)"}[d.d]
		mustExec(t, db, strings.ReplaceAll("CREATE TABLE auth_user (id integer PRIMARY KEY, username varchar(9), password varchar(9), is_active bool,"+
			" is_staff bool, is_superuser bool, email varchar(9), first_name varchar(9), last_name varchar(9), last_login MOMENT NULL, date_joined MOMENT NULL, more varchar(9))", "MOMENT", moment),
			"INSERT INTO auth_user (id) VALUES (1)")
		a, err := dbusers.New(newSite(t, nil), db, d.d, &dbusers.Options{Extra: []string{"more"}}).ByID(t.Context(), "1")
		if err != nil {
			t.Fatal(err)
		}
		if v, ok := a.Extra["more"]; v != nil || !ok {
			t.Errorf("Extra: got %v", a.Extra)
		}
		a.Extra = nil
		if got, want := fmt.Sprintf("%+v", show(a)), fmt.Sprintf("%+v", show(&djauth.Account{ID: "1"})); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}
