package djcsrf

import (
	"errors"
	"net/http"
)

// ErrForbidden: no page of the site sent the request, or nothing proves that one did.
// [djsession.ErrorStatus] is 403, as in Django. The errors below say why.
var ErrForbidden error = &kindError{text: "djcsrf: CSRF verification failed", status: http.StatusForbidden}

// Reasons for which a request is forbidden. All are ErrForbidden.
var (
	// ErrNoCookie: no CSRF cookie, or with UseSessions nothing in the session.
	ErrNoCookie = is(ErrForbidden, "djcsrf: CSRF cookie not set")
	// ErrBadCookie: the CSRF cookie, or the value in the session, is no secret.
	ErrBadCookie = is(ErrForbidden, "djcsrf: CSRF cookie has a wrong form")
	// ErrNoToken: neither the form nor the header has a token.
	ErrNoToken = is(ErrForbidden, "djcsrf: CSRF token missing")
	// ErrBadToken: the token does not fit the cookie.
	ErrBadToken = is(ErrForbidden, "djcsrf: CSRF token incorrect")
	// ErrTokenForm: what should be the token does not look like one. It is an
	// ErrBadToken.
	ErrTokenForm = is(ErrBadToken, "djcsrf: CSRF token has a wrong form")
	// ErrBadOrigin: the Origin is neither the site nor trusted.
	ErrBadOrigin = is(ErrForbidden, "djcsrf: Origin does not match any trusted origins")
	// ErrBadReferer: the Referer is neither the site nor trusted.
	ErrBadReferer = is(ErrForbidden, "djcsrf: Referer does not match any trusted origins")
	// ErrNoReferer: by HTTPS with neither Origin nor Referer. It is an ErrBadReferer,
	// as are the next two.
	ErrNoReferer = is(ErrBadReferer, "djcsrf: no Referer")
	// ErrMalformedReferer: the Referer is no URL with scheme and host.
	ErrMalformedReferer = is(ErrBadReferer, "djcsrf: Referer is malformed")
	// ErrInsecureReferer: by HTTPS from a page that was not.
	ErrInsecureReferer = is(ErrBadReferer, "djcsrf: Referer is insecure while host is secure")
)

// Errors that say nothing about where a request comes from.
var (
	// ErrForm: the form is too large or not well formed. djsession.ErrorStatus gives 400,
	// as Django answers.
	ErrForm error = &kindError{text: "djcsrf: the form cannot be read", status: http.StatusBadRequest}
	// ErrNoMiddleware: the request did not pass a Protection's Middleware.
	ErrNoMiddleware = errors.New("djcsrf: no CSRF middleware in this context")
)

// kindError is a sentinel with the status to answer it with. It may be another one too.
type kindError struct {
	parent error
	text   string
	status int
}

func is(parent error, text string) error {
	return &kindError{parent, text, parent.(*kindError).status}
}

func (e *kindError) Error() string        { return e.text }
func (e *kindError) StatusCode() int      { return e.status }
func (e *kindError) Is(target error) bool { return errors.Is(e.parent, target) }
