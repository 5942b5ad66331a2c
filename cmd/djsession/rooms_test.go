package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// others is what this package may import, besides the standard library and this module.
var others = []string{
	"github.com/spf13/cobra", "github.com/spf13/pflag",
	"github.com/redis/go-redis/v9/logging", // to silence it
}

// own is what this package may import of this module. It has no engines, caches and tables
// of users, because package djsite opens them.
var own = []string{
	"djauth", "djgate", "djmetrics", "djsession", "djsettings", "djsite", "serializer", "signer",
	"internal/console", "internal/payload", "internal/tagged",
	"internal/census", "internal/convert", "internal/demo", "internal/doctor", "internal/explain", "internal/gate", "internal/migrate", "internal/probe", "internal/prove", "internal/report", "internal/upkeep", "internal/venv", "internal/visitor",
}

// TestRooms: this package only reads flags, makes a call and prints. The work of a command
// is in a package that a test can call without flags and without a terminal.
func TestRooms(t *testing.T) {
	const module = "github.com/go-djsession/go-djsession"
	list := func(pattern, format string) (packages [][]string) {
		t.Helper()
		out, err := exec.Command("go", "list", "-f", format, pattern).Output()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(out)) {
			packages = append(packages, strings.Fields(line))
		}
		return packages
	}
	all := list(module+"/...", `{{.ImportPath}} {{join .Imports " "}} {{join .TestImports " "}} {{join .XTestImports " "}}`)
	for _, pkg := range all {
		for _, imported := range pkg[1:] {
			if strings.HasPrefix(imported, "github.com/spf13/") && pkg[0] != module+"/cmd/djsession" {
				t.Errorf("%s imports %s", pkg[0], imported)
			}
		}
	}
	if len(all) < 40 {
		t.Errorf("got %d packages", len(all))
	}
	here := list(module+"/cmd/djsession", `{{join .Imports " "}}`)[0]
	for _, imported := range here {
		name, is := strings.CutPrefix(imported, module+"/")
		switch external := strings.Contains(strings.SplitN(imported, "/", 2)[0], "."); {
		case is && !slices.Contains(own, name), !is && external && !slices.Contains(others, imported),
			slices.Contains([]string{"database/sql", "net/http", "os/exec"}, imported):
			t.Errorf("the command imports %s, so it does some work itself", imported)
		}
	}
	for _, room := range own {
		if !slices.Contains(here, module+"/"+room) {
			t.Errorf("%s is not imported any more", room)
		}
	}
}
