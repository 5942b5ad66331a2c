package hashers

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Argon2 is Argon2PasswordHasher, of Django 1.10 and later: Argon2id, or the Argon2i of
// Django before 3.2 if [ForDjango] made it for that. MustUpdate is true for a hash with
// other parameters.
type Argon2 struct {
	TimeCost    int // passes; 0 is 2, as in every Django
	MemoryCost  int // KiB; 0 is 102400, as in Django 3.2 and later; it was 512
	Parallelism int // lanes, at most 255; 0 is 8, as in Django 3.2 and later; it was 2
	// HashLength is the number of bytes of a hash. Not Django but the installed
	// argon2-cffi decides it. 0 is 32, as from argon2-cffi 21.2 on; it was 16. Django 3.2
	// and later update hashes of another length.
	HashLength int

	rules rules
}

var _ Hasher = Argon2{}

// argon2Cost holds the parameters that MustUpdate compares.
type argon2Cost struct {
	variety                               string
	time, memory, parallelism, hashLength int
}

// The library of Python refuses to check or make hashes beyond these.
const (
	minArgon2Salt = 8
	minArgon2Hash = 4
	maxArgon2Hash = 1024 // ours
)

var argon2Base64 = base64.RawStdEncoding.Strict()

// Algorithm returns argon2.
func (h Argon2) Algorithm() string { return "argon2" }

func (h Argon2) cost() argon2Cost {
	variety := "argon2id"
	if h.rules >= before32 {
		variety = "argon2i"
	}
	return argon2Cost{variety, cmp.Or(h.TimeCost, 2), cmp.Or(h.MemoryCost, 102400), cmp.Or(h.Parallelism, 8), cmp.Or(h.HashLength, 32)}
}

func (h Argon2) check(limits Limits) error {
	c := h.cost()
	if c.time < 1 || c.time > math.MaxInt32 || c.memory < 1 || c.memory > math.MaxInt32 || c.parallelism < 1 {
		return errors.New("argon2 wants positive numbers")
	}
	return c.bound(limits, c)
}

// leastArgon2 has the parameters of Django 1.10, the least of any Django.
var leastArgon2 = argon2Cost{time: 2, memory: 512, parallelism: 2}

// timeOn is the time in blocks of 1 KiB, for a hash of so many lanes at once. Each pass
// begins four segments of each lane, and each of them takes as long as some blocks.
func (c argon2Cost) timeOn(lanes int) float64 {
	return float64(c.time) * (float64(c.memory) + 4*8*float64(c.parallelism)) / float64(lanes)
}

// bound checks the limits, where own is the hasher's cost, and the bounds of Python's
// library.
func (c argon2Cost) bound(limits Limits, own argon2Cost) error {
	switch {
	case c.parallelism > 255:
		return fmt.Errorf("%w: more than 255 lanes of argon2", ErrUnsupported)
	case c.memory < 8*c.parallelism:
		return fmt.Errorf("%w: memory of argon2 for its lanes", ErrMalformed)
	case c.hashLength < minArgon2Hash || c.hashLength > maxArgon2Hash:
		return fmt.Errorf("%w: length of argon2", ErrMalformed)
	}
	// Not more lanes than this machine has processors make a hash faster.
	lanes := max(1, min(own.parallelism, runtime.GOMAXPROCS(0)))
	ownTime := max(own.timeOn(lanes), leastArgon2.timeOn(min(leastArgon2.parallelism, lanes)))
	time := c.timeOn(min(c.parallelism, lanes))
	if more := c.memory - own.memory; more > 0 { // to get it takes about as long as a pass over it
		time += float64(more) / float64(lanes)
	}
	return limits.memory(1024, int64(c.memory), int64(c.time), time, ownTime)
}

// Encode is Argon2PasswordHasher.encode.
func (h Argon2) Encode(password string) (string, error) {
	if err := h.check(unlimited); err != nil {
		return "", err
	}
	return h.cost().encode(password, randomString(h.rules.saltLength())), nil
}

