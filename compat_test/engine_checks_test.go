package compat_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

// What one side stores, the other reads; what a side does not touch stays as it is.
func TestEngineValues(t *testing.T) {
	inEngines(t, "values", func(t *testing.T, p *place, e *engine) {
		m := p.managerOf(t, e)
		values := p.valuesOf(e)

		key := p.dj.create(t, values)
		compare(t, "Django wrote, Go read", e.without(asMap(open(t, m, key).Dict())), values)

		key = create(t, m, values)
		got, ok := p.dj.items(t, key)
		if !ok {
			t.Fatal("Django does not know a session that Go stored")
		}
		compare(t, "Go wrote, Django read", e.without(got), values)
		compare(t, "Go wrote, Go read", e.without(asMap(open(t, m, key).Dict())), values)

		// In turns.
		want := p.valuesOf(e)
		for round := range 3 {
			s := open(t, m, key)
			must(t, s.Set("go", []any{round, "é", 0.5}))
			save(t, s)
			p.dj.open(t, "turn", key)
			p.dj.run(t, "turn", set("django", []any{round, "é", 0.5}), op{"save"})
		}
		want["go"], want["django"] = []any{int64(2), "é", 0.5}, []any{int64(2), "é", 0.5}
		got, _ = p.dj.items(t, key)
		compare(t, "after turns, for Django", e.without(got), want)
		compare(t, "after turns, for Go", e.without(asMap(open(t, m, key).Dict())), want)
	})
}

// What only a pickle holds comes back as what it was after Go wrote the session anew.
func TestEngineObjects(t *testing.T) {
	inEngines(t, "objects", func(t *testing.T, p *place, e *engine) {
		if e.plain {
			t.Skip("the format holds only what JSON does")
		}
		m := p.managerOf(t, e)
		p.dj.open(t, "objects", "")
		key := p.dj.run(t, "objects", op{"set_objects"}, op{"save"}).Key
		s := open(t, m, key)
		must(t, s.Set("go", 1))
		save(t, s)
		p.dj.open(t, "objects", key)
		if got := string(p.dj.run(t, "objects", op{"objects_differ"}).Results[0]); got != "[]" {
			t.Errorf("changed: %s", got)
		}
	})
}

// The expiry that a side sets is what the other sees, and ends the session.
func TestEngineExpiry(t *testing.T) {
	inEngines(t, "expiry", func(t *testing.T, p *place, e *engine) {
		m := p.managerOf(t, e)
		p.dj.open(t, "expiry", "")
		key := p.dj.run(t, "expiry", set("a", 1), op{"set_expiry", "seconds", 300}, op{"save"}).Key
		s := open(t, m, key)
		if age, err := s.ExpiryAge(); err != nil || age.Seconds() != 300 {
			t.Errorf("set by Django: Go says %v, %v, want 300s", age, err)
		}
		must(t, s.SetExpiry(djsession.Seconds(500)))
		save(t, s)
		p.dj.open(t, "expiry", key)
		var got struct{ Age tagged }
		unmarshal(t, p.dj.run(t, "expiry", op{"expiry"}).Results[0], &got)
		if got.Age.Value != "500" {
			t.Errorf("set by Go: Django says %v, want 500", got.Age.Value)
		}

		// One that is over is found by neither.
		must(t, s.SetExpiry(djsession.Seconds(-1)))
		save(t, s)
		if _, err := m.Open(t.Context(), key); !errors.Is(err, djsession.ErrNotFound) {
			t.Errorf("over: Go got %s, want ErrNotFound", describe(err))
		}
		if items, ok := p.dj.items(t, key); ok && len(items) > 0 {
			t.Error("over: Django finds the session")
		}
	})
}

// Django logs in, Go goes on with the login, each logs out for the other.
func TestEngineLogin(t *testing.T) {
	inEngines(t, "login and logout", func(t *testing.T, p *place, e *engine) {
		m := p.managerOf(t, e)
		user := func(key string) string {
			return p.visit(t, request{cookie: key, ops: []op{{"user"}}}).result(t, 0)
		}
		old := create(t, m, map[string]any{"cart": []any{int64(7)}})
		key := p.visit(t, request{cookie: old, ops: []op{{"login", "alice"}}}).session()
		if key == "" || key == old {
			t.Fatal("the login did not give the session a new key")
		}
		if _, err := m.Open(t.Context(), old); !errors.Is(err, djsession.ErrNotFound) {
			t.Errorf("the key from before the login: got %s, want ErrNotFound", describe(err))
		}
		s := open(t, m, key)
		if id, _ := s.Get("_auth_user_id"); id != "1" {
			t.Errorf("logged in on Django: Go has user %v, want 1", id)
		}
		must(t, s.Set("cart", []any{7, 8}))
		must(t, s.CycleKey())
		save(t, s)
		if name := user(key); name != `""` {
			t.Errorf("by the key from before Go cycled it: got user %s, want none", name)
		}
		if name := user(s.Key()); name != `"alice"` {
			t.Errorf("by the new key: got user %s, want alice", name)
		}
		p.visit(t, request{cookie: s.Key(), ops: []op{{"logout"}}})
		if _, err := m.Open(t.Context(), s.Key()); !errors.Is(err, djsession.ErrNotFound) {
			t.Errorf("logged out on Django: got %s, want ErrNotFound", describe(err))
		}

		key = p.visit(t, request{ops: []op{{"login", "alice"}}}).session()
		must(t, open(t, m, key).Flush(t.Context()))
		if name := user(key); name != `""` {
			t.Errorf("logged out on Go: got user %s, want none", name)
		}
	})
}

