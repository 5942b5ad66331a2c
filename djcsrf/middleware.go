package djcsrf

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"slices"
	"sync"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/httpcookie"
	"github.com/go-djsession/go-djsession/internal/waitlock"
)

// exchange is a request that passed a Middleware: what Django keeps in request.META.
type exchange struct {
	p     *Protection
	outer *exchange // of another Protection
	r     *http.Request

	mu      sync.Mutex
	s       *djsession.Session // with UseSessions, once it was asked for
	brought string             // what the request had, "" when that does not count any more
	secret  string             // in use, "" until it is asked for
	update  bool               // CSRF_COOKIE_NEEDS_UPDATE
	sent    string             // the Set-Cookie that flush has added
	waiting bool               // flush will be called
	checked bool               // csrf_processing_done
	late    bool               // the client lacks what a token was made for
	reason  error
}

type contextKey struct{}

// current returns the innermost exchange, or nil.
func current(ctx context.Context) *exchange {
	x, _ := ctx.Value(contextKey{}).(*exchange)
	return x
}

// find returns the exchange of this Protection in ctx, or nil.
func (p *Protection) find(ctx context.Context) *exchange {
	x := current(ctx)
	for x != nil && x.p != p {
		x = x.outer
	}
	return x
}

// Middleware is CsrfViewMiddleware. It goes inside of the Middleware of the
// djsession.Manager; without that, it answers every request with 500.
//
// It passes a request that fails the check to Options.Failure. It answers 400 if the form
// cannot be read, and 503 if the session cannot be read. Just before the response begins it
// sends the cookie, or changes the session: if Token was called, after Rotate, and from
// Django 4.0 on if the cookie is no secret.
//
// A visitor without a cookie cannot get a token when the response has begun. The handler
// then gets an error, and Middleware logs the cure. When the handler is done, it breaks the
// response off by a panic with http.ErrAbortHandler, so that half a page is never taken for
// a page. [Protection.Render] makes pages in time.
//
// A second Middleware of the same Protection inside of the first checks what Exempt let pass
// there, and nothing twice.
func (p *Protection) Middleware(next http.Handler) http.Handler { return p.middleware(next, false) }

// Protect is csrf_protect: a Middleware for which nothing is exempt.
func (p *Protection) Protect(next http.Handler) http.Handler { return p.middleware(next, true) }

func (p *Protection) middleware(next http.Handler, all bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if x := p.find(r.Context()); x != nil {
			x.serve(w, r, next, all)
			return
		}
		x := &exchange{p: p, outer: current(r.Context())}
		r = r.WithContext(context.WithValue(r.Context(), contextKey{}, x))
		x.r = r
		if err := x.start(); errors.Is(err, djsession.ErrNoSession) {
			p.logged.Do(func() {
				p.log(r, slog.LevelError, "djcsrf: the Middleware is not inside of a djsession.Manager's Middleware; all requests fail")
			})
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			return
		}
		x.serve(w, r, next, all)
		x.mu.Lock()
		late := x.late
		x.mu.Unlock()
		if late {
			panic(http.ErrAbortHandler)
		}
	})
}

// serve checks r, unless that was done, and calls next.
func (x *exchange) serve(w http.ResponseWriter, r *http.Request, next http.Handler, all bool) {
	if !x.checked && (all || !x.p.o.Exempt(r)) {
		parsed := r.MultipartForm
		err := x.p.Check(r)
		if f := r.MultipartForm; f != nil && f != parsed {
			// The server removes the files of its own request, not those of a copy.
			defer f.RemoveAll()
		}
		if err != nil {
			x.reject(w, r, err)
			return
		}
		x.checked = true
	}
	next.ServeHTTP(w, r)
}

