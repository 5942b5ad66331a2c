package djsession

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/serializer"
)

// parseISO is datetime.fromisoformat, in the wide form of Python 3.11. It reads a date,
// and after any one character a time. Both may lack their separators. A fraction may have
// any length; six digits count. An offset or Z may follow. A time without an offset is a
// wall clock in zone (nil: UTC), and aware is false.
//
// parseISO reads _session_expiry, as Django does by fromisoformat, and accepts naive
// texts too. Package serializer has another reader, for texts of a site's own data: it
// must not take a text for a moment by mistake.
//
// Unlike Python, parseISO refuses week dates and offsets with fractions of a second.
// isoformat never writes a week date, and no zone has such an offset.
//
// Errors: serializer.ErrType.
func parseISO(text string, zone *time.Location) (t time.Time, aware bool, err error) {
	p := isoParser{rest: text}
	year := p.digits(4)
	dashed := p.skip('-')
	month := p.digits(2)
	if dashed && !p.skip('-') {
		p.bad = true
	}
	day := p.digits(2)
	var hour, minute, second, micro, offset int
	if p.rest != "" {
		_, size := firstRune(p.rest)
		p.rest = p.rest[size:]
		clock := p.rest
		if i := strings.IndexAny(clock, "+-Z"); i >= 0 {
			aware, offset = true, parseOffset(clock[i:], &p)
			clock = clock[:i]
		}
		c := isoParser{rest: clock}
		hour, minute, second, micro = c.clock()
		p.bad = p.bad || c.bad || c.rest != ""
	}
	d := serializer.DateTime{
		Date: serializer.Date{Year: year, Month: month, Day: day},
		Time: serializer.Time{Hour: hour, Minute: minute, Second: second, Microsecond: micro},
	}
	if p.bad || !d.Valid() {
		return time.Time{}, false, fmt.Errorf("not an ISO date: %w", serializer.ErrType)
	}
	if aware {
		zone = nil
	}
	t, _ = d.Moment(zone) // a naive time has no zone that could be unknown
	return t.Add(-time.Duration(offset) * time.Second).UTC(), aware, nil
}

// parseOffset reads Z, or a sign and a clock, and returns seconds east of UTC.
func parseOffset(text string, outer *isoParser) int {
	if text == "Z" {
		return 0
	}
	p := isoParser{rest: text[1:]}
	hours, minutes, seconds, micros := p.clock()
	if p.bad || p.rest != "" || text[0] == 'Z' || micros != 0 || hours > 23 || minutes > 59 || seconds > 59 {
		outer.bad = true
	}
	offset := hours*3600 + minutes*60 + seconds
	if text[0] == '-' {
		return -offset
	}
	return offset
}

// isoParser takes fixed fields off a text. It sets bad if a field is missing.
type isoParser struct {
	rest string
	bad  bool
}

func (p *isoParser) digits(n int) int {
	if len(p.rest) < n {
		p.bad = true
		return 0
	}
	v := 0
	for _, c := range []byte(p.rest[:n]) {
		if c < '0' || c > '9' {
			p.bad = true
			return 0
		}
		v = v*10 + int(c-'0')
	}
	p.rest = p.rest[n:]
	return v
}

func (p *isoParser) skip(c byte) bool {
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

// clock reads HH[[:]MM[[:]SS[(.|,)f...]]].
func (p *isoParser) clock() (hour, minute, second, micro int) {
	hour = p.digits(2)
	if p.rest == "" {
		return
	}
	colons := p.skip(':')
	minute = p.digits(2)
	if p.rest == "" {
		return
	}
	if colons && !p.skip(':') {
		p.bad = true
	}
	second = p.digits(2)
	if !p.skip('.') && !p.skip(',') {
		return
	}
	n := 0
	for scale := 100_000; p.rest != "" && p.rest[0] >= '0' && p.rest[0] <= '9'; n++ {
		micro += int(p.rest[0]-'0') * scale
		scale /= 10
		p.rest = p.rest[1:]
	}
	p.bad = p.bad || n == 0
	return
}

func firstRune(s string) (r rune, size int) {
	for i, r := range s {
		if i > 0 {
			return r, i
		}
	}
	return 0, len(s)
}
