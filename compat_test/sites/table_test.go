package sites

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

// steps are the columns of the table, in their order.
var steps = []string{"open", "read", "write", "login", "permissions", "logout in Go", "logout in Django", "new password", "ban", "doctor", "prove"}

// facts say what a site is.
type facts struct {
	Site, Version, Django, Engine, Database, Model string
	Backends                                       []string
}

// row is one line of the table.
type row struct {
	facts
	Way      string // how Go was opened
	Backend  string // which Django's form records
	Warnings []string
	notes    map[string]string // what a step has come to
	more     []string
}

func (r *row) set(step, text string)     { r.notes[step] = text }
func (r *row) same(step string)          { r.set(step, "same") }
func (r *row) refused(step, text string) { r.set(step, "refused: "+text) }
func (r *row) note(step, text string)    { r.more = append(r.more, step+": "+text) }

func (r *row) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s, Django %s, %s:\n", r.Site, r.Version, r.Django, r.Way)
	for _, step := range steps {
		fmt.Fprintf(&b, "  %-17s %s\n", step, r.notes[step])
	}
	for _, n := range r.more {
		fmt.Fprintf(&b, "  %s\n", n)
	}
	return b.String()
}

// facts asks the site what it is.
func (s site) facts(t *testing.T, d *django.Django) facts {
	t.Helper()
	var about struct{ Django string }
	d.Call(t, "about", nil, &about)
	var in struct {
		Backends                []string
		Engine, Model, Database string
	}
	d.Call(t, "site", nil, &in)
	return facts{Site: s.dist, Version: s.pins(t)[strings.ToLower(s.dist)], Django: about.Django, Engine: in.Engine, Database: in.Database, Model: in.Model, Backends: in.Backends}
}

// pins returns what the site's requirements.txt pins, by lower-case name.
func (s site) pins(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.name, "requirements.txt"))
	if err != nil {
		t.Fatal(err)
	}
	pins, err := versions(text)
	if err != nil {
		t.Fatal(err)
	}
	return pins
}

// head is the beginning of SITES.md.
const head = `# Published sites with Go beside them

Written by ` + "`make sites`" + `, which installs these sites, runs them with their own pages, databases and middleware, and a Go
service of djsite.Open beside them. Each step compares both sides; the code of the steps is in steps_test.go.

- **open**: djsite.Open, from what the line says: ` + "`manage.py diffsettings --all`" + `, or the profile that the probe makes; "told" is with the options that Go asks for.
- **read**: who is logged in after a login by the site's own form, and all that the session holds. Reading changes nothing.
- **write**: each side reads what the other wrote.
- **login**: in Go, by what a user types into the site's form; then Django knows the user, records the same backend, and shows its pages. Whom Django's form does not let in, Go does not either.
- **permissions**: those of an account with one of its own and one of a group.
- **logout in Go**, **logout in Django**, **new password**, **ban**: what one side ends has ended on the other.
- **doctor**: no fault with a good cookie, one with an old password; and one if Go knows nobody.
- **prove**: ` + "`djsession prove`" + ` agrees.

"same" is the same on both sides. "refused" means that Go says by name what it cannot do or does not know; the sentences
are below the table. WRONG would be anything else.

`

// wrapped is what a table's cell can hold.
var wrapped = strings.NewReplacer("|", "\\|", "\n", " ")

// line is the row in the table.
func (r *row) line() string {
	cells := []string{r.Site + " " + r.Version, r.Way, r.Django, last(r.Engine) + ", " + last(r.Database), r.Model}
	for _, step := range steps {
		word, _, _ := strings.Cut(cmp.Or(r.notes[step], "-"), ":")
		cells = append(cells, word)
	}
	return "| " + strings.Join(cells, " | ") + " |"
}

