package bench

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession/redisstore"
)

// bytesOf measures what a session of the login takes in each server.
func bytesOf(t testing.TB) map[string]float64 {
	t.Helper()
	const n = 20_000
	bytes := map[string]float64{}
	site := newSite(t)
	c, _, _ := newRedis(t)
	used := func() float64 {
		info, err := c.Info(context.Background(), "memory").Result()
		must(t, err)
		for line := range strings.Lines(info) {
			if v, ok := strings.CutPrefix(line, "used_memory:"); ok {
				f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
				must(t, err)
				return f
			}
		}
		t.Fatal("Redis does not say its memory")
		return 0
	}
	store := redisstore.New(site, c, nil)
	before := used()
	for range n {
		_, err := store.Create(t.Context(), site.NewKey(), record(login))
		must(t, err)
	}
	bytes["Redis"] = (used() - before) / n

	d := newDatabase(t, "PostgreSQL")
	table := newStore(t, d, site)
	for range n {
		_, err := table.Create(t.Context(), site.NewKey(), record(login))
		must(t, err)
	}
	var size int64
	must(t, d.pool.QueryRow(t.Context(), "SELECT pg_total_relation_size('django_session')").Scan(&size))
	bytes["PostgreSQL"] = float64(size) / n
	for kind, query := range map[string]string{
		"MariaDB": "SELECT data_length + index_length FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'django_session'",
		"SQLite":  "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
	} {
		d := newDatabase(t, kind)
		table := newStore(t, d, site)
		for range n {
			_, err := table.Create(t.Context(), site.NewKey(), record(login))
			must(t, err)
		}
		if kind == "MariaDB" {
			d.exec(t, "ANALYZE TABLE django_session")
		}
		must(t, d.db.QueryRow(query).Scan(&size))
		bytes[kind] = float64(size) / n
	}
	return bytes
}

// The simulation agrees with what is known of queues: one core is never more than busy, two
// take about twice as much, and a second writer helps.
func TestSimulate(t *testing.T) {
	e := Engine{Load: 100 * time.Microsecond, Save: 200 * time.Microsecond, Cores: 1}
	most := 1 / (e.Load + e.Save/writesOf).Seconds()
	one := e.Simulate(5 * time.Millisecond)
	if one > most || one < most*0.7 {
		t.Errorf("one core: got %.0f a second, want below %.0f", one, most)
	}
	e.Cores = 2
	if two := e.Simulate(5 * time.Millisecond); two < 1.8*one || two > 2*most {
		t.Errorf("two cores: got %.0f a second, one takes %.0f", two, one)
	}
	e.Cores, e.Writers = 32, 1
	if got, most := e.Simulate(5*time.Millisecond), writesOf/e.Save.Seconds(); got > most || got < most*0.6 {
		t.Errorf("one writer: got %.0f a second, want below %.0f", got, most)
	}
}
