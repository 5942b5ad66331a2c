package djsession_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// behind is a Go service whose Middleware contains a reverse proxy to a site.
type behind struct {
	store *memstore.Store
	log   bytes.Buffer
	srv   *httptest.Server
	// upgrade makes the client ask for a websocket.
	upgrade bool
}

// newBehind starts a behind, whose view runs before the proxy. With h2 the client speaks
// HTTP/2.
func newBehind(t *testing.T, h2 bool, set djsession.Settings, upstream http.HandlerFunc, view func(*djsession.Session) error) *behind {
	t.Helper()
	b := new(behind)
	set.Keys, set.Logger = signer.SecretKey("proxy"), slog.New(slog.NewTextHandler(&b.log, nil))
	site, err := djsession.NewSite(set)
	if err != nil {
		t.Fatal(err)
	}
	b.store = memstore.New(site)
	up := httptest.NewServer(upstream)
	t.Cleanup(up.Close)
	to, err := url.Parse(up.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	b.srv = httptest.NewUnstartedServer(djsession.New(b.store).Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := djsession.Load(r.Context())
		if err == nil && view != nil {
			err = view(s)
		}
		if err != nil {
			http.Error(w, "no session", djsession.ErrorStatus(err))
			return
		}
		proxy.ServeHTTP(w, r)
	})))
	b.srv.EnableHTTP2 = h2
	b.srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	b.srv.StartTLS()
	t.Cleanup(b.srv.Close)
	return b
}

// get requests a page with the cookie of a session.
func (b *behind) get(t *testing.T, method, key string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if b.upgrade {
		r.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}
	}
	r.AddCookie(&http.Cookie{Name: "sessionid", Value: key})
	res, err := b.srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusSwitchingProtocols {
		return res, ""
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Errorf("the answer breaks off: %v", err)
	}
	return res, string(body)
}

const (
	proxyKey = "abcdefghijklmnopqrstuvwxyz012345"
	goneKey  = "stalestalestalestalestalestale00"
)

func proxied(t *testing.T, b *behind) {
	t.Helper()
	_, err := b.store.Create(t.Context(), proxyKey, &djsession.Record{
		Data: serializer.NewDict(serializer.Item{Key: "n", Value: 1}), Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
}

// TestCookieOfProxied checks that the browser gets the session cookie of the site behind
// the proxy, and no other.
func TestCookieOfProxied(t *testing.T) {
	const theirs = "sessionid=newnewnewnewnewnewnewnewnewnew00; HttpOnly; Path=/; SameSite=Lax"
	set := func(s *djsession.Session) error { return s.Set("a", 1) }
	for _, tt := range []struct {
		name   string
		why    string
		key    string
		always bool // SESSION_SAVE_EVERY_REQUEST
		theirs string
		view   func(*djsession.Session) error
		gone   bool // the site deletes the session, as when it cycles the key
		logged bool // a change is lost
	}{
		{name: "login by a stale cookie", why: "ours would be its deletion", key: goneKey, theirs: theirs},
		{name: "login, every request saved", why: "ours would prolong the old session", key: proxyKey, always: true, theirs: theirs, gone: true},
		{name: "logout, every request saved", why: "ours would undo it", key: proxyKey, always: true, theirs: `sessionid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/`, gone: true},
		{name: "a change of ours", why: "it is saved under the old key", key: proxyKey, theirs: theirs, view: set},
		{name: "a change of what is gone", why: "nobody is refused his login for a counter", key: proxyKey, theirs: theirs, view: set, gone: true, logged: true},
		{name: "a new session of ours", why: "it would need a second cookie", key: goneKey, theirs: theirs, view: set, logged: true},
		{name: "a new key of ours", why: "it would need a second cookie", key: proxyKey, theirs: theirs, view: (*djsession.Session).CycleKey, logged: true},
		{name: "saved by us", why: "it is stored under the old key", key: proxyKey, theirs: theirs, view: func(s *djsession.Session) error { return errors.Join(set(s), s.Save(context.Background())) }},
		{name: "saved by us under a new key", why: "it would need a second cookie", key: goneKey, theirs: theirs, logged: true,
			view: func(s *djsession.Session) error { return errors.Join(set(s), s.Save(context.Background())) }},
		{name: "renewed by us", why: "the site has done it", key: proxyKey, theirs: theirs, gone: true, view: func(s *djsession.Session) error { return s.Renew("hash", "new") }},
		{name: "set aside by us", why: "nothing is changed", key: proxyKey, theirs: theirs, view: func(s *djsession.Session) error { s.SetAside(errors.New("no")); return nil }},
		{name: "flushed by us", why: "ours would be its deletion", key: proxyKey, theirs: theirs, view: func(s *djsession.Session) error { return s.Flush(context.Background()) }},
		{name: "spaces around the name", key: goneKey, theirs: " sessionid =x; Path=/other"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b *behind
			b = newBehind(t, false, djsession.Settings{SaveEveryRequest: tt.always}, func(w http.ResponseWriter, r *http.Request) {
				if tt.gone {
					_ = b.store.Delete(r.Context(), proxyKey, djsession.Force)
				}
				w.Header().Set("Set-Cookie", tt.theirs)
				io.WriteString(w, "page")
			}, tt.view)
			proxied(t, b)
			res, body := b.get(t, "GET", tt.key)
			if res.StatusCode != 200 || body != "page" {
				t.Errorf("%d %q, want the page", res.StatusCode, body)
			}
			if got := res.Header.Values("Set-Cookie"); len(got) != 1 || strings.TrimSpace(got[0]) != strings.TrimSpace(tt.theirs) {
				t.Errorf("%d cookies are set, want the site's alone (%s)", len(got), tt.why)
			}
			if logged := strings.Contains(b.log.String(), "the change is lost"); logged != tt.logged {
				t.Errorf("logged that a change is lost: %v, want %v", logged, tt.logged)
			}
			if r, _, err := b.store.Load(t.Context(), proxyKey); tt.name == "a change of ours" && (err != nil || !r.Data.Has("a")) {
				t.Errorf("the change is not stored: %v", err)
			}
		})
	}
	t.Run("another name", func(t *testing.T) {
		b := newBehind(t, false, djsession.Settings{}, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Set-Cookie", "sessionid2=sessionid")
		}, nil)
		if res, _ := b.get(t, "GET", goneKey); len(res.Header.Values("Set-Cookie")) != 2 {
			t.Error("a cookie of another name keeps ours from being deleted")
		}
	})
}

