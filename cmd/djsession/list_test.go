package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestListWho: with the settings of the site, each session has the name of its user, or the reason
// why nobody is logged in by it.
func TestListWho(t *testing.T) {
	c := newCLI(t)
	args := []string{"list", "--who", "--settings", siteSettings(t, c, "")}
	want := map[string]string{
		"ada7q2m5": "ada", "grace4w8": "grace", "cart5e9r": "nobody: no user in it",
		"linus1z6": "nobody: linus is not active", "stale8p3": "nobody: ada has another password since",
		"alien6m1": "nobody: the signature does not verify", "junk9d4f": "nobody: this is not a signed value",
	}
	text := c.must(t, "", args...)
	for line := range strings.Lines(text) {
		key, _, _ := strings.Cut(line, " ")
		if who := want[key]; key != "KEY" && (who == "" || !strings.HasSuffix(line, "  "+who+"\n")) {
			t.Errorf("got %q, want %q", line, who)
		}
	}
	n := 0
	for d := json.NewDecoder(strings.NewReader(c.must(t, "", append(args, "--json")...))); d.More(); n++ {
		var got struct {
			Key      string
			Who, Why *string
		}
		if err := d.Decode(&got); err != nil {
			t.Fatal(err)
		}
		switch who := want[got.Key]; {
		case got.Who != nil && got.Why == nil && *got.Who == who:
		case got.Who == nil && got.Why != nil && "nobody: "+*got.Why == who:
		default:
			t.Errorf("%s: got %+v, want %q", got.Key, got, who)
		}
	}
	if n != len(want) || strings.Count(text, "\n") != n+1 {
		t.Errorf("got %d objects and\n%s\nwant %d sessions", n, text, len(want))
	}
	if r := c.run(t, "", "list", "--who"); r.status != 2 || !strings.Contains(r.stderr, "--settings") {
		t.Errorf("without settings: got %+v", r)
	}
}
