package djsite

import "errors"

// Errors of opening, to be matched by errors.Is, beside those of package djsettings. No
// text holds a secret.
var (
	// ErrNotShared: the sessions are where no other process can reach them, such as
	// in a LocMemCache.
	ErrNotShared = errors.New("djsite: not shared with other processes")
	// ErrUnavailable: what Open opened does not answer.
	ErrUnavailable = errors.New("djsite: no connection")
)
