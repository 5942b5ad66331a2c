package compat_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/signer"
)

func keys(secret string, fallbacks ...string) func(*djsession.Settings) {
	return func(s *djsession.Settings) { s.Keys = signer.SecretKey(secret, fallbacks...) }
}

// With a wrong SECRET_KEY, whatever the views do: no row that was there changes or goes,
// and nobody is logged in. Those who store something get sessions of their own.
func TestWrongSecret(t *testing.T) {
	wrong := map[string]func(*djsession.Settings){
		"another secret": keys("not the site's"),
		"another class":  func(s *djsession.Settings) { s.StoreClass = "AuditedStore" },
		"a derived key of another secret": func(s *djsession.Settings) {
			s.Keys = derived("not the site's")
		},
	}
	inWorlds(t, combos(), func(t *testing.T, w *world) {
		w.dj.Call(t, "user", args{"name": "alice"}, nil)
		w.inStores(t, "wrong SECRET_KEY", func(t *testing.T, store string) {
			for name, change := range wrong {
				t.Run(name, func(t *testing.T) { w.wrongSecret(t, store, change) })
			}
		})
	})
}

func (w *world) wrongSecret(t *testing.T, store string, change func(*djsession.Settings)) {
	login := w.visit(t, request{ops: []op{{"login", "alice"}, set("x", 1)}}).session()
	other := w.dj.create(t, everyValue)
	w.freeze(t, time.Now().Add(time.Minute).Truncate(time.Second)) // so that any write would show
	before := w.rows(t)
	untouched := func(what string) {
		t.Helper()
		after := w.rows(t)
		for key, text := range before {
			if after[key] != text {
				t.Errorf("%s: a row of the site changed or is gone", what)
			}
		}
		for key := range after {
			if _, ok := before[key]; !ok { // is our own, of which nobody takes care
				w.dj.Call(t, "sql", args{"statement": "DELETE FROM django_session WHERE session_key = '" + key + "'"}, nil)
			}
		}
	}
	for _, always := range []bool{false, true} {
		m := w.manager(t, store, change, func(s *djsession.Settings) { s.SaveEveryRequest = always })
		for _, key := range []string{login, other} {
			for _, to := range touch {
				if to.name != "set" && to.name != "clear" && to.name != "modified" && to.name != "cycle" {
					n := len(w.rows(t))
					a := ours(t, m, request{cookie: key, ops: to.ops})
					if got := len(w.rows(t)); got != n {
						t.Errorf("%s: the table has %d rows more", to.name, got-n)
					}
					if a.status != http.StatusOK {
						t.Errorf("%s: got status %d, want 200", to.name, a.status)
					}
				} else if a := ours(t, m, request{cookie: key, ops: to.ops}); a.session() == key {
					t.Errorf("%s: the visitor keeps the key of a session that does not decode", to.name)
				}
				untouched(to.name)
				ours(t, m, request{cookie: key, ops: append(slices.Clone(to.ops), op{"flush"}, set("x", 2))})
				untouched(to.name + ", then flushed")
				ours(t, m, request{cookie: key, ops: to.ops, status: 500})
				untouched(to.name + ", then failed")
			}
			a := ours(t, m, request{cookie: key, ops: []op{{"get", "_auth_user_id"}}})
			if got := a.result(t, 0); !strings.Contains(got, `"none"`) {
				t.Errorf("got user id %s by a session that does not verify", got)
			}
			if _, err := m.Open(t.Context(), key); !errors.Is(err, djsession.ErrCorrupt) {
				t.Errorf("Open: got %s, want ErrCorrupt", describe(err))
			}
		}
	}
	// The site itself has noticed nothing.
	if name := w.visit(t, request{cookie: login, ops: []op{{"user"}}}).result(t, 0); name != `"alice"` {
		t.Errorf("after all that: got user %s, want alice", name)
	}
}

