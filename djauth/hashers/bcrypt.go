package hashers

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// BCrypt is BCryptPasswordHasher, or BCryptSHA256PasswordHasher.
type BCrypt struct {
	// SHA256 chooses BCryptSHA256PasswordHasher, which accepts passwords of any length.
	// Without it bcrypt sees the first 72 bytes of a password.
	SHA256 bool
	// Rounds is the logarithm of the work for new hashes, from 4 to 31. 0 is 12, as in
	// every Django. MustUpdate is true for a hash with other rounds.
	Rounds int

	rules rules
}

var _ Hasher = BCrypt{}

// Algorithm returns bcrypt_sha256 or bcrypt.
func (h BCrypt) Algorithm() string {
	if h.SHA256 {
		return "bcrypt_sha256"
	}
	return "bcrypt"
}

const minRounds = 12 // of every Django

func (h BCrypt) rounds() int { return cmp.Or(h.Rounds, 12) }

func (h BCrypt) check(limits Limits) error {
	if h.rounds() < bcrypt.MinCost || h.rounds() > bcrypt.MaxCost {
		return fmt.Errorf("rounds of bcrypt outside of %d to %d", bcrypt.MinCost, bcrypt.MaxCost)
	}
	return limits.rounds(h.rounds(), h.rounds())
}

// digest returns the text that bcrypt hashes.
func (h BCrypt) digest(password string) []byte {
	if !h.SHA256 {
		return []byte(password)
	}
	sum := sha256.Sum256([]byte(password))
	return hex.AppendEncode(nil, sum[:])
}

// Encode is BCryptSHA256PasswordHasher.encode.
//
// Unlike Django, Encode without [BCrypt.SHA256] refuses a password of more than 72 bytes and one
// with a NUL: [ErrPassword]. In Django the installed version of the library bcrypt decides
// whether such passwords are cut, hashed or a server error. Verify accepts what any
// version accepts.
func (h BCrypt) Encode(password string) (string, error) {
	if !h.SHA256 && (len(password) > 72 || strings.Contains(password, "\x00")) {
		return "", ErrPassword
	}
	if err := h.check(unlimited); err != nil {
		return "", err
	}
	return h.encode(password, h.rounds())
}

func (h BCrypt) encode(password string, rounds int) (string, error) {
	key := h.digest(password)
	data, err := bcrypt.GenerateFromPassword(key[:min(len(key), 72)], rounds)
	if err != nil {
		return "", fmt.Errorf("hash by bcrypt: %w", err)
	}
	// The library writes $2a$, Python's $2b$. They differ only for passwords of more than
	// 255 bytes in an old implementation of 2a.
	return h.Algorithm() + "$$2b$" + strings.TrimPrefix(string(data), "$2a$"), nil
}

// decode checks encoded to the last character, because Python's library is stricter than
// Go's.
func (h BCrypt) decode(encoded string) (data string, rounds int, err error) {
	data, ok := strings.CutPrefix(encoded, h.Algorithm()+"$")
	if !ok || len(data) != 60 || data[:2] != "$2" || !strings.Contains("abxy", data[2:3]) || data[3] != '$' || data[6] != '$' {
		return "", 0, fmt.Errorf("%w: parts of %s", ErrMalformed, h.Algorithm())
	}
	if data[2] == 'x' { // of a faulty implementation that no Django ever used
		return "", 0, fmt.Errorf("%w: $2x$ of %s", ErrUnsupported, h.Algorithm())
	}
	rounds, err = count(strings.TrimPrefix(data[4:6], "0"))
	if err != nil || rounds < bcrypt.MinCost || rounds > bcrypt.MaxCost {
		return "", 0, fmt.Errorf("%w: rounds of %s", ErrMalformed, h.Algorithm())
	}
	for _, c := range []byte(data[7:]) {
		if (c < '.' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return "", 0, fmt.Errorf("%w: characters of %s", ErrMalformed, h.Algorithm())
		}
	}
	if !strings.Contains(".Oeu", data[28:29]) { // the salt has 128 bits, not 132
		return "", 0, fmt.Errorf("%w: salt of %s", ErrMalformed, h.Algorithm())
	}
	return data, rounds, nil
}

// Verify is BCryptSHA256PasswordHasher.verify. It accepts $2a$, $2b$ and $2y$.
func (h BCrypt) Verify(password, encoded string, limits Limits) (bool, error) {
	data, rounds, err := h.decode(encoded)
	if err != nil {
		return false, err
	}
	if err := limits.rounds(rounds, h.rounds()); err != nil {
		return false, err
	}
	switch err := bcrypt.CompareHashAndPassword([]byte(data), h.digest(password)); {
	case err == nil:
		return true, nil
	case errors.Is(err, bcrypt.ErrMismatchedHashAndPassword):
		return false, nil
	default:
		return false, fmt.Errorf("%w: %s", ErrMalformed, h.Algorithm())
	}
}

// MustUpdate is BCryptSHA256PasswordHasher.must_update: it is true for other rounds, from
// Django 1.9 on.
func (h BCrypt) MustUpdate(encoded string) (bool, error) {
	_, rounds, err := h.decode(encoded)
	return err == nil && h.rules < before19 && rounds != h.rounds(), err
}

// HardenRuntime is BCryptSHA256PasswordHasher.harden_runtime. Each further round takes as
// long as all before it together, so it computes one hash of each missing number of
// rounds.
func (h BCrypt) HardenRuntime(password, encoded string) {
	_, rounds, err := h.decode(encoded)
	if err != nil {
		return
	}
	for ; rounds < h.rounds(); rounds++ {
		_, _ = h.encode(password, rounds)
	}
}
