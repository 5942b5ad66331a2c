package djangodb

import (
	"strings"
	"time"
)

// The moments of SQLite and MySQL are wall clocks: in UTC, or in TIME_ZONE for a
// site with USE_TZ=False. Django compares them as such, and so does alive: in
// the hour that is there twice when summer time ends, a wall clock does not tell
// which of the two instants it means.

const (
	wholeSeconds = "2006-01-02 15:04:05"
	microseconds = "2006-01-02 15:04:05.000000"
)

// What Python can hold, less a day for the time zones; databases begin later.
var (
	firstMoment = time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC)
	lastMoment  = time.Date(9999, 12, 30, 23, 59, 59, 999999000, time.UTC)
)

// moment is the form that the dialect keeps t in. What Django could not read is
// moved: what is over stays so, and what never ends, ends in the year 9999.
func (t *Table) moment(m time.Time) any {
	m = m.UTC().Truncate(time.Microsecond)
	switch {
	case m.Before(firstMoment):
		m = firstMoment
	case m.After(lastMoment):
		m = lastMoment
	}
	if !t.d.text {
		return asPostgres(m, t.site.TimeZone())
	}
	return formatMoment(m.In(t.zone))
}

// asPostgres is what PostgreSQL makes of the wall clock that Django sends for m on
// a site with USE_TZ=False: in the hour that is there twice, the second of the
// two instants. On other sites, where zone is nil, it is m.
func asPostgres(m time.Time, zone *time.Location) time.Time {
	if zone == nil {
		return m
	}
	wall := onWall(m, zone)
	_, offset := m.Add(24 * time.Hour).In(zone).Zone() // that after the change, if one is near
	if again := wall.Add(-time.Duration(offset) * time.Second); again.After(m) && onWall(again, zone).Equal(wall) {
		return again
	}
	return m
}

// formatMoment is str(datetime) without a zone: the fraction is left out if it is zero.
func formatMoment(m time.Time) string {
	if m.Nanosecond() == 0 {
		return m.Format(wholeSeconds)
	}
	return m.Format(microseconds)
}

// expiry reads expire_date, and tells whether it is later than now.
func (t *Table) expiry(w *row) (expires time.Time, alive bool, err error) {
	now := t.site.Now()
	if !t.d.text {
		if w.instant == nil {
			return time.Time{}, false, errNull
		}
		expires = w.instant.UTC()
		return expires, expires.After(asPostgres(now, t.site.TimeZone())), nil
	}
	if w.text == nil {
		return time.Time{}, false, errNull
	}
	if wall, err := parseWall(*w.text); err == nil {
		expires = time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), t.zone)
		return expires.UTC(), wall.After(onWall(now, t.zone)), nil
	}
	// Other programs write other forms, which Django takes for later than any of
	// the same day because "T" sorts after a space. They are instants.
	expires, err = parseInstant(*w.text)
	return expires, expires.After(now), err
}

// onWall is what a clock in zone shows at t, as if it were UTC.
func onWall(t time.Time, zone *time.Location) time.Time {
	_, offset := t.In(zone).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// parseWall reads what Django writes. time.Parse takes a fraction of any length
// that the layout does not have.
func parseWall(text string) (time.Time, error) {
	return time.Parse(wholeSeconds, text)
}

// parseInstant reads RFC 3339, and what time.Time.String makes of a moment.
func parseInstant(text string) (time.Time, error) {
	text, _, _ = strings.Cut(text, " m=")
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700 MST", "2006-01-02 15:04:05 -0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errDate
}
