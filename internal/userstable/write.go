package userstable

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/sqldb"
)

// RecordLogin is LoginRecorder.RecordLogin.
func (t *Table) RecordLogin(ctx context.Context, id string, at time.Time) error {
	const doing = "record login"
	if t.o.Columns.LastLogin == None {
		return t.db.Refused(doing)
	}
	arg, err := t.idArg(doing, id)
	if err != nil {
		return err
	}
	n, err := t.db.Exec(ctx, doing, t.sql.login, t.clock.Arg(at), arg)
	if err != nil || n > 0 {
		return err
	}
	// MySQL also counts no row if the row had that value already.
	if !t.db.Stays {
		return djauth.ErrNoUser
	}
	_, err = t.stored(ctx, doing, arg)
	return err
}

// SetPassword is PasswordSetter.SetPassword.
func (t *Table) SetPassword(ctx context.Context, id string, encoded, seen djauth.Encoded) error {
	const doing = "set password"
	arg, err := t.idArg(doing, id)
	if err != nil {
		return err
	}
	if t.sql.password == "" {
		return fmt.Errorf("%s: %w: the user model has none", doing, errors.ErrUnsupported)
	}
	query, args := t.sql.password, []any{encoded.Reveal(), arg}
	if !seen.IsZero() {
		query, args = t.sql.swap, append(args, t.db.ExactArg(seen.Reveal()))
	}
	if storable(seen.Reveal()) { // what is not, is stored nowhere
		n, err := t.db.Exec(ctx, doing, query, args...)
		if err != nil || n > 0 {
			return err
		}
	}
	if seen.IsZero() && !t.db.Stays {
		return djauth.ErrNoUser
	}
	stored, err := t.stored(ctx, doing, arg)
	switch {
	case err != nil:
		return err
	case seen.IsZero(), seen.Equal(encoded) && stored.Equal(encoded):
		return nil // it was there already, which MySQL counts as no row
	}
	return djsession.ErrConflict
}

// stored returns the password of the user with an id.
func (t *Table) stored(ctx context.Context, doing string, id any) (djauth.Encoded, error) {
	rows, err := sqldb.Rows(ctx, t.db, doing, func(scan sqldb.Scan) (text *string, err error) {
		err = scan(&text)
		return text, err
	}, t.sql.stored, id)
	switch {
	case err != nil:
		return djauth.Encoded{}, err
	case len(rows) == 0:
		return djauth.Encoded{}, djauth.ErrNoUser
	case rows[0] == nil:
		return djauth.Encoded{}, nil
	}
	return djauth.EncodedOf(*rows[0]), nil
}
