package djsite

import "errors"

// Errors of opening, for [errors.Is], besides those of package djsettings. No text holds a
// secret.
var (
	// ErrNotShared: no other process can reach the place where the sessions are: a
	// LocMemCache, for example.
	ErrNotShared = errors.New("djsite: not shared with other processes")
	// ErrUnavailable: something that [Open] opens does not answer.
	ErrUnavailable = errors.New("djsite: no connection")
)
