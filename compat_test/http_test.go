package compat_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

// The same requests to Django's middleware and to ours, by two visitors of one site:
// status, cookies, Vary, what the view saw and what is stored are the same, except for
// what the table unlike holds.
func TestHTTP(t *testing.T) {
	t.Cleanup(func() {
		if !t.Failed() && complete() && len(absent()) == 0 {
			for _, u := range unlike {
				if _, ok := used.Load(u.name); !ok {
					t.Errorf("the difference %q does not show any more: %s", u.name, u.why)
				}
			}
		}
	})
	inWorlds(t, combos(), func(t *testing.T, w *world) {
		w.inStores(t, "HTTP", func(t *testing.T, store string) {
			for i, set := range siteSettings {
				// What is in the cookie does not depend on where the session is stored.
				if i > 0 && (w.database != sqlite || w.tz != tzOn) {
					break
				}
				w.settings(t, set.values)
				m := w.manager(t, store, func(s *djsession.Settings) { goSettings(t, s, set.values) })
				all := lookScenarios
				if set.decides {
					all = slices.Concat(visitScenarios, scenarios)
				}
				for _, c := range all {
					t.Run(set.name+"/"+c.name, func(t *testing.T) { w.play(t, m, set, c) })
				}
			}
		})
	})
}

// firstRequest is when the visitors come.
var firstRequest = time.Date(2026, 11, 22, 21, 53, 25, 678901000, time.UTC)

// visitor is a browser that only one of the two sides sees.
type visitor struct {
	send func(r request) answer
	key  string // of its cookie, "" is none
}

// play lets two visitors do the same and compares what they get.
func (w *world) play(t *testing.T, m *djsession.Manager, set siteSetting, c scenario) {
	name := m.Site().Settings().CookieName
	visitors := [2]*visitor{
		{send: func(r request) answer { return w.visit(t, r) }},
		{send: func(r request) answer { return ours(t, m, r) }},
	}
	w.dj.Call(t, "sql", args{"statement": "DELETE FROM django_session"}, nil)
	now, stored := firstRequest, w.table(t, nil)
	for i, st := range c.steps {
		now = now.Add(st.wait)
		w.freeze(t, now)
		var got [2]map[string]any
		for j, v := range visitors {
			if st.sql != "" {
				w.dj.Call(t, "sql", args{"statement": strings.ReplaceAll(st.sql, "{key}", v.key)}, nil)
				stored = w.table(t, stored)
			}
			a := v.send(request{header: st.header(name, v.key), ops: st.ops, status: st.status})
			after := w.table(t, stored)
			got[j] = observed(t, v, a, name, stored, after)
			stored = after
		}
		at := point{c.name, i, set.name, w.combo}
		for _, what := range []string{"status", "vary", "cookies", "results", "stored"} {
			theirs, ours := got[0][what], got[1][what]
			if !reflect.DeepEqual(theirs, ours) && !excused(at, what, ours) {
				t.Errorf("step %d, %s: Django %v, Go %v", i, what, theirs, ours)
			}
		}
	}
}

// header is the Cookie header of the step, nil for none.
func (st step) header(name, key string) *string {
	text := st.cookie
	if text == "" && key != "" {
		text = "{name}={key}"
	}
	if text == "" || text == "none" {
		return nil
	}
	text = strings.NewReplacer("{name}", name, "{key}", key, "{KEY}", strings.ToUpper(key)).Replace(text)
	return &text
}

