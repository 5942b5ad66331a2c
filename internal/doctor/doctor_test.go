package doctor_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/doctor"
)

// given replaces some of the doctor's correct input.
type given struct {
	settings string // default: those of the project
	opts     *djsettings.Options
	parts    *djsite.Options
	cookie   string // default: the header of a logged-in user
	none     bool   // no cookie
	now      time.Time
}

// broken is a configuration with a real fault.
type broken struct {
	name string
	make func(t *testing.T, s *site) given
	// want must be the first finding. Its text contains words.
	want  string
	words []string
	// also are further findings that are allowed.
	also []string
}

// TestProjects logs in to each project with its real Django, and checks that the doctor
// finds no fault. Then it breaks the project in each possible way.
func TestProjects(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Django")
	}
	for name := range faults {
		if _, ok := projects[name]; !ok {
			t.Errorf("there are faults of a project %q, which there is not", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(projects)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, name)
			if s.seen.Again != "ada" && name != "locmem" {
				t.Fatalf("Django takes the second request for one of %q", s.seen.Again)
			}
			if name != "locmem" { // locmem cannot be healthy
				for _, g := range []struct {
					name  string
					given given
				}{
					{"header", given{}},
					{"header and settings of the cookie", given{cookie: s.seen.Set}},
					{"bare value", given{cookie: s.seen.Key + "\n"}},
					{"no cookie", given{none: true}},
				} {
					t.Run("healthy/"+g.name, func(t *testing.T) {
						r := report(t, s, g.given)
						for _, f := range r.Findings {
							t.Errorf("got %s: %s %s", f.ID, f.Text, f.Change)
						}
						want := "1 cookie, the user"
						switch unlisted := slices.Contains(unlistable, name); {
						case g.given.none && unlisted:
							want = "the settings, the table of users"
						case g.given.none:
							want = "stored session"
						}
						if got := strings.Join(r.Compared, ", "); !strings.Contains(got, want) {
							t.Errorf("compared: %q, want %s; not compared: %q", got, want, r.Missed)
						}
						if want := !g.given.none || !slices.Contains(unlistable, name); r.Proved != want {
							t.Errorf("got Proved %t, want %t", r.Proved, want)
						}
					})
				}
			}
			for _, h := range healthy[name] {
				t.Run("healthy/"+h.name, func(t *testing.T) {
					for _, f := range examine(t, s, h.make(t, s)) {
						if f.ID != h.notes || f.Severity != doctor.Note {
							t.Errorf("got %s %s: %s %s", f.Severity, f.ID, f.Text, f.Change)
						}
					}
				})
			}
			for _, b := range faults[name] {
				t.Run(b.name, func(t *testing.T) { testBroken(t, s, b) })
			}
		})
	}
}

func testBroken(t *testing.T, s *site, b broken) {
	found := examine(t, s, b.make(t, s))
	if len(found) == 0 {
		t.Fatalf("found nothing, want %s", b.want)
	}
	if found[0].ID != b.want {
		t.Errorf("found %s, want %s", found[0].ID, b.want)
	}
	for _, f := range found {
		if f.ID != b.want && !slices.Contains(b.also, f.ID) {
			t.Errorf("found %s too: %s", f.ID, f.Text)
		}
		if f.ID != b.want {
			continue
		}
		t.Logf("%s: %s %s", f.ID, f.Text, f.Change)
		for _, w := range b.words {
			if !strings.Contains(f.Text+" "+f.Change, w) {
				t.Errorf("%s: %s %s\nhas no %q", f.ID, f.Text, f.Change, w)
			}
		}
	}
}

// unlistable are the projects whose sessions cannot be listed.
var unlistable = []string{"signed", "memcached", "pylibmc", "cache files", "function"}

// examine returns the findings of report.
func examine(t *testing.T, s *site, g given) []doctor.Finding {
	t.Helper()
	return report(t, s, g).Findings
}

// report runs the doctor, and checks the form of its findings.
func report(t *testing.T, s *site, g given) *doctor.Report {
	t.Helper()
	if g.settings == "" {
		g.settings = s.settings
	}
	if g.opts == nil {
		g.opts = &s.opts
	}
	opts := *g.opts
	if opts.Django == "" {
		opts.Django = s.django
	}
	if g.cookie == "" && !g.none {
		g.cookie = s.seen.Cookie
	}
	if g.parts == nil {
		g.parts = &s.parts
	}
	now := time.Now
	if !g.now.IsZero() {
		now = func() time.Time { return g.now }
	}
	report, err := doctor.Examine(t.Context(), s.read(t, g.settings, opts), &doctor.Options{Cookie: g.cookie, Now: now, Open: *g.parts})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		if f.ID == "" {
			t.Errorf("no ID: %s", f.Text)
		}
		for _, text := range []string{f.Text, f.Change} {
			if !isSentence(text) {
				t.Errorf("%s: no sentence: %s", f.ID, text)
			}
			for _, secret := range append(valuesIn(g.cookie), secret, s.seen.Key, "pw-ada", "a-value-of-the-session", "signed-value", "mysql-password", "another-secret") {
				if strings.Contains(text, secret) {
					t.Errorf("%s tells a secret: %s", f.ID, text)
				}
			}
		}
	}
	return report
}

// valuesIn returns the values in cookie headers that are long enough to be secret, and
// parts of these values.
func valuesIn(header string) (all []string) {
	for _, value := range strings.FieldsFunc(header, func(r rune) bool { return strings.ContainsRune("=; \n", r) }) {
		if len(value) >= 20 {
			all = append(all, value, value[:10], value[len(value)-10:])
		}
	}
	return all
}

// TestAllIsMade: there is a configuration for every Finding.
func TestAllIsMade(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "ids.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{}
	broken, ids := 0, 0
	for _, all := range faults {
		for _, b := range all {
			made[b.want] = true
			broken++
		}
	}
	for _, d := range file.Decls {
		for _, spec := range d.(*ast.GenDecl).Specs {
			v, ok := spec.(*ast.ValueSpec)
			if !ok {
				continue
			}
			id, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			ids++
			if !made[id] {
				t.Errorf("nothing makes %s", id)
			}
		}
	}
	t.Logf("%d broken configurations of %d projects, for %d findings", broken, len(projects), ids)
	if broken < 25 || ids < 25 {
		t.Errorf("there are %d configurations for %d Findings", broken, ids)
	}
}

// isSentence reports whether text is one sentence.
func isSentence(text string) bool {
	return len(text) > 10 && text[0] >= 'A' && text[0] <= 'Z' && strings.HasSuffix(text, ".") &&
		!strings.Contains(text, ". ") && !strings.HasSuffix(text, "..") && !strings.ContainsAny(text, "\r\n") && !strings.Contains(text, "%!")
}
