package hashers

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-djsession/go-djsession/djsession"
)

// iterations are PBKDF2PasswordHasher.iterations of each Django.
var iterations = map[djsession.DjangoVersion]int{
	{Major: 1, Minor: 8}:  20_000,
	{Major: 1, Minor: 9}:  24_000,
	{Major: 1, Minor: 10}: 30_000,
	{Major: 1, Minor: 11}: 36_000,
	{Major: 2, Minor: 0}:  100_000,
	{Major: 2, Minor: 1}:  120_000,
	{Major: 2, Minor: 2}:  150_000,
	{Major: 3, Minor: 0}:  180_000,
	{Major: 3, Minor: 1}:  216_000,
	{Major: 3, Minor: 2}:  260_000,
	{Major: 4, Minor: 0}:  320_000,
	{Major: 4, Minor: 1}:  390_000,
	{Major: 4, Minor: 2}:  600_000,
	{Major: 5, Minor: 0}:  720_000,
	{Major: 5, Minor: 1}:  870_000,
	{Major: 5, Minor: 2}:  1_000_000,
	{Major: 6, Minor: 0}:  1_200_000,
	{Major: 6, Minor: 1}:  1_500_000,
}

const classPath = "django.contrib.auth.hashers."

// ForDjango returns the hashers of a Django with its parameters: those of its default
// PASSWORD_HASHERS, or those that paths names as the setting does
// ("django.contrib.auth.hashers.Argon2PasswordHasher"; the name of the class is enough).
//
// If a site changed parameters by a class of its own, change them in the result:
//
//	list, err := hashers.ForDjango(version)
//	h := list[0].(hashers.PBKDF2)
//	h.Iterations *= 2
//	list[0] = h
//
// The zero version is Django 6.1. Errors: [djsession.ErrConfig] for a version before 1.8 or
// after 6.1, whose parameters are unknown here, and for a hasher that this Django does
// not have.
func ForDjango(version djsession.DjangoVersion, paths ...string) ([]Hasher, error) {
	if version == (djsession.DjangoVersion{}) {
		version = djsession.DjangoVersion{Major: 6, Minor: 1}
	}
	n, ok := iterations[version]
	if !ok {
		return nil, fmt.Errorf("%w: the password hashers of Django %s are not known", djsession.ErrConfig, version)
	}
	if len(paths) == 0 {
		paths = defaults(version)
	}
	list := make([]Hasher, 0, len(paths))
	for _, path := range paths {
		h := hasher(version, n, strings.TrimPrefix(path, classPath))
		if h == nil {
			return nil, fmt.Errorf("%w: Django %s has no password hasher %q", djsession.ErrConfig, version, path)
		}
		list = append(list, h)
	}
	return list, nil
}

// defaults is PASSWORD_HASHERS of django.conf.global_settings.
func defaults(version djsession.DjangoVersion) []string {
	paths := []string{"PBKDF2PasswordHasher", "PBKDF2SHA1PasswordHasher", "Argon2PasswordHasher", "BCryptSHA256PasswordHasher"}
	switch {
	case version.Before(1, 10):
		return append(slices.Delete(paths, 2, 3), "BCryptPasswordHasher", "SHA1PasswordHasher", "MD5PasswordHasher",
			"UnsaltedSHA1PasswordHasher", "UnsaltedMD5PasswordHasher", "CryptPasswordHasher")
	case version.Before(2, 1):
		return append(paths, "BCryptPasswordHasher")
	case version.Before(4, 0):
		return paths
	default:
		return append(paths, "ScryptPasswordHasher")
	}
}

// hasher returns the hasher of a class, or nil if there is none.
func hasher(version djsession.DjangoVersion, iterations int, class string) Hasher {
	var r rules
	if version.Before(3, 2) {
		r = before32
	}
	if version.Before(1, 9) {
		r = before19
	}
	switch class {
	case "PBKDF2PasswordHasher":
		return PBKDF2{Iterations: iterations, rules: r}
	case "PBKDF2SHA1PasswordHasher":
		return PBKDF2{SHA1: true, Iterations: iterations, rules: r}
	case "BCryptSHA256PasswordHasher":
		return BCrypt{SHA256: true, Rounds: 12, rules: r}
	case "BCryptPasswordHasher":
		return BCrypt{Rounds: 12, rules: r}
	case "MD5PasswordHasher":
		return Digest{rules: r}
	case "Argon2PasswordHasher":
		switch {
		case version.Before(1, 10):
			return nil
		case version.Before(3, 2):
			return Argon2{TimeCost: 2, MemoryCost: 512, Parallelism: 2, rules: r}
		}
		return Argon2{TimeCost: 2, MemoryCost: 102400, Parallelism: 8, rules: r}
	case "ScryptPasswordHasher":
		switch {
		case version.Before(4, 0):
			return nil
		case version.Before(5, 1):
			return Scrypt{WorkFactor: 1 << 14, BlockSize: 8, Parallelism: 1}
		}
		return Scrypt{WorkFactor: 1 << 14, BlockSize: 8, Parallelism: 5}
	}
	if !version.Before(5, 1) {
		return nil
	}
	switch class {
	case "SHA1PasswordHasher":
		return Digest{SHA1: true, rules: r}
	case "UnsaltedSHA1PasswordHasher":
		return Digest{SHA1: true, Unsalted: true, rules: r}
	case "UnsaltedMD5PasswordHasher":
		return Digest{Unsalted: true, rules: r}
	}
	if class == "CryptPasswordHasher" && version.Before(5, 0) {
		return Crypt{}
	}
	return nil
}
