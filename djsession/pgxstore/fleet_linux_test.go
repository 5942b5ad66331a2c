package pgxstore_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/pgxstore"
	"github.com/go-djsession/go-djsession/serializer"
)

var sessions = flag.Int("sessions", 5000, "how many sessions TestEndSessions makes; with 1000000 it is a measurement")

// ids are users of whom only the ids are known.
type ids struct{ site *djsession.Site }

func (u ids) Site() *djsession.Site { return u.site }
func (ids) IDKind() djauth.IDKind   { return djauth.IntegerID }
func (ids) ByID(context.Context, string) (*djauth.Account, error) {
	return nil, djauth.ErrNoUser
}
func (ids) ByName(context.Context, string) (*djauth.Account, error) {
	return nil, djauth.ErrNoUser
}

// TestEndSessions logs a user with 100 sessions out of a table with many, while others log
// in, and while each key of the user's is cycled once at most.
func TestEndSessions(t *testing.T) {
	ctx := t.Context()
	site := newSite(t)
	pool := open(t, database(t)(""), nil)
	mustExec(t, pool, `CREATE TABLE IF NOT EXISTS django_session (session_key varchar(40) PRIMARY KEY, session_data text NOT NULL, expire_date timestamptz NOT NULL)`)
	store := pgxstore.New(site, pool, nil)
	text := func(user int) string {
		text, err := site.Encode(serializer.NewDict(
			serializer.Item{Key: djauth.SessionKey, Value: fmt.Sprint(user)},
			serializer.Item{Key: djauth.BackendSessionKey, Value: djauth.ModelBackend},
			serializer.Item{Key: djauth.HashSessionKey, Value: "d1f2c3b4a5968778695a4b3c2d1e0f1122334455667788990011aabbccddeeff"},
			serializer.Item{Key: "cart", Value: serializer.RawJSON(`[{"id": 17, "n": 2}, {"id": 4711, "n": 1}]`)},
		))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	every := *sessions / 100
	var hers []string
	_, err := pool.CopyFrom(ctx, pgx.Identifier{"django_session"}, []string{"session_key", "session_data", "expire_date"},
		pgx.CopyFromSlice(*sessions, func(i int) ([]any, error) {
			key, user := site.NewKey(), 2+i%1000
			if i%every == 0 {
				hers, user = append(hers, key), 1
			}
			return []any{key, text(user), now.Add(time.Hour)}, nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	manager := djsession.New(store)
	auth, err := djauth.New(manager, ids{site}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if *sessions >= 100_000 {
		for range 6 {
			watch := heapPeak()
			start, cpu := time.Now(), cpuTime(t)
			found, err := auth.Sessions(ctx, "1")
			if err != nil || len(found) != len(hers) {
				t.Fatalf("Sessions: got %d, %v", len(found), err)
			}
			t.Logf("a walk over %d sessions: %v, %v of CPU here, at most %d MB of heap", *sessions,
				time.Since(start).Round(time.Millisecond), (cpuTime(t) - cpu).Round(time.Millisecond), watch()>>20)
		}
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	logins := int64(0)
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
			r := &djsession.Record{Data: serializer.NewDict(serializer.Item{Key: djauth.SessionKey, Value: "2"}), Expires: now.Add(time.Hour)}
			if _, err := store.Create(ctx, site.NewKey(), r); err != nil {
				t.Error(err)
				return
			}
			logins++
		}
	})
	shuffled := make([]string, len(hers))
	for i, j := range rand.Perm(len(hers)) {
		shuffled[i] = hers[j]
	}
	cycled := 0
	wg.Go(func() {
		for _, key := range shuffled {
			s, err := manager.Open(ctx, key)
			if errors.Is(err, djsession.ErrNotFound) {
				continue
			}
			if err == nil {
				err = s.CycleKey()
			}
			if err == nil {
				err = s.Save(ctx)
			}
			switch {
			case err == nil:
				cycled++
			case !errors.Is(err, djsession.ErrInterrupted):
				t.Error(err)
			}
			time.Sleep(time.Duration(*sessions) * time.Second / 100_000 / 100)
		}
	})
	start := time.Now()
	n, err := auth.EndSessions(ctx, "1")
	t.Logf("EndSessions: %v; %d keys were cycled", time.Since(start).Round(time.Millisecond), cycled)
	close(stop)
	wg.Wait()
	if err != nil || n != int64(len(hers)) {
		t.Errorf("got %d, %v, want %d", n, err, len(hers))
	}
	left, others := 0, int64(0)
	for l, err := range store.List(ctx, "") {
		if err != nil {
			t.Fatal(err)
		}
		if id, _ := l.Record.Data.Get(djauth.SessionKey); id == "1" {
			left++
		} else {
			others++
		}
	}
	if left != 0 || others != int64(*sessions-len(hers))+logins {
		t.Errorf("%d are left, and %d of others, want 0 and %d", left, others, int64(*sessions-len(hers))+logins)
	}
}

// cpuTime returns the CPU time of this process.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// heapPeak watches the heap until the result is called, which returns the most that it saw.
func heapPeak() func() uint64 {
	var most atomic.Uint64
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most.Store(max(most.Load(), m.HeapInuse))
			}
		}
	}()
	return func() uint64 { close(done); return most.Load() }
}
