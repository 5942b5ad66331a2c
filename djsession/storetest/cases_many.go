package storetest

import (
	"errors"

	"github.com/go-djsession/go-djsession/djsession"
)

// Every engine passes these cases: without a ManyLoader, LoadMany loads key by key.
var manyCases = []testCase{
	{
		name: "many/all",
		rule: "LoadMany finds each session that is there, and no other.",
		run: func(e *env) {
			want, keys := map[string]*djsession.Record{}, []string{e.newKey()}
			for i := range 3 {
				r := e.plain(i)
				key, _ := e.create(r)
				want[key], keys = r, append(keys, key)
			}
			gone, _ := e.create(e.plain(4))
			if err := e.Delete(e.ctx, gone, djsession.Force); err != nil {
				e.Fatal(err)
			}
			e.create(e.plain(5)) // not among the keys
			err := djsession.LoadMany(e.ctx, e.Store, append(keys, gone), func(key string, r *djsession.Record, err error) {
				if errors.Is(err, djsession.ErrNotFound) {
					return
				}
				e.seen("load many", err)
				if err != nil || want[key] == nil {
					e.Fatalf("a session that was not asked for, a second time, or an error: %v", err)
				}
				e.wantRecord(r, want[key])
				delete(want, key)
			})
			if err != nil || len(want) > 0 {
				e.Errorf("%d sessions are missing, error %v", len(want), err)
			}
		},
	},
	{
		name: "many/very",
		rule: "LoadMany takes more keys than a statement does.",
		run: func(e *env) {
			key, _ := e.create(e.plain(1))
			keys := []string{key}
			for range 1100 {
				keys = append(keys, e.newKey())
			}
			n := 0
			err := djsession.LoadMany(e.ctx, e.Store, keys, func(_ string, _ *djsession.Record, err error) {
				if err == nil {
					n++
				}
			})
			if err != nil || n != 1 {
				e.Errorf("got %d sessions, %v; want 1", n, err)
			}
		},
	},
	{
		name: "many/expired",
		rule: "LoadMany finds no session that has expired.",
		run: func(e *env) {
			key, _ := e.createExpired(e.plain(1).Data)
			err := djsession.LoadMany(e.ctx, e.Store, []string{key}, func(_ string, _ *djsession.Record, err error) {
				if !errors.Is(err, djsession.ErrNotFound) {
					e.Errorf("got %v, want ErrNotFound", err)
				}
			})
			if err != nil {
				e.Errorf("got %v", err)
			}
		},
	},
	{
		name: "down/many",
		rule: "LoadMany of a store that is down is ErrUnavailable.",
		need: breaks,
		run: func(e *env) {
			key, _ := e.create(e.plain(1))
			defer e.Break(e.T)()
			err := djsession.LoadMany(e.ctx, e.Store, []string{key}, func(_ string, _ *djsession.Record, err error) {
				e.Errorf("found something: %v", err)
			})
			e.want("load many", err, djsession.ErrUnavailable)
		},
	},
}
