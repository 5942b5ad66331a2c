package djmetrics_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djgate"
	"github.com/go-djsession/go-djsession/djmetrics"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/djsessiontest"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

const canary = "c4n4ry"

// people is Users in memory.
type people struct{ site *djsession.Site }

func (p people) Site() *djsession.Site { return p.site }
func (people) IDKind() djauth.IDKind   { return djauth.TextID }
func (people) ByID(_ context.Context, id string) (*djauth.Account, error) {
	return &djauth.Account{ID: id, Name: canary, Active: true, Password: djauth.EncodedOf("plain$" + canary)}, nil
}
func (people) ByName(context.Context, string) (*djauth.Account, error) {
	return nil, djauth.ErrNoUser
}
func (people) RecordLogin(context.Context, string, time.Time) error { return nil }

// fragile is a store that can be down.
type fragile struct {
	*memstore.Store
	down bool
}

func (s *fragile) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	if s.down {
		return nil, djsession.Version{}, djsession.Unavailable("load "+key, errors.New(canary))
	}
	return s.Store.Load(ctx, key)
}

// lives makes a site do all that there are metrics for.
func lives(t *testing.T, m *djmetrics.Metrics) {
	t.Helper()
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey(canary), Observer: m.Observe, Proxies: djsession.LocalProxies(), Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	store := &fragile{Store: memstore.New(site)}
	sessions := djsession.New(store)
	auth, err := djauth.New(sessions, people{site}, nil, &djauth.Options{WatchInterval: 5 * time.Millisecond})
	must(t, err)
	account := djauth.Account{ID: canary, Name: canary, Active: true, Password: djauth.EncodedOf("plain$" + canary)}
	cookie := djsessiontest.Login(t, auth, &account, djauth.ModelBackend)

	visit := func(c *http.Cookie, fn func(context.Context, *djsession.Session) error) (status int) {
		r := httptest.NewRequest("GET", "/", nil)
		if c != nil {
			r.AddCookie(c)
		}
		rec := httptest.NewRecorder()
		sessions.Middleware(auth.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s, err := djsession.Load(r.Context())
			if err == nil && fn != nil {
				err = fn(r.Context(), s)
			}
			if err != nil {
				http.Error(w, "", djsession.ErrorStatus(err))
			}
		}))).ServeHTTP(rec, r)
		return rec.Code
	}
	who := func(ctx context.Context, _ *djsession.Session) error { _, err := djauth.User(ctx); return err }
	visit(cookie, who)
	visit(nil, who)
	visit(cookie, func(_ context.Context, s *djsession.Session) error { return s.MarkModified() }) // touch
	visit(cookie, func(ctx context.Context, s *djsession.Session) error {                          // a conflict, and a replay
		visit(cookie, func(_ context.Context, s *djsession.Session) error { return s.Set("a", canary) })
		return s.Set("b", canary)
	})
	if got := visit(cookie, func(ctx context.Context, s *djsession.Session) error { // a commit that fails
		if err := store.Delete(ctx, s.Key(), djsession.Force); err != nil {
			return err
		}
		return s.Set("c", canary)
	}); got != http.StatusBadRequest {
		t.Errorf("got %d", got)
	}
	visit(nil, func(_ context.Context, s *djsession.Session) error { return errors.Join(s.Set("a", 1), s.CycleKey()) })

	_, err = store.Create(t.Context(), site.NewKey(), &djsession.Record{Data: serializer.NewDict(), Expires: time.Now().Add(-time.Hour)})
	must(t, err)
	_, err = sessions.ClearExpired(t.Context(), nil)
	must(t, err)

	// A watched login, which a logout ends.
	cookie = djsessiontest.Login(t, auth, &account, djauth.ModelBackend)
	s, err := sessions.Open(t.Context(), cookie.Value)
	must(t, err)
	watched, stop, err := auth.WatchSession(t.Context(), s)
	must(t, err)
	defer stop()
	must(t, sessions.Delete(t.Context(), cookie.Value))
	<-watched.Done()

	rules, err := djgate.ParseRules(strings.NewReader("/ -> login"))
	must(t, err)
	reading, err := djauth.New(sessions, people{site}, nil, &djauth.Options{ReadOnly: true})
	must(t, err)
	gate, err := djgate.New(reading, rules, &djgate.Options{Observe: m.ObserveGate})
	must(t, err)
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "127.0.0.1:1"
	for name, v := range map[string]string{"Method": "GET", "Uri": "/" + canary, "Host": "site.example", "Proto": "https"} {
		r.Header.Set("X-Forwarded-"+name, v)
	}
	gate.Verify(false).ServeHTTP(httptest.NewRecorder(), r)

	store.down = true
	visit(cookie, nil)
	m.Observe(t.Context(), djsession.Event{Op: "load " + canary, Err: errors.New(canary)})
	m.Observe(t.Context(), djsession.Event{Op: "load", Err: errors.New(canary)})
	m.ObserveGate(t.Context(), djgate.Verdict{Status: 1234})
}

