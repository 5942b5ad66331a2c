package storetest

import (
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

var deleteSeenCases = []testCase{
	{
		name: "delete-seen/seen",
		rule: "Delete with the Version that is stored removes the record.",
		run: func(e *env) {
			key, _ := e.create(e.plain(1))
			_, v := e.load(key)
			if err := e.Delete(e.ctx, key, v); err != nil {
				e.Fatalf("Delete: %v", err)
			}
			e.wantAbsent(key)
			e.want("second Delete", e.Delete(e.ctx, key, v), djsession.ErrNotFound)
		},
	},
	{
		name: "delete-seen/stale",
		rule: "Delete of another record than was seen is ErrConflict and removes nothing.",
		run: func(e *env) {
			key, v := e.create(e.plain(1))
			r := e.plain(2)
			e.update(key, r, v)
			e.want("Delete", e.Delete(e.ctx, key, v), djsession.ErrConflict)
			e.want("Delete with the zero Version", e.Delete(e.ctx, key, djsession.Version{}), djsession.ErrConflict)
			e.wantStored(key, r)
		},
	},
	{
		name: "delete-seen/absent",
		rule: "Delete of a key that never was is ErrNotFound.",
		run: func(e *env) {
			_, v := e.create(e.plain(1))
			e.want("Delete", e.Delete(e.ctx, e.newKey(), v), djsession.ErrNotFound)
			e.want("forced Delete", e.Delete(e.ctx, e.newKey(), djsession.Force), djsession.ErrNotFound)
		},
	},
	{
		name: "delete-seen/force",
		rule: "Delete with Force removes whatever is stored.",
		run: func(e *env) {
			key, v := e.create(e.plain(1))
			e.update(key, e.plain(2), v)
			if err := e.Delete(e.ctx, key, djsession.Force); err != nil {
				e.Fatalf("Delete: %v", err)
			}
			e.wantAbsent(key)
		},
	},
	{
		name: "delete-seen/against-update",
		rule: "Of one that deletes and others that update from one Version, only one succeeds.",
		run: func(e *env) {
			for range 10 {
				key, v := e.create(e.plain(-1))
				got := e.count(10, func(i int) error {
					if i%2 == 0 {
						return e.Store.Delete(e.ctx, key, v)
					}
					_, err := e.pick(i).Update(e.ctx, key, e.plain(i), v)
					return err
				})
				if got[nil] != 1 {
					e.Fatalf("got %v, want one nil", got)
				}
			}
		},
	},
	{
		name: "delete-seen/against-delete",
		rule: "Of those that delete one key at once, by what they saw or not, one succeeds and the others get ErrNotFound: a key is not cycled by a request that a logout beat.",
		run: func(e *env) {
			for range 10 {
				key, v := e.create(e.plain(1))
				got := e.count(10, func(i int) error {
					if i%2 == 0 {
						return e.Store.Delete(e.ctx, key, v)
					}
					return e.pick(i).Delete(e.ctx, key, djsession.Force)
				})
				if got[nil] != 1 || got[djsession.ErrNotFound] != 9 {
					e.Fatalf("got %v, want 1 nil and 9 ErrNotFound", got)
				}
			}
		},
	},
}

var touchCases = []testCase{
	{
		name: "touch/moves",
		rule: "Touch moves the expiry, both ways, and leaves the data.",
		run: func(e *env) {
			r := e.plain(1)
			key, v := e.create(r)
			for _, d := range []time.Duration{3 * time.Hour, time.Minute} {
				r = e.recordOf(r.Data, d)
				if err := e.Touch(e.ctx, key, r.Expires, v); err != nil {
					e.Fatalf("Touch: %v", err)
				}
				e.wantStored(key, r)
			}
		},
	},
	{
		name: "touch/same-moment",
		rule: "Touch to the expiry that is stored already is no conflict and no loss.",
		run: func(e *env) {
			r := e.plain(1)
			key, v := e.create(r)
			for _, seen := range []djsession.Version{v, v, djsession.Force, djsession.Force} {
				if err := e.Touch(e.ctx, key, r.Expires, seen); err != nil {
					e.Fatalf("Touch with %v: %v", seen, err)
				}
			}
			e.wantStored(key, r)
		},
	},
	{
		name: "touch/keeps-version",
		rule: "Touch returns no Version, so the one that was seen stays good for Update and for another Touch.",
		run: func(e *env) {
			r := e.plain(1)
			key, v := e.create(r)
			for i := 2; i < 4; i++ {
				if err := e.Touch(e.ctx, key, r.Expires.Add(time.Duration(i)*time.Hour), v); err != nil {
					e.Fatalf("Touch: %v", err)
				}
			}
			e.update(key, e.plain(2), v)
		},
	},
	{
		name: "touch/keeps-bytes",
		rule: "Touch does not write the data again.",
		need: stored,
		run: func(e *env) {
			key, v := e.create(e.plain(1))
			before, _ := e.Stored(e.T, key)
			if !e.clock.real {
				e.clock.set(e.clock.now().Add(10 * time.Second))
			}
			if err := e.Touch(e.ctx, key, e.recordOf(nil, 2*time.Hour).Expires, v); err != nil {
				e.Fatalf("Touch: %v", err)
			}
			if after, _ := e.Stored(e.T, key); after != before {
				e.Errorf("stored before %q, after %q", before, after)
			}
		},
	},
	{
		name: "touch/stale",
		rule: "Touch of another record than was seen is ErrConflict and moves nothing.",
		run: func(e *env) {
			key, v := e.create(e.plain(1))
			r := e.plain(2)
			e.update(key, r, v)
			e.want("Touch", e.Touch(e.ctx, key, r.Expires.Add(time.Hour), v), djsession.ErrConflict)
			e.want("Touch with the zero Version", e.Touch(e.ctx, key, r.Expires.Add(time.Hour), djsession.Version{}), djsession.ErrConflict)
			e.want("Touch to the same", e.Touch(e.ctx, key, r.Expires, v), djsession.ErrConflict)
			e.wantStored(key, r)
		},
	},
	{
		name: "touch/force",
		rule: "Touch with Force moves the expiry of whatever is stored.",
		run: func(e *env) {
			key, v := e.create(e.plain(1))
			r := e.recordOf(e.plain(2).Data, 2*time.Hour)
			e.update(key, e.plain(2), v)
			if err := e.Touch(e.ctx, key, r.Expires, djsession.Force); err != nil {
				e.Fatalf("Touch: %v", err)
			}
			e.wantStored(key, r)
		},
	},
	{
		name: "touch/gone",
		rule: "Touch of a record that was deleted, or never was, is ErrNotFound and does not bring it back.",
		run: func(e *env) {
			r := e.plain(1)
			key, v := e.create(r)
			if err := e.Delete(e.ctx, key, djsession.Force); err != nil {
				e.Fatalf("Delete: %v", err)
			}
			for _, key := range []string{key, e.newKey()} {
				for _, seen := range []djsession.Version{v, djsession.Force, {}} {
					e.want("Touch with "+seen.String(), e.Touch(e.ctx, key, r.Expires, seen), djsession.ErrNotFound)
					e.wantAbsent(key)
				}
			}
		},
	},
}
