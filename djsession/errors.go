package djsession

import (
	"errors"
	"fmt"
)

// Errors of stores and sessions, to be matched by errors.Is. None of their texts
// holds a session key, a cookie or a value.
var (
	// ErrNotFound: there is no such session.
	ErrNotFound = errors.New("djsession: session not found")
	// ErrExpired: the session is there, but its time is over. It is an ErrNotFound.
	ErrExpired = is(ErrNotFound, "djsession: session expired")
	// ErrNoCookie: the client brought no session cookie.
	ErrNoCookie = errors.New("djsession: no session cookie")
	// ErrKeyTaken: Create was given a key that is in use.
	ErrKeyTaken = errors.New("djsession: session key taken")
	// ErrConflict: somebody else changed the session since it was read.
	ErrConflict = errors.New("djsession: session changed meanwhile")
	// ErrCorrupt: what is stored does not decode. The errors of signer and
	// serializer that tell why match as well.
	ErrCorrupt = errors.New("djsession: session does not decode")
	// ErrLegacy: well signed in the format of Django before 3.1, which the
	// Site's Django does not read. It is an ErrCorrupt.
	ErrLegacy = is(ErrCorrupt, "djsession: session in the format of Django before 3.1")
	// ErrInterrupted: the session was deleted, or another user logged in, while
	// this request was at work. It is Django's SessionInterrupted, answered by 400.
	ErrInterrupted = errors.New("djsession: session ended by another request")
	// ErrUnavailable: the store could not be reached, did not answer in time, or
	// answered with an error of its own.
	ErrUnavailable = errors.New("djsession: session store unavailable")
	// ErrTooLarge: the session does not fit where the engine keeps it.
	ErrTooLarge = errors.New("djsession: session too large")
	// ErrCommitted: the answer is under way, nothing can be changed any more.
	ErrCommitted = errors.New("djsession: response already started")
	// ErrInUpdate: the function of an Update or an Edit used the Session itself, and not
	// what it was given. It is an ErrConflict.
	ErrInUpdate = is(ErrConflict, "djsession: a function of Update uses its own Session")
	// ErrNoSession: the context was not made by a Manager's Middleware.
	ErrNoSession = errors.New("djsession: no session in this context")
	// ErrConfig: settings that cannot work.
	ErrConfig = errors.New("djsession: invalid settings")
)

// kindError is a sentinel that is also another one.
type kindError struct {
	parent error
	text   string
}

func is(parent error, text string) error { return &kindError{parent, text} }

func (e *kindError) Error() string        { return e.text }
func (e *kindError) Is(target error) bool { return errors.Is(e.parent, target) }

// hidden is an error whose cause can be matched but is not printed, because
// foreign texts quote keys and values.
type hidden struct {
	kind  error
	doing string
	cause *error // a pointer, which package fmt does not follow
}

func (e *hidden) Error() string   { return fmt.Sprintf("%s: %v", e.doing, e.kind) }
func (e *hidden) Unwrap() []error { return []error{e.kind, *e.cause} }

// GoString is for %#v, which would print the cause.
func (e *hidden) GoString() string { return e.Error() }

// Unavailable returns an ErrUnavailable that says what was being done. The cause
// is matched by errors.Is and errors.As, but its text is not part of the text.
func Unavailable(doing string, cause error) error {
	return &hidden{ErrUnavailable, doing, &cause}
}

// Corrupt returns an ErrCorrupt that says what was being done, with its cause
// hidden as by Unavailable.
func Corrupt(doing string, cause error) error {
	return &hidden{ErrCorrupt, doing, &cause}
}
