// Package convert rewrites the sessions of a store in place, so that another Django can
// read them: from pickle to JSON or the reverse, and from the format before Django 3.1
// to that of today or the reverse.
package convert

import (
	"context"
	"errors"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/payload"
	"github.com/go-djsession/go-djsession/serializer"
)

// Counts say what became of the sessions. Seen is the sum of the others, but for
// Conflicts.
type Counts struct {
	Seen, Converted, Right, Expired, Left, Corrupt, Gone int64

	Conflicts int64 // how often the site wrote a session meanwhile, so that it was read again
}

// Options say what to convert, and to what.
type Options struct {
	// Reader reads the sessions in the format of today, and Lister lists them.
	Reader djsession.Store
	Lister djsession.Lister
	// Old reads the format before Django 3.1; nil if there is no key for it.
	Old djsession.Store
	// Writer writes the sessions to the same place, as its Site encodes them.
	Writer djsession.Store

	Keep   bool // the serializer that a session has
	Pickle bool // to pickle, not to JSON
	Legacy bool // to the format before Django 3.1
	Lossy  bool // dates, Decimals and UUIDs become text
	DryRun bool // count them and change nothing

	// Batch is after how many sessions Resume is written.
	Batch int64
	// Resume is the file to go on from, and to note in how far it came; "" is none.
	// Task is what a run that goes on must have in common with the one before.
	Resume, Task string
	// Report is the file for the values that change or that JSON cannot hold; "" is none.
	Report string
	// Progress is called after each batch. It may be nil.
	Progress func(seen int64)
}

// Result is what a run has done.
type Result struct {
	Counts       // those of the runs before that it went on from included
	Before int64 // Seen of the runs before
}

// Errors of Run, besides those of the stores and *FileError.
var (
	// ErrNotResume is a file of Options.Resume that Run did not write.
	ErrNotResume = errors.New("convert: not a file that a conversion wrote")
	// ErrOtherTask is a file of Options.Resume of a run with another Task.
	ErrOtherTask = errors.New("convert: the file belongs to another task")
)

// BusyError is a session that somebody else writes again and again.
type BusyError struct{ Session string } // the beginning of its key

// Error implements error.
func (e *BusyError) Error() string {
	return "session " + e.Session + " is written again and again by somebody else"
}

// Run converts the sessions of a store in place. The site may be at work meanwhile.
// The result is nil if it did not begin; otherwise it holds also if there is an error.
func Run(ctx context.Context, opts Options) (*Result, error) {
	state := checkpoint{Task: opts.Task}
	if err := state.read(opts.Resume); err != nil {
		return nil, err
	}
	report, err := openReport(opts.Report, state.Cursor != "")
	if err != nil {
		return nil, err
	}
	c := &conversion{Options: opts, Counts: state.Counts, target: opts.Writer.Site(), about: report.about}
	c.done = func(n Counts, cursor string) error {
		if opts.Progress != nil {
			opts.Progress(n.Seen)
		}
		if err := report.flush(); err != nil {
			return err
		}
		state.Counts, state.Cursor = n, cursor
		return state.write(opts.Resume)
	}
	res := &Result{Before: state.Counts.Seen}
	err = c.run(ctx, state.Cursor)
	res.Counts = c.Counts
	if err == nil {
		err = state.remove(opts.Resume)
	}
	return res, errors.Join(err, report.close())
}

// conversion is a run.
type conversion struct {
	Options
	Counts
	target *djsession.Site // of Writer

	done  func(Counts, string) error // gets the cursor after each batch, and at the end
	about func(key string, notes []note) error
}

// found is a session as it is stored.
type found struct {
	record  *djsession.Record
	version djsession.Version
	legacy  bool
	err     error
}

// run converts the sessions after cursor.
func (c *conversion) run(ctx context.Context, cursor string) (err error) {
	told := c.Seen
	defer func() { err = errors.Join(err, c.done(c.Counts, cursor)) }()
	for l, err := range c.Lister.List(ctx, cursor) {
		if err != nil {
			return err
		}
		if err := c.session(ctx, l); err != nil {
			return err
		}
		c.Seen++
		cursor = l.Cursor()
		if c.Seen-told >= c.Batch {
			told = c.Seen
			if err := c.done(c.Counts, cursor); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// session converts one session. It reads the session again if the site has changed it
// meanwhile.
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
	return &BusyError{payload.ShortKey(l.Key())}
}

// load reads a session of either format.
func (c *conversion) load(ctx context.Context, key string) (s found) {
	for range 3 { // for it may be written anew in the other one
		s.legacy = false
		s.record, s.version, s.err = c.Reader.Load(ctx, key)
		if !errors.Is(s.err, djsession.ErrLegacy) || c.Old == nil {
			break
		}
		s.legacy = true
		s.record, s.version, s.err = c.Old.Load(ctx, key)
		if !errors.Is(s.err, djsession.ErrCorrupt) {
			break
		}
	}
	return s
}

// convert rewrites s, or returns the count that it belongs to.
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
	pickled := payload.WasPickle(s.record.Data)
	if s.legacy == c.Legacy && (c.Keep || pickled == c.Pickle) {
		return &c.Right, nil, nil
	}
	r, notes := c.rewritten(s.record, pickled)
	if r == nil {
		return &c.Left, notes, nil
	}
	var err error
	if c.DryRun {
		_, err = c.target.Encode(r.Data)
	} else {
		_, err = c.Writer.Update(ctx, key, r, s.version)
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

// rewritten returns r as it is to be stored, or nil if the session must stay as it is. The
// session ends when it did before.
func (c *conversion) rewritten(r *djsession.Record, pickled bool) (*djsession.Record, []note) {
	n := *r
	var notes []note
	if pickled && !c.Keep && !c.Pickle {
		j := toJSON{lossy: c.Lossy, isoExpiry: isoExpiry(c.target)}
		d, ok := j.session(r.Data)
		if notes = j.notes; !ok {
			return nil, notes
		}
		n.Data = d
	}
	// A session that Django fails to read the end of is worse than one that is left.
	end, err := c.target.ExpiryDate(n.Data, c.target.Now())
	if err != nil {
		v, _ := r.Data.Get(expiryName)
		return nil, append(notes, note{expiryName, payload.TypeName(v) + " that this Django does not read", true})
	}
	if n.Expires.IsZero() { // the row says no moment
		n.Expires = end
	}
	return &n, notes
}
