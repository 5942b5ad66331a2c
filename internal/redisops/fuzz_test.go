package redisops

import (
	"errors"
	"math"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
)

// FuzzReply reads any reply of the script that reads. What has the form of a reply is
// read as it is; the rest is an error of the server. No time to live ends in the past.
func FuzzReply(f *testing.F) {
	f.Add(byte(0), int64(4), int64(60_000), "text")
	f.Add(byte(1), int64(200_000), int64(-1), "")
	f.Add(byte(2), int64(0), int64(0), "")
	f.Add(byte(3), int64(4), int64(1), "text")
	f.Add(byte(0), int64(4), int64(1<<53), "text")
	f.Add(byte(0), int64(-1), int64(math.MaxInt64), "text")
	f.Add(byte(0), int64(math.MinInt64), int64(math.MinInt64), "text")
	o := New(newSite(f), nil)
	f.Fuzz(func(t *testing.T, form byte, size, left int64, text string) {
		good := []any{size, left, text}
		replies := []any{good, good[:2], good[:1], nil, []any{}, text, size, []any{text, left, text}, []any{size, text}, []any{size, left, nil}, []any{size, left, size}, []any{nil, nil, nil}, errors.New(text)}
		i := int(form) % len(replies)
		v, err := o.value(doing, replies[i], now)
		switch i {
		case 0, 1:
			if v.Text != text && i == 0 || v.Size != int(size) || v.Expires.IsZero() != (left < 0) {
				t.Errorf("%v: got %+v", replies[i], v)
			}
			if left >= 0 && (v.Expires.Before(now) || left <= 1<<52 && v.Expires.UnixMilli()-now.UnixMilli() != left) {
				t.Errorf("%d milliseconds are left: it ends at %v", left, v.Expires)
			}
			if (i == 1) != errors.Is(err, djsession.ErrTooLarge) || i == 0 && err != nil {
				t.Errorf("%v: %v", replies[i], err)
			}
		case 3:
			if !errors.Is(err, djsession.ErrNotFound) {
				t.Errorf("nothing: %v", err)
			}
		default:
			if !errors.Is(err, djsession.ErrUnavailable) || v != (Value{}) {
				t.Errorf("%v: got %+v, %v", replies[i], v, err)
			}
		}
		switch err := compared(doing, replies[i]); {
		case err == nil && replies[i] != int64(2):
			t.Errorf("%v means that it was done", replies[i])
		case err != nil && i != 6 && !errors.Is(err, djsession.ErrUnavailable):
			t.Errorf("%v: %v", replies[i], err)
		}
	})
}
