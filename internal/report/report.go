// Package report writes the census of a site's sessions and the findings of doctor as one
// HTML page.
//
// The page needs no server and no other file, and runs no script. Its own
// Content-Security-Policy allows nothing but its style sheet. It holds no secret, session
// key, user or value; it names settings, hosts, tables and files of the site. Names from
// outside are escaped for HTML, and characters that nobody sees or that change the direction
// of a text are written as \u202e.
package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/census"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/doctor"
)

// Page is what the report says.
type Page struct {
	Made    time.Time
	Program string // the version of this program
	// Settings say which site it is. Only names in them are written.
	Settings *djsettings.Settings
	// Census are the counts, or nil with the reason in NoCensus.
	Census   *census.Census
	NoCensus string
	// Doctor is what doctor found, or nil with the reason in NoDoctor.
	Doctor   *doctor.Report
	NoDoctor string
}

var (
	//go:embed page.css
	style string
	//go:embed page.html
	source string

	page = template.Must(template.New("page").Funcs(template.FuncMap{"count": count}).Parse(source))
)

// policy is the Content-Security-Policy of the page.
func policy() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}

// Write writes the page.
func Write(w io.Writer, p *Page) error {
	out := &console.Harmless{W: w}
	if _, err := io.WriteString(out, head); err != nil {
		return err
	}
	if err := page.Execute(out, p.view()); err != nil {
		return err
	}
	return out.Flush()
}

// view is what the template takes.
type view struct {
	*Page
	Policy string
	Style  template.CSS
	Facts  []Fact
	// Answers are the sentences of the census by what they are about.
	Answers []answers
	Charts  []chart
	Faults  int
}

// Fact is something about the site.
type Fact struct{ Name, Text string }

type answers struct {
	Title string
	Texts []string
}

func (p *Page) view() *view {
	v := &view{Page: p, Policy: policy(), Style: template.CSS(style), Facts: p.facts()}
	if p.Doctor != nil {
		for _, f := range p.Doctor.Findings {
			if f.Severity == doctor.Fault {
				v.Faults++
			}
		}
	}
	if p.Census == nil {
		return v
	}
	for _, about := range []struct{ name, title string }{
		{"logins", "Sessions and logins"}, {"keys", "Who depends on which key"}, {"pickles", "Who depends on pickles"},
		{"formats", "Who depends on old formats"}, {"undecoded", "What does not decode"},
	} {
		var texts []string
		for _, a := range p.Census.Answers() {
			if a.About == about.name {
				texts = append(texts, a.Text)
			}
		}
		if texts != nil {
			v.Answers = append(v.Answers, answers{about.title, texts})
		}
	}
	v.Charts = charts(p.Census)
	return v
}

// facts returns which site it is.
func (p *Page) facts() (all []Fact) {
	set := p.Settings
	if set == nil {
		return nil
	}
	add := func(name, format string, args ...any) {
		if text := strings.TrimSpace(fmt.Sprintf(format, args...)); text != "" {
			all = append(all, Fact{name, text})
		}
	}
	if set.DjangoSure {
		add("Django", "%s", set.Django)
	}
	add("Engine of the sessions", "%s", set.Sessions.Engine)
	switch kind := set.Sessions.Kind; kind {
	case djsettings.EngineDB, djsettings.EngineCachedDB, djsettings.EngineUserSessions, djsettings.EngineQSessions, djsettings.EngineQSessionsCDB:
		if db := set.Databases[set.Sessions.Database]; db != nil {
			add("Database", "%s %s", db.Kind, place(db.Name))
			add("Host of the database", "%s", place(db.Host))
		}
		add("Table", "%s", set.Sessions.Table)
	case djsettings.EngineFile:
		add("Folder", "%s", set.Sessions.FilePath)
	case djsettings.EngineCache:
		if c := set.Caches[set.Sessions.CacheAlias]; c != nil {
			add("Cache", "%s %s", set.Sessions.CacheAlias, c.Kind)
		}
	}
	add("Serializer", "%s", set.Sessions.Serializer)
	add("User model", "%s", set.Auth.UserModel)
	return all
}

// place returns the name of a database or a host. It hides one that may hold a password: a
// name may be a whole DSN.
func place(name string) string {
	if strings.ContainsAny(name, "=?@") || strings.Contains(name, "://") {
		return "(hidden, because it may hold a password)"
	}
	return name
}

// count writes a whole number with commas.
func count(n any) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
