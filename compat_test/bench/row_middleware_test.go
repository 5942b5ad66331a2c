package bench

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	scsmem "github.com/alexedwards/scs/v2/memstore"
	"github.com/gorilla/sessions"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cookiestore"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/serializer"
)

// Requests without a network: what the middleware costs, over stores in memory and cookies.

const sessionKey = "abcdefghijklmnopqrstuvwxyz012345"

// discard is a ResponseWriter that only counts.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

var ok = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })

// requests serves one request again and again.
func requests(h http.Handler, cookie string) func(int) error {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", cookie)
	d := discard{http.Header{}}
	return repeat(func() error {
		h.ServeHTTP(d, r)
		clear(d.h)
		return nil
	})
}

func record(data map[string]any) *djsession.Record {
	return &djsession.Record{Data: serializer.FromMap(data), Expires: time.Now().Add(14 * 24 * time.Hour)}
}

// ourRead and ourWrite are handlers. They fail loudly: a benchmark of errors is none.
func ourRead(w http.ResponseWriter, r *http.Request) {
	s, err := djsession.Load(r.Context())
	if err != nil {
		panic(err)
	}
	if id, err := djsession.Value(s, "_auth_user_id", ""); err != nil || id != "42" {
		panic("not logged in")
	}
	w.WriteHeader(http.StatusOK)
}

func ourWrite(w http.ResponseWriter, r *http.Request) {
	s, err := djsession.Load(r.Context())
	if err != nil {
		panic(err)
	}
	n, err := djsession.Value(s, "visits", 0)
	if err == nil {
		err = s.Set("visits", n+1)
	}
	if err != nil {
		panic(err)
	}
	w.WriteHeader(http.StatusOK)
}

// newSCS returns a manager of scs with the login under a token.
func newSCS(t testing.TB, store scs.Store) (*scs.SessionManager, string) {
	t.Helper()
	m := scs.New()
	m.Store = store
	ctx, err := m.Load(context.Background(), "")
	must(t, err)
	for k, v := range login {
		m.Put(ctx, k, v)
	}
	token, _, err := m.Commit(ctx)
	must(t, err)
	return m, token
}

func scsRead(m *scs.SessionManager) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if m.GetString(r.Context(), "_auth_user_id") != "42" {
			panic("not logged in")
		}
		w.WriteHeader(http.StatusOK)
	})
}

func scsWrite(m *scs.SessionManager) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.Put(r.Context(), "visits", m.GetInt(r.Context(), "visits")+1)
		w.WriteHeader(http.StatusOK)
	})
}

// newGorilla returns a store of signed cookies of gorilla, and a cookie with the login.
func newGorilla(t testing.TB) (*sessions.CookieStore, string) {
	t.Helper()
	store := sessions.NewCookieStore([]byte(strings.Repeat("k", 32)))
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	s, err := store.Get(r, "sessionid")
	must(t, err)
	for k, v := range login {
		s.Values[k] = v
	}
	must(t, s.Save(r, w))
	cookie, _, _ := strings.Cut(w.Header().Get("Set-Cookie"), ";")
	return store, cookie
}

func gorilla(store *sessions.CookieStore, save bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(context.Background()) // gorilla remembers sessions in the context
		s, err := store.Get(r, "sessionid")
		if err != nil || s.Values["_auth_user_id"] != "42" {
			panic(errors.Join(errors.New("not logged in"), err))
		}
		if save {
			n, _ := s.Values["visits"].(int)
			s.Values["visits"] = n + 1
			if err := s.Save(r, w); err != nil {
				panic(err)
			}
		}
		w.WriteHeader(http.StatusOK)
	})
}

func newSealed(t testing.TB) *djsession.Manager {
	t.Helper()
	sealer, err := cookiestore.New(newSite(t), nil)
	must(t, err)
	return djsession.NewSealed(sealer)
}

