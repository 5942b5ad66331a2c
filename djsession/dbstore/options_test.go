package dbstore_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
)

// A site's own table, with further columns, as a subclass of AbstractBaseSession has it.
func TestFurtherColumns(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		ctx := t.Context()
		raw := d.open(t, new(probe))
		moment := map[string]string{"SQLite": "datetime", "PostgreSQL": "timestamp with time zone", "MySQL": "datetime(6)"}[d.d.String()]
		q := "`"
		if d.d != dbstore.MySQL {
			q = `"`
		}
		mustExec(t, raw, strings.ReplaceAll("CREATE TABLE 'My Sessions' ('session_key' varchar(40) NOT NULL PRIMARY KEY, 'session_data' text NOT NULL, "+
			"'expire_date' "+moment+" NOT NULL, 'account_id' integer NOT NULL, 'Last Seen' "+moment+" NOT NULL, 'agent' varchar(200) NULL)", "'", q))

		seen := now
		p := new(probe)
		s := dbstore.New(newSite(t), d.open(t, p), d.d, &dbstore.Options{
			Table: "My Sessions",
			Insert: func(r *djsession.Record) map[string]any {
				account, _ := r.Data.Get("account")
				return map[string]any{"account_id": account, "Last Seen": seen, "agent": r.Meta.UserAgent}
			},
			Update: func(r *djsession.Record) map[string]any { return map[string]any{"Last Seen": seen} },
		})
		row := func() (account int, agent, last string) {
			t.Helper()
			read := map[string]string{"SQLite": "CAST('Last Seen' AS TEXT)", "PostgreSQL": "CAST('Last Seen' AT TIME ZONE 'UTC' AS TEXT)", "MySQL": "CAST('Last Seen' AS CHAR)"}[d.d.String()]
			read = strings.ReplaceAll(read, "'Last Seen'", q+"Last Seen"+q)
			if err := raw.QueryRow("SELECT account_id, agent, "+read+" FROM "+q+"My Sessions"+q).Scan(&account, &agent, &last); err != nil {
				t.Fatal(err)
			}
			return account, agent, strings.TrimSuffix(last, ".000000")
		}

		r := record("account", int64(7))
		r.Meta.UserAgent = "lynx"
		v := mustCreate(t, s, "abcdefgh", r)
		if account, agent, last := row(); account != 7 || agent != "lynx" || last != "2026-03-04 05:06:07" {
			t.Errorf("after Create: got %d, %q, %q", account, agent, last)
		}
		seen = now.Add(time.Minute)
		p.take()
		if _, err := s.Update(ctx, "abcdefgh", record("account", int64(8)), v); err != nil {
			t.Fatal(err)
		}
		if account, agent, last := row(); account != 7 || agent != "lynx" || last != "2026-03-04 05:07:07" {
			t.Errorf("after Update: got %d, %q, %q", account, agent, last)
		}
		if got := p.take(); len(got) != 1 {
			t.Errorf("Update sent %q, want one statement", got)
		}
		if _, _, err := s.Load(ctx, "abcdefgh"); err != nil {
			t.Error(err)
		}

		// Without Insert it is said what to do.
		s = dbstore.New(newSite(t), d.open(t, p), d.d, &dbstore.Options{Table: "My Sessions"})
		_, err := s.Create(ctx, "hgfedcba", record())
		if !errors.Is(err, djsession.ErrUnavailable) || !strings.Contains(err.Error(), "Options.Insert") {
			t.Errorf("without Insert: got error %v, want ErrUnavailable with a hint", err)
		}
	})
}

// A schema (of MySQL: a database) stands before a dot.
func TestSchema(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		raw := d.open(t, new(probe))
		raw.SetMaxOpenConns(1) // SQLite attaches to a connection
		switch d.d {
		case dbstore.SQLite:
			mustExec(t, raw, "ATTACH ':memory:' AS tenant", strings.ReplaceAll(sqliteTable[0], `"django_session"`, `tenant."django_session"`))
		case dbstore.PostgreSQL:
			mustExec(t, raw, "CREATE SCHEMA tenant", strings.ReplaceAll(postgresTable[0], `"django_session"`, `tenant."django_session"`))
		case dbstore.MySQL:
			mustExec(t, raw, "CREATE DATABASE tenant", strings.ReplaceAll(mysqlTable[0], "`django_session`", "tenant.`django_session`"))
			t.Cleanup(func() { mustExec(t, d.open(t, new(probe)), "DROP DATABASE tenant") })
		}
		s := dbstore.New(newSite(t), raw, d.d, &dbstore.Options{Table: "tenant.django_session"})
		mustCreate(t, s, "abcdefgh", record("n", 1))
		var here, there int
		if err := raw.QueryRow("SELECT (SELECT COUNT(*) FROM django_session), (SELECT COUNT(*) FROM tenant.django_session)").Scan(&here, &there); err != nil {
			t.Fatal(err)
		}
		if here != 0 || there != 1 {
			t.Errorf("got %d rows here and %d there, want 0 and 1", here, there)
		}
		if n, err := s.ClearExpired(t.Context(), nil); n != 0 || err != nil {
			t.Errorf("ClearExpired: got %d, %v", n, err)
		}
	})
}

// A name that is none never reaches the database.
func TestNames(t *testing.T) {
	d := sqlite(t, "")
	p := new(probe)
	db := d.open(t, p)
	for _, name := range []string{
		"a.b.c", ".", "a.", ".a", `a"b`, "a`b", "a'b", "a;b", "a\x00b", "a\nb", "a[b]", `a\b`, "a%sb", strings.Repeat("n", 64),
		`django_session"; DROP TABLE django_session; --`,
	} {
		s := dbstore.New(newSite(t), db, d.d, &dbstore.Options{Table: name})
		_, _, err := s.Load(t.Context(), "abcdefgh")
		_, err2 := s.Create(t.Context(), "abcdefgh", record())
		_, err3 := s.ClearExpired(t.Context(), nil)
		for _, err := range []error{err, err2, err3} {
			if !errors.Is(err, djsession.ErrConfig) {
				t.Errorf("table %q: got error %v, want ErrConfig", name, err)
			}
		}
	}
	for _, column := range []string{"", `a" = 1; --`, "session_key", "session_data", "expire_date", "a.b;"} {
		extra := func(*djsession.Record) map[string]any { return map[string]any{column: 1} }
		s := dbstore.New(newSite(t), db, d.d, &dbstore.Options{Insert: extra, Update: extra})
		_, err := s.Create(t.Context(), "abcdefgh", record())
		_, err2 := s.Update(t.Context(), "abcdefgh", record(), djsession.Force)
		for _, err := range []error{err, err2} {
			if !errors.Is(err, djsession.ErrConfig) {
				t.Errorf("column %q: got error %v, want ErrConfig", column, err)
			}
		}
	}
	if got := p.take(); len(got) != 0 {
		t.Errorf("sent %q", got)
	}
}
