package hashers_test

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth/hashers"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// numbered is a field with a number in the hashes of a class.
type numbered struct {
	class, field string
	// with returns a cheap hasher of the class with n in the field.
	with func(h hashers.Hasher, n int) hashers.Hasher
	// put returns encoded with another text in the field.
	put func(encoded, text string) string
	// right is the number of a hash that takes no time.
	right int
}

// part puts a text in place of the i-th part between dollar signs.
func part(i int) func(encoded, text string) string {
	return func(encoded, text string) string {
		parts := strings.Split(encoded, "$")
		parts[i] = text
		return strings.Join(parts, "$")
	}
}

// param puts a text in place of a parameter of Argon2: "m", "t", "p", or "v".
func param(name string) func(encoded, text string) string {
	return func(encoded, text string) string {
		before, rest, _ := strings.Cut(encoded, name+"=")
		i := strings.IndexAny(rest, ",$")
		return before + name + "=" + text + rest[i:]
	}
}

func pbkdf2With(h hashers.Hasher, n int) hashers.Hasher {
	p := h.(hashers.PBKDF2)
	p.Iterations = n
	return p
}

func argon2With(set func(h *hashers.Argon2, n int)) func(h hashers.Hasher, n int) hashers.Hasher {
	return func(h hashers.Hasher, n int) hashers.Hasher {
		a := h.(hashers.Argon2)
		a.TimeCost, a.MemoryCost, a.Parallelism = 1, 64, 1
		set(&a, n)
		return a
	}
}

func bcryptWith(h hashers.Hasher, n int) hashers.Hasher {
	b := h.(hashers.BCrypt)
	b.Rounds = n
	return b
}

func scryptWith(set func(h *hashers.Scrypt, n int)) func(h hashers.Hasher, n int) hashers.Hasher {
	return func(h hashers.Hasher, n int) hashers.Hasher {
		s := h.(hashers.Scrypt)
		s.WorkFactor, s.BlockSize, s.Parallelism = 16, 8, 1
		set(&s, n)
		return s
	}
}

func asItIs(h hashers.Hasher, _ int) hashers.Hasher { return h }

// allNumbers are all fields with a number of all hashers, but the length of the
// hash, which is a field nowhere. The salts of MD5 and SHA-1 are texts, which may
// look like numbers.
var allNumbers = []numbered{
	{"PBKDF2PasswordHasher", "iterations", pbkdf2With, part(1), 3},
	{"PBKDF2SHA1PasswordHasher", "iterations", pbkdf2With, part(1), 3},
	{"Argon2PasswordHasher", "m", argon2With(func(h *hashers.Argon2, n int) { h.MemoryCost = n }), param("m"), 16},
	{"Argon2PasswordHasher", "t", argon2With(func(h *hashers.Argon2, n int) { h.TimeCost = n }), param("t"), 2},
	{"Argon2PasswordHasher", "p", argon2With(func(h *hashers.Argon2, n int) { h.Parallelism = n }), param("p"), 2},
	{"Argon2PasswordHasher", "v", argon2With(func(h *hashers.Argon2, n int) {}), param("v"), 19},
	{"BCryptPasswordHasher", "rounds", bcryptWith, part(3), 4},
	{"BCryptSHA256PasswordHasher", "rounds", bcryptWith, part(3), 4},
	{"ScryptPasswordHasher", "N", scryptWith(func(h *hashers.Scrypt, n int) { h.WorkFactor = n }), part(1), 16},
	{"ScryptPasswordHasher", "r", scryptWith(func(h *hashers.Scrypt, n int) { h.BlockSize = n }), part(3), 8},
	{"ScryptPasswordHasher", "p", scryptWith(func(h *hashers.Scrypt, n int) { h.Parallelism = n }), part(4), 1},
	{"MD5PasswordHasher", "salt", asItIs, part(1), 1},
	{"SHA1PasswordHasher", "salt", asItIs, part(1), 1},
}

// oddNumbers are texts for a field whose number is n: n itself in other spellings,
// numbers that are n in 8, 16, 31, 32 or 64 bits, and numbers beyond them.
func oddNumbers(n int) []string {
	d := strconv.Itoa(n)
	var arabic, wide strings.Builder
	for _, c := range d {
		arabic.WriteRune('\u0660' + c - '0')
		wide.WriteRune('\uFF10' + c - '0')
	}
	texts := []string{
		d, "", "0", "-1", "-" + d, "+" + d, "0" + d, "00" + d, "000000000000000000000" + d, " " + d, d + " ", d + "\n", "\t" + d,
		d + "_0", "_" + d, d + "_", d + ".0", d + "e0", "0x" + d, d + "L", d + "\x00", arabic.String(), wide.String(), "None", "1e3", "1_0", " 1",
		"255", "256", "257", "65535", "65536",
		"2147483647", "2147483648", "2147483649", "4294967295", "4294967296", "4294967297", "4294967298", "21474836470",
		"9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616", "18446744073709551617",
		"1" + strings.Repeat("0", 30), strings.Repeat("9", 5000), "-2147483648", "-4294967295", "-9223372036854775808", "NaN", "inf",
	}
	for _, bits := range []uint{8, 16, 31, 32, 63, 64} {
		wraps := new(big.Int).Lsh(big.NewInt(1), bits)
		texts = append(texts, wraps.Add(wraps, big.NewInt(int64(n))).String())
		texts = append(texts, new(big.Int).Sub(big.NewInt(int64(n)), wraps).String())
	}
	return texts
}

