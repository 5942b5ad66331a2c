package faults_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// operation is what a request does with its session.
type operation string

const (
	anonymous  operation = "anonymous read"
	read       operation = "read of a login"
	write      operation = "write"
	touch      operation = "touch"
	cycle      operation = "login"
	logout     operation = "logout"
	begin      operation = "new session"
	twoWriters operation = "two writers"
)

var operations = []operation{anonymous, read, write, touch, cycle, logout, begin, twoWriters}

// The columns of the table: what must never happen.
const (
	takenForAnonymous = "outage taken for anonymous"
	notStored         = "cookie for what is not stored"
	writeLost         = "acknowledged write lost"
	writeDoubled      = "write doubled"
	lostByCycle       = "session lost by a failed login"
	logoutUndone      = "logout undone"
	secretTold        = "secret in a text"
	goroutineLeft     = "goroutine left"
	descriptorLeft    = "descriptor left"
	tooLate           = "answer later than its bound"
)

var columns = []string{takenForAnonymous, notStored, writeLost, writeDoubled, lostByCycle, logoutUndone, secretTold, goroutineLeft, descriptorLeft, tooLate}

// row is a line of the table.
type row struct {
	engine, server string
	fault          fault

	cases   int
	good    int           // answers that did what was asked
	failed  int           // answers that said it cannot be done
	after   int           // more of these after the fault was mended
	ended   int           // failed logins whose session is out of reach: see [bench.late]
	slowest time.Duration // of all answers
	counts  map[string]int
	found   []string // the first few, in words
}

func (r *row) count(column, format string, args ...any) {
	if r.counts == nil {
		r.counts = map[string]int{}
	}
	if r.counts[column]++; len(r.found) < 20 {
		r.found = append(r.found, column+": "+fmt.Sprintf(format, args...))
	}
}

// answer is what a client gets.
type answer struct {
	status  int
	took    time.Duration
	key     string // of the cookie that is set
	deleted bool   // the cookie is deleted
	known   bool   // the page knew who is logged in
}

// bench tries operations on a site whose way to a server has a fault.
type bench struct {
	row
	t       testing.TB
	subject *site
	// witness reads and writes what is stored by a way without faults.
	witness djsession.Store
	// plant plants the fault. mend ends it, and reports whether it has struck.
	plant func()
	mend  func() bool
	// forgets says that the fault takes all data with it.
	forgets bool
	// late says that a failed login may leave its session under a key that nobody knows, or
	// end it. What was sent before the client gave up may be done afterwards, and a store
	// that takes two steps prefers to end a session to one that comes back after a logout.
	late bool

	gone []string // the keys of sessions whose logout was acknowledged
}

// try does one operation. With amid the fault is planted after the session is read. It
// reports whether the fault struck.
func (b *bench) try(o operation, amid bool) bool {
	key := b.subject.Site().NewKey()
	b.prepare(key)
	cookie := key
	if o == anonymous || o == begin {
		cookie = ""
	}
	var once sync.Once
	plant := func() { once.Do(b.plant) }
	if !amid {
		plant()
	}
	pulse.reset()
	n := 1
	if o == twoWriters {
		n = 2
	}
	answers := make([]answer, n)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = b.request(o, cookie, plant) })
	}
	all.Wait()
	lag := pulse.worst()
	plant()
	struck := b.mend()
	where := fmt.Sprintf("%s, the fault comes %s", o, map[bool]string{false: "before", true: "amid"}[amid])
	b.cases++
	for _, a := range answers {
		b.slowest = max(b.slowest, a.took)
		// A session that went with its server between read and write is interrupted, as in Django.
		went := b.forgets && amid && a.status == http.StatusBadRequest
		if a.status == http.StatusOK {
			b.good++
		} else if b.failed++; a.status != http.StatusServiceUnavailable && !went {
			b.count(takenForAnonymous, "%s: the status is %d", where, a.status)
		}
		if most := bound(b.subject.Site().Settings().SaveTimeout, lag); a.took > most {
			b.count(tooLate, "%s: %v, the bound is %v", where, a.took, most)
		}
	}
	b.recover()
	b.judge(o, where, key, answers)
	text := b.subject.said.take()
	for what, secret := range map[string]string{"the session key": key, "the new key": answers[0].key, "SECRET_KEY": secretKey, "a value": value, "the password": password} {
		if secret != "" && strings.Contains(text, secret) {
			b.count(secretTold, "%s: %s", where, what)
		}
	}
	return struck
}

// bound is how long an answer may take on a machine that is late by lag.
func bound(save, lag time.Duration) time.Duration { return patience + save + time.Second + 20*lag }

