package main

import (
	"bytes"
	"compress/zlib"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/payload"
	"github.com/go-djsession/go-djsession/signer"
)

// TestExplainBinary: binary values from caches, read from a file.
func TestExplainBinary(t *testing.T) {
	// A dict with _auth_user_id and n, as CPython's pickle.dumps writes it.
	const pickled = "\x80\x05\x95\x1f\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\r_auth_user_id\x94\x8c\x011\x94\x8c\x01n\x94K\x07u."
	// pickle.dumps(1801209600.25), the first bytes of a file of FileBasedCache.
	const expiry = "\x80\x05\x95\n\x00\x00\x00\x00\x00\x00\x00GA\xda\xd7\x11\xc0\x10\x00\x00."
	var compressed bytes.Buffer
	w := zlib.NewWriter(&compressed)
	if _, err := w.Write([]byte(pickled)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, in, want string }{
		{"a pickle", pickled, "This is a bare pickle of 42 bytes, as a cache keeps it"},
		{"a pickle of Python 2", "(dp0\nS'a'\np1\nI1\ns.", "This is a bare pickle"},
		{"compressed", compressed.String(), "as django-redis keeps entries"},
		{"a file of FileBasedCache", expiry + compressed.String(), "This is a file of FileBasedCache"},
		{"anything else", "\x00\x01\x02\xff", "This is nothing that Django signs"},
		{"zlib that breaks off", compressed.String()[:20], "This is nothing that Django signs"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "entry")
			if err := os.WriteFile(path, []byte(tt.in), 0o600); err != nil {
				t.Fatal(err)
			}
			r := newCLI(t).run(t, "", "explain", "--file", path)
			if r.status != 1 || !strings.Contains(r.stdout, tt.want) {
				t.Errorf("got status %d and %q, want 1 and %q", r.status, r.stdout, tt.want)
			}
		})
	}
}

// TestExplainCookies: signed cookies, which need their names.
func TestExplainCookies(t *testing.T) {
	keys := signer.SecretKey(demoSecret)
	sign := func(name string, format signer.CookieFormat) string {
		s, err := signer.NewCookieSigner(keys, name, signer.CookieOptions{Format: format})
		if err != nil {
			t.Fatal(err)
		}
		return s.Sign("hunter2")
	}
	messages, err := signer.NewTimestamp(keys.ForCookies(), signer.Options{Salt: payload.MessagesSalt})
	if err != nil {
		t.Fatal(err)
	}
	message, err := messages.SignObject([]byte(`[["__json_message",0,20,"hunter2",""]]`), true)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := signer.New(keys, signer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	old, err := signer.NewTimestamp(keys, signer.Options{Salt: payload.SessionSalt, Algorithm: signer.SHA1})
	if err != nil {
		t.Fatal(err)
	}
	sha1, err := old.SignObject([]byte(`{"a":1}`), true)
	if err != nil {
		t.Fatal(err)
	}
	session, err := signer.NewTimestamp(keys, signer.Options{Salt: payload.SessionSalt})
	if err != nil {
		t.Fatal(err)
	}
	object := func(data string) string {
		text, err := session.SignObject([]byte(data), true)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"a list", []string{object(`["hunter2"]`)}, "that are no session: no dict at the top"},
		{"neither JSON nor a pickle", []string{object(`hunter2`)}, "that are no session: neither JSON nor a pickle"},
		{"a pickle that is damaged", []string{object("\x80\x04\x95hunter2.")}, "that are no session: a pickle that is damaged"},
		{"a text that is signed for sessions", []string{session.Sign("hunter2")}, "The signature verifies with SECRET_KEY and the salt " + payload.SessionSalt},
		{"today's salt", []string{sign("theme", signer.CookieV2), "--cookie", "theme"}, "this is a cookie of set_signed_cookie."},
		{"the name from the header", []string{"theme=" + sign("theme", signer.CookieV2)}, "this is a cookie of set_signed_cookie."},
		{"the older salt", []string{sign("theme", signer.CookieLegacy), "--cookie", "theme"}, "with the salt of before 2026"},
		{"another name", []string{sign("theme", signer.CookieV2), "--cookie", "other"}, "for no salt that is known here"},
		{"no name", []string{sign("theme", signer.CookieV2)}, "next: if it is from set_signed_cookie, give the cookie's name"},
		{"messages", []string{message}, "this is the cookie of django.contrib.messages"},
		{"Signer", []string{plain.Sign("hunter2")}, "this is a value of django.core.signing.Signer"},
		{"SHA-1", []string{sha1}, "It was signed with sha1, which Django 3.1 and 3.2 accept"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newCLI(t).run(t, "", append([]string{"explain"}, tt.args...)...)
			if r.status != 1 || !strings.Contains(r.stdout, tt.want) {
				t.Errorf("got status %d and %q, want 1 and %q", r.status, r.stdout, tt.want)
			}
			if strings.Contains(r.stdout+r.stderr, "hunter2") {
				t.Errorf("the value is in the output: %s", r.stdout)
			}
		})
	}
}

// TestExplainDerived: derived keys allow only some salts.
func TestExplainDerived(t *testing.T) {
	c := newCLI(t)
	c.env[console.EnvSecret], c.env[console.EnvKeys] = "", c.must(t, "", "keys")
	payload := storedPayload(t, "ada7q2m5x8k1c4v9b6n3z0l7j4h1g8f5")
	if r := c.run(t, payload, "explain"); r.status != 0 || !strings.Contains(r.stdout, "The signature verifies with SECRET_KEY") {
		t.Errorf("got status %d and %q, want that it verifies", r.status, r.stdout)
	}
	if r := c.run(t, vectorPayload, "explain"); r.status != 1 || !strings.Contains(r.stdout, "There are only derived keys") {
		t.Errorf("got status %d and %q, want that only derived keys were tried", r.status, r.stdout)
	}
}
