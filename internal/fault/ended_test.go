package fault_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/internal/fault"
)

// lateTimer is a context with a deadline, whose timer has not fired yet.
type lateTimer struct {
	context.Context
	deadline time.Time
}

func (c lateTimer) Deadline() (time.Time, bool) { return c.deadline, true }

func TestEnded(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tt := range map[string]struct {
		ctx  context.Context
		want error
	}{
		"none":           {t.Context(), nil},
		"to come":        {lateTimer{t.Context(), time.Now().Add(time.Hour)}, nil},
		"a late timer":   {lateTimer{t.Context(), time.Now()}, context.DeadlineExceeded},
		"cancelled":      {cancelled, context.Canceled},
		"cancelled late": {lateTimer{cancelled, time.Now()}, context.Canceled},
	} {
		if got := fault.Ended(tt.ctx); !errors.Is(got, tt.want) || (got == nil) != (tt.want == nil) {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}
