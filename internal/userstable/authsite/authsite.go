// Package authsite is for tests: a Django that has made the tables of users in a
// database, filled them, and tells what it sees there; and hooks for
// userstest.Run that write to these tables past the packages under test.
package authsite

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

//go:embed site.py
var script string

// Models are the user models that a site can have, and their Options less what
// dbusers.Detect finds out: it can know neither USERNAME_FIELD nor that everybody is
// active.
var Models = map[string]dbusers.Options{
	"auth.User":       {},
	"accounts.Member": {Model: "accounts.Member", Columns: dbusers.Columns{Username: "username"}},
	"accounts.Person": {Model: "accounts.Person", Columns: dbusers.Columns{Username: "email", Active: dbusers.None}},
	"accounts.Bare":   {Model: "accounts.Bare", Columns: dbusers.Columns{Username: "login"}},
	"accounts.Client": {
		Model: "accounts.Client", Table: "Kunden", Columns: dbusers.Columns{Username: "Login Name"}, Extra: []string{"tenant", "note"},
	},
}

// Options are all that the model of o lacks: what Detect has to return.
func Options(model string, o dbusers.Options) *dbusers.Options {
	const none = dbusers.None
	full := dbusers.Options{
		Model: model, Table: map[string]string{
			"auth.User": "auth_user", "accounts.Member": "accounts_member", "accounts.Person": "accounts_person",
			"accounts.Bare": "accounts_bare", "accounts.Client": "Kunden",
		}[model],
		UserColumn: map[string]string{
			"auth.User": "user_id", "accounts.Member": "member_id", "accounts.Person": "person_id",
			"accounts.Bare": "bare_id", "accounts.Client": "client_id",
		}[model],
		Columns: dbusers.Columns{
			ID: "id", Username: "username", Password: "password", Active: "is_active", Staff: "is_staff", Superuser: "is_superuser",
			Email: "email", FirstName: "first_name", LastName: "last_name", LastLogin: "last_login", Joined: "date_joined",
		},
		Schema: o.Schema, Extra: o.Extra, TimeZone: o.TimeZone,
	}
	full.GroupsTable, full.PermissionsTable = full.Table+"_groups", full.Table+"_user_permissions"
	c := &full.Columns
	switch model {
	case "accounts.Member":
		full.ID = djauth.UUIDID
	case "accounts.Person":
		c.Username = "email"
		c.Active, c.Staff, c.FirstName, c.LastName, c.Joined = none, none, none, none, none
	case "accounts.Bare":
		full.ID, full.GroupsTable, full.PermissionsTable = djauth.TextID, none, none
		*c = dbusers.Columns{
			ID: "code", Username: "login", Password: "password", Active: "is_active", Staff: none, Superuser: none,
			Email: none, FirstName: none, LastName: none, LastLogin: none, Joined: none,
		}
	case "accounts.Client":
		full.ID, c.ID, c.Username = djauth.TextID, "code", "Login Name"
	}
	return &full
}

// Person is what Django says of a user.
type Person struct {
	ID, Name                 string
	Password                 string
	Active, Staff, Superuser bool
	Email, First, Last       string
	Login, Joined            *time.Time
	Tenant                   *int64
	Note                     *string
	Permissions, Groups      []string
	New                      bool // the password is "new secret"
}

// Account is p as an Account.
func (p *Person) Account() *djauth.Account {
	a := &djauth.Account{
		ID: p.ID, Name: p.Name, Password: djauth.EncodedOf(p.Password), Active: p.Active, Staff: p.Staff, Superuser: p.Superuser,
		Email: p.Email, FirstName: p.First, LastName: p.Last,
	}
	if p.Login != nil {
		a.LastLogin = *p.Login
	}
	if p.Joined != nil {
		a.Joined = *p.Joined
	}
	if p.Tenant != nil {
		a.Extra = map[string]any{"tenant": *p.Tenant, "note": *p.Note}
	}
	return a
}

// Site is a Django that runs.
type Site struct {
	in  io.Writer
	out *bufio.Reader
}

// Start starts a Django of this version with this AUTH_USER_MODEL on a new
// database, and returns it with the users that it has made. The zone is TIME_ZONE
// of a site with USE_TZ=False, or "-". The options are NAME=VALUE of DATABASES.
func Start(t testing.TB, version, engine, model, zone string, options ...string) (*Site, []Person) {
	t.Helper()
	root, err := filepath.Abs(".")
	for err == nil {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(root) == root {
			t.Fatal("there is no go.mod above the tests")
		}
		root = filepath.Dir(root)
	}
	python := filepath.Join(root, "compat_test/.venv", "django"+version, "bin/python")
	if _, err := os.Stat(python); err != nil {
		testserver.Lacks(t, "there is no Django "+version+": run compat_test/setup.sh")
	}
	cmd := exec.Command(python, append([]string{"-c", script, engine, model, zone}, options...)...)
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONWARNINGS=ignore")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil && !t.Failed() {
			t.Errorf("Django %s: %v", version, err)
		}
	})
	s := &Site{in, bufio.NewReader(out)}
	return s, s.read(t)
}

// Look returns the users as Django sees them now, in the order of their ids.
func (s *Site) Look(t testing.TB) []Person {
	t.Helper()
	if _, err := io.WriteString(s.in, "\n"); err != nil {
		t.Fatal(err)
	}
	return s.read(t)
}

// Find returns the ids of the users that Django finds by these ids and names; ""
// for none.
func (s *Site) Find(t testing.TB, ids, names []string) (byID, byName []string) {
	t.Helper()
	line, err := json.Marshal([2][]string{ids, names})
	if err == nil {
		_, err = s.in.Write(append(line, '\n'))
	}
	if err == nil {
		line, err = s.out.ReadBytes('\n')
	}
	var found [2][]string // null is ""
	if err == nil {
		err = json.Unmarshal(line, &found)
	}
	if err != nil {
		t.Fatal(err)
	}
	return found[0], found[1]
}

func (s *Site) read(t testing.TB) (people []Person) {
	t.Helper()
	line, err := s.out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("Django has ended: %v", err)
	}
	if err := json.Unmarshal(line, &people); err != nil {
		t.Fatal(err)
	}
	return people
}
