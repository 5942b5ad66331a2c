package djsession

import (
	"fmt"
	"math"
	"math/big"
	"time"

	"github.com/go-djsession/go-djsession/serializer"
)

// expiryKey is the key under which SessionBase.set_expiry stores its argument.
const expiryKey = "_session_expiry"

// Expiry is the argument of [Session.SetExpiry]. The zero value is [Policy].
type Expiry struct {
	kind    expiryKind
	seconds float64
	moment  time.Time
	after   time.Duration
}

type expiryKind uint8

const (
	expiryPolicy  expiryKind = iota // as the settings say
	expiryBrowser                   // when the browser closes; stored for CookieAge
	expiryFalsy                     // an empty list, dict or text; stored for CookieAge
	expirySeconds                   // so many seconds after the last save
	expiryMoment                    // at a moment
	expiryAfter                     // a duration after the call of SetExpiry, which stores it as a moment
)

// Policy is set_expiry(None): the session ends as the settings say.
var Policy = Expiry{}

// BrowserClose is set_expiry(0): the cookie ends when the browser closes. The store keeps
// the session for [Settings.CookieAge].
var BrowserClose = Expiry{kind: expiryBrowser}

// Seconds is set_expiry(n): the session ends n seconds after it was last saved.
// Seconds(0) is [BrowserClose].
func Seconds(n int) Expiry {
	if n == 0 {
		return BrowserClose
	}
	return Expiry{kind: expirySeconds, seconds: float64(n)}
}

// At is set_expiry(datetime): the session ends at t, to the microsecond.
func At(t time.Time) Expiry { return Expiry{kind: expiryMoment, moment: t.UTC()} }

// In is set_expiry(timedelta): the session ends d after the call of [Session.SetExpiry],
// however often it is saved.
func In(d time.Duration) Expiry { return Expiry{kind: expiryAfter, after: d} }

// encode returns the value to store under expiryKey. ok is false for Policy, which
// removes the key.
//
// A moment is ISO text as datetime.isoformat writes it, with an offset under USE_TZ and
// otherwise without one. Django before 4.1 cannot read that text. For it, encode returns
// a datetime if format can hold one. JSON cannot, and Django itself fails there:
// encode returns the whole seconds that are left.
func (e Expiry) encode(s *Site, format serializer.Serializer) (v any, ok bool) {
	now, wall := s.Now(), s.wall(e.moment)
	switch e.kind {
	case expiryPolicy:
		return nil, false
	case expiryBrowser:
		return 0, true
	case expirySeconds:
		return int64(e.seconds), true
	case expiryAfter:
		wall = s.wall(now).Add(e.after)
		e.moment = s.unwall(wall)
	}
	d := serializer.NewDateTime(wall)
	if s.set.TimeZone != nil {
		d = serializer.NewNaive(wall)
	}
	if !s.set.Django.Before(4, 1) {
		text, _ := d.ISO() // UTC has an offset
		return text, true
	}
	if _, err := format.Freeze(d); err == nil {
		return d, true
	}
	left := int64(e.age(s, now))
	if left == 0 {
		left = -1 // 0 would mean BrowserClose
	}
	return left, true
}

// expiryOf reads expiryKey.
//
// Errors: serializer.ErrType where Django raises.
func (s *Site) expiryOf(d *serializer.Dict) (Expiry, error) {
	v, _ := d.Get(expiryKey)
	switch v := v.(type) {
	case nil:
		return Policy, nil
	case bool:
		if v {
			return Seconds(1), nil
		}
		return BrowserClose, nil
	case int64:
		return s.secondsOf(float64(v))
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		return s.secondsOf(f)
	case float64:
		return s.secondsOf(v)
	case string:
		if s.set.Django.Before(4, 1) {
			if v == "" {
				return Expiry{kind: expiryFalsy}, nil
			}
			break // Django takes the text for a number
		}
		t, aware, err := parseISO(v, nil)
		if err != nil {
			return Expiry{}, fmt.Errorf("read %s: %w", expiryKey, err)
		}
		if !aware {
			t = s.unwall(t)
		}
		return s.momentOf(t, aware)
	case serializer.DateTime:
		t, err := v.Moment(s.set.TimeZone)
		if err != nil {
			return Expiry{}, fmt.Errorf("read %s: %w: %w", expiryKey, serializer.ErrType, err)
		}
		if !v.Aware() && !v.Fold {
			naive, _ := v.Moment(nil)
			t = s.unwall(naive.UTC())
		}
		return s.momentOf(t, v.Aware())
	case []any:
		if len(v) == 0 {
			return Expiry{kind: expiryFalsy}, nil
		}
	case *serializer.Dict:
		if v.Len() == 0 {
			return Expiry{kind: expiryFalsy}, nil
		}
	}
	return Expiry{}, fmt.Errorf("read %s: %w", expiryKey, serializer.ErrType)
}

func (s *Site) secondsOf(f float64) (Expiry, error) {
	if f == 0 {
		return BrowserClose, nil
	}
	if !(math.Abs(f) < maxSeconds) { // NaN too
		return Expiry{}, fmt.Errorf("read %s: no time that long: %w", expiryKey, serializer.ErrType)
	}
	return Expiry{kind: expirySeconds, seconds: f}, nil
}

