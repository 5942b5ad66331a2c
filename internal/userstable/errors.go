package userstable

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/djangodb"
)

// scanError is a row that is not what the table of a user model holds.
type scanError struct {
	error
	hint string
}

func (e *scanError) Unwrap() error { return e.error }

const (
	hintKind = ": the primary key is of another kind than Options.ID says"
	hintDate = ": a column holds no date"
)

// hint is what the text of the error says besides. It must not quote the cause.
func (t *Table) hint(f fault) string {
	switch f {
	case faultRetry:
		return ": other transactions kept the row or the database locked"
	case faultNoTable:
		return fmt.Sprintf(": there is no table %s, or none of its permissions: run the site's migrations, or name the tables in the Options", t.o.Table)
	case faultColumn:
		return fmt.Sprintf(": the table %s has not the columns and types that the Options say", t.o.Table)
	case faultTooLong:
		return fmt.Sprintf(": a column of the table %s is too short for the value", t.o.Table)
	case faultDenied:
		return fmt.Sprintf(": the database user may not do that to the table %s", t.o.Table)
	case faultReadOnly:
		return ": the database is read-only"
	}
	return ""
}

// config is the error of every method of a Table whose Options cannot work.
func (t *Table) config(doing string) error { return fmt.Errorf("%s: %w", doing, t.bad) }

// retryFor is how long a statement is tried again, Django's own timeout for a
// locked SQLite. The pauses in between grow up to maxPause.
const (
	retryFor = 5 * time.Second
	maxPause = 20 * time.Millisecond
)

// run calls f until it does not fail by a fault that another try may mend, and
// returns its error as one of djsession, with the text of the cause hidden; or
// ErrNoUser for an id or a name that cannot be compared with those in the table.
func (t *Table) run(ctx context.Context, doing string, f func() error) error {
	began, pause := time.Now(), time.Millisecond
	for {
		err := f()
		if err == nil {
			return nil
		}
		if errors.Is(err, djsession.ErrConfig) {
			return fmt.Errorf("%s: %w", doing, err)
		}
		what := t.d.fault(err)
		var scan *scanError
		if errors.As(err, &scan) {
			if scan.hint != "" {
				return djsession.Unavailable(doing+scan.hint, err)
			}
			what = faultColumn
		}
		if what == faultRetry && time.Since(began) < retryFor {
			wait := time.NewTimer(pause/2 + rand.N(pause))
			select {
			case <-ctx.Done():
				wait.Stop()
			case <-wait.C:
				pause = min(2*pause, maxPause)
				continue
			}
		}
		if what == faultForeign {
			return djauth.ErrNoUser
		}
		if ctx.Err() != nil {
			// Drivers tell the end of a context in words of their own.
			return djsession.Unavailable(doing, errors.Join(ctx.Err(), err))
		}
		if what == faultOther {
			return djsession.Unavailable(doing+djangodb.Pooler(err), err)
		}
		return djsession.Unavailable(doing+t.hint(what), err)
	}
}
