package userstest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/userstest"
	"github.com/go-djsession/go-djsession/djsession"
)

// people is a Users in memory with a named fault.
type people struct {
	fault string
	kind  djauth.IDKind

	mu       sync.Mutex
	accounts map[string]*djauth.Account
	own      map[string][]string
	member   map[string][]string
	groups   map[string][]string
	sent     int
	down     bool
}

// faults are ways to break the contract, each with the case that must notice it.
var faults = []struct{ name, noticedBy string }{
	{"id: forgets microseconds", "id/found"},
	{"id: local time", "id/found"},
	{"id: forgets the name", "id/found"},
	{"id: NULL is 1970", "id/nulls"},
	{"id: inactive is nobody", "id/inactive"},
	{"id: nobody is nil", "id/absent"},
	{"id: nobody is down", "id/absent"},
	{"id: odd is down", "id/impossible"},
	{"id: begins with a number", "id/impossible"},
	{"id: shares", "id/own"},
	{"name: any case", "name/case"},
	{"name: as asked for", "name/case"},
	{"name: pattern", "name/absent"},
	{"name: trims", "name/odd"},
	{"name: by e-mail", "name/found"},
	{"login: keeps the old", "login/records"},
	{"login: of everybody", "login/records"},
	{"login: touches the password", "login/records"},
	{"login: unchanged is nobody", "login/again"},
	{"login: nobody is no error", "login/absent"},
	{"password: not at all", "password/seen"},
	{"password: of everybody", "password/seen"},
	{"password: does not compare", "password/conflict"},
	{"password: any case", "password/conflict"},
	{"password: new is seen", "password/conflict"},
	{"password: compares with nothing", "password/any"},
	{"password: unchanged is a conflict", "password/same"},
	{"password: nobody is a conflict", "password/absent"},
	{"password: looks first", "password/one-wins"},
	{"many: repeats", "many/found"},
	{"many: leaves out inactive", "many/found"},
	{"many: all of none", "many/none"},
	{"many: parts at commas", "many/odd"},
	{"many: the first hundred", "many/many"},
	{"many: holds a lock", "many/within"},
	{"grants: of everybody", "grants/none"},
	{"grants: unsorted", "grants/own"},
	{"grants: without groups", "grants/groups"},
	{"grants: twice", "grants/groups"},
	{"grants: only of active", "grants/inactive"},
	{"down: nobody", "down/unavailable"},
	{"down: says the name", "down/unavailable"},
	{"context: ignored", "down/cancelled"},
	{"statements: looks first", "statements/one"},
	{"at once: mixes", "at-once/many"},
}

func (p *people) is(fault string) bool { return p.fault == fault }

// ask counts a statement. It returns an error if ctx is done or the people are down.
func (p *people) ask(ctx context.Context, about string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sent++; p.is("statements: looks first") {
		p.sent++
	}
	if err := ctx.Err(); err != nil && !p.is("context: ignored") {
		return djsession.Unavailable("ask", err)
	}
	switch {
	case p.down && p.is("down: nobody"):
		return djauth.ErrNoUser
	case p.down && p.is("down: says the name"):
		return fmt.Errorf("ask for %s: %w", about, djsession.ErrUnavailable)
	case p.down:
		return djsession.Unavailable("ask", errors.New("unplugged"))
	}
	return nil
}

func (p *people) Site() *djsession.Site { return nil }

func (p *people) IDKind() djauth.IDKind { return p.kind }

var last string // for the fault "at once: mixes"