// sealed returns a cookie of the engine signed_cookies with the login.
func sealed(t testing.TB, m *djsession.Manager) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := djsession.Load(r.Context())
		must(t, err)
		must(t, s.SetAll(login))
	})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	cookie, _, _ := strings.Cut(w.Header().Get("Set-Cookie"), ";")
	return cookie
}

func init() {
	const group = "Middleware"
	ours := func(t testing.TB) (*djsession.Manager, string) {
		store := memstore.New(newSite(t))
		_, err := store.Create(t.Context(), sessionKey, record(login))
		must(t, err)
		return djsession.New(store), "csrftoken=abcdefghijklmnopqrstuvwxyz012345; sessionid=" + sessionKey
	}
	theirs := func(t testing.TB) (*scs.SessionManager, string) {
		m, token := newSCS(t, scsmem.NewWithCleanupInterval(0))
		return m, "csrftoken=abcdefghijklmnopqrstuvwxyz012345; session=" + token
	}
	Add(Row{
		Group: group, Name: "a request that does not touch its session",
		Note:  "scs loads the session of every request; djsession reads the store at the first use.",
		Reach: []Reach{{Peer: "scs", Times: 0.5}},
		Make: func(t testing.TB) []Entry {
			m, cookie := ours(t)
			s, token := theirs(t)
			return []Entry{
				{Who: Ours, Run: requests(m.Middleware(ok), cookie)},
				{Who: "scs", Run: requests(s.LoadAndSave(ok), token)},
				{Who: "no sessions at all", Run: requests(ok, cookie)},
			}
		},
	}, Row{
		Group: group, Name: "memory: read who is logged in",
		Reach: []Reach{{Peer: "scs", Times: 0.25}},
		Make: func(t testing.TB) []Entry {
			m, cookie := ours(t)
			s, token := theirs(t)
			return []Entry{
				{Who: Ours, Run: requests(m.Middleware(http.HandlerFunc(ourRead)), cookie)},
				{Who: "scs", Run: requests(s.LoadAndSave(scsRead(s)), token)},
			}
		},
	}, Row{
		Group: group, Name: "memory: read and count a visit",
		Before: "0.56× scs, 50 allocations",
		Note:   "Both write to memory. djsession's store in memory encodes, signs and decodes, as the real ones do, and checks that nobody else has written meanwhile. scs keeps a gob and overwrites.",
		Reach:  []Reach{{Peer: "scs", Times: 0.25}, {Allocs: 30}},
		Short:  "In a profile four fifths of it are the store's: to compress the session, as Django does, takes two fifths of all, to sign, verify and decode it as much.",
		Make: func(t testing.TB) []Entry {
			m, cookie := ours(t)
			s, token := theirs(t)
			return []Entry{
				{Who: Ours, Run: requests(m.Middleware(http.HandlerFunc(ourWrite)), cookie)},
				{Who: "scs", Run: requests(s.LoadAndSave(scsWrite(s)), token)},
			}
		},
	}, Row{
		Group: group, Name: "signed cookie: read who is logged in",
		Reach: []Reach{{Peer: "gorilla/sessions", Times: 0.5}},
		Make: func(t testing.TB) []Entry {
			m := newSealed(t)
			store, cookie := newGorilla(t)
			return []Entry{
				{Who: Ours, Run: requests(m.Middleware(http.HandlerFunc(ourRead)), sealed(t, m))},
				{Who: "gorilla/sessions", Run: requests(gorilla(store, false), cookie)},
			}
		},
	}, Row{
		Group: group, Name: "signed cookie: read and count a visit",
		Reach: []Reach{{Peer: "gorilla/sessions", Times: 0.5}},
		Make: func(t testing.TB) []Entry {
			m := newSealed(t)
			store, cookie := newGorilla(t)
			return []Entry{
				{Who: Ours, Run: requests(m.Middleware(http.HandlerFunc(ourWrite)), sealed(t, m))},
				{Who: "gorilla/sessions", Run: requests(gorilla(store, true), cookie)},
			}
		},
	})
}
