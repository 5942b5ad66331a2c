package hashers_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djauth/hashers"
	"github.com/go-djsession/go-djsession/djsession"
)

// The Djangos of the fixtures.
var versions = []string{"1.8", "1.11", "2.2", "3.2", "4.2", "5.2", "6.1"}

// line is one line of fixtures/gen/hashers.py vectors.
type line struct {
	Kind       string
	Django     string   // made-by
	Classes    []string // made-by
	Argon2     string   `json:"argon2-cffi"`
	BCrypt     string   `json:"bcrypt"`
	Class      string
	Cost       string // cheap or real
	Name       string
	Password   string
	Encoded    string
	Refused    string // the exception of encode
	MustUpdate any    `json:"must_update"` // true, false, or the name of an exception
	Verdict    any    // of check_password, likewise
}

// vectors returns the header and the other lines of a Django.
func vectors(t *testing.T, version string) (line, []line) {
	t.Helper()
	lines := read[line](t, "testdata/django"+version+".jsonl")
	if len(lines) < 400 || lines[0].Kind != "made-by" || lines[0].Django != version {
		t.Fatalf("testdata for Django %s: got %d lines", version, len(lines))
	}
	return lines[0], lines[1:]
}

func read[T any](t *testing.T, path string) []T {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var lines []T
	scan := bufio.NewScanner(f)
	for scan.Scan() {
		dec := json.NewDecoder(strings.NewReader(scan.Text()))
		dec.DisallowUnknownFields()
		var l T
		if err := dec.Decode(&l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	if scan.Err() != nil {
		t.Fatal(scan.Err())
	}
	return lines
}

func forDjango(t *testing.T, version string, paths ...string) []hashers.Hasher {
	t.Helper()
	v, err := djsession.ParseDjangoVersion(version)
	if err != nil {
		t.Fatal(err)
	}
	list, err := hashers.ForDjango(v, paths...)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// What every hasher of every Django made is checked, with Django's answer to
// must_update.
func TestHashesOfDjango(t *testing.T) {
	right := map[dear]bool{}
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			header, lines := vectors(t, version)
			seen := map[string]int{}
			for _, l := range lines {
				if l.Kind != "hash" {
					continue
				}
				seen[l.Class]++
				if testing.Short() && l.Cost == "real" {
					continue
				}
				t.Run(l.Class+"/"+l.Name, func(t *testing.T) { checkHash(t, version, l, right) })
			}
			for _, class := range header.Classes {
				if seen[class] < 13 {
					t.Errorf("%s: got %d hashes, want at least 13", class, seen[class])
				}
			}
		})
	}
}

// dear is a hash that takes its time. Several Djangos make the same.
type dear struct {
	hasher            hashers.Hasher
	password, encoded string
}

// checkHash checks a hash; a dear one whose very hasher and password are not in right, which
// it adds.
func checkHash(t *testing.T, version string, l line, right map[dear]bool) {
	h := forDjango(t, version, l.Class)[0]
	if l.Class == "CryptPasswordHasher" {
		if ok, err := h.Verify(l.Password, l.Encoded, hashers.Limits{}); ok || !errors.Is(err, hashers.ErrUnsupported) {
			t.Errorf("crypt: got %v, %v, want ErrUnsupported", ok, err)
		}
		return
	}
	if l.Refused != "" {
		// Only the library bcrypt refuses, and not every version of it the same.
		if _, err := h.Encode(l.Password); l.Class != "BCryptPasswordHasher" || !errors.Is(err, hashers.ErrPassword) {
			t.Errorf("Django says %s: got %v, want ErrPassword", l.Refused, err)
		}
		return
	}
	if d := (dear{h, l.Password, l.Encoded}); !right[d] && l.Name != "stock-salt-12" { // which takes its time, and is here for MustUpdate
		ok, err := h.Verify(l.Password, l.Encoded, hashers.Limits{})
		if !ok || err != nil {
			t.Errorf("Verify(%q): got %v, %v", l.Encoded, ok, err)
		}
		right[d] = ok && err == nil && l.Cost == "real"
	}
	if got, err := h.MustUpdate(l.Encoded); err != nil || got != l.MustUpdate {
		t.Errorf("MustUpdate(%q): got %v, %v, want %v", l.Encoded, got, err, l.MustUpdate)
	}
	if l.Cost == "real" {
		return
	}
	if ok, err := h.Verify("x"+l.Password, l.Encoded, hashers.Limits{}); ok != (l.Class == "BCryptPasswordHasher" && strings.HasPrefix(l.Password, strings.Repeat("x", 72))) || err != nil {
		t.Errorf("Verify with another password: got %v, %v", ok, err)
	}
	for n := range len(l.Encoded) {
		if ok, err := h.Verify(l.Password, l.Encoded[:n], hashers.Limits{}); ok || err == nil {
			// A shorter Argon2 hash is one of another length.
			if !ok && l.Class == "Argon2PasswordHasher" && n > strings.LastIndex(l.Encoded, "$") {
				continue
			}
			t.Errorf("Verify of %q: got %v, %v, want an error", l.Encoded[:n], ok, err)
		}
	}
}

