package hashers_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djauth/hashers"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

var many = flag.Int("hashes", 350, "how many hashes TestLiveMany asks about")

// Django and Go say the same about hashes that are whole, damaged, or of another password.
func TestLiveMany(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python some times")
	}
	yes, no := 0, 0
	for seed, version := range versions {
		t.Run(version, func(t *testing.T) {
			django.Python(t, version)
			header, _ := vectors(t, version)
			r := rand.New(rand.NewPCG(uint64(seed), 1))
			var questions []question
			for range *many / len(versions) {
				class := header.Classes[r.IntN(len(header.Classes))]
				if class == "CryptPasswordHasher" {
					continue
				}
				questions = append(questions, damaged(t, r, version, class))
			}
			for i, a := range ask(t, version, questions) {
				if a.Lacks != "" {
					testserver.Lacks(t, "Django "+version+" has no "+a.Lacks+" to check with: run compat_test/setup.sh")
				}
				if q := questions[i]; q.ok != a.OK {
					t.Errorf("Django %s says %v%s to %s, Go %v", version, a.OK, a.Raises, q.name, q.ok)
				}
				if a.OK {
					yes++
				} else {
					no++
				}
			}
		})
	}
	t.Logf("%d hashes: Django says yes to %d and no to %d", yes+no, yes, no)
	if !t.Failed() && django.Has("5.2") && (yes < *many/10 || no < *many/10) {
		t.Errorf("Django says yes to %d and no to %d of %d: this is no test", yes, no, *many)
	}
}

// damaged returns a question about a cheap hash, of which half are damaged or of another
// password.
func damaged(t *testing.T, r *rand.Rand, version, class string) question {
	h := cheapest(forDjango(t, version, class)[0])
	passwords := []string{"", "secret", "Secret", " secret", "пароль", "e\u0301", "\u00e9", "\u212b", strings.Repeat("x", 72), strings.Repeat("x", 73), "🔑"}
	if class == "BCryptPasswordHasher" {
		passwords = slices.DeleteFunc(passwords, func(p string) bool { return len(p) > 72 })
	}
	pick := func() string { return passwords[r.IntN(len(passwords))] }
	password := pick()
	encoded, asked, how := encode(t, h, password), password, "whole"
	at := r.IntN(len(encoded))
	if strings.HasPrefix(class, "BCrypt") { // nothing before its salt: another cost takes hours in Django
		at = len(encoded) - 1 - r.IntN(50)
	}
	letters := "$=,./+0129aAzZ "
	letter := string(letters[r.IntN(len(letters))])
	switch r.IntN(10) {
	case 0, 1:
		asked, how = pick(), "another password"
	case 2:
		encoded, how = encoded[:at]+letter+encoded[at+1:], "another letter"
	case 3:
		encoded, how = encoded[:at]+letter+encoded[at:], "one letter more"
	case 4:
		encoded, how = encoded[:at], "cut"
	case 5:
		encoded, how = encoded+letter, "longer"
	}
	ok, _ := h.Verify(asked, encoded, tightLimits)
	return question{class, asked, encoded, true, fmt.Sprintf("%s %s: %q of %q, asked for %q", class, how, encoded, password, asked), ok, false}
}

// cheapest returns h with the smallest cost.
func cheapest(h hashers.Hasher) hashers.Hasher {
	switch h := h.(type) {
	case hashers.PBKDF2:
		h.Iterations = 2
		return h
	case hashers.Argon2:
		h.TimeCost, h.MemoryCost, h.Parallelism = 1, 67, 3
		return h
	case hashers.BCrypt:
		h.Rounds = 4
		return h
	case hashers.Scrypt:
		h.WorkFactor = 16
		return h
	}
	return h
}