// reject answers a request that failed the check.
func (x *exchange) reject(w http.ResponseWriter, r *http.Request, err error) {
	x.reason = err
	if errors.Is(err, ErrForbidden) {
		x.p.log(r, slog.LevelWarn, "djcsrf: a request was rejected", "reason", err)
		x.p.o.Failure.ServeHTTP(w, r)
		return
	}
	code := djsession.ErrorStatus(err)
	if code >= 500 {
		x.p.log(r, slog.LevelError, "djcsrf: the session could not be read", "error", err)
	}
	http.Error(w, http.StatusText(code), code)
}

// Reason returns why the request with this context was rejected, an ErrForbidden, for
// Options.Failure. Elsewhere it returns nil.
func Reason(ctx context.Context) error {
	if x := current(ctx); x != nil {
		return x.reason
	}
	return nil
}

// start is process_request. It registers flush, so that everything that runs before
// the response, but came later, can still rotate.
func (x *exchange) start() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.wait(x.r.Context()); err != nil {
		return err
	}
	if x.p.o.UseSessions || !x.p.origins {
		return nil
	}
	if _, err := x.p.stored(x.r.Context(), x.r); errors.Is(err, ErrBadCookie) {
		return x.renew(x.r.Context())
	}
	return nil
}

// wait has flush called before the response begins.
func (x *exchange) wait(ctx context.Context) error {
	if x.waiting {
		return nil
	}
	err := djsession.BeforeCommit(waitlock.Until(ctx, x.r.Context()), x.flush)
	x.waiting = err == nil
	return err
}

// renew is _add_new_csrf_cookie.
func (x *exchange) renew(ctx context.Context) error {
	if err := x.wait(ctx); err != nil {
		return err
	}
	x.secret, x.brought, x.update = newSecret(), "", true
	return nil
}

// session reads the session, which holds the secret.
func (x *exchange) session(ctx context.Context) (err error) {
	if x.p.o.UseSessions && x.s == nil {
		x.s, err = x.p.m.Load(ctx)
	}
	return err
}

// Token is get_token: it returns what a form must send as csrfmiddlewaretoken, or a script
// as X-CSRFToken. From Django 1.10 on each call returns another text, because the
// compression of a page can reveal a constant one. The response then sends the cookie, which
// renews its age: call Token only for pages that need it.
//
// Errors: ErrNoMiddleware; djsession.ErrCommitted if the response has begun and the client
// has no secret yet; djsession.ErrUnavailable if ctx ends while another goroutine of the
// request uses the session; with UseSessions those of [djsession.Load].
func Token(ctx context.Context) (string, error) {
	x := current(ctx)
	if x == nil {
		return "", ErrNoMiddleware
	}
	return x.issue(ctx)
}

// lock locks x.mu, or returns an error when ctx ends.
func (x *exchange) lock(ctx context.Context) error {
	if err := waitlock.Lock(ctx, &x.mu); err != nil {
		return djsession.Unavailable("wait for another use of the CSRF token", err)
	}
	return nil
}

func (x *exchange) issue(ctx context.Context) (string, error) {
	if err := x.lock(ctx); err != nil {
		return "", err
	}
	defer x.mu.Unlock()
	if err := x.token(ctx); err != nil {
		if errors.Is(err, djsession.ErrCommitted) && !x.late {
			x.late = true
			x.p.log(x.r, slog.LevelError, "djcsrf: a page asked for a CSRF token when the response had begun, and the visitor has no cookie yet. The response is broken off. Send the page by Protection.Render, or ask for the token before the first byte and before WriteHeader", "pattern", x.r.Pattern)
		}
		return "", fmt.Errorf("make a CSRF token: %w", err)
	}
	if x.p.plain {
		return x.secret, nil
	}
	return mask(x.secret), nil
}

