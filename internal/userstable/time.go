package userstable

import (
	"errors"
	"time"
)

const (
	wholeSeconds = "2006-01-02 15:04:05"
	microseconds = "2006-01-02 15:04:05.000000"
)

var errDate = errors.New("userstable: not a date")

// when is a column with a moment, as it is stored; the database fills one of the two.
type when struct {
	wall    bool
	text    *string
	instant *time.Time
}

func (w *when) dest() any {
	if w.wall {
		return &w.text
	}
	return &w.instant
}

// utc is the moment; zero if it is NULL, or what MySQL has in the place of NULL.
func (w *when) utc(zone *time.Location) (time.Time, error) {
	switch {
	case w.instant != nil:
		return w.instant.UTC(), nil
	case w.text == nil, *w.text == "0000-00-00 00:00:00", *w.text == "0000-00-00 00:00:00.000000":
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(wholeSeconds, *w.text, zone) // takes a fraction too
	if err != nil {
		// What other programs write to SQLite.
		if t, err = time.Parse(time.RFC3339, *w.text); err != nil {
			if t, err = time.Parse("2006-01-02 15:04:05Z07:00", *w.text); err != nil {
				return time.Time{}, errDate
			}
		}
	}
	return t.UTC(), nil
}

// momentArg is the form in which a moment is sent: str(datetime) without a zone
// where it is a wall clock, whose fraction is left out if it is zero.
func (t *Table) momentArg(m time.Time) any {
	m = m.UTC().Truncate(time.Microsecond)
	if !t.d.wall {
		return m
	}
	if m = m.In(t.zone); m.Nanosecond() == 0 {
		return m.Format(wholeSeconds)
	}
	return m.Format(microseconds)
}
