package filestore_test

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/filestore"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// djangoFiles is what testdata/make.py printed.
//
//go:embed testdata/django.jsonl
var djangoFiles []byte

type vector struct {
	Django string
	UseTZ  bool `json:"use_tz"`
	Kind   string
	Name   string
	Text   string

	// written
	File string
	Mode uint32
	Data string

	// judged
	Modified    int64 // microseconds since 1970
	Load, Clear string
}

// frozen is the moment of testdata/make.py.
var frozen = time.Date(2026, 3, 4, 5, 6, 7, 123456000, time.UTC)

// vectors runs f for each vector of one kind, on a Store of its Django.
func vectors(t *testing.T, kind string, want int, f func(t *testing.T, w *world, v vector)) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	dec := json.NewDecoder(bytes.NewReader(djangoFiles))
	dec.DisallowUnknownFields()
	for dec.More() {
		var v vector
		if err := dec.Decode(&v); err != nil {
			t.Fatal(err)
		}
		if v.Kind != kind {
			continue
		}
		n++
		name := v.Django + "/" + v.Name
		if !v.UseTZ {
			name = v.Django + " local/" + v.Name
		}
		t.Run(name, func(t *testing.T) {
			version, err := djsession.ParseDjangoVersion(v.Django)
			if err != nil {
				t.Fatal(err)
			}
			f(t, newWorld(t, func(set *djsession.Settings) {
				set.Django = version
				set.Keys = signer.SecretKey("filestore-fixtures")
				set.Now = func() time.Time { return frozen }
				if !v.UseTZ {
					set.TimeZone = berlin
				}
			}), v)
		})
	}
	if n != want {
		t.Errorf("got %d vectors, want %d", n, want)
	}
}

// A session of Django is read, and written to a file of the same name, mode and
// bytes.
func TestBytesOfDjango(t *testing.T) {
	vectors(t, "written", 30, func(t *testing.T, w *world, v vector) {
		key, ok := strings.CutPrefix(v.File, w.site.Settings().CookieName)
		if !ok {
			t.Fatalf("the name of the file is %q", v.File)
		}
		path := filepath.Join(w.dir, v.File)
		plant(t, path, v.Text, frozen)
		theirs, seen, err := w.Load(t.Context(), key)
		if err != nil {
			t.Fatalf("Load: %v", err)
		}
		if got, err := (serializer.JSON{}).Dumps(nil, theirs.Data); string(got) != v.Data || err != nil {
			t.Errorf("got data %s, %v, want %s", got, err, v.Data)
		}
		if err := w.Delete(t.Context(), key, seen); err != nil {
			t.Fatalf("Delete: %v", err)
		}

		ours := w.record(t)
		if ours.Data, err = (serializer.JSON{}).Loads([]byte(v.Data)); err != nil {
			t.Fatal(err)
		}
		ours.Expires, err = w.site.ExpiryDate(ours.Data, frozen)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Create(t.Context(), key, ours); err != nil {
			t.Fatalf("Create: %v", err)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// What is compressed may differ, and is no longer than Django's by much.
		if strings.HasPrefix(v.Text, ".") {
			if len(raw) > len(v.Text)+8 {
				t.Errorf("got %d bytes, Django writes %d", len(raw), len(v.Text))
			}
		} else if string(raw) != v.Text {
			t.Errorf("got  %s\nwant %s", raw, v.Text)
		}
		fi, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := uint32(fi.Mode().Perm()); got != v.Mode && filepath.Separator == '/' {
			t.Errorf("got mode %o, want %o", got, v.Mode)
		}
		if !fi.ModTime().Equal(frozen) {
			t.Errorf("got time of modification %v, want now", fi.ModTime())
		}
	})
}

// Load and ClearExpired judge every file as Django does.
func TestVerdictsOfDjango(t *testing.T) {
	vectors(t, "judged", 360, func(t *testing.T, w *world, v vector) {
		plant(t, w.path, v.Text, time.UnixMicro(v.Modified))
		_, _, err := w.Load(t.Context(), key)
		got := "alive"
		switch {
		case errors.Is(err, djsession.ErrExpired):
			got = "over"
		case errors.Is(err, serializer.ErrType), errors.Is(err, serializer.ErrSyntax):
			got = "raises"
			wantKind(t, "Load", err, djsession.ErrCorrupt)
		case err != nil:
			wantKind(t, "Load", err, djsession.ErrCorrupt) // to Django it is empty
		}
		if got != v.Load {
			t.Errorf("Load: got %s (%v), Django says %s", got, err, v.Load)
		}
		n, err := w.ClearExpired(t.Context(), nil)
		if want := v.Clear == "over"; err != nil || (n == 1) != want {
			t.Errorf("ClearExpired: got %d, %v, Django says %s", n, err, v.Clear)
		}
	})
}

// What Create was told and what Load says are the same moment, whatever the data
// say of the expiry, and Django sees it so too: only the file's time and the data
// carry it.
func TestExpires(t *testing.T) {
	for _, test := range []struct {
		name  string
		value any
		ends  time.Duration
		mtime time.Duration
	}{
		{"policy", nil, 14 * 24 * time.Hour, 0},
		{"policy, less is left", nil, time.Hour, time.Hour - 14*24*time.Hour},
		{"browser", int64(0), 14 * 24 * time.Hour, 0},
		{"seconds", int64(300), 300 * time.Second, 0},
		{"seconds, less is left", int64(300), 100 * time.Second, -200 * time.Second},
		{"seconds with a fraction", 1.5, 1500 * time.Millisecond, 0},
		{"moment", now.Add(time.Hour).Format("2006-01-02T15:04:05+00:00"), time.Hour, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, nil)
			d := dict("n", 1)
			if test.value != nil {
				d = d.With("_session_expiry", test.value)
			}
			want := now.Add(test.ends)
			if _, err := w.Create(t.Context(), key, &djsession.Record{Data: d, Expires: want}); err != nil {
				t.Fatal(err)
			}
			r, v, err := w.Load(t.Context(), key)
			if err != nil || !r.Expires.Equal(want) {
				t.Fatalf("got %v, %v, want %v", r, err, want)
			}
			wantModified(t, w, now.Add(test.mtime))
			// A session that is used on is touched by what is left from now on.
			later, err := w.site.ExpiryDate(d, now)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Touch(t.Context(), key, later, v); err != nil {
				t.Fatal(err)
			}
			wantModified(t, w, now)
		})
	}
}

