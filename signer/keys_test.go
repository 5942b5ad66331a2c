package signer

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

// authKeySalt is that of session auth hashes.
const authKeySalt = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"

func TestDerive(t *testing.T) {
	keys := SecretKey("s3cret", "old")
	// sha256("salt" + "signer" + secret), from hashlib.
	ds := must(keys.Derive(KeySalt("salt"), SHA256))
	want := []string{
		"93a410ca7280e8a15c2ff8e99bafff305ebfdeee51e14dc736499bfd19445e56",
		"af681c24f7ebfb058086c4bf1403408f2ea85984068f1f5c509b7e7d62e5c52e",
	}
	if len(ds) != len(want) {
		t.Fatalf("%d keys, want %d", len(ds), len(want))
	}
	for i, d := range ds {
		if got := hex.EncodeToString(d.Key()); got != want[i] || d.KeySalt() != "saltsigner" || d.Algorithm() != SHA256 {
			t.Errorf("key %d is %s for %q, %s, want %s", i, got, d.KeySalt(), d.Algorithm(), want[i])
		}
	}
	// The prefix of the cookie signer's secret may as well end the key salt.
	a, b := must(keys.ForCookies().Derive(KeySalt("salt"), SHA1)), must(keys.Derive(CookieKeySalt("salt"), SHA1))
	for i := range a {
		if !bytes.Equal(a[i].Key(), b[i].Key()) || len(a[i].Key()) != SHA1.Size() {
			t.Errorf("key %d for cookies: %x and %x", i, a[i].Key(), b[i].Key())
		}
	}
	if _, err := keys.Derive("salt", 99); !errors.Is(err, ErrAlgorithm) {
		t.Errorf("algorithm 99: %v", err)
	}
}

func TestZeroKeys(t *testing.T) {
	none := must(DerivedKeys())
	for name, keys := range map[string]Keys{"zero": {}, "empty secret": SecretKey(""), "only fallbacks": SecretKey("", "a"), "none derived": none} {
		if !keys.IsZero() || !keys.ForCookies().IsZero() {
			t.Errorf("%s: IsZero is false", name)
		}
		if _, err := keys.Derive("salt", SHA256); !errors.Is(err, ErrNoKey) {
			t.Errorf("%s: Derive: %v", name, err)
		}
		if _, err := New(keys, Options{}); !errors.Is(err, ErrNoKey) {
			t.Errorf("%s: New: %v", name, err)
		}
		if _, err := NewTimestamp(keys, Options{}); !errors.Is(err, ErrNoKey) {
			t.Errorf("%s: NewTimestamp: %v", name, err)
		}
		if _, err := NewCookieSigner(keys, "prefs", CookieOptions{}); !errors.Is(err, ErrNoKey) {
			t.Errorf("%s: NewCookieSigner: %v", name, err)
		}
		if _, err := Dumps(keys, nil, Options{}, false); !errors.Is(err, ErrNoKey) {
			t.Errorf("%s: Dumps: %v", name, err)
		}
		if _, _, err := Loads(keys, "", Options{}); !errors.Is(err, ErrNoKey) {
			t.Errorf("%s: Loads: %v", name, err)
		}
		if _, err := SaltedHMAC(keys, "salt", SHA256, "x"); !errors.Is(err, ErrNoKey) {
			t.Errorf("%s: SaltedHMAC: %v", name, err)
		}
		if key, err := VerifySaltedHMAC(keys, "salt", SHA256, "x", ""); key != -1 || !errors.Is(err, ErrNoKey) {
			t.Errorf("%s: VerifySaltedHMAC: %d, %v", name, key, err)
		}
	}
	if SecretKey("x").IsZero() {
		t.Error("a secret is zero")
	}
}

// An empty fallback must not become a key that everybody knows.
func TestEmptyFallback(t *testing.T) {
	keys := SecretKey(testSecret, "", "old")
	forged := must(NewTimestamp(SecretKey("django.http.cookies"), Options{Salt: CookieSalt("prefs", "")})).Sign("admin")
	if value, _, err := must(NewCookieSigner(keys, "prefs", CookieOptions{})).Unsign(forged); !errors.Is(err, ErrBadSignature) {
		t.Errorf("forged with the bare prefix: %q, %v", value, err)
	}
	if ds := must(keys.Derive("salt", SHA256)); len(ds) != 2 {
		t.Errorf("%d keys, want 2", len(ds))
	}
}

