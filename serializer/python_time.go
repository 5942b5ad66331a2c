package serializer

import (
	"errors"
	"fmt"
	"time"
)

// DateTime is a datetime.datetime: the time that a clock on a wall shows, and perhaps the
// zone of the wall. Two DateTimes are equal (==) if they were written alike; call Moment
// to compare the moments that they mean.
type DateTime struct {
	Date
	Time
}

// Date is a datetime.date: years 1 to 9999.
type Date struct {
	Year, Month, Day int
}

// Time is a datetime.time.
type Time struct {
	Hour, Minute, Second, Microsecond int
	// Fold is true in the second of two equal hours, when clocks are set back. Pickles of
	// protocol 3 and below lack it.
	Fold bool
	// Zone is nil (naive), a [TimeZone], [ZoneInfo], [Pytz], [PytzFixed], or the [*Object] that
	// another library uses for a time zone.
	Zone any
}

// TimeDelta is a datetime.timedelta as Python keeps it: Seconds from 0 to 86,399 and
// Microseconds from 0 to 999,999. So -1 us is -1 day, 86,399 s and 999,999 us.
type TimeDelta struct {
	Days, Seconds, Microseconds int
}

// TimeZone is a datetime.timezone, a fixed offset from UTC. The zero value is
// datetime.timezone.utc.
type TimeZone struct {
	Offset TimeDelta
	Name   string // the result of tzname, if Named
	Named  bool
}

// ZoneInfo is a zoneinfo.ZoneInfo.
type ZoneInfo struct {
	Key     string // Europe/Paris
	NoCache bool   // made by ZoneInfo.no_cache
}

// Pytz is a time zone of pytz by name. pytz.localize gives a datetime the offset of its
// day, which then is part of the zone.
type Pytz struct {
	Zone      string // Europe/Paris; UTC is pytz.utc
	Localized bool   // whether the rest is there
	UTCOffset int    // seconds east of UTC, daylight saving included
	DST       int    // seconds of daylight saving in it
	Abbrev    string // CEST
}

// PytzFixed is a pytz.FixedOffset: minutes east of UTC.
type PytzFixed int

// UTC is datetime.timezone.utc, which Django uses since 4.0. Before, it used pytz.utc.
var UTC = TimeZone{}

// ErrZone: the offset of a Python time zone is unknown here.
var ErrZone = errors.New("serializer: unknown time zone")

// NewDateTime returns t as an aware datetime in UTC. It drops digits below a microsecond,
// as Python would.
func NewDateTime(t time.Time) DateTime {
	d := NewNaive(t.UTC())
	d.Zone = UTC
	return d
}

// NewNaive returns the time that a clock shows at t in t's own location, as a naive
// datetime: Django's form if USE_TZ is False.
func NewNaive(t time.Time) DateTime {
	return DateTime{
		Date{t.Year(), int(t.Month()), t.Day()},
		Time{Hour: t.Hour(), Minute: t.Minute(), Second: t.Second(), Microsecond: t.Nanosecond() / 1000},
	}
}

// NewTimeDelta returns d as a timedelta, rounded down to a microsecond.
func NewTimeDelta(d time.Duration) TimeDelta {
	const day = 24 * time.Hour
	days := d / day
	if d %= day; d < 0 {
		days, d = days-1, d+day
	}
	return TimeDelta{int(days), int(d / time.Second), int(d % time.Second / time.Microsecond)}
}

// Duration returns d. ok is false beyond the 292 years of a [time.Duration].
func (d TimeDelta) Duration() (_ time.Duration, ok bool) {
	const most = 106751 // days
	if d.Days <= -most || d.Days >= most {
		return 0, false
	}
	return time.Duration(d.Days)*24*time.Hour + time.Duration(d.Seconds)*time.Second +
		time.Duration(d.Microseconds)*time.Microsecond, true
}

// Valid reports whether Python has such a date.
func (d Date) Valid() bool {
	return d.Year >= 1 && d.Year <= 9999 && d.Month >= 1 && d.Month <= 12 && d.Day >= 1 && d.Day <= 31 &&
		time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC).Day() == d.Day
}

// Valid reports whether Python has such a time. It does not look at the [Time.Zone].
func (t Time) Valid() bool {
	in := func(n, below int) bool { return n >= 0 && n < below }
	return in(t.Hour, 24) && in(t.Minute, 60) && in(t.Second, 60) && in(t.Microsecond, 1_000_000)
}

