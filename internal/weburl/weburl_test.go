package weburl_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/internal/weburl"
)

func TestResolve(t *testing.T) {
	for _, test := range []struct{ base, text, want string }{
		{"http://site.example/a/b", "c", "http site.example /a/c"},
		{"http://site.example/a/b", "", "http site.example /a/b"},
		{"http://site.example/a/b", "?c", "http site.example /a/b"},
		{"http://site.example/a/b", " /c\n/d ", "http site.example /c/d"},
		{"http://site.example/a/b", "//evil.example", "http evil.example /"},
		{"http://site.example/a/b", `/\evil.example`, "http evil.example /"},
		{"http://site.example/a/b", `\/evil.example`, "http evil.example /"},
		{"http://site.example/a/b", "/\t/evil.example", "http evil.example /"},
		{"http://site.example/a/b", "////evil.example", "http evil.example /"},
		{"http://site.example/a/b", "/.//evil.example", "http site.example //evil.example"},
		{"http://site.example/a/b", "%2E%2e/../c/..", "http site.example /"},
		{"http://site.example/a/b", "http:c", "http site.example /a/c"},
		{"http://site.example/a/b", "http:/c", "http site.example /c"},
		{"http://site.example/a/b", `http:\\evil.example`, "http evil.example /"},
		{"http://site.example/a/b", "https:evil.example", "https evil.example /"},
		{"http://site.example/a/b", "HTTP://Site.example:80/x", "http site.example /x"},
		{"http://site.example/a/b", "http://site.example@evil.example:8000", "http evil.example:8000 /"},
		{"http://site.example/a/b", `http://site.example\@evil.example`, "http site.example /@evil.example"},
		{"http://site.example/a/b", "java\nscript:x", "javascript  "},
		{"http://site.example/a/b", "1:x", "http site.example /a/1:x"},
		{"http://[::1]:8000/", "//[0:0::1]:8000/x", "http [::1]:8000 /x"},
		{"http://site.example/a/b", "//", ""},
		{"http://site.example/a/b", "//a b/", ""},
		{"http://site.example/a/b", "//a:99999/", ""},
	} {
		got := ""
		base, err := weburl.Parse(test.base)
		if err != nil {
			t.Fatal(err)
		}
		if u, err := base.Resolve(test.text); err == nil {
			got = u.Scheme + " " + u.Host + " " + u.Path
		}
		if got != test.want {
			t.Errorf("%q at %s: got %q, want %q", test.text, test.base, got, test.want)
		}
	}
}

// plain is an origin that needs no mapping.
var plain = regexp.MustCompile(`^(https?|wss?|ftp): [a-z.]+(:\d+)?$`)

const ask = `const base = new URL(process.argv[1])
const all = JSON.parse(require("fs").readFileSync(0, "utf8"))
console.log(JSON.stringify(all.map(t => { try { const u = new URL(t, base); return u.protocol + " " + u.host } catch (e) { return "" } })))`

// Node reads the same origin in each target, unless it maps a host to another one, which
// is more than Resolve knows.
func TestResolveLikeNode(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		testserver.Lacks(t, "node is not on the PATH, so that there is no other reader of URLs")
	}
	for _, site := range []string{"http://site.example/a/b/login", "https://127.0.0.1:8000/"} {
		base, err := weburl.Parse(site)
		if err != nil {
			t.Fatal(err)
		}
		texts := weburl.Targets(1, 50_000, base.Host)
		for i := range texts {
			texts[i] = strings.ToValidUTF8(texts[i], "\ufffd")
		}
		in, err := json.Marshal(texts)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(node, "-e", ask, site)
		cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		var answers []string
		if err := json.Unmarshal(out, &answers); err != nil {
			t.Fatal(err)
		}
		own := base.Scheme + ": " + base.Host
		here, away, invalid := 0, 0, 0
		for i, text := range texts {
			got := ""
			u, err := base.Resolve(text)
			if err == nil {
				got = u.Scheme + ": " + u.Host
			}
			switch got {
			case own:
				here++
			case "":
				invalid++
			default:
				away++
			}
			if strings.ContainsFunc(u.Host, func(c rune) bool { return c > '~' }) && answers[i] == own {
				continue // IDNA maps it, which Resolve leaves alone
			}
			if (got == own) != (answers[i] == own) || plain.MatchString(got) && answers[i] != got {
				t.Errorf("%q at %s: got %q, node %q", text, site, got, answers[i])
			}
		}
		if min(here, away, invalid) < 1000 {
			t.Errorf("%d stay, %d go, %d are invalid: some kind is hardly there", here, away, invalid)
		}
		t.Logf("%s: %d stay, %d go, %d are invalid", site, here, away, invalid)
	}
}
