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
	full.Parents = o.Parents
	if err := full.joins(); err != nil { // with the name of the key
		return o, err
	}
	if full.Parents, columns, err = t.parents(ctx, doing, full, columns); err != nil {
		return o, err
	}
	for _, c := range columns {
		if _, ok := has[c.Name]; !ok {
			has[c.Name] = c
		}
	}
	// Only for auth.User we know that USERNAME_FIELD is username, and that the default
	// manager hides nobody.
	_, table, err := sqldb.SplitTable("", full.Table)
	own := err == nil && (!strings.EqualFold(full.Model, "auth.User") || table != "auth_user")
	full.NameAssumed = o.NameAssumed || own && o.Columns.Username == ""
	// A function answers for a column.
	for _, is := range []struct {
		code   bool
		column *string
	}{{o.Active != nil, &full.Columns.Active}, {o.Staff != nil, &full.Columns.Staff}, {o.Superuser != nil, &full.Columns.Superuser}} {
		if is.code {
			*is.column = None
		}
	}
	named := o.Columns
	names := named.fields()
	var lacks []string
	for i, f := range full.Columns.fields() {
		if _, ok := has[*f.name]; ok || *f.name == None {
			continue
		}
		switch {
		case *names[i].name != "", f.required:
			return o, fmt.Errorf("%s: %w: the table %s has no column %s", doing, djsession.ErrConfig, full.Table, *f.name)
		case f.name == &full.Columns.Password, f.name == &full.Columns.Active:
			lacks = append(lacks, f.django)
		}
		*f.name = None
	}
	full.NameAssumed = full.NameAssumed && full.Columns.Username != None
	if len(lacks) > 0 {
		to := ""
		if full.Parents == nil {
			if to, _, err = t.db.References(ctx, doing, full.Schema, full.Table, full.Columns.ID); err != nil {
				return o, err
			}
		}
		return o, fmt.Errorf("%s: %w: %s", doing, djsession.ErrConfig, lacking(&full, lacks, columns, to))
	}
	if hides := matching(columns, looksHidden); own && o.Columns.Active == "" && o.Active == nil && o.Where == nil && len(hides) > 0 {
		return o, fmt.Errorf("%s: %w: %s", doing, djsession.ErrConfig, hiding(&full, hides))
	}
	further := slices.Clone(o.Extra)
	for _, c := range o.Where {
		further = append(further, c.Column)
	}
	for _, name := range further {
		if _, ok := has[name]; !ok {
			return o, fmt.Errorf("%s: %w: the table %s has no column %s", doing, djsession.ErrConfig, full.Table, name)
		}
	}
	full.ID = idKind(has[full.Columns.ID].Type)
	for _, of := range []struct {
		table, named *string
		suffix       string
	}{
		{&full.GroupsTable, &o.GroupsTable, "_groups"}, {&full.PermissionsTable, &o.PermissionsTable, "_user_permissions"},
	} {
		if *of.table == None {
			continue
		}
		candidates := []string{*of.table}
		if *of.named == "" {
			for _, p := range full.Parents { // PermissionsMixin may be the base of one
				candidates = append(candidates, p.Table+of.suffix)
			}
		}
		*of.table = None // unless one is there, the model is not made with PermissionsMixin
		for _, name := range candidates {
			columns, err := t.db.Columns(ctx, doing, full.Schema, name)
			if err != nil {
				return o, err
			}
			if len(columns) == 0 {
				continue
			}
			if *of.table = name; o.UserColumn == "" {
				full.UserColumn = userColumn(full.UserColumn, columns)
			}
			break
		}
		if *of.table == None && *of.named != "" {
			return o, fmt.Errorf("%s: %w: %s", doing, ErrNoTable, *of.named)
		}
	}
	return full, nil
}

