package docs_test

import (
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// quoted are the texts of errors that a page shows: lines that begin with ">", and the first
// cell of a row in backticks that begins with the name of a package.
var (
	quoted    = regexp.MustCompile(`(?m)^> (.+)$`)
	errorCell = regexp.MustCompile("(?m)^\\| `([a-z]+: [^`]+)` \\|")
)

// literals are the texts in the Go code of this module, without its tests. Texts that "+"
// joins are one.
func literals(t *testing.T) []string {
	t.Helper()
	var found []string
	err := fs.WalkDir(os.DirFS(".."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && (name == "testdata" || name == "compat_test" || strings.HasPrefix(name, ".") && name != ".") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile("../" + path)
		if err != nil {
			return err
		}
		var s scanner.Scanner
		set := token.NewFileSet()
		s.Init(set.AddFile(path, set.Base(), len(text)), text, nil, 0)
		joined := false
		for {
			_, tok, lit := s.Scan()
			switch {
			case tok == token.EOF:
				return nil
			case tok == token.STRING:
				value, err := strconv.Unquote(lit)
				if err != nil {
					return err
				}
				if joined {
					found[len(found)-1] += value
				} else {
					found = append(found, value)
				}
				joined = false
			default:
				joined = tok == token.ADD && len(found) > 0
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestQuotedErrors: each error that troubleshooting.md quotes is one that the code has.
func TestQuotedErrors(t *testing.T) {
	page, texts := string(read(t, "troubleshooting.md")), strings.Join(literals(t), "\x00")
	count := 0
	for _, pattern := range []*regexp.Regexp{quoted, errorCell} {
		for _, m := range pattern.FindAllStringSubmatch(page, -1) {
			count++
			if !strings.Contains(texts, m[1]) {
				t.Errorf("no code has the text %q", m[1])
			}
		}
	}
	if count < 30 {
		t.Errorf("found %d quoted texts, want at least 30: does the test still know how they look?", count)
	}
	t.Logf("quoted texts: %d", count)
}
