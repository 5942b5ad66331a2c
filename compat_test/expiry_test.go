package compat_test

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// expiryCombos are those of most tests, and sites without USE_TZ in a zone that has
// summer time.
func expiryCombos() []combo {
	all := combos()
	for _, database := range databases {
		all = append(all, combo{"5.2", database, tzNewYork})
	}
	return all
}

// moment is when sessions are stored, with what is odd about it.
type moment struct {
	name string
	at   time.Time
}

// moments are those that matter to the world.
func (w *world) moments() []moment {
	if w.tz == tzNewYork {
		return allMoments
	}
	return allMoments[:3]
}

var allMoments = []moment{
	{"a fraction of a second", time.Date(2026, 11, 22, 21, 53, 25, 678901000, time.UTC)},
	{"a whole second", time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)},
	{"the last microsecond of a year in Tehran", time.Date(2026, 12, 31, 20, 29, 59, 999999000, time.UTC)},
	{"two weeks before summer time begins in New York", time.Date(2026, 3, 1, 12, 30, 0, 1000, time.UTC)},
	{"half an hour before summer time begins in New York", time.Date(2026, 3, 8, 6, 30, 0, 0, time.UTC)},
	{"half an hour before summer time ends in New York", time.Date(2026, 11, 1, 5, 30, 0, 0, time.UTC)},
	{"half an hour after summer time ended in New York", time.Date(2026, 11, 1, 6, 30, 0, 0, time.UTC)},
	{"a week before summer time ends in New York", time.Date(2026, 10, 25, 12, 30, 0, 0, time.UTC)},
}

// forms are what set_expiry takes, at that moment; nil is no call of it.
func forms(now time.Time) map[string]op {
	return map[string]op{
		"never called":           nil,
		"none":                   {"set_expiry", "none"},
		"browser close":          {"set_expiry", "seconds", 0},
		"a second":               {"set_expiry", "seconds", 1},
		"an hour in seconds":     {"set_expiry", "seconds", 3600},
		"a day in seconds":       {"set_expiry", "seconds", 86400},
		"a year in seconds":      {"set_expiry", "seconds", 365 * 86400},
		"negative seconds":       {"set_expiry", "seconds", -10},
		"a moment":               {"set_expiry", "at", now.Add(time.Hour).UnixMicro()},
		"a moment, a fraction":   {"set_expiry", "at", now.Add(36*time.Hour + 123457*time.Microsecond).UnixMicro()},
		"this very moment":       {"set_expiry", "at", now.UnixMicro()},
		"a moment in the past":   {"set_expiry", "at", now.Add(-time.Hour - time.Microsecond).UnixMicro()},
		"a while":                {"set_expiry", "in", time.Hour.Microseconds()},
		"a while, a microsecond": {"set_expiry", "in", int64(1)},
		"a while of three weeks": {"set_expiry", "in", (21 * 24 * time.Hour).Microseconds()},
		"a while that is over":   {"set_expiry", "in", (-time.Hour).Microseconds()},
	}
}

// Whoever sets the expiry, in whatever form: the same is stored, in the session and in
// the row, and both sides read the same age and date from it.
func TestExpiry(t *testing.T) {
	inWorlds(t, expiryCombos(), func(t *testing.T, w *world) {
		w.inStores(t, "expiry", func(t *testing.T, store string) {
			m := w.manager(t, store)
			for _, now := range w.moments() {
				w.freeze(t, now.at)
				last := time.Date(9999, 12, 31, 23, 59, 59, 999999000, cmp.Or(w.zone, time.UTC)) // datetime.max
				all := forms(now.at)
				all["the last moment"] = op{"set_expiry", "at", last.UnixMicro()}
				for form, o := range all {
					if w.django == "3.2" && o != nil && o[1] != "seconds" && o[1] != "none" {
						continue // Django cannot store these in JSON
					}
					t.Run(form+", "+now.name, func(t *testing.T) { w.setExpiry(t, m, o) })
				}
			}
		})
	})
}

func (w *world) setExpiry(t *testing.T, m *djsession.Manager, o op) {
	ops := []op{set("x", 1)}
	if o != nil {
		ops = append(ops, o)
	}
	ops = append(ops, op{"save"})
	w.dj.open(t, "expiry", "")
	stored := w.dj.run(t, "expiry", append(ops, op{"expiry"})...)
	theirs := stored.Key
	s := open(t, m, "")
	runOps(t, s, ops)
	ours := s.Key()

	if got, want := w.dj.members(t, ours), w.dj.members(t, theirs); !reflect.DeepEqual(got, want) {
		t.Errorf("the session: Go stored %v, Django %v", got, want)
	}
	got, want := w.expires(t, ours), w.expires(t, theirs)
	if got != want {
		t.Errorf("the row: Go stored %s, Django %s", got, want)
	}
	for by, key := range map[string]string{"Django": theirs, "Go": ours} {
		w.dj.open(t, "expiry", key)
		read := w.dj.run(t, "expiry", op{"items"}, op{"expiry"})
		s, err := m.Open(t.Context(), key)
		if alive := err == nil; alive != (read.Key == key) {
			t.Errorf("stored by %s: alive in Go %t, in Django %t", by, alive, !alive)
			continue
		} else if !alive {
			if !errors.Is(err, djsession.ErrNotFound) {
				t.Errorf("stored by %s: got %v, want ErrNotFound", by, err)
			}
			continue
		}
		got, err := expiry(m.Site(), s)
		must(t, err)
		var want any
		unmarshal(t, read.Results[1], &want)
		want = untyped(want)
		w.asInGo(t, want.(map[string]any))
		if !reflect.DeepEqual(got, want) {
			t.Errorf("stored by %s: Go reads %v, Django %v", by, got, want)
		}
	}
}

