package djmessages

import "errors"

// Errors of this package, to be matched by [errors.Is].
var (
	// ErrNoMiddleware is MessageFailure: the request did not pass a Framework's
	// Middleware.
	ErrNoMiddleware = errors.New("djmessages: request without the middleware of messages")
)

// errCorrupt: the stored value is no list of messages. It is removed with the response
// and reported to the Logger.
var errCorrupt = errors.New("djmessages: what is stored are no messages")