func last(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// says are the sentences of the row, for below the table.
func (r *row) says() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s, %s\n\n", r.Site, r.Way)
	fmt.Fprintf(&b, "Backends: %s. The site's form records %s.\n\n", strings.Join(r.Backends, ", "), cmp.Or(r.Backend, "nothing that was seen"))
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "- Warning: %s\n", wrapped.Replace(w))
	}
	for _, step := range steps {
		if text, ok := strings.CutPrefix(r.notes[step], "refused: "); ok {
			fmt.Fprintf(&b, "- %s: %s\n", step, wrapped.Replace(text))
		}
	}
	for _, text := range r.more {
		fmt.Fprintf(&b, "- %s\n", wrapped.Replace(text))
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// table is SITES.md: the lines and the sentences of each site, by its distribution.
type table struct {
	lines, says map[string][]string
}

const sentences = "## What Go says\n"

// readTable reads SITES.md, which may not exist yet.
func readTable() (*table, error) {
	t := &table{map[string][]string{}, map[string][]string{}}
	text, err := os.ReadFile(tableFile)
	if errors.Is(err, os.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return nil, err
	}
	upper, lower, _ := strings.Cut(string(text), sentences)
	for line := range strings.Lines(upper) {
		if cells := strings.Split(line, " | "); len(cells) == 5+len(steps) && strings.Contains(cells[0], ".") {
			name, _, _ := strings.Cut(strings.TrimPrefix(cells[0], "| "), " ")
			t.lines[name] = append(t.lines[name], strings.TrimSpace(line))
		}
	}
	for _, block := range strings.Split(lower, "### ")[1:] {
		name, _, _ := strings.Cut(block, ",")
		t.says[name] = append(t.says[name], "### "+strings.TrimSpace(block)+"\n")
	}
	return t, nil
}

const tableFile = "SITES.md"

func (t *table) text() string {
	var b strings.Builder
	b.WriteString(head)
	columns := append([]string{"site", "opened from", "Django", "engine, database", "user model"}, steps...)
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat(" --- |", len(columns)))
	for _, s := range all {
		for _, line := range t.lines[s.dist] {
			fmt.Fprintln(&b, line)
		}
	}
	b.WriteString("\n" + sentences)
	for _, s := range all {
		for _, text := range t.says[s.dist] {
			b.WriteString("\n" + text)
		}
	}
	return b.String()
}

// writeTable writes the rows into SITES.md, and leaves those of other sites.
func writeTable(rows []*row) error {
	t, err := readTable()
	if err != nil {
		return err
	}
	for _, r := range rows {
		delete(t.lines, r.Site)
		delete(t.says, r.Site)
	}
	for _, r := range rows {
		t.lines[r.Site] = append(t.lines[r.Site], r.line())
		t.says[r.Site] = append(t.says[r.Site], r.says())
	}
	return os.WriteFile(tableFile, []byte(t.text()), 0o644)
}

// The table in the tree is whole: it has each site in the version that is pinned, and
// nothing in it is wrong.
func TestTable(t *testing.T) {
	if *update {
		t.Skip("this run writes it")
	}
	got, err := readTable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(tableFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != got.text() {
		t.Errorf("%s is not as make sites writes it", tableFile)
	}
	if strings.Contains(strings.Join(strings.Split(string(text), head), ""), "WRONG") {
		t.Errorf("%s has something WRONG", tableFile)
	}
	for _, s := range all {
		pins := s.pins(t)
		version := pins[strings.ToLower(s.dist)]
		if version == "" {
			t.Errorf("%s: requirements.txt does not pin %s", s.name, s.dist)
		}
		if len(got.lines[s.dist]) == 0 || len(got.says[s.dist]) != len(got.lines[s.dist]) {
			t.Errorf("%s has no row of %s: run make sites", tableFile, s.dist)
		}
		for _, line := range got.lines[s.dist] {
			if !strings.HasPrefix(line, "| "+s.dist+" "+version+" |") {
				t.Errorf("%s: the row is of another version than %s, which requirements.txt pins: run make sites", s.dist, version)
			}
		}
	}
}
