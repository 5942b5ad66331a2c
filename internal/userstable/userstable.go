// Package userstable is AUTH_USER_MODEL on the tables of django.contrib.auth
// without a driver: the common part of dbusers on database/sql and pgxusers on pgx.
//
// A [Table] makes the statements and knows the form of ids, and a [sqldb.DB] sends
// the statements to the database.
package userstable

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/sqldb"
)

// Options are those of dbusers: see there.
type Options struct {
	Model                                            string
	ID                                               djauth.IDKind
	Table, GroupsTable, PermissionsTable, UserColumn string
	Schema                                           string
	Columns                                          Columns
	Extra                                            []string
	Parents                                          []Parent
	Where                                            []djauth.Condition
	Active, Staff, Superuser                         func(*djauth.Account) bool
	ToColumn, FromColumn                             func(string) (string, error)
	TimeZone                                         *time.Location
	NameAssumed                                      bool
}

// Parent is dbusers.Parent.
type Parent struct {
	Table, Key, Link string
	Columns          []string
}

// Columns are the names of columns; "" is Django's own name, and None means no column.
type Columns struct {
	ID, Username, Password     string
	Active, Staff, Superuser   string
	Email, FirstName, LastName string
	LastLogin, Joined          string
}

// None is the name of a column or table that the model lacks.
const None = "-"

// defaults returns o with its defaults. It returns ErrConfig for Options that cannot work.
func (o Options) defaults() (Options, error) {
	if o.Model == "" {
		o.Model = "auth.User"
	}
	app, model, ok := strings.Cut(o.Model, ".")
	if model = strings.ToLower(model); !ok || app == "" || model == "" || strings.Contains(model, ".") {
		return o, fmt.Errorf("%w: the user model %q is not of the form app_label.Model", djsession.ErrConfig, o.Model)
	}
	or := func(field *string, name string) {
		if *field == "" {
			*field = name
		}
	}
	or(&o.Table, app+"_"+model)
	or(&o.GroupsTable, o.Table+"_groups")
	or(&o.PermissionsTable, o.Table+"_user_permissions")
	or(&o.UserColumn, model+"_id")
	given := o.Columns
	for _, f := range o.Columns.fields() {
		or(f.name, f.django)
		if f.required && *f.name == None {
			return o, fmt.Errorf("%w: users without a %s", djsession.ErrConfig, f.django)
		}
	}
	switch {
	case o.ID > djauth.TextID:
		return o, fmt.Errorf("%w: %v is no kind of primary key", djsession.ErrConfig, o.ID)
	case (o.ToColumn == nil) != (o.FromColumn == nil):
		return o, fmt.Errorf("%w: ToColumn and FromColumn belong together", djsession.ErrConfig)
	}
	for _, is := range []struct {
		name   string
		column string
		code   func(*djauth.Account) bool
	}{{"Active", given.Active, o.Active}, {"Staff", given.Staff, o.Staff}, {"Superuser", given.Superuser, o.Superuser}} {
		if is.code != nil && is.column != "" && is.column != None {
			return o, fmt.Errorf("%w: %s is a function, and Columns.%[2]s a column: give one of them", djsession.ErrConfig, is.name)
		}
	}
	return o, o.joins()
}

// field is one of Columns.
type field struct {
	name     *string
	django   string // Django's name for it
	required bool
	kind     kind           // of its reading
	dest     func(*row) any // where a row puts it
}

// kind is how a column is read.
type kind int

const (
	plain  kind = iota // as the driver gives it
	asText             // as text, whatever type it has
	moment
)

// fields returns the columns in the order of the SELECT.
func (c *Columns) fields() []field {
	return []field{
		{&c.ID, "id", true, asText, func(r *row) any { return &r.id }},
		{&c.Username, "username", false, plain, func(r *row) any { return &r.name }},
		{&c.Password, "password", false, plain, func(r *row) any { return &r.password }},
		{&c.Active, "is_active", false, plain, func(r *row) any { return &r.active }},
		{&c.Staff, "is_staff", false, plain, func(r *row) any { return &r.staff }},
		{&c.Superuser, "is_superuser", false, plain, func(r *row) any { return &r.superuser }},
		{&c.Email, "email", false, plain, func(r *row) any { return &r.email }},
		{&c.FirstName, "first_name", false, plain, func(r *row) any { return &r.first }},
		{&c.LastName, "last_name", false, plain, func(r *row) any { return &r.last }},
		{&c.LastLogin, "last_login", false, moment, func(r *row) any { return &r.login }},
		{&c.Joined, "date_joined", false, moment, func(r *row) any { return &r.joined }},
	}
}

// Table is the table of a site's users, with the tables of their permissions.
type Table struct {
	site  *djsession.Site
	db    *sqldb.DB
	clock sqldb.Clock
	o     Options

	fields []field // those that the model has, of o.Columns
	sql    struct {
		load     string // ends before its WHERE
		byID     string
		byName   string // "" if the column of names is not known
		grants   string // "" if there is nothing to ask
		login    string // "" if the model does not keep it
		password string // unconditional
		swap     string // if it still is what was seen
		stored   string // the password of an id
	}
	from      string // the tables, joined
	where     string // the filter of the default manager, from " AND " on; its placeholders begin at 2
	whereArgs []any
	grantArgs int // how often grants names the id
}

