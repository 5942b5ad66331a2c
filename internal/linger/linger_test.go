package linger

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

type name struct{}

func TestContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithCancel(context.WithValue(t.Context(), name{}, "value"))
		lasting, cancel := Context(ctx)
		defer cancel()
		leave()
		time.Sleep(Grace - time.Nanosecond)
		synctest.Wait()
		if lasting.Err() != nil || lasting.Value(name{}) != "value" {
			t.Errorf("before its grace is over: %v, %v", lasting.Err(), lasting.Value(name{}))
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if lasting.Err() == nil {
			t.Error("it outlives its grace")
		}

		ended, cancel := Context(ctx) // of a context that has ended already
		if ended.Err() != nil {
			t.Error("there is no grace")
		}
		cancel()
		if ended.Err() == nil {
			t.Error("cancel does nothing")
		}
	})
}
