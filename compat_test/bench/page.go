package bench

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"
)

// Groups are the headings of the page, in order.
var Groups = []string{
	"Values in JSON", "Values in pickles", "Middleware", "Stores", "Whole requests", "Reaping", "Watching",
	"How cost grows: size of a session", "How cost grows: rows of a table", "How cost grows: writers of one session",
	"How cost grows: requests in flight",
}

// Table is a part of the page that is no comparison of costs.
type Table struct {
	Group, Name, Note string
	Head              []string
	Rows              [][]string
	// Short says what falls short of its aim and why; "" if nothing does.
	Short string
}

// Page is what `make bench` writes.
type Page struct {
	Machine  [][2]string
	Commands []string
	Took     time.Duration
	Results  []*Result
	Tables   []Table
	Failed   []string // rows that could not be measured, each with its reason
	Plots    map[string]string
	Bytes    map[string]float64       // of one session in a server, by its name
	Reaped   map[string]time.Duration // CPU time of an expired row, by the database
}

// Shortfalls are the sentences about what falls short.
func (p *Page) Shortfalls() (all []string) {
	for _, r := range p.Results {
		for _, s := range r.shortfalls() {
			if r.Short != "" {
				s += " " + r.Short
			}
			all = append(all, r.Name+": "+s)
		}
	}
	for _, t := range p.Tables {
		if t.Short != "" {
			all = append(all, t.Name+": "+t.Short)
		}
	}
	return all
}

func (r *Result) shortfalls() (all []string) {
	for _, a := range r.Reach {
		who := cmp.Or(a.Who, Ours)
		mine, ok := r.Cost(who)
		if !ok {
			continue
		}
		if a.Peer == "" {
			if a.Allocs > 0 && mine.Allocs > a.Allocs+0.5 {
				all = append(all, fmt.Sprintf("%s makes %.0f allocations, the aim is %.0f.", who, mine.Allocs, a.Allocs))
			}
			if a.Bytes > 0 && mine.Bytes > a.Bytes {
				all = append(all, fmt.Sprintf("%s allocates %s, the aim is %s.", who, size(mine.Bytes), size(a.Bytes)))
			}
			continue
		}
		peer, ok := r.Cost(a.Peer)
		if !ok {
			continue
		}
		got, of, what := mine.CPU, peer.CPU, "CPU time"
		if a.Server {
			got, of, what = mine.Server, peer.Server, "CPU time of the server"
		}
		if ratio := float64(got) / float64(max(of, 1)); ratio > a.Times {
			all = append(all, fmt.Sprintf("%s takes %s times the %s of %s, the aim is %s.", who, figures(ratio), what, a.Peer, figures(a.Times)))
		}
	}
	return all
}

// progress are the rows of which a figure of the first version is known.
func (p *Page) progress() string {
	var b strings.Builder
	b.WriteString("| work | first version | now | aim |\n|---|---|---|---|\n")
	for _, r := range p.Results {
		if r.Before == "" {
			continue
		}
		var now, aim []string
		for _, a := range r.Reach {
			mine, ok := r.Cost(cmp.Or(a.Who, Ours))
			if !ok {
				continue
			}
			who := ""
			if a.Who != "" {
				who = strings.TrimPrefix(a.Who, Ours+", ") + ": "
			}
			if a.Peer == "" {
				if a.Allocs > 0 {
					now, aim = append(now, fmt.Sprintf("%.0f allocations", mine.Allocs)), append(aim, fmt.Sprintf("%.0f", a.Allocs))
				}
				if a.Bytes > 0 {
					now, aim = append(now, size(mine.Bytes)), append(aim, size(a.Bytes))
				}
				continue
			}
			peer, ok := r.Cost(a.Peer)
			if !ok {
				continue
			}
			got, of, what := mine.CPU, peer.CPU, ""
			if a.Server {
				got, of, what = mine.Server, peer.Server, "server's CPU "
			}
			now = append(now, fmt.Sprintf("%s%s%s× %s", who, what, figures(float64(got)/float64(max(of, 1))), a.Peer))
			aim = append(aim, figures(a.Times)+"×")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.Name, r.Before, strings.Join(now, "; "), strings.Join(aim, "; "))
	}
	return strings.TrimSpace(b.String())
}

