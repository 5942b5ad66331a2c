package userstable

import (
	"cmp"
	"errors"
	"regexp"
	"strings"
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

// utc is the moment; zero if it is NULL, what MySQL has in the place of NULL, or what
// Django takes for None.
func (w *when) utc(zone *time.Location) (time.Time, error) {
	switch {
	case w.instant != nil:
		return w.instant.UTC(), nil
	case w.text == nil, *w.text == "0000-00-00 00:00:00", *w.text == "0000-00-00 00:00:00.000000":
		return time.Time{}, nil
	}
	if t, err := time.ParseInLocation(wholeSeconds, *w.text, zone); err == nil { // takes a fraction too
		return t.UTC(), nil
	}
	return parseDatetime(*w.text, zone)
}

// datetime is datetime_re of django.utils.dateparse, and a date alone, which
// fromisoformat takes: what other programs write to SQLite.
var datetime = regexp.MustCompile(`^(\d{4}-\d{1,2}-\d{1,2})(?:[T ](\d{1,2}:\d{1,2})(:\d{1,2})?(?:[.,](\d{1,6})\d{0,6})?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$`)

// parseDatetime is parse_datetime: zero for a text of another form, an error for a moment
// that there is not.
func parseDatetime(text string, zone *time.Location) (time.Time, error) {
	m := datetime.FindStringSubmatch(text)
	if m == nil {
		return time.Time{}, nil
	}
	offset := strings.Replace(m[5], ":", "", 1)
	switch {
	case offset == "":
	case offset == "Z":
		zone = time.UTC
	default:
		layout := "-0700"[:len(offset)]
		t, err := time.Parse(layout, offset)
		if err != nil {
			return time.Time{}, errDate
		}
		_, seconds := t.Zone() // Parse may name the zone of this machine, which has summers
		zone = time.FixedZone("", seconds)
	}
	t, err := time.ParseInLocation("2006-1-2 15:4:5.999999", m[1]+" "+cmp.Or(m[2], "0:0")+cmp.Or(m[3], ":0")+"."+cmp.Or(m[4], "0"), zone)
	if err != nil {
		return time.Time{}, errDate
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
