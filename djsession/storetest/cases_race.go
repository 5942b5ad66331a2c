package storetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

var raceCases = []testCase{
	{
		name: "race/nothing-lost",
		rule: "Fifty that each set a key of their own in one session, by Load, Update and retry, all find theirs in the end.",
		run: func(e *env) {
			const n = 50
			key, _ := e.create(e.plain(-1))
			e.count(n, func(i int) error {
				s, name := e.pick(i), fmt.Sprintf("key%d", i)
				for {
					r, v, err := s.Load(e.ctx, key)
					if err != nil {
						return err
					}
					_, err = s.Update(e.ctx, key, e.recordOf(r.Data.With(name, int64(i)), time.Hour), v)
					if !errors.Is(err, djsession.ErrConflict) {
						return err
					}
				}
			})
			r, _ := e.load(key)
			for i := range n {
				if got, _ := r.Data.Get(fmt.Sprintf("key%d", i)); got != int64(i) {
					e.Errorf("key%d: got %v, want %d", i, got, i)
				}
			}
		},
	},
	{
		name: "race/many-sessions",
		rule: "Work on one session does not disturb another: twenty with a session each never see a conflict.",
		run: func(e *env) {
			got := e.count(20, func(i int) error {
				s := e.pick(i)
				key := e.newKey()
				v, err := s.Create(e.ctx, key, e.plain(0))
				for n := 1; n < 10 && err == nil; n++ {
					if v, err = s.Update(e.ctx, key, e.plain(n), v); err == nil {
						_, v, err = s.Load(e.ctx, key)
					}
				}
				if err != nil {
					return err
				}
				return s.Delete(e.ctx, key, djsession.Force)
			})
			if got[nil] != 20 {
				e.Errorf("got %v, want 20 nil", got)
			}
		},
	},
	{
		name: "race/delete-wins",
		rule: "Whoever writes while a session is deleted does not bring it back: afterwards it is absent to all.",
		run: func(e *env) {
			for range 5 {
				key, _ := e.create(e.plain(-1))
				got := e.count(10, func(i int) error {
					s := e.pick(i)
					if i == 0 {
						return s.Delete(e.ctx, key, djsession.Force)
					}
					for {
						r, v, err := s.Load(e.ctx, key)
						if err != nil {
							return err
						}
						if i%3 == 0 {
							v = djsession.Force
						}
						_, err = s.Update(e.ctx, key, e.recordOf(r.Data.With("n", int64(i)), time.Hour), v)
						if err != nil && !errors.Is(err, djsession.ErrConflict) {
							return err
						}
						if i%2 == 0 {
							if err := s.Touch(e.ctx, key, e.recordOf(nil, time.Hour).Expires, v); err != nil && !errors.Is(err, djsession.ErrConflict) {
								return err
							}
						}
					}
				})
				if got[nil] != 1 || got[djsession.ErrNotFound] != 9 {
					e.Fatalf("got %v, want 1 nil and 9 ErrNotFound", got)
				}
				e.wantAbsent(key)
			}
		},
	},
}

