// Package visit has requests of one visitor as parties of package interleave, and judges
// what becomes of the visitor's session.
//
// Each request acts as a process of its own: it has its own Manager, and goes through its
// Middleware.
package visit

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/testkit/interleave"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// Kind says what a request does.
type Kind string

// The kinds of requests.
const (
	Save   Kind = "save"   // counts by Session.Update
	Touch  Kind = "touch"  // prolongs the session
	Cycle  Kind = "cycle"  // gives the session a new key
	Renew  Kind = "renew"  // gives the login a new hash, as after a rotation of SECRET_KEY
	Logout Kind = "logout" // flushes the session
	Read   Kind = "read"   // reads the session
)

// Kinds are the kinds that write.
var Kinds = []Kind{Save, Touch, Cycle, Renew, Logout}

// Key is the visitor's session key when the requests begin. The session is logged in.
const Key = "abcdefghijklmnopqrstuvwxyz012345"

// Now is the time of all Sites.
var Now = time.Date(2026, 11, 22, 21, 53, 25, 0, time.UTC)

// NewSite returns a Site with a fixed clock that logs nothing.
func NewSite(t testing.TB) *djsession.Site {
	t.Helper()
	site, err := djsession.NewSite(djsession.Settings{
		Keys:   signer.SecretKey("a secret of the models"),
		Now:    func() time.Time { return Now },
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// Session returns the record stored under [Key].
func Session() *djsession.Record {
	return &djsession.Record{Expires: Now.Add(time.Hour), Data: serializer.NewDict(
		serializer.Item{Key: "_auth_user_id", Value: "1"},
		serializer.Item{Key: "_auth_user_backend", Value: "b"},
		serializer.Item{Key: "_auth_user_hash", Value: "h"},
		serializer.Item{Key: "n", Value: int64(0)},
	)}
}

// Request is one request of the visitor.
type Request struct {
	Kind Kind
	// LoggedIn says that one of the tries saw a logged-in visitor.
	LoggedIn bool
	// Status is the status of the response, or 0 if the request was killed.
	Status int
	// Tries is how often the client sent the request.
	Tries int
	// NewKey is the session key that the response sets, or "" if it is unchanged.
	NewKey string

	acted bool // the last try saw a logged-in visitor
	party *interleave.Party
}

// Requests are the requests of a schedule.
type Requests []*Request

// Add adds a request. store returns the Store of its process. If the session is
// unavailable, the client tries again, retries times at most.
func (rs *Requests) Add(w *interleave.World, kind Kind, retries int, site *djsession.Site, store func(p *interleave.Party) djsession.Store) {
	rs.AddLasting(w, kind, retries, site, func(p *interleave.Party) (djsession.Store, func()) { return store(p), func() {} })
}

// AddLasting is Add for a process that lives on: it calls later when the request is
// answered.
func (rs *Requests) AddLasting(w *interleave.World, kind Kind, retries int, site *djsession.Site, process func(p *interleave.Party) (store djsession.Store, later func())) {
	name, n := string(kind), 1
	for _, r := range *rs {
		if r.Kind == kind {
			n++
			name = fmt.Sprintf("%s %d", kind, n)
		}
	}
	r := &Request{Kind: kind}
	r.party = w.Party(name, func(p *interleave.Party) string {
		store, later := process(p)
		h := djsession.New(store).Middleware(http.HandlerFunc(r.serve))
		for {
			r.Tries++
			req := httptest.NewRequest(http.MethodPost, "/", nil)
			req.AddCookie(&http.Cookie{Name: "sessionid", Value: Key})
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, req)
			if rec.Code == http.StatusServiceUnavailable && r.Tries <= retries {
				continue
			}
			r.Status = rec.Code
			for _, c := range rec.Result().Cookies() {
				if c.Name == "sessionid" && c.MaxAge >= 0 && c.Value != Key {
					r.NewKey = c.Value
				}
			}
			later()
			return http.StatusText(rec.Code)
		}
	})
	*rs = append(*rs, r)
}

// serve is the view.
func (r *Request) serve(w http.ResponseWriter, req *http.Request) {
	s, err := djsession.Load(req.Context())
	r.acted = false
	if err == nil {
		r.acted = s.Has("_auth_user_id")
		r.LoggedIn = r.LoggedIn || s.Has("_auth_user_id")
		if s.Has("_auth_user_id") {
			err = r.act(req.Context(), s)
		} else if r.Kind == Logout {
			err = s.Flush(req.Context())
		}
	}
	if err != nil {
		w.WriteHeader(djsession.ErrorStatus(err))
	}
}

func (r *Request) act(ctx context.Context, s *djsession.Session) error {
	switch r.Kind {
	case Save:
		return s.Update(func(tx *djsession.Tx) error {
			n, err := djsession.Value(tx, "n", 0)
			if err != nil {
				return err
			}
			return tx.Set("n", n+1)
		})
	case Touch:
		return s.MarkModified()
	case Cycle:
		return s.CycleKey()
	case Renew:
		return s.Renew("_auth_user_hash", "of the new key")
	case Logout:
		return s.Flush(ctx)
	}
	return nil
}