// TestSameCookieOfProxied: the site behind the proxy prolongs the session that we
// changed. If the session is gone, the change cannot be saved, and the client gets an
// error.
func TestSameCookieOfProxied(t *testing.T) {
	for _, gone := range []bool{false, true} {
		var b *behind
		b = newBehind(t, false, djsession.Settings{}, func(w http.ResponseWriter, r *http.Request) {
			if gone {
				_ = b.store.Delete(r.Context(), proxyKey, djsession.Force)
			}
			w.Header().Set("Set-Cookie", "sessionid="+proxyKey+"; Path=/")
		}, func(s *djsession.Session) error { return s.Set("a", 1) })
		proxied(t, b)
		res, _ := b.get(t, "GET", proxyKey)
		want, cookies := 200, 1
		if gone {
			want, cookies = 400, 0
		}
		if n := len(res.Header.Values("Set-Cookie")); res.StatusCode != want || n != cookies {
			t.Errorf("gone %v: got %d with %d cookies, want %d with %d", gone, res.StatusCode, n, want, cookies)
		}
		if r, _, err := b.store.Load(t.Context(), proxyKey); !gone && (err != nil || !r.Data.Has("a")) {
			t.Errorf("the change is not stored: %v", err)
		}
	}
}

// TestUpgradeOfProxied: after the hijacking, the header of an upgrade is added to ours.
func TestUpgradeOfProxied(t *testing.T) {
	const theirs = "sessionid=newnewnewnewnewnewnewnewnewnew00; Path=/"
	for _, tt := range []struct {
		name   string
		key    string
		always bool
		view   func(*djsession.Session) error
		ours   int // cookies besides the site's
	}{
		{"a stale cookie", goneKey, false, nil, 0},
		{"every request saved", proxyKey, true, nil, 0},
		{"changed", proxyKey, false, func(s *djsession.Session) error { return s.Set("a", 1) }, 1},
		{"flushed", proxyKey, false, func(s *djsession.Session) error { return s.Flush(context.Background()) }, 1},
	} {
		b := newBehind(t, false, djsession.Settings{SaveEveryRequest: tt.always}, func(w http.ResponseWriter, r *http.Request) {
			conn, buf, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			buf.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSet-Cookie: " + theirs + "\r\n\r\n")
			buf.Flush()
		}, tt.view)
		b.upgrade = true
		proxied(t, b)
		res, _ := b.get(t, "GET", tt.key)
		lines := res.Header.Values("Set-Cookie")
		if res.StatusCode != 101 || len(lines) != 1+tt.ours || lines[len(lines)-1] != theirs {
			t.Errorf("%s: got %d with %d cookies, want 101 with %d, the site's the last", tt.name, res.StatusCode, len(lines), 1+tt.ours)
		}
	}
}

