package djmessages_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djmessages"
	"github.com/go-djsession/go-djsession/internal/httpcookie"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// FuzzCookie has the decoder of every format read anything, signed and not. What it reads
// is written and read again as the same messages.
func FuzzCookie(f *testing.F) {
	for i, version := range versions {
		for _, v := range vectors(f, version)[:30] {
			if v.Out.SetCookie != nil {
				_, rest, _ := strings.Cut(*v.Out.SetCookie, "=")
				value, _, _ := strings.Cut(rest, "; ")
				value, _ = httpcookie.Find(http.Header{"Cookie": {"x=" + value}}, "x")
				f.Add(byte(i), value, false)
			}
			if v.Out.Session != nil {
				f.Add(byte(i), *v.Out.Session, true)
			}
		}
	}
	f.Add(byte(3), `[["__json_message",0,20,5],"__messagesnotfinished__"]`, true)
	worlds := make([]*world, len(versions))
	for i, version := range versions {
		worlds[i] = newWorld(f, version, nil)
	}
	f.Fuzz(func(t *testing.T, at byte, text string, sign bool) {
		w := worlds[int(at)%len(worlds)]
		value := text
		if sign {
			value = w.f.EncodeText(text)
		}
		list, again, err := w.f.DecodeCookie(value)
		if err != nil {
			for _, known := range []error{djmessages.ErrCorrupt, signer.ErrBadSignature, signer.ErrMalformed, signer.ErrTooLarge, serializer.ErrLimit} {
				if errors.Is(err, known) {
					return
				}
			}
			t.Fatalf("an error of no kind: %v", err)
		}
		if again == "" {
			return // none, or too much for a cookie
		}
		back, _, err := w.f.DecodeCookie(again)
		if err != nil {
			t.Fatalf("what was written does not decode: %v", err)
		}
		if len(back) > len(list) || !slices.EqualFunc(back, list[:len(back)], func(a, b djmessages.Message) bool {
			return a.Level == b.Level && a.Safe == b.Safe && a.Text() == b.Text() && a.ExtraTags() == b.ExtraTags()
		}) {
			t.Fatalf("%d messages came back otherwise", len(list))
		}
	})
}
