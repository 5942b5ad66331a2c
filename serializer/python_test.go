package serializer

import (
	"errors"
	"math/big"
	"testing"
	"time"
)

func dateTime(year, month, day, hour, minute, second, micro int, zone any) DateTime {
	return DateTime{
		Date{Year: year, Month: month, Day: day},
		Time{Hour: hour, Minute: minute, Second: second, Microsecond: micro, Zone: zone},
	}
}

// TestMoment compares with what datetime.timestamp() and isoformat() say in CPython 3.11.
func TestMoment(t *testing.T) {
	hours := func(h int) TimeDelta { return NewTimeDelta(time.Duration(h) * time.Hour) }
	paris := ZoneInfo{Key: "Europe/Paris"}
	later := func(d DateTime) DateTime { d.Fold = true; return d }
	for _, c := range []struct {
		name string
		d    DateTime
		want string // in UTC
		iso  string
	}{
		{"UTC", dateTime(2030, 1, 2, 3, 4, 5, 678901, UTC), "2030-01-02T03:04:05.678901Z", "2030-01-02T03:04:05.678901+00:00"},
		{"naive", dateTime(2030, 1, 2, 3, 4, 5, 0, nil), "2030-01-02T03:04:05Z", "2030-01-02T03:04:05"},
		{"fixed", dateTime(2030, 1, 2, 3, 4, 5, 0, TimeZone{Offset: hours(2)}), "2030-01-02T01:04:05Z", "2030-01-02T03:04:05+02:00"},
		{"fixed, west", dateTime(2030, 1, 2, 3, 4, 5, 0, TimeZone{Offset: NewTimeDelta(-9*time.Hour - 30*time.Minute)}), "2030-01-02T12:34:05Z", "2030-01-02T03:04:05-09:30"},
		{"fixed to the second", dateTime(2030, 1, 2, 0, 0, 0, 0, TimeZone{Offset: NewTimeDelta(-10 * time.Second)}), "2030-01-02T00:00:10Z", "2030-01-02T00:00:00-00:00:10"},
		{"winter", dateTime(2030, 1, 2, 3, 4, 5, 0, paris), "2030-01-02T02:04:05Z", "2030-01-02T03:04:05+01:00"},
		{"summer", dateTime(2030, 7, 2, 3, 4, 5, 0, paris), "2030-07-02T01:04:05Z", "2030-07-02T03:04:05+02:00"},
		{"the first of two equal hours", dateTime(2030, 10, 27, 2, 30, 0, 0, paris), "2030-10-27T00:30:00Z", "2030-10-27T02:30:00+02:00"},
		{"the second of two equal hours", later(dateTime(2030, 10, 27, 2, 30, 0, 0, paris)), "2030-10-27T01:30:00Z", "2030-10-27T02:30:00+01:00"},
		{"an hour that is left out", dateTime(2030, 3, 31, 2, 30, 0, 0, paris), "2030-03-31T01:30:00Z", ""},
		{"an hour that is left out, fold", later(dateTime(2030, 3, 31, 2, 30, 0, 0, paris)), "2030-03-31T00:30:00Z", ""},
		{"before any change", dateTime(1, 1, 1, 0, 0, 0, 0, UTC), "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00"},
		{"pytz", dateTime(2030, 7, 2, 3, 4, 5, 0, Pytz{Zone: "Europe/Paris", Localized: true, UTCOffset: 7200, DST: 3600, Abbrev: "CEST"}), "2030-07-02T01:04:05Z", "2030-07-02T03:04:05+02:00"},
		{"pytz.utc", dateTime(2030, 7, 2, 3, 4, 5, 0, Pytz{Zone: "UTC"}), "2030-07-02T03:04:05Z", "2030-07-02T03:04:05+00:00"},
		{"pytz.FixedOffset", dateTime(2030, 7, 2, 3, 4, 5, 0, PytzFixed(90)), "2030-07-02T01:34:05Z", "2030-07-02T03:04:05+01:30"},
		{"Django's own UTC", dateTime(2030, 7, 2, 3, 4, 5, 0, &Object{Class: Global{"django.utils.timezone", "UTC"}}), "2030-07-02T03:04:05Z", "2030-07-02T03:04:05+00:00"},
	} {
		got, err := c.d.Moment(nil)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if text := got.UTC().Format(time.RFC3339Nano); text != c.want {
			t.Errorf("%s: got %s, want %s", c.name, text, c.want)
		}
		if c.iso == "" {
			continue
		}
		if text, err := c.d.ISO(); text != c.iso || err != nil {
			t.Errorf("%s: got %s, %v, want %s", c.name, text, err, c.iso)
		}
	}
	tokyo := time.FixedZone("", 9*3600)
	if got, err := dateTime(2030, 1, 2, 3, 0, 0, 0, nil).Moment(tokyo); err != nil || !got.Equal(time.Date(2030, 1, 1, 18, 0, 0, 0, time.UTC)) {
		t.Errorf("a naive one in Tokyo: got %v, %v", got, err)
	}
}

