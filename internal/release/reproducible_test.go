//go:build release

package release

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var full = flag.Bool("full", false, "build for all systems of a release, without a shared cache")

// TestReproducible builds the program twice, from two clones in two folders, with the flags of
// .goreleaser.yaml: the bytes are equal, and hold neither folder.
func TestReproducible(t *testing.T) {
	targets := []string{"windows/amd64"} // its packages are those that `make cross` has built
	if *full {
		targets = nil
		for _, system := range systems(t) {
			for _, arch := range list(t, "goarch") {
				targets = append(targets, system+"/"+arch)
			}
		}
	}
	modules, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	var clones, caches [2]string
	for i, name := range []string{"one", "another folder"} {
		clones[i], caches[i] = filepath.Join(t.TempDir(), name), os.Getenv("GOCACHE")
		if *full {
			caches[i] = t.TempDir()
		}
		if out, err := exec.Command("git", "clone", "-q", "--shared", root, clones[i]).CombinedOutput(); err != nil {
			t.Fatalf("git clone: %v\n%s", err, out)
		}
	}
	for _, target := range targets {
		t.Run(target, func(t *testing.T) {
			system, arch, _ := strings.Cut(target, "/")
			var sums [2]string
			for i, clone := range clones {
				program := filepath.Join(t.TempDir(), "djsession")
				args := append([]string{"build", "-o", program, "-ldflags", strings.Join(list(t, "ldflags"), " ")}, list(t, "flags")...)
				cmd := exec.Command("go", append(args, "./cmd/djsession")...)
				cmd.Dir = clone
				cmd.Env = append(os.Environ(), "GOFLAGS=", "GOOS="+system, "GOARCH="+arch)
				cmd.Env = append(cmd.Env, list(t, "env")...)
				if caches[i] != "" {
					cmd.Env = append(cmd.Env, "GOCACHE="+caches[i])
				}
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("go build: %v\n%s", err, out)
				}
				text, err := os.ReadFile(program)
				if err != nil {
					t.Fatal(err)
				}
				for _, dir := range append(clones[:], strings.TrimSpace(string(modules))) {
					if strings.Contains(string(text), dir) {
						t.Errorf("the program holds the name of the folder %s", dir)
					}
				}
				if !strings.Contains(string(text), "vcs.revision=") {
					t.Error("the program does not hold its revision")
				}
				sums[i] = fmt.Sprintf("%x", sha256.Sum256(text))
				t.Logf("%s %s, %d bytes", sums[i], target, len(text))
			}
			if sums[0] != sums[1] {
				t.Error("two builds differ")
			}
		})
	}
}