// userColumn returns the column that points to the user in a table of the field groups or
// user_permissions.
func userColumn(usual string, columns []sqldb.Column) string {
	var found []string
	for _, c := range columns {
		switch c.Name {
		case usual:
			return usual
		case "id", "group_id", "permission_id":
		default:
			found = append(found, c.Name)
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	return usual
}

// parents returns the Parents of o with their columns, and the columns of all tables. A model
// that inherits from another (multi-table inheritance) has a key that points to the table of
// that other model.
func (t *Table) parents(ctx context.Context, doing string, o Options, columns []sqldb.Column) ([]Parent, []sqldb.Column, error) {
	seen := map[string]bool{}
	for _, c := range columns {
		seen[c.Name] = true
	}
	add := func(p *Parent) error {
		more, err := t.db.Columns(ctx, doing, o.Schema, p.Table)
		if err != nil {
			return err
		}
		if len(more) == 0 {
			return fmt.Errorf("%s: %w: %s", doing, ErrNoTable, p.Table)
		}
		p.Columns = nil
		for _, c := range more {
			if !seen[c.Name] {
				seen[c.Name] = true
				p.Columns, columns = append(p.Columns, c.Name), append(columns, c)
			}
		}
		return nil
	}
	parents := slices.Clone(o.Parents)
	for i := range parents {
		if err := add(&parents[i]); err != nil {
			return nil, nil, err
		}
	}
	if o.Parents != nil {
		return parents, columns, nil
	}
	const most = 8
	table, key := o.Table, o.Columns.ID
	for strings.HasSuffix(key, "_ptr_id") && len(parents) < most {
		to, its, err := t.db.References(ctx, doing, o.Schema, table, key)
		if err != nil {
			return nil, nil, err
		}
		if to == "" || its == "" {
			break
		}
		p := Parent{Table: to, Key: its, Link: key}
		if err := add(&p); err != nil {
			return nil, nil, err
		}
		parents = append(parents, p)
		table, key = to, its
	}
	return parents, columns, nil
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
// every judgement needs. Its key points to the table parent, if that is not "".
func lacking(o *Options, lacks []string, columns []sqldb.Column, parent string) string {
	text := fmt.Sprintf("the table %s has no column %s", o.Table, strings.Join(lacks, " and no "))
	switch {
	case parent != "":
		return text + fmt.Sprintf(", and its key %s points to the table %s: if the model inherits from that one's (multi-table inheritance), name it in Parents", o.Columns.ID, parent)
	case len(o.Parents) == 0 && strings.HasSuffix(o.Columns.ID, "_ptr_id"):
		return text + fmt.Sprintf(", and its key %s points to the table that has the other columns of the model (multi-table inheritance), without a foreign key: name that table in Parents", o.Columns.ID)
	}
	if slices.Contains(lacks, "password") {
		return text + ", of which Django makes the hash of each login: if the password is under another name, say so in Columns.Password; if the model has none, set it to None, and say in djauth.Options.AuthHash what its get_session_auth_hash is made of"
	}
	if similar := matching(columns, looksActive); len(similar) > 0 {
		text += fmt.Sprintf(", but it has %s, which may tell who is active", strings.Join(similar, ", "))
	}
	return text + ": name the column that is is_active in Columns.Active; if everybody is active, set it to None; if is_active is computed, read its columns by Extra, and compute it in Active"
}

// hiding returns the sentence about a table that may hold users whom the model's default
// manager hides, or whose is_active is computed: to Django they are gone, whatever the
// column says.
func hiding(o *Options, columns []string) string {
	return fmt.Sprintf("the table %s has %s, by which the default manager of its model may hide users, or is_active may be computed, so that Django does not log them in although %s is true: if %[3]s alone tells who is active, say so in Columns.Active; if the manager filters, repeat its filter in Where; if is_active is computed, read its columns by Extra, and compute it in Active",
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

// looksHidden reports whether a column of this name may hide a user besides is_active:
// packages for soft deletion use such names (deleted_at, is_removed), and sites that ban
// users (status, is_banned).
func looksHidden(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{"delet", "removed", "archived", "trashed"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	for _, word := range strings.Split(name, "_") {
		switch word {
		case "ban", "bans", "banned", "status", "frozen", "retired", "revoked", "closed", "blacklisted":
			return true
		}
		for _, begin := range []string{"block", "suspend", "disabl", "enabl", "locked", "terminat", "expire", "expiry", "deactivat"} {
			if strings.HasPrefix(word, begin) {
				return true
			}
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