// maxSeconds is the longest time accepted: from any date on, a longer one overflows
// Python's datetime.
const maxSeconds = 9999 * 366 * 86400

func (s *Site) momentOf(t time.Time, aware bool) (Expiry, error) {
	if aware != (s.set.TimeZone == nil) {
		return Expiry{}, fmt.Errorf("read %s: a time with a zone where USE_TZ is off, or the reverse: %w", expiryKey, serializer.ErrType)
	}
	return Expiry{kind: expiryMoment, moment: t}, nil
}

// ExpiryAge is SessionBase.get_expiry_age for d at the moment now: it returns how long
// the session has to live. A number of seconds may have a fraction. The time to a moment
// is in whole seconds, rounded down, and may be negative. A time that is too long for a
// Duration is the longest Duration.
//
// Errors: [serializer.ErrType] where Django raises.
func (s *Site) ExpiryAge(d *serializer.Dict, now time.Time) (time.Duration, error) {
	e, err := s.expiryOf(d)
	return durationOf(e.age(s, now)), err
}

// ExpiryDate is SessionBase.get_expiry_date for d at the moment now: it returns when the
// session ends in the store, in UTC with microseconds.
//
// Errors: [serializer.ErrType] where Django raises, and for a date that Python does not
// have.
func (s *Site) ExpiryDate(d *serializer.Dict, now time.Time) (time.Time, error) {
	t, err := s.expiryDate(d, now)
	return t.UTC(), err
}

// expiryDate is ExpiryDate for a [Record].
func (s *Site) expiryDate(d *serializer.Dict, now time.Time) (time.Time, error) {
	e, err := s.expiryOf(d)
	if err != nil {
		return time.Time{}, err
	}
	t := e.date(s, now)
	if y := s.wall(t).Year(); y < 1 || y > 9999 {
		return time.Time{}, fmt.Errorf("read %s: no date that far away: %w", expiryKey, serializer.ErrType)
	}
	return t, nil
}

// ExpireAtBrowserClose is SessionBase.get_expire_at_browser_close for d. Errors as for
// [Site.ExpiryAge].
func (s *Site) ExpireAtBrowserClose(d *serializer.Dict) (bool, error) {
	e, err := s.expiryOf(d)
	return e.withBrowser(s), err
}

// age returns seconds.
func (e Expiry) age(s *Site, now time.Time) float64 {
	switch e.kind {
	case expirySeconds:
		return e.seconds
	case expiryMoment, expiryAfter:
		then, now := s.wall(e.moment), s.wall(now)
		n := then.Unix() - now.Unix()
		if then.Nanosecond() < now.Nanosecond() {
			n--
		}
		return float64(n)
	}
	return s.set.CookieAge.Seconds()
}

func (e Expiry) date(s *Site, now time.Time) time.Time {
	if e.kind == expiryMoment {
		return e.moment.Truncate(time.Microsecond)
	}
	return s.unwall(addSeconds(s.wall(now), e.age(s, now)))
}

// wall returns what clocks show at t on a site with USE_TZ=False, as if they were in UTC:
// Python calculates with naive datetimes as if no clock ever changed. On other sites it
// returns t.
func (s *Site) wall(t time.Time) time.Time {
	if s.set.TimeZone == nil {
		return t
	}
	_, offset := t.In(s.set.TimeZone).Zone()
	shown := onClock(t, offset)
	if t.Location() != time.UTC { // it may be of unwall
		_, offset = t.Zone()
		if own := onClock(t, offset); !own.Equal(shown) && s.instant(own).Equal(t) {
			return own
		}
	}
	return shown
}

func onClock(t time.Time, offset int) time.Time {
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// unwall is the reverse of wall. For an hour that clocks show twice, it returns the
// first. For an hour that they skip, it returns an instant of the hour after it, in a
// location whose clock shows the skipped one: Python writes that.
func (s *Site) unwall(t time.Time) time.Time {
	if s.set.TimeZone == nil {
		return t
	}
	at := s.instant(t)
	if !s.wall(at).Equal(t) {
		return at.In(time.FixedZone("", int(t.Sub(at)/time.Second)))
	}
	return at
}

// instant returns, in UTC, when clocks show t.
func (s *Site) instant(t time.Time) time.Time {
	at, _ := serializer.NewNaive(t).Moment(s.set.TimeZone) // a naive time has no zone that could be unknown
	return at.UTC()
}

func (e Expiry) withBrowser(s *Site) bool {
	if e.kind == expiryPolicy {
		return s.set.ExpireAtBrowserClose
	}
	return e.kind == expiryBrowser
}

// addSeconds is t + timedelta(seconds=f), which counts in microseconds. The
// result is in UTC.
func addSeconds(t time.Time, f float64) time.Time {
	whole, frac := math.Modf(f)
	micros := int64(math.RoundToEven(frac * 1e6))
	return time.Unix(t.Unix()+int64(whole), int64(t.Nanosecond())+micros*1000).UTC().Truncate(time.Microsecond)
}

func durationOf(secs float64) time.Duration {
	const most = float64(math.MaxInt64 / int64(time.Second))
	switch {
	case secs >= most:
		return math.MaxInt64
	case secs <= -most:
		return math.MinInt64
	}
	whole, frac := math.Modf(secs)
	return time.Duration(whole)*time.Second + time.Duration(math.RoundToEven(frac*1e6))*time.Microsecond
}
