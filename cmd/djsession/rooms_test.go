package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestRooms: the command line is this package's alone. What does the work of a command is
// a package that a test can call without flags and without a terminal.
func TestRooms(t *testing.T) {
	const module = "github.com/go-djsession/go-djsession"
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}{{range .TestImports}} {{.}}{{end}}{{range .XTestImports}} {{.}}{{end}}`, module+"/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		packages++
		for _, imported := range fields[1:] {
			if strings.HasPrefix(imported, "github.com/spf13/") && fields[0] != module+"/cmd/djsession" {
				t.Errorf("%s imports %s", fields[0], imported)
			}
		}
	}
	if packages < 40 {
		t.Errorf("got %d packages", packages)
	}
}
