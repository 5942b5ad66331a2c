package djsession_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// makers are the packages whose constructors make an engine, a cache or a table of users.
var makers = []string{
	"djsession/dbstore", "djsession/pgxstore", "djsession/filestore", "djsession/cookiestore", "djsession/redisstore",
	"djsession/cachestore", "djsession/cacheddbstore", "djsession/movingstore", "djsession/memstore",
	"djcache/rediscache", "djcache/memcached", "djcache/dbcache", "djcache/filecache", "djcache/locmem",
	"djauth/dbusers", "djauth/pgxusers",
}

// opener is the only package that calls them.
const opener = "djsite"

// TestOneRoad checks that, outside of tests and examples, only djsite makes engines,
// caches and tables of users. Other packages must open a site.
func TestOneRoad(t *testing.T) {
	isMaker := map[string]bool{}
	for _, pkg := range makers {
		isMaker[module+pkg] = true
	}
	called := map[string]bool{}
	walkCode(t, func(file string, tree *ast.File, files *token.FileSet) {
		names := map[string]string{} // of the imported makers
		for _, imp := range tree.Imports {
			pkg, err := strconv.Unquote(imp.Path.Value)
			if err != nil || !isMaker[pkg] {
				continue
			}
			name := path.Base(pkg)
			if imp.Name != nil {
				name = imp.Name.Name
			}
			names[name] = strings.TrimPrefix(pkg, module)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != "New" && sel.Sel.Name != "NewSharded" {
				return true
			}
			x, ok := sel.X.(*ast.Ident)
			pkg := ""
			if ok {
				pkg = names[x.Name]
			}
			switch dir := path.Dir(file); {
			case pkg == "":
			case dir == opener:
				called[pkg] = true
			default:
				t.Errorf("%s calls %s.%s: only %s makes engines", files.Position(sel.Pos()), pkg, sel.Sel.Name, opener)
			}
			return true
		})
	})
	// djsite never makes these: they are in memory, or the program puts them together.
	notOpened := map[string]bool{"djsession/memstore": true, "djcache/locmem": true, "djsession/movingstore": true}
	for _, pkg := range makers {
		if called[pkg] == notOpened[pkg] {
			t.Errorf("%s is made by %s: %v", pkg, opener, called[pkg])
		}
	}
}

// walkCode parses all code of the module except tests and examples. File names are
// relative to the module's folder.
func walkCode(t *testing.T, visit func(file string, tree *ast.File, files *token.FileSet)) {
	t.Helper()
	const root = ".."
	n := 0
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		file, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		file = filepath.ToSlash(file)
		if d.IsDir() {
			if base := d.Name(); file != "." && (strings.HasPrefix(base, ".") || base == "testdata" || file == "examples") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		files := token.NewFileSet()
		tree, err := parser.ParseFile(files, file, text, 0)
		if err != nil {
			return err
		}
		n++
		visit(file, tree, files)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n < 200 {
		t.Errorf("got %d files", n)
	}
}
