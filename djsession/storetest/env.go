package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// canary is part of every value that the suite writes. No error may contain it.
const canary = "canary"

// start is the time of the fixed clock. It has microseconds, to find a store that drops
// the fraction of a second.
var start = time.Date(2026, 3, 4, 5, 6, 7, 123456000, time.UTC)

// clock is the suite's own clock, or the real one.
type clock struct {
	real  bool
	nanos atomic.Int64
}

func newClock(real bool) *clock {
	c := &clock{real: real}
	c.set(start)
	return c
}

func (c *clock) set(t time.Time) { c.nanos.Store(t.UnixNano()) }

func (c *clock) now() time.Time {
	if c.real {
		return time.Now()
	}
	return time.Unix(0, c.nanos.Load()).UTC()
}

// env is the environment of a case. Its methods with the name of a Store's method call
// that and check every error on the way.
type env struct {
	*testing.T
	Engine
	h     *Harness
	ctx   context.Context
	site  *djsession.Site
	clock *clock

	mu   sync.Mutex
	keys []string      // must not appear in an error
	slow time.Duration // the duration of the slowest call
}

// took notes how long a call took. A server that gets the lifetime of a record counts
// from when the call arrives. One that returns the time left counted it before it
// returned.
func (e *env) took(began time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.slow = max(e.slow, time.Since(began))
}

// precision returns how exactly Expires survives storing and loading.
func (e *env) precision() time.Duration {
	least := max(e.h.Precision, time.Microsecond)
	if !e.clock.real || e.h.Precision == 0 {
		return least
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return least + 2*e.slow
}

// newKey returns a key that nobody used.
func (e *env) newKey() string {
	key := e.site.NewKey()
	e.secret(key)
	return key
}

func (e *env) secret(key string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.keys = append(e.keys, key)
}

// record returns a record of items (name, value, name, value, ...) that lasts an hour.
func (e *env) record(items ...any) *djsession.Record {
	d := serializer.NewDict()
	for i := 0; i < len(items); i += 2 {
		d = d.With(items[i].(string), items[i+1])
	}
	return e.recordOf(d, time.Hour)
}

func (e *env) recordOf(d *serializer.Dict, lasts time.Duration) *djsession.Record {
	r := &djsession.Record{Data: d, Expires: e.clock.now().Add(lasts).UTC().Truncate(time.Microsecond)}
	if e.h.Adapt != nil {
		r = e.h.Adapt(e.site, r)
	}
	return r
}

// plain returns a record that differs from those for other numbers.
func (e *env) plain(n int) *djsession.Record {
	return e.record("n", n, "text", fmt.Sprint(canary, n))
}

// seen checks the text of an error, under the verbs that callers may print it with.
func (e *env) seen(doing string, err error) {
	e.Helper()
	if err == nil {
		return
	}
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err)} {
		if strings.Contains(text, canary) {
			e.Errorf("%s: the error holds a value of the session", doing)
		}
		e.mu.Lock()
		for _, key := range e.keys {
			if strings.Contains(text, strings.TrimSpace(key)) {
				e.Errorf("%s: the error holds the session key", doing)
			}
		}
		e.mu.Unlock()
	}
}

// seenVersion checks that no verb prints the token of a Version.
func (e *env) seenVersion(v djsession.Version) {
	e.Helper()
	token, ok := v.Token()
	if !ok || len(token) < 4 {
		return
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v %s %q", v, v, v, v, v), token) {
		e.Error("a Version prints what was stored")
	}
}

func (e *env) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	e.Helper()
	began := time.Now()
	r, v, err := e.Store.Load(ctx, key)
	e.took(began)
	e.seen("Load", err)
	e.seenVersion(v)
	if (r == nil) != (err != nil) {
		e.Errorf("Load: got record %v beside error %v, want one of the two", r != nil, err)
	}
	return r, v, err
}

func (e *env) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	e.Helper()
	began := time.Now()
	v, err := e.Store.Create(ctx, key, r)
	e.took(began)
	e.seen("Create", err)
	e.seenVersion(v)
	return v, err
}

func (e *env) Update(ctx context.Context, key string, r *djsession.Record, seen djsession.Version) (djsession.Version, error) {
	e.Helper()
	began := time.Now()
	v, err := e.Store.Update(ctx, key, r, seen)
	e.took(began)
	e.seen("Update", err)
	e.seenVersion(v)
	return v, err
}

func (e *env) Delete(ctx context.Context, key string, seen djsession.Version) error {
	e.Helper()
	err := e.Store.Delete(ctx, key, seen)
	e.seen("Delete", err)
	return err
}

func (e *env) Touch(ctx context.Context, key string, expires time.Time, seen djsession.Version) error {
	e.Helper()
	began := time.Now()
	err := e.Store.Touch(ctx, key, expires, seen)
	e.took(began)
	e.seen("Touch", err)
	return err
}

func (e *env) ClearExpired(ctx context.Context, opts *djsession.ReapOptions) (int64, error) {
	e.Helper()
	n, err := optional[djsession.Reaper](e).ClearExpired(ctx, opts)
	e.seen("ClearExpired", err)
	return n, err
}

