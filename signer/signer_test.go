package signer

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const testSecret = "the-secret-of-the-tests"

// testNow is the clock of the tests: a Sunday in December 2026.
var testNow = time.Date(2026, 12, 6, 21, 53, 25, 0, time.UTC)

func testTimestamp(t testing.TB, keys Keys, opts Options) *TimestampSigner {
	t.Helper()
	s, err := NewTimestamp(keys, opts)
	if err != nil {
		t.Fatal(err)
	}
	s.Now = func() time.Time { return testNow }
	return s
}

// signedForms are all forms in which a value may be signed, with the functions that verify them.
func signedForms(t testing.TB) []struct {
	name   string
	signed string
	verify func(string) error
} {
	keys := SecretKey(testSecret, "old", "older")
	plain := must(New(keys, Options{}))
	wide := must(New(keys, Options{Sep: "--:--", Algorithm: SHA512}))
	sha1 := must(New(keys, Options{LegacySHA1: true}))
	stamped := testTimestamp(t, keys, Options{})
	cookie := must(NewCookieSigner(keys, "prefs", CookieOptions{Format: CookieV2Fallback}))
	value := func(fn func(string) (string, Info, error)) func(string) error {
		return func(s string) error { _, _, err := fn(s); return err }
	}
	object := func(fn func(string) ([]byte, Info, error)) func(string) error {
		return func(s string) error { _, _, err := fn(s); return err }
	}
	login := []byte(`{"_auth_user_id":"42","_auth_user_backend":"django.contrib.auth.backends.ModelBackend"}`)
	return []struct {
		name   string
		signed string
		verify func(string) error
	}{
		{"Signer", plain.Sign("hello: world"), value(plain.Unsign)},
		{"Signer, empty value", plain.Sign(""), value(plain.Unsign)},
		{"Signer, long separator", wide.Sign("hello"), value(wide.Unsign)},
		{"Signer, legacy SHA-1", must(New(keys, Options{Algorithm: SHA1})).Sign("hello"), value(sha1.Unsign)},
		{"Signer, fallback key", must(New(SecretKey("older"), Options{})).Sign("hello"), value(plain.Unsign)},
		{"TimestampSigner", stamped.Sign("hello"), value(stamped.Unsign)},
		{"Signer, object", must(plain.SignObject(login, true)), object(plain.UnsignObject)},
		{"TimestampSigner, object", must(stamped.SignObject(login, true)), object(stamped.UnsignObject)},
		{"TimestampSigner, plain object", must(stamped.SignObject(login, false)), object(stamped.UnsignObject)},
		{"cookie", cookie.Sign("dark"), value(cookie.Unsign)},
	}
}

func TestSign(t *testing.T) {
	s := must(New(SecretKey(testSecret), Options{}))
	for _, value := range []string{"", "hello", "a:b:c", ":", "h\u00e9llo \U0001f600", "\x00\xff\n", strings.Repeat("long ", 40_000)} {
		signed := s.Sign(value)
		if !strings.HasPrefix(signed, value+":") || len(signed) != len(value)+1+43 {
			t.Errorf("Sign(%.20q) = %.80q", value, signed)
		}
		got, info, err := s.Unsign(signed)
		if got != value || info != (Info{}) || err != nil {
			t.Errorf("Unsign(Sign(%.20q)) = %.20q, %+v, %v", value, got, info, err)
		}
		if got := string(s.AppendSign([]byte("x"), []byte(value))); got != "x"+signed {
			t.Errorf("AppendSign(x, %.20q) = %.80q, want x%.80q", value, got, signed)
		}
	}
}

