package compat_test

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestTable holds the table of docs/engines.md, of which Djangos were checked with which
// engine, against ENGINES.md. With -update it writes it.
func TestTable(t *testing.T) {
	const path, begin, end = "../docs/engines.md", "<!-- engines -->\n", "<!-- /engines -->\n"
	file, err := os.ReadFile(path)
	must(t, err)
	before, rest, ok1 := strings.Cut(string(file), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatal("there is no place for the table")
	}
	engines, err := os.ReadFile(engineMatrix.file)
	must(t, err)
	text := before + begin + summary(string(engines)) + end + after
	if text == string(file) {
		return
	}
	if !*update {
		t.Fatal("the table is not that of ENGINES.md: run go test ./compat_test -run TestTable -update")
	}
	must(t, os.WriteFile(path, []byte(text), 0o644))
}

// summary is ENGINES.md with a line for all Djangos and without what was checked.
func summary(matrix string) string {
	var order []string
	djangos := map[string][]string{}
	for line := range strings.Lines(matrix) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) != 5 || strings.Contains(line, "SESSION_ENGINE") {
			continue
		}
		row := strings.Join(cells[:3], " | ")
		if djangos[row] == nil {
			order = append(order, row)
		}
		djangos[row] = append(djangos[row], cells[3])
	}
	var b strings.Builder
	b.WriteString("| SESSION_ENGINE | cache | format | Django |\n|---|---|---|---|\n")
	for _, row := range order {
		slices.Sort(djangos[row])
		b.WriteString(row + " | " + strings.Join(djangos[row], ", ") + " |\n")
	}
	return b.String()
}
