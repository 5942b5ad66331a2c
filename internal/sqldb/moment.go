package sqldb

import (
	"cmp"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Clock gives the moments of a site to a database and reads them.
//
// The moments of SQLite and MySQL are wall clocks: in UTC, or in TIME_ZONE for a
// site with USE_TZ=False. Django compares them as such, and so does Expiry: in
// the hour that is there twice when summer time ends, a wall clock does not tell
// which of the two instants it means. PostgreSQL keeps instants.
type Clock struct {
	wall bool
	// partials: the database holds moments such as those of the month 0.
	partials bool
	site     *time.Location // TIME_ZONE of a site with USE_TZ=False, else nil
	zone     *time.Location // of wall clocks
}

// Clock returns the Clock of a database. site is TIME_ZONE of a site with
// USE_TZ=False, else nil; database is DATABASES[...]["TIME_ZONE"], nil for UTC.
func (d *Dialect) Clock(site, database *time.Location) Clock {
	return Clock{d.wall, d == MySQL, site, cmp.Or(site, database, time.UTC)}
}

const (
	wholeSeconds = "2006-01-02 15:04:05"
	microseconds = "2006-01-02 15:04:05.000000"
)

// Arg returns the argument for m, which is cut to microseconds. That of a wall
// clock is str(datetime) without a zone, whose fraction is left out if it is zero.
// The argument for a moment that Python cannot hold is that for the last one.
func (c Clock) Arg(m time.Time) any {
	m = m.Truncate(time.Microsecond)
	shown := c.shown(m)
	if shown.Year() > 9999 {
		shown = time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)
		m = time.Date(9999, 12, 31, 23, 59, 59, 999999000, c.zone)
	}
	switch {
	case !c.wall:
		return m.UTC()
	case shown.Nanosecond() == 0:
		return shown.Format(wholeSeconds)
	}
	return shown.Format(microseconds)
}

// shown returns what a clock of the database shows at m, as if it were UTC. In an hour
// that clocks skip, the location of m says what Python makes of it: see
// [djsession.Record].
func (c Clock) shown(m time.Time) time.Time {
	if m.Location() != time.UTC && c.site != nil {
		_, own := m.Zone()
		_, after := m.In(c.site).Zone()
		before := m.Add(time.Duration(own-after) * time.Second)
		if _, offset := before.In(c.site).Zone(); own < after && offset == own {
			return m.UTC().Add(time.Duration(own) * time.Second)
		}
	}
	return onWall(m, c.zone)
}

// Django returns the instant that the database keeps when Django writes m. It is
// another one than m on PostgreSQL with USE_TZ=False, in the hour that is there
// twice: of the wall clock that Django sends PostgreSQL takes the second instant.
func (c Clock) Django(m time.Time) time.Time {
	if c.wall || c.site == nil {
		return m
	}
	wall := onWall(m, c.site)
	_, offset := m.Add(24 * time.Hour).In(c.site).Zone() // that after the change, if one is near
	if again := wall.Add(-time.Duration(offset) * time.Second); again.After(m) && onWall(again, c.site).Equal(wall) {
		return again
	}
	return m
}

// onWall returns what a clock in zone shows at t, as if it were UTC.
func onWall(t time.Time, zone *time.Location) time.Time {
	_, offset := t.In(zone).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// Stamp is a moment as it is stored. The database fills one of the two.
type Stamp struct {
	text    *string
	instant *time.Time
}

// Dest returns where a row puts a column that [Dialect.Moment] reads.
func (c Clock) Dest(s *Stamp) any {
	if c.wall {
		return &s.text
	}
	return &s.instant
}

var (
	errDate = errors.New("sqldb: not a date")
	// over is the expiry of a cell that Django finds to be over, but that is no moment.
	over = time.Unix(0, 0).UTC()
)

// blob is before the text of a blob.
const blob = "blob:"

// Expiry reads a moment that something ends at, and reports whether it is later than now.
// It does what Django does with its query "expire_date > now" and the row that this finds:
//
//   - Nothing is later than now if it is NULL, a number in SQLite, or a text that sorts
//     before now, such as the zero date of MySQL.
//   - A text that is later and that no reader of Django's takes for a moment has no end:
//     expires is zero.
//   - A moment that is later and that Python cannot hold is an error.
func (c Clock) Expiry(s Stamp, now time.Time) (expires time.Time, alive bool, err error) {
	switch {
	case c.wall && s.text == nil, !c.wall && s.instant == nil:
		return over, false, nil
	case !c.wall:
		expires = s.instant.UTC()
		if alive = expires.After(c.Django(now)); !alive {
			return cmp.Or(expires, over), false, nil // the zero time would be no end
		}
		if onWall(expires, c.zone).Year() > 9999 {
			return time.Time{}, false, errDate
		}
		return expires, true, nil
	}
	if wall, err := parseWall(*s.text, time.UTC); err == nil { // as if it were UTC
		expires = time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), c.zone)
		return cmp.Or(expires.UTC(), over), wall.After(onWall(now, c.zone)), nil
	}
	// Other programs write other forms, which Django takes for later than any of
	// the same day because "T" sorts after a space. They are instants.
	if expires, err = parseInstant(*s.text); err == nil {
		return expires, expires.After(now), nil
	}
	if *s.text <= onWall(now, c.zone).Format(wholeSeconds) {
		return over, false, nil
	}
	expires, err = parseDatetime(strings.TrimPrefix(*s.text, blob), c.zone)
	if err != nil && c.partials && c.site != nil {
		// Such as one of the month 0. mysqlclient makes None of it, and PyMySQL a text,
		// which Django cannot give a zone under USE_TZ.
		return time.Time{}, true, nil
	}
	return expires, err == nil, err
}

