package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/djsession/storetest"
)

// faulty is a memstore with the fault of this name.
type faulty struct {
	*memstore.Store
	site  *djsession.Site
	fault string
}

// faults are ways to break the contract, each with the case that must notice it. The
// methods below have the faults of the optional interfaces too.
var faults = []struct{ name, noticedBy string }{
	{"load: absent is empty", "load/absent"},
	{"load: outage is absent", "down/unavailable"},
	{"load: corrupt is empty", "corrupt/load"},
	{"load: corrupt is deleted", "corrupt/untouched"},
	{"load: expired is there", "expiry/absent"},
	{"load: expires late", "expiry/passes"},
	{"load: expired is not told", "expiry/told"},
	{"load: no microseconds", "expiry/nanoseconds"},
	{"load: local time", "expiry/other-zone"},
	{"load: shares its record", "load/copy"},
	{"load: any case", "load/other-keys"},
	{"load: trims the key", "load/other-keys"},
	{"load: ignores the context", "context/ended"},
	{"load: key in the error", "load/absent"},
	{"create: replaces", "create/taken"},
	{"create: looks first", "create/one-wins"},
	{"create: equal is no error", "create/taken-by-itself"},
	{"create: no version", "create/version"},
	{"create: wraps a driver's text", "create/taken"},
	{"create: no limit", "create/over-the-limit"},
	{"update: creates", "update/never-creates"},
	{"update: does not compare", "update/stale"},
	{"update: zero matches", "update/zero-version"},
	{"update: compares, then writes", "update/one-wins"},
	{"update: force creates", "update/gone"},
	{"update: unchanged is gone", "update/unchanged"},
	{"update: keeps the expiry", "update/seen"},
	{"delete: absent is no error", "delete/absent"},
	{"delete: not at all", "delete/there"},
	{"delete: looks first", "delete/one-wins"},
	{"delete-seen: does not compare", "delete-seen/stale"},
	{"delete-seen: absent is no error", "delete-seen/against-delete"},
	{"cycle: does not compare", "cycle/stale"},
	{"cycle: keeps the old", "cycle/moves"},
	{"cycle: leaves the new", "cycle/one-wins"},
	{"cycle: replaces", "cycle/taken"},
	{"cycle: absent is no error", "cycle/gone"},
	{"touch: does not compare", "touch/stale"},
	{"touch: writes the data", "touch/keeps-bytes"},
	{"touch: not at all", "touch/moves"},
	{"touch: brings back", "touch/gone"},
	{"list: forgets the last", "list/all"},
	{"list: repeats", "list/resume"},
	{"list: hides expired", "list/expired"},
	{"list: stops at corrupt", "list/corrupt"},
	{"reap: removes all", "reap/removes"},
	{"reap: boundary", "reap/boundary"},
	{"reap: dry run removes", "reap/dry-run"},
	{"reap: never ends early", "reap/cancelled"},
	{"reap: counts wrong", "reap/batches"},
}

func (s *faulty) is(fault string) bool { return s.fault == fault }

var shared = map[string]*djsession.Record{}

func (s *faulty) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	switch s.fault {
	case "load: any case":
		key = strings.ToLower(key)
	case "load: trims the key":
		key = strings.TrimSpace(key)
	case "load: ignores the context":
		ctx = context.Background()
	}
	r, v, err := s.Store.Load(ctx, key)
	switch {
	case s.is("load: absent is empty") && errors.Is(err, djsession.ErrNotFound),
		s.is("load: corrupt is empty") && errors.Is(err, djsession.ErrCorrupt):
		return &djsession.Record{Expires: s.site.Now()}, v, nil
	case s.is("load: outage is absent") && errors.Is(err, djsession.ErrUnavailable):
		return nil, v, djsession.ErrNotFound
	case s.is("load: corrupt is deleted") && errors.Is(err, djsession.ErrCorrupt):
		_ = s.Store.Delete(ctx, key, djsession.Force)
	case s.is("load: expired is there") && errors.Is(err, djsession.ErrExpired):
		for l := range s.Store.List(ctx, "") {
			if l.Key() == key {
				return l.Record, l.Version, nil
			}
		}
	case s.is("load: expires late") && errors.Is(err, djsession.ErrExpired):
		for l := range s.Store.List(ctx, "") {
			if l.Key() == key && !l.Record.Expires.Before(s.site.Now()) {
				return l.Record, l.Version, nil
			}
		}
	case s.is("load: expired is not told") && errors.Is(err, djsession.ErrExpired):
		return nil, v, djsession.ErrNotFound
	case s.is("load: key in the error") && err != nil:
		return nil, v, fmt.Errorf("load %s: %w", key, err)
	case s.is("load: no microseconds") && err == nil:
		r.Expires = r.Expires.Truncate(time.Second)
	case s.is("load: local time") && err == nil:
		r.Expires = r.Expires.In(time.FixedZone("", 3600))
	case s.is("load: shares its record") && err == nil:
		if shared[key] == nil {
			shared[key] = r
		}
		return shared[key], v, nil
	}
	return r, v, err
}