// asInGo replaces what Python reads by what Go has for it: an age that is too long for a
// Duration by the longest, and a date in the hour that clocks skip, which Python keeps as it
// is, by what clocks show at its instant.
func (w *world) asInGo(t testing.TB, expiry map[string]any) {
	t.Helper()
	if age, ok := expiry["age"].(float64); ok {
		expiry["age"] = min(age, time.Duration(math.MaxInt64).Seconds())
	}
	if w.zone == nil {
		return
	}
	wall, err := time.Parse("2006-01-02T15:04:05", expiry["date"].(string))
	must(t, err)
	at, err := serializer.NewNaive(wall).Moment(w.zone)
	must(t, err)
	expiry["date"] = isoformat(at, w.zone)
}

// What has expired for one side has for the other, and clear_expired of either side
// removes the same, to the microsecond.
func TestEnd(t *testing.T) {
	ends := []struct {
		name           string
		past           time.Duration
		alive, removed bool
	}{
		{"a microsecond before", -time.Microsecond, true, false},
		{"at the end", 0, false, false}, // not good any more, and not yet to be removed
		{"a microsecond after", time.Microsecond, false, true},
	}
	inWorlds(t, expiryCombos(), func(t *testing.T, w *world) {
		w.inStores(t, "expiry", func(t *testing.T, store string) {
			m := w.manager(t, store)
			for _, now := range w.moments() {
				for _, end := range ends {
					what := end.name + ", " + now.name
					for _, remover := range []string{"Go", "Django"} {
						w.freeze(t, now.at)
						w.dj.open(t, "end", "")
						keys := map[string]string{
							"Django": w.dj.run(t, "end", op{"set_expiry", "seconds", 60}, op{"save"}).Key,
							"Go":     "",
						}
						s := open(t, m, "")
						must(t, s.SetExpiry(djsession.Seconds(60)))
						save(t, s)
						keys["Go"] = s.Key()

						w.freeze(t, now.at.Add(time.Minute+end.past))
						for by, key := range keys {
							if got, want := w.alive(t, m, key), fmt.Sprint("Go ", end.alive, ", Django ", end.alive); got != want {
								t.Errorf("%s: stored by %s: alive in %s, want %s", what, by, got, want)
							}
						}
						if remover == "Go" {
							_, err := m.ClearExpired(t.Context(), nil)
							must(t, err)
						} else {
							w.dj.run(t, "end", op{"clear_expired"})
						}
						rows := w.rows(t)
						for by, key := range keys {
							if _, there := rows[key]; there == end.removed {
								t.Errorf("%s: stored by %s: removed by %s: %t, want %t", what, by, remover, !there, end.removed)
							}
						}
					}
				}
			}
		})
	})
}

// alive tells which side finds a session under the key.
func (w *world) alive(t testing.TB, m *djsession.Manager, key string) string {
	t.Helper()
	_, err := m.Open(t.Context(), key)
	if err != nil && !errors.Is(err, djsession.ErrNotFound) {
		t.Fatal(err)
	}
	_, ok := w.dj.items(t, key)
	return fmt.Sprint("Go ", err == nil, ", Django ", ok)
}

// Around the hour that a wall clock shows twice, and the one that it leaves out, both
// sides still agree on which sessions live, whatever they make of that hour.
func TestSummerTime(t *testing.T) {
	changes := map[string]time.Time{
		"begins": time.Date(2026, 3, 8, 7, 0, 0, 0, time.UTC),
		"ends":   time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC),
	}
	var all []combo
	for _, database := range databases {
		all = append(all, combo{"5.2", database, tzNewYork}, combo{"5.2", database, tzOn})
	}
	const around, step = 2 * time.Hour, 30 * time.Minute
	inWorlds(t, all, func(t *testing.T, w *world) {
		w.inStores(t, "expiry", func(t *testing.T, store string) {
			m := w.manager(t, store)
			for name, change := range changes {
				for start := change.Add(-around); start.Before(change.Add(around)); start = start.Add(step) {
					for end := change.Add(-around); end.Before(change.Add(around)); end = end.Add(step) {
						w.freeze(t, start)
						w.dj.open(t, "summer", "")
						o := op{"set_expiry", "at", end.UnixMicro()}
						theirs := w.dj.run(t, "summer", o, op{"save"}).Key
						s := open(t, m, "")
						runOps(t, s, []op{o, {"save"}})
						what := fmt.Sprintf("summer time %s: at %s, until %s", name, start.Format("15:04"), end.Format("15:04"))
						if got, want := w.expires(t, s.Key()), w.expires(t, theirs); got != want {
							t.Errorf("%s: the row: Go stored %s, Django %s", what, got, want)
						}
						for by, key := range map[string]string{"Django": theirs, "Go": s.Key()} {
							if got := w.alive(t, m, key); got != "Go true, Django true" && got != "Go false, Django false" {
								t.Errorf("%s: stored by %s: alive in %s", what, by, got)
							}
						}
					}
				}
				w.dj.Call(t, "sql", args{"statement": "DELETE FROM django_session"}, nil)
			}
		})
	})
}
