package storetest

import (
	"errors"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

var expiryCases = []testCase{
	{
		name: "expiry/absent",
		rule: "A record whose expiry has passed is absent: ErrNotFound.",
		run: func(e *env) {
			key, _ := e.createExpired(e.plain(1).Data)
			e.wantAbsent(key)
		},
	},
	{
		name: "expiry/told",
		rule: "An engine that can tell says ErrExpired, which is an ErrNotFound.",
		need: fixedClock,
		run: func(e *env) {
			key, _ := e.createExpired(e.plain(1).Data)
			_, _, err := e.Load(e.ctx, key)
			if !errors.Is(err, djsession.ErrExpired) || !errors.Is(err, djsession.ErrNotFound) {
				e.Errorf("got error %v, want ErrExpired, which is ErrNotFound", err)
			}
		},
	},
	{
		name: "expiry/loaded",
		rule: "LoadExpired of an ExpiredLoader returns a record whose expiry has passed, with the Version by which it is updated; a key that is gone is ErrNotFound.",
		run: func(e *env) {
			x, ok := djsession.As[djsession.ExpiredLoader](e.Store)
			if !ok {
				return
			}
			want := e.plain(1)
			key, _ := e.createExpired(want.Data)
			r, v, err := x.LoadExpired(e.ctx, key)
			if err != nil {
				e.Fatalf("LoadExpired: %v", err)
			}
			if got, want := describe(r.Data), describe(want.Data); got != want {
				e.Errorf("LoadExpired: got data %s\nwant data %s", clip(got), clip(want))
			}
			later := e.plain(2)
			if _, err := e.Update(e.ctx, key, later, v); err != nil {
				e.Fatalf("Update with the Version of LoadExpired: %v", err)
			}
			e.wantStored(key, later)
			if _, _, err := x.LoadExpired(e.ctx, e.newKey()); !errors.Is(err, djsession.ErrNotFound) {
				e.Errorf("LoadExpired of a key that never was: %v, want ErrNotFound", err)
			}
		},
	},
	{
		name: "expiry/passes",
		rule: "A record is alive before its expiry and absent at it: Django's expire_date > now, to the microsecond.",
		need: fixedClock | microseconds,
		run: func(e *env) {
			end := start.Truncate(24 * time.Hour).Add(48 * time.Hour) // midnight
			for _, m := range []struct {
				name    string
				expires time.Time
			}{
				{"in the middle of a second", end.Add(678901 * time.Microsecond)},
				{"one microsecond into a second", end.Add(time.Microsecond)},
				{"at a full second", end.Add(5 * time.Second)},
				{"at a full minute", end.Add(time.Minute)},
				{"at midnight", end},
				{"just before midnight", end.Add(-time.Microsecond)},
				{"with zeros at the end", end.Add(500 * time.Millisecond)},
			} {
				r := &djsession.Record{Data: e.plain(1).Data, Expires: m.expires}
				e.clock.set(start)
				key, _ := e.create(r)
				for _, early := range []time.Duration{time.Microsecond, 10 * time.Microsecond, time.Second, time.Hour} {
					e.clock.set(m.expires.Add(-early))
					if _, _, err := e.Load(e.ctx, key); err != nil {
						e.Errorf("%s, %v before: got %v, want the record", m.name, early, err)
					}
				}
				for _, late := range []time.Duration{0, time.Microsecond, 10 * time.Microsecond, time.Second, time.Hour} {
					e.clock.set(m.expires.Add(late))
					if _, _, err := e.Load(e.ctx, key); !errors.Is(err, djsession.ErrNotFound) {
						e.Errorf("%s, %v after: got %v, want ErrNotFound", m.name, late, err)
					}
				}
			}
		},
	},
	{
		name: "expiry/ends",
		rule: "A record that lasts some seconds is there at first and absent in the end.",
		run: func(e *env) {
			var r *djsession.Record
			var key string
			for lasts := 2 * time.Second; ; lasts *= 2 {
				r = e.recordOf(e.plain(1).Data, lasts)
				key, _ = e.create(r)
				got, _, err := e.Load(e.ctx, key)
				if err == nil {
					e.wantRecord(got, r)
					break
				}
				if !e.clock.real || lasts > 20*time.Second || time.Until(r.Expires) > time.Second {
					e.Fatalf("Load: %v, want the record", err)
				}
				// The machine is so busy that the record has expired.
			}
			if e.clock.real {
				time.Sleep(time.Until(r.Expires) + time.Second + e.h.Precision)
			} else {
				e.clock.set(r.Expires)
			}
			e.wantAbsent(key)
		},
	},
	{
		name: "expiry/other-zone",
		rule: "An expiry is a moment, whatever zone it is given in; it comes back in UTC.",
		run: func(e *env) {
			r := e.plain(1)
			at := r.Expires
			for _, zone := range []*time.Location{time.FixedZone("east", 3*3600+1800), time.FixedZone("west", -8*3600)} {
				r.Expires = at.In(zone)
				key, v := e.create(r)
				e.wantStored(key, r)
				r.Expires = at.Add(time.Hour).In(zone)
				e.update(key, r, v)
				e.wantStored(key, r)
			}
		},
	},
	{
		name: "expiry/nanoseconds",
		rule: "An expiry has microseconds, as in Python; what is finer is dropped, not rounded up.",
		need: tellsExpires | microseconds,
		run: func(e *env) {
			r := e.plain(1)
			exact := r.Expires
			r.Expires = exact.Add(999 * time.Nanosecond)
			key, _ := e.create(r)
			got, _ := e.load(key)
			if !got.Expires.Equal(exact) {
				e.Errorf("got %v, want %v", got.Expires, exact)
			}
		},
	},
	{
		name: "expiry/far",
		rule: "A session may end in the year 9999, the last that Python has.",
		need: fixedClock,
		run: func(e *env) {
			r := &djsession.Record{Data: e.plain(1).Data, Expires: time.Date(9999, 12, 30, 23, 59, 58, 0, time.UTC)}
			key, _ := e.create(r)
			e.wantStored(key, r)
		},
	},
	{
		name: "expiry/past",
		rule: "A record that is over when it is written is absent afterwards: no error, no record without an end.",
		run: func(e *env) {
			over := e.recordOf(e.plain(1).Data, -time.Second)
			key := e.newKey()
			if _, err := e.Create(e.ctx, key, over); err != nil {
				e.Errorf("Create: %v", err)
			}
			e.wantAbsent(key)
			key, v := e.create(e.plain(2))
			if _, err := e.Update(e.ctx, key, over, v); err != nil {
				e.Errorf("Update: %v", err)
			}
			e.wantAbsent(key)
			key, v = e.create(e.plain(3))
			if err := e.Touch(e.ctx, key, over.Expires, v); err != nil {
				e.Errorf("Touch: %v", err)
			}
			e.wantAbsent(key)
		},
	},
}

var corruptCases = []testCase{
	{
		name: "corrupt/load",
		rule: "A record that does not decode is ErrCorrupt, never an empty one and never absent, and comes with its Version.",
		need: plant,
		run: func(e *env) {
			for name, raw := range e.corrupt() {
				key := e.newKey()
				e.Plant(e.T, key, raw, e.clock.now().Add(time.Hour))
				_, v, err := e.Load(e.ctx, key)
				if !errors.Is(err, djsession.ErrCorrupt) || errors.Is(err, djsession.ErrNotFound) || errors.Is(err, djsession.ErrUnavailable) {
					e.Errorf("%s: got error %v, want ErrCorrupt alone", name, err)
				}
				if _, ok := v.Token(); !ok {
					e.Errorf("%s: got %v, want one that matches", name, v)
				}
			}
		},
	},
	{
		name: "corrupt/untouched",
		rule: "A record that does not decode is left as it is by Load, Create, List and what does not match its Version.",
		need: plant | stored,
		run: func(e *env) {
			_, foreign := e.create(e.plain(1))
			for name, raw := range e.corrupt() {
				key := e.newKey()
				e.Plant(e.T, key, raw, e.clock.now().Add(time.Hour))
				for range 2 {
					_, _, _ = e.Load(e.ctx, key)
				}
				_, err := e.Create(e.ctx, key, e.plain(2))
				e.want("Create", err, djsession.ErrKeyTaken)
				_, err = e.Update(e.ctx, key, e.plain(2), foreign)
				e.want("Update", err, djsession.ErrConflict)
				_, err = e.Update(e.ctx, key, e.plain(2), djsession.Version{})
				e.want("Update with the zero Version", err, djsession.ErrConflict)
				if l, ok := djsession.As[djsession.Lister](e.Store); ok {
					for range l.List(e.ctx, "") {
					}
				}
				if got, ok := e.Stored(e.T, key); !ok || got != raw {
					e.Errorf("%s: stored is now %q (%v), want %q", name, got, ok, raw)
				}
			}
		},
	},
	{
		name: "corrupt/expired",
		rule: "A record that does not decode and has expired is absent.",
		need: plant | fixedClock,
		run: func(e *env) {
			for _, raw := range e.corrupt() {
				key := e.newKey()
				e.Plant(e.T, key, raw, e.clock.now().Add(-time.Second))
				e.wantAbsent(key)
			}
		},
	},
	{
		name: "corrupt/delete",
		rule: "A record that does not decode can be deleted, also by the Version that came with the error.",
		need: plant,
		run: func(e *env) {
			for name, raw := range e.corrupt() {
				key := e.newKey()
				e.Plant(e.T, key, raw, e.clock.now().Add(time.Hour))
				_, v, _ := e.Load(e.ctx, key)
				if err := e.Delete(e.ctx, key, v); err != nil {
					e.Errorf("%s: %v", name, err)
				}
				e.wantAbsent(key)
			}
		},
	},
	{
		name:     "corrupt/over-the-limit",
		rule:     "A record longer than Limits.Payload is ErrCorrupt and ErrTooLarge, and is left as it is.",
		need:     plant | stored,
		settings: func(s *djsession.Settings) { s.Limits.Payload = 4096 },
		run: func(e *env) {
			for _, n := range []int{4097, 1 << 20} {
				key, raw := e.newKey(), noise(n)
				e.Plant(e.T, key, raw, e.clock.now().Add(time.Hour))
				_, _, err := e.Load(e.ctx, key)
				if !errors.Is(err, djsession.ErrCorrupt) || !errors.Is(err, djsession.ErrTooLarge) {
					e.Errorf("%d bytes: got error %v, want ErrCorrupt and ErrTooLarge", n, err)
				}
				_, err = e.Update(e.ctx, key, e.plain(1), djsession.VersionOf(""))
				e.want("Update", err, djsession.ErrConflict)
				if got, _ := e.Stored(e.T, key); got != raw {
					e.Errorf("%d bytes: the stored value has changed", n)
				}
				if err := e.Delete(e.ctx, key, djsession.Force); err != nil {
					e.Errorf("Delete: %v", err)
				}
			}
		},
	},
}

// corrupt returns stored values that do not decode.
func (e *env) corrupt() map[string]string {
	e.Helper()
	if e.h.Corrupt != nil {
		return e.h.Corrupt(e.site)
	}
	data := serializer.NewDict(serializer.Item{Key: "text", Value: canary})
	good := e.encode(e.site, data)
	set := e.site.Settings()
	set.Keys = signer.SecretKey("another site's")
	other, err := djsession.NewSite(set)
	if err != nil {
		e.Fatalf("make another site: %v", err)
	}
	// Change a letter in the middle of the signature.
	flipped := []byte(good)
	flipped[len(good)-20] ^= 1
	return map[string]string{
		"nothing":              "",
		"words":                canary + " is no session",
		"cut off":              good[:len(good)-1],
		"without its head":     good[1:],
		"another signature":    string(flipped),
		"another key":          e.encode(other, data),
		"with more at its end": good + " ",
		"two of them":          good + good,
		"the old format":       "ZjA3ZDAwMTQ4OmNhbmFyeQ==",
		"braces":               "{}",
		"a quote and a colon":  "':",
	}
}

func (e *env) encode(site *djsession.Site, d *serializer.Dict) string {
	e.Helper()
	text, err := site.Encode(d)
	if err != nil {
		e.Fatalf("Encode: %v", err)
	}
	return text
}
