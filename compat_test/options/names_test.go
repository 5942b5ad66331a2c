// Package options_test checks that each option of each Python client is used, refused or warned about: the tables of
// internal/pyclients against the clients' own signatures, and the options that are used beside real Djangos.
package options_test

import (
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/pyclients"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

var (
	update = flag.Bool("update", false, "write the tables of docs/options.md anew")
	python = flag.String("python", "", "look at the clients of this Python only")
)

func TestMain(m *testing.M) { os.Exit(testserver.Run(m)) }

//go:embed names.py
var script string

// row has the names of one client for one table.
type row struct {
	table, source string
	names         []string
}

func (r *row) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&r.table, &r.source, &r.names})
}

// environments are the virtual environments of setup.sh; the last one has the clients that
// no Django there needs.
var environments = []string{"django1.8", "django1.11", "django2.2", "django3.2", "django4.2", "django5.2", "django6.1", "clients"}

// venvs is the folder of the virtual environments.
func venvs() string { return filepath.Dir(filepath.Dir(filepath.Dir(django.Interpreter("5.2")))) }

// namesOf runs the script in a Python.
func namesOf(t *testing.T, interpreter string) (rows []row) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), interpreter, "-")
	cmd.Stdin = strings.NewReader(script)
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	out, err := cmd.Output()
	if exit, ok := err.(*exec.ExitError); ok {
		t.Fatalf("%v: %s", err, exit.Stderr)
	}
	if err == nil {
		err = json.Unmarshal(out, &rows)
	}
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// Each option that a client has is in the table of its place.
func TestEveryOption(t *testing.T) {
	tables := map[string]*pyclients.Table{}
	for _, table := range pyclients.Tables() {
		tables[table.Name] = table
	}
	var rows []row
	if *python != "" {
		rows = namesOf(t, *python)
	} else {
		for _, env := range environments {
			interpreter := filepath.Join(venvs(), env, "bin", "python")
			if _, err := os.Stat(interpreter); err != nil {
				testserver.Lacks(t, "there is no environment "+env+": run compat_test/setup.sh venvs")
			}
			rows = append(rows, namesOf(t, interpreter)...)
		}
	}
	seen := map[string]map[string]bool{}    // names by table
	sources := map[string]map[string]bool{} // clients by table
	silent := 0
	for _, r := range rows {
		table := tables[r.table]
		if table == nil {
			t.Fatalf("%s: there is no table %q", r.source, r.table)
		}
		if seen[r.table] == nil {
			seen[r.table], sources[r.table] = map[string]bool{}, map[string]bool{}
		}
		sources[r.table][client(r.source)] = true
		for _, name := range r.names {
			if _, ok := table.Option(name); !ok && !seen[r.table][name] {
				silent++
				t.Errorf("%s: the option %s of %s is in no table", r.table, name, r.source)
			}
			seen[r.table][name] = true
		}
	}
	var b strings.Builder
	fmt.Fprintln(&b, "| options of | clients | names | used | refused | passed over, with a Warning | silent |")
	fmt.Fprintln(&b, "|---|---|---|---|---|---|---|")
	total := map[pyclients.Fate]int{}
	for _, table := range pyclients.Tables() {
		n := map[pyclients.Fate]int{}
		for name := range seen[table.Name] {
			o, _ := table.Option(name)
			n[o.Fate]++
			total[o.Fate]++
		}
		if len(seen[table.Name]) == 0 {
			continue
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %d | %d |\n", table.Name, strings.Join(slices.Sorted(maps.Keys(sources[table.Name])), ", "),
			len(seen[table.Name]), n[pyclients.Used], n[pyclients.Refused], n[pyclients.Passed], n[0])
	}
	fmt.Fprintf(&b, "| **all** | | %d | %d | %d | %d | %d |\n", total[pyclients.Used]+total[pyclients.Refused]+total[pyclients.Passed]+silent,
		total[pyclients.Used], total[pyclients.Refused], total[pyclients.Passed], silent)
	t.Log("\n" + b.String())
	if *python == "" {
		document(t, "counts", b.String())
	}
}

// client drops the class from a source: "redis 7.4.1 Connection".
func client(source string) string {
	words := strings.Fields(source)
	if words[0] == "libpq" || len(words) < 2 || strings.HasPrefix(words[1], "of") {
		return strings.Split(source, ",")[0]
	}
	return strings.TrimSuffix(words[0]+" "+words[1], ",")
}

// The page lists what the tables say.
func TestPage(t *testing.T) {
	var b strings.Builder
	for _, table := range pyclients.Tables() {
		fmt.Fprintf(&b, "### %s\n\n", table.Name)
		by := map[string][]string{}
		for _, name := range table.Names() {
			o, _ := table.Option(name)
			line := ""
			switch o.Fate {
			case pyclients.Refused:
				line = "Refused, because it " + o.Why
				if o.Cure != "" {
					line += " (cure: " + o.Cure + ")"
				}
			case pyclients.Passed:
				line = "Passed over (" + o.Why + ")"
			default:
				line = "Used"
			}
			by[line] = append(by[line], "`"+name+"`")
		}
		for _, line := range slices.Backward(slices.Sorted(maps.Keys(by))) {
			fmt.Fprintf(&b, "- %s: %s.\n", line, strings.Join(by[line], ", "))
		}
		fmt.Fprintln(&b)
	}
	document(t, "tables", strings.TrimRight(b.String(), "\n")+"\n")
}

// document compares a part of docs/options.md, or writes it with -update.
func document(t *testing.T, part, want string) {
	t.Helper()
	const path = "../../docs/options.md"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+part+" -->\n\n", "\n<!-- end of "+part+" -->"
	head, rest, ok := strings.Cut(string(text), begin)
	got, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no part %s", path, part)
	}
	if got == want {
		return
	}
	if !*update {
		t.Errorf("%s is not up to date: run go test ./compat_test/options -run 'TestEveryOption|TestPage' -update", path)
		return
	}
	if err := os.WriteFile(path, []byte(head+begin+want+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}