func (c argon2Cost) encode(password, salt string) string {
	derive := argon2.IDKey
	if c.variety == "argon2i" {
		derive = argon2.Key
	}
	key := derive([]byte(password), []byte(salt), uint32(c.time), uint32(c.memory), uint8(c.parallelism), uint32(c.hashLength))
	return fmt.Sprintf("argon2$%s$v=%d$m=%d,t=%d,p=%d$%s$%s", c.variety, argon2.Version, c.memory, c.time, c.parallelism,
		argon2Base64.EncodeToString([]byte(salt)), argon2Base64.EncodeToString(key))
}

// decode reads encoded nearly as strictly as the library of Python. It skips line ends in
// the salt and the hash; Verify finds them, because encode writes none.
func (h Argon2) decode(encoded string) (c argon2Cost, salt string, err error) {
	parts := strings.Split(encoded, "$")
	if len(parts) == 5 { // before Argon2 1.3 there was no version
		parts = append(parts[:2:2], append([]string{"v=16"}, parts[2:]...)...)
	}
	if len(parts) != 6 || parts[0] != "argon2" {
		return c, "", fmt.Errorf("%w: parts of argon2", ErrMalformed)
	}
	switch c.variety = parts[1]; {
	case c.variety == "argon2d":
		return c, "", fmt.Errorf("%w: argon2d", ErrUnsupported)
	case c.variety == "argon2id" && h.rules >= before32:
		return c, "", fmt.Errorf("%w: argon2id for Django before 3.2", ErrUnsupported)
	case c.variety != "argon2i" && c.variety != "argon2id":
		return c, "", fmt.Errorf("%w: variety of argon2", ErrMalformed)
	}
	switch version, err := number(parts[2], "v="); {
	case err == nil && version == 16:
		return c, "", fmt.Errorf("%w: argon2 before version 1.3", ErrUnsupported)
	case err != nil || version != argon2.Version:
		return c, "", fmt.Errorf("%w: version of argon2", ErrMalformed)
	}
	params := strings.Split(parts[3], ",")
	if len(params) != 3 {
		return c, "", fmt.Errorf("%w: parameters of argon2", ErrMalformed)
	}
	var errM, errT, errP error
	c.memory, errM = number(params[0], "m=")
	c.time, errT = number(params[1], "t=")
	c.parallelism, errP = number(params[2], "p=")
	if err := cmp.Or(errM, errT, errP); err != nil {
		return c, "", fmt.Errorf("%w: parameters of argon2", err)
	}
	saltBytes, errS := argon2Base64.DecodeString(parts[4])
	hash, errH := argon2Base64.DecodeString(parts[5])
	if errS != nil || errH != nil || len(saltBytes) < minArgon2Salt {
		return c, "", fmt.Errorf("%w: salt or hash of argon2", ErrMalformed)
	}
	c.hashLength = len(hash)
	return c, string(saltBytes), nil
}

// number reads a parameter such as m=102400.
func number(text, name string) (int, error) {
	digits, ok := strings.CutPrefix(text, name)
	if !ok {
		return 0, ErrMalformed
	}
	return count(digits)
}

// Verify is Argon2PasswordHasher.verify.
//
// Unlike Django 3.2 and later, it does not check Argon2d: [ErrUnsupported].
func (h Argon2) Verify(password, encoded string, limits Limits) (bool, error) {
	c, salt, err := h.decode(encoded)
	if err != nil {
		return false, err
	}
	if err := c.bound(limits, h.cost()); err != nil {
		return false, err
	}
	return equal(encoded, c.encode(password, salt)), nil
}

// MustUpdate is Argon2PasswordHasher.must_update. Before Django 3.2 the lengths of the
// hash and of the salt do not matter.
func (h Argon2) MustUpdate(encoded string) (bool, error) {
	c, salt, err := h.decode(encoded)
	if err != nil {
		return false, err
	}
	want := h.cost()
	if h.rules >= before32 {
		want.hashLength = c.hashLength
	}
	return c != want || h.rules.tooShort(len(salt)), nil
}

// HardenRuntime does nothing, as in Django.
func (h Argon2) HardenRuntime(password, encoded string) {}
