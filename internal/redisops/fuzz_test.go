package redisops

import (
	"errors"
	"math"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
)

// FuzzReading reads any two answers. No time to live ends in the past, no text is longer
// than the limit, and nothing that is there is said to be absent.
func FuzzReading(f *testing.F) {
	f.Add(int64(60_000), "text")
	f.Add(int64(-1), "")
	f.Add(int64(-2), "")
	f.Add(int64(-3), "text")
	f.Add(int64(1<<53), "text")
	f.Add(int64(math.MaxInt64), "longer than the limit")
	f.Add(int64(math.MinInt64), "text")
	f.Fuzz(func(t *testing.T, left int64, text string) {
		const limit = 8
		r := newReading(t.Context(), "k", limit)
		r.text.SetVal(text)
		r.left.SetVal(left)
		v, err := r.value(t.Context(), doing, now, limit)
		want := error(nil)
		switch {
		case left == -2:
			want = djsession.ErrNotFound
		case left < -2:
			want = djsession.ErrUnavailable
		case len(text) > limit:
			want = djsession.ErrTooLarge
		case text == "":
			want = errEmpty
		}
		if !errors.Is(err, want) {
			t.Fatalf("%q, %d: got error %v, want %v", text, left, err, want)
		}
		if want == nil && v.Text != text || len(v.Text) > limit || left < -1 && v != (Value{}) {
			t.Errorf("%q, %d: got %+v", text, left, v)
		}
		if left >= -1 && v.Expires.IsZero() != (left < 0) {
			t.Errorf("%d: it ends at %v", left, v.Expires)
		}
		if left >= 0 && (v.Expires.Before(now) || left <= 1<<52 && v.Expires.UnixMilli()-now.UnixMilli() != left) {
			t.Errorf("%d milliseconds are left: it ends at %v", left, v.Expires)
		}
	})
}

// FuzzCompared reads any answer of a script that compares.
func FuzzCompared(f *testing.F) {
	f.Add(byte(0), int64(2), "text")
	f.Add(byte(1), int64(0), "text")
	f.Fuzz(func(t *testing.T, form byte, n int64, text string) {
		replies := []any{n, text, nil, []any{n}, errors.New(text)}
		reply := replies[int(form)%len(replies)]
		err := compared(doing, reply)
		known := reply == int64(0) || reply == int64(1) || reply == int64(2) || reply == int64(3)
		if (err == nil) != (reply == int64(2)) || errors.Is(err, djsession.ErrUnavailable) == known {
			t.Errorf("%v: %v", reply, err)
		}
	})
}
