package docs_test

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"
)

// TestFigures: the figures of the README are those of BENCHMARKS.md.
func TestFigures(t *testing.T) {
	readme, page := string(read(t, "../README.md")), string(read(t, "BENCHMARKS.md"))
	for _, figure := range []struct{ said, row string }{
		{`takes 1/(\d+) of the CPU time of Django 6\.1 behind gunicorn`, `(?s)\| who is logged in, and count the visit: PostgreSQL \| djsession \|.*?\| Django 6\.1, gunicorn sync \| [^|]+ \| ([\d.]+)`},
		{`a load of a session ([\d.]+) of that of scs \(PostgreSQL\)`, `\| PostgreSQL: load \| [^|]+ \| ([\d.]+)× scs`},
	} {
		said, measured := regexp.MustCompile(figure.said).FindStringSubmatch(readme), regexp.MustCompile(figure.row).FindStringSubmatch(page)
		if said == nil || measured == nil {
			t.Errorf("%s: got %q and %q, want a figure in each", figure.said, said, measured)
			continue
		}
		if n, err := strconv.ParseFloat(measured[1], 64); err != nil || said[1] != fmt.Sprint(n) {
			t.Errorf("README.md says %s where BENCHMARKS.md has %s", said[1], measured[1])
		}
	}
}
