package bench

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

// Reaping, beside one DELETE as Django sends it, while others read.

var reapRows = flag.Int("reap", 100_000, "expired rows of the tables of reaping")

// fill writes n rows into a table that is empty: of each eleven the first is alive.
func (d *database) fill(t testing.TB, n int) {
	t.Helper()
	text := "eyJ" + strings.Repeat("abcdefghij0123456789", 11) + ":1r31eq:" + strings.Repeat("s", 43)
	switch d.kind {
	case "PostgreSQL":
		d.exec(t, "TRUNCATE django_session")
		d.exec(t, fmt.Sprintf("INSERT INTO django_session SELECT md5(i::text), '%s', now() + CASE WHEN i %% 11 = 0 THEN 14 ELSE -1 - (i %% 100) / 100.0 END * interval '1 day' FROM generate_series(1, %d) i", text, n))
		d.exec(t, "VACUUM ANALYZE django_session")
	case "MariaDB":
		d.exec(t, "TRUNCATE django_session")
		if n > 1_000_000 { // else to fill the table takes an hour
			d.exec(t, "SET GLOBAL innodb_buffer_pool_size = 4 << 30, GLOBAL innodb_log_file_size = 2 << 30")
		}
		for i := 0; i < n; i += 100_000 { // a transaction of all has too much to undo
			d.exec(t, fmt.Sprintf("INSERT INTO django_session SELECT MD5(seq), '%s', UTC_TIMESTAMP() + INTERVAL CASE WHEN seq %% 11 = 0 THEN 1209600 ELSE -86400 - CAST(seq %% 100 AS SIGNED) END SECOND FROM seq_%d_to_%d", text, i+1, min(i+100_000, n)))
		}
	case "SQLite":
		d.exec(t, "DELETE FROM django_session")
		d.exec(t, fmt.Sprintf("WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < %d) INSERT INTO django_session SELECT printf('%%08x', (i * 2654435761) %% 4294967296) || printf('%%024x', i), '%s', strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', CASE WHEN i %% 11 = 0 THEN '+14 days' ELSE '-' || (86400 + i %% 100) || ' seconds' END) FROM s", n, text))
		d.exec(t, "PRAGMA wal_checkpoint(TRUNCATE)")
	}
}

// oneDelete is what Django's clear_expired sends.
var oneDelete = map[string]string{
	"PostgreSQL": "DELETE FROM django_session WHERE expire_date < now()",
	"MariaDB":    "DELETE FROM django_session WHERE expire_date < UTC_TIMESTAMP()",
	"SQLite":     "DELETE FROM django_session WHERE expire_date < strftime('%Y-%m-%d %H:%M:%f', 'now')",
}

// readsBeside reads living sessions until stop is called, which returns the 99th percentile.
func (d *database) readsBeside(t testing.TB, m *djsession.Manager, keys []string) (stop func() (p99 time.Duration, n int)) {
	var took []time.Duration
	var wg sync.WaitGroup
	var end atomic.Bool
	wg.Go(func() {
		for !end.Load() {
			start := time.Now()
			if _, _, err := m.Store().Load(context.Background(), keys[rand.N(len(keys))]); err != nil {
				t.Errorf("%s: a read beside: %v", d.kind, err)
				return
			}
			took = append(took, time.Since(start))
			time.Sleep(time.Millisecond)
		}
	})
	return func() (time.Duration, int) {
		end.Store(true)
		wg.Wait()
		slices.Sort(took)
		if len(took) == 0 {
			return 0, 0
		}
		return took[len(took)*99/100], len(took)
	}
}

func (d *database) allCPU(t testing.TB) time.Duration {
	t.Helper()
	all := CPU()
	if d.pid != 0 {
		server, err := CPUOf(d.pid)
		must(t, err)
		all += server
	}
	return all
}

// reaped is one run over a full table.
type reaped struct {
	took, longest, p99 time.Duration
	cpu                time.Duration // of this process and the server
	heap               uint64
}

func (d *database) reap(t testing.TB, n int, keys []string, m *djsession.Manager, run func(t testing.TB, done func(int64))) (r reaped) {
	t.Helper()
	d.fill(t, n)
	for i, key := range keys {
		m.Store().Delete(t.Context(), key, djsession.Force)
		rec := record(login)
		rec.Data = rec.Data.With("n", i)
		_, err := m.Store().Create(t.Context(), key, rec)
		must(t, err)
	}
	stop := d.readsBeside(t, m, keys)
	runtime.GC()
	last, cpu := time.Now(), d.allCPU(t)
	start := last
	var mem runtime.MemStats
	run(t, func(int64) {
		r.longest = max(r.longest, time.Since(last))
		runtime.ReadMemStats(&mem)
		r.heap = max(r.heap, mem.HeapAlloc)
		last = time.Now()
	})
	r.took, r.cpu = time.Since(start), d.allCPU(t)-cpu
	r.p99, _ = stop()
	return r
}

// quietReads measures the reads without a reaper beside.
func (d *database) quietReads(t testing.TB, m *djsession.Manager, keys []string) time.Duration {
	stop := d.readsBeside(t, m, keys)
	time.Sleep(2 * time.Second)
	p99, _ := stop()
	return p99
}

// reaping compares the two, in turns.
func reaping(t testing.TB, kind string, n, rounds int) (one, ours []reaped, quiet time.Duration) {
	d := newDatabase(t, kind)
	m := djsession.New(newStore(t, d, newSite(t)))
	keys := make([]string, 100)
	for i := range keys {
		keys[i] = fmt.Sprintf("living%026d", i)
	}
	for range rounds {
		one = append(one, d.reap(t, n*11/10, keys, m, func(t testing.TB, done func(int64)) {
			d.exec(t, oneDelete[kind])
			done(0)
		}))
		quiet = max(quiet, d.quietReads(t, m, keys))
		ours = append(ours, d.reap(t, n*11/10, keys, m, func(t testing.TB, done func(int64)) {
			removed, err := m.ClearExpired(context.Background(), &djsession.ReapOptions{Progress: done})
			must(t, err)
			if removed < int64(n)*99/100 {
				t.Errorf("%s: removed %d of %d", kind, removed, n)
			}
		}))
	}
	return one, ours, quiet
}

// TestReaping prints one comparison: go test -v -run TestReaping -args -reap 10000000
func TestReaping(t *testing.T) {
	if *reapRows <= 100_000 {
		t.Skip("give -reap, such as 10000000")
	}
	for _, kind := range []string{"PostgreSQL", "MariaDB", "SQLite"} {
		t.Run(kind, func(t *testing.T) {
			one, ours, quiet := reaping(t, kind, *reapRows, 1)
			t.Logf("one DELETE %v, CPU %v, reads' p99 %v; ClearExpired %v (%.1f times), CPU %v (%.1f times), longest %v, reads' p99 %v, heap %.1f MB; quiet reads' p99 %v",
				one[0].took, one[0].cpu, one[0].p99, ours[0].took, float64(ours[0].took)/float64(one[0].took), ours[0].cpu, float64(ours[0].cpu)/float64(one[0].cpu), ours[0].longest, ours[0].p99, float64(ours[0].heap)/1e6, quiet)
		})
	}
}
