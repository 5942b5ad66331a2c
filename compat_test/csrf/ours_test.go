package csrf_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

var now = time.Date(2026, 11, 22, 21, 53, 25, 0, time.UTC) // as in middleware.py

// us is our side for one version of Django: a handler for each group of settings.
type us struct {
	django   djsession.DjangoVersion
	handlers map[string]*side
}

type side struct {
	http.Handler
	mem *memstore.Store
	key string // of the session, the same for every request
}

type contextKey struct{}

// at is what the handlers of a request know about it.
type at struct {
	r   *request
	got answer
}

func atOf(r *http.Request) *at { return r.Context().Value(contextKey{}).(*at) }

// reasons are ours in the words of classes.
var reasons = []struct {
	err   error
	class string
}{
	{djcsrf.ErrNoCookie, "no cookie"}, {djcsrf.ErrBadCookie, "bad cookie"}, {djcsrf.ErrNoToken, "no token"},
	{djcsrf.ErrTokenForm, "token form"}, {djcsrf.ErrBadToken, "bad token"}, {djcsrf.ErrBadOrigin, "bad origin"},
	{djcsrf.ErrNoReferer, "no referer"}, {djcsrf.ErrMalformedReferer, "malformed referer"},
	{djcsrf.ErrInsecureReferer, "insecure referer"}, {djcsrf.ErrBadReferer, "bad referer"},
}

// side returns the handler for these settings.
func (u *us) side(t *testing.T, name string, settings map[string]any) *side {
	t.Helper()
	if s, ok := u.handlers[name]; ok {
		return s
	}
	text := func(name string) string { s, _ := settings[name].(string); return s }
	flag := func(name string) bool { b, _ := settings[name].(bool); return b }
	list := func(name string) []string { l, _ := settings[name].([]string); return l }
	var proxies djsession.Proxies // the server of middleware.py has none of its own
	if header := list("SECURE_PROXY_SSL_HEADER"); header != nil {
		proxies.SSLHeader, proxies.SSLValue = header[0], header[1]
	}
	site, err := djsession.NewSite(djsession.Settings{
		Keys: signer.SecretKey("csrf"), Django: u.django, CookieDomain: text("SESSION_COOKIE_DOMAIN"), Proxies: proxies,
		Now: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	allowed := list("ALLOWED_HOSTS")
	if allowed == nil {
		allowed = []string{"*"}
	}
	o := &djcsrf.Options{
		CookieName: text("CSRF_COOKIE_NAME"), CookieDomain: text("CSRF_COOKIE_DOMAIN"), CookiePath: text("CSRF_COOKIE_PATH"),
		CookieSecure: flag("CSRF_COOKIE_SECURE"), CookieHTTPOnly: new(flag("CSRF_COOKIE_HTTPONLY")), CookieMasked: flag("CSRF_COOKIE_MASKED"),
		HeaderName: text("CSRF_HEADER_NAME"), UseSessions: flag("CSRF_USE_SESSIONS"), TrustedOrigins: list("CSRF_TRUSTED_ORIGINS"),
		Host: djcsrf.AllowedHosts(allowed, flag("USE_X_FORWARDED_HOST")),
		Port: func(r *http.Request) string {
			if flag("USE_X_FORWARDED_PORT") && r.Header.Get("X-Forwarded-Port") != "" {
				return djcsrf.ForwardedPort(r)
			}
			return atOf(r).r.Port // as SERVER_PORT
		},
		Exempt: func(r *http.Request) bool { return atOf(r).does("exempt") },
		Failure: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, known := range reasons {
				if errors.Is(djcsrf.Reason(r.Context()), known.err) {
					atOf(r).got.Reason = known.class
					break
				}
			}
			w.WriteHeader(http.StatusForbidden)
		}),
	}
	if age, ok := settings["CSRF_COOKIE_AGE"]; ok {
		if seconds, ok := age.(int); ok {
			o.CookieAge = time.Duration(seconds) * time.Second
		} else {
			o.ExpireAtBrowserClose = true
		}
	}
	if most, ok := settings["DATA_UPLOAD_MAX_MEMORY_SIZE"].(int); ok {
		o.MaxForm = int64(most)
	}
	switch settings["CSRF_COOKIE_SAMESITE"] {
	case "Strict":
		o.CookieSameSite = http.SameSiteStrictMode
	case "None":
		o.CookieSameSite = http.SameSiteNoneMode
	}
	mem := memstore.New(site)
	m := djsession.New(mem)
	p, err := djcsrf.New(m, o)
	if err != nil {
		t.Fatal(err)
	}
	view := p.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, what := range atOf(r).r.Do {
			switch what {
			case "token":
				atOf(r).got.Token, err = djcsrf.Token(r.Context())
			case "rotate":
				err = djcsrf.Rotate(r.Context())
			}
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		io.WriteString(w, "ok")
	}))
	// What middleware.py looks at in the session, this looks at last of all.
	watch := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if o.UseSessions {
			err := djsession.BeforeCommit(r.Context(), func(h http.Header, _ int) {
				atOf(r).got.Vary = h.Get("Vary")
				s, err := djsession.Load(r.Context())
				if err != nil {
					t.Error(err)
					return
				}
				atOf(r).got.Session, _ = s.Get("_csrftoken")
			})
			if err != nil {
				t.Error(err)
			}
		}
		view.ServeHTTP(w, r)
	})
	s := &side{m.Middleware(watch), mem, site.NewKey()}
	u.handlers[name] = s
	return s
}

