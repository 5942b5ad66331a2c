package dbusers_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
)

// What Detect says of tables that no Django has made as they are. Those that one
// has made are in TestDjango.
func TestDetect(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		ctx := t.Context()
		db := d.open(t, nil)
		uuid := "char(32)"
		if d.d == dbstore.PostgreSQL {
			uuid = "uuid"
		}
		mustExec(t, db,
			"CREATE TABLE keyless (id bigint, username varchar(9), password varchar(9))",
			"CREATE TABLE keyed (uid "+uuid+" NOT NULL PRIMARY KEY, email varchar(9), password varchar(9))",
			"CREATE TABLE keyed_groups (id integer)",
			"CREATE TABLE nameless (id integer PRIMARY KEY, password varchar(9))",
			"CREATE TABLE open_door (id integer PRIMARY KEY, username varchar(9))",
			"CREATE VIEW seen AS SELECT id AS uid, username AS login, password FROM keyless",
		)
		for _, test := range []struct {
			name string
			o    dbusers.Options
			err  error
			id   djauth.IDKind
			key  string
			user string
		}{
			{name: "no table", o: dbusers.Options{}, err: dbusers.ErrNoTable},
			{name: "no table of that name", o: dbusers.Options{Table: "Keyed' OR '1'='1"}, err: dbusers.ErrNoTable},
			{name: "no primary key", o: dbusers.Options{Table: "keyless", ID: djauth.TextID}, id: djauth.IntegerID, key: "id", user: "username"},
			{name: "another name of the key", o: dbusers.Options{Table: "keyed"}, id: djauth.UUIDID, key: "uid", user: "email"},
			{name: "a view", o: dbusers.Options{Table: "seen", Columns: dbusers.Columns{ID: "uid", Username: "login"}}, id: djauth.IntegerID, key: "uid", user: "login"},
			{name: "a view without a name for the key", o: dbusers.Options{Table: "seen", Columns: dbusers.Columns{Username: "login"}}, err: djsession.ErrConfig},
			{name: "no name", o: dbusers.Options{Table: "nameless"}, err: djsession.ErrConfig},
			{name: "no password", o: dbusers.Options{Table: "open_door"}, err: djsession.ErrConfig},
			{name: "a column that is named and absent", o: dbusers.Options{Table: "keyed", Columns: dbusers.Columns{Staff: "boss"}}, err: djsession.ErrConfig},
			{name: "a further column that is absent", o: dbusers.Options{Table: "keyed", Extra: []string{"tenant"}}, err: djsession.ErrConfig},
			{name: "a table of groups that is named and absent", o: dbusers.Options{Table: "keyed", GroupsTable: "gone"}, err: dbusers.ErrNoTable},
			{name: "tables that are said not to be", o: dbusers.Options{Table: "keyed", GroupsTable: dbusers.None}, id: djauth.UUIDID, key: "uid", user: "email"},
		} {
			o, err := dbusers.Detect(ctx, db, d.d, &test.o)
			switch {
			case !errors.Is(err, test.err) || (err == nil) != (test.err == nil) || (o == nil) != (err != nil):
				t.Errorf("%s: got error %v, want %v", test.name, err, test.err)
			case err != nil && strings.Contains(err.Error(), "OR '1'='1") != strings.Contains(test.o.Table, "OR"):
				t.Errorf("%s: got %v", test.name, err)
			case err != nil:
			case o.ID != test.id || o.Columns.ID != test.key || o.Columns.Username != test.user || o.PermissionsTable != dbusers.None:
				t.Errorf("%s: got %+v", test.name, o)
			case (o.GroupsTable == dbusers.None) != (test.o.Table != "keyed" || test.o.GroupsTable != ""):
				t.Errorf("%s: got %+v", test.name, o)
			}
		}

		// A database that is down is no absent table.
		p := new(probe)
		down := d.open(t, p)
		p.set(errUnplugged)
		if _, err := dbusers.Detect(ctx, down, d.d, nil); !errors.Is(err, djsession.ErrUnavailable) || errors.Is(err, dbusers.ErrNoTable) || strings.Contains(err.Error(), "canary") {
			t.Errorf("down: got %v, want ErrUnavailable", err)
		}
	})
}

// Tables in a schema, of MySQL a database, of SQLite an attached file.
func TestSchema(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		ctx := t.Context()
		db := d.open(t, nil)
		db.SetMaxOpenConns(1) // what is attached is so for one connection
		make := "CREATE SCHEMA `Other`"
		switch d.d {
		case dbstore.SQLite:
			make = "ATTACH ':memory:' AS `Other`"
		case dbstore.MySQL:
			t.Cleanup(func() { mustExec(t, d.open(t, nil), "DROP DATABASE `Other`") })
		}
		queries := []string{
			make,
			"CREATE TABLE auth_user (id integer PRIMARY KEY, email varchar(9), password varchar(9))",
			"CREATE TABLE `Other`.auth_user (id integer PRIMARY KEY, username varchar(9), password varchar(9))",
			"CREATE TABLE `Other`.auth_user_groups (user_id integer, group_id integer)",
			"CREATE TABLE `Other`.auth_user_user_permissions (user_id integer, permission_id integer)",
			"CREATE TABLE `Other`.auth_group (id integer, name varchar(9))",
			"CREATE TABLE `Other`.auth_group_permissions (group_id integer, permission_id integer)",
			"CREATE TABLE `Other`.auth_permission (id integer, codename varchar(9), content_type_id integer)",
			"CREATE TABLE `Other`.django_content_type (id integer, app_label varchar(9))",
			"INSERT INTO `Other`.auth_user VALUES (7, 'ada', 'x')",
			"INSERT INTO `Other`.auth_user_groups VALUES (7, 1)",
			"INSERT INTO `Other`.auth_group VALUES (1, 'staff')",
		}
		for _, q := range queries {
			if d.d != dbstore.MySQL {
				q = strings.ReplaceAll(q, "`", `"`)
			}
			mustExec(t, db, q)
		}
		for name, o := range map[string]dbusers.Options{
			"Schema":      {Schema: "Other"},
			"with a dot":  {Table: "Other.auth_user", Schema: "Other"},
			"dot and all": {Table: "Other.auth_user", GroupsTable: "Other.auth_user_groups", PermissionsTable: "Other.auth_user_user_permissions", Schema: "Other"},
		} {
			opts, err := dbusers.Detect(ctx, db, d.d, &o)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if opts.Columns.Email != dbusers.None || opts.GroupsTable == dbusers.None {
				t.Errorf("%s: got the Options of the table outside: %+v", name, opts)
			}
			u := dbusers.New(newSite(t, nil), db, d.d, opts)
			a, err := u.ByName(ctx, "ada")
			if err != nil || a.ID != "7" {
				t.Errorf("%s: got %v, %v", name, a, err)
			}
			g, err := u.Grants(ctx, "7")
			if err != nil || len(g.Groups) != 1 {
				t.Errorf("%s: got %v, %v, want a group", name, g, err)
			}
		}
	})
}
