package authsite

import (
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djauth/userstest"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
)

// Tables writes to the tables of a site by plain SQL.
type Tables struct {
	DB      *sql.DB
	Dialect dbstore.Dialect
	Options *dbusers.Options // all of them, as Detect returns them
	Zone    *time.Location   // of wall clocks
}

// Exec runs a statement in which names are `quoted` and placeholders are ?.
func (b Tables) Exec(t testing.TB, query string, args ...any) {
	t.Helper()
	if _, err := b.DB.Exec(b.bind(query), args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func (b Tables) bind(query string) string {
	if b.Dialect == dbstore.MySQL {
		return query
	}
	query = strings.ReplaceAll(query, "`", `"`)
	for n := 1; b.Dialect == dbstore.PostgreSQL && strings.Contains(query, "?"); n++ {
		query = strings.Replace(query, "?", fmt.Sprint("$", n), 1)
	}
	return query
}

// Clear removes all users and groups.
func (b Tables) Clear(t testing.TB) {
	t.Helper()
	for _, table := range []string{b.Options.PermissionsTable, b.Options.GroupsTable, "auth_group_permissions", "auth_group", b.Options.Table} {
		if table != dbusers.None {
			b.Exec(t, "DELETE FROM `"+table+"`")
		}
	}
}

// id is an id as the database has it.
func (b Tables) id(id string) any {
	if b.Options.ID == djauth.UUIDID && b.Dialect != dbstore.PostgreSQL {
		return strings.ReplaceAll(id, "-", "")
	}
	return id
}

// Put is Engine.Put.
func (b Tables) Put(t testing.TB, a *djauth.Account) {
	t.Helper()
	moment := func(m time.Time) any {
		switch {
		case m.IsZero():
			return nil
		case b.Dialect == dbstore.PostgreSQL:
			return m
		case b.Zone != nil:
			m = m.In(b.Zone)
		}
		return m.Format("2006-01-02 15:04:05.000000")
	}
	var names, marks []string
	var args []any
	add := func(name string, v any) {
		if name != dbusers.None {
			names, marks, args = append(names, "`"+name+"`"), append(marks, "?"), append(args, v)
		}
	}
	c := b.Options.Columns
	add(c.ID, b.id(a.ID))
	add(c.Username, a.Name)
	add(c.Password, a.Password.Reveal())
	add(c.Active, a.Active)
	add(c.Staff, a.Staff)
	add(c.Superuser, a.Superuser)
	if c.Email != c.Username {
		add(c.Email, a.Email)
	}
	add(c.FirstName, a.FirstName)
	add(c.LastName, a.LastName)
	add(c.LastLogin, moment(a.LastLogin))
	add(c.Joined, moment(a.Joined))
	if slices.Contains(b.Options.Extra, "tenant") {
		add("tenant", 1)
		add("note", "")
	}
	b.Exec(t, "INSERT INTO `"+b.Options.Table+"` ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(marks, ", ")+")", args...)
}

// Adapt is Harness.Adapt.
func (b Tables) Adapt(a *djauth.Account) {
	c := b.Options.Columns
	if a.Active = a.Active || c.Active == dbusers.None; c.Email == c.Username {
		a.Email = a.Name
	}
	lacks := func(column string, clear func()) {
		if column == dbusers.None {
			clear()
		}
	}
	lacks(c.Staff, func() { a.Staff = false })
	lacks(c.Superuser, func() { a.Superuser = false })
	lacks(c.Email, func() { a.Email = "" })
	lacks(c.FirstName, func() { a.FirstName = "" })
	lacks(c.LastName, func() { a.LastName = "" })
	lacks(c.LastLogin, func() { a.LastLogin = time.Time{} })
	lacks(c.Joined, func() { a.Joined = time.Time{} })
}

// Remove is Engine.Remove.
func (b Tables) Remove(t testing.TB, id string) {
	t.Helper()
	for _, table := range []string{b.Options.PermissionsTable, b.Options.GroupsTable} {
		if table != dbusers.None {
			b.Exec(t, "DELETE FROM `"+table+"` WHERE `"+b.Options.UserColumn+"` = ?", b.id(id))
		}
	}
	b.Exec(t, "DELETE FROM `"+b.Options.Table+"` WHERE `"+b.Options.Columns.ID+"` = ?", b.id(id))
}

// Grant is Engine.Grant.
func (b Tables) Grant(t testing.TB, id string, own []string, groups map[string][]string) {
	t.Helper()
	for _, p := range own {
		b.Exec(t, "INSERT INTO `"+b.Options.PermissionsTable+"` (`"+b.Options.UserColumn+"`, permission_id) VALUES (?, ?)", b.id(id), b.permission(t, p))
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		group, made := b.get(t, "auth_group", "name", name)
		if made {
			for _, p := range groups[name] {
				b.Exec(t, "INSERT INTO auth_group_permissions (group_id, permission_id) VALUES (?, ?)", group, b.permission(t, p))
			}
		}
		b.Exec(t, "INSERT INTO `"+b.Options.GroupsTable+"` (`"+b.Options.UserColumn+"`, group_id) VALUES (?, ?)", b.id(id), group)
	}
}

// permission is the id of a permission, made if it is not there.
func (b Tables) permission(t testing.TB, name string) int64 {
	t.Helper()
	app, code, _ := strings.Cut(name, ".")
	_, model, _ := strings.Cut(code, "_")
	content, _ := b.get(t, "django_content_type", "app_label", app, "model", model)
	id, _ := b.get(t, "auth_permission", "content_type_id", content, "codename", code, "name", code)
	return id
}

// get is objects.get_or_create of a model, by its columns; a name of a permission
// is not compared.
func (b Tables) get(t testing.TB, table string, values ...any) (id int64, made bool) {
	t.Helper()
	var names, marks, where []string
	var args, compared []any
	for i := 0; i < len(values); i += 2 {
		name := values[i].(string)
		names, marks, args = append(names, name), append(marks, "?"), append(args, values[i+1])
		if i == 0 || name != "name" {
			where, compared = append(where, name+" = ?"), append(compared, values[i+1])
		}
	}
	for range 2 {
		err := b.DB.QueryRow(b.bind("SELECT id FROM "+table+" WHERE "+strings.Join(where, " AND ")), compared...).Scan(&id)
		if err == nil {
			return id, made
		}
		made = true
		b.Exec(t, "INSERT INTO "+table+" ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(marks, ", ")+")", args...)
	}
	t.Fatalf("no row of %s", table)
	return 0, false
}

// Engine is one that writes to the tables, without Users.
func (b Tables) Engine() userstest.Engine {
	e := userstest.Engine{Put: b.Put, Remove: b.Remove}
	if b.Options.GroupsTable != dbusers.None {
		e.Grant = b.Grant
	}
	return e
}