func (s *faulty) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	switch s.fault {
	case "create: looks first":
		if _, taken := s.Text(key); taken {
			return djsession.Version{}, djsession.ErrKeyTaken
		}
		time.Sleep(time.Millisecond)
		text, _ := s.site.Encode(r.Data)
		s.Put(key, text, r.Expires)
		return djsession.VersionOf(text), nil
	}
	v, err := s.Store.Create(ctx, key, r)
	switch {
	case s.is("create: replaces") && errors.Is(err, djsession.ErrKeyTaken):
		return s.Store.Update(ctx, key, r, djsession.Force)
	case s.is("create: wraps a driver's text") && errors.Is(err, djsession.ErrKeyTaken):
		return v, fmt.Errorf("duplicate entry '%s': %w", key, err)
	case s.is("create: equal is no error") && errors.Is(err, djsession.ErrKeyTaken):
		old, _ := s.Text(key)
		if text, _ := s.site.Encode(r.Data); text == old {
			return djsession.VersionOf(text), nil
		}
	case s.is("create: no limit") && errors.Is(err, djsession.ErrTooLarge):
		return djsession.VersionOf("x"), nil
	case s.is("create: no version"):
		return djsession.Version{}, err
	}
	return v, err
}

func (s *faulty) Update(ctx context.Context, key string, r *djsession.Record, seen djsession.Version) (djsession.Version, error) {
	switch s.fault {
	case "update: does not compare":
		seen = djsession.Force
	case "update: zero matches":
		if seen.IsZero() {
			seen = djsession.Force
		}
	case "update: compares, then writes":
		token, _ := seen.Token()
		if old, ok := s.Text(key); ok && old != token && !seen.IsForce() {
			return djsession.Version{}, djsession.ErrConflict
		}
		time.Sleep(time.Millisecond)
		seen = djsession.Force
	case "update: unchanged is gone":
		old, _ := s.Text(key)
		if text, _ := s.site.Encode(r.Data); text == old {
			return djsession.Version{}, djsession.ErrNotFound
		}
	case "update: keeps the expiry":
		if old, _, err := s.Store.Load(ctx, key); err == nil {
			r = &djsession.Record{Data: r.Data, Expires: old.Expires}
		}
	}
	v, err := s.Store.Update(ctx, key, r, seen)
	if errors.Is(err, djsession.ErrNotFound) && (s.is("update: creates") || s.is("update: force creates") && seen.IsForce()) {
		return s.Store.Create(ctx, key, r)
	}
	return v, err
}

func (s *faulty) Delete(ctx context.Context, key string, seen djsession.Version) error {
	if !seen.IsForce() {
		return s.deleteSeen(ctx, key, seen)
	}
	switch s.fault {
	case "delete: not at all":
		return nil
	case "delete: looks first":
		if _, ok := s.Text(key); !ok {
			return djsession.ErrNotFound
		}
		time.Sleep(time.Millisecond)
		_ = s.Store.Delete(ctx, key, djsession.Force)
		return nil
	}
	err := s.Store.Delete(ctx, key, djsession.Force)
	if s.is("delete: absent is no error") && errors.Is(err, djsession.ErrNotFound) {
		return nil
	}
	return err
}

func (s *faulty) deleteSeen(ctx context.Context, key string, seen djsession.Version) error {
	if s.is("delete-seen: does not compare") {
		seen = djsession.Force
	}
	err := s.Store.Delete(ctx, key, seen)
	if s.is("delete-seen: absent is no error") && errors.Is(err, djsession.ErrNotFound) {
		return nil
	}
	return err
}

