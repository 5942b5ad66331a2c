package compat_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// What Django wrote, we read, and reading changes no byte; what we wrote, Django reads.
func TestValues(t *testing.T) {
	inWorlds(t, append(combos(), legacyCombos()...), func(t *testing.T, w *world) {
		w.inStores(t, "values", func(t *testing.T, store string) {
			m := w.manager(t, store)

			key := w.dj.create(t, w.values())
			before := w.rows(t)[key]
			s := open(t, m, key)
			compare(t, "Django wrote, Go read", asMap(s.Dict()), w.values())
			if got := w.rows(t)[key]; got != before {
				t.Error("reading changed the row")
			}

			key = create(t, m, w.values())
			got, ok := w.dj.items(t, key)
			if !ok {
				t.Fatal("Django does not know a session that Go stored")
			}
			compare(t, "Go wrote, Django read", got, w.values())
			compare(t, "Go wrote, Go read", asMap(open(t, m, key).Dict()), w.values())
		})
	})
}

// Both sides change one session in turn. What a side did not touch stays as it was,
// byte for byte and in its place. That holds when Django writes too, which makes the
// JSON of every key anew: so what Go wrote is just what Python would have written.
func TestTurns(t *testing.T) {
	inWorlds(t, append(combos(), legacyCombos()...), func(t *testing.T, w *world) {
		w.inStores(t, "turns", func(t *testing.T, store string) {
			m := w.manager(t, store)
			key := w.dj.create(t, w.values())
			for round := range 4 {
				before := w.dj.members(t, key)
				s := open(t, m, key)
				must(t, s.Set("go", []any{round, "é", 0.5}))
				must(t, s.Set("by go", w.values()))
				must(t, s.Delete("by django"))
				save(t, s)
				sameMembers(t, before, w.dj.members(t, key), false, "go", "by go", "by django")

				before = w.dj.members(t, key)
				w.dj.open(t, "turn", key)
				w.dj.run(t, "turn", set("django", []any{round, "é", 0.5}), set("by django", w.values()), op{"del", "by go"}, op{"save"})
				sameMembers(t, before, w.dj.members(t, key), w.unordered(), "django", "by go", "by django")
			}
			want := map[string]any{"go": []any{int64(3), "é", 0.5}, "django": []any{int64(3), "é", 0.5}}
			s := open(t, m, key)
			for name, value := range want {
				if got, _ := s.Get(name); !same(got, value) {
					t.Errorf("got %s = %#v, want %#v", name, got, value)
				}
			}
		})
	})
}

// sameMembers fails the test if before and after differ in more than the touched names.
func sameMembers(t testing.TB, before, after []member, anyOrder bool, touched ...string) {
	t.Helper()
	rest := func(all []member) []member {
		return slices.DeleteFunc(slices.Clone(all), func(m member) bool { return slices.Contains(touched, m.name) })
	}
	b, a := rest(before), rest(after)
	if anyOrder {
		byName := func(x, y member) int { return strings.Compare(x.name, y.name) }
		slices.SortFunc(a, byName)
		slices.SortFunc(b, byName)
	}
	for i := range max(len(b), len(a)) {
		switch {
		case i >= len(a):
			t.Errorf("untouched key %q is gone", b[i].name)
		case i >= len(b):
			t.Errorf("there is a key %q that nobody set", a[i].name)
		case a[i] != b[i]:
			t.Errorf("untouched key %q = %.60s became %q = %.60s", b[i].name, b[i].raw, a[i].name, a[i].raw)
		}
	}
}

// Everything else that request.session has, done on one side and seen on the other.
func TestMethods(t *testing.T) {
	inWorlds(t, combos(), func(t *testing.T, w *world) {
		w.inStores(t, "methods", func(t *testing.T, store string) {
			m := w.manager(t, store)
			cases := []struct {
				name string
				ops  []op
				want map[string]any
			}{
				{"update", []op{{"update", tag(map[string]any{"b": int64(2), "a": int64(1)})}}, map[string]any{"a": int64(1), "b": int64(2), "old": "x"}},
				{"setdefault of a new name", []op{{"setdefault", "new", tag(int64(1))}}, map[string]any{"new": int64(1), "old": "x"}},
				{"setdefault of an old name", []op{{"setdefault", "old", tag(int64(1))}}, map[string]any{"old": "x"}},
				{"pop", []op{{"pop", "old"}}, map[string]any{}},
				{"pop of what is not there", []op{{"pop", "none"}, set("x", nil)}, map[string]any{"old": "x", "x": nil}},
				{"clear", []op{{"clear"}}, map[string]any{}},
				{"clear, then set", []op{{"clear"}, set("x", true)}, map[string]any{"x": true}},
				{"test cookie", []op{{"set_test_cookie"}}, map[string]any{"old": "x", "testcookie": "worked"}},
				{"test cookie taken away", []op{{"set_test_cookie"}, {"delete_test_cookie"}}, map[string]any{"old": "x"}},
				{"several saves", []op{set("x", int64(1)), {"save"}, set("x", int64(2))}, map[string]any{"old": "x", "x": int64(2)}},
				{"cycled", []op{set("x", int64(1)), {"cycle_key"}}, map[string]any{"old": "x", "x": int64(1)}},
			}
			for _, c := range cases {
				ops := append(slices.Clone(c.ops), op{"save"})

				key := w.dj.create(t, map[string]any{"old": "x"})
				s := open(t, m, key)
				runOps(t, s, ops)
				got, ok := w.dj.items(t, s.Key())
				if !ok {
					t.Errorf("%s: Django does not know the session", c.name)
				}
				compare(t, c.name+" in Go, read by Django", got, c.want)

				key = create(t, m, map[string]any{"old": "x"})
				w.dj.open(t, "methods", key)
				key = w.dj.run(t, "methods", ops...).Key
				compare(t, c.name+" in Django, read by Go", asMap(open(t, m, key).Dict()), c.want)
			}
		})
	})
}

// exists, and delete by key, on either side.
func TestExistsAndDelete(t *testing.T) {
	inWorlds(t, combos(), func(t *testing.T, w *world) {
		w.inStores(t, "exists and delete", func(t *testing.T, store string) {
			m := w.manager(t, store)
			exists := func(key string) string {
				ours, err := m.Exists(t.Context(), key)
				must(t, err)
				w.dj.open(t, "exists", "")
				var theirs bool
				unmarshal(t, w.dj.run(t, "exists", op{"exists", key}).Results[0], &theirs)
				return fmt.Sprint("Go ", ours, ", Django ", theirs)
			}
			const both, neither = "Go true, Django true", "Go false, Django false"
			for _, by := range []string{"Go", "Django"} {
				key := w.dj.create(t, nil)
				if by == "Go" {
					key = create(t, m, map[string]any{})
				}
				if got := exists(key); got != both {
					t.Errorf("made by %s: got %s, want %s", by, got, both)
				}
				if by == "Go" {
					w.dj.run(t, "exists", op{"delete", key})
				} else {
					must(t, m.Delete(t.Context(), key))
				}
				if got := exists(key); got != neither {
					t.Errorf("made by %s, deleted by the other: got %s, want %s", by, got, neither)
				}
			}
		})
	})
}