func (a *at) does(what string) bool {
	for _, do := range a.r.Do {
		if do == what {
			return true
		}
	}
	return false
}

// answer is our answer to r, which goes through net/http's own reader.
func (u *us) answer(t *testing.T, r *request) answer {
	t.Helper()
	s := u.side(t, r.Kinds["settings"], r.Settings)
	var raw strings.Builder
	raw.WriteString(r.Method + " / HTTP/1.1\r\n")
	for _, h := range r.Headers {
		raw.WriteString(h[0] + ": " + toBytes(h[1]) + "\r\n")
	}
	if r.Session != nil {
		_ = s.mem.Delete(t.Context(), s.key, djsession.Force)
		_, err := s.mem.Create(t.Context(), s.key, &djsession.Record{
			Data:    serializer.NewDict(serializer.Item{Key: "_csrftoken", Value: r.Session}),
			Expires: now.Add(time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
		raw.WriteString("Cookie: sessionid=" + s.key + "\r\n")
	}
	body := toBytes(r.Body)
	raw.WriteString("Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw.String())))
	if err != nil {
		t.Fatalf("%v:\n%q", err, raw.String())
	}
	if r.HTTPS {
		req.TLS = new(tls.ConnectionState)
	}
	a := &at{r: r}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, req.WithContext(context.WithValue(t.Context(), contextKey{}, a)))
	switch w.Code {
	case http.StatusOK:
		a.got.Verdict = "ok"
	case http.StatusBadRequest:
		a.got.Verdict, a.got.Reason = "400", "form"
	default:
		a.got.Verdict = strconv.Itoa(w.Code)
	}
	for _, line := range w.Header()["Set-Cookie"] {
		if !strings.HasPrefix(line, "sessionid=") {
			a.got.Cookie = line
		}
	}
	if r.Settings["CSRF_USE_SESSIONS"] != true {
		a.got.Vary = w.Header().Get("Vary")
	}
	return a.got
}

// toBytes is text.encode("latin-1").
func toBytes(text string) string {
	b := make([]byte, 0, len(text))
	for _, r := range text {
		b = append(b, byte(r))
	}
	return string(b)
}

// toText is its reverse.
func toText(bytes string) string {
	var b strings.Builder
	for i := range len(bytes) {
		b.WriteRune(rune(bytes[i]))
	}
	return b.String()
}