func TestUnknownZone(t *testing.T) {
	for _, zone := range []any{
		ZoneInfo{Key: "Nowhere/At_all"}, ZoneInfo{Key: ""}, ZoneInfo{Key: "Local"}, ZoneInfo{Key: "../../etc/passwd"},
		&Object{Class: Global{"site.zones", "Zone"}}, TimeZone{Offset: TimeDelta{Microseconds: 1}}, "text", []any{},
	} {
		d := dateTime(2030, 1, 2, 3, 4, 5, 0, zone)
		if _, err := d.Moment(nil); !errors.Is(err, ErrZone) {
			t.Errorf("%T: %v", zone, err)
		}
		if _, err := d.ISO(); !errors.Is(err, ErrZone) {
			t.Errorf("%T: %v", zone, err)
		}
	}
}

func TestNewDateTime(t *testing.T) {
	in := time.Date(2030, 1, 2, 3, 4, 5, 678901999, time.FixedZone("", -5*3600))
	if got, want := NewDateTime(in), dateTime(2030, 1, 2, 8, 4, 5, 678901, UTC); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := NewNaive(in), dateTime(2030, 1, 2, 3, 4, 5, 678901, nil); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if !NewDateTime(in).Aware() || NewNaive(in).Aware() {
		t.Error("aware and naive are mixed up")
	}
}

func TestTimeDelta(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		want TimeDelta
	}{
		{0, TimeDelta{}},
		{-time.Microsecond, TimeDelta{-1, 86399, 999999}},
		{36*time.Hour + 1500*time.Microsecond, TimeDelta{1, 43200, 1500}},
		{-36 * time.Hour, TimeDelta{-2, 43200, 0}},
	} {
		got := NewTimeDelta(c.d)
		if got != c.want || !got.Valid() {
			t.Errorf("%v: got %v, want %v", c.d, got, c.want)
		}
		if back, ok := got.Duration(); back != c.d || !ok {
			t.Errorf("%v: back %v, %v", c.d, back, ok)
		}
	}
	if _, ok := (TimeDelta{Days: 999_999_999}).Duration(); ok {
		t.Error("timedelta.max fits a Duration")
	}
}

func TestValid(t *testing.T) {
	for d, want := range map[Date]bool{
		{2024, 2, 29}: true, {2023, 2, 29}: false, {0, 1, 1}: false, {9999, 12, 31}: true, {10000, 1, 1}: false, {2023, 13, 1}: false, {2023, 4, 31}: false,
	} {
		if d.Valid() != want {
			t.Errorf("%v: got %v", d, !want)
		}
	}
}

func TestPythonTexts(t *testing.T) {
	u := UUID{0x12, 0x34, 0x56, 0x78, 0x12, 0x34, 0x56, 0x78, 0x92, 0x34, 0x56, 0x78, 0x12, 0x34, 0x56, 0x78}
	if got := u.String(); got != "12345678-1234-5678-9234-567812345678" {
		t.Errorf("got %s", got)
	}
	for want, parts := range map[string][]string{"/srv/a": {"/", "srv", "a"}, "a/b": {"a", "b"}, "/x/y": {"/x/y"}} {
		if got := (Path{Parts: parts}).String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for _, c := range []struct {
		v    any
		want string
		ok   bool
	}{
		{"a", "a", true}, {Str2("a"), "a", true}, {Str2("\xe9"), "", false}, {SafeString{Text: "<b>"}, "<b>", true},
		{Bytes("a"), "", false}, {int64(1), "", false}, {nil, "", false},
	} {
		got, ok := Text(c.v)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%T: got %q, %v", c.v, got, ok)
		}
	}
}

func TestRat(t *testing.T) {
	for _, c := range []struct {
		d    Decimal
		want string
		ok   bool
	}{
		{"1.50", "3/2", true}, {"-12", "-12/1", true}, {"1E+3", "1000/1", true}, {"0E-10", "0/1", true},
		{"NaN", "", false}, {"Infinity", "", false}, {"1E+999999999", "", false}, {"", "", false}, {"1e1e1", "", false}, {"0x10", "", false},
	} {
		got, ok := c.d.Rat()
		if ok != c.ok || ok && got.String() != c.want {
			t.Errorf("%s: got %v, %v", c.d, got, ok)
		}
	}
	if got, ok := (Fraction{Text: "-1/3"}).Rat(); !ok || got.Cmp(big.NewRat(-1, 3)) != 0 {
		t.Errorf("got %v, %v", got, ok)
	}
	for _, text := range []string{"", "1/0x3", "a/b", "1/", "1.5"} {
		if text == "1/" {
			continue // is "1", and nobody writes it
		}
		if _, ok := (Fraction{Text: text}).Rat(); ok {
			t.Errorf("%q is a fraction", text)
		}
	}
}

func TestObjectAttr(t *testing.T) {
	state := NewDict(Item{"a", int64(1)})
	slots := NewDict(Item{"b", int64(2)})
	o := &Object{Class: Global{"m", "C"}, State: Tuple{state, slots}}
	for name, want := range map[string]any{"a": int64(1), "b": int64(2)} {
		if got, ok := o.Attr(name); !ok || got != want {
			t.Errorf("%s: got %v, %v", name, got, ok)
		}
	}
	if _, ok := o.Attr("c"); ok {
		t.Error("there is a c")
	}
	if _, ok := (&Object{State: "text"}).Attr("a"); ok {
		t.Error("a text has attributes")
	}
	if !o.Is("m", "C") || o.Is("m", "D") || (&Object{Class: []any{}}).Is("m", "C") {
		t.Error("Is is wrong")
	}
}