// token makes sure that there is a secret and that the client gets it.
func (x *exchange) token(ctx context.Context) error {
	if err := x.session(ctx); err != nil {
		return err
	}
	if x.secret == "" {
		stored, err := x.p.stored(ctx, x.r)
		switch {
		case errors.Is(err, ErrNoCookie) || errors.Is(err, ErrBadCookie):
			return x.renew(ctx)
		case err != nil:
			return err
		}
		secret := secretOf(stored)
		x.secret, x.brought = string(secret[:]), stored
	}
	if x.wait(ctx) == nil { // otherwise it is too late to begin its time anew, and that is all
		x.update = true
	}
	return nil
}

// Field is {% csrf_token %}: the hidden field of a form. [Protection.Render] gives it to
// templates. Errors as for Token.
func Field(ctx context.Context) (template.HTML, error) {
	x := current(ctx)
	if x == nil {
		return "", ErrNoMiddleware
	}
	return x.field(ctx)
}

func (x *exchange) field(ctx context.Context) (template.HTML, error) {
	token, err := x.issue(ctx)
	if err != nil {
		return "", err
	}
	return template.HTML(`<input type="hidden" name="` + fieldName + `" value="` + token + `">`), nil
}

// Rotate is rotate_token: it gives the client another secret from this response on. Every
// login must call it; djauth's Login does. It acts on the innermost Middleware, and does
// nothing without one.
//
// Errors: djsession.ErrCommitted if the response has begun; djsession.ErrUnavailable as for
// Token; with UseSessions those of [djsession.Load].
func Rotate(ctx context.Context) error {
	x := current(ctx)
	if x == nil {
		return nil
	}
	err := x.lock(ctx)
	if err != nil {
		return err
	}
	defer x.mu.Unlock()
	if err = x.session(ctx); err == nil {
		err = x.renew(ctx)
	}
	if err != nil {
		return fmt.Errorf("rotate the CSRF token: %w", err)
	}
	return nil
}

// EnsureCookie is ensure_csrf_cookie: the response of next sets the cookie, for pages whose
// scripts read it. It goes inside of a Middleware.
func EnsureCookie(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := Token(r.Context()); err != nil {
			code := djsession.ErrorStatus(err)
			http.Error(w, http.StatusText(code), code)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// flush is process_response.
func (x *exchange) flush(h http.Header, _ int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.waiting = false
	if x.p.o.UseSessions {
		httpcookie.VaryOnCookie(h)
	}
	if !x.update {
		return
	}
	x.update = false
	// What the client has is renewed as it is, if it has the form of this version.
	if len(x.brought) != x.p.storedLen() {
		if x.brought = x.secret; x.p.masked {
			x.brought = mask(x.secret)
		}
	}
	if !x.p.o.UseSessions {
		x.send(h)
		httpcookie.VaryOnCookie(h)
		return
	}
	// A login or logout may have emptied the session.
	if v, _ := x.s.Get(sessionKey); v != x.brought {
		_ = x.s.Set(sessionKey, x.brought) // its error fails the commit
	}
}

// send adds the cookie to h. After a late rotation it replaces the one that it added before.
// If the response has a cookie that is not ours, a Django behind a proxy in the handler has
// set it: that secret is newer, and ours is not added.
func (x *exchange) send(h http.Header) {
	lines := h["Set-Cookie"]
	if i := slices.Index(lines, x.sent); x.sent != "" && i >= 0 {
		h["Set-Cookie"] = slices.Delete(slices.Clone(lines), i, i+1)
	}
	if _, theirs := httpcookie.Sets(h, x.p.o.CookieName); !theirs {
		x.sent = x.p.setCookie(x.brought, x.p.site.Now())
		h.Add("Set-Cookie", x.sent)
	}
}

// storedLen is the length of what this version stores.
func (p *Protection) storedLen() int {
	if p.masked {
		return tokenLen
	}
	return secretLen
}

func (p *Protection) log(r *http.Request, level slog.Level, msg string, args ...any) {
	l := p.site.Settings().Logger
	if l == nil {
		l = slog.Default()
	}
	l.Log(r.Context(), level, msg, args...)
}
