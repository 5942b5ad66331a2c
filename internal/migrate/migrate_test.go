package migrate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/internal/handover"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// moveWorld is a move between two engines in memory.
type moveWorld struct {
	*testing.T
	site     *djsession.Site
	now      time.Time
	old, new *memstore.Store
	path     string          // of the journal
	next     djsession.Store // new, or something around it
	prev     djsession.Store // the same for old; nil is old
	keep     bool
	batch    int
	progress func(int64)
}

func newMove(t *testing.T) *moveWorld {
	w := &moveWorld{T: t, now: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC), path: filepath.Join(t.TempDir(), "journal"), batch: 100, progress: func(int64) {}}
	var err error
	w.site, err = djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("secret"), Now: func() time.Time { return w.now }})
	if err != nil {
		t.Fatal(err)
	}
	w.old, w.new = memstore.New(w.site), memstore.New(w.site)
	w.next = w.new
	return w
}

// run is one step.
func (w *moveWorld) run(ctx context.Context, switched bool) (Counts, error) {
	opts := Options{
		From: Engine{Store: w.old, Lister: w.old}, To: Engine{Store: w.next, Lister: w.next.(djsession.Lister)},
		Journal: w.path, Task: task, Switched: switched, Keep: w.keep, Batch: w.batch, Workers: 4, Progress: w.progress,
	}
	if w.prev != nil {
		opts.From.Store = w.prev
	}
	done, err := newMover(opts).step(ctx)
	if done == nil {
		return Counts{}, err
	}
	return done.Counts, err
}

const task = "from one engine to another"

// must is run that has to go well.
func (w *moveWorld) must(switched bool) Counts {
	w.Helper()
	n, err := w.run(w.Context(), switched)
	if err != nil {
		w.Fatal(err)
	}
	return n
}

const moveKey = "abcdefghijklmnopqrstuvwxyz012345"

func (w *moveWorld) record(n int64, d time.Duration) *djsession.Record {
	return &djsession.Record{Data: serializer.NewDict(serializer.Item{Key: "n", Value: n}), Expires: w.now.Add(d)}
}

// put writes a session as Django does, whatever is there.
func (w *moveWorld) put(in *memstore.Store, key string, n int64, d time.Duration) {
	w.Helper()
	r := w.record(n, d)
	_, err := in.Create(w.Context(), key, r)
	if errors.Is(err, djsession.ErrKeyTaken) {
		_, err = in.Update(w.Context(), key, r, djsession.Force)
	}
	if err != nil {
		w.Fatal(err)
	}
}

func (w *moveWorld) delete(in *memstore.Store, key string) {
	w.Helper()
	if err := in.Delete(w.Context(), key, djsession.Force); err != nil {
		w.Fatal(err)
	}
}

// held is n of the session of a key, 0 for none.
func (w *moveWorld) held(in *memstore.Store, key string) int64 {
	w.Helper()
	r, _, err := in.Load(w.Context(), key)
	switch {
	case errors.Is(err, djsession.ErrNotFound):
		return 0
	case err != nil:
		w.Fatal(err)
	}
	if handover.Noted(key, r) { // nobody is logged in there
		return 0
	}
	n, _ := r.Data.Get("n")
	return n.(int64)
}

func (w *moveWorld) wants(old, next int64) {
	w.Helper()
	if got := w.held(w.old, moveKey); got != old {
		w.Errorf("the old engine holds %d, want %d", got, old)
	}
	if got := w.held(w.new, moveKey); got != next {
		w.Errorf("the new engine holds %d, want %d", got, next)
	}
}

