package compat_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/serializer"
)

// schedules is how many random schedules each engine goes through. For 100,000 in all
// give 33334.
var schedules = flag.Int("schedules", 1500, "random schedules for each engine")

// TestSchedules lets Go and Django load, save and log out of one session in random order:
// whoever was logged out stays so, unless Django itself brought him back.
//
// Each step of Go's is one operation of the database, the Redis or the cache: others come
// in between any two. A step of Django's is a whole load, save or logout. A fifth as many
// schedules are played by Django alone, to see what it does by itself.
func TestSchedules(t *testing.T) {
	p := at(t, "5.2")
	for _, name := range []string{"db", "cached_db", "redis_sessions"} {
		i := slices.IndexFunc(engines, func(e engine) bool { return e.name == name })
		if i < 0 {
			t.Fatalf("there is no engine %s", name)
		}
		e := &engines[i]
		t.Run(e.String(), func(t *testing.T) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.settings(t, e.settings(t, p))
			n := *schedules
			if testing.Short() {
				n = 100
			}
			random := rand.New(rand.NewPCG(1, 2))
			var revived, alone, ours, steps int
			for range n {
				s := newSchedule(t, p, e, random, true)
				s.play(random)
				steps += len(s.log)
				if s.revivedBy == "Go" {
					ours++
					t.Errorf("Go brought a session back:\n%s", strings.Join(s.log, "\n"))
					if ours > 2 {
						t.FailNow()
					}
				}
				if s.revivedBy != "" {
					revived++
				}
			}
			few := n / 5
			for range few {
				s := newSchedule(t, p, e, random, false)
				s.play(random)
				if s.revivedBy != "" {
					alone++
				}
			}
			t.Logf("%d schedules of %.1f steps: Go revived %d logins, Django %d of them; Django alone %d in %d schedules",
				n, float64(steps)/float64(n), ours, revived-ours, alone, few)
		})
	}
}

// schedule is a session that somebody logged in to, and those who are at work on it.
type schedule struct {
	t      testing.TB
	p      *place
	key    string
	actors []*actor
	alive  func() bool // whether anybody finds the session
	log    []string
	// revivedBy is who brought it back for good, "Go" or "Django".
	revivedBy string
}

// actor does one thing in steps. Between two of them it waits for its turn.
type actor struct {
	name string
	turn chan struct{}
	at   chan string // what the step was; closed at the end
	logs bool        // its end is the logout
}

func newSchedule(t testing.TB, p *place, e *engine, random *rand.Rand, mixed bool) *schedule {
	s := &schedule{t: t, p: p}
	m := p.managerOf(t, e)
	s.key = create(t, m, map[string]any{"_auth_user_id": "1", "_auth_user_backend": "b", "_auth_user_hash": "h"})
	s.alive = func() bool {
		ok, err := m.Exists(context.Background(), s.key)
		must(t, err)
		return ok
	}
	if e.evict != nil && random.IntN(2) == 0 {
		e.evict(t, p, s.key)
	}
	writers := 1 + random.IntN(3)
	for i := range writers {
		name := fmt.Sprintf("writer %d", i)
		if mixed && random.IntN(3) > 0 {
			s.goWriter(e, name, random.IntN(3))
		} else {
			s.djangoWriter(name)
		}
	}
	if mixed && random.IntN(2) == 0 {
		s.goLogout(e)
	} else {
		s.djangoLogout()
	}
	return s
}

func (s *schedule) actor(name string, do func(a *actor)) *actor {
	a := &actor{name: name, turn: make(chan struct{}), at: make(chan string)}
	s.actors = append(s.actors, a)
	go func() {
		defer close(a.at)
		<-a.turn
		do(a)
	}()
	return a
}

// next lets a take a step, and returns what it was; ended says that there are no more.
func (a *actor) next() (did string, ended bool) {
	a.turn <- struct{}{}
	did, more := <-a.at
	return did, !more
}

// step waits for the next turn, after what was just done.
func (a *actor) step(done string) {
	a.at <- done
	<-a.turn
}

// goWriter is a request to Go. Its Manager is its own, as in a process of its own.
func (s *schedule) goWriter(e *engine, name string, kind int) *actor {
	return s.actor("Go "+name, func(a *actor) {
		m := s.manager(e, a)
		ctx := context.Background()
		session, err := m.Open(ctx, s.key)
		if errors.Is(err, djsession.ErrNotFound) {
			return
		}
		must(s.t, err)
		switch kind {
		case 0:
			err = session.Set("go", name)
		case 1:
			err = session.MarkModified()
		case 2:
			err = session.Update(func(tx *djsession.Tx) error { return tx.Set("go", name) })
		}
		must(s.t, err)
		if err := session.Save(ctx); err != nil && !errors.Is(err, djsession.ErrInterrupted) {
			s.t.Errorf("%s: %v", name, err)
		}
	})
}

func (s *schedule) goLogout(e *engine) {
	a := s.actor("Go logout", func(a *actor) {
		m := s.manager(e, a)
		session, err := m.Open(context.Background(), s.key)
		if errors.Is(err, djsession.ErrNotFound) {
			return
		}
		must(s.t, err)
		must(s.t, session.Flush(context.Background()))
	})
	a.logs = true
}

