package djmetrics

import (
	"context"
	"errors"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
)

// outcomes are the words for errors. The first that matches counts, because an error can
// match several.
var outcomes = []struct {
	err  error
	word string
}{
	{context.Canceled, "canceled"},
	{djsession.ErrUnavailable, "unavailable"},
	{djsession.ErrInterrupted, "interrupted"},
	{djsession.ErrConflict, "conflict"},
	{djsession.ErrKeyTaken, "key_taken"},
	{djsession.ErrTooLarge, "too_large"},
	{djsession.ErrCorrupt, "corrupt"},
	{djsession.ErrNoCookie, "no_cookie"},
	{djsession.ErrExpired, "expired"},
	{djsession.ErrNotFound, "not_found"},
	{djauth.ErrNoUserID, "no_user_id"},
	{djauth.ErrUserID, "user_id"},
	{djauth.ErrNoUser, "no_user"},
	{djauth.ErrInactive, "inactive"},
	{djauth.ErrHash, "hash"},
	{djauth.ErrUnknownBackend, "unknown_backend"},
	{djauth.ErrBackend, "backend"},
	{djauth.ErrSecondFactor, "second_factor"},
	{djauth.ErrRefused, "refused"},
	{djauth.ErrAnonymous, "anonymous"},
	{errors.ErrUnsupported, "unsupported"},
}

// outcome returns the word for err: "ok" for nil, and "other" for one that is not listed.
func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	for _, o := range outcomes {
		if errors.Is(err, o.err) {
			return o.word
		}
	}
	return "other"
}