// Cycle is right but for its faults, as long as nobody reads between its steps.
func (s *faulty) Cycle(ctx context.Context, old string, seen djsession.Version, key string, r *djsession.Record) (djsession.Version, error) {
	v, err := s.Store.Create(ctx, key, r)
	if s.is("cycle: replaces") && errors.Is(err, djsession.ErrKeyTaken) {
		v, err = s.Store.Update(ctx, key, r, djsession.Force)
	}
	if err != nil {
		return djsession.Version{}, err
	}
	if s.is("cycle: does not compare") {
		seen = djsession.Force
	}
	if s.is("cycle: keeps the old") {
		return v, nil
	}
	err = s.Store.Delete(ctx, old, seen)
	if s.is("cycle: absent is no error") && errors.Is(err, djsession.ErrNotFound) {
		return v, nil
	}
	if err != nil && !s.is("cycle: leaves the new") {
		_ = s.Store.Delete(ctx, key, v)
	}
	if err != nil {
		v = djsession.Version{}
	}
	return v, err
}

func (s *faulty) Touch(ctx context.Context, key string, expires time.Time, seen djsession.Version) error {
	switch s.fault {
	case "touch: does not compare":
		seen = djsession.Force
	case "touch: not at all":
		return nil
	case "touch: writes the data":
		if r, _, err := s.Store.Load(ctx, key); err == nil {
			r.Expires = expires
			_, err = s.Store.Update(ctx, key, r, seen)
			return err
		}
	}
	err := s.Store.Touch(ctx, key, expires, seen)
	if s.is("touch: brings back") && errors.Is(err, djsession.ErrNotFound) {
		s.Put(key, "", expires)
	}
	return err
}

func (s *faulty) List(ctx context.Context, cursor string) iter.Seq2[djsession.Listed, error] {
	return func(yield func(djsession.Listed, error) bool) {
		last := ""
		for l, err := range s.Store.List(ctx, cursor) {
			last = max(last, l.Key())
			if err != nil {
				yield(l, err)
				return
			}
		}
		if s.is("list: repeats") && cursor != "" {
			cursor = ""
		}
		for l, err := range s.Store.List(ctx, cursor) {
			switch {
			case s.is("list: forgets the last") && l.Key() == last,
				s.is("list: hides expired") && err == nil && l.Err == nil && !l.Record.Expires.After(s.site.Now()):
				continue
			case s.is("list: stops at corrupt") && l.Err != nil:
				return
			}
			if !yield(l, err) {
				return
			}
		}
	}
}

func (s *faulty) ClearExpired(ctx context.Context, opts *djsession.ReapOptions) (int64, error) {
	switch s.fault {
	case "reap: removes all":
		for l := range s.Store.List(ctx, "") {
			_ = s.Store.Delete(ctx, l.Key(), djsession.Force)
		}
	case "reap: boundary":
		n := int64(0)
		for l := range s.Store.List(ctx, "") {
			if !l.Record.Expires.After(s.site.Now()) {
				_ = s.Store.Delete(ctx, l.Key(), djsession.Force)
				n++
			}
		}
		return n, nil
	case "reap: dry run removes":
		if opts != nil && opts.DryRun {
			return s.Store.ClearExpired(ctx, nil)
		}
	case "reap: never ends early":
		ctx = context.WithoutCancel(ctx)
	case "reap: counts wrong":
		n, err := s.Store.ClearExpired(ctx, opts)
		if n > 10 {
			n--
		}
		return n, err
	}
	return s.Store.ClearExpired(ctx, opts)
}

const (
	faultEnv = "STORETEST_FAULT"
	skipEnv  = "STORETEST_SKIP"
)

func harness(fault string) storetest.Harness {
	return storetest.Harness{
		Open: func(t *testing.T, site *djsession.Site) storetest.Engine {
			s := memstore.New(site)
			return storetest.Engine{
				Store:  &faulty{s, site, fault},
				Stored: func(t testing.TB, key string) (string, bool) { return s.Text(key) },
				Plant:  func(t testing.TB, key, raw string, expires time.Time) { s.Put(key, raw, expires) },
				Break: func(t testing.TB) func() {
					s.Fail(errors.New("unplugged"))
					return func() { s.Fail(nil) }
				},
			}
		},
		Skip: map[string]string{"context/stalled": "nothing in memory takes time"},
	}
}

// TestFaulty is the suite on a faulty Store, for which it must fail. The tests below run
// it in a process of its own.
func TestFaulty(t *testing.T) {
	fault, ok := os.LookupEnv(faultEnv)
	if !ok {
		t.Skip("run by TestFaultsAreNoticed")
	}
	h := harness(fault)
	if skip, reason, ok := strings.Cut(os.Getenv(skipEnv), "="); ok {
		h.Skip[skip] = reason
	}
	if fault == "no hook" {
		open := h.Open
		h.Open = func(t *testing.T, site *djsession.Site) storetest.Engine {
			e := open(t, site)
			e.Plant = nil
			return e
		}
	}
	if fault == "no lister" {
		h.Open = func(t *testing.T, site *djsession.Site) storetest.Engine {
			return storetest.Engine{Store: struct{ djsession.Store }{memstore.New(site)}}
		}
	}
	storetest.Run(t, h)
}

