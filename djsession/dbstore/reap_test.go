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

// A table without places (a view, or one WITHOUT ROWID) is reaped by its keys. A table
// without the columns says so, in each form.
func TestReapWithoutPlaces(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		p := new(probe)
		raw := d.open(t, new(probe))
		fill(t, d, 500) // ten have expired
		places := map[dbstore.Dialect][]string{
			dbstore.SQLite: {
				"ALTER TABLE django_session RENAME TO old",
				"CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, session_data text NOT NULL, expire_date datetime NOT NULL) WITHOUT ROWID",
				"INSERT INTO django_session SELECT * FROM old",
			},
			dbstore.PostgreSQL: {"ALTER TABLE django_session RENAME TO old", "CREATE VIEW django_session AS SELECT * FROM old"},
			dbstore.MySQL:      {},
		}[d.d]
		mustExec(t, raw, places...)
		s := dbstore.New(newSite(t), d.open(t, p), d.d, nil)
		p.take()
		if n, err := s.ClearExpired(t.Context(), &djsession.ReapOptions{Batch: 4}); n != 10 || err != nil {
			t.Errorf("got %d, %v, want 10", n, err)
		}
		want := 3
		if len(places) > 0 {
			want = 4 // the first has failed
		}
		if got := len(p.take()); got < want || got > want+1 { // MySQL asks for autocommit
			t.Errorf("got %d statements, want %d", got, want)
		}

		mustExec(t, raw, "CREATE TABLE other (session_key varchar(40), session_data text)")
		s = dbstore.New(newSite(t), d.open(t, p), d.d, &dbstore.Options{Table: "other"})
		if _, err := s.ClearExpired(t.Context(), nil); !errors.Is(err, djsession.ErrUnavailable) || !strings.Contains(err.Error(), "has not the columns") {
			t.Errorf("without the columns: got %v", err)
		}
	})
}

// By default a reaper removes by one statement as many as take the time that is asked for.
func TestReapAdapts(t *testing.T) {
	const rows = 20_000
	d := sqlite(t, "")
	for _, test := range []struct {
		name        string
		opts        *djsession.ReapOptions
		least, most int // statements
	}{
		{"more and more", &djsession.ReapOptions{Time: time.Hour}, 5, 5}, // 1000, 2000, 4000, 8000, 16000
		{"fewer", &djsession.ReapOptions{Time: time.Nanosecond}, rows / 100, rows},
		{"as many as Batch", &djsession.ReapOptions{Batch: 4000, Time: time.Nanosecond}, 6, 6},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := new(probe)
			db := d.open(t, p)
			mustExec(t, db, fmt.Sprintf("WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < %d) INSERT INTO django_session SELECT printf('%%032d', i), 'x', '2020-01-02 03:04:05' FROM s", rows))
			p.take()
			if n, err := dbstore.New(newSite(t), db, d.d, nil).ClearExpired(t.Context(), test.opts); n != rows || err != nil {
				t.Fatalf("got %d, %v, want %d", n, err, rows)
			}
			if got := len(p.take()); got < test.least || got > test.most {
				t.Errorf("got %d statements, want %d to %d", got, test.least, test.most)
			}
		})
	}
}

