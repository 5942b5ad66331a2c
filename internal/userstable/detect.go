package userstable

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/sqldb"
)

// ErrNoTable is dbusers.ErrNoTable.
var ErrNoTable = errors.New("dbusers: no such table")

// Detect returns o, completed by what its tables show: see dbusers.Detect.
func Detect(ctx context.Context, conn sqldb.Conn, d *sqldb.Dialect, o Options) (Options, error) {
	const doing = "look at the user table"
	full, bad := o.defaults()
	t := &Table{o: full}
	t.db = sqldb.New(conn, d, full.Table, t.explain)
	t.db.Refuse(bad)
	columns, err := t.db.Columns(ctx, doing, full.Schema, full.Table)
	if err != nil {
		return o, err
	}
	if len(columns) == 0 {
		return o, fmt.Errorf("%s: %w: %s", doing, ErrNoTable, full.Table)
	}
	has := make(map[string]sqldb.Column, len(columns))
	for _, c := range columns {
		if has[c.Name] = c; c.Key && o.Columns.ID == "" {
			full.Columns.ID = c.Name
		}
	}
	// Only for auth.User we know that USERNAME_FIELD is username, and that the default
	// manager hides nobody.
	_, table, err := sqldb.SplitTable("", full.Table)
	own := err == nil && (!strings.EqualFold(full.Model, "auth.User") || table != "auth_user")
	full.NameAssumed = own && o.Columns.Username == ""
	named := o.Columns
	names := named.fields()
	var lacks []string
	for i, f := range full.Columns.fields() {
		if _, ok := has[*f.name]; ok || *f.name == None {
			continue
		}
		switch {
		case *names[i].name != "", f.required && f.django != "password":
			return o, fmt.Errorf("%s: %w: the table %s has no column %s", doing, djsession.ErrConfig, full.Table, *f.name)
		case f.required, f.name == &full.Columns.Active:
			lacks = append(lacks, f.django)
		}
		*f.name = None
	}
	full.NameAssumed = full.NameAssumed && full.Columns.Username != None
	if len(lacks) > 0 {
		return o, fmt.Errorf("%s: %w: %s", doing, djsession.ErrConfig, lacking(&full, lacks, columns))
	}
	if hides := matching(columns, looksHidden); own && o.Columns.Active == "" && len(hides) > 0 {
		return o, fmt.Errorf("%s: %w: %s", doing, djsession.ErrConfig, hiding(&full, hides))
	}
	for _, name := range o.Extra {
		if _, ok := has[name]; !ok {
			return o, fmt.Errorf("%s: %w: the table %s has no column %s", doing, djsession.ErrConfig, full.Table, name)
		}
	}
	full.ID = idKind(has[full.Columns.ID].Type)
	for _, of := range []struct{ table, named *string }{
		{&full.GroupsTable, &o.GroupsTable}, {&full.PermissionsTable, &o.PermissionsTable},
	} {
		if *of.table == None {
			continue
		}
		columns, err := t.db.Columns(ctx, doing, full.Schema, *of.table)
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

// idKind returns the kind of key that Django keeps in a column of the type. A UUID has
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

// lacking returns the sentence, with the cure, about a table that lacks columns that
// every judgement needs.
func lacking(o *Options, lacks []string, columns []sqldb.Column) string {
	text := fmt.Sprintf("the table %s has no column %s", o.Table, strings.Join(lacks, " and no "))
	if strings.HasSuffix(o.Columns.ID, "_ptr_id") {
		return text + fmt.Sprintf(", and its key %s points to the table that has the other columns of the model (multi-table inheritance), which is not supported: open the sessions only, or give a djauth.Users of your own", o.Columns.ID)
	}
	if slices.Contains(lacks, "password") {
		return text + ", of which Django makes the hash of each login: if the password is under another name, say so in Columns.Password; if the model has none, open the sessions only, or give a djauth.Users of your own"
	}
	if similar := matching(columns, looksActive); len(similar) > 0 {
		text += fmt.Sprintf(", but it has %s, which may tell who is active", strings.Join(similar, ", "))
	}
	return text + ": name the column that is is_active in Columns.Active; if everybody is active, set it to None; if is_active is computed, set it to None, read its columns by Extra, and judge them in djauth.Options.CanAuthenticate"
}

// hiding returns the sentence about a table that may hold users whom the model's
// default manager hides: to Django they are gone, whatever is_active says.
func hiding(o *Options, columns []string) string {
	return fmt.Sprintf("the table %s has %s, by which the default manager of its model may hide users that Django then does not log in, although %s is true: if %[3]s alone tells who is active, say so in Columns.Active; otherwise say it too, read the other columns by Extra, and judge them in djauth.Options.CanAuthenticate",
		o.Table, strings.Join(columns, ", "), o.Columns.Active)
}

// matching returns the names of the columns for which looks is true and that print as
// they are.
func matching(columns []sqldb.Column, looks func(name string) bool) (names []string) {
	for _, c := range columns {
		if looks(c.Name) && strconv.Quote(c.Name) == `"`+c.Name+`"` {
			names = append(names, c.Name)
		}
	}
	return names
}

// looksHidden reports whether packages for soft deletion hide rows by columns of such
// a name (deleted, deleted_at, is_removed, archived_at).
func looksHidden(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{"delet", "removed", "archived", "trashed"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// looksActive reports whether a column of this name may have to do with is_active.
func looksActive(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{
		"activ", "enabl", "disabl", "status", "state", "delete", "removed", "ban", "block", "suspend", "lock",
		"archiv", "expire", "valid", "verif", "confirm", "approv", "clos", "frozen", "revoked", "terminat", "left", "retired", "ended",
	} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}
