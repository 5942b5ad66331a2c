package signer

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"fmt"
	"hash"
)

// Algorithm is the algorithm argument of django.core.signing.Signer and salted_hmac: the hash under the HMAC, which also derives
// its key. Its zero value is [SHA256], Django's default.
type Algorithm uint8

// The algorithms of Python's hashlib that salted_hmac accepts and the standard library has. [SHA1] was the only one before Django 3.1.
const (
	SHA256 Algorithm = iota
	SHA1
	SHA224
	SHA384
	SHA512
	SHA3_224
	SHA3_256
	SHA3_384
	SHA3_512
	MD5
)

// algorithms describes each Algorithm, in the order of the constants.
var algorithms = [...]struct {
	name string
	size int
	new  func() hash.Hash
}{
	SHA256:   {"sha256", sha256.Size, sha256.New},
	SHA1:     {"sha1", sha1.Size, sha1.New},
	SHA224:   {"sha224", sha256.Size224, sha256.New224},
	SHA384:   {"sha384", sha512.Size384, sha512.New384},
	SHA512:   {"sha512", sha512.Size, sha512.New},
	SHA3_224: {"sha3_224", 28, func() hash.Hash { return sha3.New224() }},
	SHA3_256: {"sha3_256", 32, func() hash.Hash { return sha3.New256() }},
	SHA3_384: {"sha3_384", 48, func() hash.Hash { return sha3.New384() }},
	SHA3_512: {"sha3_512", 64, func() hash.Hash { return sha3.New512() }},
	MD5:      {"md5", md5.Size, md5.New},
}

// maxSize is the length of the longest digest in bytes.
const maxSize = sha512.Size

// ParseAlgorithm returns the [Algorithm] with this hashlib name: getattr(hashlib, name) in
// salted_hmac. The empty name is [SHA256]. The error is [ErrAlgorithm].
func ParseAlgorithm(name string) (Algorithm, error) {
	if name == "" {
		return SHA256, nil
	}
	for i, a := range algorithms {
		if a.name == name {
			return Algorithm(i), nil
		}
	}
	return 0, ErrAlgorithm
}

// String returns the name that Python's hashlib uses.
func (a Algorithm) String() string {
	if !a.valid() {
		return fmt.Sprintf("Algorithm(%d)", uint8(a))
	}
	return algorithms[a].name
}

// Size returns the length of a digest in bytes. It is 0 for a value that is no Algorithm.
func (a Algorithm) Size() int {
	if !a.valid() {
		return 0
	}
	return algorithms[a].size
}

func (a Algorithm) valid() bool { return int(a) < len(algorithms) }

// derive is the key derivation of salted_hmac: always one digest, however short or long its input.
func (a Algorithm) derive(keySalt, secret string) []byte {
	h := algorithms[a].new()
	h.Write([]byte(keySalt))
	h.Write([]byte(secret))
	return h.Sum(nil)
}
