package compat_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// runOps does ops to a session of ours, as site/ops.py does to Django's, and returns
// the result of each.
func runOps(t testing.TB, s *djsession.Session, ops []op) []any {
	t.Helper()
	var results []any
	for _, o := range ops {
		result, err := runOp(s, o)
		if err != nil {
			t.Fatalf("%s: %v", o[0], err)
		}
		results = append(results, result)
	}
	return results
}

// runOp does one op. The result is what JSON would make of Django's.
func runOp(s *djsession.Session, o op) (any, error) {
	ctx := context.Background()
	name := func() string { return o[1].(string) }
	value := func() (any, error) {
		text, err := json.Marshal(o[len(o)-1])
		if err != nil {
			return nil, err
		}
		return untag(text)
	}
	switch o[0] {
	case "get":
		v, _ := s.Get(name())
		return tag(v), nil
	case "has":
		return s.Has(name()), nil
	case "items":
		return tag(s.Dict()), nil
	case "set":
		v, err := value()
		if err != nil {
			return nil, err
		}
		return nil, s.Set(name(), v)
	case "del":
		return nil, s.Delete(name())
	case "pop":
		v, _, err := s.Pop(name())
		return tag(v), err
	case "setdefault":
		v, err := value()
		if err != nil {
			return nil, err
		}
		v, err = s.SetDefault(name(), v)
		return tag(v), err
	case "update":
		v, err := value()
		if err != nil {
			return nil, err
		}
		return nil, s.SetAll(asMap(v.(*serializer.Dict)))
	case "clear":
		return nil, s.Clear()
	case "flush", "logout":
		return nil, s.Flush(ctx)
	case "cycle_key":
		return nil, s.CycleKey()
	case "save":
		return nil, s.Save(ctx)
	case "create":
		return nil, s.Create(ctx)
	case "modified":
		return nil, s.MarkModified()
	case "set_expiry":
		return nil, s.SetExpiry(expiryOf(o))
	case "set_test_cookie":
		return nil, s.SetTestCookie()
	case "test_cookie_worked":
		return s.TestCookieWorked(), nil
	case "delete_test_cookie":
		return nil, s.DeleteTestCookie()
	}
	return nil, fmt.Errorf("no such op")
}

// expiryOf is the Expiry that an op set_expiry sets.
func expiryOf(o op) djsession.Expiry {
	micros := func() int64 {
		switch n := o[2].(type) {
		case int64:
			return n
		case json.Number:
			i, _ := n.Int64()
			return i
		}
		return int64(o[2].(int))
	}
	switch o[1] {
	case "seconds":
		return djsession.Seconds(int(micros()))
	case "at":
		return djsession.At(time.UnixMicro(micros()))
	case "in":
		return djsession.In(time.Duration(micros()) * time.Microsecond)
	}
	return djsession.Policy
}

func unmarshal(t testing.TB, text json.RawMessage, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}
