package bench

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/plot/plotter"

	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

var (
	write  = flag.String("write", "", "the folder docs: write the pages there")
	only   = flag.String("rows", ".", "measure the rows with a name that matches, and print them")
	rounds = flag.Int("rounds", 8, "rounds of each row")
	each   = flag.Duration("sample", 60*time.Millisecond, "CPU time of one entry in one round")
	many   = flag.Int("clients", clients, "how many ask at once in the rows about whole requests")
)

func TestMain(m *testing.M) {
	flag.Parse()
	clients = *many
	serveIfAsked() // as the child of a row about whole requests
	os.Exit(testserver.Run(m))
}

// tables are the parts of the page that no Row fits, and lastTables those that take longest.
var tables, lastTables []func(t testing.TB, results []*Result) []Table

// TestBench measures all rows. With -write it writes the pages; else it prints.
func TestBench(t *testing.T) {
	if *write == "" && *only == "." {
		t.Skip("measures for ten minutes: run make bench, or give -rows a pattern")
	}
	start, before := time.Now(), now()
	kept := keep()
	match := regexp.MustCompile(*only)
	p := &Page{Plots: map[string]string{}, Commands: []string{"compat_test/setup.sh", strings.TrimSpace("make bench " + bigArg())}}
	slices.SortStableFunc(rows, func(a, b Row) int { return slices.Index(Groups, a.Group) - slices.Index(Groups, b.Group) })
	for _, r := range rows {
		if !slices.Contains(Groups, r.Group) {
			t.Fatalf("%s: %q is no group of the page", r.Name, r.Group)
		}
		if !match.MatchString(r.Group + "/" + r.Name) {
			if old := kept.result(r.Name); old != nil {
				old.Row = r
				p.Results = append(p.Results, old)
			}
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			res, err := Measure(t, r, Plan{Rounds: *rounds, Sample: *each})
			if err != nil {
				p.Failed = append(p.Failed, err.Error())
				t.Fatal(err)
			}
			p.Results = append(p.Results, res)
			p.save(*write)
		})
	}
	p.Failed = append(p.Failed, kept.Failed...)
	p.Machine, p.Took, p.Reaped, p.Tables, p.Bytes = kept.Machine, kept.Took, kept.Reaped, kept.Tables, kept.Bytes
	if *only == "." || len(p.Machine) == 0 {
		p.Machine, p.Took = Machine(), time.Since(start)
	}
	if *only == "." || *only == "tables" {
		p.Tables, p.Reaped, p.Bytes = nil, reapCost, bytesOf(t)
		for _, f := range append(tables, lastTables...) {
			p.save(*write) // so that nothing is lost if this fails
			p.Tables = append(p.Tables, f(t, p.Results)...)
		}
	}
	if *write == "" {
		t.Logf("\n%s", p.Markdown("{{progress}}\n\n{{tables}}\n\n{{short}}"))
		return
	}
	if *only == "." {
		p.Took, p.Machine = time.Since(start), append(p.Machine, [2]string{"Of the machine's CPU, others took meanwhile", before.others()})
	}
	if err := p.save(*write); err != nil {
		t.Fatal(err)
	}
	if err := p.plots(*write); err != nil {
		t.Fatal(err)
	}
	for page, hand := range map[string]string{"BENCHMARKS.md": "benchmarks.md", "SCALE.md": "scale.md"} {
		text, err := os.ReadFile(hand)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(*write, page), []byte(p.Markdown(string(text))), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// measured is the file in the folder of -write that keeps what was measured: a run of some
// rows takes the others from it.
const measured = "bench/measured.json"

func (p *Page) save(dir string) error {
	if dir == "" {
		return nil
	}
	text, err := json.MarshalIndent(p, "", "\t")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "bench"), 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, measured), append(text, '\n'), 0o644)
}

// keep returns what was measured before, nothing if all rows are measured now.
func keep() (p Page) {
	if text, err := os.ReadFile(filepath.Join(*write, measured)); err == nil && *only != "." {
		_ = json.Unmarshal(text, &p)
	}
	return p
}

func (p *Page) result(name string) *Result {
	i := slices.IndexFunc(p.Results, func(r *Result) bool { return r.Name == name })
	if i < 0 {
		return nil
	}
	return p.Results[i]
}

// TestEntries does the work of each entry once, without Python: what the page compares works.
func TestEntries(t *testing.T) {
	withoutPython = true
	defer func() { withoutPython = false }()
	for _, r := range rows {
		t.Run(r.Name, func(t *testing.T) {
			entries := r.Make(t)
			if len(entries) == 0 || !strings.HasPrefix(entries[0].Who, Ours) {
				t.Fatal("the first entry must be " + Ours)
			}
			for _, e := range entries {
				if _, err := sample(e, 1); err != nil {
					t.Errorf("%s: %v", e.Who, err)
				}
			}
			for _, a := range r.Reach {
				if a.Who != "" && !slices.ContainsFunc(entries, func(e Entry) bool { return e.Who == a.Who }) {
					t.Errorf("no entry %q", a.Who)
				}
			}
		})
	}
}

// plots draws each group: bars, or lines if its rows have an X.
func (p *Page) plots(dir string) error {
	for _, g := range Groups {
		var of []*Result
		for _, r := range p.Results {
			if r.Group == g {
				of = append(of, r)
			}
		}
		if len(of) == 0 {
			continue
		}
		var svg []byte
		var err error
		if of[0].X == 0 {
			svg, err = Bars(g, of)
		} else {
			var lines []Series
			for _, r := range of {
				for i, who := range r.Who {
					at := slices.IndexFunc(lines, func(s Series) bool { return s.Name == who })
					if at < 0 {
						lines, at = append(lines, Series{Name: who}), len(lines)
					}
					lines[at].Points = append(lines[at].Points, plotter.XY{X: r.X, Y: float64(r.Costs[i].CPU) / 1e3})
				}
			}
			svg, err = Lines(g, g, "CPU, µs", lines)
		}
		if err != nil {
			return err
		}
		name := "bench/" + slug(g) + ".svg"
		if err := os.MkdirAll(filepath.Join(dir, "bench"), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), svg, 0o644); err != nil {
			return err
		}
		p.Plots[g] = name
	}
	return nil
}