// TestMoveCopies: the first step, and again.
func TestMoveCopies(t *testing.T) {
	w := newMove(t)
	w.put(w.old, moveKey, 1, 90*time.Minute)
	w.put(w.old, "expired00000000000000000", 1, -time.Second)
	w.put(w.old, "leaving00000000000000000", 1, time.Hour)
	w.old.Put("corrupt00000000000000000", "nothing", w.now.Add(time.Hour))
	w.put(w.new, "foreign00000000000000000", 7, time.Hour)
	if got := w.must(false); got.Seen != 4 || got.Copied != 2 || got.Expired != 1 || got.Corrupt != 1 {
		t.Errorf("copy: got %+v", got)
	}
	r, _, err := w.new.Load(t.Context(), moveKey)
	if err != nil || !r.Expires.Equal(w.now.Add(90*time.Minute)) {
		t.Errorf("copied: got %v, %v", r, err)
	}
	if got := w.must(false); got.Already != 2 || got.Copied+got.Updated+got.Pruned != 0 {
		t.Errorf("copy again: got %+v", got)
	}
	w.put(w.old, moveKey, 2, 90*time.Minute)
	w.delete(w.old, "leaving00000000000000000")
	w.put(w.old, "foreign00000000000000000", 8, time.Hour)
	if got := w.must(false); got.Updated != 1 || got.Pruned != 1 || got.Taken != 1 {
		t.Errorf("copy what has changed: got %+v", got)
	}
	w.wants(2, 2)
	if got := w.held(w.new, "leaving00000000000000000"); got != 0 {
		t.Errorf("who has logged out is still there: %d", got)
	}
	if got := w.held(w.new, "foreign00000000000000000"); got != 7 {
		t.Errorf("what was there is now %d", got)
	}
	// The expiry alone.
	w.put(w.old, moveKey, 2, 3*time.Hour)
	w.must(false)
	if r, _, err := w.new.Load(t.Context(), moveKey); err != nil || !r.Expires.Equal(w.now.Add(3*time.Hour)) {
		t.Errorf("prolonged: got %v, %v", r, err)
	}
}

