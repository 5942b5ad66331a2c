package djcsrf_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djsession"
)

const cookie = "Cookie: csrftoken=" + secret

func TestCheckToken(t *testing.T) {
	field := func(text string) string { return "a=b&csrfmiddlewaretoken=" + text }
	for _, tt := range []struct {
		name, why string
		r         *http.Request
		want      error
	}{
		{"field", "", ask("POST", field(secret), cookie), nil},
		{"masked field", "", ask("POST", field(masked), cookie), nil},
		{"masked cookie", "as Django before 4.1 wrote it", ask("POST", field(secret), "Cookie: csrftoken="+masked), nil},
		{"header", "", ask("POST", "", cookie, "X-CSRFToken: "+masked), nil},
		{"header of PUT", "", ask("PUT", "", cookie, "X-CSRFToken: "+masked), nil},
		{"empty field and header", "", ask("POST", field(""), cookie, "X-CSRFToken: "+masked), nil},
		{"last field of two", "as QueryDict.get", ask("POST", field(another)+"&csrfmiddlewaretoken="+secret, cookie), nil},
		{"escaped field", "", ask("POST", "csrf%6diddlewaretoken=%61"+secret[1:], cookie), nil},
		{"last cookie of two", "as parse_cookie", ask("POST", field(secret), "Cookie: csrftoken=x; csrftoken="+secret), nil},
		{"quoted cookie", "", ask("POST", field(secret), `Cookie: csrftoken="\141`+secret[1:]+`"`), nil},
		{"safe methods", "", ask("TRACE", ""), nil},

		{"no cookie", "", ask("POST", field(secret)), djcsrf.ErrNoCookie},
		{"empty cookie", "", ask("POST", field(secret), "Cookie: csrftoken="), djcsrf.ErrBadCookie},
		{"short cookie", "", ask("POST", field(secret), "Cookie: csrftoken="+secret[1:]), djcsrf.ErrBadCookie},
		{"foreign cookie", "", ask("POST", field(secret), "Cookie: csrftoken=-"+secret[1:]), djcsrf.ErrBadCookie},
		{"no token", "", ask("POST", "a=b", cookie), djcsrf.ErrNoToken},
		{"empty header", "it is there, and has a wrong form", ask("POST", "a=b", cookie, "X-CSRFToken: "), djcsrf.ErrTokenForm},
		{"two headers", "a server joins them", ask("POST", "", cookie, "X-CSRFToken: "+secret, "X-CSRFToken: "+secret), djcsrf.ErrTokenForm},
		{"token of another", "", ask("POST", field(another), cookie), djcsrf.ErrBadToken},
		{"bad field, good header", "the field counts", ask("POST", field(another), cookie, "X-CSRFToken: "+secret), djcsrf.ErrBadToken},
		{"damaged field, good header", "url.ParseQuery would drop it", ask("POST", field("%zz"), cookie, "X-CSRFToken: "+secret), djcsrf.ErrTokenForm},
		{"field of PUT", "only POST has a form", ask("PUT", field(secret), cookie), djcsrf.ErrNoToken},
		{"field as text", "", typed(ask("POST", field(secret), cookie), "text/plain"), djcsrf.ErrNoToken},
		{"small letters", "`get` is not GET", ask("get", "", cookie), djcsrf.ErrNoToken},
		{"in the query", "", query(ask("POST", "", cookie), "csrfmiddlewaretoken="+secret), djcsrf.ErrNoToken},
		{"multipart without boundary", "", typed(ask("POST", field(secret), cookie), "multipart/form-data"), djcsrf.ErrForm},
		{"large form", "", ask("POST", field(secret)+"&x="+strings.Repeat("x", 3<<20), cookie), djcsrf.ErrForm},
	} {
		t.Run(tt.name, func(t *testing.T) { checks(t, newWorld(t, "6.1", nil), tt.r, tt.want) })
	}
}

func typed(r *http.Request, kind string) *http.Request {
	r.Header.Set("Content-Type", kind)
	return r
}

func query(r *http.Request, q string) *http.Request {
	r.URL.RawQuery = q
	return r
}

// checks wants this error of Check, and of the Middleware the status that belongs to it.
func checks(t *testing.T, w *world, r *http.Request, want error) {
	t.Helper()
	err := w.p.Check(r)
	if want == nil && err != nil || !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
	if want == nil {
		return
	}
	if forbidden := want != djcsrf.ErrForm; errors.Is(err, djcsrf.ErrForbidden) != forbidden {
		t.Errorf("%v is ErrForbidden: %t, want %t", err, !forbidden, forbidden)
	}
	for _, secret := range []string{secret, masked, another} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error quotes the request: %v", err)
		}
	}
}