// request sends one request through the middleware.
func (b *bench) request(o operation, cookie string, plant func()) answer {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", nil)
	if cookie != "" {
		r.AddCookie(&http.Cookie{Name: "sessionid", Value: cookie})
	}
	var a answer
	h := b.subject.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := djsession.Load(r.Context())
		if err == nil {
			a.known = s.Has("_auth_user_id")
			plant()
			err = do(r.Context(), o, s)
		}
		if err != nil {
			b.subject.said.add(err)
			http.Error(w, err.Error(), djsession.ErrorStatus(err))
		}
	}))
	rec := httptest.NewRecorder()
	start := time.Now()
	h.ServeHTTP(rec, r)
	a.took, a.status = time.Since(start), rec.Code
	fmt.Fprintln(b.subject.said, rec.Body)
	for _, c := range rec.Result().Cookies() {
		if c.Name == "sessionid" {
			if a.deleted = c.MaxAge < 0 || c.Value == ""; !a.deleted {
				a.key = c.Value
			}
		}
	}
	return a
}

func do(ctx context.Context, o operation, s *djsession.Session) error {
	switch o {
	case write, begin, twoWriters:
		return s.Update(func(tx *djsession.Tx) error {
			n, err := djsession.Value(tx, "n", 0)
			if err != nil {
				return err
			}
			return tx.Set("n", n+1)
		})
	case touch:
		return s.MarkModified()
	case cycle:
		if err := s.CycleKey(); err != nil {
			return err
		}
		return s.Set("cycled", true)
	case logout:
		return s.Flush(ctx)
	}
	return nil
}

// counted is n in a new session.
const counted = 5

// prepare stores a session that is logged in, and ends within the hour.
func (b *bench) prepare(key string) {
	b.t.Helper()
	r := &djsession.Record{Expires: time.Now().Add(time.Hour), Data: serializer.NewDict(
		serializer.Item{Key: "_auth_user_id", Value: "1"},
		serializer.Item{Key: "_auth_user_backend", Value: "b"},
		serializer.Item{Key: "_auth_user_hash", Value: "h"},
		serializer.Item{Key: "value", Value: value},
		serializer.Item{Key: "n", Value: int64(counted)},
	)}
	b.healthy("store a session", func(ctx context.Context) error {
		_, err := b.witness.Create(ctx, key, r)
		if errors.Is(err, djsession.ErrKeyTaken) { // by a try whose answer came too late
			err = nil
		}
		return err
	})
}

// healthy repeats f, to which no fault belongs: the machine may be slow, and connections
// may be left from before the server was started again.
func (b *bench) healthy(what string, f func(ctx context.Context) error) {
	b.t.Helper()
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		err := f(ctx)
		cancel()
		if err == nil {
			return
		}
		if !errors.Is(err, djsession.ErrUnavailable) || time.Since(start) > 2*time.Minute {
			b.t.Fatalf("%s: %v", what, err)
		}
	}
}

// recover reads with the subject until it has found the server again.
func (b *bench) recover() {
	b.t.Helper()
	key := b.subject.Site().NewKey()
	if !b.forgets {
		b.prepare(key)
	}
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		a := b.request(read, key, func() {})
		if a.status == http.StatusOK {
			if !a.known && !b.forgets {
				b.count(takenForAnonymous, "after the fault")
			}
			return
		}
		if b.after++; time.Since(start) > 2*time.Minute {
			b.t.Fatal("the site has not found its server again in two minutes")
		}
	}
}

// found is what is stored under a key.
type found struct {
	there   bool
	n       int64
	login   bool
	expires time.Time
}

// look reads what is stored: by the witness from the place to which all writers write,
// and as the witness's and the subject's own visitors see it.
func (b *bench) look(key string) (stored, other, own found) {
	b.t.Helper()
	load := b.witness.Load
	if f, ok := b.witness.(djsession.FreshLoader); ok {
		load = f.LoadFresh
	}
	return b.lookBy(load, key), b.lookBy(b.witness.Load, key), b.lookBy(b.subject.Store().Load, key)
}

func (b *bench) lookBy(load func(ctx context.Context, key string) (*djsession.Record, djsession.Version, error), key string) (f found) {
	b.t.Helper()
	b.healthy("look", func(ctx context.Context) error {
		r, _, err := load(ctx, key)
		if errors.Is(err, djsession.ErrNotFound) {
			return nil
		}
		if err == nil {
			n, _ := r.Data.Get("n")
			f.there, f.login, f.expires = true, r.Data.Has("_auth_user_id"), r.Expires
			f.n, _ = n.(int64)
		}
		return err
	})
	return f
}

