package sites

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/doctor"
	"github.com/go-djsession/go-djsession/internal/prove"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

const (
	password = "correct-Horse-7-battery"
	changed  = "another-Horse-8-staple"
)

// account is what Django says of one whom nothing but a test knows.
type account struct {
	typed string
	person
}

// run makes the site and returns its rows of the table.
func (s site) run(t *testing.T) []*row {
	p := s.make(t)
	d, url := s.start(t, p)
	facts := s.facts(t, d)
	var rows []*row
	for i, way := range ways {
		if strings.HasSuffix(way, told) && s.told == nil {
			continue
		}
		t.Run(way, func(t *testing.T) {
			r := &row{facts: facts, Way: way, notes: map[string]string{}}
			rows = append(rows, r)
			b := &beside{T: t, site: s, project: p, settings: p.says(t, strings.TrimSuffix(way, told), s.shell), d: d, url: url, row: r, n: i}
			b.steps()
		})
	}
	return rows
}

// told is for a site that Go is told about, besides what the site says itself.
const told = ", told"

// ways are the ways to open a site.
var ways = []string{"diffsettings", "profile", "diffsettings" + told}

// beside is one run of the steps.
type beside struct {
	*testing.T
	site
	project  *project
	settings string // the path of the file that Go opens
	set      *djsettings.Settings
	opts     *djsite.Options // what the site is told, or nil
	d        *django.Django
	url, at  string // of Django, and of Go
	row      *row
	n        int
}

// member makes an account in Django.
func (b *beside) member(name string, admin bool) account {
	b.Helper()
	var a account
	name = fmt.Sprintf("%s%d", name, b.n)
	b.d.Call(b.T, "member", django.Args{"name": name, "password": password, "admin": admin}, &a.typed)
	b.d.Call(b.T, "describe", django.Args{"typed": a.typed}, &a.person)
	return a
}

// throughForm returns a visitor whom the site's own form has let in.
func (b *beside) throughForm(a account, password string) *visitor {
	b.Helper()
	v := newVisitor(b.url, b.at, b.site.login)
	if !v.logIn(b.T, b.site, a.typed, password) {
		b.Fatalf("the site's own form does not let %s in", a.typed)
	}
	return v
}

// loggedIn returns a visitor whom Django has logged in by the backend that the form records.
func (b *beside) loggedIn(a account) *visitor {
	b.Helper()
	v := newVisitor(b.url, b.at, b.site.login)
	if v.asks(b.T, "login&"+url.Values{"typed": {a.typed}, "backend": {b.row.Backend}}.Encode()).User == nil {
		b.Fatalf("Django does not know %s after a login", a.typed)
	}
	return v
}

func (b *beside) query(do string, a account, password string) string {
	return do + "?" + url.Values{"typed": {a.typed}, "password": {password}}.Encode()
}

func (b *beside) steps() {
	ctx := context.Background()
	read := djsettings.Options{Django: b.row.Django, Dir: b.project.dir}
	if strings.HasSuffix(b.row.Way, told) {
		b.opts = new(djsite.Options)
		b.told(b.opts)
		read.UserModels = map[string]string{b.row.Model: "auth.User"}
	}
	set, err := djsettings.ReadFile(b.settings, &read)
	if err != nil {
		b.Fatal(err)
	}
	b.set = set
	site, err := djsite.Open(ctx, set, b.opts)
	if err != nil {
		b.row.refused("open", err.Error())
		return
	}
	b.Cleanup(func() { _ = site.Close() })
	for _, w := range site.Warnings {
		b.row.Warnings = append(b.row.Warnings, w.String())
		b.Logf("Warning: %s", w)
	}
	b.row.same("open")
	b.at = serve(b.T, site)

	ada := b.member("ada", true)
	b.read(ada)
	b.write(ada)
	b.login(ada)
	b.permissions()
	b.logouts(ada)
	b.newPassword(ada)
	b.ban()
	b.doctor()
	b.prove(site)
}