func TestUnsignRefuses(t *testing.T) {
	s := must(New(SecretKey(testSecret), Options{}))
	good := s.Sign("hello")
	_, signature, _ := strings.Cut(good, ":")
	tests := []struct {
		name, signed string
		err          error
	}{
		{"nothing", "", ErrNoSeparator},
		{"value alone", "hello", ErrNoSeparator},
		{"signature alone", signature, ErrNoSeparator},
		{"no signature", "hello:", ErrBadSignature},
		{"no value", ":" + signature, ErrBadSignature},
		{"separator alone", ":", ErrBadSignature},
		{"another value", "hullo:" + signature, ErrBadSignature},
		{"signature twice", good + ":" + signature, ErrBadSignature},
		{"padded signature", good + "=", ErrBadSignature},
		{"signature in the other alphabet", strings.NewReplacer("-", "+", "_", "/").Replace(good) + "", nil},
		{"white space after it", good + " ", ErrBadSignature},
		{"newline after it", good + "\n", ErrBadSignature},
		{"NUL after it", good + "\x00", ErrBadSignature},
		{"another separator", strings.Replace(good, ":", ".", 1), ErrNoSeparator},
		{"another salt", must(New(SecretKey(testSecret), Options{Salt: "other"})).Sign("hello"), ErrBadSignature},
		{"another secret", must(New(SecretKey("other"), Options{})).Sign("hello"), ErrBadSignature},
		{"another algorithm", must(New(SecretKey(testSecret), Options{Algorithm: SHA512})).Sign("hello"), ErrBadSignature},
		{"SHA-1", must(New(SecretKey(testSecret), Options{Algorithm: SHA1})).Sign("hello"), ErrBadSignature},
	}
	for _, tt := range tests {
		if tt.err == nil {
			if tt.signed == good {
				continue // this signature is the same in both alphabets
			}
			tt.err = ErrBadSignature
		}
		value, info, err := s.Unsign(tt.signed)
		if value != "" || info != (Info{}) || !errors.Is(err, tt.err) || !errors.Is(err, ErrBadSignature) {
			t.Errorf("%s: %q, %+v, %v, want %v", tt.name, value, info, err, tt.err)
		}
	}
}

// Whatever is done to a signed text, it does not verify any more.
func TestEveryChangeIsSeen(t *testing.T) {
	for _, f := range signedForms(t) {
		if err := f.verify(f.signed); err != nil {
			t.Fatalf("%s: %v", f.name, err)
		}
		b := []byte(f.signed)
		refuse := func(what string, i int, changed []byte) {
			t.Helper()
			if err := f.verify(string(changed)); !errors.Is(err, ErrBadSignature) {
				t.Fatalf("%s: %s at %d of %q: %v, want ErrBadSignature", f.name, what, i, f.signed, err)
			}
		}
		for i := range b {
			for c := range 256 {
				// Every other byte; when tests are slow, every other bit.
				if byte(c) == b[i] || raceEnabled && bits.OnesCount8(byte(c)^b[i]) != 1 {
					continue
				}
				changed := slices.Clone(b)
				changed[i] = byte(c)
				refuse(fmt.Sprintf("byte %#x", c), i, changed)
			}
			refuse("byte removed", i, slices.Delete(slices.Clone(b), i, i+1))
			refuse("cut", i, b[:i])
			if i > 0 {
				refuse("beginning cut", i, b[i:])
			}
			if i+1 < len(b) && b[i] != b[i+1] {
				changed := slices.Clone(b)
				changed[i], changed[i+1] = changed[i+1], changed[i]
				refuse("bytes swapped", i, changed)
			}
		}
		for i := 0; i <= len(b); i++ {
			for _, c := range []byte{'A', ':', '=', '.', '-', ' ', '\n', 0, 0xff} {
				if changed := slices.Insert(slices.Clone(b), i, c); string(changed) != f.signed {
					refuse(fmt.Sprintf("inserted %#x", c), i, changed)
				}
			}
		}
	}
}

