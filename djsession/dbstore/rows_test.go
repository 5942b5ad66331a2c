package dbstore_test

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/fixtures/demo"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// djangoRows is what testdata/rows.py printed: how Djangos keep moments.
//
//go:embed testdata/rows.jsonl
var djangoRows []byte

type djangoRow struct {
	Django, Engine, Zone string
	Moment               int64 // microseconds since 1970
	Stored               string
}

// Every moment is stored in the bytes that Django stores, and those of Django
// are read as that moment.
func TestRowsOfDjango(t *testing.T) {
	seen := map[string]int{}
	var rows []djangoRow
	dec := json.NewDecoder(bytes.NewReader(djangoRows))
	dec.DisallowUnknownFields()
	for dec.More() {
		var r djangoRow
		if err := dec.Decode(&r); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
		seen[r.Django+" "+r.Engine+" "+r.Zone]++
	}
	if len(seen) != 27 {
		t.Errorf("got vectors of %d Djangos, engines and zones, want 27", len(seen))
	}
	kinds := map[string]struct {
		open func(t *testing.T) database
		read string // expire_date, as rows.py reads it
	}{
		"sqlite3":    {func(t *testing.T) database { return sqlite(t, "") }, "CAST(expire_date AS TEXT)"},
		"mysql":      {func(t *testing.T) database { return mysql(t, "utf8mb4", "") }, "CAST(expire_date AS CHAR)"},
		"postgresql": {func(t *testing.T) database { return postgres(t) }, "CAST(expire_date AT TIME ZONE 'UTC' AS TEXT)"},
	}
	for engine, kind := range kinds {
		t.Run(engine, func(t *testing.T) {
			d := kind.open(t)
			raw := d.open(t, new(probe))
			for _, r := range rows {
				if r.Engine != engine {
					continue
				}
				site := newSite(t, func(s *djsession.Settings) { s.TimeZone = location(t, r.Zone) })
				store := dbstore.New(site, raw, d.d, nil)
				want := time.UnixMicro(r.Moment).UTC()
				mustExec(t, raw, "DELETE FROM django_session")
				rec := &djsession.Record{Data: serializer.NewDict(), Expires: want}
				if _, err := store.Create(t.Context(), "abcdefgh", rec); err != nil {
					t.Fatal(err)
				}
				var stored string
				if err := raw.QueryRow("SELECT " + kind.read + " FROM django_session").Scan(&stored); err != nil {
					t.Fatal(err)
				}
				name := fmt.Sprintf("Django %s, zone %q, %v", r.Django, r.Zone, want)
				if stored != r.Stored {
					t.Errorf("%s: stored %q, want %q", name, stored, r.Stored)
				}
				got, _, err := store.Load(t.Context(), "abcdefgh")
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				// The clocks of Berlin show 02:30 twice in that night.
				if twice := r.Zone == "Europe/Berlin" && r.Stored[:13] == "2030-10-27 02"; !got.Expires.Equal(want) &&
					!(twice && got.Expires.Sub(want).Abs() == time.Hour) {
					t.Errorf("%s: read %v", name, got.Expires)
				}
			}
		})
	}
}

// location is the zone of a site with USE_TZ=False, nil for "".
func location(t *testing.T, name string) *time.Location {
	t.Helper()
	if name == "" {
		return nil
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A database that Django wrote: each session is what the fixtures say, and one
// that is written back unchanged has the bytes that Django gave it.
func TestDatabaseOfDjango(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db.sqlite3")
	if err := os.WriteFile(path, demo.Database, 0o600); err != nil {
		t.Fatal(err)
	}
	db := wrap(t, "sqlite", "file:"+filepath.ToSlash(path), new(probe))
	var settings struct {
		Secret string `json:"SECRET_KEY"`
	}
	if err := json.Unmarshal(demo.Settings, &settings); err != nil {
		t.Fatal(err)
	}
	var sessions []struct {
		Key, What string
	}
	if err := json.Unmarshal(demo.Sessions, &sessions); err != nil {
		t.Fatal(err)
	}
	site := newSite(t, func(s *djsession.Settings) { s.Keys = signer.SecretKey(settings.Secret) })
	store := dbstore.New(site, db, dbstore.SQLite, nil)
	want := map[string]error{
		"a login that has expired":                  djsession.ErrExpired,
		"signed with another SECRET_KEY":            djsession.ErrCorrupt,
		"not a session at all":                      djsession.ErrCorrupt,
		"nobody logged in, with a cart":             nil,
		"a login":                                   nil,
		"a login of a user who is no longer active": nil,
	}
	for _, s := range sessions {
		r, _, err := store.Load(t.Context(), s.Key)
		if !errors.Is(err, want[s.What]) {
			t.Errorf("%s: got error %v, want %v", s.What, err, want[s.What])
		}
		if err == nil && !r.Expires.Equal(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: got expiry %v", s.What, r.Expires)
		}
	}
	if len(sessions) == 0 {
		t.Error("no sessions")
	}

	row := func(key string) (data, expires string) {
		t.Helper()
		err := db.QueryRow("SELECT session_data, CAST(expire_date AS TEXT) FROM django_session WHERE session_key = ?", key).Scan(&data, &expires)
		if err != nil {
			t.Fatal(err)
		}
		return data, expires
	}
	// The cart is short enough to be stored without compression, whose bytes differ.
	const cart = "cart5e9r2t7y4u1i8o3p6a0s5d9f2g7h"
	data, expires := row(cart)
	signed := site.Settings()
	signed.Now = func() time.Time { return signedAt(t, data) }
	site, err := djsession.NewSite(signed)
	if err != nil {
		t.Fatal(err)
	}
	store = dbstore.New(site, db, dbstore.SQLite, nil)
	r, v, err := store.Load(t.Context(), cart)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Update(t.Context(), cart, r, v); err != nil {
		t.Fatal(err)
	}
	if gotData, gotExpires := row(cart); gotData != data || gotExpires != expires {
		t.Errorf("got %q, %q\nwant %q, %q", gotData, gotExpires, data, expires)
	}
}

// signedAt is when a value was signed, by its base62 timestamp.
func signedAt(t *testing.T, signed string) time.Time {
	t.Helper()
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	parts := bytes.Split([]byte(signed), []byte(":"))
	var n int64
	for _, c := range parts[1] {
		n = n*62 + int64(bytes.IndexByte([]byte(digits), c))
	}
	return time.Unix(n, 0)
}
