package djmessages

import "errors"

// Errors of this package, to be matched by errors.Is.
var (
	// ErrNoMiddleware is MessageFailure: the request did not pass a Framework's
	// Middleware.
	ErrNoMiddleware = errors.New("djmessages: request without the middleware of messages")
)

// errCorrupt: what is stored as messages is something else. It is removed with the
// response, and told to the Logger.
var errCorrupt = errors.New("djmessages: what is stored are no messages")