func TestCheckOrigin(t *testing.T) {
	o := &djcsrf.Options{TrustedOrigins: []string{"https://shop.example.org", "https://*.Partner.net", "http://plain.example.org"}}
	good := "csrfmiddlewaretoken=" + secret
	for _, tt := range []struct {
		name, origin, referer string
		http                  bool
		want                  error
	}{
		{name: "own", origin: "https://www.example.com"},
		{name: "own by http", origin: "http://www.example.com", http: true},
		{name: "trusted", origin: "https://shop.example.org"},
		{name: "below trusted", origin: "https://a.b.partner.net"},
		{name: "trusted itself", origin: "https://partner.net"},
		{name: "null", origin: "null", referer: "https://www.example.com/", want: djcsrf.ErrBadOrigin},
		{name: "empty", origin: " ", want: djcsrf.ErrBadOrigin},
		{name: "other scheme", origin: "http://www.example.com", want: djcsrf.ErrBadOrigin},
		{name: "trusted by another scheme", origin: "http://shop.example.org", want: djcsrf.ErrBadOrigin},
		{name: "other port", origin: "https://www.example.com:8443", want: djcsrf.ErrBadOrigin},
		{name: "looks alike", origin: "https://evilpartner.net", want: djcsrf.ErrBadOrigin},
		{name: "trusted before", origin: "https://partner.net.evil.com", want: djcsrf.ErrBadOrigin},
		{name: "becomes another by normalisation", origin: "https://evil.com\uff0f.partner.net", want: djcsrf.ErrBadOrigin},
		{name: "brackets", origin: "https://[evil].partner.net", want: djcsrf.ErrBadOrigin},

		{name: "none by http", http: true},
		{name: "own referer", referer: "https://www.example.com/a?b#c"},
		{name: "trusted referer", referer: "https://a.partner.net"},
		{name: "referer trusted by http", referer: "https://plain.example.org/"},
		{name: "no referer", want: djcsrf.ErrNoReferer},
		{name: "malformed referer", referer: "www.example.com", want: djcsrf.ErrMalformedReferer},
		{name: "referer without a host", referer: "https:///", want: djcsrf.ErrMalformedReferer},
		{name: "referer with half a bracket", referer: "https://[::1/", want: djcsrf.ErrMalformedReferer},
		{name: "insecure referer", referer: "http://www.example.com/", want: djcsrf.ErrInsecureReferer},
		{name: "bad referer", referer: "https://evil.com/www.example.com", want: djcsrf.ErrBadReferer},
		{name: "referer with another port", referer: "https://www.example.com:444/", want: djcsrf.ErrBadReferer},
		{name: "referer with a user", referer: "https://www.example.com@evil.com/", want: djcsrf.ErrBadReferer},
		{name: "referer in capitals", referer: "https://WWW.example.com/", want: djcsrf.ErrBadReferer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := ask("POST", good, cookie)
			if !tt.http {
				secure(r)
			}
			if tt.origin != "" {
				r.Header.Set("Origin", strings.TrimSpace(tt.origin))
			}
			if tt.referer != "" {
				r.Header.Set("Referer", tt.referer)
			}
			checks(t, newWorld(t, "6.1", o), r, tt.want)
		})
	}
}

// What differs between Djangos, and by settings.
func TestCheckVersions(t *testing.T) {
	post := func(headers ...string) *http.Request {
		return secure(ask("POST", "csrfmiddlewaretoken="+secret, append(headers, cookie)...))
	}
	domain := &djcsrf.Options{CookieDomain: ".example.com"}
	for _, tt := range []struct {
		name, django string
		o            *djcsrf.Options
		r            *http.Request
		want         error
	}{
		{"origin before 4.0", "3.2", nil, post("Origin: null", "Referer: https://www.example.com/"), nil},
		{"origin from 4.0 on", "4.0", nil, post("Origin: null", "Referer: https://www.example.com/"), djcsrf.ErrBadOrigin},
		{"trusted host", "3.2", &djcsrf.Options{TrustedOrigins: []string{".Partner.net"}}, post("Referer: https://a.partner.net/"), nil},
		{"trusted host on 1.8", "1.8", &djcsrf.Options{TrustedOrigins: []string{".partner.net"}}, post("Referer: https://a.partner.net/"), djcsrf.ErrBadReferer},
		{"same origin on 1.8", "1.8", nil, post("Referer: https://WWW.example.com:443/"), nil},
		{"masked on 1.8", "1.8", nil, ask("POST", "csrfmiddlewaretoken="+masked, cookie), djcsrf.ErrTokenForm},
		{"domain of the cookie", "5.2", domain, post("Referer: https://api.example.com/"), nil},
		{"domain itself", "5.2", domain, post("Referer: https://example.com/"), nil},
		{"domain with a port", "5.2", domain, post("Referer: https://api.example.com:8443/"), djcsrf.ErrBadReferer},
		{
			"domain, forwarded port", "5.2", &djcsrf.Options{CookieDomain: ".example.com", Port: djcsrf.ForwardedPort},
			post("X-Forwarded-Port: 8443", "Referer: https://api.example.com:8443/"), nil,
		},
		{"a host that is not allowed", "5.2", &djcsrf.Options{Host: djcsrf.AllowedHosts([]string{"example.org"}, false)}, post("Origin: https://www.example.com"), djcsrf.ErrBadOrigin},
		{"the same as Referer", "5.2", &djcsrf.Options{Host: djcsrf.AllowedHosts(nil, false)}, post("Referer: https://www.example.com/"), djcsrf.ErrBadReferer},
		{"forwarded host", "5.2", &djcsrf.Options{Host: djcsrf.AllowedHosts([]string{".example.net"}, true)}, post("X-Forwarded-Host: a.example.net", "Origin: https://a.example.net"), nil},
		{"name of the header", "5.2", &djcsrf.Options{HeaderName: "HTTP_X_XSRF_TOKEN"}, ask("PUT", "", cookie, "X-XSRF-Token: "+secret), nil},
		{"name of the header as sent", "5.2", &djcsrf.Options{HeaderName: "X-XSRF-Token"}, ask("PUT", "", cookie, "x-xsrf-token: "+secret), nil},
	} {
		t.Run(tt.name, func(t *testing.T) { checks(t, newWorld(t, tt.django, tt.o), tt.r, tt.want) })
	}
}

func TestNewRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, django string
		o            djcsrf.Options
		field        string
	}{
		{"cookie name", "", djcsrf.Options{CookieName: "a b"}, "CookieName"},
		{"age", "", djcsrf.Options{CookieAge: -1}, "CookieAge"},
		{"domain", "", djcsrf.Options{CookieDomain: "a;b"}, "CookieDomain"},
		{"path", "", djcsrf.Options{CookiePath: "a"}, "CookiePath"},
		{"same site", "", djcsrf.Options{CookieSameSite: 9}, "CookieSameSite"},
		{"header", "", djcsrf.Options{HeaderName: "a b"}, "HeaderName"},
		{"sessions before 1.11", "1.10", djcsrf.Options{UseSessions: true}, "UseSessions"},
		{"form", "", djcsrf.Options{MaxForm: -1}, "MaxForm"},
		{"origin that is no URL", "", djcsrf.Options{TrustedOrigins: []string{"https://a", "https://[b"}}, "TrustedOrigins[1]"},
		{"Partitioned without Secure", "", djcsrf.Options{CookieAttributes: []string{"Partitioned"}}, "CookieAttributes"},
		{"an attribute with a field", "", djcsrf.Options{CookieAttributes: []string{"Path=/a"}}, "CookieAttributes"},
		{"two attributes in one", "", djcsrf.Options{CookieAttributes: []string{"A; B"}}, "CookieAttributes"},
		{"age zero and another", "", djcsrf.Options{CookieAgeZero: true, CookieAge: time.Hour}, "CookieAgeZero"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.django == "" {
				tt.django = "6.1"
			}
			_, err := djcsrf.New(newWorld(t, tt.django, nil).m, &tt.o)
			if !errors.Is(err, djsession.ErrConfig) || !strings.Contains(err.Error(), tt.field) {
				t.Errorf("got %v, want an ErrConfig about %s", err, tt.field)
			}
		})
	}
}

// A store that fails is no missing token.
func TestStoreDown(t *testing.T) {
	w := newWorld(t, "6.1", nil)
	w.m = djsession.New(brokenStore{w.store})
	var err error
	if w.p, err = djcsrf.New(w.m, &djcsrf.Options{UseSessions: true}); err != nil {
		t.Fatal(err)
	}
	r := ask("POST", "csrfmiddlewaretoken="+secret, "Cookie: sessionid="+w.site.NewKey())
	if res := w.serve(r, ok); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got %d, want 503", res.StatusCode)
	}
}

// A trusted origin that Django tolerates trusts requests with just that Origin.
func TestOddTrustedOrigins(t *testing.T) {
	for _, odd := range []string{"null", "file://", "", "shop.example.com", "*", "//shop.example.com"} {
		w := newWorld(t, "5.2", &djcsrf.Options{TrustedOrigins: []string{odd}})
		for _, origin := range []string{odd, "https://evil.example", "null", "file://", "https://shop.example.com"} {
			r := ask("POST", "csrfmiddlewaretoken="+secret, cookie)
			r.Header["Origin"] = []string{origin}
			want := error(nil)
			if origin != odd || odd == "*" {
				want = djcsrf.ErrBadOrigin
			}
			if err := w.p.Check(r); !errors.Is(err, want) {
				t.Errorf("trusted %q, Origin %q: got %v, want %v", odd, origin, err, want)
			}
		}
	}
}

