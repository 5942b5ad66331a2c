package release

import (
	"encoding/json"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestReasons: DESIGN.md has a row for each direct dependency, with its reason, its newest
// release and what would replace it, and no row for another module.
func TestReasons(t *testing.T) {
	out, err := exec.Command("go", "-C", root, "mod", "edit", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{}
	for line := range strings.Lines(read(t, "DESIGN.md")) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if name := strings.TrimSpace(cells[0]); strings.HasPrefix(line, "| ") && regexp.MustCompile(`^[a-z]+\.[a-z]+/\S+$`).MatchString(name) {
			rows[name] = cells[1:]
		}
	}
	release := regexp.MustCompile(`^\S+, \d{4}-\d\d-\d\d$`)
	for _, r := range mod.Require {
		if r.Indirect {
			continue
		}
		cells := rows[r.Path]
		delete(rows, r.Path)
		if len(cells) != 3 || strings.TrimSpace(cells[0]) == "" || !release.MatchString(strings.TrimSpace(cells[1])) || strings.TrimSpace(cells[2]) == "" {
			t.Errorf("DESIGN.md has no reason, release and replacement of %s: got %q", r.Path, cells)
		}
	}
	for name := range rows {
		t.Errorf("DESIGN.md has a row for %s, which go.mod does not require", name)
	}
}
