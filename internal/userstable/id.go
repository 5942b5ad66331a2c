package userstable

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/internal/sqldb"
)

// idArg returns the argument for an id. The error is [djauth.ErrNoUser] for an id
// that no row can have.
func (t *Table) idArg(doing, id string) (any, error) {
	if err := t.db.Refused(doing); err != nil {
		return nil, err
	}
	if t.o.ToColumn != nil {
		var err error
		if id, err = t.o.ToColumn(id); err != nil {
			return nil, djauth.ErrNoUser
		}
	}
	text, err := t.o.ID.Parse(id)
	if err != nil {
		return nil, djauth.ErrNoUser
	}
	switch {
	case t.o.ID == djauth.IntegerID:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, nil
		}
	case t.o.ID == djauth.UUIDID:
		return t.db.UUID(text), nil
	case storable(text):
		return text, nil
	}
	return nil, djauth.ErrNoUser
}

// storable reports whether a database can hold a text and compare with it.
func storable(text string) bool { return utf8.ValidString(text) && !strings.Contains(text, "\x00") }

// idPlaceholder returns the placeholder of an id. It has a type of its own where the
// driver would take the type of the column, which may be too small.
func idPlaceholder(d *sqldb.Dialect, n int, kind djauth.IDKind) string {
	switch {
	case !d.Numbered, kind == djauth.TextID:
		return d.Placeholder(n)
	case kind == djauth.UUIDID:
		return d.Placeholder(n) + "::uuid"
	}
	return d.Placeholder(n) + "::bigint"
}
