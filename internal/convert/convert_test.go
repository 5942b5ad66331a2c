package convert

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/fixtures/demo"
	"github.com/go-djsession/go-djsession/internal/payload"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
	"github.com/go-djsession/go-djsession/signer"
)

var testNow = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

func siteWith(t *testing.T, set djsession.Settings) *djsession.Site {
	t.Helper()
	set.Keys, set.Now = signer.SecretKey("django-insecure-DEMO-KEY-public-and-worthless-do-not-use-it"), func() time.Time { return testNow }
	site, err := djsession.NewSite(set)
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// meddling is a store in which somebody else is faster.
type meddling struct {
	djsession.Store
	before func(key string)
}

func (m meddling) Update(ctx context.Context, key string, r *djsession.Record, seen djsession.Version) (djsession.Version, error) {
	m.before(key)
	return m.Store.Update(ctx, key, r, seen)
}

// TestConvertRaces: what the site writes meanwhile is converted, what it deletes
// stays deleted.
func TestConvertRaces(t *testing.T) {
	path := filepath.Join(testserver.Dir(t), "db.sqlite3")
	if err := os.WriteFile(path, demo.Database, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path+"?_pragma=synchronous(off)&_pragma=journal_mode(memory)&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	pickles, target := siteWith(t, djsession.Settings{Serializer: payload.Any{}}), siteWith(t, djsession.Settings{})
	store, writer := dbstore.New(pickles, db, dbstore.SQLite, nil), dbstore.New(target, db, dbstore.SQLite, nil)
	django := dbstore.New(siteWith(t, djsession.Settings{Serializer: pickle.Serializer{}}), db, dbstore.SQLite, nil)
	keys := make([]string, 4)
	for i := range keys {
		keys[i] = fmt.Sprintf("pick%028d", i)
		r := &djsession.Record{Expires: testNow.Add(time.Hour), Data: serializer.NewDict(serializer.Item{Key: "t", Value: serializer.Tuple{int64(1)}})}
		if _, err := django.Create(t.Context(), keys[i], r); err != nil {
			t.Fatal(err)
		}
	}
	written := 0
	conv := Options{Lister: store, Reader: store, Batch: 1}
	conv.Writer = meddling{writer, func(key string) {
		r, v, err := store.Load(t.Context(), key)
		switch {
		case err != nil:
		case key == keys[1] && written < 2:
			written++
			r.Data = r.Data.With("n", int64(written))
			_, err = store.Update(t.Context(), key, r, v)
		case key == keys[2]:
			err = store.Delete(t.Context(), key, djsession.Force)
		}
		if err != nil {
			t.Fatal(err)
		}
	}}
	n, err := Run(t.Context(), conv)
	if err != nil {
		t.Fatal(err)
	}
	if n.Converted != 3 || n.Conflicts != 2 || n.Gone != 1 {
		t.Errorf("got %+v, want 3 converted, 2 conflicts, 1 gone", n.Counts)
	}
	if sum := n.Converted + n.Right + n.Expired + n.Left + n.Corrupt + n.Gone; sum != n.Seen {
		t.Errorf("got %d seen, want the sum of the others, %d", n.Seen, sum)
	}
	r, _, err := writer.Load(t.Context(), keys[1])
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := r.Data.Get("n"); n != int64(2) {
		t.Errorf("got %v, want what was written meanwhile", n)
	}
	if _, _, err := store.Load(t.Context(), keys[2]); !errors.Is(err, djsession.ErrNotFound) {
		t.Errorf("deleted meanwhile: got %v", err)
	}
}

// TestConvertHostile: a pickle that is small and would never end as JSON is left.
func TestConvertHostile(t *testing.T) {
	var wide any = serializer.Tuple{int64(1)}
	for range 60 {
		wide = []any{wide, wide}
	}
	loop := make([]any, 2)
	loop[0], loop[1] = loop, loop
	var deep any = int64(1)
	for range 60 {
		deep = serializer.Tuple{deep, deep}
	}
	set := serializer.Set{deep}
	sets := make([]any, 100_000)
	for i := range sets {
		sets[i] = set
	}
	for name, v := range map[string]any{"a list of 2^60 values": wide, "a list that holds itself": loop, "a set of 2^60 values, often": sets} {
		j := toJSON{}
		if _, ok := j.session(serializer.NewDict(serializer.Item{Key: "v", Value: v})); ok || !j.left {
			t.Errorf("%s: got it converted", name)
		}
		if n := len(j.notes); n == 0 || n > 2*maxNotes {
			t.Errorf("%s: got %d notes", name, n)
		}
	}
}

// TestConvertExpiry: a datetime that ends a session becomes the text that set_expiry
// writes from Django 4.1 on, if the Django that will read it can.
func TestConvertExpiry(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	wall := time.Date(2026, 8, 1, 10, 0, 0, 5000, time.UTC)
	aware, naive := serializer.NewDateTime(wall), serializer.NewNaive(wall)
	unknown := aware
	unknown.Zone = &serializer.Object{Class: serializer.Global{Module: "shop", Name: "Zone"}}
	east := aware
	east.Zone = serializer.ZoneInfo{Key: "Asia/Kolkata"}
	for _, tt := range []struct {
		name   string
		expiry any
		zone   *time.Location
		django djsession.DjangoVersion
		want   any // nil: it is left
	}{
		{name: "aware", expiry: aware, want: "2026-08-01T10:00:00.000005+00:00"},
		{name: "of a zone", expiry: east, want: "2026-08-01T10:00:00.000005+05:30"},
		{name: "naive with USE_TZ=False", expiry: naive, zone: berlin, want: "2026-08-01T10:00:00.000005"},
		{name: "text of such a Django", expiry: "2026-08-01T10:00:00+00:00", want: "2026-08-01T10:00:00+00:00"},
		{name: "seconds", expiry: int64(60), want: int64(60)},
		{name: "naive with USE_TZ=True, which Django cannot compare", expiry: naive},
		{name: "aware with USE_TZ=False", expiry: aware, zone: berlin},
		{name: "of a zone that nobody knows", expiry: unknown},
		{name: "for a Django that reads no text there", expiry: aware, django: djsession.DjangoVersion{Major: 4, Minor: 0}},
		{name: "text, for such a Django", expiry: "2026-08-01T10:00:00+00:00", django: djsession.DjangoVersion{Major: 3, Minor: 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, lossy := range []bool{false, true} {
				target := siteWith(t, djsession.Settings{TimeZone: tt.zone, Django: tt.django})
				conv := conversion{Options: Options{Lossy: lossy}, target: target}
				was := &djsession.Record{Expires: testNow, Data: serializer.NewDict(serializer.Item{Key: expiryName, Value: tt.expiry})}
				r, notes := conv.rewritten(was, true)
				if tt.want == nil {
					if r != nil || len(notes) == 0 || notes[len(notes)-1].path != expiryName || !notes[len(notes)-1].left {
						t.Errorf("lossy %t: got %v and %v, want it left", lossy, r, notes)
					}
					continue
				}
				if r == nil || !r.Expires.Equal(testNow) {
					t.Fatalf("lossy %t: got %v, %v, want the end as it was", lossy, r, notes)
				}
				if got, _ := r.Data.Get(expiryName); got != tt.want {
					t.Errorf("lossy %t: got %v, want %v", lossy, got, tt.want)
				}
			}
		})
	}
}
