package userstable

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/sqldb"
)

// row is the row of a user.
type row struct {
	id                       string
	name, password           nullText
	active, staff, superuser *bool
	email, first, last       nullText
	login, joined            sqldb.Stamp
	extra                    []any
}

// nullText is a text or NULL. It spares two allocations of a *string.
type nullText struct{ sql.NullString }

// ScanBytes implements pgtype.BytesScanner of pgx, which finds it sooner than Scan.
func (t *nullText) ScanBytes(b []byte) error {
	t.String, t.Valid = string(b), b != nil
	return nil
}

func (t *Table) dest(r *row) []any {
	r.extra = make([]any, len(t.o.Extra))
	dest := make([]any, 0, len(t.fields)+len(r.extra))
	for _, f := range t.fields {
		to := f.dest(r)
		if stamp, ok := to.(*sqldb.Stamp); ok {
			to = t.clock.Dest(stamp)
		}
		dest = append(dest, to)
	}
	for i := range r.extra {
		dest = append(dest, &r.extra[i])
	}
	return dest
}

var (
	errKind = errors.New("userstable: the primary key is of another kind")
	errTwo  = errors.New("userstable: more than one row")
)

// account returns r as an Account.
func (t *Table) account(doing string, r *row) (*djauth.Account, error) {
	id, err := t.o.ID.Parse(r.id)
	// For MySQL a text that begins with a number equals that number.
	if err != nil || t.o.ID == djauth.IntegerID && id != r.id {
		return nil, djsession.Unavailable(doing+": the primary key is of another kind than Options.ID says", errKind)
	}
	if t.o.FromColumn != nil {
		if id, err = t.o.FromColumn(id); err != nil {
			return nil, djsession.Unavailable(doing+": Options.FromColumn refuses a primary key of the table", err)
		}
	}
	a := &djauth.Account{
		ID: id, Name: r.name.String, Password: djauth.EncodedOf(r.password.String),
		Active:    t.o.Columns.Active == None || r.active != nil && *r.active,
		Staff:     r.staff != nil && *r.staff,
		Superuser: r.superuser != nil && *r.superuser,
		Email:     r.email.String, FirstName: r.first.String, LastName: r.last.String,
	}
	if a.LastLogin, err = t.clock.Field(r.login); err == nil {
		a.Joined, err = t.clock.Field(r.joined)
	}
	if err != nil {
		return nil, djsession.Unavailable(doing+": a column holds no date", err)
	}
	for i, name := range t.o.Extra {
		if a.Extra == nil {
			a.Extra = make(map[string]any, len(t.o.Extra))
		}
		if b, ok := r.extra[i].([]byte); ok {
			r.extra[i] = string(b)
		}
		a.Extra[name] = r.extra[i]
	}
	for _, is := range []struct {
		flag *bool
		code func(*djauth.Account) bool
	}{{&a.Active, t.o.Active}, {&a.Staff, t.o.Staff}, {&a.Superuser, t.o.Superuser}} {
		if is.code != nil {
			*is.flag = is.code(a)
		}
	}
	return a, nil
}

