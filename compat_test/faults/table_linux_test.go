package faults_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

const tableHead = "# Faults of servers, on the way to them, and of files\n\n" +
	"Written by `make faults` on commit COMMIT. Each case is one operation through the middleware:\nOPERATIONS. " + `The
fault is planted before the request or after the session is read. A fault that strikes once
strikes the first piece that is sent or answered, then the second and so on. The client waits for
PATIENCE, a save takes SAVE at most (FILES in files).

Done: answers that did what was asked. 503: answers that said it cannot be done. After: more
of these once the fault was over. Out of reach: logins that failed with 503 and left the
session under a key that nobody knows, or ended it; the visitor logs in again. This happens
where an answer never comes: what was sent may be done after the client gave up,
and a store that gives a session a new key in two steps ends it rather than let it come back
after a logout. Bound: the client's wait, the save, one second, and what the machine itself is late.
A memcached that is started again is empty: of its sessions only the answers are judged, which
are 503, or 400 for a write to a session that was read before.

## What must never happen

`

const firstHead = `
## The first 1,000 requests

After something happens to a server, with a pool full of connections to it. Eight requests at a
time, one in ten writes; the clients have no timeouts of the site's own. Where all requests need
a server that is dead or frozen, all are 503, and a row ends after half a minute. "make costs" is
this table alone.

`

// commit returns what is tested.
var commit = sync.OnceValue(func() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty=, changed").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
})

// writeTable writes FAULTS.md.
func writeTable(t *testing.T, rows []*row, first string) {
	var names []string
	for _, o := range operations {
		names = append(names, string(o))
	}
	var text strings.Builder
	text.WriteString(strings.NewReplacer("COMMIT", commit(), "OPERATIONS", strings.Join(names, ", "), "PATIENCE", patience.String(),
		"SAVE", saveTimeout.String(), "FILES", savesInFiles.String()).Replace(tableHead))
	fmt.Fprintf(&text, "| engine | cases | %s |\n|---|---|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	var order []string
	engines := map[string]*row{}
	total := &row{engine: "all", counts: map[string]int{}}
	for _, r := range rows {
		sum := engines[r.engine]
		if sum == nil {
			sum = &row{engine: r.engine, counts: map[string]int{}}
			engines[r.engine] = sum
			order = append(order, r.engine)
		}
		for _, s := range []*row{sum, total} {
			s.cases += r.cases
			for c, n := range r.counts {
				s.counts[c] += n
			}
		}
	}
	for _, s := range append(mapped(order, engines), total) {
		fmt.Fprintf(&text, "| %s | %d |", s.engine, s.cases)
		for _, c := range columns {
			fmt.Fprintf(&text, " %d |", s.counts[c])
		}
		text.WriteString("\n")
	}
	text.WriteString("\n## What happened instead\n\n| engine | server | fault | cases | done | 503 | after | out of reach | slowest |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&text, "| %s | %s | %s | %d | %d | %d | %d | %d | %d ms |\n",
			r.engine, r.server, r.fault, r.cases, r.good, r.failed, r.after, r.ended, r.slowest/time.Millisecond)
	}
	text.WriteString(firstHead + first)
	if err := os.WriteFile("FAULTS.md", []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func mapped(order []string, rows map[string]*row) (all []*row) {
	for _, name := range order {
		all = append(all, rows[name])
	}
	return all
}
