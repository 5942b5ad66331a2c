package djauth_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

const (
	secret  = "the secret of the djauth tests"
	oldKey  = "the secret that the site had before"
	encoded = "pbkdf2_sha256$1000000$salt$ada's hash"
)

var now = time.Date(2026, 11, 22, 21, 53, 25, 0, time.UTC)

// people is Users in memory. It counts what it is asked.
type people struct {
	site   *djsession.Site
	mu     sync.Mutex
	kind   djauth.IDKind
	byID   map[string]djauth.Account
	grants map[string]djauth.Grants
	down   error
	asked  []string
}

func (p *people) ask(what string) error {
	p.asked = append(p.asked, what)
	return p.down
}

func (p *people) take() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer func() { p.asked = nil }()
	return p.asked
}

func (p *people) change(id string, f func(a *djauth.Account)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.byID[id]
	f(&a)
	p.byID[id] = a
}

func (p *people) Site() *djsession.Site { return p.site }

func (p *people) IDKind() djauth.IDKind { return p.kind }

func (p *people) ByID(_ context.Context, id string) (*djauth.Account, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.ask("id"); err != nil {
		return nil, err
	}
	a, ok := p.byID[id]
	if !ok {
		return nil, djauth.ErrNoUser
	}
	return &a, nil
}

func (p *people) ByName(_ context.Context, name string) (*djauth.Account, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.ask("name"); err != nil {
		return nil, err
	}
	for _, a := range p.byID {
		if a.Name == name {
			return &a, nil
		}
	}
	return nil, djauth.ErrNoUser
}

func (p *people) Grants(_ context.Context, id string) (*djauth.Grants, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.ask("grants"); err != nil {
		return nil, err
	}
	g := p.grants[id]
	return &g, nil
}

func (p *people) RecordLogin(_ context.Context, id string, at time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.ask("login"); err != nil {
		return err
	}
	a, ok := p.byID[id]
	if !ok {
		return djauth.ErrNoUser
	}
	a.LastLogin = at
	p.byID[id] = a
	return nil
}

func (p *people) SetPassword(_ context.Context, id string, text, seen djauth.Encoded) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.ask("password"); err != nil {
		return err
	}
	a, ok := p.byID[id]
	if !ok {
		return djauth.ErrNoUser
	}
	if !seen.IsZero() && !a.Password.Equal(seen) {
		return djsession.ErrConflict
	}
	a.Password = text
	p.byID[id] = a
	return nil
}

func (p *people) ByIDs(_ context.Context, ids []string, found func(*djauth.Account)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.ask("ids"); err != nil {
		return err
	}
	for _, id := range ids {
		if a, ok := p.byID[id]; ok {
			found(&a)
		}
	}
	return nil
}

// plain hashes nothing: "plain$" and the password.
type plain struct{ upgrade bool }

func (p plain) Check(_ context.Context, password, encoded string) (ok, upgrade bool, err error) {
	switch {
	case encoded == "old$"+password:
		return true, p.upgrade, nil
	case encoded == "plain$"+password:
		return true, false, nil
	}
	return false, false, nil
}

func (plain) Make(_ context.Context, password string) (string, error) {
	return "plain$" + password, nil
}
func (plain) Dummy(context.Context, string) error { return nil }

// world is a site with some people.
type world struct {
	t      *testing.T
	site   *djsession.Site
	store  *memstore.Store
	m      *djsession.Manager
	people *people
	auth   *djauth.Auth
	log    *bytes.Buffer
}