// TestMoveSwitched: what becomes of a session in the second step. Each case is about
// one that was copied as 1, and ends in an hour, unless before is set.
func TestMoveSwitched(t *testing.T) {
	for _, tt := range []struct {
		name      string
		before    func(w *moveWorld) // the first step
		change    func(w *moveWorld) // between the two
		old, next int64
		keeps     int64 // what the old engine holds with --keep
		counts    Counts
	}{
		{name: "untouched", next: 1, keeps: 1, counts: Counts{Seen: 1, Already: 1, Deleted: 1}},
		{name: "written on the old one before the switch", next: 2, keeps: 2,
			change: func(w *moveWorld) { w.put(w.old, moveKey, 2, time.Hour) },
			counts: Counts{Seen: 1, Updated: 1, Deleted: 1}},
		{name: "prolonged on the old one", next: 1, keeps: 1,
			change: func(w *moveWorld) { w.put(w.old, moveKey, 1, 2*time.Hour) },
			counts: Counts{Seen: 1, Updated: 1, Deleted: 1}},
		{name: "logged out on the old one", next: 0,
			change: func(w *moveWorld) { w.delete(w.old, moveKey) },
			counts: Counts{Pruned: 1}},
		{name: "logged out on the old one, and used on the new one since", next: 0,
			change: func(w *moveWorld) { w.delete(w.old, moveKey); w.put(w.new, moveKey, 3, time.Hour) },
			counts: Counts{Pruned: 1, Used: 1}},
		{name: "logged out on the new one", next: 0, keeps: 1,
			change: func(w *moveWorld) { w.delete(w.new, moveKey) },
			counts: Counts{Seen: 1, LoggedOut: 1, Deleted: 1}},
		{name: "written on the old one, then logged out on the new one", next: 0, keeps: 2,
			change: func(w *moveWorld) { w.put(w.old, moveKey, 2, time.Hour); w.delete(w.new, moveKey) },
			counts: Counts{Seen: 1, LoggedOut: 1, Deleted: 1}},
		{name: "logged out on both", next: 0,
			change: func(w *moveWorld) { w.delete(w.old, moveKey); w.delete(w.new, moveKey) }},
		{name: "written on the new one", next: 3, keeps: 1,
			change: func(w *moveWorld) { w.put(w.new, moveKey, 3, time.Hour) },
			counts: Counts{Seen: 1, Already: 1, Deleted: 1}},
		{name: "written on both", next: 3, keeps: 2,
			change: func(w *moveWorld) { w.put(w.old, moveKey, 2, time.Hour); w.put(w.new, moveKey, 3, time.Hour) },
			counts: Counts{Seen: 1, Newer: 1, Deleted: 1}},
		{name: "new on the old one", next: 5, keeps: 5,
			before: func(*moveWorld) {},
			change: func(w *moveWorld) { w.put(w.old, moveKey, 5, time.Hour) },
			counts: Counts{Seen: 1, Copied: 1, Deleted: 1}},
		{name: "on both, and never copied", next: 6, keeps: 5,
			before: func(*moveWorld) {},
			change: func(w *moveWorld) { w.put(w.old, moveKey, 5, time.Hour); w.put(w.new, moveKey, 6, time.Hour) },
			counts: Counts{Seen: 1, Newer: 1, Deleted: 1}},
		{name: "the copy has expired, and the session was prolonged", next: 1, keeps: 1,
			change: func(w *moveWorld) { w.put(w.old, moveKey, 1, 3*time.Hour); w.now = w.now.Add(2 * time.Hour) },
			counts: Counts{Seen: 1, Updated: 1, Deleted: 1}},
		{name: "the copy has expired and is gone, and the session was prolonged", next: 1, keeps: 1,
			change: func(w *moveWorld) {
				w.put(w.old, moveKey, 1, 3*time.Hour)
				w.delete(w.new, moveKey)
				w.now = w.now.Add(2 * time.Hour)
			},
			counts: Counts{Seen: 1, Copied: 1, Deleted: 1}},
		{name: "expired", next: 0,
			change: func(w *moveWorld) { w.now = w.now.Add(2 * time.Hour) },
			counts: Counts{Seen: 1, Expired: 1, Deleted: 1}},
		{name: "expired and gone on the old one, prolonged on the new one", next: 1,
			change: func(w *moveWorld) {
				w.put(w.new, moveKey, 1, 3*time.Hour)
				w.delete(w.old, moveKey)
				w.now = w.now.Add(2 * time.Hour)
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, keep := range []bool{false, true} {
				w := newMove(t)
				w.keep = keep
				if tt.before == nil {
					w.put(w.old, moveKey, 1, time.Hour)
				} else {
					tt.before(w)
				}
				w.must(false)
				if tt.change != nil {
					tt.change(w)
				}
				got := w.must(true)
				if keep {
					w.wants(tt.keeps, tt.next)
				} else {
					w.wants(tt.old, tt.next)
					if got != tt.counts {
						t.Errorf("got %+v, want %+v", got, tt.counts)
					}
				}
				w.must(true) // changes nothing
				if keep {
					w.wants(tt.keeps, tt.next)
				} else {
					w.wants(tt.old, tt.next)
				}
				if _, err := w.run(t.Context(), false); !errors.Is(err, ErrSwitched) {
					t.Errorf("the first step after the second: got %v", err)
				}
			}
		})
	}
}

// TestMoveCorrupt: what does not decode stays, and its copy of better days too.
func TestMoveCorrupt(t *testing.T) {
	w := newMove(t)
	w.put(w.old, moveKey, 1, time.Hour)
	w.must(false)
	w.old.Put(moveKey, "nothing", w.now.Add(time.Hour))
	if got := w.must(true); got.Corrupt != 1 || got.Pruned+got.Deleted != 0 {
		t.Errorf("got %+v", got)
	}
	if text, _ := w.old.Text(moveKey); text != "nothing" || w.held(w.new, moveKey) != 1 {
		t.Error("it was touched")
	}
}

// hooked is an engine in which something happens before or after Create, or
// instead of it.
type hooked struct {
	*memstore.Store
	before, after func()
	instead       func(*djsession.Record) *djsession.Record
}

func (h *hooked) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	if h.before != nil {
		h.before()
	}
	if h.instead != nil {
		r = h.instead(r)
	}
	v, err := h.Store.Create(ctx, key, r)
	if h.after != nil {
		h.after()
	}
	return v, err
}

