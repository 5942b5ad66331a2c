package userstest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
)

// now has a fraction of a second, so that the tests notice an engine that drops it.
var now = time.Date(2026, 3, 4, 5, 6, 7, 123456000, time.UTC)

// env is the environment of a case. Methods with the names of those of Users and its
// optional interfaces call them and check each error.
type env struct {
	*testing.T
	Engine
	h   *Harness
	ctx context.Context

	granter  djauth.Granter
	recorder djauth.LoginRecorder
	setter   djauth.PasswordSetter
	loader   djauth.ManyFinder

	made    int
	secrets []string // must not appear in an error
}

// id returns the nth id of the engine's kind.
func (e *env) id(n int) string {
	switch e.Users.IDKind() {
	case djauth.UUIDID:
		return fmt.Sprintf("0a1b2c3d-4e5f-4a6b-8c7d-%012x", n)
	case djauth.TextID:
		return fmt.Sprintf("Canary O'%d", n)
	}
	return fmt.Sprint(7000000 + n)
}

// add stores an account that differs from all others, after applying change. It returns the
// account that a lookup must find.
func (e *env) add(change ...func(*djauth.Account)) *djauth.Account {
	e.Helper()
	e.made++
	a := &djauth.Account{
		ID: e.id(e.made), Name: fmt.Sprintf("canary%d@example.com", e.made),
		Password:  djauth.EncodedOf(fmt.Sprintf("pbkdf2_sha256$1$canarY$%dx+/=", e.made)),
		Active:    true,
		Email:     fmt.Sprintf("mail%d@example.com", e.made),
		FirstName: fmt.Sprintf("Zoë %d", e.made), LastName: "O'Neill",
		LastLogin: now.Add(-time.Hour), Joined: now.Add(-24 * time.Hour),
	}
	for _, c := range change {
		c(a)
	}
	e.secrets = append(e.secrets, a.ID, a.Name, a.Password.Reveal(), "canar")
	e.Put(e.T, a)
	if e.h.Adapt != nil {
		e.h.Adapt(a)
	}
	e.sent()
	return a
}

// sent returns the number of statements since the last call; 0 if the engine does not
// count.
func (e *env) sent() int {
	if e.Statements == nil {
		return 0
	}
	return e.Statements()
}

// check checks that the text of an error holds no secret.
func (e *env) check(doing string, err error) error {
	e.Helper()
	if err == nil {
		return nil
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%q"} {
		text := strings.ToLower(fmt.Sprintf(format, err))
		for _, s := range e.secrets {
			if strings.Contains(text, strings.ToLower(s)) {
				e.Errorf("%s: the error, by %s, holds an id, a name or a password", doing, format)
			}
		}
	}
	return err
}

func (e *env) byID(id string) (*djauth.Account, error) {
	e.Helper()
	a, err := e.Users.ByID(e.ctx, id)
	return a, e.check("ByID", err)
}

func (e *env) byName(name string) (*djauth.Account, error) {
	e.Helper()
	a, err := e.Users.ByName(e.ctx, name)
	return a, e.check("ByName", err)
}

func (e *env) recordLogin(id string, at time.Time) error {
	e.Helper()
	return e.check("RecordLogin", e.recorder.RecordLogin(e.ctx, id, at))
}

func (e *env) setPassword(id string, encoded, seen djauth.Encoded) error {
	e.Helper()
	return e.check("SetPassword", e.setter.SetPassword(e.ctx, id, encoded, seen))
}

func (e *env) byIDs(ids []string) map[string]*djauth.Account {
	e.Helper()
	got := map[string]*djauth.Account{}
	err := e.check("ByIDs", e.loader.ByIDs(e.ctx, ids, func(a *djauth.Account) {
		if got[a.ID] != nil {
			e.Error("ByIDs: an account was found twice")
		}
		got[a.ID] = a
	}))
	if err != nil {
		e.Fatalf("ByIDs: %v", err)
	}
	return got
}

func (e *env) grantsOf(id string) *djauth.Grants {
	e.Helper()
	g, err := e.granter.Grants(e.ctx, id)
	if e.check("Grants", err) != nil {
		e.Fatalf("Grants: %v", err)
	}
	return g
}

// wantStored checks that the stored account with the ID of want equals want.
func (e *env) wantStored(want *djauth.Account) {
	e.Helper()
	got, err := e.byID(want.ID)
	if err != nil {
		e.Fatalf("ByID: %v", err)
	}
	e.wantSame(got, want)
}

// wantSame compares all fields except Extra.
func (e *env) wantSame(got, want *djauth.Account) {
	e.Helper()
	g, w := reflect.ValueOf(*got), reflect.ValueOf(*want)
	for i := range g.NumField() {
		name := g.Type().Field(i).Name
		a, b := g.Field(i).Interface(), w.Field(i).Interface()
		if name != "Extra" && !reflect.DeepEqual(a, b) {
			e.Errorf("%s: got %#v, want %#v", name, a, b)
		}
	}
	for name, at := range map[string]time.Time{"LastLogin": got.LastLogin, "Joined": got.Joined} {
		if at.Location() != time.UTC {
			e.Errorf("%s is not in UTC", name)
		}
	}
}

func (e *env) wantNoUser(doing string, err error) {
	e.Helper()
	if !errors.Is(err, djauth.ErrNoUser) || errors.Is(err, djsession.ErrUnavailable) {
		e.Errorf("%s: got %v, want ErrNoUser", doing, err)
	}
}

func (e *env) must(doing string, err error) {
	e.Helper()
	if err != nil {
		e.Fatalf("%s: %v", doing, err)
	}
}