// newWorld makes a site whose settings and options are changed by change, funcs of a
// *djsession.Settings, a *djauth.Options, a *djauth.Passwords or the *people.
func newWorld(t *testing.T, change ...any) *world {
	t.Helper()
	w := &world{t: t, log: new(bytes.Buffer)}
	set := djsession.Settings{
		Keys:   signer.SecretKey(secret, oldKey),
		Now:    func() time.Time { return now },
		Logger: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	var opts djauth.Options
	var passwords djauth.Passwords = plain{}
	w.people = &people{
		byID: map[string]djauth.Account{
			"1": {ID: "1", Name: "ada", Password: djauth.EncodedOf(encoded), Active: true},
			"2": {ID: "2", Name: "root", Password: djauth.EncodedOf("old$toor"), Active: true, Superuser: true, Staff: true},
			"3": {ID: "3", Name: "gone", Password: djauth.EncodedOf("plain$left"), Active: false, Superuser: true},
		},
		grants: map[string]djauth.Grants{"1": {
			Permissions: []string{"blog.add_post", "blog.change_post", "shop.view_item"},
			Groups:      []string{"editors"},
		}},
	}
	for _, c := range change {
		switch c := c.(type) {
		case func(*djsession.Settings):
			c(&set)
		case func(*djauth.Options):
			c(&opts)
		case func(*djauth.Passwords):
			c(&passwords)
		case func(*people):
			c(w.people)
		}
	}
	site, err := djsession.NewSite(set)
	if err != nil {
		t.Fatal(err)
	}
	w.site, w.store, w.people.site = site, memstore.New(site), site
	w.m = djsession.New(w.store)
	if w.auth, err = djauth.New(w.m, w.people, passwords, &opts); err != nil {
		t.Fatal(err)
	}
	return w
}

// hash is get_session_auth_hash of an encoded password.
func hash(t *testing.T, secret, encoded string) string {
	t.Helper()
	mac, err := signer.NewMAC(signer.SecretKey(secret), "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash", signer.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return mac.HexSum(encoded)
}

// login is what a good session of ada's holds, with changes: a nil value removes.
func (w *world) login(changes ...serializer.Item) []serializer.Item {
	items := []serializer.Item{
		{Key: djauth.SessionKey, Value: "1"},
		{Key: djauth.BackendSessionKey, Value: djauth.ModelBackend},
		{Key: djauth.HashSessionKey, Value: hash(w.t, secret, encoded)},
	}
	for _, c := range changes {
		i := slices.IndexFunc(items, func(i serializer.Item) bool { return i.Key == c.Key })
		switch {
		case i < 0:
			items = append(items, c)
		case c.Value == remove:
			items = slices.Delete(items, i, i+1)
		default:
			items[i] = c
		}
	}
	return items
}

const remove = "(remove)"

func item(key string, value any) serializer.Item { return serializer.Item{Key: key, Value: value} }

// put stores a session and returns its key.
func (w *world) put(items ...serializer.Item) string {
	w.t.Helper()
	key := w.site.NewKey()
	r := &djsession.Record{Data: serializer.NewDict(items...), Expires: now.Add(time.Hour)}
	if _, err := w.store.Create(w.t.Context(), key, r); err != nil {
		w.t.Fatal(err)
	}
	return key
}

// dict is what is stored under key, nil for nothing.
func (w *world) dict(key string) *serializer.Dict {
	r, _, err := w.store.Load(w.t.Context(), key)
	if err != nil {
		return nil
	}
	return r.Data
}

// do sends a request with a session cookie, "" for none.
func (w *world) do(r *http.Request, key string, h http.HandlerFunc) *http.Response {
	w.t.Helper()
	if key != "" {
		r.Header.Set("Cookie", "sessionid="+key)
	}
	rec := httptest.NewRecorder()
	w.m.Middleware(w.auth.Middleware(h)).ServeHTTP(rec, r)
	return rec.Result()
}

// who is User of a request with this cookie.
func (w *world) who(key string) (id *djauth.Identity, res *http.Response) {
	w.t.Helper()
	res = w.do(httptest.NewRequest("GET", "/", nil), key, func(_ http.ResponseWriter, r *http.Request) {
		var err error
		if id, err = djauth.User(r.Context()); err != nil {
			w.t.Fatal(err)
		}
	})
	return id, res
}

// newKey is the session key that a response sets, "" for none.
func newKey(res *http.Response) string {
	for _, c := range res.Cookies() {
		if c.Name == "sessionid" {
			return c.Value
		}
	}
	return ""
}