// Where we answer a hash otherwise than a Django does, by class and name, and why.
var unlikeDjango = map[string]string{
	"Argon2PasswordHasher/kind-d":                  "x/crypto has no Argon2d",
	"Argon2PasswordHasher/kind-d-one-lane":         "x/crypto has no Argon2d",
	"Argon2PasswordHasher/kind-d-hash-of-4":        "x/crypto has no Argon2d",
	"Argon2PasswordHasher/kind-d-hash-of-100":      "x/crypto has no Argon2d",
	"Argon2PasswordHasher/kind-d-salt-of-8":        "x/crypto has no Argon2d",
	"Argon2PasswordHasher/kind-d-version-16":       "x/crypto has no Argon2d",
	"Argon2PasswordHasher/kind-d-without-version":  "x/crypto has no Argon2d",
	"Argon2PasswordHasher/kind-i-version-16":       "x/crypto has no Argon2 before 1.3",
	"Argon2PasswordHasher/kind-i-without-version":  "x/crypto has no Argon2 before 1.3",
	"Argon2PasswordHasher/kind-id-version-16":      "x/crypto has no Argon2 before 1.3",
	"Argon2PasswordHasher/kind-id-without-version": "x/crypto has no Argon2 before 1.3",
	"Argon2PasswordHasher/appended-\\x00":          "libargon2 takes the hash for a C string",
	"BCryptPasswordHasher/version-2x":              "only versions of the library from 4.0 on know 2x",
	"BCryptSHA256PasswordHasher/version-2x":        "only versions of the library from 4.0 on know 2x",
	"CryptPasswordHasher/space-appended":           "no crypt, which cuts after 8 bytes",
	"CryptPasswordHasher/part-1-empty":             "no crypt",
	"CryptPasswordHasher/right":                    "no crypt",
}

// Django's verdict on thousands of whole and damaged hashes is ours. Where it ends
// in an exception ours is an error, without a word of the hash.
func TestVerdictsOfDjango(t *testing.T) {
	used := map[string]bool{}
	for _, version := range versions {
		header, lines := vectors(t, version)
		p, err := hashers.New(forDjango(t, version, header.Classes...), nil)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, l := range lines {
			if l.Kind != "verdict" {
				continue
			}
			n++
			name := l.Class + "/" + l.Name
			ok, _, err := p.Check(t.Context(), l.Password, l.Encoded)
			leaks(t, l, err)
			switch want := l.Verdict.(type) {
			case bool:
				if want == ok {
					if ok && err != nil {
						t.Errorf("Django %s %s: got both true and %v", version, name, err)
					}
					break
				}
				if ok || err == nil || unlikeDjango[name] == "" {
					t.Errorf("Django %s %s: %q is %v, want %v (%v)", version, name, l.Encoded, ok, want, err)
				}
				used[name] = true
			case string:
				// With such passwords it is up to the version of the library.
				if l.Class == "BCryptPasswordHasher" && strings.Contains(l.Password, "\x00") {
					break
				}
				if ok || err == nil {
					t.Errorf("Django %s %s: %q is %v without an error, want one: %s", version, name, l.Encoded, ok, want)
				}
			}
			checkMustUpdate(t, version, l)
		}
		if n < 200 {
			t.Errorf("Django %s: got %d verdicts, want at least 200", version, n)
		}
	}
	for name, why := range unlikeDjango {
		if !used[name] {
			t.Errorf("%s (%s): no Django says otherwise", name, why)
		}
	}
}

// must_update of Django takes more than verify does. Where both answer, they agree.
func checkMustUpdate(t *testing.T, version string, l line) {
	want, ok := l.MustUpdate.(bool)
	if !ok {
		return
	}
	h := forDjango(t, version, l.Class)[0]
	got, err := h.MustUpdate(l.Encoded)
	if err == nil && got != want {
		t.Errorf("Django %s %s/%s: MustUpdate(%q) is %v, want %v", version, l.Class, l.Name, l.Encoded, got, want)
	}
	if verdict, _ := l.Verdict.(bool); verdict && err != nil && unlikeDjango[l.Class+"/"+l.Name] == "" {
		t.Errorf("Django %s %s/%s: MustUpdate(%q): %v", version, l.Class, l.Name, l.Encoded, err)
	}
}