func TestFallbackKeys(t *testing.T) {
	s := must(New(SecretKey("new", "old", "", "older"), Options{LegacySHA1: true}))
	tests := []struct {
		secret string
		alg    Algorithm
		want   Info
		err    error
	}{
		{"new", SHA256, Info{}, nil},
		{"old", SHA256, Info{Key: 1}, nil},
		{"older", SHA256, Info{Key: 2}, nil},
		{"new", SHA1, Info{LegacySHA1: true}, nil},
		{"older", SHA1, Info{Key: 2, LegacySHA1: true}, nil},
		{"oldest", SHA256, Info{}, ErrBadSignature},
	}
	for _, tt := range tests {
		_, info, err := s.Unsign(must(New(SecretKey(tt.secret), Options{Algorithm: tt.alg})).Sign("hello"))
		if info != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s, %s: %+v, %v, want %+v, %v", tt.secret, tt.alg, info, err, tt.want, tt.err)
		}
	}
	if got, want := s.Sign("x"), must(New(SecretKey("new"), Options{})).Sign("x"); got != want {
		t.Errorf("signed %s with fallback keys, want %s", got, want)
	}
}

func TestNewRefuses(t *testing.T) {
	keys := SecretKey(testSecret)
	tests := []struct {
		name string
		keys Keys
		opts Options
		err  error
	}{
		{"no keys", Keys{}, Options{}, ErrNoKey},
		{"empty secret", SecretKey(""), Options{}, ErrNoKey},
		{"empty secret with fallbacks", SecretKey("", "old"), Options{}, ErrNoKey},
		{"algorithm", keys, Options{Algorithm: 200}, ErrAlgorithm},
		{"separator a", keys, Options{Sep: "a"}, ErrSeparator},
		{"separator of the alphabet", keys, Options{Sep: "-_="}, ErrSeparator},
		{"separator that A-z takes in", keys, Options{Sep: "[\\]^_`"}, ErrSeparator},
		{"newline", keys, Options{Sep: "\n"}, ErrSeparator},
		{"newline at the end", keys, Options{Sep: "a\n"}, ErrSeparator},
		{"two newlines", keys, Options{Sep: "\n\n"}, nil},
		{"newline in the middle", keys, Options{Sep: "a\nb"}, nil},
		{"not ASCII", keys, Options{Sep: "é"}, nil},
		{"next to the range", keys, Options{Sep: "@"}, nil},
		{"next to the range above", keys, Options{Sep: "{"}, nil},
	}
	for _, tt := range tests {
		if _, err := New(tt.keys, tt.opts); !errors.Is(err, tt.err) {
			t.Errorf("%s: New: %v, want %v", tt.name, err, tt.err)
		}
		if _, err := NewTimestamp(tt.keys, tt.opts); !errors.Is(err, tt.err) {
			t.Errorf("%s: NewTimestamp: %v, want %v", tt.name, err, tt.err)
		}
	}
}

func TestAlgorithms(t *testing.T) {
	for i := range algorithms {
		alg := Algorithm(i)
		if alg.Size() > maxSize || alg.Size() != algorithms[alg].new().Size() {
			t.Errorf("%s: size %d", alg, alg.Size())
		}
		if got, err := ParseAlgorithm(alg.String()); got != alg || err != nil {
			t.Errorf("ParseAlgorithm(%s) = %s, %v", alg, got, err)
		}
		s := must(New(SecretKey(testSecret), Options{Algorithm: alg}))
		if _, _, err := s.Unsign(s.Sign("hello")); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
	}
	if alg, err := ParseAlgorithm(""); alg != SHA256 || err != nil {
		t.Errorf("the empty algorithm is %s, %v", alg, err)
	}
	if _, err := ParseAlgorithm("SHA256"); !errors.Is(err, ErrAlgorithm) {
		t.Errorf("SHA256 in upper case: %v", err)
	}
	if bad := Algorithm(99); bad.Size() != 0 || bad.String() != "Algorithm(99)" {
		t.Errorf("Algorithm(99) is %s of size %d", bad, bad.Size())
	}
}