// tightLimits are those under which no hash takes more than some milliseconds.
var tightLimits = hashers.Limits{Iterations: 20_000, Rounds: 5, Memory: 4 << 20, Work: 16 << 20}

// A text in place of a number in a hash never panics, never takes long, and is
// "yes" only if it is the very number that made the hash. Beyond the limits it is
// ErrTooCostly.
func TestNumbers(t *testing.T) {
	for _, test := range allNumbers {
		t.Run(test.class+"/"+test.field, func(t *testing.T) {
			h := forDjango(t, "4.2", test.class)[0]
			base := encode(t, test.with(h, test.right), "secret")
			if ok, err := h.Verify("secret", base, tightLimits); !ok || err != nil {
				t.Fatalf("%q: got %v, %v", base, ok, err)
			}
			for _, text := range oddNumbers(test.right) {
				encoded := test.put(base, text)
				start := time.Now()
				ok, err := h.Verify("secret", encoded, tightLimits)
				_, errUpdate := h.MustUpdate(encoded)
				h.HardenRuntime("secret", "md5$"+encoded)
				if d := time.Since(start); d > 2*time.Second {
					t.Errorf("%q took %v", text, d)
				}
				if ok != (encoded == base) || ok && err != nil {
					t.Errorf("%q: got %v, %v", text, ok, err)
				}
				for _, err := range []error{err, errUpdate} {
					if err != nil && !errors.Is(err, hashers.ErrMalformed) && !errors.Is(err, hashers.ErrTooCostly) && !errors.Is(err, hashers.ErrUnsupported) {
						t.Errorf("%q: got the error %v", text, err)
					}
				}
				n, isBig := new(big.Int).SetString(text, 10)
				costs := isBig && text[0] != '0' && text[0] != '+' && n.Cmp(big.NewInt(1<<31-1)) >= 0
				switch test.field {
				case "salt", "v", "rounds": // which have no such numbers
					costs = false
				}
				unsupported := test.field == "p" && test.class == "Argon2PasswordHasher" && n != nil && n.IsInt64() && n.Int64() == 1<<31-1
				if costs && !unsupported && !errors.Is(err, hashers.ErrTooCostly) {
					t.Errorf("%q: got %v, want ErrTooCostly", text, err)
				}
			}
		})
	}
}

// Whatever Django says of the numbers that it can compute: where it says no, or
// fails, Go does not say yes; where it says yes, Go does.
func TestLiveNumbers(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python some times")
	}
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			django.Python(t, version)
			header, _ := vectors(t, version)
			var questions []question
			for _, test := range allNumbers {
				if !slices.Contains(header.Classes, test.class) {
					continue
				}
				h := forDjango(t, version, test.class)[0]
				base := encode(t, test.with(h, test.right), "secret")
				for _, text := range oddNumbers(test.right) {
					if !moderate(text) && test.field != "salt" {
						continue
					}
					encoded := test.put(base, text)
					ok, _ := h.Verify("secret", encoded, tightLimits)
					questions = append(questions, question{test.class, "secret", encoded, true, fmt.Sprintf("%s %s %q", test.class, test.field, text), ok, false})
				}
			}
			yes := 0
			for i, a := range ask(t, version, questions) {
				if a.Lacks != "" {
					testserver.Lacks(t, "Django "+version+" has no "+a.Lacks+" to check with: run compat_test/setup.sh")
				}
				if a.OK {
					yes++
				}
				if q := questions[i]; q.ok != a.OK {
					t.Errorf("Django %s says %v%s to %s, Go %v", version, a.OK, a.Raises, q.name, q.ok)
				}
			}
			if len(questions) < 100 || yes < 4 {
				t.Errorf("got %d questions, of which Django says yes to %d", len(questions), yes)
			}
		})
	}
}

// moderate reports whether Python, for which int() takes spaces, underscores and
// other digits, computes for no more than a second with this number.
func moderate(text string) bool {
	n, ok := new(big.Int).SetString(strings.Trim(text, " \t\n+-_L"), 10)
	return !ok || n.Cmp(big.NewInt(300)) <= 0
}
