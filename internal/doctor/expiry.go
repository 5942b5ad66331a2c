package doctor

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djsettings"
)

// ends examines the expiry of a row.
func (e *exam) ends(r row, o opened, sample []row) {
	if !r.dated {
		e.fault(TimeZone, "The expire_date of the session is no date that Django would read.", "See which program wrote it.")
		return
	}
	if o.good && e.drift(r, o, sample) {
		return
	}
	if now := e.opts.Now(); r.expires.Before(now) {
		e.fault(Expired, fmt.Sprintf("The session has expired %s ago, by its expire_date.", span(now.Sub(r.expires))), "Log in anew.")
	}
}

// drift compares expire_date with the time of the signature plus the age, because Django
// sets both at once. It reports whether it found a reason for a difference.
func (e *exam) drift(r row, o opened, sample []row) bool {
	off, ok := e.offset(r, o)
	if !ok || near(off, 0) {
		return false
	}
	// If a program only changes expiries, as Go does, one row differs, and not all
	// by the same time.
	same, all := 0, 0
	for _, other := range sample {
		s, _, bad := e.unsign(other.text, e.salt())
		if bad || !s.good || other.key == r.key {
			continue
		}
		if d, ok := e.offset(other, s); ok {
			all++
			if near(d, off) {
				same++
			}
		}
	}
	if all > 0 && 2*same < all || all == 0 && e.set.Sessions.SaveEveryRequest {
		return false
	}
	if e.zoned() && isZone(off) {
		e.zoneFault(off)
		return true
	}
	age := e.set.Sessions.CookieAge + off
	if round := age.Round(roundAge); age > 0 && age < maxAge && near(age, round) {
		e.fault(CookieAge, fmt.Sprintf("The session was stored for %s, and SESSION_COOKIE_AGE in these settings is %s.", span(round), span(e.set.Sessions.CookieAge)),
			"Give SESSION_COOKIE_AGE the value that the site really runs with.")
		return !r.expires.Before(e.opts.Now())
	}
	return false
}

// A plausible SESSION_COOKIE_AGE is a multiple of roundAge, and less than maxAge.
const (
	roundAge = 5 * time.Minute
	maxAge   = 5 * 366 * 24 * time.Hour
)

// offset returns how much later expire_date is than expected.
func (e *exam) offset(r row, o opened) (time.Duration, bool) {
	if !r.dated || o.dict == nil || o.signed.IsZero() {
		return 0, false
	}
	want, err := e.lab.Sessions.Site().ExpiryDate(o.dict, o.signed)
	if err != nil {
		return 0, false
	}
	return r.expires.Sub(want), true
}

// near reports whether a and b are equal except for rounding to seconds and a short delay.
func near(a, b time.Duration) bool { d := a - b; return d > -3*time.Second && d < 3*time.Second }

// isZone reports whether two zones can differ by d.
func isZone(d time.Duration) bool {
	return d.Abs() <= 26*time.Hour && d.Abs() > time.Minute && near(d, d.Round(15*time.Minute))
}

// zoned reports whether expire_date is a wall clock time.
func (e *exam) zoned() bool {
	db := e.set.Databases[e.set.Sessions.Database]
	return db != nil && db.Kind != djsettings.PostgreSQL
}

// zoneFault says by how much the wall clocks differ.
func (e *exam) zoneFault(off time.Duration) {
	by := span(off.Round(15 * time.Minute).Abs())
	direction := "later"
	if off < 0 {
		direction = "earlier"
	}
	change := "Give TIME_ZONE, or the TIME_ZONE of that entry of DATABASES, the value that the site really runs with."
	have := "USE_TZ is True"
	if !e.set.UseTZ {
		have = fmt.Sprintf("USE_TZ is False with the TIME_ZONE %s", e.set.TimeZone)
	}
	if loc, err := time.LoadLocation(e.set.TimeZone); err == nil && e.set.TimeZone != "" {
		_, seconds := e.opts.Now().In(loc).Zone()
		_, winter := time.Date(e.opts.Now().Year(), 1, 1, 0, 0, 0, 0, loc).Zone()
		_, summer := time.Date(e.opts.Now().Year(), 7, 1, 0, 0, 0, 0, loc).Zone()
		for _, s := range []int{seconds, winter, summer} {
			zone := time.Duration(s) * time.Second
			if e.set.UseTZ && near(off, zone) {
				change = fmt.Sprintf("Set USE_TZ to False, since the site writes wall clocks of its TIME_ZONE, %s.", e.set.TimeZone)
			} else if !e.set.UseTZ && near(off, -zone) {
				change = "Set USE_TZ to True, since the site writes UTC."
			}
		}
	}
	e.fault(TimeZone, fmt.Sprintf("The expire_date is %s %s than the time of the signature and the age of the session tell, as %s in these settings and otherwise in Django.", by, direction, have), change)
}

// span returns a duration in the largest unit of which it has at least two.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	for _, u := range []struct {
		d    time.Duration
		name string
	}{{day, "days"}, {time.Hour, "hours"}, {time.Minute, "minutes"}} {
		if d < 2*u.d {
			continue
		}
		if d%u.d != 0 && d < 10*u.d {
			return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(d)/float64(u.d)), ".0") + " " + u.name
		}
		return fmt.Sprintf("%d %s", d/u.d, u.name)
	}
	return fmt.Sprintf("%d seconds", d/time.Second)
}
