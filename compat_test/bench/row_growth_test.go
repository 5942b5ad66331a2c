package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/redisstore"
)

// How cost grows. Each row is a point of a plot: X is what grows.

// engine is a store and the CPU time of its server.
type engine struct {
	name  string
	m     *djsession.Manager
	other func() (time.Duration, error)
	db    *database // nil for Redis
}

func newEngines(t testing.TB, change ...func(*djsession.Settings)) (all []engine) {
	for _, kind := range []string{"PostgreSQL", "MariaDB", "SQLite"} {
		d := newDatabase(t, kind)
		all = append(all, engine{kind, djsession.New(newStore(t, d, newSite(t, change...))), d.cpu(), d})
	}
	c, _, cpu := newRedis(t)
	return append(all, engine{"Redis", djsession.New(redisstore.New(newSite(t, change...), c, nil)), cpu, nil})
}

// put stores data under key anew.
func (e *engine) put(t testing.TB, key string, data map[string]any) {
	t.Helper()
	if err := e.m.Store().Delete(t.Context(), key, djsession.Force); err != nil && !errors.Is(err, djsession.ErrNotFound) {
		t.Fatal(err)
	}
	_, err := e.m.Store().Create(t.Context(), key, record(data))
	must(t, err)
}

func init() {
	for _, s := range []struct {
		name  string
		bytes int
	}{{"100 B", 0}, {"1 KB", 1000}, {"10 KB", 10_000}, {"100 KB", 100_000}, {"1 MB", 1_000_000}} {
		Add(Row{
			Group: "How cost grows: size of a session", Name: "load, change and save " + s.name, X: float64(max(s.bytes, 100)),
			Make: func(t testing.TB) (all []Entry) {
				data := map[string]any{"_auth_user_id": "42"}
				if s.bytes > 0 {
					data = sized(s.bytes)
				}
				for _, e := range newEngines(t, roomy) {
					e.put(t, sessionKey, data)
					all = append(all, Entry{Who: ours(len(all), e.name), Run: count(e.m, sessionKey), Other: e.other})
				}
				return all
			},
		})
	}
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		Add(Row{
			Group: "How cost grows: rows of a table", Name: fmt.Sprintf("load of one in %d rows", n), X: float64(n),
			Make: func(t testing.TB) (all []Entry) {
				for _, kind := range []string{"PostgreSQL", "MariaDB", "SQLite"} {
					all = append(all, loadOfOne(t, kind, n, ours(len(all), kind)))
				}
				return all
			},
		})
	}
	for _, n := range []int{1, 4, 16, 64} {
		Add(Row{
			Group: "How cost grows: writers of one session", Name: fmt.Sprintf("a visit counted by %d at once", n), X: float64(n),
			Note: map[int]string{1: "Each writer loads the session, counts and saves. When another was faster, the change is made again on what it wrote: no visit is lost, which the row checks."}[n],
			Make: func(t testing.TB) (all []Entry) {
				for _, e := range newEngines(t) {
					if e.db != nil && e.db.db != nil {
						e.db.db.SetMaxOpenConns(16)
					}
					e.put(t, sessionKey, login)
					all = append(all, Entry{Who: ours(len(all), e.name), Other: e.other, Run: crowd(e.m, n)})
				}
				return all
			},
		})
	}
	tables = append(tables, flights)
	lastTables = append(lastTables, bigTable)
}

// loadOfOne reads one of 200 sessions in a table of n rows.
func loadOfOne(t testing.TB, kind string, n int, who string) Entry {
	return loadFrom(t, newDatabase(t, kind), n, who)
}

func loadFrom(t testing.TB, d *database, n int, who string) Entry {
	if !withoutPython { // the short form
		d.fill(t, n)
	}
	e := engine{name: d.kind, m: djsession.New(newStore(t, d, newSite(t)))}
	var keys []string
	for i := range 200 {
		keys = append(keys, fmt.Sprintf("%032x", i*0x9e3779b9))
		e.put(t, keys[i], login)
	}
	i := 0
	return Entry{Who: who, Other: d.cpu(), Run: repeat(func() error {
		i++
		_, _, err := e.m.Store().Load(context.Background(), keys[i%len(keys)])
		return err
	})}
}

var big = flag.Int("big", 0, "rows of the largest tables, such as 10000000; 0 leaves them out")

// bigArg is how `make bench` was asked for them.
func bigArg() string {
	if *big == 0 {
		return ""
	}
	return fmt.Sprintf("BENCH=\"-big %d\"", *big)
}

