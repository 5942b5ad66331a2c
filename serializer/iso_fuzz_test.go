package serializer_test

import (
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/serializer"
)

// FuzzISOTime: a moment that is written is read again, to the microsecond and with its
// offset. A text that is read is a moment of datetime, and is written so that it is read
// as the same.
func FuzzISOTime(f *testing.F) {
	for i, text := range []string{
		"2030-01-02T03:04:05.000006+00:00", "2030-01-02 03:04:05Z", "2030-01-02T03:04:05.123456789-23:59:59", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999-12:00",
		"2030-01-02T03:04:05", "2030-01-02T24:00:00Z", "2030-02-30T00:00:00Z", "2030-01-02T3:04:05Z", "2030-01-02T03:04:05-00:00:01", "2030-01-02T03:04:05,5Z", "", "T", "2030-01-02T03:04:60+01:00", "2030-01-02T03:04:05+99:99",
	} {
		f.Add(text, int64(i)*1e15+123456, i*4321-30000)
	}
	f.Add("", int64(7000000000123395), -1)
	f.Fuzz(func(t *testing.T, text string, micros int64, offset int) {
		if at, err := serializer.Convert[time.Time](text); err == nil {
			if at.Year() < 1 || at.Year() > 9999 {
				t.Errorf("%q is %v", text, at)
			}
			roundTrip(t, at)
		}
		const first, last = -62135596800000000, 253402300799999999 // years 1 to 9999
		if micros < first+86400e6 || micros > last-86400e6 || offset <= -86400 || offset >= 86400 {
			return
		}
		roundTrip(t, time.UnixMicro(micros).In(time.FixedZone("", offset)))
	})
}

func roundTrip(t *testing.T, at time.Time) {
	t.Helper()
	frozen, err := serializer.JSON{}.Freeze(at)
	if err != nil {
		if _, offset := at.Zone(); offset > -86400 && offset < 86400 {
			t.Errorf("%v: %v", at, err)
		}
		return
	}
	got, err := serializer.Convert[time.Time](frozen)
	_, want := at.Zone()
	if _, offset := got.Zone(); err != nil || !got.Equal(at.Truncate(time.Microsecond)) || offset != want {
		t.Errorf("%v: written as %v and read as %v (%v)", at, frozen, got, err)
	}
}
