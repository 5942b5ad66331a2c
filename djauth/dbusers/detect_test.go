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

// Detect on tables that no Django made this way. TestDjango has the tables of Django.
func TestDetect(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		ctx := t.Context()
		db := d.open(t, nil)
		uuid := "char(32)"
		if d.d == dbstore.PostgreSQL {
			uuid = "uuid"
		}
		mustExec(t, db,
			"CREATE TABLE keyless (id bigint, username varchar(9), password varchar(9), is_active boolean)",
			"CREATE TABLE keyed (uid "+uuid+" NOT NULL PRIMARY KEY, email varchar(9), password varchar(9), is_active boolean)",
			"CREATE TABLE keyed_groups (id integer)",
			"CREATE TABLE nameless (id integer PRIMARY KEY, password varchar(9), is_active boolean)",
			"CREATE TABLE open_door (id integer PRIMARY KEY, username varchar(9), is_active boolean)",
			"CREATE TABLE unsaid (id integer PRIMARY KEY, username varchar(9), password varchar(9))",
			"CREATE VIEW seen AS SELECT id AS uid, username AS login, password, is_active FROM keyless",
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
			{name: "another name of the key", o: dbusers.Options{Table: "keyed"}, id: djauth.UUIDID, key: "uid", user: dbusers.None},
			{name: "a view", o: dbusers.Options{Table: "seen", Columns: dbusers.Columns{ID: "uid", Username: "login"}}, id: djauth.IntegerID, key: "uid", user: "login"},
			{name: "a view without a name for the key", o: dbusers.Options{Table: "seen", Columns: dbusers.Columns{Username: "login"}}, err: djsession.ErrConfig},
			{name: "no name", o: dbusers.Options{Table: "nameless"}, id: djauth.IntegerID, key: "id", user: dbusers.None},
			{name: "no is_active", o: dbusers.Options{Table: "unsaid"}, err: djsession.ErrConfig},
			{name: "no is_active, and it is said", o: dbusers.Options{Table: "unsaid", Columns: dbusers.Columns{Active: dbusers.None}}, id: djauth.IntegerID, key: "id", user: "username"},
			{name: "no password", o: dbusers.Options{Table: "open_door"}, err: djsession.ErrConfig},
			{name: "a column that is named and absent", o: dbusers.Options{Table: "keyed", Columns: dbusers.Columns{Staff: "boss"}}, err: djsession.ErrConfig},
			{name: "a further column that is absent", o: dbusers.Options{Table: "keyed", Extra: []string{"tenant"}}, err: djsession.ErrConfig},
			{name: "a table of groups that is named and absent", o: dbusers.Options{Table: "keyed", GroupsTable: "gone"}, err: dbusers.ErrNoTable},
			{name: "tables that are said not to be", o: dbusers.Options{Table: "keyed", GroupsTable: dbusers.None}, id: djauth.UUIDID, key: "uid", user: dbusers.None},
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

		// A database that is down is not a missing table.
		p := new(probe)
		down := d.open(t, p)
		p.set(errUnplugged)
		if _, err := dbusers.Detect(ctx, down, d.d, nil); !errors.Is(err, djsession.ErrUnavailable) || errors.Is(err, dbusers.ErrNoTable) || strings.Contains(err.Error(), "canary") {
			t.Errorf("down: got %v, want ErrUnavailable", err)
		}
	})
}

