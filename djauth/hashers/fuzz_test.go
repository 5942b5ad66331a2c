package hashers_test

import (
	"errors"
	"testing"

	"github.com/go-djsession/go-djsession/djauth/hashers"
)

// No hash makes Check panic, and an error is one of ours and goes with false. What
// is checked can be updated.
func FuzzCheck(f *testing.F) {
	limits := hashers.Limits{Iterations: 100, Rounds: 4, Memory: 64 << 10, Work: 256 << 10}
	list := []hashers.Hasher{hashers.Crypt{}}
	for _, test := range cheap {
		list = append([]hashers.Hasher{test.hasher}, list...)
		encoded, err := test.hasher.Encode("secret")
		if err != nil {
			f.Fatal(err)
		}
		f.Add("secret", encoded)
		f.Add("wrong", encoded+"$")
	}
	for _, encoded := range []string{"", "!", "$", "crypt$$abJnggxhB/yWI", "md5$$", "sha1$$", "argon2$argon2d$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAAAA",
		"scrypt$65536$s$1$1$", "argon2$argon2i$m=8,t=1,p=1$c2FsdHNhbHQ$AAAAAA", "bcrypt$$2x$31$", "pbkdf2_sha256$99999999999999999999$s$"} {
		f.Add("secret", encoded)
	}
	p, err := hashers.New(list, &hashers.Options{Limits: limits, Upgrade: true})
	if err != nil {
		f.Fatal(err)
	}
	ours := []error{hashers.ErrUnknownAlgorithm, hashers.ErrMalformed, hashers.ErrUnsupported, hashers.ErrTooCostly}
	f.Fuzz(func(t *testing.T, password, encoded string) {
		ok, upgrade, err := p.Check(t.Context(), password, encoded)
		if upgrade && !ok {
			t.Error("an upgrade of a wrong password")
		}
		if err != nil {
			known := false
			for _, sentinel := range ours {
				known = known || errors.Is(err, sentinel)
			}
			if ok || !known {
				t.Errorf("got %v, %v", ok, err)
			}
			return
		}
		if !hashers.IsUsable(encoded) {
			return
		}
		h, err := p.Identify(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.MustUpdate(encoded); err != nil {
			t.Errorf("checked, but: %v", err)
		}
		h.HardenRuntime(password, encoded)
	})
}
