package release

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestWorkflows: the actions are pinned by a commit, and what the workflows call is there.
// actionlint, in `make lint`, checks their syntax.
func TestWorkflows(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, ".github/workflows/*.yml"))
	if err != nil || len(files) < 3 {
		t.Fatalf("got %q, %v", files, err)
	}
	pinned := regexp.MustCompile(`^[a-z-]+/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
		if !strings.Contains(string(text), "\npermissions:\n  contents: read\n") {
			t.Errorf("%s: its jobs may write", file)
		}
		for _, m := range regexp.MustCompile(`(?m)uses: (.*)$`).FindAllStringSubmatch(string(text), -1) {
			if local, ok := strings.CutPrefix(m[1], "./"); ok {
				read(t, local)
			} else if !pinned.MatchString(m[1]) {
				t.Errorf("%s: %s is not pinned by a commit", file, m[1])
			}
		}
	}
	// The commands that run, and what the nightly's matrix hands to .ci/nightly.
	targets := regexp.MustCompile(`(?m)^([a-z0-9]+):`).FindAllStringSubmatch(read(t, "Makefile"), -1)
	known := map[string]bool{}
	for _, m := range targets {
		known[m[1]] = true
	}
	matrix := regexp.MustCompile(`target: \[(.*)\]`).FindStringSubmatch(all.String())
	if matrix == nil {
		t.Fatal("no matrix of targets")
	}
	called := strings.Split(matrix[1], ", ")
	for _, m := range regexp.MustCompile(`make ([a-z0-9]+)`).FindAllStringSubmatch(all.String()+read(t, ".ci/run"), -1) {
		called = append(called, m[1])
	}
	for _, target := range called {
		if !known[target] {
			t.Errorf("the Makefile has no target %s", target)
		}
	}
	for _, m := range regexp.MustCompile(`\.ci/[a-z]+`).FindAllString(all.String()+read(t, ".goreleaser.yaml")+read(t, "Makefile"), -1) {
		if info, err := os.Stat(filepath.Join(root, m)); err != nil || info.Mode()&0o111 == 0 {
			t.Errorf("%s cannot be run: %v", m, err)
		}
	}
	for _, long := range []string{"faults", "soak", "sites", "bench"} {
		if !strings.Contains(", "+matrix[1]+",", ", "+long+",") {
			t.Errorf("nobody runs make %s by night", long)
		}
	}
}

// TestDependabot: it looks at every module.
func TestDependabot(t *testing.T) {
	text := read(t, ".github/dependabot.yml")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")) {
			return filepath.SkipDir
		}
		if d.Name() == "go.mod" {
			dir, err := filepath.Rel(root, filepath.Dir(path))
			if err != nil {
				return err
			}
			if want := `"/` + strings.TrimPrefix(filepath.ToSlash(dir), ".") + `"`; !strings.Contains(text, want) {
				t.Errorf("dependabot.yml has no %s", want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestChangelog: the first section is that of a version with its date, or of what is not
// released yet. .ci/notes finds it.
func TestChangelog(t *testing.T) {
	heading := regexp.MustCompile(`(?m)^## .*$`).FindString(read(t, "CHANGELOG.md"))
	if !regexp.MustCompile(`^## (Unreleased|v\d+\.\d+\.\d+(-\S+)? - \d{4}-\d\d-\d\d)$`).MatchString(heading) {
		t.Errorf("got the heading %q", heading)
	}
}