// On MariaDB many rows are removed by ranges of keys, however keys and dates lie, and few by
// their dates. What is alive stays.
func TestReapByRanges(t *testing.T) {
	d := mysql(t, "utf8mb4", "interpolateParams=true")
	for _, test := range []struct {
		name          string
		rows, expired int // the first ones by key, or one in so many of all
		inARow        bool
		ranges, dates int // the least statements
	}{
		{"all", 20_000, 1, false, 3, 1},
		{"one in three", 20_000, 3, false, 3, 1},
		{"one in 64", 100_000, 64, false, 1, 2},
		{"the first third", 20_000, 3, true, 2, 2},
		{"few", 5000, 100, false, 0, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := new(probe)
			db := d.open(t, p)
			mustExec(t, db, "TRUNCATE django_session")
			is := fmt.Sprintf("seq %% %d = 0", test.expired)
			if test.inARow {
				is = fmt.Sprintf("seq <= %d", test.rows/test.expired)
			}
			mustExec(t, db, fmt.Sprintf("INSERT INTO django_session SELECT LPAD(seq, 32, '0'), 'x', IF(%s, '2020-01-02', '2100-01-02') + INTERVAL seq %% 7 SECOND FROM seq_1_to_%d", is, test.rows))
			mustExec(t, db, "ANALYZE TABLE django_session")
			p.take()
			most := int64(0)
			n, err := dbstore.New(newSite(t), db, d.d, nil).ClearExpired(t.Context(), &djsession.ReapOptions{Progress: func(n int64) { most = n }})
			if want := int64(test.rows / test.expired); n != want || most != n || err != nil {
				t.Errorf("got %d, %v, and %d at last, want %d", n, err, most, want)
			}
			ranges, dates := 0, 0
			for _, q := range p.take() {
				switch {
				case strings.HasPrefix(q, "DELETE") && strings.Contains(q, "ORDER BY"):
					dates++
				case strings.HasPrefix(q, "DELETE"):
					ranges++
				}
			}
			if ranges < test.ranges || ranges > 0 && test.ranges == 0 || dates < test.dates {
				t.Errorf("%d statements by ranges and %d by dates, want at least %d and %d", ranges, dates, test.ranges, test.dates)
			}
			var alive, expired int
			if err := db.QueryRow("SELECT COUNT(*), COALESCE(SUM(expire_date < '2021-01-01'), 0) FROM django_session").Scan(&alive, &expired); err != nil {
				t.Fatal(err)
			}
			if want := test.rows - test.rows/test.expired; alive != want || expired != 0 {
				t.Errorf("%d rows are left, and %d of them have expired, want %d and none", alive, expired, want)
			}
		})
	}
}

// On PostgreSQL many rows are removed by ranges of pages, each read once, and few by their
// dates. What is alive stays, and what another transaction holds.
func TestReapByPages(t *testing.T) {
	d := postgres(t)
	const table = "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, session_data text NOT NULL, expire_date timestamptz NOT NULL)"
	for _, test := range []struct {
		name          string
		before        []string
		rows, expired int // one in so many
		opts          djsession.ReapOptions
		pages         int // the least statements by them
	}{
		{"all", nil, 50_000, 1, djsession.ReapOptions{}, 2},
		{"one in three", nil, 50_000, 3, djsession.ReapOptions{}, 2},
		{"as many as Batch", nil, 20_000, 1, djsession.ReapOptions{Batch: 1000}, 19},
		{"fewer than pages", []string{"ALTER TABLE django_session ADD COLUMN more text DEFAULT repeat('x', 1500)"}, 5000, 4, djsession.ReapOptions{}, 0},
		{"few", nil, 5000, 100, djsession.ReapOptions{}, 0},
		{"several parts", []string{"DROP TABLE django_session", strings.Replace(table, " PRIMARY KEY", "", 1) + " PARTITION BY HASH (session_key)",
			"CREATE TABLE part0 PARTITION OF django_session FOR VALUES WITH (modulus 2, remainder 0)",
			"CREATE TABLE part1 PARTITION OF django_session FOR VALUES WITH (modulus 2, remainder 1)"}, 20_000, 1, djsession.ReapOptions{}, 0},
		{"several tables", []string{"DROP TABLE django_session", table, "CREATE TABLE heir () INHERITS (django_session)"}, 20_000, 1, djsession.ReapOptions{}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := new(probe)
			db := d.open(t, p)
			mustExec(t, db, "DROP TABLE IF EXISTS django_session, heir CASCADE", table)
			mustExec(t, db, test.before...)
			mustExec(t, db, fmt.Sprintf("INSERT INTO django_session SELECT lpad(i::text, 32, '0'), 'x', CASE WHEN i %% %d = 0 THEN '2020-01-02'::timestamptz ELSE '2100-01-02'::timestamptz END FROM generate_series(1, %d) i", test.expired, test.rows))
			mustExec(t, db, "CREATE INDEX ON django_session (expire_date)", "ANALYZE django_session")
			left := 0
			if !strings.HasPrefix(test.name, "several") { // whose rows share their places
				held, err := db.Begin()
				if err != nil {
					t.Fatal(err)
				}
				defer held.Rollback()
				if _, err := held.Exec("SELECT 1 FROM django_session WHERE session_key = lpad($1, 32, '0') FOR UPDATE", fmt.Sprint(test.rows-test.rows%test.expired)); err != nil {
					t.Fatal(err)
				}
				left = 1
			}
			want := int64(test.rows/test.expired - left)
			p.take()
			n, err := dbstore.New(newSite(t), db, d.d, &dbstore.Options{Table: "public.django_session"}).ClearExpired(t.Context(), &test.opts)
			if n != want || err != nil {
				t.Errorf("got %d, %v, want %d", n, err, want)
			}
			pages, where := 0, ""
			for _, q := range p.take() {
				if strings.HasPrefix(q, "DELETE") && strings.Contains(q, "ctid >=") {
					pages, where = pages+1, q
				}
			}
			if pages < test.pages || pages > 0 && test.pages == 0 {
				t.Errorf("%d statements by pages, want %d", pages, test.pages)
			}
			var alive, expired int
			if err := db.QueryRow("SELECT COUNT(*), COUNT(*) FILTER (WHERE expire_date < '2021-01-01') FROM django_session").Scan(&alive, &expired); err != nil {
				t.Fatal(err)
			}
			if alive != test.rows-int(want) || expired != left {
				t.Errorf("%d rows are left, and %d of them have expired, want %d and %d", alive, expired, test.rows-int(want), left)
			}
			if test.name == "all" {
				if plan := explain(t, d, db, where, time.Now(), "(0,0)", "(64,0)", 50_000); !strings.Contains(plan, "Tid Range Scan") {
					t.Errorf("the plan is %s", plan)
				}
			}
		})
	}
}