// accounts runs a SELECT that begins with sql.load.
func (t *Table) accounts(ctx context.Context, doing, query string, args ...any) (all []*djauth.Account, err error) {
	rows, err := sqldb.Rows(ctx, t.db, doing, func(scan sqldb.Scan) (r row, err error) {
		err = scan(t.dest(&r)...)
		return r, err
	}, query, args...)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		a, err := t.account(doing, &rows[i])
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// one is accounts for a query that at most one user can match, and that ends with t.where.
func (t *Table) one(ctx context.Context, doing, query string, arg any) (*djauth.Account, error) {
	all, err := t.accounts(ctx, doing, query, slices.Concat([]any{arg}, t.whereArgs)...)
	switch {
	case err != nil:
		return nil, err
	case len(all) == 0:
		return nil, djauth.ErrNoUser
	case len(all) > 1: // MultipleObjectsReturned
		return nil, djsession.Unavailable(doing+": more than one matches", errTwo)
	}
	return all[0], nil
}

// ByID is Users.ByID.
func (t *Table) ByID(ctx context.Context, id string) (*djauth.Account, error) {
	const doing = "load user"
	arg, err := t.idArg(doing, id)
	if err != nil {
		return nil, err
	}
	return t.one(ctx, doing, t.sql.byID, arg)
}

// ByName is Users.ByName.
func (t *Table) ByName(ctx context.Context, name string) (*djauth.Account, error) {
	const doing = "find user"
	if err := t.db.Refused(doing); err != nil {
		return nil, err
	}
	if t.sql.byName == "" {
		return nil, fmt.Errorf("%s: %w: no setting and no table tells which column is USERNAME_FIELD of %s: name it in Columns.Username", doing, djsession.ErrConfig, t.o.Model)
	}
	if !storable(name) {
		return nil, djauth.ErrNoUser
	}
	return t.one(ctx, doing, t.sql.byName, name)
}

// chunk is the number of ids in one statement. Older SQLites allow 999 parameters. An
// array is one parameter, with inArray ids.
const (
	chunk   = 500
	inArray = 20_000
)

// ByIDs is ManyFinder.ByIDs.
func (t *Table) ByIDs(ctx context.Context, ids []string, found func(*djauth.Account)) error {
	const doing = "load users"
	if err := t.db.Refused(doing); err != nil {
		return err
	}
	var args []any
	seen := make(map[any]bool, len(ids))
	for _, id := range ids {
		if arg, err := t.idArg(doing, id); err == nil && !seen[arg] {
			seen[arg] = true
			args = append(args, arg)
		}
	}
	size := chunk
	if t.db.Numbered {
		size = inArray
	}
	for args := range slices.Chunk(args, size) {
		query, sent := t.many(args)
		all, err := t.accounts(ctx, doing, query, sent...)
		if errors.Is(err, djauth.ErrNoUser) { // one of them cannot be asked for
			all, err = t.each(ctx, doing, args)
		}
		if err != nil {
			return err
		}
		for _, a := range all {
			found(a)
		}
	}
	return nil
}

// each returns the accounts with the ids args, by a statement each.
func (t *Table) each(ctx context.Context, doing string, args []any) (all []*djauth.Account, err error) {
	for _, arg := range args {
		a, err := t.one(ctx, doing, t.sql.byID, arg)
		switch {
		case err == nil:
			all = append(all, a)
		case !errors.Is(err, djauth.ErrNoUser):
			return nil, err
		}
	}
	return all, nil
}

// many returns the SELECT of the users with the ids args, and its arguments.
func (t *Table) many(args []any) (string, []any) {
	id, _ := t.column(t.o.Columns.ID) // which prepare has quoted too
	if !t.db.Numbered {
		return t.sql.load + " WHERE " + id + " IN (?" + strings.Repeat(", ?", len(args)-1) + ")" + t.where, slices.Concat(args, t.whereArgs)
	}
	texts := make([]string, len(args))
	for i, arg := range args {
		switch arg := arg.(type) {
		case int64:
			texts[i] = strconv.FormatInt(arg, 10)
		case string:
			texts[i] = arg
		}
	}
	of := map[djauth.IDKind]string{djauth.IntegerID: "bigint", djauth.UUIDID: "uuid", djauth.TextID: "text"}[t.o.ID]
	return t.sql.load + " WHERE " + id + sqldb.InArray("$1", of) + t.where, slices.Concat([]any{sqldb.Array(texts)}, t.whereArgs)
}

// Grants is Granter.Grants.
func (t *Table) Grants(ctx context.Context, id string) (*djauth.Grants, error) {
	const doing = "load permissions"
	arg, err := t.idArg(doing, id)
	g := &djauth.Grants{}
	if err == nil && t.sql.grants != "" {
		err = t.db.Query(ctx, doing, func() { *g = djauth.Grants{} }, func(scan sqldb.Scan) error {
			var app, code, group *string
			if err := scan(&app, &code, &group); err != nil {
				return err
			}
			switch {
			case group != nil:
				g.Groups = append(g.Groups, *group)
			case app != nil && code != nil:
				g.Permissions = append(g.Permissions, *app+"."+*code)
			}
			return nil
		}, t.sql.grants, slices.Repeat([]any{arg}, t.grantArgs)...)
	}
	switch {
	case errors.Is(err, djauth.ErrNoUser):
		return &djauth.Grants{}, nil
	case err != nil:
		return nil, err
	}
	slices.Sort(g.Groups)
	slices.Sort(g.Permissions)
	g.Permissions = slices.Compact(g.Permissions)
	return g, nil
}
