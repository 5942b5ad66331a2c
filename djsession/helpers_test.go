package djsession_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

const secret = "a secret of the manager tests"

// now is the time in all tests that do not set another.
var now = time.Date(2026, 11, 22, 21, 53, 25, 0, time.UTC)

// world is a site in memory, with a log that tests can read.
type world struct {
	t     testing.TB
	site  *djsession.Site
	mem   *memstore.Store
	store *spy
	m     *djsession.Manager
	log   *bytes.Buffer
}

func newWorld(t testing.TB, change ...func(*djsession.Settings)) *world {
	t.Helper()
	w := &world{t: t, log: new(bytes.Buffer)}
	set := djsession.Settings{
		Keys:   signer.SecretKey(secret),
		Now:    func() time.Time { return now },
		Logger: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, c := range change {
		c(&set)
	}
	site, err := djsession.NewSite(set)
	if err != nil {
		t.Fatal(err)
	}
	w.site, w.mem = site, memstore.New(site)
	w.store = &spy{Store: w.mem}
	w.m = djsession.New(w.store)
	return w
}

// put stores a session and returns its key.
func (w *world) put(items ...serializer.Item) string {
	w.t.Helper()
	key := w.site.NewKey()
	r := &djsession.Record{Data: serializer.NewDict(items...), Expires: now.Add(time.Hour)}
	if _, err := w.mem.Create(context.Background(), key, r); err != nil {
		w.t.Fatal(err)
	}
	return key
}

// stored returns the session that the store holds under key as JSON, or "" if there is
// none.
func (w *world) stored(key string) string {
	r, _, err := w.mem.Load(context.Background(), key)
	if err != nil {
		return ""
	}
	text, err := serializer.JSON{}.Dumps(nil, r.Data)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// keys returns the keys of all sessions.
func (w *world) keys() (keys []string) {
	for l, err := range w.mem.List(context.Background(), "") {
		if err != nil {
			w.t.Fatal(err)
		}
		keys = append(keys, l.Key())
	}
	return keys
}

// get sends a request to the handler with the cookie, or without one for "".
func (w *world) get(cookie string, h http.HandlerFunc) *http.Response {
	w.t.Helper()
	r := httptest.NewRequest("GET", "/", nil)
	if cookie != "" {
		r.Header.Set("Cookie", "sessionid="+cookie)
	}
	rec := httptest.NewRecorder()
	w.m.Middleware(h).ServeHTTP(rec, r)
	return rec.Result()
}

// session returns the session of r. It fails the test if there is none.
func (w *world) session(r *http.Request) *djsession.Session {
	w.t.Helper()
	s, err := djsession.Load(r.Context())
	if err != nil {
		w.t.Fatalf("Load: %v", err)
	}
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// cookieKey returns the value of the one session cookie that res sets, or "" for none.
func cookieKey(t testing.TB, res *http.Response) string {
	t.Helper()
	lines := res.Header["Set-Cookie"]
	if len(lines) > 1 {
		t.Fatalf("got %d cookies, want at most one", len(lines))
	}
	if len(lines) == 0 {
		return ""
	}
	value, _, _ := strings.Cut(strings.TrimPrefix(lines[0], "sessionid="), ";")
	return value
}

// spy counts the operations of a store, and lets a test act before each.
type spy struct {
	djsession.Store
	mu     sync.Mutex
	ops    []string
	before func(op, key string) error
}

func (s *spy) note(op, key string) error {
	s.mu.Lock()
	s.ops = append(s.ops, op)
	f := s.before
	s.mu.Unlock()
	if f != nil {
		return f(op, key)
	}
	return nil
}

// once runs f before the first op.
func (s *spy) once(op string, f func(key string)) {
	done := false
	s.before = func(o, key string) error {
		if o == op && !done {
			done = true
			f(key)
		}
		return nil
	}
}

// fail makes every operation whose name begins with op fail.
func (s *spy) fail(op string, err error) {
	s.before = func(o, _ string) error {
		if strings.HasPrefix(o, op) {
			return err
		}
		return nil
	}
}

func (s *spy) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ops := strings.Join(s.ops, " ")
	s.ops = nil
	return ops
}

func (s *spy) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	if err := s.note("load", key); err != nil {
		return nil, djsession.Version{}, err
	}
	return s.Store.Load(ctx, key)
}

func (s *spy) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	if err := s.note("create", key); err != nil {
		return djsession.Version{}, err
	}
	return s.Store.Create(ctx, key, r)
}

func (s *spy) Update(ctx context.Context, key string, r *djsession.Record, seen djsession.Version) (djsession.Version, error) {
	if err := s.note("update", key); err != nil {
		return djsession.Version{}, err
	}
	return s.Store.Update(ctx, key, r, seen)
}

func (s *spy) Touch(ctx context.Context, key string, expires time.Time, seen djsession.Version) error {
	if err := s.note("touch", key); err != nil {
		return err
	}
	return s.Store.Touch(ctx, key, expires, seen)
}

func (s *spy) Delete(ctx context.Context, key string, seen djsession.Version) error {
	op := "deleteseen"
	if seen.IsForce() {
		op = "delete"
	}
	if err := s.note(op, key); err != nil {
		return err
	}
	return s.Store.Delete(ctx, key, seen)
}

// fullSpy is a spy on a store with the optional interfaces that a Manager uses.
type fullSpy struct{ *spy }

func (s fullSpy) LoadFresh(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	if err := s.note("load", key); err != nil {
		return nil, djsession.Version{}, err
	}
	return s.Store.(djsession.FreshLoader).LoadFresh(ctx, key)
}

func (s fullSpy) Cycle(ctx context.Context, old string, seen djsession.Version, key string, r *djsession.Record) (djsession.Version, error) {
	if err := s.note("cycle", old); err != nil {
		return djsession.Version{}, err
	}
	v, err := s.Store.Create(ctx, key, r)
	if err != nil {
		return djsession.Version{}, err
	}
	if err := s.Store.Delete(ctx, old, seen); err != nil {
		return djsession.Version{}, errors.Join(err, s.Store.Delete(ctx, key, v))
	}
	return v, nil
}

func item(key string, value any) serializer.Item { return serializer.Item{Key: key, Value: value} }
