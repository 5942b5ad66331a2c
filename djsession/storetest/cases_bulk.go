package storetest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

var listCases = []testCase{
	{
		name: "list/empty",
		rule: "List of an empty engine yields nothing.",
		run: func(e *env) {
			for l, err := range e.List(e.ctx, "") {
				e.Errorf("got cursor %q and error %v, want nothing", l.Cursor(), err)
			}
		},
	},
	{
		name: "list/all",
		rule: "List yields each session once, with its record, its size and a Version that is good for Update.",
		run: func(e *env) {
			want := map[string]*djsession.Record{}
			for i := range 5 {
				r := e.plain(i)
				key, _ := e.create(r)
				want[key] = r
			}
			for _, l := range e.walk("") {
				r := want[l.Key()]
				delete(want, l.Key())
				if r == nil || l.Err != nil {
					e.Fatalf("a session that was not created, or a second time: Err %v", l.Err)
				}
				e.wantRecord(l.Record, r)
				if l.Size <= 0 {
					e.Errorf("got size %d", l.Size)
				}
				if e.Stored != nil {
					if raw, _ := e.Stored(e.T, l.Key()); l.Size != len(raw) {
						e.Errorf("got size %d, want %d", l.Size, len(raw))
					}
				}
				e.update(l.Key(), e.plain(9), l.Version)
			}
			if len(want) > 0 {
				e.Errorf("%d sessions are missing", len(want))
			}
		},
	},
	{
		name: "list/many",
		rule: "List yields each of more sessions than fit into one page, and so does a Walk, which may be stopped.",
		run: func(e *env) {
			want := map[string]bool{}
			for i := range 250 {
				key, _ := e.create(e.plain(i))
				want[key] = true
			}
			for _, most := range []int{1, len(want)} {
				left := maps.Clone(want)
				all, ok := djsession.Walk(e.ctx, e.Store)
				if !ok {
					e.Fatal("Walk: the Store is no djsession.Lister")
				}
				for l, err := range all {
					if err != nil || l.Err != nil || !want[l.Key()] {
						e.Fatalf("Walk: %v, %v, or a session that was not created", err, l.Err)
					}
					if delete(left, l.Key()); len(want)-len(left) == most && most == 1 {
						break
					}
				}
				if len(want)-len(left) != most {
					e.Errorf("Walk: %d sessions are missing", most-len(want)+len(left))
				}
			}
			for _, l := range e.walk("") {
				if !want[l.Key()] {
					e.Fatal("a session that was not created, or a second time")
				}
				delete(want, l.Key())
			}
			if len(want) > 0 {
				e.Errorf("%d sessions are missing", len(want))
			}
		},
	},
	{
		name: "list/expired",
		rule: "List yields expired sessions too.",
		need: fixedClock,
		run: func(e *env) {
			gone, _ := e.createExpired(e.plain(1).Data)
			kept, _ := e.create(e.plain(2))
			got := e.walk("")
			if len(got) != 2 || got[0].Key() == got[1].Key() {
				e.Fatalf("got %d sessions, want 2", len(got))
			}
			for _, l := range got {
				if l.Key() != gone && l.Key() != kept {
					e.Error("got a session that was not created")
				}
			}
		},
	},
	{
		name: "list/resume",
		rule: "From each Cursor the walk goes on with what comes after, also when that session was deleted meanwhile.",
		run: func(e *env) {
			for i := range 7 {
				e.create(e.plain(i))
			}
			all := e.walk("")
			if len(all) != 7 {
				e.Fatalf("got %d sessions, want 7", len(all))
			}
			wantRest := func(i int) {
				var got, want []string
				for _, l := range e.walk(all[i].Cursor()) {
					got = append(got, l.Key())
				}
				for _, l := range all[i+1:] {
					want = append(want, l.Key())
				}
				if !slices.Equal(got, want) {
					e.Errorf("after session %d of 7: got %d others, want %d", i, len(got), len(want))
				}
			}
			for i := range all {
				wantRest(i)
			}
			for i := range all {
				if err := e.Delete(e.ctx, all[i].Key(), djsession.Force); err != nil {
					e.Fatalf("Delete: %v", err)
				}
				wantRest(i)
			}
		},
	},
	{
		name: "list/stop",
		rule: "A caller may stop the walk, and use the Store within it.",
		run: func(e *env) {
			for i := range 5 {
				e.create(e.plain(i))
			}
			n := 0
			for l, err := range e.List(e.ctx, "") {
				if err != nil {
					e.Fatalf("List: %v", err)
				}
				if n++; n == 3 {
					break
				}
				e.update(l.Key(), e.plain(8), djsession.Force)
				if err := e.Delete(e.ctx, l.Key(), djsession.Force); err != nil {
					e.Fatalf("Delete within the walk: %v", err)
				}
			}
			if got := len(e.walk("")); got != 3 {
				e.Errorf("got %d sessions afterwards, want 3", got)
			}
		},
	},
	{
		name: "list/corrupt",
		rule: "A record that does not decode is yielded with its error, and the walk goes on.",
		need: plant,
		run: func(e *env) {
			bad := map[string]string{}
			for name, raw := range e.corrupt() {
				key := e.newKey()
				e.Plant(e.T, key, raw, e.clock.now().Add(time.Hour))
				bad[key] = name
			}
			e.create(e.plain(1))
			for _, l := range e.walk("") {
				if name, ok := bad[l.Key()]; ok && !errors.Is(l.Err, djsession.ErrCorrupt) {
					e.Errorf("%s: got Err %v, want ErrCorrupt", name, l.Err)
				} else if !ok && l.Err != nil {
					e.Errorf("the good session: got Err %v", l.Err)
				}
				delete(bad, l.Key())
			}
			if len(bad) > 0 {
				e.Errorf("missing: %v", slices.Sorted(maps.Values(bad)))
			}
		},
	},
	{
		name: "list/cancelled",
		rule: "An error beside the Listed ends the walk; a context that has ended is one.",
		run: func(e *env) {
			for i := range 3 {
				e.create(e.plain(i))
			}
			ctx, cancel := context.WithCancel(e.ctx)
			cancel()
			n := 0
			for _, err := range e.List(ctx, "") {
				if n++; n > 1 {
					e.Fatal("the walk went on after an error")
				}
				e.wantEnded("List", err, context.Canceled)
			}
			if n == 0 {
				e.Error("got nothing, want an error")
			}
		},
	},
}

