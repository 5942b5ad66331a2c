package bench

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/pgxusers"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/pgxstore"
)

func init() { tables = append(tables, reapingTable, watchingTable) }

// reapCost is the CPU time of an expired row, by the database.
var reapCost = map[string]time.Duration{}

// reapingTable compares ClearExpired with one DELETE on each database.
func reapingTable(t testing.TB, _ []*Result) []Table {
	table := Table{Group: "Reaping", Name: fmt.Sprintf("%d expired sessions of %d, in the median of three", *reapRows, *reapRows*11/10),
		Head: []string{"database", "one DELETE, CPU", "ClearExpired, CPU", "times", "longest statement", "reads' p99: quiet", "beside DELETE", "beside ClearExpired", "heap"},
		Note: "CPU is that of the server and this process. The aim is three times one DELETE, which holds its locks to its end; reads beside it within twice the quiet ones. " +
			"A statement aims at 50 ms. Another size: `go test -v -run TestReaping -timeout 3h -args -reap 10000000`."}
	for _, kind := range []string{"PostgreSQL", "MariaDB", "SQLite"} {
		one, mine, quiet := reaping(t, kind, *reapRows, 3)
		a, b := middle(one), middle(mine)
		times := float64(b.cpu) / float64(max(a.cpu, 1))
		reapCost[kind] = b.cpu / time.Duration(*reapRows)
		table.Rows = append(table.Rows, []string{kind, micros(a.cpu), micros(b.cpu), figures(times), micros(b.longest), micros(quiet), micros(a.p99), micros(b.p99), size(float64(b.heap))})
		if times > 3 {
			table.Short += fmt.Sprintf("%s takes %s times the CPU of one DELETE, the aim is 3. ", kind, figures(times))
		}
	}
	return []Table{table}
}

// middle returns the run with the median CPU time.
func middle(runs []reaped) reaped {
	runs = slices.Clone(runs)
	slices.SortFunc(runs, func(a, b reaped) int { return int(a.cpu - b.cpu) })
	return runs[len(runs)/2]
}

func saltedKey(salt string) []byte {
	key := sha256.Sum256([]byte(salt + secret))
	return key[:]
}

// counter counts queries.
type counter struct{ n atomic.Int64 }

func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.n.Add(1)
	return ctx
}
func (c *counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// watchingTable measures djauth's Watch on PostgreSQL.
func watchingTable(t testing.TB, _ []*Result) []Table {
	const watchers, users, interval = 10_000, 1000, 2 * time.Second
	d := newDatabase(t, "PostgreSQL")
	d.exec(t, "CREATE TABLE auth_user (id integer PRIMARY KEY, password varchar(128) NOT NULL, last_login timestamptz, is_superuser boolean NOT NULL, username varchar(150) NOT NULL, first_name varchar(150) NOT NULL, last_name varchar(150) NOT NULL, email varchar(254) NOT NULL, is_staff boolean NOT NULL, is_active boolean NOT NULL, date_joined timestamptz NOT NULL)")
	d.exec(t, fmt.Sprintf("INSERT INTO auth_user SELECT i, 'pbkdf2_sha256$1$salt$hash', NULL, false, 'user' || i, '', '', '', false, true, now() FROM generate_series(1, %d) i", users))
	c := d.pool.Config()
	queries := new(counter)
	c.ConnConfig.Tracer = queries
	pool, err := pgxpool.NewWithConfig(t.Context(), c)
	must(t, err)
	defer pool.Close()
	site := newSite(t)
	m := djsession.New(pgxstore.New(site, pool, nil))
	auth, err := djauth.New(m, pgxusers.New(site, pool, nil), nil, &djauth.Options{WatchInterval: interval})
	must(t, err)
	// get_session_auth_hash of the password that all have
	mac := hmac.New(sha256.New, saltedKey("django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"))
	mac.Write([]byte("pbkdf2_sha256$1$salt$hash"))
	hash := hex.EncodeToString(mac.Sum(nil))
	logins := make([]map[string]any, users)
	for i := range logins {
		id := fmt.Sprint(i + 1)
		logins[i] = map[string]any{djauth.SessionKey: id, djauth.BackendSessionKey: djauth.ModelBackend, djauth.HashSessionKey: hash}
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range watchers {
		key := site.NewKey()
		_, err := m.Store().Create(t.Context(), key, record(logins[i%users]))
		must(t, err)
		s, err := m.Open(t.Context(), key)
		must(t, err)
		_, stop, err := auth.WatchSession(t.Context(), s)
		must(t, err)
		defer stop()
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := float64(after.HeapAlloc-before.HeapAlloc) / watchers
	const polls = 4
	n, cpu := queries.n.Load(), CPU()
	time.Sleep(polls * interval)
	n, cpu = (queries.n.Load()-n)/polls, (CPU()-cpu)/polls
	table := Table{Group: "Watching", Name: "Watch, 10,000 watchers of 1000 users on PostgreSQL",
		Head: []string{"memory of a watcher", "queries a poll", "CPU a poll"},
		Rows: [][]string{{size(each), fmt.Sprint(n), micros(cpu)}}, Note: "The aims are 1 KB and two queries."}
	if n > 2 || each > 1024 {
		table.Short = "more than two queries or 1 KB."
	}
	return []Table{table}
}
