package serializer

import (
	"fmt"
	"strings"
	"time"
)

// isoTime is datetime.isoformat of an aware datetime: with six digits of a second or none
// (finer digits are cut off), and with the offset from UTC in minutes, and in seconds if
// it has any. Every fromisoformat since Python 3.7 reads that. Before 3.11 it reads
// neither Z nor three digits nor nine.
func isoTime(t time.Time) (string, bool) {
	if y := t.Year(); y < 1 || y > 9999 {
		return "", false
	}
	layout := "2006-01-02T15:04:05"
	if t.Nanosecond() >= 1000 {
		layout += ".000000"
	}
	_, offset := t.Zone()
	return t.Format(layout) + isoOffset(offset), offset < 24*3600 && offset > -24*3600
}

// isoOffset is the end of isoformat, for an offset of so many seconds.
func isoOffset(seconds int) string {
	sign := '+'
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	text := fmt.Sprintf("%c%02d:%02d", sign, seconds/3600, seconds/60%60)
	if seconds%60 != 0 {
		text += fmt.Sprintf(":%02d", seconds%60)
	}
	return text
}

// parseISOTime reads the output of datetime.isoformat for an aware datetime. It also
// reads Z for UTC, as DjangoJSONEncoder and browsers write it.
//
// No Django reads such a text: it is a site's own data, for a time.Time that a program
// asks for. So parseISOTime accepts only forms that writers write and no naive datetime,
// and keeps the offset and nanoseconds. The reader of _session_expiry, in package
// djsession, accepts all that Python's fromisoformat accepts.
func parseISOTime(s string) (t time.Time, ok bool) {
	const date = len("2006-01-02")
	if len(s) > date && s[date] == ' ' { // str(datetime)
		s = s[:date] + "T" + s[date+1:]
	}
	if strings.Contains(s, ",") { // package time takes a comma for a point
		return time.Time{}, false
	}
	if rest, ok := strings.CutSuffix(s, "-00:00:01"); ok { // package time takes this offset for none
		t, err := time.ParseInLocation("2006-01-02T15:04:05", rest, time.FixedZone("", -1))
		return t, err == nil && t.Year() >= 1
	}
	for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z07:00:00"} {
		if t, err := time.ParseInLocation(layout, s, time.UTC); err == nil && t.Year() >= 1 {
			return t, true
		}
	}
	return time.Time{}, false
}
