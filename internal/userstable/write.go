package userstable

import (
	"context"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
)

// RecordLogin is LoginRecorder.RecordLogin.
func (t *Table) RecordLogin(ctx context.Context, id string, at time.Time) error {
	const doing = "record login"
	if t.bad != nil {
		return t.config(doing)
	}
	if t.sql.login == "" {
		return nil
	}
	arg, ok := t.idArg(id)
	if !ok {
		return djauth.ErrNoUser
	}
	n, err := t.exec(ctx, doing, t.sql.login, t.momentArg(at), arg)
	if err != nil || n > 0 {
		return err
	}
	// MySQL also counts no row if it was as it should be.
	if !t.d.stays {
		return djauth.ErrNoUser
	}
	_, err = t.stored(ctx, doing, arg)
	return err
}

// SetPassword is PasswordSetter.SetPassword.
func (t *Table) SetPassword(ctx context.Context, id string, encoded, seen djauth.Encoded) error {
	const doing = "set password"
	if t.bad != nil {
		return t.config(doing)
	}
	arg, ok := t.idArg(id)
	if !ok {
		return djauth.ErrNoUser
	}
	query, args := t.sql.password, []any{encoded.Reveal(), arg}
	if !seen.IsZero() {
		query, args = t.sql.swap, append(args, t.d.exactArg(seen.Reveal()))
	}
	if storable(seen.Reveal()) { // what is not, is stored nowhere
		n, err := t.exec(ctx, doing, query, args...)
		if err != nil || n > 0 {
			return err
		}
	}
	if seen.IsZero() && !t.d.stays {
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

// stored is the password of an id.
func (t *Table) stored(ctx context.Context, doing string, id any) (password djauth.Encoded, err error) {
	there := false
	err = t.run(ctx, doing, func() error {
		return t.conn.Query(ctx, func(scan func(dest ...any) error) error {
			var text *string
			if err := scan(&text); err != nil {
				return &scanError{err, ""}
			}
			if there = true; text != nil {
				password = djauth.EncodedOf(*text)
			}
			return nil
		}, t.sql.stored, id)
	})
	if err == nil && !there {
		err = djauth.ErrNoUser
	}
	return password, err
}

func (t *Table) exec(ctx context.Context, doing, query string, args ...any) (n int64, err error) {
	err = t.run(ctx, doing, func() error {
		n, err = t.conn.Exec(ctx, query, args...)
		return err
	})
	return n, err
}
