package release

import (
	"flag"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write THIRD_PARTY.md anew")

// licences are those that a dependency may have. Each is known by words of its text.
var licences = map[string]*regexp.Regexp{
	"MIT":           regexp.MustCompile(`Permission is hereby granted, free of charge,`),
	"BSD-2-Clause":  regexp.MustCompile(`Redistributions in binary form must`),
	"BSD-3-Clause":  regexp.MustCompile(`endorse\s+or\s+promote`),
	"Apache-2.0":    regexp.MustCompile(`Apache License\s+Version 2\.0`),
	"MPL-2.0":       regexp.MustCompile(`Mozilla Public License Version 2\.0`),
	"public domain": regexp.MustCompile(`dedicated to the public\s+domain`),
}

// refused are words of licences that would reach further than the dependency itself.
var refused = regexp.MustCompile(`GENERAL PUBLIC LICENSE|Server Side Public License|Business Source License|Commons Clause`)

// noLicence are files with the name of a licence that hold none.
var noLicence = map[string]string{
	"modernc.org/memory LICENSE-LOGO":            "the address of a picture",
	"github.com/prometheus/client_golang NOTICE": "names of authors",
	"github.com/prometheus/client_model NOTICE":  "names of authors",
	"github.com/prometheus/common NOTICE":        "names of authors",
	"github.com/prometheus/procfs NOTICE":        "names of authors",
}

// kinds returns the licences in a text.
func kinds(text string) []string {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(licences)) {
		if licences[name].MatchString(text) {
			found = append(found, name)
		}
	}
	if slices.Contains(found, "BSD-3-Clause") { // which has all words of the shorter one
		found = slices.DeleteFunc(found, func(name string) bool { return name == "BSD-2-Clause" })
	}
	return found
}

// modules returns the folders of the modules that a program with any package of this one, built
// for any system that a release is built for, can contain.
func modules(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, system := range systems(t) {
		cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}{{end}}{{end}}", module+"/...")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list for %s: %v", system, err)
		}
		for line := range strings.Lines(string(out)) {
			if path, dir, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
				found[path] = dir
			}
		}
	}
	return found
}

// TestLicences: every module in a program has a licence of an allowed kind, and THIRD_PARTY.md
// lists it: go test ./internal/release -update.
func TestLicences(t *testing.T) {
	var page strings.Builder
	page.WriteString(thirdParty)
	found := modules(t)
	for _, path := range slices.Sorted(maps.Keys(found)) {
		files, err := filepath.Glob(filepath.Join(found[path], "[LCN][IO][CPT][EYI][NIC]*")) // LICENSE, LICENCE, COPYING, NOTICE
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]bool{}
		for _, file := range files {
			name := filepath.Base(file)
			if noLicence[path+" "+name] != "" {
				delete(noLicence, path+" "+name)
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			these := kinds(string(text))
			if strings.HasPrefix(name, "NOTICE") && len(these) == 0 && !refused.Match(text) {
				continue // it names people, and needs no licence of its own
			}
			if word := refused.FindString(string(text)); word != "" || len(these) == 0 {
				t.Errorf("%s: %s has the licences %q and the words %q: none of them is allowed", path, name, these, word)
			}
			for _, one := range these {
				all[one] = true
			}
		}
		if len(all) == 0 {
			t.Errorf("%s has no licence", path)
		}
		page.WriteString("| [" + path + "](https://pkg.go.dev/" + path + ") | " + strings.Join(slices.Sorted(maps.Keys(all)), ", ") + " |\n")
	}
	for name := range noLicence {
		t.Errorf("there is no %s any more", name)
	}
	file := filepath.Join(root, "THIRD_PARTY.md")
	if *update {
		if err := os.WriteFile(file, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(file); err != nil || string(want) != page.String() {
		t.Errorf("THIRD_PARTY.md differs from what go list says; run go test ./internal/release -update (%v)", err)
	}
}

const thirdParty = `# Licences of dependencies

These modules are in programs that use all packages of this module, as the command djsession does.
A program with fewer packages has fewer of them. The archives of a release have the texts of all
licences in their folder licenses, and an SBOM lists the versions. Go's own standard library has
the licence BSD-3-Clause.

A test writes this page. It fails for a module without a licence, or with one of another kind.

| module | licences of its parts |
|---|---|
`

// TestKinds: the words of a licence are found, and others are not taken for it.
func TestKinds(t *testing.T) {
	for text, want := range map[string][]string{
		"": nil, "All rights reserved.": nil,
		"GNU GENERAL PUBLIC LICENSE":                       nil,
		"1. Redistributions in binary form must reproduce": {"BSD-2-Clause"},
		"Redistributions in binary form must\nNeither the name of X\nmay be used to endorse or promote": {"BSD-3-Clause"},
		"   Apache License\n     Version 2.0, January 2004":                                             {"Apache-2.0"},
	} {
		if got := kinds(text); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{"GNU AFFERO GENERAL PUBLIC LICENSE", "Server Side Public License"} {
		if !refused.MatchString(text) {
			t.Errorf("%q is allowed", text)
		}
	}
}
