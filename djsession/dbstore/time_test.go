package dbstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/serializer"
)

// What other programs write into expire_date of SQLite is read as the moment that it says.
// What says none is over or without an end, as its text sorts before now or behind it.
func TestOddDates(t *testing.T) {
	d := sqlite(t, "")
	db := d.open(t, new(probe))
	site := newSite(t)
	s := dbstore.New(site, db, d.d, nil)
	text, err := site.Encode(serializer.NewDict())
	if err != nil {
		t.Fatal(err)
	}
	// now is 2026-03-04 05:06:07 UTC.
	for _, test := range []struct {
		name   string
		stored any
		err    error
	}{
		{"Django's, later", "2026-03-04 05:06:08", nil},
		{"Django's, over", "2026-03-04 05:06:07", djsession.ErrExpired},
		{"Django's with a fraction, later", "2026-03-04 05:06:07.000001", nil},
		{"Django's with a fraction, over", "2026-03-04 05:06:06.999999", djsession.ErrExpired},
		{"RFC 3339, over, though T sorts after a space", "2026-03-04T04:00:00Z", djsession.ErrExpired},
		{"RFC 3339, later", "2026-03-04T06:00:00Z", nil},
		{"RFC 3339 with an offset, over", "2026-03-04T06:00:00+03:30", djsession.ErrExpired},
		{"aware, over", "2026-03-04 05:06:07+00:00", djsession.ErrExpired},
		{"aware, later", "2026-03-04 05:06:07.5+00:00", nil},
		{"time.Time.String, over", "2026-03-04 05:00:00 +0000 UTC", djsession.ErrExpired},
		{"time.Time.String, later", "2026-03-04 05:10:00.25 +0000 UTC m=+0.5", nil},
		{"a number, which SQLite takes for less than any text", int64(4102444800), djsession.ErrExpired},
		{"a date alone", "2100-01-01", nil},
		{"words that sort behind now", "tomorrow", nil},
		{"words that sort before now", "-infinity", djsession.ErrExpired},
		{"nothing", "", djsession.ErrExpired},
		{"a year of five digits", "12026-03-04 05:06:07", djsession.ErrExpired},
		{"no such day", "2100-02-30 00:00:00", djsession.ErrCorrupt},
	} {
		mustExec(t, db, "DELETE FROM django_session")
		if _, err := db.Exec("INSERT INTO django_session VALUES ('abcdefgh', ?, ?)", text, test.stored); err != nil {
			t.Fatal(err)
		}
		_, v, err := s.Load(t.Context(), "abcdefgh")
		if !errors.Is(err, test.err) {
			t.Errorf("%s: got error %v, want %v", test.name, err, test.err)
		}
		for l, err := range s.List(t.Context(), "") {
			if err != nil || errors.Is(l.Err, djsession.ErrCorrupt) != (test.err == djsession.ErrCorrupt) {
				t.Errorf("%s: List gave %v, %v", test.name, l.Err, err)
			}
		}
		if test.err == djsession.ErrCorrupt {
			if err := s.Delete(t.Context(), "abcdefgh", v); err != nil {
				t.Errorf("%s: Delete by the Version that came with the error: %v", test.name, err)
			}
		}
	}
}