func (h *hooked) Touch(ctx context.Context, key string, expires time.Time, seen djsession.Version) error {
	if h.instead != nil {
		expires = h.instead(&djsession.Record{Data: serializer.NewDict(), Expires: expires}).Expires
	}
	return h.Store.Touch(ctx, key, expires, seen)
}

// slow is an engine that, once, takes a while to store a session, which then ends later.
type slow struct {
	*memstore.Store
	late bool
}

func (s *slow) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	if !s.late {
		s.late = true
		r = &djsession.Record{Data: r.Data, Expires: r.Expires.Add(5 * time.Second)}
	}
	return s.Store.Create(ctx, key, r)
}

// A session that was stored so slowly that it ends too late is told to end in time.
func TestMoveSlowly(t *testing.T) {
	w := newMove(t)
	w.put(w.old, moveKey, 1, time.Hour)
	w.next = &slow{Store: w.new}
	w.must(false)
	r, _, err := w.new.Load(t.Context(), moveKey)
	if err != nil || !r.Expires.Equal(w.now.Add(time.Hour)) {
		t.Errorf("got %v, %v, want the end of the old one", r, err)
	}
}

// Who logs out while a session is brought over stays logged out.
func TestLogoutWhileBrought(t *testing.T) {
	for _, when := range []string{"before", "after"} {
		w := newMove(t)
		w.must(false)
		w.put(w.old, moveKey, 1, time.Hour)
		logout := func() { // as package movingstore does it
			w.delete(w.old, moveKey)
			_ = w.new.Delete(t.Context(), moveKey, djsession.Force)
		}
		h := &hooked{Store: w.new}
		if when == "before" {
			h.before = logout
		} else {
			h.after = logout
		}
		w.next = h
		w.must(true)
		w.wants(0, 0)
	}
}