// observed is what is compared of an answer: with keys replaced by what they are to the
// visitor. It keeps the cookie that the visitor gets.
func observed(t testing.TB, v *visitor, a answer, name string, before, after *table) map[string]any {
	t.Helper()
	old := v.key
	var cookies []string
	for _, line := range a.cookies {
		value, rest, _ := strings.Cut(strings.TrimPrefix(line, name+"="), ";")
		switch {
		case value == `""`:
			v.key = ""
		case value == old:
			value = "the old key"
		default:
			v.key, value = value, "a new key"
		}
		cookies = append(cookies, name+"="+value+";"+rest)
	}
	var results []any
	if a.status < 400 {
		unmarshal(t, json.RawMessage(a.body), &results)
		for i, r := range results {
			results[i] = untyped(r)
		}
	}
	return map[string]any{
		"status":  a.status,
		"vary":    a.vary,
		"cookies": cookies,
		"results": results,
		"stored":  changes(before.decoded, after.decoded, old, v.key),
	}
}

// untyped takes the type from the age that the op expiry gives: what Python has as an int,
// a float or even a bool is a Duration here.
func untyped(result any) any {
	m, ok := result.(map[string]any)
	if !ok {
		return result
	}
	if age, ok := m["age"].(map[string]any); ok {
		switch v := age["value"].(type) {
		case string:
			m["age"], _ = strconv.ParseFloat(v, 64)
		case bool:
			m["age"] = map[bool]float64{true: 1, false: 0}[v]
		}
	}
	return result
}

// table is what is stored: each row as its text, and as what that decodes to with its
// expire_date, by key. It is the latter that is compared: signatures hold the time.
type table struct{ raw, decoded map[string]string }

// table reads what is stored, unless it is what it was before.
func (w *world) table(t testing.TB, before *table) *table {
	t.Helper()
	raw := w.rows(t)
	if before != nil && maps.Equal(raw, before.raw) {
		return before
	}
	var rows map[string][2]json.RawMessage
	w.dj.Call(t, "rows", nil, &rows)
	decoded := make(map[string]string, len(rows))
	for key, r := range rows {
		decoded[key] = string(r[0]) + " until " + string(r[1])
	}
	return &table{raw, decoded}
}

// changes is what happened to a table, in words.
func changes(before, after map[string]string, old, key string) []string {
	who := func(k string) string {
		switch k {
		case old:
			return "the old row"
		case key:
			return "the new row"
		}
		return "another row"
	}
	var changes []string
	for k := range before {
		if _, ok := after[k]; !ok {
			changes = append(changes, who(k)+" is gone")
		}
	}
	for k, text := range after {
		if text != before[k] {
			changes = append(changes, who(k)+" is "+text)
		}
	}
	slices.Sort(changes)
	return changes
}

// goSettings sets what these settings of Django's are to us.
func goSettings(t testing.TB, s *djsession.Settings, values map[string]any) {
	t.Helper()
	for name, value := range values {
		switch name {
		case "SESSION_COOKIE_NAME":
			s.CookieName = value.(string)
		case "SESSION_COOKIE_AGE":
			s.CookieAge = time.Duration(value.(int)) * time.Second
		case "SESSION_COOKIE_DOMAIN":
			s.CookieDomain = value.(string)
		case "SESSION_COOKIE_PATH":
			s.CookiePath = value.(string)
		case "SESSION_COOKIE_SECURE":
			s.CookieSecure = value.(bool)
		case "SESSION_COOKIE_HTTPONLY":
			s.CookieHTTPOnly = new(value.(bool))
		case "SESSION_COOKIE_SAMESITE":
			s.CookieSameSite = map[any]http.SameSite{
				"Lax": http.SameSiteLaxMode, "Strict": http.SameSiteStrictMode, "None": http.SameSiteNoneMode,
				false: http.SameSiteDefaultMode,
			}[value]
		case "SESSION_EXPIRE_AT_BROWSER_CLOSE":
			s.ExpireAtBrowserClose = value.(bool)
		case "SESSION_SAVE_EVERY_REQUEST":
			s.SaveEveryRequest = value.(bool)
		default:
			t.Fatalf("the setting %s has no twin here", name)
		}
	}
}

// point is where a difference shows.
type point struct {
	scenario string
	step     int
	settings string
	combo
}

// used are the names of the differences that showed.
var used sync.Map
