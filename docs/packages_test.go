package docs_test

import (
	"go/ast"
	"go/build"
	"go/doc"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// source is a package of this module with its tests, as go doc and pkg.go.dev read it.
type source struct {
	path  string // "djsession/dbstore"
	doc   *doc.Package
	tests []*ast.File
	set   *token.FileSet
}

// sources returns the packages below the folders tops.
func sources(t *testing.T, tops ...string) []source {
	t.Helper()
	var found []source
	for _, top := range tops {
		err := fs.WalkDir(os.DirFS(".."), top, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return err
			}
			if name := d.Name(); name == "testdata" || strings.HasPrefix(name, ".") {
				return fs.SkipDir
			}
			s := source{path: path, set: token.NewFileSet()}
			names, err := filepath.Glob(filepath.Join("..", path, "*.go"))
			if err != nil {
				return err
			}
			var files []*ast.File
			for _, name := range names {
				if ok, err := build.Default.MatchFile(filepath.Dir(name), filepath.Base(name)); err != nil || !ok {
					continue // of another system
				}
				file, err := parser.ParseFile(s.set, name, nil, parser.ParseComments)
				if err != nil {
					return err
				}
				if strings.HasSuffix(name, "_test.go") {
					s.tests = append(s.tests, file)
				} else {
					files = append(files, file)
				}
			}
			if len(files) == 0 || files[0].Name.Name == "main" {
				return nil
			}
			if s.doc, err = doc.NewFromFiles(s.set, append(files, s.tests...), module+"/"+path); err != nil {
				return err
			}
			found = append(found, s)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// functions returns the exported functions of the package.
func (s source) functions() []string {
	var names []string
	for _, f := range s.doc.Funcs {
		names = append(names, f.Name)
	}
	for _, typ := range s.doc.Types {
		for _, f := range typ.Funcs {
			names = append(names, f.Name)
		}
	}
	return names
}

// entry is the name of a function with which a program begins to use a package.
var entry = regexp.MustCompile(`^(New|Open|Read(File)?$|From|Run|Detect)`)

// noEntry are functions whose name only looks so, and why no example must call them.
var noEntry = map[string]string{
	"NewListed":     "for those who write a Store or a Cache",
	"NewSecret":     "for those who write a password into settings",
	"FromScript":    "the default of an option",
	"NewDerivedKey": "for those who keep derived keys in a format of their own",
	"NewMessage":    "Add makes one",
	"NewNaive":      "a value",
	"NewDateTime":   "a value",
	"NewTimeDelta":  "a value",
	"FromManage":    "it runs a site's Python: examples/strangler calls it",
	"RunProbe":      "FromManage calls it",
	"fixtures.Read": "the functions beside it call it",
}

// TestPackageExamples: each package that others import has a package Example. Its file has
// only that, so that pkg.go.dev shows a whole program. Each entry point is called in an
// Example.
func TestPackageExamples(t *testing.T) {
	called, used, entries, without := map[string]bool{}, map[string]bool{}, 0, 0
	packages := sources(t, exported(t)...)
	for _, s := range packages {
		whole := false
		for _, file := range s.tests {
			examples := doc.Examples(file)
			for _, e := range examples {
				whole = whole || e.Name == "" && len(examples) == 1 && e.Play != nil
				ast.Inspect(e.Code, func(n ast.Node) bool {
					if sel, ok := n.(*ast.SelectorExpr); ok {
						if x, ok := sel.X.(*ast.Ident); ok {
							called[x.Name+"."+sel.Sel.Name] = true
						}
					}
					return true
				})
			}
		}
		if !whole {
			without++
			t.Errorf("%s has no package Example that is alone in its file and is a whole program", s.path)
		}
	}
	for _, s := range packages {
		for _, f := range s.functions() {
			name := s.doc.Name + "." + f
			switch {
			case !entry.MatchString(f):
			case noEntry[f] != "" || noEntry[name] != "":
				used[f], used[name] = true, true
			default:
				if entries++; !called[name] {
					t.Errorf("no Example calls %s of %s", f, s.path)
				}
			}
		}
	}
	for name := range noEntry {
		if !used[name] {
			t.Errorf("no package has the entry point %s", name)
		}
	}
	t.Logf("packages: %d, without a package Example: %d; entry points: %d", len(packages), without, entries)
}

// symbols are the exported names of a package, methods and fields as "Type.Name".
func symbols(dir string) map[string]bool {
	names := map[string]bool{}
	files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			continue
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				name := d.Name.Name
				if d.Recv != nil {
					name = receiver(d.Recv.List[0].Type) + "." + name
				}
				names[name] = true
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch spec := spec.(type) {
					case *ast.ValueSpec:
						for _, n := range spec.Names {
							names[n.Name] = true
						}
					case *ast.TypeSpec:
						names[spec.Name.Name] = true
						members(spec, func(member string) { names[spec.Name.Name+"."+member] = true })
					}
				}
			}
		}
	}
	return names
}