// runFaulty runs TestFaulty on one case. It returns whether the case passed, and the
// output.
func runFaulty(t *testing.T, fault, skip, name string) (passed bool, output string) {
	t.Helper()
	pattern := "^TestFaulty$"
	for part := range strings.SplitSeq(name, "/") {
		pattern += "/^" + part + "$"
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", pattern, "-test.v")
	cmd.Env = append(os.Environ(), faultEnv+"="+fault, skipEnv+"="+skip)
	out, err := cmd.CombinedOutput()
	if !strings.Contains(string(out), "=== RUN   TestFaulty") {
		t.Fatalf("the test did not run: %v\n%s", err, out)
	}
	return err == nil, string(out)
}

// The case that is about a fault notices it. TestNoFault shows that the case passes
// without the fault.
func TestFaultsAreNoticed(t *testing.T) {
	t.Parallel()
	for _, f := range faults {
		t.Run(strings.ReplaceAll(f.name, " ", "_"), func(t *testing.T) {
			if !slices.Contains(storetest.Cases(), f.noticedBy) {
				t.Fatalf("there is no case %q", f.noticedBy)
			}
			passed, out := runFaulty(t, f.name, "", f.noticedBy)
			if passed || !strings.Contains(out, "--- FAIL: TestFaulty/"+f.noticedBy) {
				t.Errorf("%s does not notice it:\n%s", f.noticedBy, out)
			}
			if !strings.Contains(out, "the rule: ") {
				t.Errorf("the rule is not told:\n%s", out)
			}
		})
	}
}

// The whole suite passes on the same Store without a fault.
func TestNoFault(t *testing.T) {
	storetest.Run(t, harness(""))
}

// keepsTime is a Store that counts time itself, and tells nobody when a session ends.
type keepsTime struct{ *memstore.Store }

func (s keepsTime) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	r, v, err := s.Store.Load(ctx, key)
	if err == nil {
		r.Expires = time.Time{}
	} else if errors.Is(err, djsession.ErrExpired) {
		err = djsession.ErrNotFound
	}
	return r, v, err
}

// The suite also passes on a Store that has a clock of its own.
func TestRealTime(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Harness{
		RealTime:     true,
		HidesExpires: true,
		Precision:    time.Second,
		Open: func(t *testing.T, site *djsession.Site) storetest.Engine {
			s := memstore.New(site)
			return storetest.Engine{
				Store:  keepsTime{s},
				Stored: func(t testing.TB, key string) (string, bool) { return s.Text(key) },
				Plant:  func(t testing.TB, key, raw string, expires time.Time) { s.Put(key, raw, expires) },
			}
		},
		Skip: map[string]string{
			"cycle/":          "nothing in memory has transactions",
			"context/stalled": "nothing in memory takes time",
			"down/":           "nothing to be down",
			"list/all":        "List tells the expiry",
		},
	})
}

// A case that lacks what it needs fails, unless it is skipped with a reason. A skip that
// names nothing fails too.
func TestSkip(t *testing.T) {
	for _, test := range []struct {
		name, fault, skip, run, output string
		passes                         bool
	}{
		{"missing hook", "no hook", "", "corrupt/load", "Engine.Plant is nil", false},
		{"missing hook, skipped", "no hook", "corrupt/=no access", "corrupt/load", "no access", true},
		{"missing interface", "no lister", "", "list/empty", "the Store is no djsession.Lister", false},
		{"missing interface, skipped", "no lister", "list/=cannot walk", "list/empty", "cannot walk", true},
		{"unknown case", "", "list/nonsense=so", "list/empty", `"list/nonsense", which is no case`, false},
		{"unknown group", "", "nonsense/=so", "list/empty", `"nonsense/", which is no case`, false},
		{"no reason", "", "list/all=", "list/empty", `no reason for "list/all"`, false},
	} {
		t.Run(strings.ReplaceAll(test.name, " ", "_"), func(t *testing.T) {
			passed, out := runFaulty(t, test.fault, test.skip, test.run)
			if passed != test.passes || !strings.Contains(out, test.output) {
				t.Errorf("passed %v, want %v and the output %q:\n%s", passed, test.passes, test.output, out)
			}
		})
	}
}