// Markdown writes the page. hand is the text that people wrote, in which {{...}} stands
// for what was measured.
func (p *Page) Markdown(hand string) string {
	var machine, body, short strings.Builder
	for _, m := range p.Machine {
		fmt.Fprintf(&machine, "| %s | %s |\n", m[0], m[1])
	}
	for _, g := range Groups {
		p.group(&body, g)
	}
	for _, s := range p.Shortfalls() {
		fmt.Fprintf(&short, "- %s\n", s)
	}
	if short.Len() == 0 {
		short.WriteString("Nothing does, in this run.\n")
	}
	for _, f := range p.Failed {
		fmt.Fprintf(&short, "- Not measured: %s\n", f)
	}
	scale := ""
	if strings.Contains(hand, "{{scale}}") {
		scale = p.Scale(p.Bytes)
	}
	return strings.NewReplacer(
		"{{scale}}", scale,
		"{{progress}}", p.progress(),
		"{{machine}}", "| | |\n|---|---|\n"+strings.TrimSpace(machine.String()),
		"{{commands}}", strings.Join(p.Commands, "\n"),
		"{{took}}", p.Took.Round(time.Second).String(),
		"{{short}}", strings.TrimSpace(short.String()),
		"{{tables}}", strings.TrimSpace(body.String()),
	).Replace(hand)
}

func (p *Page) group(b *strings.Builder, group string) {
	var notes []string
	head := false
	title := func() {
		if !head {
			fmt.Fprintf(b, "## %s\n\n", group)
			head = true
		}
	}
	table := false
	for _, r := range p.Results {
		if r.Group != group {
			continue
		}
		title()
		if !table {
			b.WriteString("| work | who | CPU | times ours | allocations | bytes | server's CPU |\n|---|---|--:|--:|--:|--:|--:|\n")
			table = true
		}
		ours := r.Costs[0].CPU
		for i, c := range r.Costs {
			name, server, allocs, bytes := "", "", "", ""
			if i == 0 {
				name = r.Name
			}
			if c.Server > 0 {
				server = micros(c.Server)
			}
			if !c.Child {
				allocs, bytes = fmt.Sprintf("%.0f", c.Allocs), size(c.Bytes)
			}
			times := figures(float64(c.CPU) / float64(max(ours, 1)))
			if r.Spread[i] > 0.2 {
				times += fmt.Sprintf(" ±%.0f%%", r.Spread[i]*50)
			}
			fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s |\n", name, r.Who[i], micros(c.CPU), times, allocs, bytes, server)
		}
		if r.Note != "" {
			notes = append(notes, r.Name+": "+r.Note)
		}
	}
	if table {
		b.WriteString("\n")
	}
	for _, n := range notes {
		fmt.Fprintf(b, "%s\n\n", n)
	}
	for _, t := range p.Tables {
		if t.Group != group {
			continue
		}
		title()
		fmt.Fprintf(b, "%s:\n\n| %s |\n|%s\n", t.Name, strings.Join(t.Head, " | "), strings.Repeat("---|", len(t.Head)))
		for _, row := range t.Rows {
			fmt.Fprintf(b, "| %s |\n", strings.Join(row, " | "))
		}
		b.WriteString("\n")
		if t.Note != "" {
			fmt.Fprintf(b, "%s\n\n", t.Note)
		}
	}
	if svg := p.Plots[group]; svg != "" && head {
		fmt.Fprintf(b, "![%s](%s)\n\n", group, svg)
	}
}

// figures writes a number with two significant figures, more if it is large.
func figures(x float64) string {
	switch {
	case x >= 10:
		return fmt.Sprintf("%.0f", x)
	case x >= 1:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

func micros(d time.Duration) string {
	us := float64(d) / 1e3
	switch {
	case us >= 1e6:
		return fmt.Sprintf("%.2f s", us/1e6)
	case us >= 1e4:
		return fmt.Sprintf("%.0f ms", us/1e3)
	case us >= 1e3:
		return fmt.Sprintf("%.1f ms", us/1e3)
	}
	return figures(us) + " µs"
}

func size(b float64) string {
	switch b = math.Round(b); {
	case b >= 1e6:
		return fmt.Sprintf("%.1f MB", b/1e6)
	case b >= 1e4:
		return fmt.Sprintf("%.0f KB", b/1e3)
	case b >= 1e3:
		return fmt.Sprintf("%.1f KB", b/1e3)
	}
	return fmt.Sprintf("%.0f B", b)
}
