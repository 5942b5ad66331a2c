package storetest

import (
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

var loadCases = []testCase{
	{
		name: "load/absent",
		rule: "A key that is absent is ErrNotFound, not ErrExpired, and has the zero Version.",
		run: func(e *env) {
			_, v, err := e.Load(e.ctx, e.newKey())
			e.want("Load", err, djsession.ErrNotFound)
			if errors.Is(err, djsession.ErrExpired) {
				e.Errorf("Load: got %v for a key that never was", err)
			}
			if !v.IsZero() {
				e.Errorf("Load: got %v, want the zero Version", v)
			}
		},
	},
	{
		name: "load/copy",
		rule: "What Load returns belongs to the caller: a change to it changes nothing that is stored.",
		run: func(e *env) {
			r := e.plain(1)
			key, _ := e.create(r)
			got, _ := e.load(key)
			got.Data, got.Expires = nil, time.Time{}
			e.wantStored(key, r)
		},
	},
	{
		name: "load/other-keys",
		rule: "Keys are compared byte for byte: one that differs in case, in trailing space or in an accent is absent, to every method.",
		run: func(e *env) {
			r := e.plain(1)
			key := "a" + e.newKey()[1:]
			e.secret(key)
			v, err := e.Create(e.ctx, key, r)
			if err != nil {
				e.Fatalf("Create: %v", err)
			}
			for _, other := range otherKeys(key) {
				_, _, err = e.Load(e.ctx, other.key)
				e.want("Load of "+other.name, err, djsession.ErrNotFound)
				_, err = e.Update(e.ctx, other.key, e.plain(2), v)
				e.want("Update of "+other.name, err, djsession.ErrNotFound)
				_, err = e.Update(e.ctx, other.key, e.plain(2), djsession.Force)
				e.want("forced Update of "+other.name, err, djsession.ErrNotFound)
				err = e.Delete(e.ctx, other.key, djsession.Force)
				e.want("Delete of "+other.name, err, djsession.ErrNotFound)
				err = e.Delete(e.ctx, other.key, v)
				e.want("Delete of what was seen of "+other.name, err, djsession.ErrNotFound)
				err = e.Touch(e.ctx, other.key, r.Expires, v)
				e.want("Touch of "+other.name, err, djsession.ErrNotFound)
			}
			e.wantStored(key, r)
		},
	},
	{
		name: "load/site",
		rule: "Site returns the Site that the Store was made for.",
		run: func(e *env) {
			if e.Store.Site() != e.site || e.Other.Site() != e.site {
				e.Error("the Store has another Site")
			}
		},
	},
	{
		name: "load/no-closer",
		rule: "A Store does not own the client it was given: it has no Close.",
		run: func(e *env) {
			if _, ok := e.Store.(io.Closer); ok {
				e.Error("the Store has a method Close")
			}
		},
	},
}

type otherKey struct{ name, key string }

// otherKeys returns keys that some collation or driver takes for key, which begins with
// a.
func otherKeys(key string) []otherKey {
	return []otherKey{
		{"the upper-case key", strings.ToUpper(key)},
		{"the key and a space", key + " "},
		{"a space and the key", " " + key},
		{"the key with an accent", "á" + key[1:]},
		{"the key and a letter", key + "a"},
		{"the key less a letter", key[:len(key)-1]},
		{"a pattern", key[:8] + "%"},
	}
}

var createCases = []testCase{
	{
		name: "create/round-trip",
		rule: "Load gives back what Create was given: names in their order, values and their types.",
		run: func(e *env) {
			for _, s := range samples {
				r := e.recordOf(s.data, time.Hour)
				key, _ := e.create(r)
				got, _ := e.load(key)
				if g, w := describe(got.Data), describe(r.Data); g != w {
					e.Errorf("%s: got %s\nwant %s", s.name, clip(g), clip(w))
				}
				e.wantExpires(got, r.Expires)
			}
		},
	},
	{
		name: "create/version",
		rule: "The Version that Create returns is good for Update.",
		run: func(e *env) {
			key, v := e.create(e.plain(1))
			r := e.plain(2)
			e.update(key, r, v)
			e.wantStored(key, r)
		},
	},
	{
		name: "create/taken",
		rule: "Create under a key in use is ErrKeyTaken and changes nothing.",
		run: func(e *env) {
			r := e.plain(1)
			key, v := e.create(r)
			for range 2 {
				_, err := e.Create(e.ctx, key, e.plain(2))
				e.want("Create", err, djsession.ErrKeyTaken)
			}
			e.wantStored(key, r)
			e.update(key, e.plain(3), v)
		},
	},
	{
		name: "create/taken-by-itself",
		rule: "Create under a key in use is ErrKeyTaken also when it holds the same.",
		run: func(e *env) {
			r := e.plain(1)
			key, _ := e.create(r)
			_, err := e.Create(e.ctx, key, r)
			e.want("Create", err, djsession.ErrKeyTaken)
		},
	},
	{
		name: "create/one-wins",
		rule: "Of twenty that create one key at once, one succeeds and the others get ErrKeyTaken.",
		run: func(e *env) {
			for range 5 {
				key := e.newKey()
				won := make([]bool, 20)
				got := e.count(len(won), func(i int) error {
					_, err := e.pick(i).Create(e.ctx, key, e.plain(i))
					won[i] = err == nil
					return err
				})
				if got[nil] != 1 || got[djsession.ErrKeyTaken] != 19 {
					e.Fatalf("got %v, want 1 nil and 19 ErrKeyTaken", got)
				}
				r, _ := e.load(key)
				if n, _ := r.Data.Get("n"); n != int64(slices.Index(won, true)) {
					e.Errorf("the record is that of %v, want that of the winner, %d", n, slices.Index(won, true))
				}
			}
		},
	},
	{
		name: "create/keeps-no-reference",
		rule: "A Store keeps what it was given, not the caller's variables.",
		run: func(e *env) {
			list := []any{int64(1), int64(2)}
			r := e.record("list", list)
			want := e.record("list", []any{int64(1), int64(2)})
			key, _ := e.create(r)
			list[0] = int64(99)
			r.Data, r.Expires = nil, time.Time{}
			e.wantStored(key, want)
		},
	},
	{
		name: "create/short-and-long-keys",
		rule: "Keys of 8 and of 40 characters, the shortest and the longest that are valid, are as good as others.",
		run: func(e *env) {
			long := e.newKey() + e.newKey()[:8]
			for _, key := range []string{long[:8], long, long[:39]} {
				e.secret(key)
				r := e.plain(len(key))
				if _, err := e.Create(e.ctx, key, r); err != nil {
					e.Fatalf("Create with %d characters: %v", len(key), err)
				}
				e.wantStored(key, r)
			}
		},
	},
	{
		name: "create/big",
		rule: "A record of a megabyte is stored, replaced and compared as any other.",
		run: func(e *env) {
			r := e.record("blob", noise(1<<20))
			key, v := e.create(r)
			e.wantStored(key, r)
			r2 := e.record("blob", noise(1<<20)+"x")
			v2 := e.update(key, r2, v)
			_, err := e.Update(e.ctx, key, r, v)
			e.want("stale Update", err, djsession.ErrConflict)
			e.update(key, e.plain(1), v2)
		},
	},
	{
		name:     "create/over-the-limit",
		rule:     "What the Site would refuse to read is not written: ErrTooLarge, and what was there stays.",
		settings: func(s *djsession.Settings) { s.Limits.Payload = 4096 },
		run: func(e *env) {
			big := e.record("blob", canary+noise(1<<16))
			key := e.newKey()
			_, err := e.Create(e.ctx, key, big)
			e.want("Create", err, djsession.ErrTooLarge)
			e.wantAbsent(key)
			r := e.plain(1)
			key, v := e.create(r)
			_, err = e.Update(e.ctx, key, big, v)
			e.want("Update", err, djsession.ErrTooLarge)
			e.wantStored(key, r)
		},
	},
	{
		name: "create/not-encodable",
		rule: "A value that the format cannot hold is the serializer's error, and nothing is written.",
		run: func(e *env) {
			bad := e.record("f", func() {})
			key := e.newKey()
			_, err := e.Create(e.ctx, key, bad)
			e.wantEncoding("Create", err)
			e.wantAbsent(key)
			r := e.plain(1)
			key, v := e.create(r)
			_, err = e.Update(e.ctx, key, bad, v)
			e.wantEncoding("Update", err)
			e.wantStored(key, r)
		},
	},
}

func (e *env) wantEncoding(doing string, err error) {
	e.Helper()
	if !errors.Is(err, serializer.ErrType) {
		e.Fatalf("%s: got error %v, want serializer.ErrType", doing, err)
	}
	for _, k := range kinds {
		if errors.Is(err, k) {
			e.Errorf("%s: the error %v is also %v", doing, err, k)
		}
	}
}

// pick returns one of the two clients of the engine.
func (e *env) pick(i int) djsession.Store {
	if i%2 == 1 {
		return e.Other
	}
	return e.Store
}
