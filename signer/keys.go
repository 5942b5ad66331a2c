package signer

import (
	"fmt"
	"io"
	"log/slog"
)

// redacted is what a key prints as.
const redacted = "[redacted]"

// cookiePrefix is what get_cookie_signer puts in front of the secret.
const cookiePrefix = "django.http.cookies"

// Keys is settings.SECRET_KEY with SECRET_KEY_FALLBACKS, or only keys derived from them. Make it with SecretKey or DerivedKeys. The
// zero Keys hold nothing: whatever uses them fails with ErrNoKey. Copies share what they hold, which never changes; all methods are
// safe for concurrent use.
//
// Keys print as [redacted] under every verb and in every encoding, also inside of other structs.
type Keys struct {
	ring *keyring
}

// A keyring answers the keys for one key salt and algorithm, the signing one first. It is a function behind a pointer so that no
// printer, which may look into unexported fields, gets to see a key.
type keyring struct {
	derive func(keySalt string, alg Algorithm) [][]byte
}

// SecretKey makes Keys from settings.SECRET_KEY and settings.SECRET_KEY_FALLBACKS: the secret signs, the fallbacks only verify, in
// order. Each is text in UTF-8 or any bytes, as in Django.
//
// An empty secret gives the zero Keys; Django refuses to start with one. Unlike Django, which would verify with it, an empty
// fallback is left out: in signed cookies and auth hashes it is a key that everybody knows.
func SecretKey(secret string, fallbacks ...string) Keys {
	if secret == "" {
		return Keys{}
	}
	secrets := []string{secret}
	for _, s := range fallbacks {
		if s != "" {
			secrets = append(secrets, s)
		}
	}
	return Keys{&keyring{func(keySalt string, alg Algorithm) [][]byte {
		keys := make([][]byte, len(secrets))
		for i, s := range secrets {
			keys[i] = alg.derive(keySalt, s)
		}
		return keys
	}}}
}

// ForCookies gives the Keys of django.core.signing.get_cookie_signer, which signs cookies and django.contrib.messages: the same
// secrets with "django.http.cookies" in front. NewCookieSigner calls it itself; messages are
//
//	signer.NewTimestamp(keys.ForCookies(), signer.Options{Salt: "django.contrib.messages"})
//
// A derived key for them has CookieKeySalt as its key salt.
func (k Keys) ForCookies() Keys {
	if k.ring == nil {
		return k
	}
	return Keys{&keyring{func(keySalt string, alg Algorithm) [][]byte {
		// The digest of key salt + (prefix + secret) is that of (key salt + prefix) + secret.
		return k.ring.derive(keySalt+cookiePrefix, alg)
	}}}
}

// IsZero tells whether there is no key at all.
func (k Keys) IsZero() bool { return k.ring == nil }

// Derive gives the keys that salted_hmac(key_salt, value, secret, algorithm=...) computes its HMAC with: one for each secret, the
// signing one first. The error is ErrNoKey or ErrAlgorithm. What it answers is secret; see DerivedKeys for what its holder can do.
func (k Keys) Derive(keySalt string, alg Algorithm) ([]DerivedKey, error) {
	keys, err := k.derive(keySalt, alg)
	if err != nil {
		return nil, err
	}
	ds := make([]DerivedKey, len(keys))
	for i, key := range keys {
		if ds[i], err = NewDerivedKey(keySalt, alg, key); err != nil {
			return nil, err
		}
	}
	return ds, nil
}

// derive gives at least one key, or an error.
func (k Keys) derive(keySalt string, alg Algorithm) ([][]byte, error) {
	if !alg.valid() {
		return nil, ErrAlgorithm
	}
	if k.ring == nil {
		return nil, ErrNoKey
	}
	keys := k.ring.derive(keySalt, alg)
	if len(keys) == 0 {
		return nil, fmt.Errorf("derive %s key for key salt %q: %w", alg, keySalt, ErrNoKey)
	}
	return keys, nil
}

// KeySalt gives the key salt under which a Signer with this salt works: salt + "signer".
func KeySalt(salt string) string { return salt + "signer" }

// CookieKeySalt gives the key salt under which a Signer with this salt works with Keys.ForCookies: for cookies and messages.
func CookieKeySalt(salt string) string { return KeySalt(salt) + cookiePrefix }

// Format prints [redacted], whatever the verb.
func (Keys) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String gives [redacted].
func (Keys) String() string { return redacted }

// LogValue gives [redacted] to package slog.
func (Keys) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText gives [redacted]: no encoding of a struct that holds Keys reveals them. There is no way back.
func (Keys) MarshalText() ([]byte, error) { return []byte(redacted), nil }
