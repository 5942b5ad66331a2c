package djsession_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// core are the packages that import only the standard library and each other, and so do
// their tests: a program that uses one engine does not get another engine's driver.
var core = []string{
	"signer", "serializer", "serializer/pickle", "fixtures",
	"djsession", "djsession/memstore", "djsession/storetest", "djsession/cookiestore",
	"djcache", "djsession/cachestore", "djsession/cacheddbstore", "djsession/movingstore",
	"djauth", "djauth/presets", "djauth/userstest", "djcsrf", "djmessages", "djsettings",
	"internal/base62", "internal/httpcookie", "internal/waitlock", "internal/inflate", "internal/deflate", "internal/djangodb", "internal/sqldb", "internal/cachevalue", "internal/testkit/testserver",
	"internal/pyliteral", "internal/errtext", "internal/venv", "internal/testkit/interleave", "internal/testkit/visit",
}

// engines are packages with what each may import besides the core: a driver or client,
// and all that it needs.
var engines = map[string]string{
	"internal/probe":       "",
	"djsession/dbstore":    "",
	"djcache/dbcache":      "",
	"djauth/dbusers":       "",
	"djauth/pgxusers":      "github.com/jackc/pgx/v5 github.com/jackc/pgpassfile github.com/jackc/pgservicefile github.com/jackc/puddle/v2 golang.org/x/text golang.org/x/sync",
	"djsessiontest":        "",
	"djauth/hashers":       "golang.org/x/crypto golang.org/x/sys/cpu",
	"djcache/locmem":       "",
	"djcache/filecache":    "golang.org/x/sys",
	"djcache/memcached":    "github.com/bradfitz/gomemcache",
	"djsession/redisstore": "github.com/redis/go-redis/v9 github.com/cespare/xxhash/v2 go.uber.org/atomic golang.org/x/sys/cpu",
	"djcache/rediscache":   "github.com/redis/go-redis/v9 github.com/cespare/xxhash/v2 go.uber.org/atomic golang.org/x/sys/cpu github.com/klauspost/compress github.com/pierrec/lz4/v4 github.com/ulikunitz/xz",
	"djsession/filestore":  "golang.org/x/sys",
	"djsession/pgxstore":   "github.com/jackc/pgx/v5 github.com/jackc/pgpassfile github.com/jackc/pgservicefile github.com/jackc/puddle/v2 golang.org/x/text golang.org/x/sync",
}

const module = "github.com/go-djsession/go-djsession/"

func TestDependencies(t *testing.T) {
	args := []string{"list", "-deps", "-test", "-f", `{{if not .Standard}}{{.ImportPath}}{{"\t"}}{{join .Deps "\t"}}{{end}}`}
	for _, pkg := range core {
		args = append(args, module+pkg)
	}
	for pkg := range engines {
		args = append(args, module+pkg)
	}
	out, err := exec.Command("go", args...).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	deps := map[string][]string{} // without the standard library
	for line := range strings.Lines(string(out)) {
		list := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		deps[list[0]] = list[1:]
	}
	check := func(pkg, allowed, with string) {
		list, ok := deps[module+pkg+with]
		if !ok && with == "" {
			t.Errorf("go list knows no %s", pkg)
		}
	next:
		for _, dep := range list {
			if _, ok := deps[dep]; !ok || strings.HasPrefix(dep, module) {
				continue
			}
			for prefix := range strings.FieldsSeq(allowed) {
				if strings.HasPrefix(dep, prefix) {
					continue next
				}
			}
			t.Errorf("%s%s imports %s", pkg, with, dep)
		}
	}
	for _, pkg := range core {
		check(pkg, "", "")
		check(pkg, "", ".test") // if it has tests
	}
	for pkg, allowed := range engines {
		check(pkg, allowed, "")
	}
}

// A program that reads a site's settings and has its own engine needs only the standard
// library.
func TestReadingApart(t *testing.T) {
	dir := t.TempDir()
	const program = `package main

import (
	"os"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/djsettings"
)

func main() {
	set, err := djsettings.Read(os.Stdin, nil)
	if err != nil {
		panic(err)
	}
	in, err := set.Session()
	if err != nil {
		panic(err)
	}
	site, err := djsession.NewSite(in)
	if err != nil {
		panic(err)
	}
	djsession.New(dbstore.New(site, nil, dbstore.SQLite, nil))
}
`
	file := filepath.Join(dir, "main.go")
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", os.DevNull, file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	for dep := range strings.FieldsSeq(string(out)) {
		if dep != "command-line-arguments" && !strings.HasPrefix(dep, module) {
			t.Errorf("the program needs %s", dep)
		}
	}
}
