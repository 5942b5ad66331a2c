package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/signer"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// TestSpans: what the sessions of a request do are children of its span, and none of them
// names a key.
func TestSpans(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)))
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("k"), Observer: observe})
	if err != nil {
		t.Fatal(err)
	}
	m := djsession.New(memstore.New(site))
	key := ""
	h := traced(m.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s, err := djsession.Load(r.Context())
		if err == nil {
			err = s.Set("n", 1)
		}
		if err != nil {
			t.Error(err)
		}
	})))
	for range 2 {
		r := httptest.NewRequest("GET", "/", nil)
		if key != "" {
			r.AddCookie(&http.Cookie{Name: "sessionid", Value: key})
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		key = rec.Result().Cookies()[0].Value
	}
	var names []string
	for _, s := range spans.Ended() {
		names = append(names, s.Name())
		if s.Name() != "GET" && !s.Parent().IsValid() {
			t.Errorf("%s has no parent", s.Name())
		}
		if s.EndTime().Before(s.StartTime()) || strings.Contains(s.Status().Description, key) {
			t.Errorf("%s: got %v", s.Name(), s.Status())
		}
	}
	if want := []string{"session.create", "session.commit", "GET", "session.load", "session.update", "session.commit", "GET"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}

// TestPage: the page shows this function.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../../../docs/observability.md")
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(code), "func observe(")
	body, _, _ := strings.Cut(rest, "\n}\n")
	if !strings.Contains(string(page), "func observe("+body+"\n}\n") {
		t.Error("docs/observability.md shows another observe")
	}
}