// judge compares what was answered with what is stored.
func (b *bench) judge(o operation, where, key string, answers []answer) {
	b.t.Helper()
	acknowledged := int64(0)
	for _, a := range answers {
		ok := a.status == http.StatusOK
		if ok {
			acknowledged++
		}
		visitor := o != anonymous && o != begin && !b.forgets
		if visitor && (ok && !a.known || a.deleted && !(o == logout && ok)) {
			b.count(takenForAnonymous, "%s: status %d, the page knew the visitor: %v, cookie deleted: %v", where, a.status, a.known, a.deleted)
		}
		if o == anonymous && (!ok || a.key != "" || a.deleted) {
			b.count(notStored, "%s: status %d, and a cookie", where, a.status)
		}
		if a.key != "" && !b.forgets {
			if stored, _, own := b.look(a.key); !stored.there || !own.there || !ok {
				b.count(notStored, "%s: status %d, stored: %v", where, a.status, stored.there)
			}
		}
	}
	if o == anonymous || o == begin || b.forgets {
		return
	}
	stored, other, own := b.look(key)
	switch o {
	case logout:
		if acknowledged > 0 {
			b.gone = append(b.gone, key)
			if stored.there || other.there || own.there {
				b.count(logoutUndone, "%s: at once", where)
			}
		}
		return
	case cycle:
		if acknowledged == 0 {
			switch {
			case stored.there && own.there:
			case b.late:
				b.ended++
			default:
				b.count(lostByCycle, "%s: stored: %v", where, stored.there)
			}
			return
		}
		if stored.there || other.there || own.there {
			b.count(logoutUndone, "%s: the key of before the login is good", where)
		}
		stored, _, own = b.look(answers[0].key)
		if !stored.login || !own.login {
			b.count(writeLost, "%s: the login is not stored under the new key", where)
		}
		acknowledged = 0
	case touch:
		if acknowledged > 0 && !stored.expires.IsZero() && time.Until(stored.expires) < 24*time.Hour {
			b.count(writeLost, "%s: the session ends in %v", where, time.Until(stored.expires))
		}
		acknowledged = 0
	case read:
		acknowledged = 0
	}
	switch asked := int64(len(answers)); {
	case !stored.there || !own.there:
		b.count(writeLost, "%s: the session is gone", where)
	case stored.n < counted+acknowledged || own.n < counted+acknowledged:
		b.count(writeLost, "%s: n is %d, and as the visitor sees it %d; %d writes were acknowledged", where, stored.n, own.n, acknowledged)
	case stored.n > counted+asked:
		b.count(writeDoubled, "%s: n is %d after %d writes", where, stored.n, asked)
	}
}

// finish looks once more at the sessions that ended: what was on its way has arrived.
func (b *bench) finish() {
	b.t.Helper()
	for _, key := range b.gone {
		if stored, other, own := b.look(key); stored.there || other.there || own.there {
			b.count(logoutUndone, "later")
		}
	}
}

// left counts what is there now.
func left() (goroutines, descriptors int) {
	files, _ := os.ReadDir("/proc/self/fd")
	return runtime.NumGoroutine(), len(files)
}

// settled is left once what others began had time to end. A count that is too high
// would hide a leak.
func settled() (goroutines, descriptors int) {
	goroutines, descriptors = left()
	for same, looks := 0, 0; same < 10 && looks < 100; same, looks = same+1, looks+1 {
		time.Sleep(20 * time.Millisecond)
		g, d := left()
		if g != goroutines || d != descriptors {
			goroutines, descriptors, same = g, d, 0
		}
	}
	return goroutines, descriptors
}

// leaks compares that with what was there before, once all has had time to end.
func (r *row) leaks(goroutines, descriptors int, wait time.Duration) {
	g, d := left()
	for start := time.Now(); (g > goroutines || d > descriptors) && time.Since(start) < wait; g, d = left() {
		time.Sleep(20 * time.Millisecond)
	}
	if g > goroutines {
		stacks := make([]byte, 1<<20)
		r.count(goroutineLeft, "%d, were %d\n%s", g, goroutines, stacks[:runtime.Stack(stacks, true)])
	}
	if d > descriptors {
		r.count(descriptorLeft, "%d, were %d", d, descriptors)
	}
}

// pulse measures by how much this machine is late, so that bounds are about the code.
var pulse heartbeat

type heartbeat struct{ lag atomic.Int64 }

func (h *heartbeat) start() {
	go func() {
		const beat = 5 * time.Millisecond
		for last := time.Now(); ; {
			time.Sleep(beat)
			now := time.Now()
			late := int64(now.Sub(last) - beat)
			for old := h.lag.Load(); late > old && !h.lag.CompareAndSwap(old, late); old = h.lag.Load() {
			}
			last = now
		}
	}()
}

func (h *heartbeat) reset()               { h.lag.Store(0) }
func (h *heartbeat) worst() time.Duration { return time.Duration(h.lag.Load()) }