var faultCases = []testCase{
	{
		name: "context/ended",
		rule: "With a context that has ended each method returns an error that matches the context's, and changes nothing.",
		run: func(e *env) {
			cancelled, cancel := context.WithCancel(e.ctx)
			cancel()
			late, cancel := context.WithDeadline(e.ctx, time.Now().Add(-time.Hour))
			defer cancel()
			for _, ctx := range []context.Context{cancelled, late} {
				r := e.plain(1)
				key, v := e.create(r)
				free := e.newKey()
				for doing, err := range e.everything(ctx, key, free, v) {
					e.wantEnded(doing, err, ctx.Err())
				}
				e.wantStored(key, r)
				e.wantAbsent(free)
			}
		},
	},
	{
		name: "context/stalled",
		rule: "When the server does not answer, each method returns soon after its context ends, and says that the store is unavailable.",
		need: stalls,
		run: func(e *env) {
			r := e.plain(1)
			key, v := e.create(r)
			free := e.newKey()
			resume := e.Stall(e.T)
			func() {
				defer resume()
				for doing, call := range e.calls(key, free, v) {
					began := time.Now()
					ctx, cancel := context.WithTimeout(e.ctx, 100*time.Millisecond)
					err := call(ctx)
					cancel()
					if took := time.Since(began); took > 5*time.Second {
						e.Errorf("%s: returned after %v, want soon after 100ms", doing, took)
					}
					e.wantEnded(doing, err, context.DeadlineExceeded)
					if !errors.Is(err, djsession.ErrUnavailable) {
						e.Errorf("%s: got error %v, want ErrUnavailable", doing, err)
					}
				}
			}()
			// A server may still finish an operation for which nobody waits any more. So
			// only another session is certain to be as it should.
			key, _ = e.create(r)
			e.wantStored(key, r)
		},
	},
	{
		name: "down/unavailable",
		rule: "A server that is down is ErrUnavailable to each method, never ErrNotFound; when it is back all is as it was.",
		need: breaks,
		run: func(e *env) {
			r := e.plain(1)
			key, v := e.create(r)
			free := e.newKey()
			mend := e.Break(e.T)
			func() {
				defer mend()
				for doing, err := range e.everything(e.ctx, key, free, v) {
					e.want(doing, err, djsession.ErrUnavailable)
				}
			}()
			e.wantStored(key, r)
			e.wantAbsent(free)
		},
	},
}

// calls returns each method of the Store, with the record of key or, for Create, with the
// key that is free.
func (e *env) calls(key, free string, v djsession.Version) map[string]func(ctx context.Context) error {
	calls := map[string]func(ctx context.Context) error{
		"Load": func(ctx context.Context) error { _, _, err := e.Load(ctx, key); return err },
		"Create": func(ctx context.Context) error {
			_, err := e.Create(ctx, free, e.plain(2))
			return err
		},
		"Update": func(ctx context.Context) error {
			_, err := e.Update(ctx, key, e.plain(3), v)
			return err
		},
		"forced Update": func(ctx context.Context) error {
			_, err := e.Update(ctx, key, e.plain(4), djsession.Force)
			return err
		},
		"Touch":         func(ctx context.Context) error { return e.Touch(ctx, key, e.plain(1).Expires.Add(time.Hour), v) },
		"Delete":        func(ctx context.Context) error { return e.Delete(ctx, key, v) },
		"forced Delete": func(ctx context.Context) error { return e.Delete(ctx, key, djsession.Force) },
	}
	if c, ok := e.Store.(djsession.Cycler); ok && e.h.Skip["cycle/"] == "" {
		calls["Cycle"] = func(ctx context.Context) error { _, err := c.Cycle(ctx, key, v, free, e.plain(5)); return err }
	}
	if _, ok := djsession.As[djsession.Reaper](e.Store); ok {
		calls["ClearExpired"] = func(ctx context.Context) error { _, err := e.ClearExpired(ctx, nil); return err }
		calls["dry ClearExpired"] = func(ctx context.Context) error {
			_, err := e.ClearExpired(ctx, &djsession.ReapOptions{DryRun: true})
			return err
		}
	}
	if _, ok := djsession.As[djsession.Lister](e.Store); ok {
		calls["List"] = func(ctx context.Context) error {
			for _, err := range e.List(ctx, "") {
				return err
			}
			return nil
		}
	}
	if f, ok := djsession.As[djsession.FreshLoader](e.Store); ok {
		calls["LoadFresh"] = func(ctx context.Context) error { _, _, err := f.LoadFresh(ctx, key); return err }
	}
	return calls
}

// everything calls each method and returns its error.
func (e *env) everything(ctx context.Context, key, free string, v djsession.Version) map[string]error {
	errs := map[string]error{}
	for doing, call := range e.calls(key, free, v) {
		errs[doing] = call(ctx)
	}
	return errs
}

// wantEnded checks an error that comes from a context that has ended.
func (e *env) wantEnded(doing string, err, cause error) {
	e.Helper()
	if !errors.Is(err, cause) {
		e.Errorf("%s: got error %v, want one that matches %v", doing, err, cause)
	}
	for _, k := range kinds {
		if k != djsession.ErrUnavailable && errors.Is(err, k) {
			e.Errorf("%s: the error %v is also %v", doing, err, k)
		}
	}
}