// No table shows which users are active and which field is the login name. Detect refuses
// such a table with a sentence that says what to do, and a guessed name finds nobody.
func TestDetectGuessesNothing(t *testing.T) {
	for _, test := range []struct {
		name, table string
		o           dbusers.Columns
		refused     string // a part of the error; "" means no error
		assumed     bool
	}{
		{name: "status", table: "status varchar(9), email varchar(9)", refused: "has status, which"},
		{name: "enabled, deleted_at", table: "enabled bool, login varchar(9), deleted_at timestamp", refused: "has enabled, deleted_at, which"},
		{name: "nothing alike", table: "email varchar(9)", refused: "name the column that is is_active"},
		{name: "banned", table: "username varchar(9), banned bool", refused: "has banned, which"},
		{name: "each of them", table: "disabled bool, is_banned bool, blocked bool, state int, active bool, suspended bool, locked_until timestamp, archived bool",
			refused: "has disabled, is_banned, blocked, state, active, suspended, locked_until, archived, which"},
		{name: "a trick", table: "\"act\x1b[31mive\" bool, status bool", refused: "has status, which"},
		{name: "None is said", table: "status varchar(9), username varchar(9)", o: dbusers.Columns{Active: dbusers.None}, assumed: true},
		{name: "all is said", table: "enabled bool, login varchar(9)", o: dbusers.Columns{Active: "enabled", Username: "login"}},
		{name: "two names", table: "is_active bool, username varchar(9), email varchar(9)", assumed: true},
		{name: "an email only", table: "is_active bool, email varchar(9)"},
		{name: "is_active, and a manager may hide", table: "is_active bool, username varchar(9), deleted_at timestamp", refused: "has deleted_at, by which the default manager"},
		{name: "other packages for it", table: "is_active bool, deleted bool, is_removed bool, Archived_on timestamp, verified bool", refused: "has deleted, is_removed, Archived_on, by which"},
		{name: "is_active alone is said", table: "is_active bool, username varchar(9), deleted_at timestamp", o: dbusers.Columns{Active: "is_active"}, assumed: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, d := t.Context(), sqlite(t)
			db := d.open(t, nil)
			mustExec(t, db, "CREATE TABLE accts_user (id integer PRIMARY KEY, password varchar(9), "+test.table+")")
			o, err := dbusers.Detect(ctx, db, d.d, &dbusers.Options{Model: "accts.User", Columns: test.o})
			if test.refused != "" {
				if !errors.Is(err, djsession.ErrConfig) || !strings.Contains(err.Error(), test.refused) || !strings.Contains(err.Error(), "Columns.Active") || strings.Contains(err.Error(), "\x1b") {
					t.Errorf("got %v, want %q and the cure", err, test.refused)
				}
				return
			}
			if err != nil || o.NameAssumed != test.assumed {
				t.Fatalf("got %+v, %v, want NameAssumed %v", o, err, test.assumed)
			}
			said := test.o.Username != ""
			if _, err := dbusers.New(newSite(t, nil), db, d.d, o).ByName(ctx, "ada"); said != errors.Is(err, djauth.ErrNoUser) || !said != errors.Is(err, djsession.ErrConfig) {
				t.Errorf("ByName: got %v", err)
			}
		})
	}

	// A model in two tables, and one without passwords.
	for table, want := range map[string]string{
		"person_ptr_id integer PRIMARY KEY, password varchar(9), nick varchar(9)":     "has no column is_active, and its key person_ptr_id points to the table that has the other columns",
		"user_ptr_id integer PRIMARY KEY, phone varchar(9)":                           "has no column password and no is_active, and its key user_ptr_id points",
		"id integer PRIMARY KEY, email varchar(9), is_active bool, session_salt text": "has no column password, of which Django makes the hash of each login",
	} {
		d := sqlite(t)
		db := d.open(t, nil)
		mustExec(t, db, "CREATE TABLE accts_user ("+table+")")
		_, err := dbusers.Detect(t.Context(), db, d.d, &dbusers.Options{Model: "accts.User"})
		if !errors.Is(err, djsession.ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// Tables in a schema: in MySQL a database, in SQLite an attached file.
func TestSchema(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		ctx := t.Context()
		db := d.open(t, nil)
		db.SetMaxOpenConns(1) // ATTACH is for one connection
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
			"CREATE TABLE `Other`.auth_user (id integer PRIMARY KEY, username varchar(9), password varchar(9), is_active boolean)",
			"CREATE TABLE `Other`.auth_user_groups (user_id integer, group_id integer)",
			"CREATE TABLE `Other`.auth_user_user_permissions (user_id integer, permission_id integer)",
			"CREATE TABLE `Other`.auth_group (id integer, name varchar(9))",
			"CREATE TABLE `Other`.auth_group_permissions (group_id integer, permission_id integer)",
			"CREATE TABLE `Other`.auth_permission (id integer, codename varchar(9), content_type_id integer)",
			"CREATE TABLE `Other`.django_content_type (id integer, app_label varchar(9))",
			"INSERT INTO `Other`.auth_user VALUES (7, 'ada', 'x', true)",
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