func (p *people) ByID(ctx context.Context, id string) (*djauth.Account, error) {
	if err := p.ask(ctx, id); err != nil {
		return nil, err
	}
	if p.is("at once: mixes") && ctx.Done() != nil {
		p.mu.Lock()
		last = id
		p.mu.Unlock()
		time.Sleep(time.Millisecond)
		p.mu.Lock()
		id = last
		p.mu.Unlock()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.is("id: begins with a number") {
		id = strings.TrimRight(id, "x")
	}
	a := p.accounts[id]
	switch {
	case a == nil && (p.is("id: nobody is down") || p.is("id: odd is down") && len(id) > 1000):
		return nil, djsession.ErrUnavailable
	case a == nil && p.is("id: nobody is nil"):
		return &djauth.Account{}, nil
	case a == nil, p.is("id: inactive is nobody") && !a.Active:
		return nil, djauth.ErrNoUser
	case p.is("id: shares"):
		return a, nil
	}
	c := *a
	switch p.fault {
	case "id: forgets microseconds":
		c.LastLogin = c.LastLogin.Truncate(time.Second)
	case "id: local time":
		c.Joined = c.Joined.In(time.FixedZone("", 3600))
	case "id: forgets the name":
		c.LastName = ""
	case "id: NULL is 1970":
		if c.LastLogin.IsZero() {
			c.LastLogin = time.Unix(0, 0).UTC()
		}
	}
	return &c, nil
}

func (p *people) ByName(ctx context.Context, name string) (*djauth.Account, error) {
	if err := p.ask(ctx, name); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.accounts {
		has := a.Name
		if p.is("name: by e-mail") {
			has = a.Email
		}
		if has == name || (p.is("name: any case") || p.is("name: as asked for")) && strings.EqualFold(has, name) ||
			p.is("name: pattern") && strings.HasSuffix(name, "%") && strings.HasPrefix(has, strings.TrimSuffix(name, "%")) {
			c := *a
			if p.is("name: as asked for") {
				c.Name = name
			}
			if p.is("name: trims") {
				c.Name = strings.Trim(c.Name, `0'"`)
			}
			return &c, nil
		}
	}
	return nil, djauth.ErrNoUser
}

func (p *people) RecordLogin(ctx context.Context, id string, at time.Time) error {
	if err := p.ask(ctx, id); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.accounts[id]
	at = at.UTC().Truncate(time.Microsecond)
	switch {
	case a == nil && p.is("login: nobody is no error"):
		return nil
	case a == nil, p.is("login: unchanged is nobody") && a.LastLogin.Equal(at):
		return djauth.ErrNoUser
	case p.is("login: keeps the old"):
		return nil
	case p.is("login: touches the password"):
		a.Password = djauth.EncodedOf(a.Password.Reveal() + "x")
	case p.is("login: of everybody"):
		for _, a := range p.accounts {
			a.LastLogin = at
		}
	}
	a.LastLogin = at
	return nil
}

func (p *people) SetPassword(ctx context.Context, id string, encoded, seen djauth.Encoded) error {
	if err := p.ask(ctx, id); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.accounts[id]
	switch {
	case a == nil && p.is("password: nobody is a conflict"):
		return djsession.ErrConflict
	case a == nil:
		return djauth.ErrNoUser
	}
	equal := a.Password.Equal(seen) || seen.IsZero() && !p.is("password: compares with nothing") ||
		p.is("password: does not compare") ||
		p.is("password: any case") && strings.EqualFold(a.Password.Reveal(), seen.Reveal()) ||
		p.is("password: new is seen") && a.Password.Equal(encoded)
	if p.is("password: looks first") {
		p.mu.Unlock()
		time.Sleep(5 * time.Millisecond)
		p.mu.Lock()
	}
	switch {
	case !equal, p.is("password: unchanged is a conflict") && a.Password.Equal(encoded):
		return djsession.ErrConflict
	case p.is("password: not at all"):
		return nil
	case p.is("password: of everybody"):
		for _, a := range p.accounts {
			a.Password = encoded
		}
	}
	a.Password = encoded
	return nil
}

func (p *people) ByIDs(ctx context.Context, ids []string, found func(*djauth.Account)) error {
	if err := p.ask(ctx, strings.Join(ids, " ")); err != nil {
		return err
	}
	p.mu.Lock()
	var all []*djauth.Account
	switch {
	case p.is("many: the first hundred"):
		ids = ids[:min(100, len(ids))]
	case p.is("many: parts at commas"):
		ids = strings.Split(strings.Join(ids, ","), ",")
	}
	seen := map[string]bool{}
	for id, a := range p.accounts {
		if (slices.Contains(ids, id) || p.is("many: all of none") && len(ids) == 0) && !(p.is("many: leaves out inactive") && !a.Active) {
			c := *a
			all = append(all, &c)
			seen[id] = true
			if p.is("many: repeats") {
				all = append(all, &c)
			}
		}
	}
	if p.is("many: holds a lock") {
		defer p.mu.Unlock()
	} else {
		p.mu.Unlock()
	}
	for _, a := range all {
		if p.is("many: holds a lock") && len(all) > 1 {
			return djsession.ErrUnavailable // a real one would wait for ever
		}
		found(a)
	}
	return nil
}

func (p *people) Grants(ctx context.Context, id string) (*djauth.Grants, error) {
	if err := p.ask(ctx, id); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	g := &djauth.Grants{Permissions: slices.Clone(p.own[id]), Groups: slices.Clone(p.member[id])}
	for _, name := range g.Groups {
		if !p.is("grants: without groups") {
			g.Permissions = append(g.Permissions, p.groups[name]...)
		}
	}
	if p.is("grants: of everybody") {
		for _, own := range p.own {
			g.Permissions = append(g.Permissions, own...)
		}
	}
	if a := p.accounts[id]; p.is("grants: only of active") && (a == nil || !a.Active) {
		return &djauth.Grants{}, nil
	}
	slices.Sort(g.Groups)
	if !p.is("grants: unsorted") {
		slices.Sort(g.Permissions)
	}
	if !p.is("grants: twice") {
		g.Permissions = slices.Compact(g.Permissions)
	}
	return g, nil
}

// reader is a Users without optional interfaces.
type reader struct{ djauth.Users }

// counting counts the calls of the people inside. The interfaces that read are those of
// people.
type counting struct {
	*people
	asked atomic.Int64
}

func (c *counting) ByID(ctx context.Context, id string) (*djauth.Account, error) {
	c.asked.Add(1)
	return c.people.ByID(ctx, id)
}

func (c *counting) ByName(ctx context.Context, name string) (*djauth.Account, error) {
	c.asked.Add(1)
	return c.people.ByName(ctx, name)
}

// unwrapped is a reader with Unwrap.
type unwrapped struct{ reader }

func (u unwrapped) Unwrap() djauth.Users { return u.Users }

// writer is an unwrapped with the interfaces that write.
type writer struct {
	unwrapped
	djauth.LoginRecorder
	djauth.PasswordSetter
}

func harness(fault string, kind djauth.IDKind) userstest.Harness {
	return userstest.Harness{
		Open: func(t *testing.T) userstest.Engine {
			p := &people{
				fault: fault, kind: kind,
				accounts: map[string]*djauth.Account{}, own: map[string][]string{}, member: map[string][]string{}, groups: map[string][]string{},
			}
			e := userstest.Engine{
				Users: p,
				Put: func(_ testing.TB, a *djauth.Account) {
					c := *a
					p.accounts[a.ID] = &c
				},
				Remove: func(_ testing.TB, id string) { delete(p.accounts, id) },
				Grant: func(_ testing.TB, id string, own []string, groups map[string][]string) {
					p.own[id] = own
					for name, permissions := range groups {
						p.member[id] = append(p.member[id], name)
						if p.groups[name] == nil {
							p.groups[name] = permissions
						}
					}
				},
				Statements: func() int {
					p.mu.Lock()
					defer p.mu.Unlock()
					defer func() { p.sent = 0 }()
					return p.sent
				},
				Break: func(testing.TB) func() {
					p.down = true
					return func() { p.down = false }
				},
			}
			switch fault {
			case "no hook":
				e.Break = nil
			case "no interface":
				e.Users = reader{p}
			case "no writes":
				e.Users = unwrapped{reader{p}}
			case "wrapped":
				c := &counting{people: p}
				e.Users = writer{unwrapped{reader{c}}, c, c}
				t.Cleanup(func() {
					if c.asked.Load() == 0 && strings.Contains(t.Name(), "/id/") {
						t.Error("the wrapper was passed by")
					}
				})
			}
			return e
		},
		FoldsCase: fault == "name: as asked for",
	}
}

// The environment variables of the test binary that TestFaults runs.
const faultEnv, skipEnv = "USERSTEST_FAULT", "USERSTEST_SKIP"

// TestFaulty runs the suite on people with a fault, for TestFaults.
func TestFaulty(t *testing.T) {
	fault, ok := os.LookupEnv(faultEnv)
	if !ok {
		t.Skip("TestFaults runs it")
	}
	h := harness(fault, djauth.TextID)
	if strings.HasPrefix(fault, "id: begins") {
		h = harness(fault, djauth.IntegerID)
	}
	if name, reason, ok := strings.Cut(os.Getenv(skipEnv), "="); ok {
		h.Skip = map[string]string{name: reason}
	}
	userstest.Run(t, h)
}

func runFaulty(t *testing.T, fault, skip, name string) (passed bool, output string) {
	t.Helper()
	pattern := "^TestFaulty$/^" + strings.ReplaceAll(name, "/", "$/^") + "$"
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", pattern, "-test.v")
	cmd.Env = append(os.Environ(), faultEnv+"="+fault, skipEnv+"="+skip)
	out, err := cmd.CombinedOutput()
	if !strings.Contains(string(out), "=== RUN   TestFaulty") {
		t.Fatalf("the test did not run: %v\n%s", err, out)
	}
	return err == nil, string(out)
}

// The case for each part of the contract notices when that part is broken.
func TestFaults(t *testing.T) {
	noticing := map[string]bool{}
	for _, f := range faults {
		noticing[f.noticedBy] = true
		t.Run(strings.ReplaceAll(f.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			passed, out := runFaulty(t, f.name, "", f.noticedBy)
			if passed || !strings.Contains(out, "--- FAIL: TestFaulty/"+f.noticedBy) || !strings.Contains(out, "the rule: ") {
				t.Errorf("%s does not notice it, or does not tell the rule:\n%s", f.noticedBy, out)
			}
		})
	}
	for _, name := range userstest.Cases() {
		if !noticing[name] {
			t.Errorf("no fault is noticed by %s", name)
		}
	}
}

// Without a fault the whole suite passes, with every kind of id.
func TestNoFault(t *testing.T) {
	for _, kind := range []djauth.IDKind{djauth.IntegerID, djauth.UUIDID, djauth.TextID} {
		t.Run(kind.String(), func(t *testing.T) { userstest.Run(t, harness("", kind)) })
		t.Run(kind.String()+", wrapped", func(t *testing.T) { userstest.Run(t, harness("wrapped", kind)) })
	}
}

// A case that lacks something fails, unless Skip names it with a reason. A Skip that names
// nothing fails too.
func TestSkip(t *testing.T) {
	for _, test := range []struct {
		name, fault, skip, run, output string
		passes                         bool
	}{
		{"missing hook", "no hook", "", "down/unavailable", "Engine.Break is missing", false},
		{"missing hook, skipped", "no hook", "down/=never down", "down/unavailable", "never down", true},
		{"missing interface", "no interface", "", "grants/own", "djauth.Granter is missing", false},
		{"what reads, of one wrapped", "no writes", "", "grants/own", "PASS", true},
		{"what writes, of one wrapped", "no writes", "", "password/seen", "djauth.PasswordSetter is missing", false},
		{"missing interface, skipped", "no interface", "grants/=none", "grants/own", "none", true},
		{"unknown case", "", "id/nonsense=so", "id/found", `"id/nonsense", which is no case`, false},
		{"unknown group", "", "nonsense/=so", "id/found", `"nonsense/", which is no case`, false},
		{"no reason", "", "id/found=", "id/absent", `no reason for "id/found"`, false},
	} {
		t.Run(strings.ReplaceAll(test.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			passed, out := runFaulty(t, test.fault, test.skip, test.run)
			if passed != test.passes || !strings.Contains(out, test.output) {
				t.Errorf("passed %v, want %v and the output %q:\n%s", passed, test.passes, test.output, out)
			}
		})
	}
}