// read compares who is logged in and what the session holds, and looks whether reading has
// changed something for Django.
func (b *beside) read(a account) {
	v := b.throughForm(a, password)
	v.page(b.T, b.page) // which may store more
	before := v.asks(b.T, "")
	b.row.Backend = fmt.Sprint(before.Session["_auth_user_backend"])
	cookies := v.header()
	got := v.visits(b.T, "")
	for range 2 {
		v.visits(b.T, "")
	}
	after := v.again().asks(b.T, "")
	for _, key := range b.volatile {
		for _, a := range []*answer{before, got, after} {
			delete(a.Session, key)
		}
	}
	switch {
	case !reflect.DeepEqual(before, after):
		b.wrong("read", "Go has changed what Django reads: %v, before %v", after, before)
	case v.header() != cookies:
		b.wrong("read", "Go has changed the cookies of a visitor whom Django knows")
	case got.User == nil && got.Why == "":
		b.wrong("read", "nobody is logged in, for no reason")
	case got.User == nil:
		b.row.refused("read", got.Why)
	case !b.same(got.User, a.person):
		b.wrong("read", "Go says %+v, Django %+v", *got.User, a.person)
	case !reflect.DeepEqual(got.Session, before.Session):
		b.wrong("read", "the session of Go %v is not that of Django %v", got.Session, before.Session)
	default:
		b.row.same("read")
	}
}

// same reports whether Go says of an account what Django does. An account may lack its name
// if Open has warned that it does not know the column.
func (b *beside) same(got *person, want person) bool {
	if got.Name == "" && slices.ContainsFunc(b.row.Warnings, func(w string) bool { return strings.Contains(w, "users have no name") }) {
		want.Name = ""
	}
	return *got == want
}

// write has each side read what the other wrote.
func (b *beside) write(a account) {
	v := b.loggedIn(a)
	v.visits(b.T, "set?value=1")
	first := v.asks(b.T, "")
	v.asks(b.T, "set&value=2")
	got := v.visits(b.T, "")
	switch {
	case first.User == nil:
		if v.visits(b.T, "").Why != "" {
			b.wrong("write", "Go's write has logged the visitor out in Django")
		}
	case first.Session["of_go"] != "1" && got.Why != "" && got.Refused == "":
		b.row.refused("write", got.Why)
	case first.Session["of_go"] != "1":
		b.wrong("write", "Django does not read what Go wrote: %v", first.Session)
	case got.Session["of_django"] != "2":
		b.wrong("write", "Go does not read what Django wrote: %v", got.Session)
	default:
		b.row.same("write")
	}
}

// login logs in by Go, with what a user types, and visits Django.
func (b *beside) login(a account) {
	for _, try := range []struct{ typed, password string }{
		{a.typed, password + "x"}, {strings.ToUpper(a.typed), password}, {a.typed + " ", password},
		{a.Name, password}, {a.Name + "@example.com", password},
	} {
		if try.typed == a.typed && try.password == password {
			continue
		}
		form := newVisitor(b.url, b.at, b.site.login).logIn(b.T, b.site, try.typed, try.password)
		v := newVisitor(b.url, b.at, b.site.login)
		got := v.visits(b.T, b.query("login", account{typed: try.typed}, try.password))
		typed := strings.ReplaceAll(try.typed, fmt.Sprint(b.n), "")
		switch {
		case got.User != nil && !form:
			// A form may ask for less than the backends know, such as for e-mail addresses only.
			var knows *struct{ ID string }
			b.d.Call(b.T, "knows", django.Args{"name": try.typed, "password": try.password}, &knows)
			if knows == nil || knows.ID != got.User.ID {
				b.wrong("login", "Go logs %q in with %q, Django does not", try.typed, try.password)
				return
			}
			b.row.note("login", fmt.Sprintf("Django's own login form lets in who types %q, and so does Go; the site's form does not", typed))
		case got.User == nil && form && !b.says(got.Refused):
			b.wrong("login", "Go does not log %q in: %s", try.typed, got.Refused)
			return
		case got.User == nil && form:
			b.row.note("login", fmt.Sprintf("Django also lets in who types %q; Go: %s", typed, got.Refused))
		}
	}
	v := newVisitor(b.url, b.at, b.site.login)
	got := v.visits(b.T, b.query("login", a, password))
	known := v.asks(b.T, "")
	if got.User == nil {
		if known.User != nil {
			b.wrong("login", "Go says no (%s), and Django has somebody logged in", got.Refused)
			return
		}
		if b.says(cmp.Or(got.Refused, got.Why)) {
			b.row.refused("login", cmp.Or(got.Refused, got.Why))
		} else {
			b.wrong("login", "Go does not log %q in: %s", a.typed, got.Refused)
		}
		return
	}
	page, want := v.page(b.T, b.page), b.throughForm(a, password).page(b.T, b.page)
	switch {
	case known.User == nil:
		b.wrong("login", "Django does not know who logged in in Go")
	case *known.User != a.person:
		b.wrong("login", "Django says %+v, not %+v", *known.User, a.person)
	case page != want:
		b.wrong("login", "%s answers %s after a login in Go, and %s after one in Django", b.page, page, want)
	case known.Session["_auth_user_backend"] != b.row.Backend:
		b.wrong("login", "Go has recorded the backend %v, Django %v", known.Session["_auth_user_backend"], b.row.Backend)
	default:
		b.row.same("login")
	}
}