// TestSaveFailsInProxy: the client gets a complete error response, whatever response the
// site behind the proxy began.
func TestSaveFailsInProxy(t *testing.T) {
	endless := func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := io.WriteString(w, "data: x\n\n"); err != nil || http.NewResponseController(w).Flush() != nil || r.Context().Err() != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}
	for name, upstream := range map[string]http.HandlerFunc{
		"a page": func(w http.ResponseWriter, r *http.Request) {
			for _, name := range []string{"Etag", "Last-Modified", "Cache-Control", "Content-Disposition"} {
				w.Header().Set(name, "theirs")
			}
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Set-Cookie", "csrftoken=theirs")
			w.Header().Set("Content-Length", "4")
			io.WriteString(w, "page")
		},
		"a large page": func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, 4<<20)) },
		"a stream":     endless,
		"no content":   func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"not modified": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNotModified) },
		"trailers": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Trailer", "X-Sum")
			io.WriteString(w, "page")
			w.Header().Set("X-Sum", "theirs")
		},
		"trailers without a body": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Trailer", "X-Sum")
			http.NewResponseController(w).Flush()
			w.Header().Set("X-Sum", "theirs")
			w.Header().Set(http.TrailerPrefix+"X-Late", "theirs")
		},
		"trailers that come unannounced": func(w http.ResponseWriter, r *http.Request) {
			http.NewResponseController(w).Flush()
			w.Header().Set(http.TrailerPrefix+"X-Late", "theirs")
		},
		"an early hint": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", "</style.css>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			io.WriteString(w, "page")
		},
		"an upgrade": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Connection", "Upgrade")
			w.Header().Set("Upgrade", "websocket")
			w.WriteHeader(http.StatusSwitchingProtocols)
		},
	} {
		for _, h2 := range []bool{false, true} {
			for _, method := range []string{"GET", "HEAD"} {
				for want, cause := range map[int]error{503: djsession.Unavailable("save", errors.New("down")), 400: nil} {
					var b *behind
					b = newBehind(t, h2, djsession.Settings{}, upstream, func(s *djsession.Session) error {
						err := s.Set("a", 1)
						if cause != nil {
							b.store.Fail(cause)
						} else {
							_ = b.store.Delete(context.Background(), proxyKey, djsession.Force)
						}
						return err
					})
					if b.upgrade = name == "an upgrade"; b.upgrade && (h2 || method != "GET") {
						continue // no such upgrade
					}
					proxied(t, b)
					res, body := b.get(t, method, proxyKey)
					if res.StatusCode != want {
						t.Errorf("%s, %s, HTTP/2 %v: status %d, want %d", name, method, h2, res.StatusCode, want)
					}
					if text := http.StatusText(want) + "\n"; method == "GET" && body != text {
						t.Errorf("%s, HTTP/2 %v: the body is %.40q, want %q", name, h2, body, text)
					}
					if len(res.Trailer) > 0 {
						t.Errorf("%s, HTTP/2 %v: the error page has the trailers of the page", name, h2)
					}
					for _, left := range []string{"Etag", "Last-Modified", "Cache-Control", "Content-Encoding", "Content-Disposition", "Set-Cookie"} {
						if res.Header.Get(left) != "" {
							t.Errorf("%s: the error page has the %s of the page", name, left)
						}
					}
				}
			}
		}
	}
}

// TestPanicBesideFailure checks that a panic passes through after a failed save, unless
// it is that of a proxy.
func TestPanicBesideFailure(t *testing.T) {
	w := newWorld(t)
	h := w.m.Middleware(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		s, err := djsession.Load(r.Context())
		if err != nil {
			t.Error(err)
			return
		}
		if err := s.Set("a", 1); err != nil {
			t.Error(err)
		}
		w.store.fail("create", djsession.Unavailable("save", errors.New("down")))
		io.WriteString(rw, "page")
		panic("a fault of the program")
	}))
	defer func() {
		if p := recover(); p != "a fault of the program" {
			t.Errorf("recovered %v", p)
		}
	}()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
}
