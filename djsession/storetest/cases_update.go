package storetest

import (
	"slices"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

var updateCases = []testCase{
	{
		name: "update/seen",
		rule: "Update with the Version of Load replaces the record, its expiry too, and returns the Version for the next one.",
		run: func(e *env) {
			key, _ := e.create(e.plain(1))
			_, v := e.load(key)
			for i := 2; i < 5; i++ {
				r := e.recordOf(e.plain(i).Data, time.Duration(i)*time.Hour)
				v = e.update(key, r, v)
				e.wantStored(key, r)
			}
		},
	},
	{
		name: "update/stale",
		rule: "Update with a Version that is no longer stored is ErrConflict and changes nothing, however often it is tried.",
		run: func(e *env) {
			key, v := e.create(e.plain(1))
			r := e.plain(2)
			e.update(key, r, v)
			for range 2 {
				_, err := e.Update(e.ctx, key, e.plain(3), v)
				e.want("Update", err, djsession.ErrConflict)
			}
			e.wantStored(key, r)
		},
	},
	{
		name: "update/same-twice",
		rule: "Of two who write the same onto the same, as two who count from 1 to 2, only one is told that he did.",
		run: func(e *env) {
			key, v := e.create(e.plain(1))
			e.update(key, e.plain(2), v)
			_, err := e.Other.Update(e.ctx, key, e.plain(2), v)
			e.want("Update", err, djsession.ErrConflict)
		},
	},
	{
		name: "update/one-key-differs",
		rule: "The comparison is byte for byte: a record that differs in the case of one letter is another one.",
		run: func(e *env) {
			key, v := e.create(e.record("text", "abc"))
			r := e.record("text", "ABC")
			v2 := e.update(key, r, v)
			_, err := e.Update(e.ctx, key, e.plain(3), v)
			e.want("Update", err, djsession.ErrConflict)
			e.wantStored(key, r)
			e.update(key, e.plain(4), v2)
		},
	},
	{
		name: "update/gone",
		rule: "Update of a record that was deleted is ErrNotFound and does not bring it back, forced or not.",
		run: func(e *env) {
			key, v := e.create(e.plain(1))
			if err := e.Delete(e.ctx, key, djsession.Force); err != nil {
				e.Fatalf("Delete: %v", err)
			}
			for _, seen := range []djsession.Version{v, djsession.Force, {}} {
				_, err := e.Update(e.ctx, key, e.plain(2), seen)
				e.want("Update with "+seen.String(), err, djsession.ErrNotFound)
				e.wantAbsent(key)
			}
			if _, err := e.Create(e.ctx, key, e.plain(3)); err != nil {
				e.Errorf("Create under the key that was deleted: %v", err)
			}
		},
	},
	{
		name: "update/never-creates",
		rule: "Update under a key that never was is ErrNotFound and creates nothing.",
		run: func(e *env) {
			_, v := e.create(e.plain(1))
			for _, seen := range []djsession.Version{v, djsession.Force, {}} {
				key := e.newKey()
				_, err := e.Update(e.ctx, key, e.plain(2), seen)
				e.want("Update with "+seen.String(), err, djsession.ErrNotFound)
				e.wantAbsent(key)
			}
		},
	},
	{
		name: "update/force",
		rule: "Force replaces whatever is stored, and what it returns is good for the next Update.",
		run: func(e *env) {
			key, v := e.create(e.plain(1))
			e.update(key, e.plain(2), v)
			r := e.plain(3)
			v = e.update(key, r, djsession.Force)
			e.wantStored(key, r)
			e.update(key, e.plain(4), v)
		},
	},
	{
		name: "update/zero-version",
		rule: "The zero Version matches nothing, nor does a Version of something else.",
		run: func(e *env) {
			r := e.plain(1)
			key, _ := e.create(r)
			_, foreign := e.create(e.plain(2))
			for name, seen := range map[string]djsession.Version{
				"zero": {}, "empty": djsession.VersionOf(""), "made up": djsession.VersionOf("1"), "another key's": foreign,
			} {
				_, err := e.Update(e.ctx, key, e.plain(3), seen)
				e.want("Update with the Version "+name, err, djsession.ErrConflict)
			}
			e.wantStored(key, r)
		},
	},
	{
		name: "update/unchanged",
		rule: "Update to what is stored already is no conflict and no loss.",
		run: func(e *env) {
			r := e.plain(1)
			key, v := e.create(r)
			for range 3 {
				v = e.update(key, r, v)
				e.update(key, r, v)
				v = e.update(key, r, djsession.Force)
			}
			e.wantStored(key, r)
		},
	},
	{
		name: "update/shared",
		rule: "A Version means the same to every client of the engine.",
		run: func(e *env) {
			key, v := e.create(e.plain(1))
			v2, err := e.Other.Update(e.ctx, key, e.plain(2), v)
			if err != nil {
				e.Fatalf("Update by the other client: %v", err)
			}
			_, err = e.Update(e.ctx, key, e.plain(3), v)
			e.want("Update", err, djsession.ErrConflict)
			e.update(key, e.plain(4), v2)
		},
	},
	{
		name: "update/one-wins",
		rule: "Of twenty that update from one Version at once, one succeeds and the others get ErrConflict.",
		run: func(e *env) {
			for range 5 {
				key, v := e.create(e.plain(-1))
				won := make([]bool, 20)
				got := e.count(len(won), func(i int) error {
					_, err := e.pick(i).Update(e.ctx, key, e.plain(i), v)
					won[i] = err == nil
					return err
				})
				if got[nil] != 1 || got[djsession.ErrConflict] != 19 {
					e.Fatalf("got %v, want 1 nil and 19 ErrConflict", got)
				}
				r, _ := e.load(key)
				if n, _ := r.Data.Get("n"); n != int64(slices.Index(won, true)) {
					e.Errorf("the record is that of %v, want that of the winner, %d", n, slices.Index(won, true))
				}
			}
		},
	},
	{
		name: "update/expired",
		rule: "An expired record that is still there may be updated, and lives again by its new expiry.",
		need: fixedClock,
		run: func(e *env) {
			key, v := e.createExpired(e.plain(1).Data)
			r := e.plain(2)
			e.update(key, r, v)
			e.wantStored(key, r)
		},
	},
}

var deleteCases = []testCase{
	{
		name: "delete/there",
		rule: "Delete removes the record of its key and no other one.",
		run: func(e *env) {
			r := e.plain(1)
			kept, _ := e.create(r)
			key, _ := e.create(e.plain(2))
			if err := e.Delete(e.ctx, key, djsession.Force); err != nil {
				e.Fatalf("Delete: %v", err)
			}
			e.wantAbsent(key)
			e.wantStored(kept, r)
		},
	},
	{
		name: "delete/absent",
		rule: "Delete where nothing is, or nothing is any more, is ErrNotFound.",
		run: func(e *env) {
			e.want("Delete", e.Delete(e.ctx, e.newKey(), djsession.Force), djsession.ErrNotFound)
			key, _ := e.create(e.plain(1))
			if err := e.Delete(e.ctx, key, djsession.Force); err != nil {
				e.Fatalf("Delete: %v", err)
			}
			e.want("second Delete", e.Delete(e.ctx, key, djsession.Force), djsession.ErrNotFound)
		},
	},
	{
		name: "delete/one-wins",
		rule: "Of twenty that delete one key at once, one succeeds and the others get ErrNotFound.",
		run: func(e *env) {
			for range 5 {
				key, _ := e.create(e.plain(1))
				got := e.count(20, func(i int) error { return e.pick(i).Delete(e.ctx, key, djsession.Force) })
				if got[nil] != 1 || got[djsession.ErrNotFound] != 19 {
					e.Fatalf("got %v, want 1 nil and 19 ErrNotFound", got)
				}
			}
		},
	},
	{
		name: "delete/again",
		rule: "After a Delete the key is free: another record can be created, and old Versions do not match it.",
		run: func(e *env) {
			key, v := e.create(e.plain(1))
			if err := e.Delete(e.ctx, key, djsession.Force); err != nil {
				e.Fatalf("Delete: %v", err)
			}
			r := e.plain(2)
			if _, err := e.Create(e.ctx, key, r); err != nil {
				e.Fatalf("Create: %v", err)
			}
			_, err := e.Update(e.ctx, key, e.plain(3), v)
			e.want("Update", err, djsession.ErrConflict)
			e.wantStored(key, r)
		},
	},
	{
		name: "delete/expired",
		rule: "Delete of an expired record succeeds or says ErrNotFound; either way it is gone.",
		run: func(e *env) {
			key, _ := e.createExpired(e.plain(1).Data)
			if err := e.Delete(e.ctx, key, djsession.Force); err != nil {
				e.want("Delete", err, djsession.ErrNotFound)
			}
			e.wantAbsent(key)
			e.want("second Delete", e.Delete(e.ctx, key, djsession.Force), djsession.ErrNotFound)
		},
	},
}