// With USE_TZ off wall clocks are compared with wall clocks, as Django does, in
// the hour too that is there twice.
func TestHourThatIsThereTwice(t *testing.T) {
	berlin := location(t, "Europe/Berlin")
	first := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC) // 02:30 summer time
	second := first.Add(time.Hour)                          // 02:30 winter time
	clock := first
	site := newSite(t, func(s *djsession.Settings) {
		s.TimeZone = berlin
		s.Now = func() time.Time { return clock }
	})
	for name, open := range map[string]func(t *testing.T) database{
		"SQLite":  func(t *testing.T) database { return sqlite(t, "") },
		"MariaDB": func(t *testing.T) database { return mysql(t, "utf8mb4", "") },
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			s := dbstore.New(site, d.open(t, new(probe)), d.d, nil)
			for _, test := range []struct {
				name         string
				expires, now time.Time
				alive        bool
			}{
				{"before both", second, first.Add(-time.Minute), true},
				{"02:30 first, the clock shows 02:29 first", first, first.Add(-time.Minute), true},
				{"02:30 first, the clock shows 02:31 first", first, first.Add(time.Minute), false},
				{"02:30 second, the clock shows 02:31 first: over for Django", second, first.Add(time.Minute), false},
				{"02:30 first, the clock shows 02:29 second: alive for Django", first, second.Add(-time.Minute), true},
				{"02:30 second, the clock shows 02:31 second", second, second.Add(time.Minute), false},
			} {
				clock = test.now
				if err := s.Delete(t.Context(), "abcdefgh", djsession.Force); err != nil && !errors.Is(err, djsession.ErrNotFound) {
					t.Fatal(err)
				}
				mustCreate(t, s, "abcdefgh", &djsession.Record{Data: serializer.NewDict(), Expires: test.expires})
				_, _, err := s.Load(t.Context(), "abcdefgh")
				if alive := err == nil; alive != test.alive || err != nil && !errors.Is(err, djsession.ErrExpired) {
					t.Errorf("%s: got error %v, want alive %v", test.name, err, test.alive)
				}
			}
		})
	}
}

// DATABASES[...]["TIME_ZONE"] is the zone of what is stored for USE_TZ=True, and
// does not matter to USE_TZ=False.
func TestDatabaseTimeZone(t *testing.T) {
	for _, test := range []struct {
		name     string
		zone     *time.Location // TIME_ZONE with USE_TZ=False
		database *time.Location
		want     string
	}{
		{"neither", nil, nil, "2026-03-04 06:06:07"},
		{"database", nil, tehran, "2026-03-04 09:36:07"},
		{"USE_TZ=False", tehran, nil, "2026-03-04 09:36:07"},
		{"both", tehran, time.FixedZone("", 3600), "2026-03-04 09:36:07"},
	} {
		d := sqlite(t, "")
		db := d.open(t, new(probe))
		site := newSite(t, func(s *djsession.Settings) { s.TimeZone = test.zone })
		s := dbstore.New(site, db, d.d, &dbstore.Options{TimeZone: test.database})
		r := record("n", 1)
		mustCreate(t, s, "abcdefgh", r)
		var stored string
		if err := db.QueryRow("SELECT CAST(expire_date AS TEXT) FROM django_session").Scan(&stored); err != nil || stored != test.want {
			t.Errorf("%s: stored %q, %v, want %q", test.name, stored, err, test.want)
		}
		got, _, err := s.Load(t.Context(), "abcdefgh")
		if err != nil || !got.Expires.Equal(r.Expires) {
			t.Errorf("%s: got %+v, %v, want expiry %v", test.name, got, err, r.Expires)
		}
	}
}

// An expiry that Python or the database cannot hold is written as the last that
// they can, or as one that is long over.
func TestExpiryBeyond(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		s := dbstore.New(newSite(t, func(s *djsession.Settings) { s.TimeZone = tehran }), d.open(t, new(probe)), d.d, nil)
		for _, test := range []struct {
			name    string
			expires time.Time
			alive   bool
		}{
			{"the year 12026", time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC), true},
			{"the last moment of 9999", time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC), true},
			{"zero", time.Time{}, false},
			{"the year -5", time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC), false},
		} {
			r := record("n", 1)
			r.Expires = test.expires
			if err := s.Delete(t.Context(), "abcdefgh", djsession.Force); err != nil && !errors.Is(err, djsession.ErrNotFound) {
				t.Fatal(err)
			}
			mustCreate(t, s, "abcdefgh", r)
			got, _, err := s.Load(t.Context(), "abcdefgh")
			switch {
			case test.alive && (err != nil || got.Expires.Year() != 9999):
				t.Errorf("%s: got %+v, %v, want the year 9999", test.name, got, err)
			case !test.alive && !errors.Is(err, djsession.ErrExpired):
				t.Errorf("%s: got error %v, want ErrExpired", test.name, err)
			}
		}
	})
}