// Sentinels are special cases of each other only as documented.
func TestErrors(t *testing.T) {
	all := []error{ErrBadSignature, ErrNoSeparator, ErrSignatureExpired, ErrMalformed, ErrTooLarge, ErrNoKey, ErrSeparator, ErrAlgorithm, ErrDerivedKey}
	for _, e := range all {
		if !strings.HasPrefix(e.Error(), "signer: ") {
			t.Errorf("%q has no prefix", e)
		}
		for _, other := range all {
			want := e == other || other == ErrBadSignature && (e == ErrNoSeparator || e == ErrSignatureExpired)
			if errors.Is(e, other) != want {
				t.Errorf("errors.Is(%v, %v) = %v", e, other, !want)
			}
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	keys := SecretKey(testSecret, "old")
	s, ts := must(New(keys, Options{})), testTimestamp(t, keys, Options{})
	old := testTimestamp(t, SecretKey("old"), Options{})
	mac := must(NewMAC(keys, "salt", SHA256))
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 200 {
				want := strings.Repeat(fmt.Sprintf("%d-%d ", g, i), 1+i%40)
				if got, _, err := s.Unsign(s.Sign(want)); got != want || err != nil {
					t.Errorf("Unsign: %q, %v, want %q", got, err, want)
				}
				if got, _, err := ts.UnsignObject(must(ts.SignObject([]byte(want), true))); string(got) != want || err != nil {
					t.Errorf("UnsignObject: %q, %v, want %q", got, err, want)
				}
				if got, info, err := ts.Unsign(old.Sign(want)); got != want || info.Key != 1 || err != nil {
					t.Errorf("Unsign: %q, %+v, %v, want %q", got, info, err, want)
				}
				if key, err := mac.Verify(want, mac.HexSum(want)); key != 0 || err != nil {
					t.Errorf("Verify(%q): %d, %v", want, key, err)
				}
			}
		}()
	}
	wg.Wait()
}

func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget on purpose")
	}
	keys := SecretKey(testSecret)
	s, ts := must(New(keys, Options{})), testTimestamp(t, keys, Options{})
	mac := must(NewMAC(keys, "salt", SHA256))
	login := []byte(`{"_auth_user_id":"42","_auth_user_backend":"django.contrib.auth.backends.ModelBackend"}`)
	signed, stamped, object, sum := s.Sign("hello"), ts.Sign("hello"), must(ts.SignObject(login, true)), mac.HexSum("hello")
	bad := object + "x"
	var dst []byte
	tests := []struct {
		name string
		max  float64
		fn   func()
	}{
		{"Sign", 1, func() { s.Sign("hello") }},
		{"AppendSign", 0, func() { dst = s.AppendSign(dst[:0], login) }},
		{"Unsign", 0, func() { _, _, _ = s.Unsign(signed) }},
		{"TimestampSigner.Sign", 1, func() { ts.Sign("hello") }},
		{"TimestampSigner.AppendSign", 0, func() { dst = ts.AppendSign(dst[:0], login) }},
		{"TimestampSigner.UnsignMaxAge", 0, func() { _, _, _ = ts.UnsignMaxAge(stamped, time.Hour) }},
		{"SignObject", 1, func() { _, _ = ts.SignObject(login, true) }},
		{"UnsignObject", 1, func() { _, _, _ = ts.UnsignObject(object) }},
		{"UnsignObject, bad signature", 0, func() { _, _, _ = ts.UnsignObject(bad) }},
		{"MAC.Verify", 0, func() { _, _ = mac.Verify("hello", sum) }},
		{"MAC.HexSum", 1, func() { mac.HexSum("hello") }},
	}
	for _, tt := range tests {
		if n := testing.AllocsPerRun(200, tt.fn); n > tt.max {
			t.Errorf("%s: %v allocations, want %v", tt.name, n, tt.max)
		}
	}
}