// Valid reports whether Python has such a moment. It does not look at the Zone.
func (d DateTime) Valid() bool { return d.Date.Valid() && d.Time.Valid() }

// Valid reports whether d is in the form that Python keeps.
func (d TimeDelta) Valid() bool {
	const most = 999_999_999
	return d.Days >= -most && d.Days <= most && d.Seconds >= 0 && d.Seconds < 86400 &&
		d.Microseconds >= 0 && d.Microseconds < 1_000_000
}

// Aware reports whether d names a time zone.
func (d DateTime) Aware() bool { return d.Zone != nil }

// Moment returns the moment that d stands for. A naive d is in the location naive; nil
// means UTC. As in Python, Fold decides in the hour that clocks skip and in the hour that
// they repeat. The result is in the zone of d, or in one with its offset.
//
// Errors: [ErrZone].
func (d DateTime) Moment(naive *time.Location) (time.Time, error) {
	if naive == nil {
		naive = time.UTC
	}
	loc, err := location(d.Zone, naive)
	if err != nil {
		return time.Time{}, err
	}
	return d.in(loc), nil
}

// ISO returns the text of d.isoformat(): 2030-01-02T03:04:05.000006+00:00. Django before
// 5.0 pickles such texts as well as datetimes into _session_expiry, and its JSON holds
// nothing else.
//
// Errors: [ErrZone].
func (d DateTime) ISO() (string, error) {
	text := fmt.Sprintf("%04d-%02d-%02dT%02d:%02d:%02d", d.Year, d.Month, d.Day, d.Hour, d.Minute, d.Second)
	if d.Microsecond != 0 {
		text += fmt.Sprintf(".%06d", d.Microsecond)
	}
	if d.Zone == nil {
		return text, nil
	}
	t, err := d.Moment(nil)
	if err != nil {
		return "", err
	}
	_, offset := t.Zone()
	return text + isoOffset(offset), nil
}

// in returns the moment at which clocks in loc show d. If there are two such moments,
// Fold says which one. If there is none, it uses the offset before (Fold: after) the
// change.
func (d DateTime) in(loc *time.Location) time.Time {
	wall := time.Date(d.Year, time.Month(d.Month), d.Day, d.Hour, d.Minute, d.Second, d.Microsecond*1000, time.UTC)
	offsetAt := func(t time.Time) time.Duration {
		_, s := t.In(loc).Zone()
		return time.Duration(s) * time.Second
	}
	// Two changes are never closer than a day, so these are the offsets on either side of
	// one.
	before, after := offsetAt(wall.Add(-24*time.Hour)), offsetAt(wall.Add(24*time.Hour))
	first, second := wall.Add(-before), wall.Add(-after)
	firstOK, secondOK := offsetAt(first) == before, offsetAt(second) == after
	switch {
	case firstOK && !secondOK:
		return first.In(loc)
	case secondOK && !firstOK:
		return second.In(loc)
	case d.Fold:
		return second.In(loc)
	}
	return first.In(loc)
}

// location returns the location of a Zone.
func location(zone any, naive *time.Location) (*time.Location, error) {
	switch z := zone.(type) {
	case nil:
		return naive, nil
	case TimeZone:
		if z == UTC {
			return time.UTC, nil
		}
		if z.Offset.Microseconds != 0 {
			return nil, fmt.Errorf("%w: its offset is no whole number of seconds", ErrZone)
		}
		return time.FixedZone(z.Name, z.Offset.Days*86400+z.Offset.Seconds), nil
	case ZoneInfo:
		return named(z.Key)
	case Pytz:
		if z.Localized {
			return time.FixedZone(z.Abbrev, z.UTCOffset), nil
		}
		return named(z.Zone)
	case PytzFixed:
		return time.FixedZone("", int(z)*60), nil
	case *Object:
		// The classes for UTC of Django before 4.0 and of dateutil.
		if z.Is("django.utils.timezone", "UTC") || z.Is("dateutil.tz.tz", "tzutc") {
			return time.UTC, nil
		}
	}
	return nil, ErrZone
}

// named returns a zone of the time zone database. The error does not repeat its name,
// which came from outside.
func named(key string) (*time.Location, error) {
	if key == "" || key == "Local" {
		return nil, ErrZone
	}
	loc, err := time.LoadLocation(key)
	if err != nil {
		return nil, fmt.Errorf("%w: not in the time zone database of this machine", ErrZone)
	}
	return loc, nil
}
