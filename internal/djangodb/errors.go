package djangodb

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

var (
	errNull = errors.New("djangodb: NULL")
	errDate = errors.New("djangodb: not a date")
)

// scanError is a column that is not what the table of Django has there.
type scanError struct{ error }

func (e *scanError) Unwrap() error { return e.error }

// fault is what an error of a database means to us.
type fault int

const (
	faultOther    fault = iota
	faultTaken          // the key, or another value that must be unique, is in use
	faultRetry          // another try may succeed: locked, deadlock, serialization
	faultTooLarge       // the value does not fit
	faultNoTable
	faultColumn   // a column is missing or of another type
	faultRequired // a column wants a value that was not given
	faultDenied
	faultReadOnly
)

// hint is what the text of the error says besides. It must not quote the cause.
func (t *Table) hint(f fault) string {
	switch f {
	case faultTaken:
		return fmt.Sprintf(": a further column of the table %s is UNIQUE, and its value taken", t.name)
	case faultRetry:
		return ": other transactions kept the row or the database locked"
	case faultNoTable:
		return fmt.Sprintf(": there is no table %s: %s, or name the table and the database that it uses", t.name, t.layout.Made)
	case faultColumn:
		return fmt.Sprintf(": the table %s has not the columns of %s: %s, %s, %s", t.name, t.layout.Table, t.layout.Key, t.layout.Data, t.layout.Date)
	case faultRequired:
		return fmt.Sprintf(": the table %s has a further column that wants a value%s", t.name, t.layout.Required)
	case faultDenied:
		return fmt.Sprintf(": the database user may not do that to the table %s", t.name)
	case faultReadOnly:
		return ": the database is read-only"
	}
	return ""
}

// retryFor is how long an operation is tried again, Django's own timeout for a
// locked SQLite. The pauses in between grow up to maxPause.
const (
	retryFor = 5 * time.Second
	maxPause = 20 * time.Millisecond
)

// run calls f until it does not fail by a fault that another try may mend, and
// returns its error as one of djsession.
//
// SQLite does not queue: it turns away who comes while another writes, and who
// comes back may be turned away for ever while others are served. So those of
// one Table take turns: all who write, and readers that were turned away.
func (t *Table) run(ctx context.Context, doing string, queue bool, f func() error) error {
	if t.bad != nil {
		return fmt.Errorf("%s: %w", doing, t.bad)
	}
	began, pause := time.Now(), time.Millisecond
	queued := false
	for {
		if queue && !queued && t.turn != nil {
			select {
			case t.turn <- struct{}{}:
				defer func() { <-t.turn }()
				queued = true
			case <-ctx.Done():
				return djsession.Unavailable(doing, ctx.Err())
			}
		}
		err := f()
		if err == nil {
			return nil
		}
		if errors.Is(err, djsession.ErrConfig) {
			return fmt.Errorf("%s: %w", doing, err)
		}
		if t.d.fault(err) != faultRetry || time.Since(began) > retryFor {
			return t.fail(ctx, doing, err)
		}
		queue = true
		wait := time.NewTimer(pause/2 + rand.N(pause))
		select {
		case <-ctx.Done():
			wait.Stop()
			return t.fail(ctx, doing, err)
		case <-wait.C:
		}
		pause = min(2*pause, maxPause)
	}
}

// fail turns an error of the database into one of djsession. The text of the
// cause, which may quote key and values, is hidden.
func (t *Table) fail(ctx context.Context, doing string, err error) error {
	f := t.d.fault(err)
	var scan *scanError
	if errors.As(err, &scan) {
		f = faultColumn
	}
	switch {
	case f == faultTaken && doing == creating:
		return djsession.ErrKeyTaken
	case f == faultTooLarge:
		return fmt.Errorf("%s: %w", doing, djsession.ErrTooLarge)
	case ctx.Err() != nil:
		// Drivers tell the end of a context in words of their own.
		return djsession.Unavailable(doing, errors.Join(ctx.Err(), err))
	}
	if f == faultOther {
		return djsession.Unavailable(doing+Pooler(err), err)
	}
	return djsession.Unavailable(doing+t.hint(f), err)
}
