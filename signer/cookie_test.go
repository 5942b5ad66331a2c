package signer

import (
	"errors"
	"testing"
	"time"
)

func testCookie(t *testing.T, keys Keys, name string, opts CookieOptions) *CookieSigner {
	t.Helper()
	c, err := NewCookieSigner(keys, name, opts)
	if err != nil {
		t.Fatal(err)
	}
	c.Now = func() time.Time { return testNow }
	return c
}

func TestCookieSalt(t *testing.T) {
	tests := []struct{ name, salt, want, legacy string }{
		{"prefs", "", "django.http.cookies.v2:0:prefs", "prefs"},
		{"prefs", "theme", "django.http.cookies.v2:5:themeprefs", "prefstheme"},
		{"prefs", "s\u00e4lt\u2603\U0001f600", "django.http.cookies.v2:6:s\u00e4lt\u2603\U0001f600prefs", "prefss\u00e4lt\u2603\U0001f600"},
		{"12:x", "1", "django.http.cookies.v2:1:112:x", "12:x1"},
	}
	for _, tt := range tests {
		if got := CookieSalt(tt.name, tt.salt); got != tt.want {
			t.Errorf("CookieSalt(%q, %q) = %q, want %q", tt.name, tt.salt, got, tt.want)
		}
		if got := LegacyCookieSalt(tt.name, tt.salt); got != tt.legacy {
			t.Errorf("LegacyCookieSalt(%q, %q) = %q, want %q", tt.name, tt.salt, got, tt.legacy)
		}
	}
}

// What each format writes, and which formats read it.
func TestCookieFormats(t *testing.T) {
	keys := SecretKey(testSecret)
	open := func(f CookieFormat) *CookieSigner {
		return testCookie(t, keys, "prefs", CookieOptions{Salt: "theme", Format: f})
	}
	tests := []struct {
		writes, reads CookieFormat
		good          bool
		legacySalt    bool
	}{
		{CookieV2, CookieV2, true, false},
		{CookieV2, CookieV2Fallback, true, false},
		{CookieV2, CookieLegacy, false, false},
		{CookieV2Fallback, CookieV2, true, false},
		{CookieV2Fallback, CookieV2Fallback, true, false},
		{CookieV2Fallback, CookieLegacy, false, false},
		{CookieLegacy, CookieV2, false, false},
		{CookieLegacy, CookieV2Fallback, true, true},
		{CookieLegacy, CookieLegacy, true, false},
	}
	for _, tt := range tests {
		signed := open(tt.writes).Sign("dark")
		value, info, err := open(tt.reads).Unsign(signed)
		if !tt.good {
			if value != "" || info != (Info{}) || !errors.Is(err, ErrBadSignature) {
				t.Errorf("written by %d, read by %d: %q, %+v, %v, want ErrBadSignature", tt.writes, tt.reads, value, info, err)
			}
			continue
		}
		if want := (Info{LegacySalt: tt.legacySalt, Timestamp: testNow.Unix()}); value != "dark" || info != want || err != nil {
			t.Errorf("written by %d, read by %d: %q, %+v, %v, want dark, %+v", tt.writes, tt.reads, value, info, err, want)
		}
	}
}

func TestCookieExpiry(t *testing.T) {
	keys := SecretKey(testSecret)
	for _, f := range []CookieFormat{CookieV2, CookieV2Fallback, CookieLegacy} {
		c := testCookie(t, keys, "prefs", CookieOptions{Format: f})
		for _, writer := range []CookieFormat{f, CookieLegacy} {
			if writer == CookieLegacy && f == CookieV2 {
				continue
			}
			signed := testCookie(t, keys, "prefs", CookieOptions{Format: writer}).Sign("dark")
			c.Now = func() time.Time { return testNow.Add(time.Minute) }
			if value, _, err := c.UnsignMaxAge(signed, time.Minute); value != "dark" || err != nil {
				t.Errorf("format %d, written by %d, a minute old: %q, %v", f, writer, value, err)
			}
			c.Now = func() time.Time { return testNow.Add(time.Minute + 1) }
			value, info, err := c.UnsignMaxAge(signed, time.Minute)
			if value != "" || info.Timestamp != testNow.Unix() || !errors.Is(err, ErrSignatureExpired) {
				t.Errorf("format %d, written by %d, more than a minute old: %q, %+v, %v", f, writer, value, info, err)
			}
			if info.LegacySalt != (f == CookieV2Fallback && writer == CookieLegacy) {
				t.Errorf("format %d, written by %d, expired: %+v", f, writer, info)
			}
		}
	}
}

