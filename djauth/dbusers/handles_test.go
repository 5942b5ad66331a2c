package dbusers_test

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djauth/userstest"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/internal/userstable/authsite"
)

// The options of the handle do not matter.
func TestHandles(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python some times")
	}
	for _, test := range []struct{ name, options string }{
		{"sqlite3", "?_time_format=sqlite&_texttotime=1&_pragma=foreign_keys(1)"},
		{"postgresql", "&default_query_exec_mode=simple_protocol&timezone=Asia/Tehran"},
		{"mysql", "?parseTime=true&loc=Asia%2FTehran&clientFoundRows=true&interpolateParams=true"},
	} {
		t.Run(test.name+" "+test.options, func(t *testing.T) {
			var d database
			switch test.name {
			case "sqlite3":
				d = sqlite(t)
			case "postgresql":
				d = postgres(t)
			case "mysql":
				d = mysql(t, "utf8mb4")
			}
			const model = "auth.User"
			_, people := authsite.Start(t, "6.1", d.engine, model, "-", d.options...)
			tables := authsite.Tables{DB: d.open(t, nil), Dialect: d.d, Options: authsite.Options(model, dbusers.Options{})}
			d.dsn += test.options
			p := new(probe)
			users := dbusers.New(newSite(t, nil), d.open(t, p), d.d, nil)
			compareAll(t, users, people)
			userstest.Run(t, harness(tables, users, p))
		})
	}
}

// In MySQL each table may have another, older character set: the default when the site's
// migrations ran.
func TestCharacterSets(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python some times")
	}
	for _, charset := range []string{"latin1", "utf8mb3"} {
		t.Run(charset, func(t *testing.T) {
			ctx := t.Context()
			d := mysql(t, charset)
			_, people := authsite.Start(t, "6.1", d.engine, "accounts.Client", "-", d.options...)
			db := d.open(t, nil)
			mustExec(t, db,
				"ALTER TABLE auth_group CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
				"ALTER TABLE auth_permission CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
			given := authsite.Models["accounts.Client"]
			opts, err := dbusers.Detect(ctx, db, d.d, &given)
			if err != nil {
				t.Fatal(err)
			}
			users := dbusers.New(newSite(t, nil), db, d.d, opts)
			compareAll(t, users, people)
			for _, odd := range []string{"😀", "山田", "Zoë", "\u200b"} {
				if _, err := users.ByName(ctx, odd); !errors.Is(err, djauth.ErrNoUser) {
					t.Errorf("ByName %q: got %v, want ErrNoUser", odd, err)
				}
				if _, err := users.ByID(ctx, odd); !errors.Is(err, djauth.ErrNoUser) {
					t.Errorf("ByID %q: got %v, want ErrNoUser", odd, err)
				}
				if err := users.SetPassword(ctx, odd, djauth.EncodedOf("x"), djauth.EncodedOf("y")); !errors.Is(err, djauth.ErrNoUser) {
					t.Errorf("SetPassword %q: got %v, want ErrNoUser", odd, err)
				}
				if err := users.RecordLogin(ctx, odd, someTime); !errors.Is(err, djauth.ErrNoUser) {
					t.Errorf("RecordLogin %q: got %v, want ErrNoUser", odd, err)
				}
				if g, err := users.Grants(ctx, odd); err != nil || len(g.Permissions)+len(g.Groups) > 0 {
					t.Errorf("Grants %q: got %v, %v, want none", odd, g, err)
				}
				n := 0
				if err := users.ByIDs(ctx, []string{people[0].ID, odd, people[1].ID}, func(*djauth.Account) { n++ }); n != 2 || err != nil {
					t.Errorf("ByIDs %q and two: got %d, %v", odd, n, err)
				}
			}
		})
	}
}

// PostgreSQL's type citext ignores case, and so does ByName.
func TestCitext(t *testing.T) {
	d := postgres(t)
	db := d.open(t, nil)
	if _, err := db.Exec("CREATE EXTENSION citext"); err != nil {
		testserver.Lacks(t, "PostgreSQL is here without the extension citext")
	}
	mustExec(t, db, "CREATE TABLE accounts_user (id bigint PRIMARY KEY, email citext, password text)",
		"INSERT INTO accounts_user VALUES (7, 'Ada@example.com', '')")
	opts, err := dbusers.Detect(t.Context(), db, d.d, &dbusers.Options{Model: "accounts.User", Columns: dbusers.Columns{Username: "email", Active: dbusers.None}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := dbusers.New(newSite(t, nil), db, d.d, opts).ByName(t.Context(), "ada@EXAMPLE.com")
	if err != nil || a.ID != "7" || a.Name != "Ada@example.com" {
		t.Errorf("got %v, %v, want the account 7", a, err)
	}
}

// A name that a numeric column cannot hold belongs to nobody.
func TestNumbers(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		db := d.open(t, nil)
		mustExec(t, db, "CREATE TABLE accounts_user (id bigint PRIMARY KEY, phone bigint, password varchar(9))",
			"INSERT INTO accounts_user VALUES (7, 491234567, '')")
		opts, err := dbusers.Detect(t.Context(), db, d.d, &dbusers.Options{Model: "accounts.User", Columns: dbusers.Columns{Username: "phone", Active: dbusers.None}})
		if err != nil {
			t.Fatal(err)
		}
		users := dbusers.New(newSite(t, nil), db, d.d, opts)
		if a, err := users.ByName(t.Context(), "491234567"); err != nil || a.ID != "7" || a.Name != "491234567" {
			t.Errorf("got %v, %v, want the account 7", a, err)
		}
		for _, name := range []string{"ada", "", "9223372036854775808", "49123456", "491234568"} {
			if _, err := users.ByName(t.Context(), name); !errors.Is(err, djauth.ErrNoUser) {
				t.Errorf("%q: got %v, want ErrNoUser", name, err)
			}
		}
	})
}

