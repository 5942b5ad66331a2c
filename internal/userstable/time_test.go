package userstable

import (
	"testing"
	"time"
)

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
		got, err := (&when{wall: true, text: &text}).utc(time.UTC)
		if want := time.Date(2026, 7, 1, 17, 0, 0, 0, time.UTC); err != nil || !got.Equal(want) {
			t.Errorf("in %s: got %v, %v, want %v", name, got, err, want)
		}
	}
}
