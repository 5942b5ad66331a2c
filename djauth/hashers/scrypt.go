package hashers

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// Scrypt is ScryptPasswordHasher, of Django 4.0 and later. MustUpdate is true for a hash
// with other parameters.
type Scrypt struct {
	WorkFactor  int // the power of two N; 0 is 16384, as in every Django
	BlockSize   int // r; 0 is 8, as in every Django
	Parallelism int // p; 0 is 5, as in Django 5.1 and later; it was 1
	// MaxMem is ScryptPasswordHasher.maxmem in bytes. A hash that takes more is
	// [ErrTooCostly]. 0 is 32 MiB, as in OpenSSL.
	MaxMem int64
}

var _ Hasher = Scrypt{}

const scryptSize = 64

// scryptCost holds the parameters of a hash.
type scryptCost struct{ n, r, p int }

// Algorithm returns scrypt.
func (h Scrypt) Algorithm() string { return "scrypt" }

func (h Scrypt) cost() scryptCost {
	return scryptCost{cmp.Or(h.WorkFactor, 1<<14), cmp.Or(h.BlockSize, 8), cmp.Or(h.Parallelism, 5)}
}

func (h Scrypt) check(limits Limits) error {
	c := h.cost()
	if c.n < 2 || c.n > math.MaxInt32 || c.n&(c.n-1) != 0 || c.r < 1 || c.r > math.MaxInt32 || c.p < 1 || c.p > math.MaxInt32 {
		return errors.New("scrypt wants a power of two and positive numbers")
	}
	return h.bound(c, limits)
}

// leastScrypt has the parameters of Django 4.0, the least of any Django.
var leastScrypt = scryptCost{1 << 14, 8, 1}

// time is in blocks of 128 bytes. Each lane begins and ends with PBKDF2, which takes as long
// as some blocks.
func (c scryptCost) time() float64 { return float64(c.r) * float64(c.p) * (float64(c.n) + 8) }

// bound checks the limits, and maxmem as OpenSSL does.
func (h Scrypt) bound(c scryptCost, limits Limits) error {
	maxmem := cmp.Or(h.MaxMem, 32<<20)
	if unit := 128 * int64(c.r); int64(c.p)+int64(c.n)+2 > maxmem/unit {
		return fmt.Errorf("%w: memory of scrypt", ErrTooCostly)
	}
	own := max(h.cost().time(), leastScrypt.time())
	return limits.memory(128*int64(c.r), int64(c.n), 4*int64(c.p), c.time(), own)
}

// Encode is ScryptPasswordHasher.encode.
func (h Scrypt) Encode(password string) (string, error) {
	if err := h.check(unlimited); err != nil {
		return "", err
	}
	return h.encode(password, randomString(rules(0).saltLength()), h.cost())
}

func (h Scrypt) encode(password, salt string, c scryptCost) (string, error) {
	if c.r < 4 && c.n>>(16*c.r) != 0 { // RFC 7914 and OpenSSL forbid it; the library does not check
		return "", fmt.Errorf("%w: parameters of scrypt", ErrMalformed)
	}
	key, err := scrypt.Key([]byte(password), []byte(salt), c.n, c.r, c.p, scryptSize)
	if err != nil {
		return "", fmt.Errorf("%w: parameters of scrypt", ErrMalformed)
	}
	return fmt.Sprintf("scrypt$%d$%s$%d$%d$%s", c.n, salt, c.r, c.p, base64.StdEncoding.EncodeToString(key)), nil
}

func (h Scrypt) decode(encoded string) (c scryptCost, salt string, err error) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[0] != "scrypt" || parts[2] == "" {
		return c, "", fmt.Errorf("%w: parts of scrypt", ErrMalformed)
	}
	var errN, errR, errP error
	c.n, errN = count(parts[1])
	c.r, errR = count(parts[3])
	c.p, errP = count(parts[4])
	if err := cmp.Or(errN, errR, errP); err != nil {
		return c, "", fmt.Errorf("%w: parameters of scrypt", err)
	}
	if len(parts[5]) != base64.StdEncoding.EncodedLen(scryptSize) {
		return c, "", fmt.Errorf("%w: length of scrypt", ErrMalformed)
	}
	return c, parts[2], nil
}

// Verify is ScryptPasswordHasher.verify.
func (h Scrypt) Verify(password, encoded string, limits Limits) (bool, error) {
	c, salt, err := h.decode(encoded)
	if err != nil {
		return false, err
	}
	if err := h.bound(c, limits); err != nil {
		return false, err
	}
	again, err := h.encode(password, salt, c)
	return err == nil && equal(encoded, again), err
}

// MustUpdate is ScryptPasswordHasher.must_update: it is true for any other parameter. The
// length of the salt does not matter.
func (h Scrypt) MustUpdate(encoded string) (bool, error) {
	c, _, err := h.decode(encoded)
	return err == nil && c != h.cost(), err
}

// HardenRuntime does nothing, as in Django.
func (h Scrypt) HardenRuntime(password, encoded string) {}
