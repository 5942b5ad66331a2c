package hashers_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth/hashers"
	"github.com/go-djsession/go-djsession/djsession"
)

// One of each hasher, with parameters that take no time.
var cheap = []struct {
	name   string
	hasher hashers.Hasher
	shape  string // of what Encode writes
}{
	{"pbkdf2_sha256", hashers.PBKDF2{Iterations: 3}, `^pbkdf2_sha256\$3\$[a-zA-Z0-9]{22}\$[A-Za-z0-9+/]{43}=$`},
	{"pbkdf2_sha1", hashers.PBKDF2{SHA1: true, Iterations: 3}, `^pbkdf2_sha1\$3\$[a-zA-Z0-9]{22}\$[A-Za-z0-9+/]{27}=$`},
	{"argon2", hashers.Argon2{TimeCost: 1, MemoryCost: 64, Parallelism: 2}, `^argon2\$argon2id\$v=19\$m=64,t=1,p=2\$[A-Za-z0-9+/]{30}\$[A-Za-z0-9+/]{43}$`},
	{"bcrypt_sha256", hashers.BCrypt{SHA256: true, Rounds: 4}, `^bcrypt_sha256\$\$2b\$04\$[./A-Za-z0-9]{53}$`},
	{"bcrypt", hashers.BCrypt{Rounds: 4}, `^bcrypt\$\$2b\$04\$[./A-Za-z0-9]{53}$`},
	{"scrypt", hashers.Scrypt{WorkFactor: 16, BlockSize: 8, Parallelism: 1}, `^scrypt\$16\$[a-zA-Z0-9]{22}\$8\$1\$[A-Za-z0-9+/]{86}==$`},
	{"md5", hashers.Digest{}, `^md5\$[a-zA-Z0-9]{22}\$[0-9a-f]{32}$`},
	{"sha1", hashers.Digest{SHA1: true}, `^sha1\$[a-zA-Z0-9]{22}\$[0-9a-f]{40}$`},
	{"unsalted_md5", hashers.Digest{Unsalted: true}, `^[0-9a-f]{32}$`},
	{"unsalted_sha1", hashers.Digest{SHA1: true, Unsalted: true}, `^sha1\$\$[0-9a-f]{40}$`},
}

