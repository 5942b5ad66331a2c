package userstest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
)

var loginCases = []testCase{
	{
		name: "login/records",
		rule: "RecordLogin sets last_login of the account, and changes nothing else and nobody else.",
		need: records,
		run: func(e *env) {
			a, b := e.add(), e.add(func(a *djauth.Account) { a.LastLogin = time.Time{} })
			zone := time.FixedZone("", -5*3600)
			for _, at := range []time.Time{now, now.Truncate(time.Second), now.Add(time.Hour + 999).In(zone)} {
				e.must("RecordLogin", e.recordLogin(a.ID, at))
				a.LastLogin = at.UTC().Truncate(time.Microsecond)
				e.adapt(a)
				e.wantStored(a)
			}
			e.wantStored(b)
			e.must("RecordLogin", e.recordLogin(b.ID, now))
			b.LastLogin = now
			e.adapt(b)
			e.wantStored(b)
		},
	},
	{
		name: "login/again",
		rule: "The same moment a second time is no error.",
		need: records,
		run: func(e *env) {
			a := e.add()
			e.must("first", e.recordLogin(a.ID, now))
			e.must("second", e.recordLogin(a.ID, now))
		},
	},
	{
		name: "login/absent",
		rule: "RecordLogin of an id that nobody has is ErrNoUser, unless the model has no such column.",
		need: records,
		run: func(e *env) {
			a := e.add()
			if a.LastLogin.IsZero() {
				e.Skip("the model has no last_login")
			}
			for _, id := range []string{e.id(99), "\x00", "9223372036854775807", "' OR ''='"} {
				e.wantNoUser(id, e.recordLogin(id, now))
			}
			e.wantStored(a)
		},
	},
}

var passwordCases = []testCase{
	{
		name: "password/seen",
		rule: "SetPassword replaces the password that was seen, and changes nothing else and nobody else.",
		need: passwords,
		run: func(e *env) {
			a, b := e.add(), e.add(func(a *djauth.Account) { a.Password = djauth.EncodedOf("canary$same") })
			e.must("SetPassword", e.setPassword(a.ID, djauth.EncodedOf("canary$new"), a.Password))
			a.Password = djauth.EncodedOf("canary$new")
			e.wantStored(a)
			e.wantStored(b)
		},
	},
	{
		name: "password/conflict",
		rule: "If the password is not the one that was seen, byte for byte, SetPassword is ErrConflict and changes nothing.",
		need: passwords,
		run: func(e *env) {
			a := e.add(func(a *djauth.Account) { a.Password = djauth.EncodedOf("canary$aBc=") })
			for _, seen := range []string{"canary$old", "canary$abc=", "canary$aBc= ", "canary$aBc", "CANARY$aBc=", "canary$new", "\x00", "\xff"} {
				if err := e.setPassword(a.ID, djauth.EncodedOf("canary$new"), djauth.EncodedOf(seen)); !errors.Is(err, djsession.ErrConflict) {
					e.Errorf("seen %q: got %v, want ErrConflict", seen, err)
				}
				e.wantStored(a)
			}
			// The new password is stored, but it is not the one that was seen.
			if err := e.setPassword(a.ID, a.Password, djauth.EncodedOf("canary$old")); !errors.Is(err, djsession.ErrConflict) {
				e.Errorf("the new one is there already: got %v, want ErrConflict", err)
			}
		},
	},
	{
		name: "password/any",
		rule: "SetPassword with nothing seen replaces whatever is there.",
		need: passwords,
		run: func(e *env) {
			a, b := e.add(), e.add()
			for range 2 { // the second time with the same value
				e.must("SetPassword", e.setPassword(a.ID, djauth.EncodedOf("canary$new"), djauth.Encoded{}))
				a.Password = djauth.EncodedOf("canary$new")
				e.wantStored(a)
				e.wantStored(b)
			}
		},
	},
	{
		name: "password/same",
		rule: "To replace a password by itself is no error.",
		need: passwords,
		run: func(e *env) {
			a := e.add()
			e.must("SetPassword", e.setPassword(a.ID, a.Password, a.Password))
			e.wantStored(a)
		},
	},
	{
		name: "password/absent",
		rule: "SetPassword of an id that nobody has is ErrNoUser.",
		need: passwords,
		run: func(e *env) {
			a := e.add()
			for _, id := range []string{e.id(99), "\x00", "9223372036854775807", "' OR ''='"} {
				e.wantNoUser("nothing seen", e.setPassword(id, djauth.EncodedOf("canary$new"), djauth.Encoded{}))
				e.wantNoUser("seen", e.setPassword(id, djauth.EncodedOf("canary$new"), a.Password))
			}
			e.wantStored(a)
		},
	},
	{
		name: "password/one-wins",
		rule: "Of several who saw the same password, one replaces it.",
		need: passwords,
		run: func(e *env) {
			a := e.add()
			var wg sync.WaitGroup
			errs := make([]error, 8)
			for i := range errs {
				wg.Add(1)
				go func() {
					defer wg.Done()
					errs[i] = e.setter.SetPassword(e.ctx, a.ID, djauth.EncodedOf("canary$"+strings.Repeat("n", i+1)), a.Password)
				}()
			}
			wg.Wait()
			won := 0
			for i, err := range errs {
				switch {
				case err == nil:
					won++
					a.Password = djauth.EncodedOf("canary$" + strings.Repeat("n", i+1))
				case !errors.Is(err, djsession.ErrConflict):
					e.Errorf("got %v, want ErrConflict", e.check("SetPassword", err))
				}
			}
			if won != 1 {
				e.Errorf("%d have won, want 1", won)
			}
			e.wantStored(a)
		},
	},
}

