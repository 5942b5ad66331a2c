package sqldb

import (
	"testing"
	"time"
)

// In the hour that New York's clocks show twice, PostgreSQL takes the second.
func TestAsPostgres(t *testing.T) {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Skip("there is no time zone database here")
	}
	const layout = "2006-01-02T15:04:05.999999Z07:00"
	for _, test := range []struct {
		name     string
		zone     *time.Location
		at, want string
	}{
		{"USE_TZ", nil, "2026-11-01T05:30:00Z", "2026-11-01T05:30:00Z"},
		{"the last microsecond before", newYork, "2026-11-01T04:59:59.999999Z", "2026-11-01T04:59:59.999999Z"},
		{"the first time", newYork, "2026-11-01T05:00:00Z", "2026-11-01T06:00:00Z"},
		{"the end of the first time", newYork, "2026-11-01T05:59:59.999999Z", "2026-11-01T06:59:59.999999Z"},
		{"the second time", newYork, "2026-11-01T06:00:00Z", "2026-11-01T06:00:00Z"},
		{"afterwards", newYork, "2026-11-01T07:00:00Z", "2026-11-01T07:00:00Z"},
		{"before an hour is left out", newYork, "2026-03-08T06:30:00Z", "2026-03-08T06:30:00Z"},
		{"after an hour was left out", newYork, "2026-03-08T07:30:00Z", "2026-03-08T07:30:00Z"},
		{"no summer time", time.FixedZone("", 3*3600+1800), "2026-11-01T05:30:00Z", "2026-11-01T05:30:00Z"},
	} {
		at, err := time.Parse(layout, test.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := PostgreSQL.Clock(test.zone, nil).Django(at).UTC().Format(layout); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

// An offset in the text is that offset, also where the program runs in a zone that has it
// for a half of the year.
func TestOffsetIsNoZone(t *testing.T) {
	here := time.Local
	defer func() { time.Local = here }()
	for _, name := range []string{"EST5EDT", "America/New_York", "UTC"} {
		var err error
		if time.Local, err = time.LoadLocation(name); err != nil {
			t.Fatal(err)
		}
		text := "2026-07-01 12:00:00 -0500"
		got, err := SQLite.Clock(nil, nil).Field(Stamp{text: &text})
		if want := time.Date(2026, 7, 1, 17, 0, 0, 0, time.UTC); err != nil || !got.Equal(want) {
			t.Errorf("in %s: got %v, %v, want %v", name, got, err, want)
		}
	}
}
