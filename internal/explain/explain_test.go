package explain

import (
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/internal/payload"
	"github.com/go-djsession/go-djsession/signer"
)

// A session of fixtures/django5.2 and its SECRET_KEY.
const (
	vectorSecret  = "fixtures-secret-key-not-used-anywhere-else"
	vectorPayload = "eyJ2aXNpdHMiOjd9:1r31eq:T75S6HdnN8JQd-quCfoREJa9Qr-7hG6spzUx-3OymeQ"
)

// TestExplain: what is known besides the value decides what is said of it.
func TestExplain(t *testing.T) {
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	with := func(change func(*Options)) Options {
		o := Options{Now: now, Keys: signer.SecretKey(vectorSecret), Secret: vectorSecret, KeysFrom: "the test", Salt: payload.SessionSalt}
		change(&o)
		return o
	}
	for _, tt := range []struct {
		name, value string
		opts        Options
		good        bool
		want        string
	}{
		{"it verifies", vectorPayload, with(func(*Options) {}), true, "The signature verifies with SECRET_KEY"},
		{"no key", vectorPayload, Options{Now: now, Salt: payload.SessionSalt}, true, "Nothing was verified: there is no SECRET_KEY."},
		{"a fallback key", vectorPayload, with(func(o *Options) { o.Keys = signer.SecretKey("new", vectorSecret) }), true, "with fallback key 1"},
		{"another key", vectorPayload, with(func(o *Options) { o.Keys = signer.SecretKey("new") }), false, "does not verify with any of the keys in the test"},
		{"a key in quotes", vectorPayload, with(func(o *Options) {
			o.Secret = `"` + vectorSecret + `"`
			o.Keys = signer.SecretKey(o.Secret)
		}), false, "It does verify with that SECRET_KEY without the quotes around it."},
		{"another salt", vectorPayload, with(func(o *Options) { o.Salt = payload.CookieEngine }), false, "for another salt than django.contrib.sessions.backends.signed_cookies"},
		{"too old", vectorPayload, with(func(o *Options) { o.MaxAge = time.Hour }), false, "it has expired"},
		{"without its end", vectorPayload[:50], with(func(*Options) {}), false, "a part of the signature went missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := Explain(tt.value, tt.opts)
			if text := strings.Join(r.Lines, "\n"); r.Good != tt.good || !strings.Contains(text, tt.want) {
				t.Errorf("got good %t and\n%s\nwant %t and %q", r.Good, text, tt.good, tt.want)
			}
		})
	}
	if r := Explain("b'"+vectorPayload+"'", with(func(*Options) {})); !r.Good || !r.Spoiled {
		t.Errorf("in b'...': got %+v, want it good but spoiled", r)
	}
}

// FuzzExplain: nothing makes explain panic, or repeat what it was given.
func FuzzExplain(f *testing.F) {
	for _, seed := range []string{
		"", vectorPayload, "b'" + vectorPayload + "'", "Cookie: a=b; sessionid=" + vectorPayload, "a%3Ab%3Ac", "{}", "x\x9c", "\x80\x05}.",
		".eJyrVipLzEl:1r31eq:x", ":", "::", ":::", "=", `""`, "b''", "NWFi", "gAWVHwAAAAAAAAB9lCiMDV9hdXRoX3VzZXJfaWSUjAExlIwBbpRLB3Uu",
	} {
		f.Add(seed)
	}
	opts := Options{Now: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC), Keys: signer.SecretKey(vectorSecret), Secret: vectorSecret, KeysFrom: "the test", Salt: payload.SessionSalt}
	f.Fuzz(func(t *testing.T, text string) {
		r := Explain(text, opts)
		if len(r.Lines) == 0 {
			t.Error("got no word about it")
		}
		if out := strings.Join(append(r.Lines, r.Next...), "\n"); strings.Contains(out, vectorSecret) {
			t.Errorf("the secret is in the output: %s", out)
		}
	})
}
