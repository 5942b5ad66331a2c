package djangodb

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-djsession/go-djsession/djsession"
)

// Add is Create that also takes the place of a row that has expired.
//
// Without an upsert it inserts and, if the key is taken, updates the row if that has
// expired. Each of the two is atomic: when several add one key, only one succeeds,
// by either statement. Most keys are new and take only the INSERT.
func (t *Table) Add(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	text, err := t.encode(creating, r)
	if err != nil {
		return djsession.Version{}, err
	}
	q := t.query()
	now := t.site.Now()
	if t.db.Upserts {
		err = q.insert(" AS was", key, text, r, t.insert)
		q.b.WriteString(t.sql.upsert + " WHERE was." + t.layout.Date + " <= " + q.moment(now))
	} else {
		err = q.insert("", key, text, r, t.insert)
	}
	if err != nil {
		return djsession.Version{}, fmt.Errorf("%s: %w", creating, err)
	}
	n, err := t.exec(ctx, creating, q)
	if !t.db.Upserts && errors.Is(err, djsession.ErrKeyTaken) {
		q = t.query()
		if err := q.update(text, r, t.update); err != nil {
			return djsession.Version{}, fmt.Errorf("%s: %w", creating, err)
		}
		q.where(key, nil)
		q.b.WriteString(" AND " + t.layout.Date + " <= " + q.moment(now))
		n, err = t.exec(ctx, creating, q)
	}
	switch {
	case err != nil:
		return djsession.Version{}, err
	case n == 0:
		return djsession.Version{}, djsession.ErrKeyTaken
	}
	return djsession.VersionOf(text), nil
}

// setTries is how often Set tries without an upsert: others may insert or delete the
// row between its two statements.
const setTries = 20

// Set stores r under key, whatever is there.
func (t *Table) Set(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	text, err := t.encode(creating, r)
	if err != nil {
		return djsession.Version{}, err
	}
	if t.db.Upserts {
		q := t.query()
		if err = q.insert(" AS was", key, text, r, t.insert); err != nil {
			return djsession.Version{}, fmt.Errorf("%s: %w", creating, err)
		}
		q.b.WriteString(t.sql.upsert)
		_, err = t.exec(ctx, creating, q)
	} else {
		err = t.setByTwo(ctx, key, text, r)
	}
	if err != nil {
		return djsession.Version{}, err
	}
	return djsession.VersionOf(text), nil
}

// setByTwo updates the row or, if there is none, inserts it.
func (t *Table) setByTwo(ctx context.Context, key, text string, r *djsession.Record) (err error) {
	for range setTries {
		q := t.query()
		if err = q.update(text, r, t.update); err == nil {
			err = t.change(ctx, creating, key, djsession.Force, q, text)
		}
		if !errors.Is(err, djsession.ErrNotFound) {
			return err
		}
		q = t.query()
		if err = q.insert("", key, text, r, t.insert); err == nil {
			_, err = t.exec(ctx, creating, q)
		}
		if !errors.Is(err, djsession.ErrKeyTaken) {
			return err
		}
	}
	return err
}
