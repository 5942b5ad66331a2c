package bench

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// What docs/SCALE.md assumes of a site. All else there is measured or follows.
const (
	requestsPerLogin = 20
	writesOf         = 4 // one request in so many changes its session
	peak             = 3 // times the mean
	busy             = 0.5
	lifetime         = 14 // days
)

// Engine is what one engine of sessions costs its server.
type Engine struct {
	Name       string
	Load, Save time.Duration // CPU time of the server
	Cores      int           // that one server can use
	Writers    int           // that can write at once; 0: as many as there are cores
	Bytes      float64       // of one session
}

// engines takes the measured costs from the rows about stores.
func engines(results []*Result, bytes map[string]float64) (all []Engine) {
	cost := func(name string) (Cost, bool) {
		for _, r := range results {
			if r.Name == name {
				return r.Costs[0], true
			}
		}
		return Cost{}, false
	}
	for _, e := range []Engine{{Name: "PostgreSQL", Cores: 32}, {Name: "MariaDB", Cores: 32}, {Name: "SQLite", Cores: 32, Writers: 1}, {Name: "Redis", Cores: 1}} {
		load, ok1 := cost(e.Name + ": load")
		both, ok2 := cost(e.Name + ": load, change and save")
		if !ok1 || !ok2 {
			continue
		}
		e.Load, e.Save, e.Bytes = load.Server, both.Server-load.Server, bytes[e.Name]
		if e.Name == "SQLite" { // it has no server: the process itself works
			e.Load, e.Save = load.CPU, both.CPU-load.CPU
		}
		e.Save = max(e.Save, e.Load)
		all = append(all, e)
	}
	return all
}

// Simulate returns the requests a second that one server of e takes, such that 99 of 100 wait at most limit
// for their turn. Requests come at random (Poisson); one in writesOf loads and saves.
func (e Engine) Simulate(limit time.Duration) float64 {
	low, high := 1.0, 10*float64(e.Cores)/e.Load.Seconds()
	for range 25 {
		mid := math.Sqrt(low * high)
		if e.wait(mid) <= limit {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

// wait simulates 50,000 requests at a rate and returns the 99th percentile of the time that
// one waits for a free core and, to write, for its turn as a writer.
func (e Engine) wait(rate float64) time.Duration {
	const requests = 50_000
	r := rand.New(rand.NewPCG(1, 2))
	cores := make([]float64, e.Cores) // when each is free
	writers := make([]float64, max(e.Writers, 0))
	waits := make([]float64, 0, requests)
	now := 0.0
	first := func(free []float64) int { return slices.Index(free, slices.Min(free)) }
	for range requests {
		now += r.ExpFloat64() / rate
		core := first(cores)
		start := max(now, cores[core])
		took := e.Load.Seconds() * r.ExpFloat64()
		if r.IntN(writesOf) == 0 {
			save := e.Save.Seconds() * r.ExpFloat64()
			if len(writers) > 0 {
				w := first(writers)
				start = max(start, writers[w])
				writers[w] = start + save
			}
			took += save
		}
		cores[core] = start + took
		waits = append(waits, start-now)
	}
	slices.Sort(waits)
	return time.Duration(waits[requests*99/100] * 1e9)
}

// Scale returns the tables of docs/SCALE.md.
func (p *Page) Scale(bytes map[string]float64) string {
	all := engines(p.Results, bytes)
	var request time.Duration
	for _, r := range p.Results {
		if r.Name == "who is logged in, and count the visit: PostgreSQL" {
			request = r.Costs[0].CPU
		}
	}
	var b strings.Builder
	for _, logins := range []float64{1e6, 1e9} {
		rate := logins * requestsPerLogin * peak / 86400
		sessions := logins * lifetime
		fmt.Fprintf(&b, "### %s logins a day\n\n", human(logins))
		fmt.Fprintf(&b, "That is %s requests a second at the peak and %s sessions at a time.", human(rate), human(sessions))
		if request > 0 {
			fmt.Fprintf(&b, " At %s of CPU a request (measured, with the account read each time, session and account in PostgreSQL), half busy, Go needs %s cores.", micros(request), human(math.Ceil(rate*request.Seconds()/busy)))
		}
		b.WriteString("\n\n| engine | cores of its servers, half busy | statements at a time | one server takes, by the simulation | servers | sessions in bytes | CPU of a day's reaping |\n|---|--:|--:|--:|--:|--:|--:|\n")
		for _, e := range all {
			each := e.Load.Seconds() + e.Save.Seconds()/writesOf
			most := e.Simulate(5 * time.Millisecond)
			servers := math.Ceil(rate / (most * busy))
			text := human(servers)
			if e.Name == "SQLite" && servers > 1 {
				text = "stops: one file has one machine"
			}
			held := "not measured"
			if e.Bytes > 0 {
				held = size(sessions * e.Bytes)
				if sessions*e.Bytes >= 1e9 {
					held = fmt.Sprintf("%s GB", human(sessions*e.Bytes/1e9))
				}
			}
			reap := "none"
			if cost := p.Reaped[e.Name]; cost > 0 {
				reap = span(time.Duration(logins) * cost)
			} else if e.Name != "Redis" {
				reap = "not measured"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s/s | %s | %s | %s |\n", e.Name, human(math.Ceil(rate*each/busy)), human(math.Ceil(rate*each)), human(most), text, held, reap)
		}
		b.WriteString("\n")
	}
	return strings.TrimSpace(b.String())
}

// span writes a time of up to days.
func span(d time.Duration) string {
	switch {
	case d >= 2*time.Hour:
		return figures(d.Hours()) + " h"
	case d >= 2*time.Minute:
		return figures(d.Minutes()) + " min"
	}
	return figures(d.Seconds()) + " s"
}

// human writes a number with two significant figures.
func human(x float64) string {
	for _, u := range []struct {
		of   float64
		name string
	}{{1e9, " billion"}, {1e6, " million"}} {
		if x >= u.of {
			return figures(x/u.of) + u.name
		}
	}
	if x >= 10_000 {
		return fmt.Sprintf("%.0f,000", x/1000)
	}
	return fmt.Sprintf("%.0f", x)
}
