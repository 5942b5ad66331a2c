package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// counts tell what became of the sessions. Seen is the sum of the others, but for
// Conflicts.
type counts struct {
	Seen, Converted, Right, Expired, Left, Corrupt, Gone int64

	Conflicts int64 // how often the site wrote a session meanwhile, so that it was read again
}

// conversion rewrites the sessions of a store.
type conversion struct {
	lister djsession.Lister
	reader djsession.Store // reads the format of today
	old    djsession.Store // reads the format before Django 3.1; nil if there is no key for it
	writer djsession.Store
	target *djsession.Site // of writer

	keep   bool // the serializer that a session has
	pickle bool
	legacy bool
	lossy  bool
	dryRun bool

	batch int64
	done  func(counts, string) error // is told the cursor after each batch, and at the end
	about func(key string, notes []note) error
	counts
}

// found is a session as it is stored.
type found struct {
	record  *djsession.Record
	version djsession.Version
	legacy  bool
	err     error
}

// run goes through the sessions after cursor.
func (c *conversion) run(ctx context.Context, cursor string) (err error) {
	told := c.Seen
	defer func() { err = errors.Join(err, c.done(c.counts, cursor)) }()
	for l, err := range c.lister.List(ctx, cursor) {
		if err != nil {
			return err
		}
		if err := c.session(ctx, l); err != nil {
			return err
		}
		c.Seen++
		cursor = l.Cursor()
		if c.Seen-told >= c.batch {
			told = c.Seen
			if err := c.done(c.counts, cursor); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// session converts one, which is read again when the site has changed it meanwhile.
func (c *conversion) session(ctx context.Context, l djsession.Listed) error {
	s := found{l.Record, l.Version, false, l.Err}
	if !c.target.ValidKey(l.Key()) {
		c.Corrupt++
		return nil
	}
	if errors.Is(s.err, djsession.ErrLegacy) {
		if s = c.load(ctx, l.Key()); errors.Is(s.err, djsession.ErrUnavailable) {
			return s.err
		}
	}
	const tries = 20
	for range tries {
		count, notes, err := c.convert(ctx, l.Key(), s)
		if !errors.Is(err, djsession.ErrConflict) {
			if err == nil {
				err = c.about(l.Key(), notes)
			}
			if err == nil {
				*count++
			}
			return err
		}
		c.Conflicts++
		if s = c.load(ctx, l.Key()); errors.Is(s.err, djsession.ErrUnavailable) {
			return s.err
		}
	}
	return refused("session "+short(l.Key())+" is written again and again by somebody else", "run djsession convert again")
}

// load reads a session of either format.
func (c *conversion) load(ctx context.Context, key string) (s found) {
	for range 3 { // for it may be written anew in the other one
		s.legacy = false
		s.record, s.version, s.err = c.reader.Load(ctx, key)
		if !errors.Is(s.err, djsession.ErrLegacy) || c.old == nil {
			break
		}
		s.legacy = true
		s.record, s.version, s.err = c.old.Load(ctx, key)
		if !errors.Is(s.err, djsession.ErrCorrupt) {
			break
		}
	}
	return s
}

// convert rewrites s, or tells which count it belongs to.
func (c *conversion) convert(ctx context.Context, key string, s found) (*int64, []note, error) {
	switch {
	case errors.Is(s.err, djsession.ErrExpired):
		return &c.Expired, nil, nil
	case errors.Is(s.err, djsession.ErrNotFound):
		return &c.Gone, nil, nil
	case s.err != nil: // not decoded, or a file that may not be read
		return &c.Corrupt, nil, ctx.Err()
	case !s.record.Expires.IsZero() && !s.record.Expires.After(c.target.Now()):
		return &c.Expired, nil, nil
	}
	pickled := wasPickle(s.record.Data)
	if s.legacy == c.legacy && (c.keep || pickled == c.pickle) {
		return &c.Right, nil, nil
	}
	r, notes := c.rewritten(s.record, pickled)
	if r == nil {
		return &c.Left, notes, nil
	}
	var err error
	if c.dryRun {
		_, err = c.target.Encode(r.Data)
	} else {
		_, err = c.writer.Update(ctx, key, r, s.version)
	}
	var wrong *serializer.ConvertError
	switch {
	case errors.As(err, &wrong):
		return &c.Left, append(notes, note{wrong.Path, wrong.Reason, true}), nil
	case errors.Is(err, djsession.ErrTooLarge):
		return &c.Left, append(notes, note{"", "session that has become too large", true}), nil
	case errors.Is(err, djsession.ErrNotFound):
		return &c.Gone, nil, nil
	}
	return &c.Converted, notes, err
}

// rewritten is r as it is to be stored, or nil if it has to stay as it is. The
// end of the session and all else about it stay.
func (c *conversion) rewritten(r *djsession.Record, pickled bool) (*djsession.Record, []note) {
	n := *r
	var notes []note
	if pickled && !c.keep && !c.pickle {
		j := toJSON{lossy: c.lossy, isoExpiry: !c.target.Settings().Django.Before(4, 1)}
		d, ok := j.session(r.Data)
		if notes = j.notes; !ok {
			return nil, notes
		}
		n.Data = d
	}
	// A session that Django fails to read the end of is worse than one that is left.
	if _, err := c.target.ExpiryDate(n.Data, c.target.Now()); err != nil {
		v, _ := r.Data.Get(expiryName)
		return nil, append(notes, note{expiryName, typeName(v) + " that this Django does not read", true})
	}
	return &n, notes
}

// walkBar shows how far it is, without knowing how far it goes.
func (a *app) walkBar(doing string) (set func(seen int64), done func()) {
	if !a.terminal(a.bar) {
		return func(int64) {}, func() {}
	}
	b := progressbar.NewOptions64(-1,
		progressbar.OptionSetWriter(a.bar), progressbar.OptionSetDescription(doing),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("sessions"),
		progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetRenderBlankState(true), progressbar.OptionThrottle(50*time.Millisecond))
	return func(n int64) { _ = b.Set64(n) }, func() { _ = b.Finish() }
}

// print is the summary.
func (n *counts) print(a *app, dryRun bool) error {
	converted := "converted"
	if dryRun {
		converted = "would be converted"
	}
	t := table{heads: []string{"SESSIONS", "COUNT"}, right: 1}
	for _, row := range []struct {
		what string
		n    int64
	}{
		{"seen", n.Seen},
		{converted, n.Converted},
		{"already right", n.Right},
		{"expired", n.Expired},
		{"not convertible", n.Left},
		{"corrupt", n.Corrupt},
		{"gone meanwhile", n.Gone},
		{"conflicts", n.Conflicts},
	} {
		if err := t.add(a, row.what, fmt.Sprint(row.n)); err != nil {
			return err
		}
	}
	return t.flush(a)
}