// says reports whether Go says by name why it lets nobody in: a wrong password is no reason,
// unless Open has warned of what it does not know of the site's logins.
func (b *beside) says(why string) bool {
	return why != djauth.ErrCredentials.Error() || slices.ContainsFunc(b.row.Warnings, func(w string) bool {
		return strings.HasPrefix(w, "AUTH")
	})
}

// permissions compares those of an account that is no superuser.
func (b *beside) permissions() {
	a := b.member("eve", false)
	b.d.Call(b.T, "grant", django.Args{"typed": a.typed}, nil)
	var want []string
	b.d.Call(b.T, "permissions", django.Args{"typed": a.typed}, &want)
	v := b.loggedIn(a)
	got := v.visits(b.T, "?perms=1")
	switch {
	case got.User == nil:
		b.row.refused("permissions", cmp.Or(got.Refused, got.Why))
	case !b.same(got.User, a.person):
		b.wrong("permissions", "Go says %+v, Django %+v", *got.User, a.person)
	case got.Refused != "":
		b.row.refused("permissions", got.Refused)
	case !slices.Equal(got.Perms, want):
		b.wrong("permissions", "Go says %v, Django %v", got.Perms, want)
	default:
		b.row.same("permissions")
	}
}

// logouts has each side see the logout of the other.
func (b *beside) logouts(a account) {
	v := b.loggedIn(a)
	old := v.again()
	if out := v.visits(b.T, "logout"); out.Refused != "" {
		b.row.refused("logout in Go", out.Refused)
	} else if old.asks(b.T, "").User != nil {
		b.wrong("logout in Go", "Django still knows the visitor")
	} else if old.visits(b.T, "").User != nil {
		b.wrong("logout in Go", "Go still knows the visitor")
	} else {
		b.row.same("logout in Go")
	}
	v = b.loggedIn(a)
	old = v.again()
	known := old.visits(b.T, "")
	v.asks(b.T, "logout")
	switch {
	case old.visits(b.T, "").User != nil:
		b.wrong("logout in Django", "Go still knows the visitor")
	case known.User == nil:
		b.row.refused("logout in Django", known.Why)
	default:
		b.row.same("logout in Django")
	}
}

// newPassword changes the password in Django, which ends all sessions.
func (b *beside) newPassword(a account) {
	v := b.loggedIn(a)
	known := v.visits(b.T, "")
	b.d.Call(b.T, "change_password", django.Args{"typed": a.typed, "password": changed}, nil)
	got, django := v.visits(b.T, ""), v.again().asks(b.T, "")
	switch {
	case django.User != nil:
		b.Fatal("Django still knows the visitor")
	case got.User != nil:
		b.wrong("new password", "Go still knows the visitor")
		return
	}
	if old := newVisitor(b.url, b.at, b.site.login).visits(b.T, b.query("login", a, password)); old.User != nil {
		b.wrong("new password", "Go takes the old one")
		return
	}
	v = newVisitor(b.url, b.at, b.site.login)
	fresh := v.visits(b.T, b.query("login", a, changed))
	switch {
	case known.User == nil:
		b.row.refused("new password", known.Why)
	case fresh.User == nil:
		b.row.refused("new password", fresh.Refused)
	case v.asks(b.T, "").User == nil:
		b.wrong("new password", "Django does not know who logged in in Go with it")
	default:
		b.row.same("new password")
	}
}