// Field reads a moment as a DateTimeField does. It is zero for NULL, for what MySQL
// has in the place of NULL, and for what Django reads as None.
func (c Clock) Field(s Stamp) (time.Time, error) {
	switch {
	case s.instant != nil:
		if y := onWall(*s.instant, c.zone).Year(); y < 1 || y > 9999 {
			return time.Time{}, errDate
		}
		return s.instant.UTC(), nil
	case s.text == nil, *s.text == "0000-00-00 00:00:00", *s.text == "0000-00-00 00:00:00.000000":
		return time.Time{}, nil
	}
	// Package time passes over spaces. What it read is sure if it is written the same.
	if t, err := parseWall(*s.text, c.zone); err == nil && t.Year() > 0 && strings.HasPrefix(*s.text, t.Format(wholeSeconds)) {
		return t.UTC(), nil
	}
	return parseDatetime(strings.TrimPrefix(*s.text, blob), c.zone)
}

// parseWall reads what Django writes. package time takes a fraction of any length
// that the layout does not have; Python cuts it to microseconds.
func parseWall(text string, zone *time.Location) (time.Time, error) {
	t, err := time.ParseInLocation(wholeSeconds, text, zone)
	return t.Truncate(time.Microsecond), err
}

// parseInstant reads RFC 3339, and what time.Time.String makes of a moment. Unlike
// parseDatetime it takes no text without an offset: only an instant can be later
// than another one in spite of how Django compares the texts.
func parseInstant(text string) (time.Time, error) {
	text, _, _ = strings.Cut(text, " m=")
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700 MST", "2006-01-02 15:04:05 -0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errDate
}

// datetime is datetime_re of django.utils.dateparse, and a date alone, which
// fromisoformat takes: what other programs write to SQLite.
var datetime = regexp.MustCompile(`^(\d{4}-\d{1,2}-\d{1,2})(?:[T ](\d{1,2}:\d{1,2})(:\d{1,2})?(?:[.,](\d{1,6})\d{0,6})?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$`)

// parseDatetime is parse_datetime, which Django's SQLite reads columns by: zero for
// a text of another form, an error for a moment that there is not and for no UTF-8.
func parseDatetime(text string, zone *time.Location) (time.Time, error) {
	if !utf8.ValidString(text) {
		return time.Time{}, errDate
	}
	m := datetime.FindStringSubmatch(text)
	if m == nil {
		return time.Time{}, nil
	}
	switch offset := strings.Replace(m[5], ":", "", 1); offset {
	case "":
	case "Z":
		zone = time.UTC
	default: // minutes may be more than 59, but all of it is less than a day
		hours, _ := strconv.Atoi(offset[1:3])
		minutes, _ := strconv.Atoi(cmp.Or(offset[3:], "0"))
		if minutes += hours * 60; minutes >= 24*60 {
			return time.Time{}, errDate
		}
		if offset[0] == '-' {
			minutes = -minutes
		}
		zone = time.FixedZone("", minutes*60)
	}
	t, err := time.ParseInLocation("2006-1-2 15:4:5.999999", m[1]+" "+cmp.Or(m[2], "0:0")+cmp.Or(m[3], ":0")+"."+cmp.Or(m[4], "0"), zone)
	if err != nil || t.Year() < 1 { // Python's first year is 1
		return time.Time{}, errDate
	}
	return t.UTC(), nil
}
