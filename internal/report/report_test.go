package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/census"
	"github.com/go-djsession/go-djsession/internal/doctor"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/internal/testkit/webdriver"
)

var pictures = flag.String("pictures", "", "the folder for TestBrowser's screenshots")

func TestMain(m *testing.M) { os.Exit(testserver.Run(m)) }

var now = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// counts is the census of a site with a million sessions.
func counts() *census.Census {
	group := func(sessions, logins int64, days int) census.Group {
		return census.Group{Sessions: sessions, Logins: logins, Last: now.AddDate(0, 0, days)}
	}
	c := &census.Census{
		Begun: now, Took: 4200 * time.Millisecond, Engine: "django.contrib.sessions.backends.db",
		Seen: 1_015_204, Live: group(1_000_000, 412_345, 13), Expired: 15_000, NoKey: 201, NoSession: 3,
		Keys: []census.Group{group(960_000, 400_000, 13), group(40_000, 12_345, 9), {}}, Largest: 41_000,
	}
	c.Formats[census.Current], c.Formats[census.Legacy] = group(999_000, 412_000, 13), group(1000, 345, 4)
	c.Serializers[census.JSON], c.Serializers[census.Pickled] = group(990_000, 410_000, 13), group(10_000, 2345, 6)
	for i := range 14 {
		n := int64(20_000 + i*i*800)
		c.Ends[i] = group(n, n*2/5, i)
	}
	for i := range c.Sizes {
		c.Sizes[i] = int64(400_000 >> (2 * max(i-1, 1-i)))
	}
	return c
}

// found is what doctor says, with each text made by the function.
func found(text func(string) string) *doctor.Report {
	return &doctor.Report{
		Findings: []doctor.Finding{
			{ID: doctor.SecretKey, Severity: doctor.Fault, Text: text("SECRET_KEY signed none of the stored sessions."), Change: text("Give Go the SECRET_KEY of the site.")},
			{ID: "table", Severity: doctor.Note, Text: text("The table shop_session has the columns too."), Change: text("Nothing, if that is a copy.")},
		},
		Compared: []string{"the settings", text("40 stored sessions")}, Missed: []string{text("a login (there is no cookie)")}, Proved: true,
	}
}

// site is the settings of a site, with each name made by the function.
func site(name func(string) string) *djsettings.Settings {
	set := &djsettings.Settings{DjangoSure: true, Warnings: []djsettings.Warning{{Setting: name("DATABASE_ROUTERS"), Text: name("is not followed")}}}
	set.Sessions.Kind, set.Sessions.Engine = djsettings.EngineDB, name("django.contrib.sessions.backends.db")
	set.Sessions.Database, set.Sessions.Table, set.Sessions.Serializer = "default", name("django_session"), name("django.contrib.sessions.serializers.JSONSerializer")
	set.Auth.UserModel = name("shop.Customer")
	set.Databases = map[string]*djsettings.Database{"default": {Kind: djsettings.PostgreSQL, Name: name("shop"), Host: name("db.internal"), Password: djsettings.NewSecret("hunter2"), User: "shopuser"}}
	return set
}

func same(s string) string { return s }

func pageOf(name func(string) string) *Page {
	return &Page{Made: now, Program: "v0.1.0", Settings: site(name), Census: counts(), Doctor: found(name)}
}

func write(t *testing.T, p *Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// element is an element of the page with its text.
type element struct {
	name string
	attr map[string]string
	text string
}

// elements returns the elements of the page, in the order in which they begin.
func elements(t *testing.T, text string) (all []*element) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var open []*element
	for {
		token, err := d.Token()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := &element{name: token.Name.Local, attr: map[string]string{}}
			for _, a := range token.Attr {
				e.attr[a.Name.Local] = a.Value
			}
			all, open = append(all, e), append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			for _, e := range open {
				e.text += string(token)
			}
		}
	}
}

// TestStructure is the golden outline: headings, landmarks, plots and tables.
func TestStructure(t *testing.T) {
	var got []string
	ids := map[string]bool{}
	text := write(t, pageOf(same))
	for _, e := range elements(t, text) {
		if id := e.attr["id"]; id != "" {
			if ids[id] {
				t.Errorf("the id %q is there twice", id)
			}
			ids[id] = true
		}
		switch e.name {
		case "h1", "h2", "h3", "caption", "figcaption", "summary":
			got = append(got, e.name+": "+e.text)
		case "header", "nav", "main", "footer", "table", "dl":
			got = append(got, e.name)
		case "svg":
			if e.attr["role"] == "img" {
				got = append(got, "plot: "+e.attr["aria-label"])
			}
		}
	}
	golden := filepath.Join("testdata", "outline.txt")
	all := strings.Join(got, "\n") + "\n"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(golden, []byte(all), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || all != string(want) {
		t.Errorf("got, %v:\n%s\nwant:\n%s", err, all, want)
	}
	for _, link := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		if id, ok := strings.CutPrefix(link[1], "#"); !ok || !ids[id] {
			t.Errorf("a link leads to %q", link[1])
		}
	}
}