// bigTable loads from tables of so many rows that only one of them has room at a time.
func bigTable(t testing.TB, _ []*Result) []Table {
	if *big == 0 {
		return nil
	}
	table := Table{Group: "How cost grows: rows of a table", Name: fmt.Sprintf("Load of one in 10,000 and in %d rows", *big),
		Head: []string{"database", "CPU, 10,000 rows", "server's CPU", fmt.Sprintf("CPU, %d rows", *big), "server's CPU"},
		Note: "The two tables of a database take turns."}
	for _, kind := range []string{"PostgreSQL", "MariaDB", "SQLite"} {
		d := newDatabase(t, kind)
		few, many := loadOfOne(t, kind, 10_000, kind), loadFrom(t, d, *big, kind)
		res, err := Measure(t, Row{Make: func(testing.TB) []Entry { return []Entry{few, many} }}, Plan{Rounds: 8, Sample: 100 * time.Millisecond})
		must(t, err)
		cells := []string{kind}
		for _, c := range res.Costs {
			server := ""
			if c.Server > 0 {
				server = micros(c.Server)
			}
			cells = append(cells, micros(c.CPU), server)
		}
		table.Rows = append(table.Rows, cells)
		if kind != "SQLite" {
			d.exec(t, "TRUNCATE django_session")
		}
	}
	return []Table{table}
}

// ours names the entries of rows in which all are of this library.
func ours(i int, name string) string {
	if i == 0 {
		return Ours + " on " + name
	}
	return name
}

// crowd counts visits by writers at once. It checks that each is counted.
func crowd(m *djsession.Manager, writers int) func(int) error {
	visits := func() (int, error) {
		s, err := m.Open(context.Background(), sessionKey)
		if err != nil {
			return 0, err
		}
		return djsession.Value(s, "visits", 0)
	}
	visit := func() error {
		for range 200 { // a writer may lose more often than Save tries
			s, err := m.Open(context.Background(), sessionKey)
			if err == nil {
				err = s.Update(func(tx *djsession.Tx) error {
					n, err := djsession.Value(tx, "visits", 0)
					if err == nil {
						err = tx.Set("visits", n+1)
					}
					return err
				})
			}
			if err == nil {
				err = s.Save(context.Background())
			}
			if !errors.Is(err, djsession.ErrConflict) {
				return err
			}
		}
		return errors.New("a writer lost 200 times")
	}
	return func(n int) error {
		before, err := visits()
		if err != nil {
			return err
		}
		errs := make([]error, writers)
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() { errs[i] = repeat(visit)((n + i) / writers) })
		}
		wg.Wait()
		after, err := visits()
		if err == nil && after-before != n {
			err = fmt.Errorf("%d of %d visits were lost", n-(after-before), n)
		}
		return errors.Join(append(errs, err)...)
	}
}

// flights measures the memory of requests that hold a loaded session.
func flights(t testing.TB, _ []*Result) []Table {
	table := Table{Group: "How cost grows: requests in flight", Name: "Memory of requests that have loaded and changed their session, and go on",
		Head: []string{"requests", "session of 172 bytes", "session of 10 KB"},
		Note: "Heap and stacks of the sessions and their goroutines alone, a request, without net/http's own."}
	for _, n := range []int{100, 1000, 10_000} {
		cells := []string{fmt.Sprint(n)}
		for _, data := range []map[string]any{login, sized(10_000)} {
			cells = append(cells, size(flight(t, n, data))+" each")
		}
		table.Rows = append(table.Rows, cells)
	}
	return []Table{table}
}

func flight(t testing.TB, n int, data map[string]any) float64 {
	t.Helper()
	d := newDatabase(t, "SQLite")
	e := engine{name: d.kind, m: djsession.New(newStore(t, d, newSite(t)))}
	e.put(t, sessionKey, data)
	used := func() float64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc + m.StackInuse)
	}
	before := used()
	leave, in := make(chan struct{}), make(chan error)
	turn := make(chan struct{}, 8)
	for range n {
		go func() {
			turn <- struct{}{}
			s, err := e.m.Open(context.Background(), sessionKey)
			if err == nil {
				err = s.Set("visits", 1)
			}
			<-turn
			in <- err
			<-leave
			runtime.KeepAlive(s)
		}()
	}
	for range n {
		must(t, <-in)
	}
	took := (used() - before) / float64(n)
	close(leave)
	return took
}
