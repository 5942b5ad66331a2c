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
	sign := '+'
	if offset < 0 {
		sign, offset = '-', -offset
	}
	text := t.Format(layout) + fmt.Sprintf("%c%02d:%02d", sign, offset/3600, offset/60%60)
	if offset%60 != 0 {
		text += fmt.Sprintf(":%02d", offset%60)
	}
	return text, offset < 24*3600
}

// parseISOTime reads what datetime.isoformat writes for an aware datetime, and Z
// for UTC, as DjangoJSONEncoder and browsers write it.
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