// TestPolicy: the page may load and run nothing, and what it has is what it allows.
func TestPolicy(t *testing.T) {
	text := write(t, pageOf(same))
	policy, css := "", ""
	for _, e := range elements(t, text) {
		for name, value := range e.attr {
			if name == "style" || strings.HasPrefix(name, "on") || name == "src" || strings.Contains(value, "://") {
				t.Errorf("<%s> has %s=%q", e.name, name, value)
			}
		}
		switch e.name {
		case "script", "iframe", "object", "embed", "img", "link", "form", "base":
			t.Errorf("there is a <%s>", e.name)
		case "meta":
			if e.attr["http-equiv"] == "Content-Security-Policy" {
				policy = e.attr["content"]
			}
		case "style":
			css += e.text
		}
	}
	sum := sha256.Sum256([]byte(css))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
	if policy != want {
		t.Errorf("the policy is %q, want %q", policy, want)
	}
	if strings.Contains(css, "@import") || strings.Contains(css, "url(") {
		t.Error("the style sheet loads something")
	}
	for _, secret := range []string{"hunter2", "shopuser"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is on the page", secret)
		}
	}
}

// hostile are names that would do something on a careless page.
var hostile = []string{
	`<script>document.title="owned"</script>`, `"><img src=x onerror=alert(1)>`, `'"--></style></title><svg/onload=alert(1)>`,
	`{{.Policy}}`, `javascript:alert(1)`, "\u202egnp.exe\u2066", "a\u0000b\u0007\u001b[2J", "\u2028\u2029", "a\u200bb\ufeff\u00ad", "\xff\xfe", "</main></body>", "&lt;b&gt;",
	strings.Repeat("long", 100),
}

// TestHostileNames: whatever a name holds, the page has the same elements and shows the name.
func TestHostileNames(t *testing.T) {
	outline := func(text string) (all []string) {
		for _, e := range elements(t, text) {
			all = append(all, e.name+" "+strings.Join(slices.Sorted(maps.Keys(e.attr)), " "))
		}
		return all
	}
	want := outline(write(t, pageOf(same)))
	for _, bad := range hostile {
		text := write(t, pageOf(func(s string) string { return s + bad }))
		if got := outline(text); !slices.Equal(got, want) {
			t.Errorf("%q: the page has other elements", bad)
		}
		for _, r := range text {
			if r != '\n' && (r < ' ' || r == 0x7f || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff || r == 0xad) {
				t.Errorf("%q: %U is on the page", bad, r)
				break
			}
		}
	}
	if text := write(t, pageOf(func(s string) string { return s + "\u202egnp" })); !strings.Contains(text, `shop_session has the columns too.\u202egnp`) {
		t.Error("a mark that turns the direction around is not shown")
	}
	// A name may be a whole DSN, with a password in it.
	for _, name := range []string{"postgres://u:hunter2@h/db", "dbname=x password=hunter2", "file:x?key=hunter2"} {
		p := pageOf(same)
		p.Settings.Databases["default"].Name = name
		if strings.Contains(write(t, p), "hunter2") {
			t.Errorf("%q: the password is on the page", name)
		}
	}
}

// TestWithout: a page says why a part of it is missing.
func TestWithout(t *testing.T) {
	p := &Page{Made: now, Settings: site(same), NoCensus: "the site keeps its sessions in cookies.", NoDoctor: "it needs the settings."}
	text := write(t, p)
	for _, want := range []string{"not counted: the site keeps its sessions in cookies.", "did not look at the site: it needs the settings."} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	// No fault means nothing where nothing was compared.
	const proved, not = "No fault was found in what was compared.", "Nothing that Django wrote could be compared"
	for want, report := range map[string]*doctor.Report{proved: {Proved: true}, not: {}} {
		p.Doctor = report
		if text := write(t, p); !strings.Contains(text, want) || strings.Contains(text, proved) != report.Proved {
			t.Errorf("the page lacks %q", want)
		}
	}
	p.Census = &census.Census{Begun: now}
	if text := write(t, p); !strings.Contains(text, "0 sessions: 0 logins, 0 anonymous.") || strings.Contains(text, "NaN") {
		t.Errorf("a site without sessions: got\n%s", text)
	}
}

