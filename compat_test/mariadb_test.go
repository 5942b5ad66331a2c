package compat_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
)

// mariadbOptions are those of a handle that others may have opened: nothing may depend on
// them.
var mariadbOptions = []string{
	"",
	"clientFoundRows=true",
	"parseTime=true",
	"parseTime=true&loc=Asia%2FTehran",
	"interpolateParams=true",
	"interpolateParams=true&parseTime=true&clientFoundRows=true&loc=America%2FNew_York",
	"time_zone=%27%2B05%3A00%27",
	"collation=latin1_swedish_ci",
	"sql_mode=%27ANSI_QUOTES%2CNO_BACKSLASH_ESCAPES%27",
	"tx_isolation=%27SERIALIZABLE%27",
}

// collations are those of tables that sites have. All but the last take a key in capitals
// for the key.
var collations = []string{"latin1 COLLATE latin1_swedish_ci", "utf8mb4 COLLATE utf8mb4_general_ci", "utf8mb4 COLLATE utf8mb4_bin"}

// Tables and handles of every kind, with a Django beside.
func TestMariaDB(t *testing.T) {
	var all []combo
	for _, django := range djangos {
		all = append(all, combo{django, mariadb, tzOn}, combo{django, mariadb, tzTehran})
	}
	inWorlds(t, all, func(t *testing.T, w *world) {
		for _, collation := range collations {
			name, _, _ := strings.Cut(collation, " ")
			w.dj.Call(t, "sql", args{"statement": "ALTER TABLE django_session CONVERT TO CHARACTER SET " + collation}, nil)
			for i, options := range mariadbOptions {
				if i > 0 && w.django != "5.2" {
					break // the handle is ours, whatever the Django
				}
				t.Run(fmt.Sprintf("%s/%q", collation, options), func(t *testing.T) {
					matrix.checks(t, name+" table", "dbstore", w.database, w.django)
					site := w.site(t)
					db := w.base.open(t, options, mariadb)
					w.together(t, djsession.New(dbstore.New(site, db, dbstore.MySQL, nil)))
				})
			}
		}
		w.dj.Call(t, "sql", args{"statement": "ALTER TABLE django_session CONVERT TO CHARACTER SET utf8mb4"}, nil)
	})
}

// together is what must hold on any handle.
func (w *world) together(t *testing.T, m *djsession.Manager) {
	ctx := t.Context()
	now := time.Date(2026, 11, 22, 21, 53, 25, 678901000, time.UTC)
	w.freeze(t, now)
	values := map[string]any{"text": "café 😀", "number": 1.5, "list": []any{nil, true}}

	// What one side writes, the other reads.
	key := w.dj.create(t, values)
	s := open(t, m, key)
	compare(t, "Django wrote, Go read", asMap(s.Dict()), values)

	// A save that changes no byte finds the row all the same, though MySQL counts 0.
	must(t, s.MarkModified())
	if err := s.Save(ctx); err != nil {
		t.Errorf("a save that changes nothing: %v", err)
	}
	for range 2 { // the second is signed in the same second, hence the same
		must(t, s.Set("x", "é😀"))
		if err := s.Save(ctx); err != nil {
			t.Errorf("a save of what is there: %v", err)
		}
	}
	got, _ := w.dj.items(t, key)
	values["x"] = "é😀"
	compare(t, "Go wrote, Django read", got, values)

	// The expiry is the same moment for both.
	must(t, s.SetExpiry(djsession.Seconds(60)))
	save(t, s)
	w.dj.open(t, "together", "")
	theirs := w.dj.run(t, "together", op{"set_expiry", "seconds", 60}, op{"save"}).Key
	if got, want := w.expires(t, key), w.expires(t, theirs); got != want {
		t.Errorf("expire_date: Go stored %s, Django %s", got, want)
	}
	for _, past := range []time.Duration{-time.Microsecond, 0} {
		w.freeze(t, now.Add(time.Minute+past))
		want := fmt.Sprint("Go ", past < 0, ", Django ", past < 0)
		for by, key := range map[string]string{"Django": theirs, "Go": key} {
			if got := w.alive(t, m, key); got != want {
				t.Errorf("%v past the end: stored by %s: alive in %s, want %s", past, by, got, want)
			}
		}
	}
	w.freeze(t, now)

	// A key that the collation takes for another is not.
	for _, alike := range []string{strings.ToUpper(key), key + " "} {
		store := m.Store()
		if _, _, err := store.Load(ctx, alike); !errors.Is(err, djsession.ErrNotFound) {
			t.Errorf("Load of a key like it: got %s, want ErrNotFound", describe(err))
		}
		if _, err := store.Update(ctx, alike, &djsession.Record{Expires: now}, djsession.Force); !errors.Is(err, djsession.ErrNotFound) {
			t.Errorf("Update of a key like it: got %s, want ErrNotFound", describe(err))
		}
		if err := store.Delete(ctx, alike, djsession.Force); !errors.Is(err, djsession.ErrNotFound) {
			t.Errorf("Delete of a key like it: got %s, want ErrNotFound", describe(err))
		}
	}
	if _, ok := w.rows(t)[key]; !ok {
		t.Fatal("the session is gone")
	}

	// Many write at once.
	var group sync.WaitGroup
	for i := range 10 {
		s := open(t, m, key)
		group.Go(func() {
			if err := errors.Join(s.Set(fmt.Sprint(i), i), s.Save(ctx)); err != nil {
				t.Errorf("writer %d: %v", i, err)
			}
		})
	}
	group.Wait()
	got, _ = w.dj.items(t, key)
	for i := range 10 {
		if got[fmt.Sprint(i)] != int64(i) {
			t.Errorf("what writer %d set is lost", i)
		}
	}

	// A write after the logout does not bring it back.
	s = open(t, m, key)
	must(t, s.Set("late", true))
	w.dj.open(t, "together", key)
	w.dj.run(t, "together", op{"flush"})
	if err := s.Save(ctx); !errors.Is(err, djsession.ErrInterrupted) {
		t.Errorf("a late save: got %s, want ErrInterrupted", describe(err))
	}
	if _, ok := w.rows(t)[key]; ok {
		t.Error("the session came back")
	}
}
