package compat_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/djsession/pgxstore"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/signer"
)

// secret is the SECRET_KEY of the site, unless a test says otherwise.
const secret = "the-compat-site-is-not-a-secret-0123456789"

// Time zone settings of the site.
const (
	tzOn      = "tz-on"          // USE_TZ, with a TIME_ZONE that must not matter
	tzTehran  = "tz-off-tehran"  // no USE_TZ, a zone with half an hour and no summer time
	tzNewYork = "tz-off-newyork" // no USE_TZ, a zone with summer time
)

// combo names a world.
type combo struct{ django, database, tz string }

func (c combo) String() string { return "django" + c.django + "/" + c.database + "/" + c.tz }

// The Djangos that setup.sh can always install, and those that need a Python which
// many machines lack.
var (
	djangos  = []string{"4.2", "5.2", "6.1"}
	optional = []string{"1.8", "1.11", "2.2", "3.2"}
)

// combos are the worlds that most tests run in.
func combos() (all []combo) {
	for _, django := range djangos {
		for _, database := range databases {
			all = append(all, combo{django, database, tzOn}, combo{django, database, tzTehran})
		}
	}
	for _, tz := range []string{tzOn, tzTehran} {
		all = append(all, combo{"3.2", sqlite, tz})
	}
	return all
}

// legacyCombos are sites older than Django 3.1, where the stored format is another.
func legacyCombos() (all []combo) {
	for _, django := range []string{"1.8", "1.11", "2.2"} {
		for _, tz := range []string{tzOn, tzTehran} {
			all = append(all, combo{django, sqlite, tz})
		}
	}
	return all
}

// world is a site run by one Django, and a database that it shares with us. One test
// at a time has it.
type world struct {
	combo
	dj    driver
	base  database
	zone  *time.Location // nil: USE_TZ
	mu    sync.Mutex
	clock atomic.Pointer[time.Time] // nil: the real one
}

// inWorlds runs f as a subtest in each of these worlds; with -short, only in those with
// Django 5.2 or 6.1 and USE_TZ.
func inWorlds(t *testing.T, all []combo, f func(t *testing.T, w *world)) {
	for _, c := range all {
		if testing.Short() && (c.tz != tzOn || !slices.Contains(djangos[1:], c.django)) {
			continue
		}
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			w := enter(t, c)
			f(t, w)
		})
	}
}

// inStores runs f as a subtest with each store that we have for the database.
func (w *world) inStores(t *testing.T, what string, f func(t *testing.T, store string)) {
	stores := []string{"dbstore"}
	if w.base.pool != nil {
		stores = append(stores, "pgxstore")
	}
	for _, store := range stores {
		t.Run(store, func(t *testing.T) {
			if what != "" {
				matrix.checks(t, what, store, w.database, w.django)
			}
			f(t, store)
		})
	}
}

var worlds struct {
	mu  sync.Mutex
	all map[combo]*world
}

// enter returns the world of c for the rest of the test, with a running clock and
// the site's own settings. The first to come starts it.
func enter(t testing.TB, c combo) *world {
	t.Helper()
	worlds.mu.Lock()
	w := worlds.all[c]
	if w == nil {
		w = &world{combo: c}
		if worlds.all == nil {
			worlds.all = make(map[combo]*world)
		}
		worlds.all[c] = w
	}
	worlds.mu.Unlock()
	w.mu.Lock()
	t.Cleanup(w.mu.Unlock)
	if w.dj.Django == nil {
		w.start(t)
	}
	t.Cleanup(func() {
		w.clock.Store(nil)
		w.dj.Call(t, "freeze", nil, nil)
		w.dj.Call(t, "settings", args{"values": args{}}, nil)
	})
	return w
}

// start makes the database and the tables, and starts Django.
func (w *world) start(t testing.TB) {
	t.Helper()
	django.Python(t, w.django) // rather say what is missing before a server is started
	base := openDatabase(t, w.database)
	settings := map[string]any{"DATABASES": map[string]any{"default": base.django}}
	maps.Copy(settings, zoneSettings(w.tz))
	dj := startDjango(t, w.django, settings)
	atEnd(dj.stop)
	dj.Call(t, "migrate", nil, nil)
	w.dj, w.base, w.zone = dj, base, zoneOf(t, w.tz)
}

