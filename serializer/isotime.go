package serializer

import (
	"fmt"
	"strings"
	"time"
)

// isoTime is datetime.isoformat of an aware datetime: six digits of a second or
// none (what is finer is cut off), and the offset from UTC in minutes, with
// seconds if there are any. Every Python since 3.7 reads that by fromisoformat;
// those before 3.11 read neither Z nor three digits nor nine.
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

// parseISOTime reads what datetime.isoformat writes for an aware datetime, and Z
// for UTC, as DjangoJSONEncoder and browsers write it.
//
// No Django reads such a text: it is one of a site's own data, for a time.Time that
// a program asks for. So it takes the forms that writers write and no others, no
// naive one, and keeps the offset and nanoseconds. The reader of _session_expiry, in
// package djsession, takes instead whatever Python's fromisoformat takes.
func parseISOTime(s string) (t time.Time, ok bool) {
	const date = len("2006-01-02")
	if len(s) > date && s[date] == ' ' { // str(datetime)
		s = s[:date] + "T" + s[date+1:]
	}
	if strings.Contains(s, ",") { // which package time takes for a point
		return time.Time{}, false
	}
	for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z07:00:00"} {
		if t, err := time.ParseInLocation(layout, s, time.UTC); err == nil && t.Year() >= 1 {
			return t, true
		}
	}
	return time.Time{}, false
}
