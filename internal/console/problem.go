package console

import (
	"context"
	"errors"
	"strings"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// Exit statuses.
const (
	StatusOK      = 0
	StatusRefused = 1 // not found, not verified, or not possible
	StatusUsage   = 2 // the command line is wrong

	StatusInterrupted = 130 // by SIGINT, Ctrl-C: 128 and its number, as in shells
	StatusTerminated  = 143 // by SIGTERM
)

// Problem is an error in words for the user. Neither text holds a secret, a session key or
// a value.
type Problem struct {
	Status int
	Text   string // what is wrong
	Hint   string // what to do about it, in one or more lines
	Cause  error
}

// Error implements error. It returns p.Text.
func (p *Problem) Error() string { return p.Text }

// Unwrap returns p.Cause.
func (p *Problem) Unwrap() error { return p.Cause }

// Usage returns a problem with the command line.
func Usage(text, hint string) error { return &Problem{Status: StatusUsage, Text: text, Hint: hint} }

// Refused returns any other problem.
func Refused(text, hint string) error {
	return &Problem{Status: StatusRefused, Text: text, Hint: hint}
}

// Because returns a problem with the error that caused it.
func Because(cause error, text, hint string) error {
	return &Problem{StatusRefused, text, hint, cause}
}

// ErrQuiet fails a command that has already printed the reason.
var ErrQuiet = errors.New("quiet")

// ProblemOf returns the problem for any error.
func ProblemOf(ctx context.Context, err error) *Problem {
	var p *Problem
	known := errors.As(err, &p)
	switch {
	case ctx.Err() != nil && (!known || p.Status != StatusUsage):
		return interruption(ctx, err)
	case known:
		return p
	}
	if strings.HasPrefix(err.Error(), "unknown command ") { // cobra's error quotes the argument
		return &Problem{StatusUsage, "an argument that this command does not take", "run djsession --help", err}
	}
	for _, known := range []func(error) (text, hint string){StoreProblem, PayloadProblem} {
		if text, hint := known(err); text != "" {
			return &Problem{StatusRefused, text, hint, err}
		}
	}
	return &Problem{StatusRefused, strings.ReplaceAll(err.Error(), "djsession: ", ""), "run the command with --help", err}
}

// PayloadProblem says why signed or serialized data cannot be read. It returns "" for any
// other error.
func PayloadProblem(err error) (text, hint string) {
	const why = "djsession explain tells more about this value"
	switch {
	case errors.Is(err, signer.ErrNoKey):
		return "there is no key for this", "the derived keys at hand are for other salts: see djsession keys"
	case errors.Is(err, signer.ErrSignatureExpired):
		return "the signature is good, but older than --max-age", "djsession explain tells when it was made"
	case errors.Is(err, signer.ErrNoSeparator):
		return "this is not a signed value", why
	case errors.Is(err, signer.ErrBadSignature):
		return "the signature does not verify", why
	case errors.Is(err, signer.ErrTooLarge):
		return "the value is too large", "sessions of more than 4 MiB, or 16 MiB when they are decompressed, are not read"
	case errors.Is(err, signer.ErrMalformed):
		return "the signature is good, but what it signs does not decode", why
	case errors.Is(err, serializer.ErrNotDict):
		return "what is signed is no dict, so it is no session", why
	case errors.Is(err, serializer.ErrSyntax):
		return "the signature is good, but what it signs is no session, or one of another serializer", why
	case errors.Is(err, serializer.ErrLimit):
		return "the session is larger or deeper than any real one", why
	}
	return "", ""
}

// StoreProblem says why a store failed to load or save a session. It returns "" for any
// other error.
func StoreProblem(err error) (text, hint string) {
	const look = "djsession list shows what there is"
	switch {
	case errors.Is(err, djsession.ErrExpired):
		return "the session has expired", "djsession clearsessions removes such sessions"
	case errors.Is(err, djsession.ErrNotFound):
		return "there is no such session", look
	case errors.Is(err, djsession.ErrLegacy):
		return "the session is in the format of Django before 3.1", "--django 3.2 reads it; djsession convert rewrites a site's sessions"
	case errors.Is(err, djsession.ErrCorrupt):
		why, _ := PayloadProblem(err)
		switch {
		case errors.Is(err, djsession.ErrTooLarge):
			why = "it is larger than any real one"
		case why == "":
			why = "its row is not what Django writes"
		}
		return "the session does not decode, and is left as it is: " + why, "djsession show tells more"
	case errors.Is(err, djsession.ErrInterrupted):
		return "somebody ended the session meanwhile; nothing was changed", look
	case errors.Is(err, djsession.ErrTooLarge):
		return "the session has become too large for its column; nothing was changed", "djsession show tells the sizes of its values"
	case errors.Is(err, djsession.ErrUnavailable):
		return unavailable(err)
	}
	return "", ""
}