func wantModified(t *testing.T, w *world, want time.Time) {
	t.Helper()
	fi, err := os.Stat(w.path)
	if err != nil {
		t.Fatal(err)
	}
	if !fi.ModTime().Equal(want) {
		t.Errorf("got time of modification %v, want %v", fi.ModTime(), want)
	}
}

// A moment may be as far away as Python has dates, and Touch does not move it.
func TestFar(t *testing.T) {
	w := newWorld(t, nil)
	v := w.create(t, "_session_expiry", "9999-12-30T23:59:58+00:00")
	want := time.Date(9999, 12, 30, 23, 59, 58, 0, time.UTC)
	for _, expires := range []time.Time{want, now.Add(time.Hour)} {
		if err := w.Touch(t.Context(), key, expires, v); err != nil {
			t.Fatalf("Touch: %v", err)
		}
		if r, _, err := w.Load(t.Context(), key); err != nil || !r.Expires.Equal(want) {
			t.Errorf("got %v, %v, want %v", r, err, want)
		}
	}
}

// A session of the local hour before the clocks go back ends when Django's naive
// arithmetic says, and is written so that it does.
func TestSummerTime(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	clock := time.Date(2026, 10, 20, 12, 0, 0, 0, berlin) // two weeks later it is winter
	w := newWorld(t, func(set *djsession.Settings) {
		set.TimeZone = berlin
		set.Now = func() time.Time { return clock }
	})
	w.create(t, "n", 1)
	end := time.Date(2026, 11, 3, 12, 0, 0, 0, berlin)
	r, _, err := w.Load(t.Context(), key)
	if err != nil || !r.Expires.Equal(end) {
		t.Fatalf("got %v, %v, want %v", r, err, end)
	}
	wantModified(t, w, clock)
	for _, test := range []struct {
		at   time.Time
		want error
	}{{end.Add(-time.Second), nil}, {end.Add(-time.Second + time.Microsecond), djsession.ErrExpired}} {
		clock = test.at
		if _, _, err := w.Load(t.Context(), key); !errors.Is(err, test.want) {
			t.Errorf("at %v: got %v, want %v", test.at, err, test.want)
		}
	}
	// With another end the time of modification is on the other side of the change.
	clock = end
	if _, err := w.Update(t.Context(), key, &djsession.Record{Data: dict("n", 2), Expires: end.Add(time.Hour)}, djsession.Force); err != nil {
		t.Fatal(err)
	}
	if r, _, err := w.Load(t.Context(), key); err != nil || !r.Expires.Equal(end.Add(time.Hour)) {
		t.Errorf("got %v, %v, want an hour later than %v", r, err, end)
	}
}

