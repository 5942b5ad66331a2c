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
)

// Find is Finder.Find.
func (t *Table) Find(ctx context.Context, l djauth.Lookup, name string) ([]*djauth.Account, error) {
	const doing = "find user"
	if err := t.db.Refused(doing); err != nil {
		return nil, err
	}
	query, args, err := t.lookup(l, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	if !storable(name) {
		return nil, nil
	}
	all, err := t.accounts(ctx, doing, query, args...)
	if errors.Is(err, djauth.ErrNoUser) { // no row can have this name
		return nil, nil
	}
	return all, err
}

// lookup returns the SELECT of a Lookup.
func (t *Table) lookup(l djauth.Lookup, name string) (string, []any, error) {
	columns := l.Columns
	switch {
	case len(columns) > 0:
	case t.sql.byName == "":
		return "", nil, fmt.Errorf("%w: a Lookup names no column, and no setting and no table tells which is USERNAME_FIELD of %s: name it in Columns.Username", djsession.ErrConfig, t.o.Model)
	default:
		columns = []string{t.o.Columns.Username}
	}
	f := &filter{t: t, next: 1}
	var either []string
	for _, name := range columns {
		column, err := t.column(name)
		if err != nil {
			return "", nil, err
		}
		either = append(either, t.match(column, l.IgnoreCase, t.db.Placeholder(1)))
	}
	if l.IgnoreCase && !t.db.Numbered {
		name = likeEscaper.Replace(name)
	}
	f.args = append(f.args, name)
	if !t.db.Numbered {
		for range columns[1:] {
			f.args = append(f.args, name)
		}
	}
	f.next = 2
	for _, c := range slices.Concat(t.o.Where, l.Where) {
		f.and(c)
	}
	return t.sql.load + " WHERE (" + strings.Join(either, " OR ") + ")" + f.text.String() + " LIMIT 2", f.args, f.err
}

// likeEscaper is prep_for_like_query of the backends.
var likeEscaper = strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`)

// match is the lookup exact or iexact, as the operators of each backend have it.
func (t *Table) match(column string, fold bool, placeholder string) string {
	switch {
	case !fold:
		return column + " = " + placeholder
	case t.db.Numbered: // PostgreSQL
		return "UPPER(" + column + "::text) = UPPER(" + placeholder + "::text)"
	case t.db.Collates: // MySQL
		return column + " LIKE " + placeholder
	}
	return column + " LIKE " + placeholder + ` ESCAPE '\'`
}

// filter writes conditions.
type filter struct {
	t    *Table
	next int // the number of the next placeholder
	text strings.Builder
	args []any
	err  error
}

func (f *filter) fail(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf("%w: "+format, append([]any{djsession.ErrConfig}, args...)...)
	}
}

// and adds " AND " and a condition.
func (f *filter) and(c djauth.Condition) {
	column, err := f.t.column(c.Column)
	if err != nil && f.err == nil {
		f.err = err
	}
	text := f.is(column, c)
	switch {
	case c.Not && c.Is == nil:
		text = column + " IS NOT NULL"
	case c.Not:
		// A NULL is no value that is excluded.
		text = "NOT (" + text + " AND " + column + " IS NOT NULL)"
	}
	f.text.WriteString(" AND " + text)
}

// is returns the condition without its Not.
func (f *filter) is(column string, c djauth.Condition) string {
	switch v := c.Is.(type) {
	case nil:
		return column + " IS NULL"
	case bool:
		if v {
			return column
		}
		return "NOT " + column
	case []any:
		if len(v) == 0 {
			f.fail("the condition on %s has an empty list", c.Column)
			return ""
		}
		var in []string
		for _, v := range v {
			in = append(in, f.value(c.Column, v))
		}
		return column + " IN (" + strings.Join(in, ", ") + ")"
	}
	return column + " = " + f.value(c.Column, c.Is)
}

// value returns an integer or text as SQL has it.
func (f *filter) value(name string, v any) string {
	switch v := v.(type) {
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case string:
		f.args = append(f.args, v)
		f.next++
		return f.t.db.Placeholder(f.next - 1)
	}
	f.fail("the condition on %s has a %T, which is none of nil, bool, int, int64, string and []any of the last three", name, v)
	return ""
}

// ReadsField is FieldReader.ReadsField.
func (t *Table) ReadsField(name string) bool {
	c := &t.o.Columns
	switch {
	case slices.Contains(t.o.Extra, name), name == "pk":
		return true
	case name == "username":
		return c.Username != None
	}
	for _, f := range c.fields() {
		switch f.django {
		case "password", "email", "first_name", "last_name":
			if f.django == name {
				return *f.name != None
			}
		}
	}
	return false
}
