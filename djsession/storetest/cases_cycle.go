package storetest

import (
	"errors"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

var cycleCases = []testCase{
	{
		name: "cycle/moves",
		rule: "Cycle stores the record under the new key, removes the old one, and returns the Version for the next Update.",
		run: func(e *env) {
			kept := e.plain(7)
			other, _ := e.create(kept)
			old, v := e.create(e.plain(1))
			key, r := e.newKey(), e.recordOf(e.plain(2).Data, 2*time.Hour)
			v, err := e.Cycle(old, v, key, r)
			if err != nil {
				e.Fatalf("Cycle: %v", err)
			}
			e.wantAbsent(old)
			e.wantStored(key, r)
			e.wantStored(other, kept)
			e.update(key, e.plain(3), v)
			if _, err := e.Create(e.ctx, old, e.plain(4)); err != nil {
				e.Errorf("Create under the old key: %v", err)
			}
		},
	},
	{
		name: "cycle/unchanged",
		rule: "Cycle moves a record that is the same as before.",
		run: func(e *env) {
			r := e.plain(1)
			old, v := e.create(r)
			key := e.newKey()
			if _, err := e.Cycle(old, v, key, r); err != nil {
				e.Fatalf("Cycle: %v", err)
			}
			e.wantAbsent(old)
			e.wantStored(key, r)
		},
	},
	{
		name: "cycle/stale",
		rule: "Cycle of another record than was seen is ErrConflict, and nothing is done.",
		run: func(e *env) {
			old, v := e.create(e.plain(1))
			r := e.plain(2)
			e.update(old, r, v)
			key := e.newKey()
			for _, seen := range []djsession.Version{v, {}} {
				_, err := e.Cycle(old, seen, key, e.plain(3))
				e.want("Cycle with "+seen.String(), err, djsession.ErrConflict)
				e.wantStored(old, r)
				e.wantAbsent(key)
			}
		},
	},
	{
		name: "cycle/gone",
		rule: "Cycle of a record that was deleted, or never was, is ErrNotFound, and nothing is done.",
		run: func(e *env) {
			old, v := e.create(e.plain(1))
			if err := e.Delete(e.ctx, old, v); err != nil {
				e.Fatalf("Delete: %v", err)
			}
			key := e.newKey()
			for _, old := range []string{old, e.newKey()} {
				for _, seen := range []djsession.Version{v, djsession.Force, {}} {
					_, err := e.Cycle(old, seen, key, e.plain(2))
					e.want("Cycle with "+seen.String(), err, djsession.ErrNotFound)
					e.wantAbsent(old)
					e.wantAbsent(key)
				}
			}
		},
	},
	{
		name: "cycle/taken",
		rule: "Cycle to a key that is taken is ErrKeyTaken, and nothing is done.",
		run: func(e *env) {
			r, theirs := e.plain(1), e.plain(2)
			old, v := e.create(r)
			key, _ := e.create(theirs)
			for _, seen := range []djsession.Version{v, djsession.Force} {
				_, err := e.Cycle(old, seen, key, e.plain(3))
				e.want("Cycle with "+seen.String(), err, djsession.ErrKeyTaken)
				e.wantStored(old, r)
				e.wantStored(key, theirs)
			}
		},
	},
	{
		name: "cycle/force",
		rule: "Cycle with Force moves whatever is stored.",
		run: func(e *env) {
			old, v := e.create(e.plain(1))
			e.update(old, e.plain(2), v)
			key, r := e.newKey(), e.plain(3)
			if _, err := e.Cycle(old, djsession.Force, key, r); err != nil {
				e.Fatalf("Cycle: %v", err)
			}
			e.wantAbsent(old)
			e.wantStored(key, r)
		},
	},
	{
		name: "cycle/over",
		rule: "Cycle of a record whose time is over leaves neither the old one nor one that can be loaded.",
		run: func(e *env) {
			old, v := e.create(e.plain(1))
			key := e.newKey()
			if _, err := e.Cycle(old, v, key, e.recordOf(e.plain(2).Data, -time.Second)); err != nil {
				e.Fatalf("Cycle: %v", err)
			}
			e.wantAbsent(old)
			e.wantAbsent(key)
		},
	},
	{
		name:     "cycle/too-large",
		rule:     "Cycle to a record that is too large is ErrTooLarge, and nothing is done.",
		settings: func(s *djsession.Settings) { s.Limits.Payload = 4096 },
		run: func(e *env) {
			r := e.plain(1)
			old, v := e.create(r)
			key := e.newKey()
			_, err := e.Cycle(old, v, key, e.record("blob", canary+noise(1<<16)))
			e.want("Cycle", err, djsession.ErrTooLarge)
			e.wantStored(old, r)
			e.wantAbsent(key)
		},
	},
	{
		name: "cycle/one-wins",
		rule: "Of those who cycle, update and delete one record at once, each from what it saw, one succeeds. No two have it under a new key.",
		run: func(e *env) {
			e.cycler(e.Store)
			for range 10 {
				old, v := e.create(e.plain(-1))
				keys := make([]string, 12)
				for i := range keys {
					keys[i] = e.newKey()
				}
				got := e.count(len(keys), func(i int) error {
					s := e.pick(i)
					var err error
					switch i % 3 {
					case 0:
						_, err = e.cycler(s).Cycle(e.ctx, old, v, keys[i], e.plain(i))
					case 1:
						_, err = s.Update(e.ctx, old, e.plain(i), v)
					case 2:
						err = s.Delete(e.ctx, old, v)
					}
					return err
				})
				if got[nil] != 1 || got[djsession.ErrNotFound]+got[djsession.ErrConflict] != len(keys)-1 {
					e.Fatalf("got %v, want one nil", got)
				}
				there := 0
				for _, key := range append(keys, old) {
					switch _, _, err := e.Load(e.ctx, key); {
					case err == nil:
						there++
					case !errors.Is(err, djsession.ErrNotFound):
						e.Fatalf("Load: %v", err)
					}
				}
				if there > 1 {
					e.Fatalf("the record is there under %d keys", there)
				}
			}
		},
	},
}

// Cycle calls the Store itself, as a Manager does.
func (e *env) Cycle(old string, seen djsession.Version, key string, r *djsession.Record) (djsession.Version, error) {
	e.Helper()
	began := time.Now()
	v, err := e.cycler(e.Store).Cycle(e.ctx, old, seen, key, r)
	e.took(began)
	e.seen("Cycle", err)
	e.seenVersion(v)
	return v, err
}

// cycler returns s as a Cycler, without looking beneath a decorator.
func (e *env) cycler(s djsession.Store) djsession.Cycler {
	e.Helper()
	c, ok := s.(djsession.Cycler)
	if !ok {
		e.Fatal("the Store is no djsession.Cycler: make it one, or name the group in Harness.Skip")
	}
	return c
}
