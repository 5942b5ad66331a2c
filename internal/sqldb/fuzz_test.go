package sqldb

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// field is a moment as text, taken apart; each part is looked at by itself.
var field = regexp.MustCompile(`^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2}))?(?:[.,](\d{1,6})\d{0,6})?\s*(?:(Z)|([+-])(\d\d)(?::?(\d\d))?)?)?$`)

var long = regexp.MustCompile(`\d{13}`)

// slowField is parse_datetime: none for a text of another form, bad for a moment that
// there is not, and for what sqlite3 of Python cannot decode.
func slowField(text string, zone *time.Location) (at time.Time, none, bad bool) {
	if !utf8.ValidString(text) {
		return at, false, true
	}
	m := field.FindStringSubmatch(text)
	if m == nil {
		return at, true, false
	}
	number := func(g int) int { n, _ := strconv.Atoi(m[g]); return n }
	micro, _ := strconv.Atoi((m[7] + "000000")[:6])
	if m[8]+m[9] != "" {
		zone = time.UTC
	}
	at = time.Date(number(1), time.Month(number(2)), number(3), number(4), number(5), number(6), micro*1000, zone)
	day := time.Date(number(1), time.Month(number(2)), number(3), 0, 0, 0, 0, time.UTC)
	bad = number(1) < 1 || int(day.Month()) != number(2) || day.Day() != number(3) || number(4) > 23 || number(5) > 59 || number(6) > 59 || number(10)*60+number(11) >= 24*60
	offset := time.Duration(number(10)*60+number(11)) * time.Minute
	if m[9] == "-" {
		offset = -offset
	}
	return at.Add(-offset).UTC(), false, bad
}

// FuzzMoment: a column that is text is read as parse_datetime reads it, and what Arg
// writes is read again as the same moment.
func FuzzMoment(f *testing.F) {
	for i, text := range []string{
		"2026-07-01 12:00:00", "2026-07-01 12:00:00.000001", "2026-07-01 12:00:00 -0500", "2026-07-01T12:00:00Z", "2026-07-01T12:00:00.123456789+05:30", "2026-7-1 1:2", "2026-07-01", "2026-02-30 00:00:00",
		"0000-00-00 00:00:00", "infinity", "", "2026-07-01 24:00:00", "2026-07-01 12:00:60", "2026-07-01 12:00:00 +0000 UTC", "2026-07-01 12:00:00 +0000 UTC m=+0.5", "2026-07-01 12:00:00,5", "0001-01-01 00:00:00",
		"9999-12-31 23:59:59.999999", "2026-07-01 12:00 +05", "2026-07-01 12:00:00+24:00", "2026-07-01 12:00:00+2360", "2026-07-01 12:00:00+0561", "20000-01-01 00:00:00", "2026-07-01 12:00:00.1234567", "2026-07-01 12:00:00.1234567890123",
		"0000-01-01  0:00:00", "0000-01-01 00:00:00", "2026-07-01  5:00:00", "2026-07-01 5:00:00 ", "\xa6",
	} {
		f.Add(text, int64(i)*1e14+123456, i*300-3000)
	}
	f.Fuzz(func(t *testing.T, text string, micros int64, minutes int) {
		zone := time.FixedZone("", minutes%1440*60)
		clock := SQLite.Clock(zone, nil)
		got, err := clock.Field(Stamp{text: &text})
		want, none, bad := slowField(text, zone)
		if none {
			want = time.Time{}
		}
		// A zero date of MySQL is NULL. Only the later Pythons take more than 12 digits.
		if strings.HasPrefix(text, "0000-00-00 00:00:00") || long.MatchString(text) {
			want, bad = got, err != nil
		}
		if (err != nil) != bad || err == nil && !got.Equal(want) {
			t.Errorf("%q: got %v, %v; want %v, an error %v", text, got, err, want, bad)
		}
		now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
		if at, alive, err := clock.Expiry(Stamp{text: &text}, now); err != nil {
			if alive || !errors.Is(err, errDate) {
				t.Errorf("%q: an end at %v, %v, %v", text, at, alive, err)
			}
		} else if sorts := text > "2026-03-04 05:06:07"; alive != at.After(now) && alive != sorts || at.IsZero() && !alive {
			t.Errorf("%q: ends at %v, alive is %v", text, at, alive)
		}

		at := time.UnixMicro(micros)
		if y := at.In(zone).Year(); y < 1 || y > 9999 {
			return
		}
		written, ok := clock.Arg(at).(string)
		if !ok {
			t.Fatalf("%v is no text", at)
		}
		if got, err := clock.Field(Stamp{text: &written}); err != nil || !got.Equal(at) {
			t.Errorf("%v: written as %q and read as %v (%v)", at, written, got, err)
		}
		if got, alive, err := clock.Expiry(Stamp{text: &written}, at.Add(-time.Microsecond)); err != nil || !alive || !got.Equal(at) {
			t.Errorf("%v: written as %q, an end at %v, %v, %v", at, written, got, alive, err)
		}
	})
}