// After an expired signature the legacy salt is not tried: a value that is good under both salts, but old under the first, stays old.
// Only somebody with the keys can make one; here both signers are built to agree.
func TestCookieNoFallbackAfterExpired(t *testing.T) {
	keys := SecretKey(testSecret)
	c := testCookie(t, keys, "prefs", CookieOptions{Format: CookieV2Fallback})
	old := c.Sign("dark")
	tried := false
	c.fallback = c.main
	c.Now = func() time.Time {
		if tried {
			return testNow // were it tried again, it would be good
		}
		tried = true
		return testNow.Add(time.Hour)
	}
	if value, _, err := c.UnsignMaxAge(old, time.Minute); !errors.Is(err, ErrSignatureExpired) {
		t.Errorf("%q, %v, want ErrSignatureExpired", value, err)
	}
}

func TestCookieKeys(t *testing.T) {
	secret := SecretKey(testSecret, "old")
	salt, legacy := CookieKeySalt(CookieSalt("prefs", "")), CookieKeySalt(LegacyCookieSalt("prefs", ""))
	v2 := must(DerivedKeys(must(secret.Derive(salt, SHA256))...))
	both := must(DerivedKeys(append(must(secret.Derive(salt, SHA256)), must(secret.Derive(legacy, SHA256))...)...))
	signed := testCookie(t, SecretKey("old"), "prefs", CookieOptions{}).Sign("dark")
	for name, keys := range map[string]Keys{"secret": secret, "v2": v2, "both": both} {
		c := testCookie(t, keys, "prefs", CookieOptions{})
		if value, info, err := c.Unsign(signed); value != "dark" || info.Key != 1 || err != nil {
			t.Errorf("%s: %q, %+v, %v", name, value, info, err)
		}
	}
	if _, err := NewCookieSigner(v2, "prefs", CookieOptions{Format: CookieV2Fallback}); !errors.Is(err, ErrNoKey) {
		t.Errorf("no key for the legacy salt: %v", err)
	}
	if _, err := NewCookieSigner(both, "prefs", CookieOptions{Format: CookieV2Fallback}); err != nil {
		t.Errorf("keys for both salts: %v", err)
	}
	if _, err := NewCookieSigner(v2, "other", CookieOptions{}); !errors.Is(err, ErrNoKey) {
		t.Errorf("keys for another cookie: %v", err)
	}
	if _, err := NewCookieSigner(secret, "prefs", CookieOptions{Algorithm: 99}); !errors.Is(err, ErrAlgorithm) {
		t.Errorf("algorithm 99: %v", err)
	}
	fallback := testCookie(t, both, "prefs", CookieOptions{Format: CookieV2Fallback})
	if value, info, err := fallback.Unsign("dark:1:x"); value != "" || info != (Info{}) || !errors.Is(err, ErrBadSignature) {
		t.Errorf("bad under both salts: %q, %+v, %v", value, info, err)
	}
	// The clock is time.Now when none was set.
	c := must(NewCookieSigner(secret, "prefs", CookieOptions{}))
	if _, _, err := c.UnsignMaxAge(c.Sign("x"), time.Hour); err != nil {
		t.Errorf("without a clock: %v", err)
	}
}