// A late write of ours after Django's logout is refused, and the session stays deleted.
func TestEngineLateWrites(t *testing.T) {
	late := []struct {
		name string
		ops  []op
	}{
		{"set", []op{set("late", 1)}},
		{"modified only", []op{{"modified"}}},
		{"set and cycle key", []op{set("late", 1), {"cycle_key"}}},
	}
	inEngines(t, "late writes", func(t *testing.T, p *place, e *engine) {
		m := p.managerOf(t, e)
		for _, c := range late {
			key := p.visit(t, request{ops: []op{{"login", "alice"}}}).session()
			s := open(t, m, key)
			runOps(t, s, c.ops)
			p.visit(t, request{cookie: key, ops: []op{{"logout"}}})
			if err := s.Save(t.Context()); !errors.Is(err, djsession.ErrInterrupted) {
				t.Errorf("%s: Save returned %s, want ErrInterrupted", c.name, describe(err))
			}
			if ok, err := m.Exists(t.Context(), key); ok || err != nil {
				t.Errorf("%s: the session came back: %v, %v", c.name, ok, err)
			}
			if items, ok := p.dj.items(t, key); ok && len(items) > 0 {
				t.Errorf("%s: the session came back for Django", c.name)
			}
		}

		// Django's late write after our logout: by its own rule.
		key := p.dj.create(t, map[string]any{"x": 1})
		p.dj.open(t, "late", key)
		p.dj.run(t, "late", set("x", 2))
		must(t, open(t, m, key).Flush(t.Context()))
		err := p.dj.Try("run", args{"name": "late", "ops": []op{{"save"}}}, nil)
		var raised *django.Raised
		refused := errors.As(err, &raised) && raised.Class == "UpdateError"
		if refused == e.revives {
			t.Errorf("Django's late save: %s, but we say that it revives: %v", describe(err), e.revives)
		}
	})
}

// Django logs out between any two steps that a write of ours takes: the session stays
// deleted, and no copy of it is left.
func TestEngineInterleavings(t *testing.T) {
	inEngines(t, "interleavings", func(t *testing.T, p *place, e *engine) {
		m := p.managerOf(t, e)
		between := func(steps int, evict bool) (ended bool) {
			key := p.visit(t, request{ops: []op{{"login", "alice"}}}).session()
			if evict {
				e.evict(t, p, key)
			}
			s := &schedule{t: t, p: p, key: key}
			a := s.goWriter(e, "writer", 0)
			for i := 0; i < steps && !ended; i++ {
				_, ended = a.next()
			}
			p.visit(t, request{cookie: key, ops: []op{{"logout"}}})
			var did []string
			for done := ended; !done; {
				var what string
				what, done = a.next()
				did = append(did, what)
			}
			if ok, err := m.Exists(t.Context(), key); ok || err != nil {
				t.Errorf("logged out after %d steps, and before %q: the session is there: %v, %v", steps, did, ok, err)
			}
			if items, ok := p.dj.items(t, key); ok && len(items) > 0 {
				t.Errorf("logged out after %d steps, and before %q: the session is there for Django", steps, did)
			}
			return ended
		}
		for steps := 1; !between(steps, false); steps++ {
		}
		if e.evict != nil {
			for steps := 1; !between(steps, true); steps++ {
			}
		}
	})
}

// Fifty goroutines set fifty keys of one session at once, by two Managers as in two
// processes: all are there in the end, for Django too.
func TestEngineManyWriters(t *testing.T) {
	const writers = 50
	inEngines(t, "fifty writers", func(t *testing.T, p *place, e *engine) {
		managers := []*djsession.Manager{p.managerOf(t, e), p.managerOf(t, e)}
		key := p.dj.create(t, map[string]any{"old": "x"})
		want := map[string]any{"old": "x", "count": int64(writers)}
		start := make(chan struct{})
		var group sync.WaitGroup
		for i := range writers {
			name := fmt.Sprintf("go %d", i)
			want[name] = int64(i)
			group.Go(func() {
				<-start
				a := handle(managers[i%2], key, func(rw http.ResponseWriter, r *http.Request) {
					if err := countTo(r, name, i); err != nil {
						http.Error(rw, err.Error(), djsession.ErrorStatus(err))
					}
				})
				if a.status != http.StatusOK {
					t.Errorf("writer %d: got status %d: %s", i, a.status, a.body)
				}
			})
		}
		close(start)
		group.Wait()
		got, _ := p.dj.items(t, key)
		compare(t, "in the end, for Django", e.without(got), want)
		compare(t, "in the end, for Go", e.without(asMap(open(t, managers[0], key).Dict())), want)
	})
}

// countTo sets a name of its own, and counts one up that all have.
func countTo(r *http.Request, name string, i int) error {
	s, err := djsession.Load(r.Context())
	if err != nil {
		return err
	}
	if err := s.Set(name, i); err != nil {
		return err
	}
	return s.Update(func(tx *djsession.Tx) error {
		n, err := djsession.Value(tx, "count", 0)
		if err != nil {
			return err
		}
		return tx.Set("count", n+1)
	})
}

func makeFolder(dir string) error { return os.MkdirAll(dir, 0o700) }
