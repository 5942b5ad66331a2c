package dbstore_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
)

// No option of the driver changes what is stored, read or reported.
func TestMySQLOptions(t *testing.T) {
	for _, charset := range []string{"latin1", "utf8mb4", "utf8mb4 COLLATE utf8mb4_bin"} {
		d := mysql(t, charset, "")
		base := d.dsn
		for i := range 32 {
			var options []string
			for bit, option := range []string{
				"parseTime=true", "clientFoundRows=true", "interpolateParams=true", "loc=Asia%2FTehran", "time_zone=%27%2B03%3A30%27&charset=latin1",
			} {
				if i&(1<<bit) != 0 {
					options = append(options, option)
				}
			}
			d.dsn = func(addr string) string { return base(addr) + strings.Join(options, "&") }
			for _, zone := range []*time.Location{nil, tehran} {
				name := fmt.Sprintf("%s, %v, zone %v", charset, options, zone)
				s := dbstore.New(newSite(t, func(s *djsession.Settings) { s.TimeZone = zone }), d.open(t, new(probe)), d.d, nil)
				checkMySQL(t, name, s)
			}
		}
	}
}

func checkMySQL(t *testing.T, name string, s *dbstore.Store) {
	t.Helper()
	ctx := t.Context()
	if err := s.Delete(ctx, "abcdefgh", djsession.Force); err != nil && !errors.Is(err, djsession.ErrNotFound) {
		t.Fatalf("%s: %v", name, err)
	}
	r := record("text", "é日😀", "n", int64(1))
	r.Expires = r.Expires.Add(678901 * time.Microsecond)
	v := mustCreate(t, s, "abcdefgh", r)
	got, v2, err := s.Load(ctx, "abcdefgh")
	if err != nil || !v2.Equal(v) || !got.Expires.Equal(r.Expires) {
		t.Errorf("%s: got %+v, %v, want the record with expiry %v", name, got, err, r.Expires)
		return
	}
	if text, _ := got.Data.Get("text"); text != "é日😀" {
		t.Errorf("%s: got text %+q", name, text)
	}
	for _, test := range []struct {
		name string
		run  func() error
		want error
	}{
		{"update to the same", func() error { _, err := s.Update(ctx, "abcdefgh", r, v); return err }, nil},
		{"forced update to the same", func() error { _, err := s.Update(ctx, "abcdefgh", r, djsession.Force); return err }, nil},
		{"touch to the same", func() error { return s.Touch(ctx, "abcdefgh", r.Expires, v) }, nil},
		{"stale touch", func() error { return s.Touch(ctx, "abcdefgh", r.Expires, djsession.VersionOf("x")) }, djsession.ErrConflict},
		{"create in capitals", func() error {
			// The collation, and not we, tells whether that key is free.
			if _, err := s.Create(ctx, "ABCDEFGH", r); err == nil {
				return s.Delete(ctx, "ABCDEFGH", djsession.Force)
			} else if !errors.Is(err, djsession.ErrKeyTaken) {
				return err
			}
			return nil
		}, nil},
		{"load in capitals", func() error { _, _, err := s.Load(ctx, "ABCDEFGH"); return err }, djsession.ErrNotFound},
		{"load with a space", func() error { _, _, err := s.Load(ctx, "abcdefgh "); return err }, djsession.ErrNotFound},
		{"update in capitals", func() error { _, err := s.Update(ctx, "ABCDEFGH", r, djsession.Force); return err }, djsession.ErrNotFound},
		{"delete with a space", func() error { return s.Delete(ctx, "abcdefgh ", djsession.Force) }, djsession.ErrNotFound},
		{"update", func() (err error) { v, err = s.Update(ctx, "abcdefgh", record("n", 2), v); return err }, nil},
		{"stale update", func() error { _, err := s.Update(ctx, "abcdefgh", record("n", 3), v2); return err }, djsession.ErrConflict},
		{"stale delete", func() error { return s.Delete(ctx, "abcdefgh", v2) }, djsession.ErrConflict},
		{"delete", func() error { return s.Delete(ctx, "abcdefgh", v) }, nil},
		{"update of nothing", func() error { _, err := s.Update(ctx, "abcdefgh", r, djsession.Force); return err }, djsession.ErrNotFound},
	} {
		if err := test.run(); !errors.Is(err, test.want) {
			t.Errorf("%s: %s: got error %v, want %v", name, test.name, err, test.want)
		}
	}
}

// A value that is not ASCII, in a table of any character set, is corrupt and can
// be compared and deleted all the same.
func TestMySQLForeignBytes(t *testing.T) {
	for _, charset := range []string{"latin1", "utf8mb4"} {
		d := mysql(t, charset, "")
		db := d.open(t, new(probe))
		s := dbstore.New(newSite(t), db, d.d, nil)
		if _, err := db.Exec("INSERT INTO django_session VALUES ('abcdefgh', 'caf\u00e9', '2100-01-01')"); err != nil {
			t.Fatal(err)
		}
		_, v, err := s.Load(t.Context(), "abcdefgh")
		if !errors.Is(err, djsession.ErrCorrupt) {
			t.Errorf("%s: got error %v, want ErrCorrupt", charset, err)
		}
		if err := s.Delete(t.Context(), "abcdefgh", v); err != nil {
			t.Errorf("%s: Delete: %v", charset, err)
		}
	}
}

// Before Django 1.8 the column kept no microseconds. MySQL rounds them.
func TestMySQLWholeSeconds(t *testing.T) {
	d := mysql(t, "latin1", "")
	db := d.open(t, new(probe))
	mustExec(t, db, "ALTER TABLE django_session MODIFY expire_date datetime NOT NULL")
	s := dbstore.New(newSite(t), db, d.d, nil)
	r := record("n", 1)
	r.Expires = r.Expires.Add(600 * time.Millisecond)
	v := mustCreate(t, s, "abcdefgh", r)
	if _, err := s.Update(t.Context(), "abcdefgh", r, v); err != nil {
		t.Errorf("update to the same: %v", err)
	}
	if err := s.Touch(t.Context(), "abcdefgh", r.Expires, v); err != nil {
		t.Errorf("touch to the same: %v", err)
	}
	got, _, err := s.Load(t.Context(), "abcdefgh")
	if err != nil || got.Expires.Sub(r.Expires).Abs() > time.Second {
		t.Errorf("got %+v, %v", got, err)
	}
}
