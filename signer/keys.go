package signer

import (
	"fmt"
	"io"
	"log/slog"
)

// redacted is the text that a key prints as.
const redacted = "[redacted]"

// cookiePrefix is the text that get_cookie_signer puts in front of the secret.
const cookiePrefix = "django.http.cookies"

// Keys is settings.SECRET_KEY with SECRET_KEY_FALLBACKS, or only keys derived from them.
// Make it with [SecretKey] or [DerivedKeys]. The zero Keys hold nothing: every use of them
// fails with [ErrNoKey]. Copies share their content, which never changes; all methods are
// safe for concurrent use.
//
// Keys print as [redacted] under every verb and in every encoding, also inside of other
// structs.
type Keys struct {
	ring *keyring
}

// A keyring returns the keys for one key salt and algorithm, the signing one first. It is
// a function behind a pointer: a printer may look into unexported fields, but finds no
// key there.
type keyring struct {
	derive func(keySalt string, alg Algorithm) [][]byte
}

// SecretKey makes [Keys] from settings.SECRET_KEY and settings.SECRET_KEY_FALLBACKS: the
// secret signs, the fallbacks only verify, in order. Each is text in UTF-8 or any bytes,
// as in Django.
//
// An empty secret makes the zero [Keys]; Django refuses to start with one. Unlike Django,
// which would verify with it, SecretKey ignores an empty fallback: in signed cookies and
// auth hashes everybody knows that key.
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

// ForCookies returns the Keys of django.core.signing.get_cookie_signer, which signs
// cookies and django.contrib.messages: the same secrets with "django.http.cookies" in
// front. [NewCookieSigner] calls it itself. For messages, call
//
//	signer.NewTimestamp(keys.ForCookies(), signer.Options{Salt: "django.contrib.messages"})
//
// A derived key for them has [CookieKeySalt] as its key salt.
func (k Keys) ForCookies() Keys {
	if k.ring == nil {
		return k
	}
	return Keys{&keyring{func(keySalt string, alg Algorithm) [][]byte {
		// digest(key salt + (prefix + secret)) equals digest((key salt + prefix) +
		// secret).
		return k.ring.derive(keySalt+cookiePrefix, alg)
	}}}
}

// IsZero reports whether there is no key at all.
func (k Keys) IsZero() bool { return k.ring == nil }

// Derive returns the keys with which salted_hmac(key_salt, value, secret, algorithm=...)
// computes its HMAC: one for each secret, the signing one first. They are secrets;
// [DerivedKeys] says what their holder can do. The error is [ErrNoKey] or [ErrAlgorithm].
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

// derive returns at least one key, or an error.
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

// KeySalt returns the key salt of a [Signer] with this salt: salt + "signer".
func KeySalt(salt string) string { return salt + "signer" }

// CookieKeySalt returns the key salt of a [Signer] with this salt that works with
// [Keys.ForCookies], for cookies and messages.
func CookieKeySalt(salt string) string { return KeySalt(salt) + cookiePrefix }

// Format prints [redacted], whatever the verb.
func (Keys) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String returns [redacted].
func (Keys) String() string { return redacted }

// LogValue returns [redacted] for package slog.
func (Keys) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns [redacted], so that no encoding of a struct with Keys reveals them.
// Nothing can be read back from it.
func (Keys) MarshalText() ([]byte, error) { return []byte(redacted), nil }