// walk returns all that List yields from cursor on.
func (e *env) walk(cursor string) []djsession.Listed {
	e.Helper()
	var all []djsession.Listed
	for l, err := range e.List(e.ctx, cursor) {
		if err != nil {
			e.Fatalf("List: %v", err)
		}
		if l.Cursor() == "" || l.Key() == "" {
			e.Fatal("List: no key or no cursor")
		}
		all = append(all, l)
	}
	return all
}

var reapCases = []testCase{
	{
		name: "reap/removes",
		rule: "ClearExpired removes what has expired, returns how many, and leaves the others. Options may be nil.",
		run: func(e *env) {
			r := e.plain(1)
			kept, _ := e.create(r)
			if !e.clock.real {
				for i := range 3 {
					e.createExpired(e.plain(i).Data)
				}
				e.wantReaped(nil, 3)
			}
			e.wantReaped(nil, 0)
			e.wantReaped(&djsession.ReapOptions{}, 0)
			e.wantStored(kept, r)
		},
	},
	{
		name: "reap/boundary",
		rule: "ClearExpired removes expire_date < now, as Django does: what expires this very moment stays.",
		need: fixedClock | microseconds,
		run: func(e *env) {
			end := start.Add(time.Hour).Truncate(time.Second)
			e.create(&djsession.Record{Data: e.plain(1).Data, Expires: end})
			e.clock.set(end)
			e.wantReaped(nil, 0)
			e.clock.set(end.Add(time.Microsecond))
			e.wantReaped(nil, 1)
		},
	},
	{
		name: "reap/batches",
		rule: "Progress is told after each batch, with a rising count that ends with what is returned.",
		need: fixedClock,
		run: func(e *env) {
			for i := range 35 {
				e.createExpired(e.plain(i).Data)
			}
			e.create(e.plain(99))
			var told []int64
			e.wantReaped(&djsession.ReapOptions{Batch: 10, Progress: func(n int64) { told = append(told, n) }}, 35)
			if len(told) < 4 || !slices.IsSorted(told) || told[len(told)-1] != 35 {
				e.Errorf("Progress was told %v, want at least four rising counts up to 35", told)
			}
			e.wantReaped(nil, 0)
		},
	},
	{
		name: "reap/dry-run",
		rule: "DryRun counts what would be removed, and removes nothing.",
		need: fixedClock,
		run: func(e *env) {
			for i := range 5 {
				e.createExpired(e.plain(i).Data)
			}
			e.create(e.plain(9))
			for range 2 {
				e.wantReaped(&djsession.ReapOptions{DryRun: true, Batch: 2}, 5)
			}
			e.wantReaped(nil, 5)
		},
	},
	{
		name: "reap/cancelled",
		rule: "Between two batches the context is looked at; what was removed until then is returned.",
		need: fixedClock,
		run: func(e *env) {
			for i := range 20 {
				e.createExpired(e.plain(i).Data)
			}
			ctx, cancel := context.WithCancel(e.ctx)
			defer cancel()
			n, err := e.ClearExpired(ctx, &djsession.ReapOptions{Batch: 5, Progress: func(n int64) {
				if n >= 10 {
					cancel()
				}
			}})
			e.wantEnded("ClearExpired", err, context.Canceled)
			if n < 10 || n >= 20 {
				e.Errorf("got %d removed, want from 10 to 15", n)
			}
			e.wantReaped(nil, 20-n)
		},
	},
	{
		name: "reap/two",
		rule: "Two that clear at once remove each session once, and neither fails.",
		need: fixedClock,
		run: func(e *env) {
			for i := range 60 {
				e.createExpired(e.plain(i).Data)
			}
			removed := make([]int64, 2)
			e.count(2, func(i int) error {
				var err error
				removed[i], err = e.ClearExpired(e.ctx, &djsession.ReapOptions{Batch: 7})
				return err
			})
			if removed[0]+removed[1] != 60 {
				e.Errorf("got %d and %d removed, want 60 together", removed[0], removed[1])
			}
		},
	},
	{
		name: "reap/corrupt",
		rule: "ClearExpired removes an expired record that does not decode, and leaves one that has not expired.",
		need: plant | stored | fixedClock,
		run: func(e *env) {
			gone, kept := e.newKey(), e.newKey()
			e.Plant(e.T, gone, canary, e.clock.now().Add(-time.Hour))
			e.Plant(e.T, kept, canary, e.clock.now().Add(time.Hour))
			e.wantReaped(nil, 1)
			if _, ok := e.Stored(e.T, kept); !ok {
				e.Error("the record that has not expired is gone")
			}
		},
	},
}

func (e *env) wantReaped(opts *djsession.ReapOptions, want int64) {
	e.Helper()
	n, err := e.ClearExpired(e.ctx, opts)
	if n != want || err != nil {
		e.Fatalf("ClearExpired: got %d, %v, want %d", n, err, want)
	}
}
