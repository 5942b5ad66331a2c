package dbstore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/serializer"
)

func record(items ...any) *djsession.Record {
	d := serializer.NewDict()
	for i := 0; i < len(items); i += 2 {
		d = d.With(items[i].(string), items[i+1])
	}
	return &djsession.Record{Data: d, Expires: now.Add(time.Hour)}
}

func mustCreate(t testing.TB, s *dbstore.Store, key string, r *djsession.Record) djsession.Version {
	t.Helper()
	v, err := s.Create(context.Background(), key, r)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// warm lets the Store look at its connection: of MySQL's it asks each once whether
// it commits by itself.
func warm(t *testing.T, s *dbstore.Store) {
	t.Helper()
	if _, _, err := s.Load(t.Context(), "warm"); !errors.Is(err, djsession.ErrNotFound) {
		t.Fatal(err)
	}
}

// Each operation is one statement; one that changed no row is followed by a
// SELECT that tells why. There is no transaction, no look beforehand, no upsert,
// and no connection is kept.
func TestStatements(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		ctx := t.Context()
		p := new(probe)
		db := d.open(t, p)
		s := dbstore.New(newSite(t), db, d.d, nil)
		if got := p.take(); len(got) != 0 {
			t.Errorf("New sent %q", got)
		}
		warm(t, s)
		var v djsession.Version
		stale := djsession.VersionOf("something else")
		load := func(key string) error { _, _, err := s.Load(ctx, key); return err }
		update := func(key string, seen djsession.Version) error {
			_, err := s.Update(ctx, key, record("n", 2), seen)
			return err
		}
		for _, test := range []struct {
			name string
			run  func() error
			err  error
			want string // the first words of the statements
		}{
			{"load absent", func() error { return load("abcdefgh") }, djsession.ErrNotFound, "SELECT"},
			{"create", func() (err error) { v, err = s.Create(ctx, "abcdefgh", record("n", 1)); return err }, nil, "INSERT"},
			{"create taken", func() error { _, err := s.Create(ctx, "abcdefgh", record("n", 1)); return err }, djsession.ErrKeyTaken, "INSERT"},
			{"load", func() error { return load("abcdefgh") }, nil, "SELECT"},
			{"update stale", func() error { return update("abcdefgh", stale) }, djsession.ErrConflict, "UPDATE SELECT"},
			{"update with the zero Version", func() error { return update("abcdefgh", djsession.Version{}) }, djsession.ErrConflict, "SELECT"},
			{"update absent", func() error { return update("hgfedcba", v) }, djsession.ErrNotFound, "UPDATE SELECT"},
			{"touch", func() error { return s.Touch(ctx, "abcdefgh", now.Add(2*time.Hour), v) }, nil, "UPDATE"},
			{"update", func() error { return update("abcdefgh", v) }, nil, "UPDATE"},
			{"forced update", func() error { _, err := s.Update(ctx, "abcdefgh", record("n", 3), djsession.Force); return err }, nil, "UPDATE"},
			{"cycle stale", func() error { _, err := s.Cycle(ctx, "abcdefgh", stale, "bcdefghi", record("n", 4)); return err }, djsession.ErrConflict, "UPDATE SELECT"},
			{"cycle absent", func() error { _, err := s.Cycle(ctx, "hgfedcba", v, "bcdefghi", record("n", 4)); return err }, djsession.ErrNotFound, "UPDATE SELECT"},
			{"cycle", func() error {
				_, err := s.Cycle(ctx, "abcdefgh", djsession.Force, "bcdefghi", record("n", 4))
				return err
			}, nil, "UPDATE"},
			{"cycle back", func() (err error) {
				v, err = s.Cycle(ctx, "bcdefghi", djsession.Force, "abcdefgh", record("n", 5))
				return err
			}, nil, "UPDATE"},
			{"delete seen, stale", func() error { return s.Delete(ctx, "abcdefgh", stale) }, djsession.ErrConflict, "DELETE SELECT"},
			{"delete", func() error { return s.Delete(ctx, "abcdefgh", djsession.Force) }, nil, "DELETE"},
			{"delete absent", func() error { return s.Delete(ctx, "abcdefgh", djsession.Force) }, djsession.ErrNotFound, "DELETE"},
			{"clear expired", func() error { _, err := s.ClearExpired(ctx, nil); return err }, nil, "DELETE"},
			{"dry run", func() error {
				_, err := s.ClearExpired(ctx, &djsession.ReapOptions{DryRun: true})
				return err
			}, nil, "SELECT"},
			{"list", func() error {
				for _, err := range s.List(ctx, "") {
					return err
				}
				return nil
			}, nil, "SELECT"},
		} {
			p.take()
			if err := test.run(); !errors.Is(err, test.err) {
				t.Errorf("%s: got error %v, want %v", test.name, err, test.err)
			}
			var words []string
			for _, q := range p.take() {
				word, _, _ := strings.Cut(q, " ")
				words = append(words, word)
				if upper := strings.ToUpper(q); strings.Contains(upper, "REPLACE") || strings.Contains(upper, "IGNORE") || strings.Contains(upper, "ON CONFLICT") {
					t.Errorf("%s: %s", test.name, q)
				}
			}
			if got := strings.Join(words, " "); got != test.want {
				t.Errorf("%s: sent %q, want %q", test.name, got, test.want)
			}
			if open := db.Stats().InUse; open != 0 {
				t.Errorf("%s: %d connections are still in use", test.name, open)
			}
		}
	})
}