// TestSave: only a report is replaced, as a whole, and only its owner can read it.
func TestSave(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "report.html")
	p := pageOf(same)
	save := func(force bool, want error) {
		t.Helper()
		if err := Save(name, force, p); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
		if err := Check(name, force); !errors.Is(err, want) {
			t.Errorf("Check: got %v, want %v", err, want)
		}
	}
	save(false, nil)
	info, err := os.Stat(name)
	if err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("got %v, %v, want the mode 0600", info.Mode(), err)
	}
	save(false, nil)
	for _, other := range []string{"", "precious", head[:len(head)-1], "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta name=\"generator\" content=\"another\">\n"} {
		if err := os.WriteFile(name, []byte(other), 0o600); err != nil {
			t.Fatal(err)
		}
		save(false, ErrOther)
		if text, err := os.ReadFile(name); err != nil || string(text) != other {
			t.Errorf("the file is changed: %q, %v", text, err)
		}
	}
	save(true, nil)
	if text, err := os.ReadFile(name); err != nil || string(text) != write(t, p) {
		t.Errorf("with force: %v", err)
	}
	link := filepath.Join(dir, "link.html")
	if err := os.Symlink(name, link); err == nil {
		if err := Save(link, true, p); !errors.Is(err, ErrOther) {
			t.Errorf("a link: got %v, want ErrOther", err)
		}
	}
	if err := Save(dir, true, p); !errors.Is(err, ErrOther) {
		t.Errorf("a folder: got %v, want ErrOther", err)
	}
	if err := Save(filepath.Join(dir, "none", "report.html"), false, p); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: got %v", err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) > 2 {
		t.Errorf("%v, %v: a draft is left", files, err)
	}
}

// axe returns axe-core's source.
func axe(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../compat_test/.axe/node_modules/axe-core/axe.min.js")
	if err != nil {
		testserver.Lacks(t, "axe-core is not here (compat_test/.axe): run compat_test/setup.sh browser")
	}
	return string(text)
}

// TestBrowser: in Chromium the page fits a laptop and a phone, light and dark, hostile names
// do nothing, and axe finds no fault of accessibility.
func TestBrowser(t *testing.T) {
	source := axe(t)
	b := webdriver.Start(t)
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir, elements := t.TempDir(), map[string]int{}
	for _, tt := range []struct {
		name string
		page *Page
	}{
		{"report", pageOf(same)},
		{"hostile", pageOf(func(s string) string { return s + " " + strings.Join(hostile, " ") })},
		{"without", &Page{Made: now, NoCensus: "its sessions are in cookies.", Settings: site(same), Doctor: &doctor.Report{Compared: []string{"the settings"}}}},
	} {
		file := filepath.Join(dir, tt.name+".html")
		check(Save(file, false, tt.page))
		for _, width := range []int{1366, 390} {
			for _, dark := range []bool{false, true} {
				name := fmt.Sprintf("%s at %d px, dark %t", tt.name, width, dark)
				check(b.View(width, 800, dark))
				check(b.Open("file://" + filepath.ToSlash(file)))
				var size struct {
					Wide, High int
					Title      string
					Paper      string
					Scripts    int
					Elements   int
				}
				check(b.Script(`return {wide: document.documentElement.scrollWidth, high: document.documentElement.scrollHeight, title: document.title,
					paper: getComputedStyle(document.body).backgroundColor, scripts: document.scripts.length + document.images.length,
					elements: document.querySelectorAll("*").length}`, &size))
				if size.Wide > width || size.Scripts != 0 || !strings.HasPrefix(size.Title, "Sessions of a Django site") || (size.Paper == "rgb(255, 255, 255)") == dark {
					t.Errorf("%s: got %+v", name, size)
				}
				elements[tt.name] = size.Elements
				check(b.Script("for (const d of document.querySelectorAll('details')) d.open = "+fmt.Sprint(width > 1000), nil))
				var violations []struct {
					ID, Help string
					Nodes    []struct{ HTML string }
				}
				check(b.Script(source+`; return axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations)`, &violations))
				for _, v := range violations {
					text, _ := json.Marshal(v.Nodes)
					t.Errorf("%s: axe: %s: %s: %.600s", name, v.ID, v.Help, text)
				}
				if *pictures != "" {
					check(b.View(width, min(size.High+40, 6000), dark))
					picture, err := b.Screenshot()
					check(err)
					check(os.WriteFile(filepath.Join(*pictures, fmt.Sprintf("%s-%d-%t.png", tt.name, width, dark)), picture, 0o600))
				}
			}
		}
	}
	if elements["report"] != elements["hostile"] || elements["report"] < 100 {
		t.Errorf("got %v elements: hostile names make some", elements)
	}
	// By keyboard: the first stop leads past the list of parts, and each part can be reached.
	check(b.View(1366, 800, false))
	check(b.Open("file://" + filepath.ToSlash(filepath.Join(dir, "report.html"))))
	var stops []string
	check(b.Script(`return [...document.querySelectorAll("a[href], summary")].filter(e => e.tabIndex >= 0).map(e => e.textContent)`, &stops))
	if len(stops) < 9 || stops[0] != "To the report" {
		t.Errorf("the stops of the keyboard are %q", stops)
	}
}