// gathered returns the samples as text: name, type, labels and value.
func gathered(t *testing.T, m *djmetrics.Metrics) (samples []string, table map[string]string) {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	must(t, reg.Register(m))
	families, err := reg.Gather()
	must(t, err)
	table = make(map[string]string)
	for _, f := range families {
		labels := make(map[string]bool)
		for _, s := range f.Metric {
			line := f.GetName()
			for _, l := range s.Label {
				labels[l.GetName()] = true
				line += fmt.Sprintf(" %s=%s", l.GetName(), l.GetValue())
			}
			samples = append(samples, line)
		}
		var names []string
		for name := range labels {
			names = append(names, "`"+name+"`")
		}
		sort.Strings(names)
		table[f.GetName()] = strings.ToLower(f.GetType().String()) + " | " + strings.Join(names, ", ")
	}
	return samples, table
}

// TestNames: what a site produces is what docs/observability.md lists, and the other way round.
func TestNames(t *testing.T) {
	m := djmetrics.New()
	lives(t, m)
	_, got := gathered(t, m)
	page, err := os.ReadFile("../docs/observability.md")
	must(t, err)
	listed := make(map[string]string)
	for line := range strings.Lines(string(page)) {
		if cells := strings.Split(line, "|"); len(cells) == 6 && strings.HasPrefix(strings.TrimSpace(cells[1]), "`djsession_") {
			listed[strings.Trim(cells[1], " `")] = strings.TrimSpace(strings.TrimSpace(cells[2]) + " | " + strings.TrimSpace(cells[3]))
		}
	}
	for name, want := range listed {
		if strings.TrimSpace(got[name]) != want {
			t.Errorf("%s: got %q, and the page says %q", name, got[name], want)
		}
	}
	for name, is := range got {
		if _, ok := listed[name]; !ok {
			t.Errorf("the page does not list %s (%s)", name, is)
		}
	}
}

// TestSamples: a site that did all that there are metrics for has these series, and no others.
func TestSamples(t *testing.T) {
	m := djmetrics.New()
	lives(t, m)
	got, _ := gathered(t, m)
	for _, want := range []string{
		"djsession_operations_total op=create outcome=ok", "djsession_operations_total op=load outcome=ok", "djsession_operations_total op=load outcome=unavailable",
		"djsession_operations_total op=touch outcome=ok", "djsession_operations_total op=update outcome=conflict", "djsession_operations_total op=load outcome=other",
		"djsession_operations_total op=delete outcome=ok", "djsession_commits_total outcome=ok", "djsession_commits_total outcome=interrupted",
		"djsession_identified_total outcome=ok", "djsession_identified_total outcome=no_cookie", "djsession_clear_runs_total outcome=ok",
		"djsession_watch_ended_total reason=not_found", "djsession_watch_looks_total outcome=ok", "djsession_gate_verdicts_total status=401",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("there is no %s", want)
		}
	}
	values := make(map[string]bool)
	for _, line := range got {
		if strings.Contains(line, canary) || strings.Contains(line, "1234") {
			t.Errorf("a label has a value from outside: %s", line)
		}
		for _, label := range strings.Fields(line)[1:] {
			values[label] = true
		}
	}
	if len(values) > 60 {
		t.Errorf("there are %d values of labels", len(values))
	}

	// Every count of what was done, where that is certain.
	text := served(t, m)
	for _, want := range []string{"djsession_replays_total 1\n", "djsession_cleared_total 1\n", "djsession_watched_logins 0\n", `djsession_gate_verdicts_total{status="500"} 1` + "\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("got no %q in:\n%s", want, text)
		}
	}
	if strings.Contains(text, canary) {
		t.Error("a secret, a user or a path is served")
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	must(t, err)
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestEveryError: each error has a word of its own, however it is wrapped.
func TestEveryError(t *testing.T) {
	words := make(map[string]error)
	for _, err := range []error{
		nil, context.Canceled, djsession.ErrUnavailable, djsession.ErrInterrupted, djsession.ErrConflict, djsession.ErrKeyTaken, djsession.ErrTooLarge, djsession.ErrCorrupt,
		djsession.ErrNoCookie, djsession.ErrExpired, djsession.ErrNotFound, djauth.ErrNoUserID, djauth.ErrUserID, djauth.ErrNoUser, djauth.ErrInactive, djauth.ErrHash,
		djauth.ErrBackend, djauth.ErrUnknownBackend, djauth.ErrSecondFactor, djauth.ErrRefused, djauth.ErrAnonymous, errors.ErrUnsupported, errors.New(canary),
	} {
		m := djmetrics.New()
		wrapped := err
		if err != nil {
			wrapped = fmt.Errorf("%s: %w", canary, err)
		}
		m.Observe(t.Context(), djsession.Event{Op: "identify", Err: wrapped})
		samples, _ := gathered(t, m)
		var word string
		for _, line := range samples {
			if rest, ok := strings.CutPrefix(line, "djsession_identified_total outcome="); ok {
				word = rest
			}
		}
		if other, taken := words[word]; word == "" || taken && !errors.Is(err, other) {
			t.Errorf("%v: got the word %q, as for %v", err, word, other)
		}
		words[word] = err
	}
}

func served(t *testing.T, m *djmetrics.Metrics) string {
	t.Helper()
	rec := httptest.NewRecorder()
	m.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	body, err := io.ReadAll(rec.Body)
	must(t, err)
	if rec.Code != http.StatusOK {
		t.Errorf("got %d", rec.Code)
	}
	return string(body)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
