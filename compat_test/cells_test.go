package compat_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

// cells are what other programs leave in expire_date, as SQL.
var cells = map[string][]string{
	sqlite: {
		"NULL", "''", "'never'", "'infinity'", "'-infinity'", "5", "9999999999", "1.5", "'9999999999'", "x'ff'", "x''",
		"'0000-00-00 00:00:00'", "'2100-00-00 00:00:00'", "'2100-02-30 00:00:00'", "'2100-13-45 00:00:00'", "'2100-01-01 25:00:00'",
		"'1999-02-30 00:00:00'", "'1999 or so'", "'2100 or so'", "'20000-01-01 00:00:00'", "'12026-03-04 05:06:07'", "'9999-12-31 23:59:59.999999'",
		"'2100-1-2 3:4'", "'2100-01-01T00:00:00'", "'2100-01-01 00:00:00+01:00'", "'2100-01-01 00:00:00+99:00'", "'1999-1-2 3:4'",
	},
	postgres: {
		"NULL", "'infinity'", "'-infinity'", "'20000-01-01'", "'10000-01-02'", "'9999-12-31 23:59:59.999999'", "'9999-12-30'", "'4000-01-01 BC'", "'0001-01-01'",
	},
	mariadb: {
		"NULL", "'0000-00-00 00:00:00'", "'2100-00-00 00:00:00'", "'2100-02-30 00:00:00'", "'1999-00-00 00:00:00'", "'0000-01-01 00:00:00'", "'9999-12-31 23:59:59.999999'",
	},
}

// nullable lets expire_date be NULL until the end of the test, and no mode keep a cell out.
func (w *world) nullable(t *testing.T) {
	t.Helper()
	do := func(statements ...string) {
		for _, s := range statements {
			if _, err := w.base.db.Exec(s); err != nil {
				t.Fatal(err)
			}
		}
	}
	do("DELETE FROM django_session")
	switch w.database {
	case sqlite:
		do("ALTER TABLE django_session RENAME TO strict_session",
			"CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, session_data text NOT NULL, expire_date datetime)")
		t.Cleanup(func() { do("DROP TABLE django_session", "ALTER TABLE strict_session RENAME TO django_session") })
	case postgres:
		do("ALTER TABLE django_session ALTER expire_date DROP NOT NULL")
		t.Cleanup(func() { do("DELETE FROM django_session", "ALTER TABLE django_session ALTER expire_date SET NOT NULL") })
	case mariadb:
		do("ALTER TABLE django_session MODIFY expire_date datetime(6) NULL")
		t.Cleanup(func() {
			do("DELETE FROM django_session", "ALTER TABLE django_session MODIFY expire_date datetime(6) NOT NULL")
		})
	}
}

// cellVerdict is how a side finds a session: alive, absent or raises.
func cellVerdict(err error) string {
	switch {
	case err == nil:
		return "alive"
	case errors.Is(err, djsession.ErrNotFound):
		return "absent"
	case errors.Is(err, djsession.ErrCorrupt):
		return "corrupt"
	}
	return err.Error()
}

// theirVerdict is that of Django.
func (w *world) theirVerdict(t *testing.T, key string) string {
	t.Helper()
	w.dj.open(t, "cell", key)
	var got state
	err := w.dj.Try("run", args{"name": "cell", "ops": []op{{"items"}}}, &got)
	if raised := (*django.Raised)(nil); errors.As(err, &raised) {
		return "corrupt"
	}
	must(t, err)
	if got.Key != key {
		return "absent"
	}
	return "alive"
}

// TestCells holds what Go makes of a cell that is no moment against what Django does: for
// one session, for many, in a list, and in what is removed as expired. Each cell is that
// of one row; the rows beside it are found.
func TestCells(t *testing.T) {
	var all []combo
	for _, database := range databases {
		all = append(all, combo{"5.2", database, tzOn}, combo{"5.2", database, tzNewYork})
	}
	inWorlds(t, all, func(t *testing.T, w *world) {
		w.nullable(t)
		w.inStores(t, "", func(t *testing.T, store string) {
			m := w.manager(t, store)
			good := w.dj.create(t, map[string]any{"x": 1})
			odd, removed := map[string]string{}, map[string]bool{}
			plant := func() {
				for _, cell := range cells[w.database] {
					key := w.dj.create(t, map[string]any{"x": 2})
					odd[cell] = key
					statement := fmt.Sprintf("UPDATE django_session SET expire_date = %s WHERE session_key = '%s'", cell, key)
					if w.database == mariadb {
						statement = "SET STATEMENT sql_mode = 'ALLOW_INVALID_DATES' FOR " + statement
					}
					_, err := w.base.db.Exec(statement)
					must(t, err)
				}
			}
			left := func() map[string]bool {
				there := map[string]bool{}
				rows, err := w.base.db.Query("SELECT session_key FROM django_session")
				must(t, err)
				defer rows.Close()
				for rows.Next() {
					var key string
					must(t, rows.Scan(&key))
					there[key] = true
				}
				return there
			}

			plant()
			keys := []string{good}
			for _, key := range odd {
				keys = append(keys, key)
			}
			many := map[string]string{}
			must(t, djsession.LoadMany(t.Context(), m.Store(), keys, func(key string, _ *djsession.Record, err error) { many[key] = cellVerdict(err) }))
			listed := map[string]error{}
			lister, _ := djsession.As[djsession.Lister](m.Store())
			for l, err := range lister.List(t.Context(), "") {
				must(t, err)
				listed[l.Key()] = l.Err
				if over := l.Err == nil && !l.Record.Expires.IsZero() && !l.Record.Expires.After(w.now()); over {
					listed[l.Key()] = djsession.ErrExpired
				}
			}
			if many[good] != "alive" || listed[good] != nil {
				t.Errorf("the good row: LoadMany says %q, List %v", many[good], listed[good])
			}
			for cell, key := range odd {
				_, _, err := m.Store().Load(t.Context(), key)
				got, want := cellVerdict(err), w.theirVerdict(t, key)
				if got != want {
					t.Errorf("%s: Load says %s, Django %s", cell, got, want)
				}
				if many[key] != got {
					t.Errorf("%s: LoadMany says %s, Load %s", cell, many[key], got)
				}
				if err, ok := listed[key]; !ok || cellVerdict(err) != got {
					t.Errorf("%s: List says %s (%t), Load %s", cell, cellVerdict(err), ok, got)
				}
			}

			w.dj.open(t, "cell", "")
			w.dj.run(t, "cell", op{"clear_expired"})
			there := left()
			for cell, key := range odd {
				removed[cell] = !there[key]
			}
			_, err := w.base.db.Exec("DELETE FROM django_session WHERE session_key <> '" + good + "'")
			must(t, err)
			plant()
			_, err = m.ClearExpired(t.Context(), nil)
			must(t, err)
			there = left()
			for cell, key := range odd {
				if !there[key] != removed[cell] {
					t.Errorf("%s: ClearExpired removed it: %t, Django's: %t", cell, !there[key], removed[cell])
				}
			}
			if !there[good] {
				t.Error("the good row was removed")
			}
			_, err = w.base.db.Exec("DELETE FROM django_session")
			must(t, err)
		})
	})
}