// An engine that does not hold what it was given stops the move.
func TestMoveVerifies(t *testing.T) {
	for name, instead := range map[string]func(*djsession.Record) *djsession.Record{
		"other data": func(r *djsession.Record) *djsession.Record {
			return &djsession.Record{Data: r.Data.With("n", 9), Expires: r.Expires}
		},
		"other expiry": func(r *djsession.Record) *djsession.Record {
			return &djsession.Record{Data: r.Data, Expires: r.Expires.Add(5 * time.Second)}
		},
	} {
		w := newMove(t)
		w.put(w.old, moveKey, 1, time.Hour)
		w.next = &hooked{Store: w.new, instead: instead}
		var wrong *MismatchError
		if _, err := w.run(t.Context(), false); !errors.As(err, &wrong) || wrong.Session != "abcdefgh" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestMoveEmptied: an engine that lost everything is no sign that all logged out.
func TestMoveEmptied(t *testing.T) {
	fill := func(w *moveWorld) {
		for i := range 200 {
			w.put(w.old, fmt.Sprintf("abcdefgh%024d", i), 1, time.Hour)
		}
		w.batch = 1000
		w.must(false)
	}
	w := newMove(t)
	fill(w)
	w.next, w.new = memstore.New(w.site), nil
	var emptied *EmptiedError
	if n, err := w.run(t.Context(), true); !errors.As(err, &emptied) || n.Deleted != 0 || emptied.Old || emptied.Missing <= emptied.Copied/2 {
		t.Errorf("the new engine is empty: got %+v, %v", n, err)
	}
	w = newMove(t)
	fill(w)
	w.old = memstore.New(w.site)
	if n, err := w.run(t.Context(), true); !errors.As(err, &emptied) || n.Pruned != 0 || !emptied.Old || emptied.Missing != 200 || emptied.Copied != 200 {
		t.Errorf("the old engine is empty: got %+v, %v", n, err)
	}
}

// TestRun: both steps as a program calls them, and what they are not for.
func TestRun(t *testing.T) {
	w := newMove(t)
	w.put(w.old, moveKey, 1, time.Hour)
	var seen []int64
	opts := Options{
		From: Engine{Store: w.old, Lister: w.old}, To: Engine{Store: w.new, Lister: w.new},
		Journal: w.path, Task: task, Progress: func(n int64) { seen = append(seen, n) },
	}
	if _, err := Run(t.Context(), with(opts, func(o *Options) { o.Switched = true })); !errors.Is(err, ErrNoJournal) {
		t.Errorf("the second step before the first: got %v", err)
	}
	done, err := Run(t.Context(), with(opts, func(o *Options) { o.DryRun = true }))
	if err != nil || done.Copied != 1 {
		t.Errorf("dry run: got %+v, %v", done, err)
	}
	w.wants(1, 0)
	if done, err = Run(t.Context(), opts); err != nil || done.Copied != 1 || done.Before != 0 || len(seen) != 2 {
		t.Errorf("first step: got %+v, %v, progress %v", done, err, seen)
	}
	if _, err := Run(t.Context(), with(opts, func(o *Options) { o.Task = "another" })); !errors.Is(err, ErrOtherMove) {
		t.Errorf("another move: got %v", err)
	}
	if done, err = Run(t.Context(), with(opts, func(o *Options) { o.Switched = true })); err != nil || done.Deleted != 1 {
		t.Errorf("second step: got %+v, %v", done, err)
	}
	w.wants(0, 1)
	if n := len(w.state(w.new)); n != 1 {
		t.Errorf("the new engine holds %d sessions, want no probe left behind", n)
	}

	same := with(opts, func(o *Options) { o.To, o.Journal = o.From, filepath.Join(t.TempDir(), "same") })
	if _, err := Run(t.Context(), same); !errors.Is(err, ErrSamePlace) {
		t.Errorf("one place: got %v", err)
	}
	notes := filepath.Join(t.TempDir(), "notes")
	if err := os.WriteFile(notes, []byte("these are my notes"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), with(opts, func(o *Options) { o.Journal = notes })); !errors.Is(err, ErrNotJournal) {
		t.Errorf("another file: got %v", err)
	}
	var file *FileError
	if _, err := Run(t.Context(), with(opts, func(o *Options) { o.Journal = filepath.Join(notes, "journal") })); !errors.As(err, &file) {
		t.Errorf("no folder: got %v", err)
	}
	var damaged *JournalError
	if err := os.WriteFile(notes, []byte("SQLite format 3\x00 and nothing else"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), with(opts, func(o *Options) { o.Journal = notes })); !errors.As(err, &damaged) {
		t.Errorf("damaged: got %v", err)
	}
}

func with(o Options, change func(*Options)) Options {
	change(&o)
	return o
}

// TestWarnings: what a user should know, and that nothing goes wrong meanwhile.
func TestWarnings(t *testing.T) {
	w := newMove(t)
	w.put(w.old, moveKey, 1, time.Hour)
	w.put(w.old, otherKey, 1, time.Hour)
	told := map[Warning]int64{}
	opts := Options{
		From: Engine{Store: w.old, Lister: w.old}, To: Engine{Store: w.new}, // the new one cannot list
		Journal: w.path, Task: task, Warn: func(kind Warning, n int64) { told[kind] += n },
	}
	if _, err := Run(t.Context(), opts); err != nil || len(told) != 0 {
		t.Fatalf("got %v, warnings %v", err, told)
	}
	w.delete(w.old, otherKey)
	if _, err := Run(t.Context(), opts); err != nil || told[NotPruned] != 1 {
		t.Errorf("logged out on the old engine: got %v, warnings %v", err, told)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w.put(w.old, moveKey, 2, time.Hour)
	w.put(w.old, "killed00000000000000000000000000", 2, time.Hour)
	opts.To.Store = &refusing{w.new, cancel}
	if _, err := newMover(opts).step(ctx); err == nil {
		t.Fatal("got no error")
	}
	opts.To.Store, opts.Switched = w.new, true
	if _, err := Run(t.Context(), opts); err != nil || told[Interrupted] == 0 {
		t.Errorf("switched in the middle: got %v, warnings %v", err, told)
	}
}
