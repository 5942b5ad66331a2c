package hashers

import "crypto/rand"

// rules says what is no parameter, but changed between versions of Django. Zero is the
// present rule. ForDjango sets it, and copies of its hashers keep it.
type rules uint8

const (
	before32 rules = iota + 1 // salts of 12 characters, and none is too short; Argon2i
	before19                  // and bcrypt hashes are never replaced
)

// saltLength returns the number of characters of a new salt: BasePasswordHasher.salt. 22
// is the least number of characters of 62 kinds that holds 128 bits.
func (r rules) saltLength() int {
	if r >= before32 {
		return 12
	}
	return 22
}

// tooShort is must_update_salt.
func (r rules) tooShort(length int) bool {
	return r < before32 && length < r.saltLength()
}

// randomString is get_random_string.
func randomString(length int) string {
	const chars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	text := make([]byte, 0, length)
	var buf [64]byte
	for {
		rand.Read(buf[:])
		for _, b := range buf {
			if len(text) == length {
				return string(text)
			}
			if b >= 4*byte(len(chars)) { // so that all characters are equally likely
				continue
			}
			text = append(text, chars[int(b)%len(chars)])
		}
	}
}
