package djcsrf

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-djsession/go-djsession/internal/httpcookie"
)

// sessionKey is CSRF_SESSION_KEY.
const sessionKey = "_csrftoken"

// Check is CsrfViewMiddleware.process_view: it returns nil if the request may change
// something. [Protection.Middleware] calls it. Call it yourself without a Middleware, or for
// a request that Options.Exempt lets pass. With UseSessions the request must have passed the
// Middleware of the Manager.
//
// Check reads the body of a POST form, see the package documentation. If you call it with a
// copy of the server's request, call r.MultipartForm.RemoveAll afterwards, to remove
// uploaded files.
//
// Errors: ErrForbidden, with its reason; ErrForm; djsession.ErrScheme; with UseSessions
// those of [djsession.Load].
func (p *Protection) Check(r *http.Request) error {
	switch r.Method {
	case "GET", "HEAD", "OPTIONS", "TRACE":
		return nil
	}
	scheme, err := p.site.Scheme(r)
	if err != nil {
		return fmt.Errorf("check a form: %w", err)
	}
	if all := r.Header["Origin"]; p.origins && len(all) > 0 {
		if got := strings.Join(all, ","); !p.originVerified(r, scheme, got) {
			host := p.o.Host(r)
			if host == "" {
				return compared(ErrBadOrigin, "the page is on %s, and the request's host is not allowed", got)
			}
			return compared(ErrBadOrigin, "the page is on %s, and this site is %s", got, scheme+"://"+host)
		}
	} else if scheme == "https" {
		if err := p.checkReferer(r); err != nil {
			return err
		}
	}
	return p.checkToken(r)
}

// originVerified is _origin_verified. "null" has no scheme and no host.
func (p *Protection) originVerified(r *http.Request, scheme, got string) bool {
	if host := p.o.Host(r); host != "" && got == scheme+"://"+host {
		return true
	}
	if slices.Contains(p.exact, got) {
		return true
	}
	scheme, host, ok := splitURL(got)
	return ok && slices.ContainsFunc(p.wildcard, func(o origin) bool {
		return o.scheme == scheme && sameDomain(host, o.host)
	})
}

// checkReferer is _check_referer.
func (p *Protection) checkReferer(r *http.Request) error {
	all := r.Header["Referer"]
	if len(all) == 0 {
		return ErrNoReferer
	}
	scheme, netloc, ok := splitURL(strings.Join(all, ","))
	switch {
	case !ok || scheme == "" || netloc == "":
		return ErrMalformedReferer
	case scheme != "https":
		return compared(ErrInsecureReferer, "the page is on %s, and this site is %s", scheme+"://"+netloc, "https://"+p.o.Host(r))
	}
	if p.oldest { // which knows nothing but the host
		if !sameOrigin(netloc, p.o.Host(r)) {
			return compared(ErrBadReferer, "the page is on %s, and this site is %s", "https://"+netloc, "https://"+p.o.Host(r))
		}
		return nil
	}
	for _, pattern := range p.referers {
		if sameDomain(netloc, pattern) {
			return nil
		}
	}
	good := p.domain
	if good == "" {
		good = strings.ToLower(p.o.Host(r))
	} else if port := p.o.Port(r); port != "" && port != "443" && port != "80" {
		good += ":" + port
	}
	if good == "" {
		return compared(ErrBadReferer, "the page is on %s, and the request's host is not allowed", "https://"+netloc)
	}
	if !sameDomain(netloc, good) {
		return compared(ErrBadReferer, "the page is on %s, and this site is %s", "https://"+netloc, "https://"+good)
	}
	return nil
}

// compared returns the error kind with the origins that were compared, as far as they are
// origins: each is cut, and has no user or path.
func compared(kind error, format string, origins ...string) error {
	args := make([]any, len(origins))
	for i, o := range origins {
		if scheme, netloc, ok := splitURL(o); ok && scheme != "" && netloc != "" {
			o = scheme + "://" + hostOnly(netloc)
		}
		if o = strings.Map(printable, o); len(o) > 100 {
			o = o[:100] + "..."
		}
		args[i] = o
	}
	return fmt.Errorf("%w: "+format, append([]any{kind}, args...)...)
}

func printable(c rune) rune {
	if c < ' ' || c > '~' {
		return '?'
	}
	return c
}

// hostOnly returns a netloc without a user and a password.
func hostOnly(netloc string) string {
	_, host, _ := cutLast(netloc, "@")
	return host
}

// checkToken is _check_token.
func (p *Protection) checkToken(r *http.Request) error {
	stored, err := p.stored(r.Context(), r)
	if err != nil {
		return err
	}
	var token string
	if strings.EqualFold(r.Method, "POST") {
		if token, err = p.posted(r); err != nil {
			return err
		}
	}
	if token == "" {
		all := r.Header[p.o.HeaderName]
		if len(all) == 0 {
			return ErrNoToken
		}
		token = strings.Join(all, ",")
	}
	if !p.wellFormed(token) {
		return ErrTokenForm
	}
	if !fits(token, stored) {
		return ErrBadToken
	}
	return nil
}

// stored is _get_secret: what the request's cookie or session has, masked or bare.
//
// Errors: ErrNoCookie, ErrBadCookie, with UseSessions those of djsession.Load.
func (p *Protection) stored(ctx context.Context, r *http.Request) (text string, err error) {
	if p.o.UseSessions {
		s, err := p.m.Load(ctx)
		if err != nil {
			return "", err
		}
		v, _ := s.Get(sessionKey)
		if v == nil {
			return "", ErrNoCookie
		}
		text, _ = v.(string)
	} else {
		var n int
		if text, n = httpcookie.Find(r.Header, p.o.CookieName); n == 0 {
			return "", ErrNoCookie
		}
	}
	if !p.wellFormed(text) {
		return "", ErrBadCookie
	}
	return text, nil
}

func (p *Protection) wellFormed(text string) bool {
	return wellFormed(text) && (!p.plain || len(text) == secretLen)
}