// In the hour that clocks show twice Django compares what they show: a session
// that was over can be seen to live again.
func TestHourTwice(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	clock := time.Date(2026, 10, 24, 12, 0, 0, 0, time.UTC)
	w := newWorld(t, func(set *djsession.Settings) {
		set.TimeZone = berlin
		set.Now = func() time.Time { return clock }
	})
	plant(t, w.path, w.encode(t, "_session_expiry", "2026-10-25T02:30:00"), clock)
	for _, test := range []struct {
		utc  string
		want error
	}{
		{"00:10", nil}, {"00:30", djsession.ErrExpired}, {"01:10", nil}, {"01:30", djsession.ErrExpired},
	} {
		if clock, err = time.Parse("2006-01-02 15:04", "2026-10-25 "+test.utc); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.Load(t.Context(), key); !errors.Is(err, test.want) {
			t.Errorf("at %s: got %v, want %v", test.utc, err, test.want)
		}
	}
}

// A session that is saved while ClearExpired is at it stays.
func TestSavedWhileCleared(t *testing.T) {
	var save func()
	w := newWorld(t, func(set *djsession.Settings) {
		set.Now = func() time.Time { // ClearExpired has read the file and asks for the time
			if f := save; f != nil {
				save = nil
				f()
			}
			return now
		}
	})
	text := w.encode(t, "n", 1)
	plant(t, w.path, text, now.Add(-1000*time.Hour))
	save = func() { plant(t, w.path, text, now) }
	if n, err := w.ClearExpired(t.Context(), nil); n != 0 || err != nil {
		t.Errorf("got %d removed, %v, want 0", n, err)
	}
	if got := w.raw(t); got != text {
		t.Errorf("got %q, want %q", got, text)
	}
}

// The placeholder that another process just made is an empty session, which can
// be written.
func TestPlaceholder(t *testing.T) {
	w := newWorld(t, nil)
	plant(t, w.path, "", now)
	r, v, err := w.Load(t.Context(), key)
	if err != nil || r.Data.Len() != 0 {
		t.Fatalf("got %v, %v, want an empty session", r, err)
	}
	if _, err := w.Create(t.Context(), key, w.record(t, "n", 1)); !errors.Is(err, djsession.ErrKeyTaken) {
		t.Errorf("Create: got %v, want ErrKeyTaken", err)
	}
	if _, err := w.Update(t.Context(), key, w.record(t, "n", 2), v); err != nil {
		t.Errorf("Update: %v", err)
	}
	if got, want := w.raw(t), w.encode(t, "n", 2); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A value that would not be read back is not written.
func TestBadExpiry(t *testing.T) {
	w := newWorld(t, nil)
	_, err := w.Create(t.Context(), key, &djsession.Record{Data: dict("_session_expiry", []any{int64(1)}), Expires: now})
	if !errors.Is(err, serializer.ErrType) {
		t.Errorf("got %v, want ErrType", err)
	}
	if entries, _ := os.ReadDir(w.dir); len(entries) != 0 {
		t.Errorf("got %d files, want none", len(entries))
	}
}

// gettempdir takes the first folder that can be written to, of TMPDIR, TEMP and TMP.
func TestTempDir(t *testing.T) {
	good, missing := t.TempDir(), filepath.Join(t.TempDir(), "missing")
	for _, env := range [][3]string{{good, missing, missing}, {missing, good, missing}, {"", missing, good}} {
		for i, name := range []string{"TMPDIR", "TEMP", "TMP"} {
			t.Setenv(name, env[i])
		}
		if got, err := filestore.TempDir(); got != good || err != nil {
			t.Errorf("%q: got %q, %v, want %q", env, got, err, good)
		}
	}
	if entries, _ := os.ReadDir(good); len(entries) != 0 {
		t.Errorf("got %d files, want none", len(entries))
	}
}

// As Django, New wants a folder that is there.
func TestNew(t *testing.T) {
	w := newWorld(t, nil)
	plant(t, w.path, "", now)
	for _, dir := range []string{filepath.Join(w.dir, "missing"), w.path} {
		if _, err := filestore.New(w.site, dir, nil); !errors.Is(err, djsession.ErrConfig) {
			t.Errorf("%s: got %v, want ErrConfig", dir, err)
		}
	}
	t.Setenv("TMPDIR", w.dir)
	s, err := filestore.New(w.site, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Load(t.Context(), key); err != nil {
		t.Errorf("Load from TMPDIR: %v", err)
	}
}

// A session that ends after 2038 is there at once on every machine, one of 32 bits
// too, where the time of a file ends before.
func TestAfter2038(t *testing.T) {
	w := newWorld(t, nil)
	for i, year := range []int{2038, 2039, 2099, 2107, 2300} {
		key := "after2038y" + string(rune('a'+i))
		r := w.record(t, "n", 1)
		r.Expires = time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC)
		if _, err := w.Create(t.Context(), key, r); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.Load(t.Context(), key); err != nil {
			t.Errorf("ends in %d: %v", year, err)
		}
	}
}
