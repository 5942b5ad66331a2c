package signer

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

func TestMAC(t *testing.T) {
	keys := SecretKey("new", "old", "older")
	m := must(NewMAC(keys, authKeySalt, SHA256))
	const password = "pbkdf2_sha256$1000000$salt$hash"
	sum := m.HexSum(password)
	if got := hex.EncodeToString(m.Sum(password)); got != sum {
		t.Errorf("Sum is %s, HexSum %s", got, sum)
	}
	if got := hex.EncodeToString(must(SaltedHMAC(keys, authKeySalt, SHA256, password))); got != sum {
		t.Errorf("SaltedHMAC is %s, HexSum %s", got, sum)
	}
	for i, secret := range []string{"new", "old", "older"} {
		text := must(NewMAC(SecretKey(secret), authKeySalt, SHA256)).HexSum(password)
		if key, err := m.Verify(password, text); key != i || err != nil {
			t.Errorf("Verify of %s = %d, %v, want %d", secret, key, err, i)
		}
		if key, err := VerifySaltedHMAC(keys, authKeySalt, SHA256, password, text); key != i || err != nil {
			t.Errorf("VerifySaltedHMAC of %s = %d, %v, want %d", secret, key, err, i)
		}
	}
	for name, text := range map[string]string{
		"empty": "", "upper case": strings.ToUpper(sum), "cut": sum[:63], "longer": sum + "0", "very long": strings.Repeat(sum, 100),
		"another secret": must(NewMAC(SecretKey("oldest"), authKeySalt, SHA256)).HexSum(password),
		"another value":  m.HexSum(password + "x"), "another salt": must(NewMAC(keys, "other", SHA256)).HexSum(password),
		"SHA-1": must(NewMAC(keys, authKeySalt, SHA1)).HexSum(password), "the bytes": string(m.Sum(password)),
	} {
		if key, err := m.Verify(password, text); key != -1 || !errors.Is(err, ErrBadSignature) {
			t.Errorf("%s: %d, %v, want -1, ErrBadSignature", name, key, err)
		}
	}
	for i := range len(sum) * 8 {
		b := []byte(sum)
		b[i/8] ^= 1 << (i % 8)
		if _, err := m.Verify(password, string(b)); !errors.Is(err, ErrBadSignature) {
			t.Errorf("bit %d flipped: %v", i, err)
		}
	}
	if _, err := NewMAC(keys, "salt", 99); !errors.Is(err, ErrAlgorithm) {
		t.Errorf("algorithm 99: %v", err)
	}
}
