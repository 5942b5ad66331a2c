package pickle_test

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// python returns an interpreter for a file of the corpus: of the same version of
// CPython, or with the same Django.
func python(t testing.TB, file string) string {
	t.Helper()
	if version, ok := strings.CutPrefix(file, "django"); ok {
		return django.Python(t, version)
	}
	version := strings.TrimPrefix(file, "cpython")
	// pyenv puts shims on the PATH that need not work.
	var candidates []string
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		candidates = append(candidates, filepath.Join(folder, "python"+version))
	}
	root := os.Getenv("PYENV_ROOT")
	if root == "" {
		home, _ := os.UserHomeDir()
		root = filepath.Join(home, ".pyenv")
	}
	installed, _ := filepath.Glob(filepath.Join(root, "versions", version+".*", "bin", "python"))
	for _, path := range append(candidates, installed...) {
		out, err := exec.Command(path, "-c", "import platform as p; print(p.python_implementation() + p.python_version())").Output()
		if err == nil && strings.HasPrefix(string(out), "CPython"+version+".") {
			return path
		}
	}
	testserver.Lacks(t, "no CPython "+version+" on the PATH or under pyenv")
	return ""
}

// pair is a pickle of CPython and one of ours, that should hold the same.
type pair struct {
	name      string
	want, got []byte
	alike     bool // texts need only be equal
}

//go:embed check.py
var check string

// TestLive has the Pythons that wrote the corpus read what we made of it: the
// session changed and written anew, its values written alone, and those with
// other protocols.
func TestLive(t *testing.T) {
	byFile := map[string][]pair{}
	var files []string
	for _, p := range corpus(t) {
		if !slices.Contains(files, p.file) {
			files = append(files, p.file)
		}
		add := func(how string, alike bool, got []byte, err error) {
			if err != nil {
				t.Errorf("%s %s: %v", p.name(), how, err)
				return
			}
			byFile[p.file] = append(byFile[p.file], pair{p.name() + " " + how, p.raw, got, alike})
		}
		v, err := pickle.Load(p.raw, nil)
		if err != nil {
			t.Errorf("%s: %v", p.name(), err)
			continue
		}
		newest := newestProtocol(p.file)
		for protocol := 2; protocol <= newest; protocol++ {
			if protocol < 4 && p.protocol >= 4 && p.vector == "new-args-ex" {
				continue // keyword arguments need protocol 4
			}
			got, err := pickle.Append(nil, v, &pickle.Options{Protocol: protocol})
			add(fmt.Sprint("as values with protocol ", protocol), true, got, err)
		}
		var s pickle.Serializer
		if d, err := s.Loads(p.raw); err == nil {
			got, err := s.Dumps(nil, d.With("added", nil).Without("added"))
			add("as a changed session", false, got, err)
		}
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			path, err := filepath.Abs("../../fixtures/gen")
			if err != nil {
				t.Fatal(err)
			}
			d := django.Start(t, django.Site{Interpreter: python(t, file), Bare: true, Code: check, Env: []string{"PYTHONPATH=" + path}})
			if strings.HasPrefix(file, "django") {
				d.Call(t, "setup", nil, nil)
			}
			for _, p := range byFile[file] {
				var differs *string
				if d.Call(t, "compare", django.Args{"want": p.want, "got": p.got, "alike": p.alike}, &differs); differs != nil {
					t.Errorf("%s: %s", p.name, *differs)
				}
			}
		})
	}
}

// newestProtocol returns the newest that the Python of a file knows.
func newestProtocol(file string) int {
	switch file {
	case "cpython2.7", "django1.11":
		return 2
	case "cpython3.6":
		return 4
	}
	return 5
}
