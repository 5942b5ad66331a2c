package release

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	module = "github.com/go-djsession/go-djsession"
	root   = "../.."
)

// read returns a file of the repository.
func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// list returns the values of the one-line list behind name in .goreleaser.yaml.
func list(t *testing.T, name string) []string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^ *` + name + `: \[(.*)\]$`).FindStringSubmatch(read(t, ".goreleaser.yaml"))
	if found == nil {
		t.Fatalf(".goreleaser.yaml has no list %s", name)
	}
	return strings.Split(found[1], ", ")
}

// systems returns the systems that a release is built for.
func systems(t *testing.T) []string { return list(t, "goos") }
