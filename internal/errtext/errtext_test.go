package errtext

import (
	"errors"
	"testing"
)

// hiding is an error that does not print what it wraps.
type hiding struct{ error }

func (hiding) Error() string   { return "cannot be read" }
func (h hiding) Unwrap() error { return h.error }

func TestSays(t *testing.T) {
	locked := errors.New("database is locked")
	for _, tt := range []struct {
		err  error
		want bool
	}{
		{locked, true},
		{hiding{locked}, true},
		{errors.Join(errors.New("x"), hiding{locked}), true},
		{hiding{}, false},
		{hiding{errors.New("x")}, false},
	} {
		if got := Says(tt.err, "is locked"); got != tt.want {
			t.Errorf("%#v: got %t", tt.err, got)
		}
	}
}
