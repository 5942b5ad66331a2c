package djsession

import (
	"errors"
	"fmt"
)

// Errors of stores and sessions; match them by [errors.Is]. None of their texts holds a
// session key, a cookie or a value.
var (
	// ErrNotFound: there is no such session.
	ErrNotFound = errors.New("djsession: session not found")
	// ErrExpired: the session is there, but it has expired. It matches [ErrNotFound] too.
	ErrExpired = is(ErrNotFound, "djsession: session expired")
	// ErrNoCookie: the client sent no session cookie.
	ErrNoCookie = errors.New("djsession: no session cookie")
	// ErrKeyTaken: the key given to [Store.Create] is in use.
	ErrKeyTaken = errors.New("djsession: session key taken")
	// ErrConflict: somebody else changed the session after it was read.
	ErrConflict = errors.New("djsession: session changed meanwhile")
	// ErrCorrupt: the stored session does not decode. It also matches the error of signer
	// or serializer that says why.
	ErrCorrupt = errors.New("djsession: session does not decode")
	// ErrLegacy: the signature is good, but in the format of Django before 3.1, which the
	// Site's Django does not read. It matches [ErrCorrupt] too.
	ErrLegacy = is(ErrCorrupt, "djsession: session in the format of Django before 3.1")
	// ErrInterrupted: the session was deleted, or another user logged in, during this
	// request. It is Django's SessionInterrupted; its [ErrorStatus] is 400.
	ErrInterrupted = errors.New("djsession: session ended by another request")
	// ErrUnavailable: the store could not be reached, did not answer in time, or returned
	// an error of its own.
	ErrUnavailable = errors.New("djsession: session store unavailable")
	// ErrTooLarge: the session does not fit where the engine keeps it.
	ErrTooLarge = errors.New("djsession: session too large")
	// ErrCommitted: the response has begun, and the session can no longer be changed.
	ErrCommitted = errors.New("djsession: response already started")
	// ErrInUpdate: the function given to [Session.Update] or [Edit] used the Session
	// itself, and not its argument. It matches [ErrConflict] too.
	ErrInUpdate = is(ErrConflict, "djsession: a function of Update uses its own Session")
	// ErrNoSession: the context is not that of a request that passed
	// [Manager.Middleware].
	ErrNoSession = errors.New("djsession: no session in this context")
	// ErrConfig: the settings cannot work.
	ErrConfig = errors.New("djsession: invalid settings")
)

// kindError is a sentinel that matches another sentinel too.
type kindError struct {
	parent error
	text   string
}

func is(parent error, text string) error { return &kindError{parent, text} }

func (e *kindError) Error() string        { return e.text }
func (e *kindError) Is(target error) bool { return errors.Is(e.parent, target) }

// hidden is an error with a cause that matches but is not printed, because the texts of
// other packages quote keys and values.
type hidden struct {
	kind  error
	doing string
	cause *error // a pointer, which package fmt does not follow
}

func (e *hidden) Error() string   { return fmt.Sprintf("%s: %v", e.doing, e.kind) }
func (e *hidden) Unwrap() []error { return []error{e.kind, *e.cause} }

// GoString keeps %#v from printing the cause.
func (e *hidden) GoString() string { return e.Error() }

// Unavailable returns an error that matches [ErrUnavailable]. Its text says what was
// being done and leaves the cause out; [errors.Is] and [errors.As] find the cause.
func Unavailable(doing string, cause error) error {
	return &hidden{ErrUnavailable, doing, &cause}
}

// Corrupt returns an error that matches [ErrCorrupt]. It says what was being done, and
// hides its cause as [Unavailable] does.
func Corrupt(doing string, cause error) error {
	return &hidden{ErrCorrupt, doing, &cause}
}
