package djsession_test

import (
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// without32 are the packages that `make core32` leaves out, with the reason.
var without32 = map[string]string{
	"compat_test": "starts real Djangos", "compat_test/options": "starts whole sites", "compat_test/judges": "starts real Djangos", "compat_test/csrf": "starts real Djangos", "compat_test/migrate": "starts real Djangos", "compat_test/pickle": "starts real Djangos",
	"fixtures/demo": "a site to be tried out", "internal/doctor": "starts servers and Djangos", "internal/prove": "starts Djangos",
	"internal/redisops/redistest": "starts servers for other tests", "internal/userstable/authsite": "starts sites for other tests", "internal/testkit/webdriver": "starts browsers",
	"compat_test/faults": "starts servers and kills them", "compat_test/fleet": "starts servers and Djangos", "compat_test/gate": "starts a Django, proxies and a browser", "compat_test/proxies": "starts servers and Djangos", "compat_test/sites": "starts published sites", "compat_test/users": "starts servers and Djangos", "internal/pgpool": "has no tests of its own", "internal/secret": "prints, and reads nothing",
	"internal/testkit/django": "starts Djangos", "internal/testkit/interleave": "for other tests", "internal/testkit/visit": "for other tests",
	"internal/pyobject": "constants", "internal/share": "counts", "internal/boxes": "tested by package serializer", "internal/pydict": "interfaces of package serializer", "internal/tagged": "prints by package serializer", "internal/visitor": "tested by package demo", "internal/weburl": "reads what other tests write", "docs": "builds the code of the pages", "internal/release": "reads this repository", "internal/probe": "a Python program; its tests start Djangos", "internal/report": "writes a page; its tests start a browser",
}

// Every package that reads bytes also runs on a 32-bit machine: it is in CORE32 of the
// Makefile, or in the list above with the reason. A package with a fuzz target must be in
// CORE32: it reads bytes.
func TestCore32(t *testing.T) {
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(makefile), "\\\n", " ")
	variable := func(name string) []string {
		_, rest, ok := strings.Cut(text, "\n"+name+" = ")
		if !ok {
			t.Fatalf("the Makefile has no %s", name)
		}
		line, _, _ := strings.Cut(rest, "\n")
		return strings.Fields(line)
	}
	if !strings.Contains(text, "GOARCH=386 go test -short $(CORE32)\n") {
		t.Error("core32 does not test CORE32")
	}
	listed := append(variable("CORE"), variable("CORE32")...)
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{.Dir}} {{join .TestGoFiles \" \"}} {{join .XTestGoFiles \" \"}}", module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	n := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pkg := strings.TrimPrefix(fields[0], module)
		n++
		in := slices.ContainsFunc(listed, func(pattern string) bool {
			under, ok := strings.CutSuffix(pattern, "/...")
			return pattern == "./"+pkg || ok && (under == "./"+pkg || strings.HasPrefix("./"+pkg, under+"/"))
		})
		reason := without32[pkg]
		if strings.HasPrefix(pkg, "examples/") {
			reason = "an example"
		}
		if in == (reason != "") {
			t.Errorf("%s: in core32 %v, left out because %q: want one", pkg, in, reason)
		}
		for _, name := range fields[2:] {
			source, err := os.ReadFile(path.Join(fields[1], name))
			if err != nil {
				t.Fatal(err)
			}
			if !in && strings.Contains(string(source), "\nfunc Fuzz") {
				t.Errorf("%s has a fuzz target and is not in core32", pkg)
			}
		}
	}
	if n < 40 {
		t.Errorf("got %d packages", n)
	}
}