// ban deactivates an account that is logged in.
func (b *beside) ban() {
	a := b.member("bob", true)
	v := b.loggedIn(a)
	known := v.visits(b.T, "")
	b.d.Call(b.T, "ban", django.Args{"typed": a.typed}, nil)
	got, django := v.visits(b.T, ""), v.again().asks(b.T, "")
	w := newVisitor(b.url, b.at, b.site.login)
	fresh := w.visits(b.T, b.query("login", a, password))
	form := newVisitor(b.url, b.at, b.site.login).logIn(b.T, b.site, a.typed, password)
	switch {
	case got.User != nil && django.User == nil:
		b.wrong("ban", "Go still knows the account")
	case fresh.User != nil && !form:
		b.wrong("ban", "Go lets the account in")
	case known.User == nil:
		b.row.refused("ban", known.Why)
	case got.User == nil && django.User != nil:
		b.row.refused("ban", got.Why)
	default:
		b.row.same("ban")
	}
}

// doctor runs the command on a cookie that works in Django, and on one that does not.
func (b *beside) doctor() {
	a := b.member("eva", true)
	v := b.loggedIn(a)
	known := v.visits(b.T, "")
	text, fault := b.examine(v.header())
	b.Logf("doctor: %s", text)
	switch {
	case known.User != nil && fault:
		b.wrong("doctor", "it finds a fault where there is none: %s", text)
		return
	case known.User == nil && !fault:
		b.wrong("doctor", "it finds no fault, and Go knows nobody: %s", text)
		return
	case known.User == nil:
		line, _, _ := strings.Cut(text[strings.Index(text, "fault "):], "\n")
		b.row.refused("doctor", line)
		return
	}
	b.d.Call(b.T, "change_password", django.Args{"typed": a.typed, "password": changed}, nil)
	if text, fault := b.examine(v.header()); !fault {
		b.wrong("doctor", "it finds no fault with an old password: %s", text)
		return
	}
	b.row.same("doctor")
}

// examine runs djsession doctor. The command has no flags for what the site is told, so that
// its package runs with these options.
func (b *beside) examine(cookie string) (text string, fault bool) {
	b.Helper()
	if b.opts != nil {
		report, err := doctor.Examine(context.Background(), b.set, &doctor.Options{Cookie: cookie, Open: *b.opts})
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range report.Findings {
			text += fmt.Sprintf("%s %s: %s\n", f.Severity, f.ID, f.Text)
			fault = fault || f.Severity == doctor.Fault
		}
		return text, fault
	}
	cmd := exec.Command(command(b.T), "doctor", "--settings", b.settings, "--django", b.row.Django, "--cookie", "-")
	cmd.Dir = b.project.dir
	cmd.Stdin = strings.NewReader(cookie)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		b.Fatalf("djsession doctor: %v\n%s", err, errs.String())
	}
	return strings.TrimSpace(out.String()), err != nil
}

// prove runs djsession prove, which looks at the sessions alone.
func (b *beside) prove(site *djsite.Site) {
	cmd := prove.Command(context.Background(), b.project.python, b.project.dir, b.shell...)
	cmd.Env = append(os.Environ(), b.project.env...)
	if _, err := prove.Run(context.Background(), site.Sessions, cmd); err != nil {
		b.wrong("prove", "%v", err)
		return
	}
	b.row.same("prove")
}

var built string

// command builds the command once.
func command(t *testing.T) string {
	t.Helper()
	if built == "" {
		path := filepath.Join(folder(t), "djsession")
		_, here, _, _ := runtime.Caller(0)
		cmd := exec.Command("go", "build", "-o", path, "./cmd/djsession")
		cmd.Dir = filepath.Join(filepath.Dir(here), "../..")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("build the command: %v\n%s", err, out)
		}
		built = path
	}
	return built
}

// wrong records that Go is wrong, and fails the test.
func (b *beside) wrong(step, format string, args ...any) {
	b.Helper()
	text := fmt.Sprintf(format, args...)
	b.row.set(step, "WRONG: "+text)
	b.Errorf("%s: WRONG: %s", step, text)
}
