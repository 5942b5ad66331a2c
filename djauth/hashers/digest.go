package hashers

import (
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Digest is MD5PasswordHasher, SHA1PasswordHasher, UnsaltedMD5PasswordHasher or
// UnsaltedSHA1PasswordHasher. Django wrote such hashes long ago, and sites use them to
// make their tests fast. Whoever has such hashes can compute the passwords.
type Digest struct {
	// SHA1 chooses SHA-1 and not MD5.
	SHA1 bool
	// Unsalted chooses the hashers without a salt.
	Unsalted bool

	rules rules
}

var _ Hasher = Digest{}

func (h Digest) name() string {
	if h.SHA1 {
		return "sha1"
	}
	return "md5"
}

// Algorithm returns md5, sha1, unsalted_md5 or unsalted_sha1.
func (h Digest) Algorithm() string {
	if h.Unsalted {
		return "unsalted_" + h.name()
	}
	return h.name()
}

// Encode is MD5PasswordHasher.encode, or that of the other class.
func (h Digest) Encode(password string) (string, error) {
	if h.Unsalted {
		return h.encode(password, ""), nil
	}
	return h.encode(password, randomString(h.rules.saltLength())), nil
}

func (h Digest) encode(password, salt string) string {
	hash := ""
	if h.SHA1 {
		sum := sha1.Sum([]byte(salt + password))
		hash = hex.EncodeToString(sum[:])
	} else {
		sum := md5.Sum([]byte(salt + password))
		hash = hex.EncodeToString(sum[:])
	}
	if h.Unsalted && !h.SHA1 { // Django 0.90 stored it bare
		return hash
	}
	return h.name() + "$" + salt + "$" + hash
}

// decode returns the salt of encoded, and encoded in the form that encode writes.
func (h Digest) decode(encoded string) (salt, canonical string, err error) {
	hash := encoded
	switch {
	case !h.Unsalted:
		parts := strings.Split(encoded, "$")
		if len(parts) != 3 || parts[0] != h.name() || parts[1] == "" {
			return "", "", fmt.Errorf("%w: parts of %s", ErrMalformed, h.Algorithm())
		}
		salt, hash = parts[1], parts[2]
	case h.SHA1:
		var ok bool
		if hash, ok = strings.CutPrefix(encoded, "sha1$$"); !ok {
			return "", "", fmt.Errorf("%w: parts of %s", ErrMalformed, h.Algorithm())
		}
	default:
		hash = strings.TrimPrefix(encoded, "md5$$")
		encoded = hash
	}
	size := md5.Size
	if h.SHA1 {
		size = sha1.Size
	}
	if len(hash) != hex.EncodedLen(size) || strings.Trim(hash, "0123456789abcdef") != "" {
		return "", "", fmt.Errorf("%w: hash of %s", ErrMalformed, h.Algorithm())
	}
	return salt, encoded, nil
}

// Verify is MD5PasswordHasher.verify, or that of the other class.
func (h Digest) Verify(password, encoded string, _ Limits) (bool, error) {
	salt, canonical, err := h.decode(encoded)
	return err == nil && equal(canonical, h.encode(password, salt)), err
}

// MustUpdate is MD5PasswordHasher.must_update, or that of the other class: from Django
// 3.2 on it is true for a salt of less than 128 bits.
func (h Digest) MustUpdate(encoded string) (bool, error) {
	salt, _, err := h.decode(encoded)
	return err == nil && !h.Unsalted && h.rules.tooShort(utf8.RuneCountInString(salt)), err
}

// HardenRuntime does nothing, as in Django.
func (h Digest) HardenRuntime(password, encoded string) {}

// Crypt is CryptPasswordHasher, the DES crypt of the C library. It was in every site's
// list before Django 1.10 and was removed in 5.0.
//
// Unlike Django, it neither checks nor makes hashes: its methods return [ErrUnsupported].
type Crypt struct{}

var _ Hasher = Crypt{}

var errCrypt = fmt.Errorf("%w: crypt", ErrUnsupported)

// Algorithm returns crypt.
func (Crypt) Algorithm() string { return "crypt" }

// Encode returns [ErrUnsupported].
func (Crypt) Encode(password string) (string, error) { return "", errCrypt }

// Verify returns [ErrUnsupported].
func (Crypt) Verify(password, encoded string, _ Limits) (bool, error) { return false, errCrypt }

// MustUpdate returns false, as in Django.
func (Crypt) MustUpdate(encoded string) (bool, error) { return false, nil }

// HardenRuntime does nothing, as in Django.
func (Crypt) HardenRuntime(password, encoded string) {}