// The statements find their rows by an index: the key's, or that of expire_date.
func TestIndexes(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		ctx := t.Context()
		p := new(probe)
		db, raw := d.open(t, p), d.open(t, new(probe))
		s := dbstore.New(newSite(t), db, d.d, nil)
		fill(t, d, 5000)
		warm(t, s)

		reads := map[string]string{ // what the statement must use, by the database
			"SQLite":     "USING INDEX sqlite_autoindex_django_session_1",
			"PostgreSQL": "Index Scan using django_session_",
			"MySQL":      "key=PRIMARY",
		}[d.d.String()]
		there := fmt.Sprintf("key%029d", 1)
		const reaps = "django_session_expire_date_a5c62663"
		for _, test := range []struct {
			name string
			run  func() error
			err  error
			want string
		}{
			{"load", func() error { _, _, err := s.Load(ctx, there); return err }, djsession.ErrCorrupt, reads},
			{"update", func() error { _, err := s.Update(ctx, there, record("n", 1), djsession.VersionOf("y")); return err }, djsession.ErrConflict, reads},
			{"delete", func() error { return s.Delete(ctx, there, djsession.VersionOf("y")) }, djsession.ErrConflict, reads},
			{"clear expired", func() error { _, err := s.ClearExpired(ctx, &djsession.ReapOptions{Batch: 10}); return err }, nil, reaps},
			{"dry run", func() error { _, err := s.ClearExpired(ctx, &djsession.ReapOptions{DryRun: true}); return err }, nil, reaps},
		} {
			p.take()
			if err := test.run(); !errors.Is(err, test.err) {
				t.Fatalf("%s: got error %v, want %v", test.name, err, test.err)
			}
			query, args := p.first()
			plan := explain(t, d, raw, query, args...)
			scans := slices.ContainsFunc([]string{"Seq Scan", "SCAN ", "type=ALL", "type=index "}, func(words string) bool {
				return strings.Contains(plan, words)
			})
			if !strings.Contains(plan, test.want) || scans {
				t.Errorf("%s: %s\nthe plan is %s\nwant %s in it and no scan of the table", test.name, query, plan, test.want)
			}
		}
	})
}

// fill writes n sessions, of which one in fifty has expired, as a busy site has
// them, and lets the database look at them.
func fill(t *testing.T, d database, n int) {
	t.Helper()
	raw := d.open(t, new(probe))
	var values []string
	for i := range n {
		year := 2100
		if i%50 == 0 {
			year = 2020
		}
		values = append(values, fmt.Sprintf("('key%029d', 'x', '%d-01-02 03:04:05')", i, year))
	}
	mustExec(t, raw, "INSERT INTO django_session VALUES "+strings.Join(values, ", "))
	switch d.d {
	case dbstore.MySQL:
		mustExec(t, raw, "ANALYZE TABLE django_session")
	default:
		mustExec(t, raw, "ANALYZE django_session")
	}
}

// An expired session that is renewed while the reaper is at work stays.
func TestReapRenewed(t *testing.T) {
	d := postgres(t)
	ctx := t.Context()
	raw := d.open(t, new(probe))
	s := dbstore.New(newSite(t), d.open(t, new(probe)), d.d, nil)
	old := record("n", 1)
	old.Expires = now.Add(-time.Hour)
	mustCreate(t, s, "abcdefgh", old)
	mustCreate(t, s, "hgfedcba", old)

	// Somebody renews one and has not committed: it is left alone, not waited for.
	tx, err := raw.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("UPDATE django_session SET expire_date = $1 WHERE session_key = 'abcdefgh'", now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if n, err := s.ClearExpired(ctx, nil); n != 1 || err != nil {
		t.Errorf("got %d, %v, want 1", n, err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Load(ctx, "abcdefgh"); err != nil {
		t.Errorf("the session that was renewed: %v", err)
	}
}

// A page of List ends early where the sessions are large, and none is lost by it.
func TestListOfLargeSessions(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		p := new(probe)
		db := d.open(t, p)
		s := dbstore.New(newSite(t), db, d.d, nil)
		text := noise(1 << 20)
		for i := range 9 {
			if _, err := db.Exec(d.bind("INSERT INTO django_session VALUES (?, ?, '2100-01-01 00:00:00')"), fmt.Sprintf("key%05d", i), text); err != nil {
				t.Fatal(err)
			}
		}
		p.take()
		n := 0
		for l, err := range s.List(t.Context(), "") {
			if err != nil || l.Key() != fmt.Sprintf("key%05d", n) || l.Size != len(text) {
				t.Fatalf("session %d: got size %d, %v", n, l.Size, err)
			}
			n++
		}
		if got := len(p.take()); n != 9 || got < 2 || got > 4 {
			t.Errorf("got %d sessions by %d statements, want 9 by 2 to 4", n, got)
		}
		if open := db.Stats().InUse; open != 0 {
			t.Errorf("%d connections are still in use", open)
		}
	})
}

// journal_mode is a property of the site's file.
func TestJournalMode(t *testing.T) {
	d := sqlite(t, "")
	db := d.open(t, new(probe))
	s := dbstore.New(newSite(t), db, d.d, nil)
	mustCreate(t, s, "abcdefgh", record("n", 1))
	var mode string
	if err := db.QueryRow("PRAGMA journal_mode").Scan(&mode); err != nil || mode != "delete" {
		t.Errorf("got %q, %v, want delete", mode, err)
	}
}