func (s *schedule) manager(e *engine, a *actor) *djsession.Manager {
	p := *s.p
	p.pause = a.step
	return p.managerOf(s.t, e)
}

func (s *schedule) djangoWriter(name string) {
	s.actor("Django "+name, func(a *actor) {
		s.django("load", name)
		a.step("load")
		s.django("save", name)
	})
}

func (s *schedule) djangoLogout() {
	a := s.actor("Django logout", func(a *actor) {
		s.django("load", "logout")
		a.step("load")
		s.django("flush", "logout")
	})
	a.logs = true
}

// django does a step of Django's. A save that its own rule refuses is no fault.
func (s *schedule) django(what, name string) {
	var raised *django.Raised
	err := s.p.dj.Try("step", args{"what": what, "name": name, "key": s.key}, nil)
	if err != nil && !(errors.As(err, &raised) && raised.Class == "UpdateError") {
		s.t.Fatalf("%s: %v", what, err)
	}
}

// play lets everybody go on in random order until all are done, and finds out who brought
// the session back after it was logged out.
func (s *schedule) play(random *rand.Rand) {
	loggedOut, alive, by := false, true, ""
	running := slices.Clone(s.actors)
	for len(running) > 0 {
		i := random.IntN(len(running))
		a := running[i]
		did, ended := a.next()
		if ended {
			running = slices.Delete(running, i, i+1)
			did = "end"
		}
		s.log = append(s.log, a.name+": "+did)
		loggedOut = loggedOut || a.logs && ended
		if !loggedOut {
			continue
		}
		was := alive
		if alive = s.alive(); alive && !was {
			by, _, _ = strings.Cut(a.name, " ")
			s.log = append(s.log, "(it is back)")
		}
	}
	if alive {
		s.revivedBy = by
		if by == "" { // the logout itself did not take
			s.t.Errorf("the session outlived the logout:\n%s", strings.Join(s.log, "\n"))
		}
	}
}

// pausing is a Store that lets others go before each operation.
type pausing struct {
	djsession.Store
	pause func(string)
}

func (s pausing) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	s.pause("load")
	return s.Store.Load(ctx, key)
}

func (s pausing) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	s.pause("create")
	return s.Store.Create(ctx, key, r)
}

func (s pausing) Update(ctx context.Context, key string, r *djsession.Record, seen djsession.Version) (djsession.Version, error) {
	s.pause("update")
	return s.Store.Update(ctx, key, r, seen)
}

func (s pausing) Delete(ctx context.Context, key string, seen djsession.Version) error {
	s.pause("delete")
	return s.Store.Delete(ctx, key, seen)
}

func (s pausing) Touch(ctx context.Context, key string, expires time.Time, seen djsession.Version) error {
	s.pause("touch")
	return s.Store.Touch(ctx, key, expires, seen)
}

// pausingCycler is that of a Cycler.
type pausingCycler struct {
	pausing
	cycler djsession.Cycler
}

func (s pausingCycler) Cycle(ctx context.Context, old string, seen djsession.Version, key string, r *djsession.Record) (djsession.Version, error) {
	s.pause("cycle")
	return s.cycler.Cycle(ctx, old, seen, key, r)
}

// pausingCache is a Cache that does the same.
type pausingCache struct {
	djcache.Cache
	pause func(string)
}

func (c pausingCache) Get(ctx context.Context, name string) (djcache.Item, error) {
	c.pause("cache get")
	return c.Cache.Get(ctx, name)
}

func (c pausingCache) Add(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (djsession.Version, error) {
	c.pause("cache add")
	return c.Cache.Add(ctx, name, value, expires)
}

func (c pausingCache) Replace(ctx context.Context, name string, value *serializer.Dict, expires time.Time, seen djsession.Version) (djsession.Version, error) {
	c.pause("cache replace")
	return c.Cache.Replace(ctx, name, value, expires, seen)
}

func (c pausingCache) Set(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (djsession.Version, error) {
	c.pause("cache set")
	return c.Cache.Set(ctx, name, value, expires)
}

func (c pausingCache) Touch(ctx context.Context, name string, expires time.Time, seen djsession.Version) (djsession.Version, error) {
	c.pause("cache touch")
	return c.Cache.Touch(ctx, name, expires, seen)
}

func (c pausingCache) Delete(ctx context.Context, name string, seen djsession.Version) error {
	c.pause("cache delete")
	return c.Cache.Delete(ctx, name, seen)
}

// slow returns a store whose operations wait for their turn, if the place says so.
func (p *place) slow(s djsession.Store) djsession.Store {
	if p.pause == nil {
		return s
	}
	if c, ok := s.(djsession.Cycler); ok {
		return pausingCycler{pausing{s, p.pause}, c}
	}
	return pausing{s, p.pause}
}

func (p *place) slowCache(c djcache.Cache) djcache.Cache {
	if p.pause == nil {
		return c
	}
	return pausingCache{c, p.pause}
}
