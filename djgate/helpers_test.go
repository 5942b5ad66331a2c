package djgate_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djgate"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/djsessiontest"
	"github.com/go-djsession/go-djsession/signer"
)

// people is Users in memory.
type people struct {
	site   *djsession.Site
	byID   map[string]djauth.Account
	grants map[string]djauth.Grants
}

func (p *people) Site() *djsession.Site { return p.site }
func (p *people) IDKind() djauth.IDKind { return djauth.IntegerID }
func (p *people) ByID(_ context.Context, id string) (*djauth.Account, error) {
	if a, ok := p.byID[id]; ok {
		return &a, nil
	}
	return nil, djauth.ErrNoUser
}
func (p *people) ByName(context.Context, string) (*djauth.Account, error) {
	return nil, djauth.ErrNoUser
}
func (p *people) Grants(_ context.Context, id string) (*djauth.Grants, error) {
	g := p.grants[id]
	return &g, nil
}

func (p *people) RecordLogin(context.Context, string, time.Time) error { return nil }

// fragile is a store that can be down, and that counts what is written.
type fragile struct {
	*memstore.Store
	down   atomic.Bool
	writes atomic.Int64
}

func (s *fragile) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	if s.down.Load() {
		return nil, djsession.Version{}, djsession.Unavailable("load", errors.New("down"))
	}
	return s.Store.Load(ctx, key)
}

func (s *fragile) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	s.writes.Add(1)
	return s.Store.Create(ctx, key, r)
}

func (s *fragile) Delete(ctx context.Context, key string, v djsession.Version) error {
	s.writes.Add(1)
	return s.Store.Delete(ctx, key, v)
}

// world is a site with some users, and a gate.
type world struct {
	store *fragile
	auth  *djauth.Auth
	gate  *djgate.Gate
	// cookies are those of logged-in users, by username.
	cookies map[string]*http.Cookie
}

const hostile = "Zoë, <b>%2f\r\nX-Evil: 1\u202e"

func newWorld(t testing.TB, rules string, opts *djgate.Options) *world {
	t.Helper()
	site, err := djsession.NewSite(djsession.Settings{
		Keys: signer.SecretKey("the secret of the gate's tests"), Proxies: djsession.LocalProxies(), Logger: slog.New(slog.DiscardHandler),
	})
	must(t, err)
	w := &world{store: &fragile{Store: memstore.New(site)}, cookies: make(map[string]*http.Cookie)}
	users := &people{site: site, byID: make(map[string]djauth.Account), grants: map[string]djauth.Grants{
		"3": {Groups: []string{"Wiki, editors", "a%b"}, Permissions: []string{"wiki.change_page"}},
	}}
	for _, a := range []djauth.Account{
		{ID: "1", Name: "ada", Active: true, Email: "ada@example.org", FirstName: "Ada", LastName: "L."},
		{ID: "2", Name: "staff", Active: true, Staff: true},
		{ID: "3", Name: "editor", Active: true},
		{ID: "4", Name: "root", Active: true, Staff: true, Superuser: true},
		{ID: "5", Name: hostile, Active: true, FirstName: "  Zoë", LastName: "\x00"},
	} {
		a.Password = djauth.EncodedOf("plain$" + a.ID)
		users.byID[a.ID] = a
	}
	w.auth, err = djauth.New(djsession.New(w.store), users, nil, &djauth.Options{ReadOnly: true, WatchInterval: 20 * time.Millisecond})
	must(t, err)
	for _, a := range users.byID {
		w.cookies[a.Name] = djsessiontest.Login(t, w.auth, &a, djauth.ModelBackend)
	}
	w.store.writes.Store(0)
	parsed, err := djgate.ParseRules(strings.NewReader(rules))
	must(t, err)
	w.gate, err = djgate.New(w.auth, parsed, opts)
	must(t, err)
	t.Cleanup(func() {
		if n := w.store.writes.Load(); n > 0 {
			t.Errorf("the gate wrote %d times", n)
		}
	})
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