func zoneSettings(tz string) map[string]any {
	switch tz {
	case tzTehran:
		return map[string]any{"USE_TZ": false, "TIME_ZONE": "Asia/Tehran"}
	case tzNewYork:
		return map[string]any{"USE_TZ": false, "TIME_ZONE": "America/New_York"}
	}
	return map[string]any{"USE_TZ": true, "TIME_ZONE": "America/New_York"}
}

func zoneOf(t testing.TB, tz string) *time.Location {
	t.Helper()
	s := zoneSettings(tz)
	if s["USE_TZ"].(bool) {
		return nil
	}
	zone, err := time.LoadLocation(s["TIME_ZONE"].(string))
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// freeze stops the clocks of both sides.
func (w *world) freeze(t testing.TB, at time.Time) {
	t.Helper()
	w.clock.Store(&at)
	w.dj.Call(t, "freeze", args{"micros": at.UnixMicro()}, nil)
}

func (w *world) now() time.Time {
	if at := w.clock.Load(); at != nil {
		return *at
	}
	return time.Now()
}

// settings gives the site these settings until the end of the test, or the next call.
func (w *world) settings(t testing.TB, values map[string]any) {
	t.Helper()
	w.dj.Call(t, "settings", args{"values": values}, nil)
}

// site is our twin of the site.
func (w *world) site(t testing.TB, change ...func(*djsession.Settings)) *djsession.Site {
	t.Helper()
	django, err := djsession.ParseDjangoVersion(w.django)
	if err != nil {
		t.Fatal(err)
	}
	set := djsession.Settings{
		Keys:     signer.SecretKey(secret),
		Django:   django,
		TimeZone: w.zone,
		Now:      w.now,
		Logger:   slog.New(slog.DiscardHandler),
	}
	for _, c := range change {
		c(&set)
	}
	site, err := djsession.NewSite(set)
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// manager is our side of the site, with that kind of store.
func (w *world) manager(t testing.TB, store string, change ...func(*djsession.Settings)) *djsession.Manager {
	t.Helper()
	site := w.site(t, change...)
	return djsession.New(w.store(t, site, store))
}

func (w *world) store(t testing.TB, site *djsession.Site, store string) djsession.Store {
	t.Helper()
	if store == "pgxstore" {
		return pgxstore.New(site, w.base.pool, nil)
	}
	return dbstore.New(site, w.base.db, dialects[w.database], nil)
}

// rows is the whole table, each row as text, by its key.
func (w *world) rows(t testing.TB) map[string]string {
	t.Helper()
	rows, err := w.base.db.Query("SELECT session_key, session_data, " + expireText[w.database] + " FROM django_session")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := make(map[string]string)
	for rows.Next() {
		var key, data, expires string
		if err := rows.Scan(&key, &data, &expires); err != nil {
			t.Fatal(err)
		}
		all[key] = expires + " " + data
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// expires is the expire_date of a row as text.
func (w *world) expires(t testing.TB, key string) string {
	t.Helper()
	var text string
	// The key is one of ours or Django's: there is nothing to quote in it.
	err := w.base.db.QueryRow("SELECT " + expireText[w.database] + " FROM django_session WHERE session_key = '" + key + "'").Scan(&text)
	must(t, err)
	return text
}

// open is Manager.Open; it fails the test if there is no such session.
func open(t testing.TB, m *djsession.Manager, key string) *djsession.Session {
	t.Helper()
	s, err := m.Open(context.Background(), key)
	if err != nil {
		t.Fatalf("open a session: %v", err)
	}
	return s
}

// save is Session.Save; it fails the test if that fails.
func save(t testing.TB, s *djsession.Session) {
	t.Helper()
	must(t, s.Save(context.Background()))
}

// create stores a new session of ours with these values and returns its key.
func create(t testing.TB, m *djsession.Manager, values map[string]any) string {
	t.Helper()
	s := open(t, m, "")
	must(t, s.SetAll(values))
	save(t, s)
	return s.Key()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// describe is what a failed test says of an error.
func describe(err error) string {
	if err == nil {
		return "no error"
	}
	return fmt.Sprint(err)
}
