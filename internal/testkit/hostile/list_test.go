package hostile_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../../.."

// functionsOverValues returns the exported functions and methods of all packages that take
// or return a value of a session. Package serializer and those around it have a list of
// their own (serializer/walks_test.go).
func functionsOverValues(t *testing.T) map[string]bool {
	found := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		dir = filepath.ToSlash(dir)
		if e.IsDir() {
			skip := []string{"cmd", "compat_test", "docs", "examples", "fixtures", "internal/pydict", "internal/tagged", "internal/testkit", "serializer"}
			if slices.Contains(skip, dir) || dir != "." && strings.HasPrefix(e.Name(), ".") || e.Name() == "testdata" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir = strings.TrimSuffix(dir, "/"+e.Name())
		for _, decl := range file.Decls {
			if name, ok := overValues(decl); ok {
				found[dir+"."+name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// overValues returns the name of an exported function, or method of an exported type, that
// takes or returns a value: any, a type parameter, a type of package serializer, or what
// holds a Dict.
func overValues(decl ast.Decl) (string, bool) {
	f, ok := decl.(*ast.FuncDecl)
	if !ok || !f.Name.IsExported() {
		return "", false
	}
	name := f.Name.Name
	if f.Recv != nil {
		recv := f.Recv.List[0].Type
		if star, ok := recv.(*ast.StarExpr); ok {
			recv = star.X
		}
		of, ok := recv.(*ast.Ident)
		if !ok || !of.IsExported() {
			return "", false
		}
		name = of.Name + "." + name
	}
	values := []string{"any", "Record", "Item"}
	if f.Type.TypeParams != nil {
		for _, p := range f.Type.TypeParams.List {
			for _, n := range p.Names {
				values = append(values, n.Name)
			}
		}
	}
	found := false
	look := func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			pkg, _ := n.X.(*ast.Ident)
			if pkg != nil && pkg.Name == "serializer" {
				found = found || !slices.Contains([]string{"Serializer", "Limits", "JSON"}, n.Sel.Name)
			} else {
				found = found || n.Sel.Name == "Record" || n.Sel.Name == "Item"
			}
			return false
		case *ast.Ident:
			found = found || slices.Contains(values, n.Name)
		}
		return true
	}
	for _, list := range []*ast.FieldList{f.Type.Params, f.Type.Results} {
		if list != nil {
			for _, field := range list.List {
				ast.Inspect(field.Type, look)
			}
		}
	}
	return name, found
}
