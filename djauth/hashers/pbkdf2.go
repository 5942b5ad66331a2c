package hashers

import (
	"cmp"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// PBKDF2 is PBKDF2PasswordHasher, the first hasher of every Django by default, or
// PBKDF2SHA1PasswordHasher.
type PBKDF2 struct {
	// SHA1 chooses PBKDF2SHA1PasswordHasher.
	SHA1 bool
	// Iterations is the number for new hashes. 0 is 1,500,000, as in Django 6.1.
	// MustUpdate is true for a hash with another number.
	Iterations int

	rules rules
}

var _ Hasher = PBKDF2{}

// Algorithm returns pbkdf2_sha256 or pbkdf2_sha1.
func (h PBKDF2) Algorithm() string {
	if h.SHA1 {
		return "pbkdf2_sha1"
	}
	return "pbkdf2_sha256"
}

// minIterations are those of Django 1.8, the least of any Django here.
const minIterations = 20_000

func (h PBKDF2) iterations() int { return cmp.Or(h.Iterations, 1_500_000) }

func (h PBKDF2) check(limits Limits) error {
	if h.iterations() < 1 {
		return errors.New("iterations of PBKDF2 below 1")
	}
	return limits.iterations(h.iterations(), h.iterations())
}

// Encode is PBKDF2PasswordHasher.encode.
func (h PBKDF2) Encode(password string) (string, error) {
	if err := h.check(unlimited); err != nil {
		return "", err
	}
	return h.encode(password, randomString(h.rules.saltLength()), h.iterations())
}

func (h PBKDF2) encode(password, salt string, iterations int) (string, error) {
	var key []byte
	var err error
	if h.SHA1 {
		key, err = pbkdf2.Key(sha1.New, password, []byte(salt), iterations, sha1.Size)
	} else {
		key, err = pbkdf2.Key(sha256.New, password, []byte(salt), iterations, sha256.Size)
	}
	if err != nil { // only where the program is restricted to FIPS 140
		return "", fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return h.Algorithm() + "$" + strconv.Itoa(iterations) + "$" + salt + "$" + base64.StdEncoding.EncodeToString(key), nil
}

func (h PBKDF2) decode(encoded string) (iterations int, salt string, err error) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 4 || parts[0] != h.Algorithm() || parts[2] == "" {
		return 0, "", fmt.Errorf("%w: parts of %s", ErrMalformed, h.Algorithm())
	}
	iterations, err = count(parts[1])
	if err != nil {
		return 0, "", fmt.Errorf("%w: iterations of %s", err, h.Algorithm())
	}
	size := sha256.Size
	if h.SHA1 {
		size = sha1.Size
	}
	if len(parts[3]) != base64.StdEncoding.EncodedLen(size) {
		return 0, "", fmt.Errorf("%w: length of %s", ErrMalformed, h.Algorithm())
	}
	return iterations, parts[2], nil
}

// Verify is PBKDF2PasswordHasher.verify.
func (h PBKDF2) Verify(password, encoded string, limits Limits) (bool, error) {
	iterations, salt, err := h.decode(encoded)
	if err != nil {
		return false, err
	}
	if err := limits.iterations(iterations, h.iterations()); err != nil {
		return false, err
	}
	again, err := h.encode(password, salt, iterations)
	return err == nil && equal(encoded, again), err
}

// MustUpdate is PBKDF2PasswordHasher.must_update: it is true for other iterations, and
// from Django 3.2 on for a salt of less than 128 bits.
func (h PBKDF2) MustUpdate(encoded string) (bool, error) {
	iterations, salt, err := h.decode(encoded)
	if err != nil {
		return false, err
	}
	return iterations != h.iterations() || h.rules.tooShort(utf8.RuneCountInString(salt)), nil
}

// HardenRuntime is PBKDF2PasswordHasher.harden_runtime: it computes the iterations that
// encoded lacks.
func (h PBKDF2) HardenRuntime(password, encoded string) {
	if iterations, salt, err := h.decode(encoded); err == nil && iterations < h.iterations() {
		_, _ = h.encode(password, salt, h.iterations()-iterations)
	}
}

// equal is constant_time_compare.
func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
