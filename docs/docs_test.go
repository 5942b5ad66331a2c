// Package docs_test checks README.md and the pages in docs: their code builds or runs,
// their links lead somewhere, and the texts of errors in them are those of the code.
package docs_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

func TestMain(m *testing.M) { os.Exit(testserver.Run(m)) }

const module = "github.com/go-djsession/go-djsession"

var function = regexp.MustCompile(`^in: func(?: (\w+))?(\(.*)$`)

// file is a Go file for the block. A block that begins with "package" is one. What is
// left are statements: the mark "in: func(...)" above them names the function that they
// are the body of, and the imports are found by the names that the code uses. The
// functions of a page that have a name are one program, and the others are each alone.
func (b block) file(t *testing.T, packages map[string]string) (dir, text string) {
	t.Helper()
	page, err := filepath.Abs(b.page)
	if err != nil {
		t.Fatal(err)
	}
	at := fmt.Sprintf("//line %s:%d\n", page, b.line+1) // where the compiler finds faults
	if formatted, err := format.Source([]byte(b.code)); err != nil || string(formatted) != b.code {
		t.Errorf("%s:%d: gofmt would change the block (%v)", b.page, b.line, err)
	}
	if strings.HasPrefix(b.code, "package ") {
		return "", at + b.code
	}
	m := function.FindStringSubmatch(b.mark)
	if m == nil {
		t.Errorf("%s:%d: a block of statements needs the mark <!-- in: func(...) --> above it", b.page, b.line)
		return "", "package p\n"
	}
	pkg, name := "p", "_"
	if m[1] != "" {
		pkg, name, dir = "main", m[1], strings.TrimSuffix(filepath.Base(b.page), ".md")
	}
	body := "func " + name + m[2] + " {\n" + at + b.code + "}\n"
	parsed, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+body, 0)
	if err != nil {
		t.Errorf("%s:%d: %v", b.page, b.line, err)
		return "", "package p\n"
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
	out.WriteString("package " + pkg + "\n")
	for path := range imports {
		fmt.Fprintf(&out, "import %q\n", path)
	}
	return dir, out.String() + body
}

// named maps the names of packages to their import paths: those of this module, and what
// the pages use of others.
func named(t *testing.T) map[string]string {
	t.Helper()
	packages := map[string]string{"websocket": "github.com/coder/websocket", "redis": "github.com/redis/go-redis/v9"}
	for _, path := range []string{
		"context", "database/sql", "encoding/json", "errors", "fmt", "html/template", "log", "net/http", "net/http/httputil", "net/url",
		"os", "strings", "testing", "time",
	} {
		packages[path[strings.LastIndex(path, "/")+1:]] = path
	}
	root := os.DirFS("..")
	for _, top := range exported(t) {
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

// exported returns the folders with the packages that others import.
func exported(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	var tops []string
	for _, e := range entries {
		if name := e.Name(); e.IsDir() && !strings.HasPrefix(name, ".") &&
			!slices.Contains([]string{"cmd", "compat_test", "docs", "examples", "internal", "dist"}, name) {
			tops = append(tops, name)
		}
	}
	return tops
}

// overlay writes the Go code of the pages as files that exist for the go command only. It
// returns the flags for that, the packages, and how many blocks they are made of.
func overlay(t *testing.T) (flag string, pkgs []string, count int) {
	t.Helper()
	packages, replace, dir := named(t), map[string]string{}, t.TempDir()
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	add := func(pkg, name, text string) {
		if text != "" {
			file := filepath.Join(dir, pkg+"-"+name)
			write(t, file, []byte(text))
			replace[filepath.Join(here, "code", pkg, name)] = file
		}
		if path := "./code/" + pkg; !slices.Contains(pkgs, path) {
			pkgs = append(pkgs, path)
		}
	}
	for _, b := range all(t) {
		if b.lang != "go" {
			continue
		}
		pkg, text := b.file(t, packages)
		if count++; pkg == "" {
			add(fmt.Sprintf("block%d", count), "main.go", text)
			continue
		}
		add(pkg, fmt.Sprintf("block%d.go", count), text)
		add(pkg, "main.go", string(read(t, filepath.Join("testdata", pkg+".go")))) // tries them
	}
	if count == 0 {
		t.Fatal("the pages have no Go code")
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "overlay.json"), text)
	return "-overlay=" + filepath.Join(dir, "overlay.json"), pkgs, count
}

// TestCode: all Go code of the pages builds. Other tests link and run the programs.
func TestCode(t *testing.T) {
	flag, pkgs, count := overlay(t)
	out, err := exec.Command("go", append([]string{"list", "-export", flag}, pkgs...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("blocks of Go: %d, built: %d", count, count)
}

// TestRecipes runs the recipes of cookbook.md.
func TestRecipes(t *testing.T) {
	if testing.Short() {
		t.Skip("links a program")
	}
	flag, _, _ := overlay(t)
	dir := t.TempDir()
	demoSite(t, dir)
	binary := filepath.Join(dir, "recipes.exe")
	if out, err := exec.Command("go", "build", flag, "-o", binary, "./code/cookbook").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	recipes := 0
	for _, b := range all(t) {
		if m := function.FindStringSubmatch(b.mark); m != nil && m[1] != "" {
			recipes++
		}
	}
	t.Logf("recipes run: %d", recipes)
	out, err := exec.Command(binary, filepath.Join(dir, "site.settings")).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "all recipes work") {
		t.Fatalf("%v\n%s", err, out)
	}
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