// A thousand sessions are one statement of PostgreSQL, and few of the others. Rows that hold
// too much for one are read by several.
func TestLoadManyStatements(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		p := new(probe)
		db := d.open(t, p)
		s := dbstore.New(newSite(t), db, d.d, nil)
		fill(t, d, 3000)
		odd := `a"b\c,{d}'`
		mustExec(t, db, fmt.Sprintf("INSERT INTO django_session VALUES ('%s', 'x', '2100-01-01 00:00:00')", strings.NewReplacer(`'`, `''`, `\`, map[bool]string{true: `\\`, false: `\`}[d.d == dbstore.MySQL]).Replace(odd)))
		keys := []string{odd, "nobody"}
		for i := range 3000 {
			keys = append(keys, fmt.Sprintf("key%029d", i))
		}
		load := func(want int) (statements int) {
			t.Helper()
			p.take()
			found := map[string]bool{}
			err := s.LoadMany(t.Context(), keys, func(key string, _ *djsession.Record, _ error) {
				if found[key] {
					t.Errorf("%q is found twice", key)
				}
				found[key] = true
			})
			if err != nil || len(found) != want || !found[odd] {
				t.Fatalf("got %d, %v, want %d", len(found), err, want)
			}
			if d.d == dbstore.PostgreSQL { // each row against each key takes seconds for many
				query, args := p.first()
				if plan := explain(t, d, db, query, args...); strings.Contains(plan, "ANY") {
					t.Errorf("the plan is %s", plan)
				}
				return len(p.take()) - 1
			}
			return len(p.take())
		}
		want := 7
		if d.d == dbstore.PostgreSQL {
			want = 1
		}
		if got := load(3001); got < want || got > want+1 { // MySQL asks for autocommit
			t.Errorf("got %d statements, want %d", got, want)
		}
		text := noise(1 << 20)
		for i := range 9 {
			key := fmt.Sprintf("large%05d", i)
			if _, err := db.Exec(d.bind("INSERT INTO django_session VALUES (?, ?, '2100-01-01 00:00:00')"), key, text); err != nil {
				t.Fatal(err)
			}
			keys = append(keys, key)
		}
		if got := load(3010); got < want+1 || got > want+3 {
			t.Errorf("with large rows: got %d statements, want about %d", got, want+2)
		}
	})
}