func TestDerivedKeys(t *testing.T) {
	secret := SecretKey(testSecret, "old")
	ds := must(secret.Derive(KeySalt("a"), SHA256))
	ds = append(ds, must(secret.Derive(authKeySalt, SHA256))...)
	keys := must(DerivedKeys(ds...))

	// They work for their purposes, both ways, fallbacks too.
	a := must(New(keys, Options{Salt: "a"}))
	if got, want := a.Sign("x"), must(New(secret, Options{Salt: "a"})).Sign("x"); got != want {
		t.Errorf("signed %s, want %s", got, want)
	}
	if _, info, err := a.Unsign(must(New(SecretKey("old"), Options{Salt: "a"})).Sign("x")); info.Key != 1 || err != nil {
		t.Errorf("fallback: %+v, %v", info, err)
	}
	if key, err := VerifySaltedHMAC(keys, authKeySalt, SHA256, "password", hex.EncodeToString(must(SaltedHMAC(secret, authKeySalt, SHA256, "password")))); key != 0 || err != nil {
		t.Errorf("auth hash: %d, %v", key, err)
	}
	// And for no other.
	for name, fn := range map[string]func() error{
		"another salt":      func() error { _, err := New(keys, Options{Salt: "b"}); return err },
		"the default salt":  func() error { _, err := New(keys, Options{}); return err },
		"another algorithm": func() error { _, err := New(keys, Options{Salt: "a", Algorithm: SHA1}); return err },
		"legacy SHA-1":      func() error { _, err := New(keys, Options{Salt: "a", LegacySHA1: true}); return err },
		"cookies":           func() error { _, err := New(keys.ForCookies(), Options{Salt: "a"}); return err },
	} {
		if err := fn(); !errors.Is(err, ErrNoKey) {
			t.Errorf("%s: %v, want ErrNoKey", name, err)
		}
	}

	// The caller's bytes are not the key, and those handed out neither.
	raw := ds[0].Key()
	d := must(NewDerivedKey(KeySalt("a"), SHA256, raw))
	clear(raw)
	clear(d.Key())
	if got, want := must(New(must(DerivedKeys(d)), Options{Salt: "a"})).Sign("x"), a.Sign("x"); got != want {
		t.Errorf("changing a slice changed the key: %s, want %s", got, want)
	}
}

func TestNewDerivedKeyRefuses(t *testing.T) {
	tests := []struct {
		name string
		alg  Algorithm
		size int
		err  error
	}{
		{"no key", SHA256, 0, ErrDerivedKey},
		{"short", SHA256, 31, ErrDerivedKey},
		{"long", SHA256, 33, ErrDerivedKey},
		{"of another algorithm", SHA1, 32, ErrDerivedKey},
		{"no algorithm", 99, 32, ErrAlgorithm},
	}
	for _, tt := range tests {
		d, err := NewDerivedKey("a", tt.alg, make([]byte, tt.size))
		if d.Key() != nil || !errors.Is(err, tt.err) {
			t.Errorf("%s: %v, %v, want %v", tt.name, d, err, tt.err)
		}
	}
	good := must(NewDerivedKey("a", SHA256, make([]byte, 32)))
	if _, err := DerivedKeys(good, DerivedKey{}); !errors.Is(err, ErrDerivedKey) {
		t.Errorf("DerivedKeys with a zero one: %v", err)
	}
	if _, err := ExportDerivedKeys(good, DerivedKey{}); !errors.Is(err, ErrDerivedKey) {
		t.Errorf("ExportDerivedKeys with a zero one: %v", err)
	}
}

func TestExportDerivedKeys(t *testing.T) {
	keys := SecretKey("s3cret", "old")
	ds := must(keys.Derive(KeySalt("django.contrib.sessions.SessionStore"), SHA256))
	ds = append(ds, must(keys.Derive("odd \"salt\"\n# \u00e9\xff", SHA1))...)
	text := must(ExportDerivedKeys(ds...))
	lines := strings.Split(text, "\n")
	if len(lines) != 6 || lines[0] != "djsession-derived-keys v1" || lines[5] != "" ||
		!strings.HasPrefix(lines[1], `sha256 "django.contrib.sessions.SessionStoresigner" `) || !strings.HasPrefix(lines[3], `sha1 "odd \"salt\"\n# é\xff" `) {
		t.Errorf("the text is %q", text)
	}
	// Comments, empty lines, CR LF and white space.
	text = "# written by hand\r\n\r\n" + strings.ReplaceAll(text, "\n", " \r\n \t# more\r\n")
	got := must(ParseDerivedKeys(text))
	if len(got) != len(ds) {
		t.Fatalf("%d keys, want %d", len(got), len(ds))
	}
	for i := range ds {
		if got[i].KeySalt() != ds[i].KeySalt() || got[i].Algorithm() != ds[i].Algorithm() || !bytes.Equal(got[i].Key(), ds[i].Key()) {
			t.Errorf("key %d is not what was written", i+1)
		}
	}
}

func TestParseDerivedKeysRefuses(t *testing.T) {
	const header, key = derivedHeader + "\n", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	tests := []struct{ name, text string }{
		{"nothing", ""},
		{"only a comment", "# djsession-derived-keys v1\n"},
		{"no header", `sha256 "a" ` + key},
		{"a later version", "djsession-derived-keys v2\n" + `sha256 "a" ` + key},
		{"the header twice", header + header},
		{"no salt", header + "sha256 " + key},
		{"salt without quotes", header + "sha256 a " + key},
		{"salt in other quotes", header + "sha256 `a` " + key},
		{"salt in single quotes", header + "sha256 'a' " + key},
		{"quote not closed", header + `sha256 "a ` + key},
		{"no key", header + `sha256 "a"`},
		{"not hexadecimal", header + `sha256 "a" ` + key[:62] + "xy"},
		{"short key", header + `sha256 "a" ` + key[:62]},
		{"key of another algorithm", header + `sha1 "a" ` + key},
		{"algorithm", header + `sha257 "a" ` + key},
		{"no algorithm", header + `"a" ` + key},
		{"two keys in a line", header + `sha256 "a" ` + key + " " + key},
		{"the secret itself", "django-insecure-0123456789abcdef"},
	}
	for _, tt := range tests {
		ds, err := ParseDerivedKeys(tt.text)
		if ds != nil || !errors.Is(err, ErrDerivedKey) {
			t.Errorf("%s: %v, %v, want ErrDerivedKey", tt.name, ds, err)
			continue
		}
		if strings.Contains(err.Error(), "0123456789") {
			t.Errorf("%s: the error %q holds what it is about", tt.name, err)
		}
	}
}