func (e *env) List(ctx context.Context, cursor string) iter.Seq2[djsession.Listed, error] {
	e.Helper()
	seq := optional[djsession.Lister](e).List(ctx, cursor)
	return func(yield func(djsession.Listed, error) bool) {
		began := time.Now()
		for l, err := range seq {
			e.took(began)
			e.seen("List", err)
			e.seen("List", l.Err)
			e.seenVersion(l.Version)
			if err == nil && (l.Record == nil) != (l.Err != nil) {
				e.Errorf("List: got record %v beside Err %v, want one of the two", l.Record != nil, l.Err)
			}
			if !yield(l, err) {
				return
			}
			began = time.Now()
		}
	}
}

// optional returns the Store as one of the optional interfaces, or the Store beneath it.
func optional[I any](e *env) I {
	e.Helper()
	i, ok := djsession.As[I](e.Store)
	if !ok {
		var want *I
		e.Fatalf("the Store is no %s: make it one, or name the group in Harness.Skip", strings.TrimPrefix(fmt.Sprintf("%T", want), "*"))
	}
	return i
}

// create stores a record under a new key.
func (e *env) create(r *djsession.Record) (key string, v djsession.Version) {
	e.Helper()
	key = e.newKey()
	v, err := e.Create(e.ctx, key, r)
	if err != nil {
		e.Fatalf("Create: %v", err)
	}
	return key, v
}

// createExpired stores a record that has expired when createExpired returns.
func (e *env) createExpired(d *serializer.Dict) (key string, v djsession.Version) {
	e.Helper()
	if !e.clock.real {
		key, v = e.create(e.recordOf(d, -time.Second))
		return key, v
	}
	key, v = e.create(e.recordOf(d, time.Second))
	for range 100 {
		if _, _, err := e.Load(e.ctx, key); err != nil {
			return key, v
		}
		time.Sleep(50 * time.Millisecond)
	}
	e.Fatal("a record that was to last a second is there after five")
	return key, v
}

func (e *env) load(key string) (*djsession.Record, djsession.Version) {
	e.Helper()
	r, v, err := e.Load(e.ctx, key)
	if err != nil {
		e.Fatalf("Load: %v", err)
	}
	return r, v
}

func (e *env) update(key string, r *djsession.Record, seen djsession.Version) djsession.Version {
	e.Helper()
	v, err := e.Update(e.ctx, key, r, seen)
	if err != nil {
		e.Fatalf("Update: %v", err)
	}
	return v
}

// wantStored checks that key holds r.
func (e *env) wantStored(key string, r *djsession.Record) {
	e.Helper()
	got, _, err := e.Load(e.ctx, key)
	if err != nil {
		e.Fatalf("Load: %v, want the record", err)
	}
	e.wantRecord(got, r)
}

func (e *env) wantRecord(got, want *djsession.Record) {
	e.Helper()
	if g, w := describe(got.Data), describe(want.Data); g != w {
		e.Errorf("got data %s\nwant data %s", clip(g), clip(w))
	}
	e.wantExpires(got, want.Expires)
}

func (e *env) wantExpires(got *djsession.Record, want time.Time) {
	e.Helper()
	if e.h.HidesExpires && got.Expires.IsZero() {
		return
	}
	if got.Expires.Location() != time.UTC {
		e.Errorf("got expiry in %v, want UTC", got.Expires.Location())
	}
	if diff := got.Expires.Sub(want).Abs(); diff >= e.precision() {
		e.Errorf("got expiry %v, want %v", got.Expires, want)
	}
}

func (e *env) wantAbsent(key string) {
	e.Helper()
	_, _, err := e.Load(e.ctx, key)
	e.want("Load", err, djsession.ErrNotFound)
}

// kinds are the errors of a Store; an error matches one of them only.
var kinds = []error{djsession.ErrNotFound, djsession.ErrKeyTaken, djsession.ErrConflict, djsession.ErrCorrupt,
	djsession.ErrUnavailable, djsession.ErrTooLarge}

// want checks that err is of this kind and of no other.
func (e *env) want(doing string, err, kind error) {
	e.Helper()
	if !errors.Is(err, kind) {
		e.Fatalf("%s: got error %v, want %v", doing, err, kind)
	}
	for _, k := range kinds {
		if errors.Is(err, k) && !errors.Is(kind, k) {
			e.Errorf("%s: the error %v is also %v", doing, err, k)
		}
	}
}

// count runs f in n goroutines that start together. It counts their results: nil, or the
// kind of the error.
func (e *env) count(n int, f func(i int) error) map[error]int {
	e.Helper()
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		got   = map[error]int{}
		begin = make(chan struct{})
	)
	for i := range n {
		wg.Go(func() {
			<-begin
			err := f(i)
			e.seen("a method", err)
			mu.Lock()
			defer mu.Unlock()
			for _, k := range kinds {
				if errors.Is(err, k) {
					if k == djsession.ErrUnavailable {
						e.Errorf("goroutine %d: %v", i, err)
					}
					got[k]++
					return
				}
			}
			if err != nil {
				e.Errorf("goroutine %d: %v", i, err)
			}
			got[err]++
		})
	}
	close(begin)
	wg.Wait()
	return got
}