func TestEncode(t *testing.T) {
	for _, test := range cheap {
		t.Run(test.name, func(t *testing.T) {
			if got := test.hasher.Algorithm(); got != test.name {
				t.Errorf("Algorithm: got %s", got)
			}
			for _, password := range []string{"", "correct horse", "пароль", strings.Repeat("é", 36), strings.Repeat("x", 73), strings.Repeat("long ", 1000), "a\x00b"} {
				encoded, err := test.hasher.Encode(password)
				if test.name == "bcrypt" && (len(password) > 72 || password == "a\x00b") {
					if !errors.Is(err, hashers.ErrPassword) {
						t.Errorf("%d bytes: got %v, want ErrPassword", len(password), err)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if !regexp.MustCompile(test.shape).MatchString(encoded) {
					t.Errorf("got %q, want %s", encoded, test.shape)
				}
				if ok, err := test.hasher.Verify(password, encoded, hashers.Limits{}); !ok || err != nil {
					t.Errorf("%d bytes: got %v, %v", len(password), ok, err)
				}
				if ok, err := test.hasher.Verify(password+"y", encoded, hashers.Limits{}); len(password) != 72 && (ok || err != nil) {
					t.Errorf("another password: got %v, %v", ok, err)
				}
				if update, err := test.hasher.MustUpdate(encoded); update || err != nil {
					t.Errorf("MustUpdate of its own: got %v, %v", update, err)
				}
				again, err := test.hasher.Encode(password)
				if err != nil || (again == encoded) != strings.HasPrefix(test.name, "unsalted") {
					t.Errorf("a second time: got %v, %q after %q", err, again, encoded)
				}
			}
		})
	}
}

// The zero values are the parameters of Django 6.1.
func TestZeroValues(t *testing.T) {
	for _, test := range []struct{ zero, class string }{
		{"pbkdf2_sha256$1500000$%s$" + strings.Repeat("A", 43) + "=", "PBKDF2PasswordHasher"},
		{"argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdFNBTFRzYWx0U0FMVDAxMjM0NQ$" + strings.Repeat("A", 43), "Argon2PasswordHasher"},
		{"bcrypt$$2b$12$" + strings.Repeat("u", 53), "BCryptPasswordHasher"},
		{"scrypt$16384$%s$8$5$" + strings.Repeat("A", 86) + "==", "ScryptPasswordHasher"},
	} {
		encoded := strings.ReplaceAll(test.zero, "%s", strings.Repeat("s", 22))
		zero := map[string]hashers.Hasher{"PBKDF2PasswordHasher": hashers.PBKDF2{}, "Argon2PasswordHasher": hashers.Argon2{},
			"BCryptPasswordHasher": hashers.BCrypt{}, "ScryptPasswordHasher": hashers.Scrypt{}}[test.class]
		for _, h := range []hashers.Hasher{zero, forDjango(t, "6.1", test.class)[0]} {
			if update, err := h.MustUpdate(encoded); update || err != nil {
				t.Errorf("%#v: got %v, %v", h, update, err)
			}
		}
	}
}

// recorder is a first hasher that notes what it was asked for.
type recorder struct {
	hashers.Hasher
	calls *[]string
}

func (r recorder) Encode(password string) (string, error) {
	*r.calls = append(*r.calls, "Encode")
	return r.Hasher.Encode(password)
}

func (r recorder) HardenRuntime(password, encoded string) {
	*r.calls = append(*r.calls, "HardenRuntime")
}

func encode(t *testing.T, h hashers.Hasher, password string) string {
	t.Helper()
	encoded, err := h.Encode(password)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func TestCheck(t *testing.T) {
	first := hashers.PBKDF2{Iterations: 5}
	own := encode(t, first, "secret")
	fewer := encode(t, hashers.PBKDF2{Iterations: 4}, "secret")
	other := encode(t, hashers.PBKDF2{SHA1: true, Iterations: 5}, "secret")
	parts := strings.Split(own, "$")
	for _, test := range []struct {
		name, password, encoded string
		ok, upgrade             bool
		err                     error
		calls                   string // of the first hasher, beyond Verify
	}{
		{"right", "secret", own, true, false, nil, ""},
		{"wrong", "Secret", own, false, false, nil, ""},
		{"right with fewer iterations", "secret", fewer, true, true, nil, ""},
		{"wrong with fewer iterations", "Secret", fewer, false, false, nil, "HardenRuntime"},
		{"right of another algorithm", "secret", other, true, true, nil, ""},
		{"wrong of another algorithm", "Secret", other, false, false, nil, ""},
		{"unusable", "secret", "!" + own, false, false, nil, "Encode"},
		{"unusable, as Django makes it", "secret", hashers.Unusable(), false, false, nil, "Encode"},
		{"empty", "", "", false, false, hashers.ErrUnknownAlgorithm, "Encode"},
		{"not hashed at all", "secret", "secret", false, false, hashers.ErrUnknownAlgorithm, "Encode"},
		{"not in the list", "secret", encode(t, hashers.Digest{}, "secret"), false, false, hashers.ErrUnknownAlgorithm, "Encode"},
		{"not in the list, unsalted", "secret", encode(t, hashers.Digest{Unsalted: true}, "secret"), false, false, hashers.ErrUnknownAlgorithm, "Encode"},
		{"malformed", "secret", own[:40], false, false, hashers.ErrMalformed, "Encode"},
		{"too costly", "secret", strings.Replace(own, "$5$", "$999999999$", 1), false, false, hashers.ErrTooCostly, "Encode"},
		{"hash of another password's salt", "secret", strings.Join([]string{parts[0], parts[1], "x" + parts[2][1:], parts[3]}, "$"), false, false, nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, upgrade := range []bool{false, true} {
				var calls []string
				p, err := hashers.New([]hashers.Hasher{recorder{first, &calls}, hashers.PBKDF2{SHA1: true, Iterations: 5}}, &hashers.Options{Upgrade: upgrade})
				if err != nil {
					t.Fatal(err)
				}
				ok, got, err := p.Check(t.Context(), test.password, test.encoded)
				if ok != test.ok || got != (test.upgrade && upgrade) || !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
					t.Errorf("Upgrade %v: got %v, %v, %v, want %v, %v, %v", upgrade, ok, got, err, test.ok, test.upgrade && upgrade, test.err)
				}
				if calls := strings.Join(calls, " "); calls != test.calls {
					t.Errorf("the first hasher did %q, want %q", calls, test.calls)
				}
			}
		})
	}
}

// For a user who does not exist the first hasher works as for one who does, also
// with a password that it refuses to keep.
func TestDummy(t *testing.T) {
	for _, test := range []struct{ name, password, calls string }{
		{"short", "secret", "Encode"},
		{"refused by bcrypt", strings.Repeat("x", 73), "Encode Encode"},
	} {
		var calls []string
		p, err := hashers.New([]hashers.Hasher{recorder{hashers.BCrypt{Rounds: 4}, &calls}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Dummy(t.Context(), test.password); err != nil {
			t.Error(err)
		}
		if got := strings.Join(calls, " "); got != test.calls {
			t.Errorf("%s: got %q, want %q", test.name, got, test.calls)
		}
	}
}

// HardenRuntime takes what Verify was faster by: about as long as Encode where
// encoded is cheap, nothing where it is not.
func TestHardenRuntime(t *testing.T) {
	for _, test := range []struct {
		name        string
		cheap, dear hashers.Hasher
	}{
		{"pbkdf2", hashers.PBKDF2{Iterations: 1}, hashers.PBKDF2{Iterations: 60_000}},
		{"bcrypt", hashers.BCrypt{Rounds: 4}, hashers.BCrypt{Rounds: 9}},
	} {
		t.Run(test.name, func(t *testing.T) {
			fast, slow := encode(t, test.cheap, ""), encode(t, test.dear, "")
			full := quickest(func() { encode(t, test.dear, "") })
			if got := quickest(func() { test.dear.HardenRuntime("", fast) }); got < full/4 {
				t.Errorf("for a cheap hash: got %v, want about %v", got, full)
			}
			if got := quickest(func() { test.dear.HardenRuntime("", slow) }); got > full/2 {
				t.Errorf("for a hash of its own: got %v, want nothing", got)
			}
			if got := quickest(func() { test.cheap.HardenRuntime("", slow) }); got > full/2 {
				t.Errorf("for a dear hash: got %v, want nothing", got)
			}
			test.dear.HardenRuntime("", "x")
		})
	}
}

func quickest(f func()) time.Duration {
	best := time.Duration(math.MaxInt64)
	for range 5 {
		start := time.Now()
		f()
		best = min(best, time.Since(start))
	}
	return best
}

// blocker is a hasher whose Encode waits.
type blocker struct {
	hashers.Hasher
	begun, end chan struct{}
}

func (b blocker) Encode(password string) (string, error) {
	b.begun <- struct{}{}
	<-b.end
	return b.Hasher.Encode(password)
}

func TestParallel(t *testing.T) {
	b := blocker{hashers.Digest{}, make(chan struct{}), make(chan struct{})}
	p, err := hashers.New([]hashers.Hasher{b}, &hashers.Options{Parallel: 1})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, err := p.Make(context.Background(), "")
		done <- err
	}()
	<-b.begun
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if ok, _, err := p.Check(ctx, "", encode(t, hashers.Digest{}, "")); ok || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Check beside another: got %v, %v, want that it waits", ok, err)
	}
	if err := p.Dummy(ctx, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Dummy: got %v", err)
	}
	if _, err := p.Make(ctx, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Make: got %v", err)
	}
	close(b.end)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if ok, _, err := p.Check(t.Context(), "", encode(t, hashers.Digest{}, "")); !ok || err != nil {
		t.Errorf("Check afterwards: got %v, %v", ok, err)
	}
}

func TestUsable(t *testing.T) {
	for encoded, want := range map[string]bool{"": true, "!": false, "!x": false, "x!": true, "md5$a$b": true} {
		if got := hashers.IsUsable(encoded); got != want {
			t.Errorf("IsUsable(%q): got %v", encoded, got)
		}
	}
	a, b := hashers.Unusable(), hashers.Unusable()
	if a == b || !regexp.MustCompile(`^![a-zA-Z0-9]{40}$`).MatchString(a) || hashers.IsUsable(a) {
		t.Errorf("Unusable: got %q and %q", a, b)
	}
}

// All characters come up in salts, each as often as the others.
func TestSaltCharacters(t *testing.T) {
	seen, total := map[rune]int{}, 0
	for range 1000 {
		for _, c := range hashers.Unusable()[1:] {
			seen[c]++
			total++
		}
	}
	for c, n := range seen {
		if mean := total / 62; n < mean*7/10 || n > mean*13/10 {
			t.Errorf("%c: %d times, want about %d", c, n, mean)
		}
	}
	if len(seen) != 62 {
		t.Errorf("got %d characters, want 62", len(seen))
	}
}

func TestNewErrors(t *testing.T) {
	for _, test := range []struct {
		name string
		list []hashers.Hasher
		opts *hashers.Options
		also error
	}{
		{"no hashers", nil, nil, nil},
		{"negative parallel", []hashers.Hasher{hashers.Digest{}}, &hashers.Options{Parallel: -1}, nil},
		{"pbkdf2 beyond the limit", []hashers.Hasher{hashers.PBKDF2{}}, &hashers.Options{Limits: hashers.Limits{Iterations: 1_000_000}}, hashers.ErrTooCostly},
		{"pbkdf2 below 1", []hashers.Hasher{hashers.PBKDF2{Iterations: -1}}, nil, nil},
		{"bcrypt beyond the limit", []hashers.Hasher{hashers.Digest{}, hashers.BCrypt{Rounds: 17}}, &hashers.Options{Limits: hashers.Limits{Rounds: 16}}, hashers.ErrTooCostly},
		{"bcrypt below 4", []hashers.Hasher{hashers.BCrypt{Rounds: 3}}, nil, nil},
		{"bcrypt above 31", []hashers.Hasher{hashers.BCrypt{Rounds: 32}}, &hashers.Options{Limits: hashers.Limits{Rounds: 100}}, nil},
		{"argon2 beyond the memory", []hashers.Hasher{hashers.Argon2{}}, &hashers.Options{Limits: hashers.Limits{Memory: 100 << 19}}, hashers.ErrTooCostly},
		{"argon2 beyond the work", []hashers.Hasher{hashers.Argon2{TimeCost: 100}}, &hashers.Options{Limits: hashers.Limits{Work: 4 << 30}}, hashers.ErrTooCostly},
		{"argon2 with too many lanes", []hashers.Hasher{hashers.Argon2{Parallelism: 256}}, nil, hashers.ErrUnsupported},
		{"argon2 with too little memory", []hashers.Hasher{hashers.Argon2{MemoryCost: 63}}, nil, hashers.ErrMalformed},
		{"argon2 negative", []hashers.Hasher{hashers.Argon2{TimeCost: -1}}, nil, nil},
		{"argon2 with a hash of 3", []hashers.Hasher{hashers.Argon2{HashLength: 3}}, nil, hashers.ErrMalformed},
		{"scrypt beyond OpenSSL", []hashers.Hasher{hashers.Scrypt{WorkFactor: 1 << 15}}, nil, hashers.ErrTooCostly},
		{"scrypt not a power of two", []hashers.Hasher{hashers.Scrypt{WorkFactor: 1000}}, nil, nil},
		{"scrypt negative", []hashers.Hasher{hashers.Scrypt{BlockSize: -1}}, nil, nil},
	} {
		_, err := hashers.New(test.list, test.opts)
		if !errors.Is(err, djsession.ErrConfig) || test.also != nil && !errors.Is(err, test.also) {
			t.Errorf("%s: got %v, want ErrConfig and %v", test.name, err, test.also)
		}
		if len(test.list) > 0 && test.opts == nil && test.also != hashers.ErrTooCostly {
			if _, err := test.list[0].Encode("x"); err == nil {
				t.Errorf("%s: Encode does it", test.name)
			}
		}
	}
	if _, err := hashers.New([]hashers.Hasher{hashers.Scrypt{WorkFactor: 1 << 15, MaxMem: 64 << 20}}, nil); err != nil {
		t.Errorf("scrypt with more maxmem: %v", err)
	}
}

// Make is of the first hasher, and the list is a copy.
func TestMake(t *testing.T) {
	list := []hashers.Hasher{hashers.PBKDF2{Iterations: 2}, hashers.Digest{}}
	p, err := hashers.New(list, nil)
	if err != nil {
		t.Fatal(err)
	}
	list[0] = hashers.Crypt{}
	encoded, err := p.Make(t.Context(), "secret")
	if err != nil || !strings.HasPrefix(encoded, "pbkdf2_sha256$2$") {
		t.Errorf("got %q, %v", encoded, err)
	}
	p, err = hashers.New([]hashers.Hasher{hashers.Crypt{}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Make(t.Context(), "secret"); !errors.Is(err, hashers.ErrUnsupported) {
		t.Errorf("by crypt: got %v", err)
	}
}

func TestIdentify(t *testing.T) {
	p, err := hashers.New([]hashers.Hasher{hashers.Digest{}, hashers.Digest{SHA1: true}, hashers.Digest{Unsalted: true}, hashers.Digest{SHA1: true, Unsalted: true},
		hashers.PBKDF2{Iterations: 1}, hashers.PBKDF2{Iterations: 2}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ encoded, want, why string }{
		{strings.Repeat("0", 32), "unsalted_md5", "bare"},
		{strings.Repeat("é", 32), "unsalted_md5", "Django counts characters"},
		{strings.Repeat("é", 16), "", "not bytes"},
		{"md5$$" + strings.Repeat("0", 32), "unsalted_md5", "an empty salt"},
		{"md5$$" + strings.Repeat("0", 31), "md5", "any other length"},
		{"sha1$$" + strings.Repeat("0", 40), "unsalted_sha1", "an empty salt"},
		{"sha1$$" + strings.Repeat("0", 41), "sha1", "any other length"},
		{"md5", "md5", "no dollar sign"},
		{"MD5$a$b", "", "case counts"},
		{"default$a$b", "", "Django would take the first and fail"},
		{"", "", ""},
	} {
		h, err := p.Identify(test.encoded)
		if test.want == "" {
			if h != nil || !errors.Is(err, hashers.ErrUnknownAlgorithm) {
				t.Errorf("%q (%s): got %v, %v", test.encoded, test.why, h, err)
			}
		} else if err != nil || h.Algorithm() != test.want {
			t.Errorf("%q (%s): got %v, %v, want %s", test.encoded, test.why, h, err, test.want)
		}
	}
	if h, err := p.Identify("pbkdf2_sha256$"); err != nil || h != hashers.Hasher(hashers.PBKDF2{Iterations: 2}) {
		t.Errorf("two of an algorithm: got %v, %v, want the last", h, err)
	}
}

// Parameters in a hash that would take minutes or gigabytes are refused.
func TestLimits(t *testing.T) {
	b64 := func(n int) string { return strings.Repeat("A", n) }
	scrypt := hashers.Scrypt{MaxMem: math.MaxInt64}
	for _, test := range []struct {
		name    string
		hasher  hashers.Hasher
		format  string
		allowed string // at the limit, if it takes no time
		over    []string
		limits  hashers.Limits
	}{
		{"pbkdf2", hashers.PBKDF2{}, "pbkdf2_sha256$%s$salt$" + b64(43) + "=", "", []string{"15000001", "2147483647", "2147483648", "9223372036854775807", "9223372036854775808", "99999999999999999999999"}, hashers.Limits{}},
		{"pbkdf2, set", hashers.PBKDF2{}, "pbkdf2_sha256$%s$salt$" + b64(43) + "=", "10", []string{"11"}, hashers.Limits{Iterations: 10}},
		{"pbkdf2_sha1", hashers.PBKDF2{SHA1: true}, "pbkdf2_sha1$%s$salt$" + b64(27) + "=", "10", []string{"11"}, hashers.Limits{Iterations: 10}},
		{"bcrypt", hashers.BCrypt{}, "bcrypt$$2b$%s$" + strings.Repeat("u", 53), "", []string{"16", "31"}, hashers.Limits{}},
		{"bcrypt, set", hashers.BCrypt{}, "bcrypt$$2b$%s$" + strings.Repeat("u", 53), "05", []string{"06"}, hashers.Limits{Rounds: 5}},
		{"argon2 memory", hashers.Argon2{}, "argon2$argon2id$v=19$m=%s,t=1,p=1$" + b64(22) + "$" + b64(43), "", []string{"524289", "4294967295", "99999999999999999999999"}, hashers.Limits{}},
		{"argon2 passes", hashers.Argon2{}, "argon2$argon2i$v=19$m=102400,t=%s,p=1$" + b64(22) + "$" + b64(43), "", []string{"21", "4294967295", "99999999999999999999999"}, hashers.Limits{}},
		{"argon2, set", hashers.Argon2{}, "argon2$argon2i$v=19$m=64,t=%s,p=1$" + b64(22) + "$" + b64(43), "2", []string{"3"}, hashers.Limits{Memory: 64 << 10, Work: 128 << 10}},
		{"scrypt as OpenSSL", hashers.Scrypt{}, "scrypt$%s$salt$8$1$" + b64(86) + "==", "", []string{"32768", "1073741824", "99999999999999999999999"}, hashers.Limits{}},
		{"scrypt blocks", scrypt, "scrypt$16384$salt$%s$1$" + b64(86) + "==", "", []string{"257", "2147483647", "99999999999999999999999"}, hashers.Limits{}},
		{"scrypt memory", scrypt, "scrypt$%s$salt$8$1$" + b64(86) + "==", "", []string{"1048576", "1073741824", "99999999999999999999999"}, hashers.Limits{}},
		{"scrypt passes", scrypt, "scrypt$16384$salt$8$%s$" + b64(86) + "==", "", []string{"51", "257", "1000000000", "99999999999999999999999"}, hashers.Limits{}},
		{"scrypt, set", scrypt, "scrypt$16$salt$8$%s$" + b64(86) + "==", "2", []string{"3"}, hashers.Limits{Memory: 16 << 10, Work: 128 << 10}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, number := range test.over {
				encoded := fmt.Sprintf(test.format, number)
				if ok, err := test.hasher.Verify("", encoded, test.limits); ok || !errors.Is(err, hashers.ErrTooCostly) {
					t.Errorf("%s: got %v, %v, want ErrTooCostly", encoded, ok, err)
				}
			}
			if test.allowed != "" {
				if ok, err := test.hasher.Verify("", fmt.Sprintf(test.format, test.allowed), test.limits); ok || err != nil {
					t.Errorf("%s: got %v, %v, want that it is computed", test.allowed, ok, err)
				}
			}
		})
	}
}
