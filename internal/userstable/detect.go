package userstable

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/djangodb"
)

// ErrNoTable is dbusers.ErrNoTable.
var ErrNoTable = errors.New("dbusers: no such table")

// column is a column of a table in the catalogue.
type column struct {
	name, kind string
	key        bool // of the primary key
}

// Detect returns o with what the tables that it names tell.
func Detect(ctx context.Context, conn djangodb.Conn, d *Dialect, o Options) (Options, error) {
	const doing = "look at the user table"
	if d == nil {
		return o, fmt.Errorf("%s: %w: no Dialect", doing, djsession.ErrConfig)
	}
	full, err := o.defaults()
	if err != nil {
		return o, fmt.Errorf("%s: %w", doing, err)
	}
	t := &Table{conn: conn, d: d, o: full}
	columns, err := t.columns(ctx, doing, full.Table)
	if err != nil {
		return o, err
	}
	if len(columns) == 0 {
		return o, fmt.Errorf("%s: %w: %s", doing, ErrNoTable, full.Table)
	}
	has := make(map[string]column, len(columns))
	for _, c := range columns {
		if has[c.name] = c; c.key && o.Columns.ID == "" {
			full.Columns.ID = c.name
		}
	}
	if _, ok := has["username"]; !ok && o.Columns.Username == "" {
		full.Columns.Username = full.Columns.Email
	}
	named := o.Columns
	names := named.fields()
	for i, f := range full.Columns.fields() {
		if _, ok := has[*f.name]; ok || *f.name == None {
			continue
		}
		if f.required || *names[i].name != "" {
			return o, fmt.Errorf("%s: %w: the table %s has no column %s", doing, djsession.ErrConfig, full.Table, *f.name)
		}
		*f.name = None
	}
	for _, name := range o.Extra {
		if _, ok := has[name]; !ok {
			return o, fmt.Errorf("%s: %w: the table %s has no column %s", doing, djsession.ErrConfig, full.Table, name)
		}
	}
	full.ID = idKind(has[full.Columns.ID].kind)
	for _, of := range []struct{ table, named *string }{
		{&full.GroupsTable, &o.GroupsTable}, {&full.PermissionsTable, &o.PermissionsTable},
	} {
		if *of.table == None {
			continue
		}
		columns, err := t.columns(ctx, doing, *of.table)
		switch {
		case err != nil:
			return o, err
		case len(columns) > 0:
		case *of.named != "":
			return o, fmt.Errorf("%s: %w: %s", doing, ErrNoTable, *of.table)
		default: // the model is not made with PermissionsMixin
			*of.table = None
		}
	}
	return full, nil
}

// columns reads the catalogue; none if there is no such table.
func (t *Table) columns(ctx context.Context, doing, table string) (all []column, err error) {
	schema, table, err := splitTable(t.o.Schema, table)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	args := []any{table, schema}
	query := t.d.columns
	if t.d.numbered {
		query = strings.NewReplacer("{table}", "$1", "{schema}", "$2").Replace(query)
	} else {
		query = strings.NewReplacer("{table}", "?", "{schema}", "?").Replace(query)
	}
	err = t.run(ctx, doing, func() error {
		all = nil
		return t.conn.Query(ctx, func(scan func(dest ...any) error) error {
			var c column
			var key int64
			if err := scan(&c.name, &c.kind, &key); err != nil {
				return &scanError{err, ""}
			}
			c.key = key != 0
			all = append(all, c)
			return nil
		}, query, args...)
	})
	return all, err
}

// idKind is the kind of key that Django keeps in a column of the type: a UUID has
// a type of its own or is char(32), which no other field has; text is varchar.
func idKind(columnType string) djauth.IDKind {
	columnType = strings.ToLower(columnType)
	switch {
	case columnType == "uuid", columnType == "char(32)", columnType == "character(32)":
		return djauth.UUIDID
	case strings.Contains(columnType, "int"), strings.Contains(columnType, "serial"):
		return djauth.IntegerID
	}
	return djauth.TextID
}