// SECRET_KEY_FALLBACKS on either side: what the old key signed is read, and written with
// the new one.
func TestFallbackKeys(t *testing.T) {
	const newSecret = "the key after the rotation, long enough for Django"
	rotated := map[string]any{"SECRET_KEY": newSecret, "SECRET_KEY_FALLBACKS": []string{secret}}
	all := slices.DeleteFunc(combos(), func(c combo) bool { return c.django == "3.2" || c.database != sqlite })
	inWorlds(t, all, func(t *testing.T, w *world) {
		w.inStores(t, "fallback keys", func(t *testing.T, store string) {
			old := w.manager(t, store)
			both := w.manager(t, store, keys(newSecret, secret))
			onlyNew := w.manager(t, store, keys(newSecret))
			values := map[string]any{"x": int64(1)}

			// Go has rotated its keys, Django's session is an old one.
			key := w.dj.create(t, values)
			if _, err := onlyNew.Open(t.Context(), key); !errors.Is(err, djsession.ErrCorrupt) {
				t.Errorf("without the fallback: got %s, want ErrCorrupt", describe(err))
			}
			s := open(t, both, key)
			compare(t, "Django's old session", asMap(s.Dict()), values)
			must(t, s.Set("y", 2))
			save(t, s)
			if _, err := onlyNew.Open(t.Context(), key); err != nil {
				t.Errorf("after a save: got %v, want a session signed by the new key", err)
			}

			// Django has, too: it reads what Go wrote by the new key, and by the old one.
			w.settings(t, rotated)
			got, ok := w.dj.items(t, key)
			if !ok {
				t.Error("Django does not know the session")
			}
			compare(t, "signed by Go's new key", got, map[string]any{"x": int64(1), "y": int64(2)})
			key = create(t, old, values)
			got, _ = w.dj.items(t, key)
			compare(t, "signed by Go's old key", got, values)
			w.dj.open(t, "rotated", key)
			w.dj.run(t, "rotated", set("y", 2), op{"save"})
			if _, err := old.Open(t.Context(), key); !errors.Is(err, djsession.ErrCorrupt) {
				t.Errorf("saved by Django's new key, read by the old one: got %s, want ErrCorrupt", describe(err))
			}
			compare(t, "saved by Django's new key", asMap(open(t, both, key).Dict()), map[string]any{"x": int64(1), "y": int64(2)})
		})
	})
}

// A site that subclassed SessionStore has another salt.
func TestStoreClass(t *testing.T) {
	inWorlds(t, combos(), func(t *testing.T, w *world) {
		w.settings(t, map[string]any{"SESSION_ENGINE": "audit"})
		w.inStores(t, "own SessionStore", func(t *testing.T, store string) {
			m := w.manager(t, store, func(s *djsession.Settings) { s.StoreClass = "AuditedStore" })
			key := w.visit(t, request{ops: []op{set("x", 1)}}).session()
			s := open(t, m, key)
			compare(t, "Django wrote", asMap(s.Dict()), map[string]any{"x": int64(1)})
			must(t, s.Set("y", 2))
			save(t, s)
			got, _ := w.dj.items(t, key)
			compare(t, "Go wrote", got, map[string]any{"x": int64(1), "y": int64(2)})
			if _, err := w.manager(t, store).Open(t.Context(), key); !errors.Is(err, djsession.ErrCorrupt) {
				t.Errorf("with the usual class: got %s, want ErrCorrupt", describe(err))
			}
		})
	})
}

// A service that has only the key derived for session data, not SECRET_KEY.
func TestDerivedKey(t *testing.T) {
	inWorlds(t, combos(), func(t *testing.T, w *world) {
		w.inStores(t, "derived key", func(t *testing.T, store string) {
			m := w.manager(t, store, func(s *djsession.Settings) {
				s.Keys = derived(secret)
			})
			key := w.dj.create(t, w.values())
			s := open(t, m, key)
			compare(t, "Django wrote", asMap(s.Dict()), w.values())
			must(t, s.Set("by a derived key", true))
			save(t, s)
			got, ok := w.dj.items(t, key)
			if !ok || got["by a derived key"] != true {
				t.Error("Django does not read what was signed by the derived key")
			}
		})
	})
}

// derived are Keys that only do for the session data of the class SessionStore. Django 3.2
// reads SHA-1 and the format before 3.1 as well.
func derived(secret string) signer.Keys {
	var all []signer.DerivedKey
	salt := signer.KeySalt("django.contrib.sessions.SessionStore")
	for _, k := range []struct {
		salt string
		alg  signer.Algorithm
	}{{salt, signer.SHA256}, {salt, signer.SHA1}, {"django.contrib.sessionsSessionStore", signer.SHA1}} {
		keys, err := signer.SecretKey(secret).Derive(k.salt, k.alg)
		if err != nil {
			panic(err) // a fault of the test
		}
		all = append(all, keys...)
	}
	keys, err := signer.DerivedKeys(all...)
	if err != nil {
		panic(err)
	}
	return keys
}