// New returns the Table of site that conn reaches.
func New(site *djsession.Site, conn sqldb.Conn, d *sqldb.Dialect, o Options) *Table {
	o.Extra, o.Parents, o.Where = slices.Clone(o.Extra), slices.Clone(o.Parents), slices.Clone(o.Where)
	o, bad := o.defaults()
	t := &Table{site: site, o: o}
	t.db = sqldb.New(conn, d, o.Table, t.explain)
	t.clock = t.db.Clock(site.TimeZone(), o.TimeZone)
	t.db.Refuse(bad)
	t.db.Refuse(t.prepare())
	return t
}

// Site returns the site that New was given.
func (t *Table) Site() *djsession.Site { return t.site }

// Err returns what is wrong with what New was given, or nil.
func (t *Table) Err() error { return t.db.Refused("users") }

// explain tells the DB what its faults mean here. No hint may quote the cause.
func (t *Table) explain(_ string, f sqldb.Fault) (hint string, instead error) {
	switch f {
	case sqldb.FaultNoTable:
		return fmt.Sprintf(": there is no table %s, or none of its permissions: run the site's migrations, or name the tables in the Options", t.o.Table), nil
	case sqldb.FaultColumn:
		return fmt.Sprintf(": the table %s has not the columns and types that the Options say", t.o.Table), nil
	case sqldb.FaultTooLong:
		return fmt.Sprintf(": a column of the table %s is too short for the value", t.o.Table), nil
	case sqldb.FaultValue, sqldb.FaultForeign:
		return "", djauth.ErrNoUser // an id or a name that no row can have
	}
	return "", nil
}

// IDKind is Users.IDKind.
func (t *Table) IDKind() djauth.IDKind {
	if t.o.FromColumn != nil {
		return djauth.TextID
	}
	return t.o.ID
}

// prepare writes the statements.
func (t *Table) prepare() (err error) {
	d, o := t.db.Dialect, &t.o
	must := func(text string, bad error) string {
		if bad != nil && err == nil {
			err = bad
		}
		return text
	}
	column := func(name string) string { return must(t.column(name)) }
	table := func(name string) string { return must(d.Table(o.Schema, name)) }

	t.from = must(t.joined(len(o.Parents)))
	id := column(o.Columns.ID)
	var columns []string
	for _, f := range o.Columns.fields() {
		if *f.name == None {
			continue
		}
		t.fields = append(t.fields, f)
		name := column(*f.name)
		switch f.kind {
		case asText:
			name = d.Text(name)
		case moment:
			name = d.Moment(name)
		}
		columns = append(columns, name)
	}
	for _, name := range o.Extra {
		columns = append(columns, column(name))
	}
	where := &filter{t: t, next: 2}
	for _, c := range o.Where {
		where.and(c)
	}
	t.where, t.whereArgs = where.text.String(), where.args
	must("", where.err)
	t.sql.load = "SELECT " + strings.Join(columns, ", ") + " FROM " + t.from
	t.sql.byID = t.sql.load + " WHERE " + id + " = " + idPlaceholder(d, 1, o.ID) + t.where + " LIMIT 2"
	t.db.Keep(t.sql.byID)
	if o.Columns.Username != None && !o.NameAssumed {
		t.sql.byName = t.sql.load + " WHERE " + column(o.Columns.Username) + " = " + d.Placeholder(1) + t.where + " LIMIT 2"
	}
	if o.Columns.LastLogin != None {
		t.sql.login = must(t.update(o.Columns.LastLogin))
	}
	if name := o.Columns.Password; name != None {
		t.sql.password = must(t.update(name))
		t.sql.swap = t.sql.password + " AND " + d.Exact(must(d.Quote(name)), d.Placeholder(3))
		t.sql.stored = "SELECT " + column(name) + " FROM " + t.from + " WHERE " + id + " = " + idPlaceholder(d, 1, o.ID)
	}

	// The columns that a SELECT does not fill are NULL and not '': under MySQL the
	// tables may have different collations, and a UNION cannot mix text of two.
	var grants []string
	user := " WHERE u." + must(d.Quote(o.UserColumn)) + " = " + idPlaceholder(d, 1, o.ID)
	permission := func(tables string) {
		grants = append(grants, "SELECT c.app_label, p.codename, NULL FROM "+tables+
			" JOIN "+table("auth_permission")+" p ON p.id = x.permission_id"+
			" JOIN "+table("django_content_type")+" c ON c.id = p.content_type_id")
	}
	if o.PermissionsTable != None {
		permission("(SELECT u.permission_id FROM " + table(o.PermissionsTable) + " u" + user + ") x")
	}
	if o.GroupsTable != None {
		groups := table(o.GroupsTable) + " u"
		permission("(SELECT g.permission_id FROM " + groups +
			" JOIN " + table("auth_group_permissions") + " g ON g.group_id = u.group_id" + user + ") x")
		grants = append(grants, "SELECT NULL, NULL, g.name FROM "+groups+
			" JOIN "+table("auth_group")+" g ON g.id = u.group_id"+user)
	}
	t.grantArgs = 1
	if !d.Numbered {
		t.grantArgs = len(grants)
	}
	t.sql.grants = strings.Join(grants, " UNION ALL ")
	return err
}
