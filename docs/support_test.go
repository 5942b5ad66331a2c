package docs_test

import (
	"regexp"
	"strings"
	"testing"
)

// TestSupport: the tables of support.md have the Djangos that setup.sh installs, and the
// drivers that go.mod requires.
func TestSupport(t *testing.T) {
	page, mod := string(read(t, "support.md")), string(read(t, "../go.mod"))
	installed := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\s*django([\d.]+)\s*\|.*\bDjango==([\d.]+)`).FindAllStringSubmatch(string(read(t, "../compat_test/setup.sh")), -1) {
		installed[m[1]] = m[2]
	}
	rows := regexp.MustCompile(`(?m)^\| ([\d.]+) \| ([\d.]+) \| \d`).FindAllStringSubmatch(page, -1)
	for _, m := range rows {
		if installed[m[1]] != m[2] {
			t.Errorf("support.md has Django %s as %s, and setup.sh installs %q", m[1], m[2], installed[m[1]])
		}
	}
	if len(rows) != len(installed) || len(rows) == 0 {
		t.Errorf("support.md has %d Djangos, and setup.sh %d", len(rows), len(installed))
	}
	drivers := regexp.MustCompile(`(?m)^\| (\S+/\S+) \| (v\S+) \|`).FindAllStringSubmatch(page, -1)
	if len(drivers) == 0 {
		t.Error("support.md has no drivers")
	}
	for _, m := range drivers {
		if !strings.Contains(mod, "\t"+m[1]+" "+m[2]+"\n") {
			t.Errorf("support.md has %s in %s, and go.mod another version", m[1], m[2])
		}
	}
	if m := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(mod); !strings.Contains(page, "| "+m[1]+" |") {
		t.Errorf("go.mod needs Go %s, and support.md does not say so", m[1])
	}
}