// leaks fails if the error tells anything of the password or hash.
func leaks(t *testing.T, l line, err error) {
	t.Helper()
	if err == nil {
		return
	}
	known := []string{"pbkdf2_sha256", "pbkdf2_sha1", "argon2", "argon2d", "argon2id", "bcrypt_sha256", "bcrypt", "scrypt", "md5", "sha1", "crypt"}
	for _, part := range append(strings.FieldsFunc(l.Encoded, func(r rune) bool { return r == '$' || r == ',' || r == '=' }), l.Password) {
		part = strings.ToLower(strings.TrimSpace(part))
		if len(part) >= 4 && !slices.Contains(known, part) && strings.Contains(err.Error(), part) {
			t.Errorf("%s/%s: the error %q holds %q", l.Class, l.Name, err, part)
		}
	}
}

// source is one line of fixtures/gen/hashers.py parameters.
type source struct {
	Django      string
	Default     []string
	Classes     map[string]map[string]int
	SaltEntropy int `json:"salt_entropy"`
}

// ForDjango has the parameters that are in the source of every Django.
func TestParametersOfDjango(t *testing.T) {
	sources := read[source](t, "testdata/parameters.jsonl")
	if len(sources) != 18 {
		t.Fatalf("got %d Djangos, want 18", len(sources))
	}
	all := []string{"PBKDF2PasswordHasher", "PBKDF2SHA1PasswordHasher", "Argon2PasswordHasher", "BCryptSHA256PasswordHasher", "BCryptPasswordHasher",
		"ScryptPasswordHasher", "SHA1PasswordHasher", "MD5PasswordHasher", "UnsaltedSHA1PasswordHasher", "UnsaltedMD5PasswordHasher", "CryptPasswordHasher"}
	for _, s := range sources {
		t.Run(s.Django, func(t *testing.T) {
			version, err := djsession.ParseDjangoVersion(s.Django)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := forDjango(t, s.Django), forDjango(t, s.Django, s.Default...); !slices.Equal(got, want) {
				t.Errorf("defaults: got %v, want %v", got, want)
			}
			for _, class := range all {
				want, there := s.Classes[class]
				list, err := hashers.ForDjango(version, class)
				if !there {
					if !errors.Is(err, djsession.ErrConfig) {
						t.Errorf("%s, which this Django lacks: got %v, want ErrConfig", class, err)
					}
					continue
				}
				if err != nil {
					t.Error(err)
					continue
				}
				delete(s.Classes, class)
				got := map[string]int{}
				switch h := list[0].(type) {
				case hashers.PBKDF2:
					got["iterations"] = h.Iterations
				case hashers.Argon2:
					got["time_cost"], got["memory_cost"], got["parallelism"] = h.TimeCost, h.MemoryCost, h.Parallelism
				case hashers.BCrypt:
					got["rounds"] = h.Rounds
				case hashers.Scrypt:
					got["work_factor"], got["block_size"], got["parallelism"], got["maxmem"] = h.WorkFactor, h.BlockSize, h.Parallelism, int(h.MaxMem)
				}
				for name, value := range want {
					if got[name] != value {
						t.Errorf("%s.%s: got %d, want %d", class, name, got[name], value)
					}
				}
				if len(got) != len(want) {
					t.Errorf("%s: got parameters %v, want %v", class, got, want)
				}
			}
			if len(s.Classes) != 0 {
				t.Errorf("hashers unknown to this test: %v", s.Classes)
			}
			encoded, err := forDjango(t, s.Django, "MD5PasswordHasher")[0].Encode("")
			if err != nil {
				t.Fatal(err)
			}
			want := 12
			if s.SaltEntropy == 128 {
				want = 22
			}
			if salt := strings.Split(encoded, "$")[1]; len(salt) != want {
				t.Errorf("salt %q: want %d characters for %d bits", salt, want, s.SaltEntropy)
			}
		})
	}
}

func TestForDjangoUnknown(t *testing.T) {
	for _, v := range []djsession.DjangoVersion{{Major: 1, Minor: 7}, {Major: 2, Minor: 3}, {Major: 6, Minor: 2}, {Major: 10, Minor: 0}} {
		if _, err := hashers.ForDjango(v); !errors.Is(err, djsession.ErrConfig) {
			t.Errorf("Django %s: got %v, want ErrConfig", v, err)
		}
	}
	zero, err := hashers.ForDjango(djsession.DjangoVersion{}, "django.contrib.auth.hashers.ScryptPasswordHasher")
	if err != nil || !slices.Equal(zero, forDjango(t, "6.1", "ScryptPasswordHasher")) {
		t.Errorf("zero version: got %v, %v, want Django 6.1", zero, err)
	}
	if _, err := hashers.ForDjango(djsession.DjangoVersion{}, "site.hashers.ScryptPasswordHasher"); !errors.Is(err, djsession.ErrConfig) {
		t.Errorf("a class of the site: got %v, want ErrConfig", err)
	}
}