// An error says which origins were compared, and nothing else of the request.
func TestErrorCompares(t *testing.T) {
	for _, tt := range []struct{ header, value, want string }{
		{"Origin", "https://evil.example", "the page is on https://evil.example, and this site is https://www.example.com"},
		{"Origin", "http://www.example.com", "the page is on http://www.example.com, and this site is https://www.example.com"},
		{"Origin", "https://user:hidden@evil.example/hidden?hidden", "the page is on https://evil.example, and"},
		{"Origin", "null", "the page is on null, and"},
		{"Origin", "https://evil.example\x1b[2J", "the page is on https://evil.example?[2J"},
		{"Referer", "https://user:hidden@evil.example/reset/hidden/?hidden=1", "the page is on https://evil.example, and this site is https://www.example.com"},
		{"Referer", "http://www.example.com/hidden", "the page is on http://www.example.com, and this site is https://www.example.com"},
	} {
		r := ask("POST", "csrfmiddlewaretoken="+secret, cookie)
		secure(r)
		r.Header.Set(tt.header, tt.value)
		err := newWorld(t, "5.2", nil).p.Check(r)
		if err == nil || !errors.Is(err, djcsrf.ErrForbidden) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %q: got %v, want %q", tt.header, tt.value, err, tt.want)
		} else if strings.Contains(err.Error(), "hidden") || djsession.ErrorStatus(err) != 403 {
			t.Errorf("%s %q: %v, status %d", tt.header, tt.value, err, djsession.ErrorStatus(err))
		}
	}
}

// CSRF_COOKIE_AGE = 0, CSRF_COOKIE_PATH = "" and further attributes, as Django 5.2 writes
// the first two.
func TestOddCookies(t *testing.T) {
	for _, tt := range []struct {
		o    djcsrf.Options
		want string
	}{
		{djcsrf.Options{CookieAgeZero: true}, "; Max-Age=0; Path=/; SameSite=Lax"},
		{djcsrf.Options{CookieAge: -5 * time.Second}, "; Max-Age=-5; Path=/; SameSite=Lax"},
		{djcsrf.Options{CookiePathNone: true}, "; Max-Age=31449600; SameSite=Lax"},
		{djcsrf.Options{CookieSecure: true, CookieAttributes: []string{"Partitioned", "Priority=High"}}, "; Path=/; SameSite=Lax; Secure; Partitioned; Priority=High"},
	} {
		w := newWorld(t, "5.2", &tt.o)
		rec := httptest.NewRecorder()
		w.m.Middleware(w.p.Middleware(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if _, err := djcsrf.Token(r.Context()); err != nil {
				t.Error(err)
			}
		}))).ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
		if got := rec.Header().Get("Set-Cookie"); !strings.HasSuffix(got, tt.want) {
			t.Errorf("got %q, want the end %q", got, tt.want)
		}
	}
}

// The most fields of a form, and its charset, as Django 4.2 and 5.2 answer.
func TestForms(t *testing.T) {
	token := "csrfmiddlewaretoken=" + secret
	part := func(name, value string) string {
		return "--B\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
	}
	for _, tt := range []struct {
		django, kind, body string
		want               error
	}{
		{"5.2", "", "a=1&b=2&" + token, nil},
		{"5.2", "", "a=1&b=2&c=3&" + token, djcsrf.ErrForm},
		{"5.2", "", "&&&&" + token, djcsrf.ErrForm},
		{"4.2", "", "a=1&b=2&c=3&" + token, djcsrf.ErrForm},
		{"5.2", "; charset=utf-8", token, nil},
		{"5.2", "; charset=UTF-8", token, nil},
		{"5.2", "; charset=latin-1", token, djcsrf.ErrForm},
		{"5.2", "; charset=iso-8859-1", token, djcsrf.ErrForm},
		{"5.2", "; charset=utf8", token, djcsrf.ErrForm},
		{"4.2", "; charset=latin-1", token, nil},
		{"5.2", "multipart", part("a", "1") + part("b", "2") + part("csrfmiddlewaretoken", secret) + "--B--\r\n", nil},
		{"5.2", "multipart", part("a", "1") + part("b", "2") + part("c", "3") + part("csrfmiddlewaretoken", secret) + "--B--\r\n", djcsrf.ErrForm},
	} {
		r := httptest.NewRequest("POST", "http://www.example.com/", strings.NewReader(tt.body))
		r.Header.Set("Cookie", "csrftoken="+secret)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded"+tt.kind)
		if tt.kind == "multipart" {
			r.Header.Set("Content-Type", "multipart/form-data; boundary=B")
		}
		if err := newWorld(t, tt.django, &djcsrf.Options{MaxFields: 3}).p.Check(r); !errors.Is(err, tt.want) {
			t.Errorf("Django %s, %q: got %v, want %v", tt.django, tt.kind+" "+tt.body, err, tt.want)
		}
	}
}