func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// members calls f with the fields of a struct and the methods of an interface.
func members(spec *ast.TypeSpec, f func(string)) {
	var list *ast.FieldList
	switch typ := spec.Type.(type) {
	case *ast.StructType:
		list = typ.Fields
	case *ast.InterfaceType:
		list = typ.Methods
	default:
		return
	}
	for _, field := range list.List {
		for _, n := range field.Names {
			f(n.Name)
		}
		if len(field.Names) == 0 {
			f(receiver(field.Type))
		}
	}
}

// bracketed is a text that is meant as a link to a name.
var bracketed = regexp.MustCompile(`\[(\*?(?:\w+(?:/\w+)*\.)?[A-Z]\w*(?:\.[A-Z]\w*)?)\](?:[^(:\[\w]|$)`)

// TestDocLinks: each [Name] in the documentation of a package is the name of something.
func TestDocLinks(t *testing.T) {
	known := map[string]map[string]bool{} // by import path
	links, dead := 0, 0
	for _, s := range sources(t, append(exported(t), "internal")...) {
		p := s.doc.Parser()
		own := symbols(filepath.Join("..", s.path))
		check := func(where, text string) {
			var walk func(texts []comment.Text)
			walk = func(texts []comment.Text) {
				for _, x := range texts {
					switch x := x.(type) {
					case comment.Plain:
						for _, m := range bracketed.FindAllStringSubmatch(string(x), -1) {
							if name := strings.TrimPrefix(m[1], "*"); own[name] {
								links++ // a field or a name of another system, which go doc does not link
								continue
							}
							links, dead = links+1, dead+1
							t.Errorf("%s, %s: nothing is called [%s]", s.path, where, m[1])
						}
					case *comment.Link:
						walk(x.Text)
					case *comment.DocLink:
						links++
						dir, inModule := strings.CutPrefix(x.ImportPath, module)
						switch {
						case x.ImportPath == "" || x.Name == "":
							continue
						case inModule:
							dir = filepath.Join("..", dir)
						case !strings.Contains(x.ImportPath, "."):
							dir = filepath.Join(build.Default.GOROOT, "src", x.ImportPath)
						default:
							continue // of another module
						}
						if known[dir] == nil {
							known[dir] = symbols(dir)
						}
						name := strings.TrimPrefix(strings.TrimPrefix(x.Recv, "*")+"."+x.Name, ".")
						if len(known[dir]) > 0 && !known[dir][name] {
							dead++
							t.Errorf("%s, %s: %s has no %s", s.path, where, x.ImportPath, name)
						}
					}
				}
			}
			var block func(blocks []comment.Block)
			block = func(blocks []comment.Block) {
				for _, b := range blocks {
					switch b := b.(type) {
					case *comment.Paragraph:
						walk(b.Text)
					case *comment.Heading:
						walk(b.Text)
					case *comment.List:
						for _, item := range b.Items {
							block(item.Content)
						}
					}
				}
			}
			block(p.Parse(text).Content)
		}
		check("the package", s.doc.Doc)
		values := func(list []*doc.Value) {
			for _, v := range list {
				check(strings.Join(v.Names, ", "), v.Doc)
				for _, spec := range v.Decl.Specs {
					if spec, ok := spec.(*ast.ValueSpec); ok {
						check(spec.Names[0].Name, spec.Doc.Text())
					}
				}
			}
		}
		funcs := func(list []*doc.Func) {
			for _, f := range list {
				check(f.Name, f.Doc)
			}
		}
		values(s.doc.Consts)
		values(s.doc.Vars)
		funcs(s.doc.Funcs)
		for _, typ := range s.doc.Types {
			check(typ.Name, typ.Doc)
			values(typ.Consts)
			values(typ.Vars)
			funcs(typ.Funcs)
			funcs(typ.Methods)
			ast.Inspect(typ.Decl, func(n ast.Node) bool {
				if field, ok := n.(*ast.Field); ok {
					check(typ.Name, field.Doc.Text())
				}
				return true
			})
		}
	}
	t.Logf("doc links: %d, dead: %d", links, dead)
}
