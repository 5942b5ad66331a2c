package pickle

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestNames compares the tables of names with those of CPython.
func TestNames(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(corpusDir, "names.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tables map[string][][]string
	if err := json.Unmarshal(raw, &tables); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		modules, names string
		translate      func(module, attr string) (string, string)
		size           int
	}{
		{"modules_to_3", "names_to_3", toPython3, len(toPython3Table())},
		{"modules_to_2", "names_to_2", toPython2, len(toPython2Table())},
	} {
		if len(tables[c.modules]) < 40 || len(tables[c.names]) < 80 {
			t.Fatalf("%s: too few", c.modules)
		}
		if want := len(tables[c.modules]) + len(tables[c.names]); c.size != want {
			t.Errorf("%s: %d entries, want %d", c.modules, c.size, want)
		}
		for _, e := range tables[c.modules] {
			if module, attr := c.translate(e[0], "something"); module != e[1] || attr != "something" {
				t.Errorf("%s %s: got %s.%s", c.modules, e, module, attr)
			}
		}
		for _, e := range tables[c.names] {
			if module, attr := c.translate(e[0], e[1]); module != e[2] || attr != e[3] {
				t.Errorf("%s %s: got %s.%s", c.names, e, module, attr)
			}
		}
	}
	if module, attr := toPython3("pickle_classes", "Plain"); module != "pickle_classes" || attr != "Plain" {
		t.Errorf("got %s.%s for what did not move", module, attr)
	}
}
