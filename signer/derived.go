package signer

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
)

// A DerivedKey is the key that django.utils.crypto.salted_hmac derives from SECRET_KEY
// for one purpose: the digest, by [Algorithm], of [KeySalt] followed by the secret. It works
// for that purpose only, and nobody can compute the secret from it. [NewDerivedKey],
// [Keys.Derive] and [ParseDerivedKeys] make one; the zero value is no key.
//
// It prints without the key under every verb. Call [ExportDerivedKeys] to write one down.
type DerivedKey struct {
	keySalt string
	alg     Algorithm
	key     func() []byte // a function, for the reason given at keyring
}

// NewDerivedKey makes a [DerivedKey] of a digest that was computed elsewhere. The key salt
// is the key_salt argument of salted_hmac: for a [Signer] with some salt it is
// KeySalt(salt), for cookies and messages CookieKeySalt(salt), for auth hashes
// "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash". NewDerivedKey
// copies the key. The error is [ErrDerivedKey] if the key does not have the size of the
// algorithm's digest, or [ErrAlgorithm].
func NewDerivedKey(keySalt string, alg Algorithm, key []byte) (DerivedKey, error) {
	if !alg.valid() {
		return DerivedKey{}, ErrAlgorithm
	}
	if len(key) != alg.Size() {
		return DerivedKey{}, ErrDerivedKey
	}
	key = bytes.Clone(key)
	return DerivedKey{keySalt, alg, func() []byte { return key }}, nil
}

// KeySalt returns the key_salt argument of salted_hmac that the key is for.
func (d DerivedKey) KeySalt() string { return d.keySalt }

// Algorithm returns the algorithm of the digest and of the HMAC.
func (d DerivedKey) Algorithm() Algorithm { return d.alg }

// Key returns the digest itself in a new slice. It is nil for the zero DerivedKey.
func (d DerivedKey) Key() []byte {
	if d.key == nil {
		return nil
	}
	return bytes.Clone(d.key())
}

// DerivedKeys makes [Keys] that hold no secret. If several have the same key salt and
// algorithm, the first one signs and the others only verify, like fallbacks. Without
// arguments it returns the zero [Keys]. The error is [ErrDerivedKey] if one is the zero
// [DerivedKey].
//
// Whoever holds the keys of session data and of auth hashes, and can write the session
// store, can log in as anyone. But unlike a holder of SECRET_KEY he cannot make password
// reset links or anything else that the site signs.
func DerivedKeys(ds ...DerivedKey) (Keys, error) {
	if len(ds) == 0 {
		return Keys{}, nil
	}
	type purpose struct {
		keySalt string
		alg     Algorithm
	}
	m := make(map[purpose][][]byte)
	for i, d := range ds {
		if d.key == nil {
			return Keys{}, fmt.Errorf("derived key %d: %w", i+1, ErrDerivedKey)
		}
		p := purpose{d.keySalt, d.alg}
		m[p] = append(m[p], d.key())
	}
	return Keys{&keyring{func(keySalt string, alg Algorithm) [][]byte {
		return m[purpose{keySalt, alg}]
	}}}, nil
}

// derivedHeader is the first line of the text form of derived keys. Another form will
// have another number.
const derivedHeader = "djsession-derived-keys v1"

// ExportDerivedKeys returns keys as text for [ParseDerivedKeys], one a line after a header:
//
//	djsession-derived-keys v1
//	# lines like this and empty lines mean nothing
//	sha256 "django.contrib.sessions.SessionStoresigner" 0f1e...
//
// A line holds the algorithm by its hashlib name, the key salt as a Go string in double
// quotes, and the key in hexadecimal. The text is as secret as the keys. The error is
// [ErrDerivedKey] if one is the zero [DerivedKey].
func ExportDerivedKeys(ds ...DerivedKey) (string, error) {
	b := []byte(derivedHeader + "\n")
	for i, d := range ds {
		if d.key == nil {
			return "", fmt.Errorf("derived key %d: %w", i+1, ErrDerivedKey)
		}
		b = fmt.Appendf(b, "%s %q %x\n", d.alg, d.keySalt, d.key())
	}
	return string(b), nil
}

// ParseDerivedKeys reads the text of [ExportDerivedKeys]. Lines may end in CR LF and have
// white space around them. The error is [ErrDerivedKey]; it names the line, never its
// content.
func ParseDerivedKeys(text string) ([]DerivedKey, error) {
	var ds []DerivedKey
	header := false
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if !header {
			if line != derivedHeader {
				return nil, fmt.Errorf("line %d is not %q: %w", number, derivedHeader, ErrDerivedKey)
			}
			header = true
			continue
		}
		d, err := parseDerivedKey(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		ds = append(ds, d)
	}
	if !header {
		return nil, fmt.Errorf("no line %q: %w", derivedHeader, ErrDerivedKey)
	}
	return ds, nil
}

// parseDerivedKey reads one line.
func parseDerivedKey(line string) (DerivedKey, error) {
	name, rest, _ := strings.Cut(line, " ")
	alg, err := ParseAlgorithm(name)
	if err != nil {
		return DerivedKey{}, fmt.Errorf("%w: %w", ErrDerivedKey, err)
	}
	rest = strings.TrimSpace(rest)
	quoted, err := strconv.QuotedPrefix(rest)
	if err != nil || quoted[0] != '"' {
		return DerivedKey{}, fmt.Errorf("no key salt in double quotes: %w", ErrDerivedKey)
	}
	keySalt, err := strconv.Unquote(quoted)
	if err != nil {
		return DerivedKey{}, fmt.Errorf("no key salt in double quotes: %w", ErrDerivedKey)
	}
	key, err := hex.DecodeString(strings.TrimSpace(rest[len(quoted):]))
	if err != nil {
		return DerivedKey{}, fmt.Errorf("key is not hexadecimal: %w", ErrDerivedKey)
	}
	return NewDerivedKey(keySalt, alg, key)
}

// Format prints the algorithm and the key salt, never the key, whatever the verb.
func (d DerivedKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, d.String()) }

// String returns the algorithm and the key salt, never the key.
func (d DerivedKey) String() string {
	return fmt.Sprintf("%s %q %s", d.alg, d.keySalt, redacted)
}

// LogValue returns the algorithm and the key salt for package slog, never the key.
func (d DerivedKey) LogValue() slog.Value { return slog.StringValue(d.String()) }

// MarshalText returns the algorithm and the key salt, never the key. To write a key down,
// call [ExportDerivedKeys].
func (d DerivedKey) MarshalText() ([]byte, error) { return []byte(d.String()), nil }
