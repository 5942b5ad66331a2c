package compat_test

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
)

// Fifty goroutines set fifty keys of one session at once, each in a request of its own,
// and Django sets keys of its own meanwhile: all are there in the end.
//
// Django itself loses updates: it writes back the whole session that it read, and with it
// what a key was before somebody set it in between. That is not ours to prevent, so here it
// keeps others out of the row from before it reads until it has written (locked_set in
// site/commands.py). Our writers then meet a changed row, again and again.
func TestManyWriters(t *testing.T) {
	const writers = 50
	inWorlds(t, combos(), func(t *testing.T, w *world) {
		w.inStores(t, "fifty writers", func(t *testing.T, store string) {
			// Two Managers, as in two processes: their writers do not queue for each other.
			managers := []*djsession.Manager{w.manager(t, store), w.manager(t, store)}
			key := w.dj.create(t, map[string]any{"old": "x", "go 0": "old"})
			want := map[string]any{"old": "x", "count": int64(writers)}

			start := make(chan struct{})
			var group sync.WaitGroup
			for i := range writers {
				name := fmt.Sprintf("go %d", i)
				want[name] = int64(i)
				group.Go(func() {
					<-start
					m := managers[i%len(managers)]
					a := handle(m, key, func(rw http.ResponseWriter, r *http.Request) {
						s, err := djsession.Load(r.Context())
						if err == nil {
							err = s.Set(name, i)
						}
						if err == nil {
							err = s.Update(func(tx *djsession.Tx) error {
								n, err := djsession.Value(tx, "count", 0)
								if err != nil {
									return err
								}
								return tx.Set("count", n+1)
							})
						}
						if err != nil {
							http.Error(rw, err.Error(), djsession.ErrorStatus(err))
						}
					})
					if a.status != http.StatusOK {
						t.Errorf("writer %d: got status %d: %s", i, a.status, a.body)
					}
				})
			}
			close(start)
			for i := range 20 {
				name := fmt.Sprintf("django %d", i)
				want[name] = int64(i)
				var there bool
				w.dj.Call(t, "locked_set", args{"key": key, "name": name, "value": tag(i)}, &there)
				if !there {
					t.Fatal("the session is gone")
				}
			}
			group.Wait()
			got, _ := w.dj.items(t, key)
			compare(t, "in the end, for Django", got, want)
			compare(t, "in the end, for Go", asMap(open(t, managers[0], key).Dict()), want)
		})
	})
}

// Django logs out while our writers are at work: whoever comes too late is told so, and
// the session stays deleted.
func TestLogoutAmongWriters(t *testing.T) {
	const rounds, writers = 6, 10
	inWorlds(t, combos(), func(t *testing.T, w *world) {
		w.inStores(t, "fifty writers", func(t *testing.T, store string) {
			managers := []*djsession.Manager{w.manager(t, store), w.manager(t, store)}
			for round := range rounds {
				key := w.dj.create(t, map[string]any{"x": 1})
				before := len(w.rows(t))
				var group sync.WaitGroup
				var cycled atomic.Int64
				start := make(chan struct{})
				for i := range writers {
					s := open(t, managers[i%len(managers)], key)
					must(t, s.Set(fmt.Sprint(i), i))
					cycles := i == writers/2 && round%2 == 1
					if cycles {
						must(t, s.CycleKey())
					}
					group.Go(func() {
						<-start
						err := s.Save(t.Context())
						if err != nil && !errors.Is(err, djsession.ErrInterrupted) {
							t.Errorf("writer %d: got %v, want ErrInterrupted or nothing", i, err)
						}
						if err == nil && cycles {
							cycled.Add(1)
						}
					})
				}
				w.dj.open(t, "logout", key)
				close(start)
				w.dj.run(t, "logout", op{"flush"})
				group.Wait()
				rows := w.rows(t)
				if _, ok := rows[key]; ok {
					t.Error("the session came back")
				}
				// Who cycled the key before the logout has the session under another one.
				if got, want := len(rows), before-1+int(cycled.Load()); got != want {
					t.Errorf("the table has %d rows, want %d", got, want)
				}
			}
		})
	})
}
