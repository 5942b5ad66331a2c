// Package docs_test checks README.md and the pages in docs: their Go code builds, their
// links lead somewhere, and the quick start does what it says.
package docs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const module = "github.com/go-djsession/go-djsession"

// pages returns the pages beside this file, those of the root and of the examples.
func pages(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("*.md")
	if err != nil || len(names) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	examples, err := filepath.Glob("../examples/*/README.md")
	if err != nil {
		t.Fatal(err)
	}
	names = append(names, examples...)
	return append(names, "../README.md", "../examples/README.md", "../SECURITY.md", "../CONTRIBUTING.md", "../DESIGN.md")
}

// block is the Go code between two fences, and the mark that stands above it.
type block struct {
	page string
	line int
	mark string // "" for none
	code string
}

var mark = regexp.MustCompile(`^<!-- (.*) -->$`)

// blocks returns the Go code of a page.
func blocks(t *testing.T, page string) []block {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var found []block
	lines := strings.Split(string(text), "\n")
	for i := 0; i < len(lines); i++ {
		if lines[i] != "```go" {
			continue
		}
		b := block{page: page, line: i + 1}
		if m := mark.FindStringSubmatch(lines[max(i-1, 0)]); m != nil {
			b.mark = m[1]
		}
		for i++; i < len(lines) && lines[i] != "```"; i++ {
			b.code += lines[i] + "\n"
		}
		found = append(found, b)
	}
	return found
}

// file is a Go file for the block. A block that begins with "package" is one. What is
// left are statements: the mark "in: func(...)" above them names the function that they
// are the body of, and the imports are found by the names that the code uses.
func (b block) file(t *testing.T, packages map[string]string) string {
	t.Helper()
	page, err := filepath.Abs(b.page)
	if err != nil {
		t.Fatal(err)
	}
	at := fmt.Sprintf("//line %s:%d\n", page, b.line+1) // where the compiler finds faults
	if strings.HasPrefix(b.code, "package ") {
		return at + b.code
	}
	signature, ok := strings.CutPrefix(b.mark, "in: func")
	if !ok {
		t.Errorf("%s:%d: a block of statements needs the mark <!-- in: func(...) --> above it", b.page, b.line)
		return "package p\n"
	}
	body := "func _" + signature + " {\n" + at + b.code + "}\n"
	parsed, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+body, 0)
	if err != nil {
		t.Errorf("%s:%d: %v", b.page, b.line, err)
		return "package p\n"
	}
	imports := map[string]bool{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && packages[x.Name] != "" {
				imports[packages[x.Name]] = true
			}
		}
		return true
	})
	var out strings.Builder
	out.WriteString("package p\n")
	for path := range imports {
		fmt.Fprintf(&out, "import %q\n", path)
	}
	return out.String() + body
}

// named maps the names of packages to their import paths: those of this module, and what
// the pages use of the standard library.
func named(t *testing.T) map[string]string {
	t.Helper()
	packages := map[string]string{}
	for _, path := range []string{"context", "database/sql", "errors", "fmt", "html/template", "log", "net/http", "os", "time"} {
		packages[path[strings.LastIndex(path, "/")+1:]] = path
	}
	root := os.DirFS("..")
	for _, top := range []string{"djauth", "djcache", "djcsrf", "djmessages", "djsession", "djsettings", "djsite", "serializer", "signer"} {
		err := fs.WalkDir(root, top, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() && d.Name() != "testdata" {
				packages[d.Name()] = module + "/" + path
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return packages
}

// TestCode: all Go code of the pages builds. The files exist for the go command only.
func TestCode(t *testing.T) {
	packages := named(t)
	replace := map[string]string{}
	dir := t.TempDir()
	overlay := filepath.Join(dir, "overlay.json")
	args := []string{"build", "-overlay", overlay}
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages(t) {
		for _, b := range blocks(t, page) {
			name := fmt.Sprintf("block%d", len(replace))
			file := filepath.Join(dir, name+".go")
			if err := os.WriteFile(file, []byte(b.file(t, packages)), 0o600); err != nil {
				t.Fatal(err)
			}
			replace[filepath.Join(here, "code", name, "main.go")] = file
			args = append(args, "./code/"+name)
		}
	}
	if len(replace) == 0 {
		t.Fatal("the pages have no Go code")
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

var link = regexp.MustCompile(`\]\(([^)#]*)(#[^)]*)?\)`)

// TestLinks: what the pages link to is there.
func TestLinks(t *testing.T) {
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range link.FindAllStringSubmatch(string(text), -1) {
			target := found[1]
			if target == "" || strings.Contains(target, "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), target)); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}

// TestPagesAreFound: README.md links to every page.
func TestPagesAreFound(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(readme, []byte("\n")); n > 200 {
		t.Errorf("README.md has %d lines, want at most 200: move what is long to docs", n)
	}
	for _, page := range pages(t) {
		if !strings.HasPrefix(page, "../") && !bytes.Contains(readme, []byte("(docs/"+page+")")) {
			t.Errorf("README.md does not link to docs/%s", page)
		}
	}
}