// adapt calls Harness.Adapt.
func (e *env) adapt(a *djauth.Account) {
	if e.h.Adapt != nil {
		e.h.Adapt(a)
	}
}

var placeCases = []testCase{
	{
		name: "down/unavailable",
		rule: "A place that cannot be asked is ErrUnavailable and never ErrNoUser, in words that hold no id, name or password, nor those of a driver.",
		need: breaks,
		run: func(e *env) {
			a := e.add()
			mend := e.Break(e.T)
			for doing, f := range e.operations(e.ctx, a) {
				err := e.check(doing, f())
				if !errors.Is(err, djsession.ErrUnavailable) || errors.Is(err, djauth.ErrNoUser) || errors.Is(err, djsession.ErrConflict) {
					e.Errorf("%s: got %v, want ErrUnavailable", doing, err)
				}
			}
			mend()
			e.wantStored(a)
		},
	},
	{
		name: "down/cancelled",
		rule: "A context that has ended is ErrUnavailable, and context.Canceled too.",
		run: func(e *env) {
			a := e.add()
			ctx, cancel := context.WithCancel(e.ctx)
			cancel()
			for doing, f := range e.operations(ctx, a) {
				err := e.check(doing, f())
				if !errors.Is(err, djsession.ErrUnavailable) || !errors.Is(err, context.Canceled) {
					e.Errorf("%s: got %v, want ErrUnavailable and context.Canceled", doing, err)
				}
			}
			e.wantStored(a)
		},
	},
	{
		name: "statements/one",
		rule: "Each method asks one question; ByIDs one for many ids.",
		need: statements,
		run: func(e *env) {
			a, b := e.add(), e.add()
			ops := e.operations(e.ctx, a)
			ops["ByID of nobody"] = func() error { _, err := e.byID(e.id(99)); return ignore(err, djauth.ErrNoUser) }
			ops["ByName of nobody"] = func() error { _, err := e.byName("nobody"); return ignore(err, djauth.ErrNoUser) }
			if e.loader != nil {
				ops["ByIDs of three"] = func() error {
					return e.loader.ByIDs(e.ctx, []string{a.ID, b.ID, e.id(99)}, func(*djauth.Account) {})
				}
			}
			if e.setter != nil {
				ops["SetPassword, nothing seen"] = func() error { return e.setPassword(b.ID, djauth.EncodedOf("canary$new"), djauth.Encoded{}) }
			}
			for doing, f := range ops {
				e.sent()
				e.must(doing, f())
				if n := e.sent(); n != 1 && !(n == 0 && doing == "RecordLogin" && a.LastLogin.IsZero()) && !(n == 0 && doing == "Grants" && e.Grant == nil) {
					e.Errorf("%s: %d statements, want 1", doing, n)
				}
			}
		},
	},
	{
		name: "at-once/many",
		rule: "A Users is safe for concurrent use.",
		run: func(e *env) {
			a, b := e.add(), e.add()
			var wg sync.WaitGroup
			errs := make(chan error, 100)
			for _, of := range []*djauth.Account{a, b, a, b} {
				wg.Add(1)
				go func() {
					defer wg.Done()
					for range 5 {
						got, err := e.Users.ByID(e.ctx, of.ID)
						if err == nil && got.Name != of.Name {
							err = errors.New("another account")
						}
						errs <- err
						got, err = e.Users.ByName(e.ctx, of.Name)
						if err == nil && got.ID != of.ID {
							err = errors.New("another account")
						}
						errs <- err
					}
				}()
			}
			wg.Wait()
			close(errs)
			for err := range errs {
				e.must("at once", err)
			}
		},
	},
}

// operations returns the operations of the engine, with arguments that are valid for a.
func (e *env) operations(ctx context.Context, a *djauth.Account) map[string]func() error {
	ops := map[string]func() error{
		"ByID":   func() error { _, err := e.Users.ByID(ctx, a.ID); return err },
		"ByName": func() error { _, err := e.Users.ByName(ctx, a.Name); return err },
	}
	if e.granter != nil && e.Grant != nil {
		ops["Grants"] = func() error { _, err := e.granter.Grants(ctx, a.ID); return err }
	}
	if e.recorder != nil && !a.LastLogin.IsZero() {
		ops["RecordLogin"] = func() error { return e.recorder.RecordLogin(ctx, a.ID, a.LastLogin.Add(time.Minute)) }
	}
	if e.setter != nil {
		ops["SetPassword"] = func() error { return e.setter.SetPassword(ctx, a.ID, djauth.EncodedOf("canary$newer"), a.Password) }
	}
	if e.loader != nil {
		ops["ByIDs"] = func() error { return e.loader.ByIDs(ctx, []string{a.ID}, func(*djauth.Account) {}) }
	}
	return ops
}

func ignore(err, what error) error {
	if errors.Is(err, what) {
		return nil
	}
	return err
}