// checkIndexes checks that the statements find their rows with an index, for every type of
// key.
func checkIndexes(t *testing.T, d database, tables authsite.Tables, u *dbusers.Users, p *probe) {
	t.Helper()
	ctx, opts := t.Context(), tables.Options
	fill(t, tables, 400)
	id := nth(opts.ID, 200)
	ops := map[string]func() error{
		"ByID":        func() error { _, err := u.ByID(ctx, id); return err },
		"ByName":      func() error { _, err := u.ByName(ctx, "user 200"); return err },
		"ByIDs":       func() error { return u.ByIDs(ctx, []string{id, nth(opts.ID, 201)}, func(*djauth.Account) {}) },
		"SetPassword": func() error { return u.SetPassword(ctx, id, djauth.EncodedOf("y"), djauth.EncodedOf("x")) },
	}
	if opts.GroupsTable != dbusers.None {
		ops["Grants"] = func() error { _, err := u.Grants(ctx, id); return err }
	}
	if opts.Columns.LastLogin != dbusers.None {
		ops["RecordLogin"] = func() error { return u.RecordLogin(ctx, id, someTime) }
	}
	for doing, f := range ops {
		p.take()
		if err := f(); err != nil {
			t.Fatalf("%s: %v", doing, err)
		}
		plan := explain(t, d, p.take()[0], p.args)
		for _, scan := range []string{"Seq Scan on " + opts.Table, "Seq Scan on \"" + opts.Table, "SCAN ", "type=ALL", "type=index "} {
			if strings.Contains(plan, scan) {
				t.Errorf("%s scans a table: %s", doing, plan)
			}
		}
	}
}

func nth(kind djauth.IDKind, n int) string {
	switch kind {
	case djauth.UUIDID:
		return fmt.Sprintf("0a1b2c3d-4e5f-4a6b-8c7d-%012x", n)
	case djauth.TextID:
		return fmt.Sprintf("key %d", n)
	}
	return fmt.Sprint(1000 + n)
}

// fill adds users, each with a permission and a group.
func fill(t *testing.T, b authsite.Tables, n int) {
	t.Helper()
	b.Clear(t)
	for i := range n {
		b.Put(t, &djauth.Account{ID: nth(b.Options.ID, i), Name: fmt.Sprint("user ", i), Password: djauth.EncodedOf("x"), Joined: someTime})
	}
	analyze := "ANALYZE"
	if b.Dialect == dbstore.MySQL {
		analyze = "ANALYZE TABLE `" + b.Options.Table + "`"
	}
	if b.Options.GroupsTable == dbusers.None {
		b.Exec(t, analyze)
		return
	}
	for i := range 50 { // a database reads small tables without an index
		b.Exec(t, "INSERT INTO auth_group (name) VALUES (?)", fmt.Sprint("group ", i))
	}
	key, column := b.Options.Columns.ID, b.Options.UserColumn
	b.Exec(t, "INSERT INTO `"+b.Options.GroupsTable+"` (`"+column+"`, group_id) SELECT u.`"+key+"`, g.id FROM `"+b.Options.Table+"` u, auth_group g WHERE g.name = 'group 7'")
	b.Exec(t, "INSERT INTO `"+b.Options.PermissionsTable+"` (`"+column+"`, permission_id) SELECT u.`"+key+"`, p.id FROM `"+b.Options.Table+"` u, auth_permission p WHERE p.codename = 'add_group'")
	if b.Dialect == dbstore.MySQL {
		analyze += ", `" + b.Options.GroupsTable + "`, `" + b.Options.PermissionsTable + "`"
	}
	b.Exec(t, analyze)
}

// explain returns the plan of a statement as text.
func explain(t *testing.T, d database, query string, named []driver.NamedValue) string {
	t.Helper()
	prefix := "EXPLAIN "
	if d.d == dbstore.SQLite {
		prefix = "EXPLAIN QUERY PLAN "
	}
	var args []any
	for _, a := range named {
		args = append(args, a.Value)
	}
	if d.d == dbstore.PostgreSQL { // it may read a small table without an index
		d.dsn += "&enable_seqscan=off"
	}
	rows, err := d.open(t, nil).Query(prefix+query, args...)
	if err != nil {
		t.Fatalf("%s%s: %v", prefix, query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var plan []string
	for rows.Next() {
		dest := make([]any, len(columns))
		for i := range dest {
			dest[i] = new(any)
		}
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		for i := range dest {
			v := *dest[i].(*any)
			if b, ok := v.([]byte); ok {
				v = string(b)
			}
			plan = append(plan, fmt.Sprintf("%s=%v", columns[i], v))
		}
	}
	return strings.Join(plan, " ")
}

var someTime = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
