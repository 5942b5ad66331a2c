package signer

import (
	"bytes"
	"crypto/hmac"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"sync"
)

// A MAC is django.utils.crypto.salted_hmac for one key salt and algorithm. It keeps the
// derived keys, so that computing and verifying allocate nothing but the result. It is
// safe for concurrent use.
type MAC struct {
	keys []*hasher // the signing one first
}

// NewMAC derives the keys. The error is [ErrNoKey] or [ErrAlgorithm].
func NewMAC(keys Keys, keySalt string, alg Algorithm) (*MAC, error) {
	ks, err := keys.derive(keySalt, alg)
	if err != nil {
		return nil, err
	}
	m := &MAC{keys: make([]*hasher, len(ks))}
	for i, key := range ks {
		m.keys[i] = newHasher(alg, key)
	}
	return m, nil
}

// Sum returns salted_hmac(key_salt, value).digest(), by the signing key.
func (m *MAC) Sum(value string) []byte {
	h := m.keys[0]
	st, sum := h.beginString(value)
	defer h.end(st)
	return bytes.Clone(sum)
}

// HexSum returns salted_hmac(key_salt, value).hexdigest(), by the signing key.
func (m *MAC) HexSum(value string) string {
	h := m.keys[0]
	st, sum := h.beginString(value)
	defer h.end(st)
	return string(hex.AppendEncode(st.text[:0], sum))
}

// Verify is constant_time_compare(text, salted_hmac(key_salt, value).hexdigest()) with
// each key in turn. It returns the number of the key that fits: 0 for the signing key,
// else a fallback. If none fits the error is [ErrBadSignature]. As in Django upper case
// does not verify.
func (m *MAC) Verify(value, text string) (key int, err error) {
	for i, h := range m.keys {
		if h.verifyHex(value, text) {
			return i, nil
		}
	}
	return -1, ErrBadSignature
}

// SaltedHMAC is django.utils.crypto.salted_hmac(key_salt, value, algorithm=alg).digest()
// by the signing key. For more than one value [NewMAC] is faster. The error is [ErrNoKey] or
// [ErrAlgorithm].
func SaltedHMAC(keys Keys, keySalt string, alg Algorithm, value string) ([]byte, error) {
	m, err := NewMAC(keys, keySalt, alg)
	if err != nil {
		return nil, err
	}
	return m.Sum(value), nil
}

// VerifySaltedHMAC compares text, in constant time, with the hexdigest of
// django.utils.crypto.salted_hmac(key_salt, value, secret, algorithm=alg) for each secret
// in turn. It returns the number of the key that fits: 0 for the signing key, else a
// fallback. For more than one value [NewMAC] is faster. The error is [ErrBadSignature],
// [ErrNoKey] or [ErrAlgorithm].
func VerifySaltedHMAC(keys Keys, keySalt string, alg Algorithm, value, text string) (key int, err error) {
	m, err := NewMAC(keys, keySalt, alg)
	if err != nil {
		return -1, err
	}
	return m.Verify(value, text)
}

// A hasher computes HMACs under one key, several at a time. Only the closure that makes
// new states holds the key: no printer finds it there.
type hasher struct {
	states sync.Pool // of *hashState
}

// A hashState is one HMAC in use, with room for its input and output.
type hashState struct {
	mac   hash.Hash
	value []byte
	sum   [maxSize]byte
	text  [2 * maxSize]byte // hexadecimal is longer than base64
	given [2 * maxSize]byte
}

func newHasher(alg Algorithm, key []byte) *hasher {
	h := new(hasher)
	h.states.New = func() any {
		return &hashState{mac: hmac.New(algorithms[alg].new, key)}
	}
	return h
}

// begin computes the HMAC of value into st.sum. The caller must return the state by end.
func (h *hasher) begin(value []byte) (st *hashState, sum []byte) {
	st = h.states.Get().(*hashState)
	st.mac.Reset()
	st.mac.Write(value)
	return st, st.mac.Sum(st.sum[:0])
}

// beginString is begin for a string.
func (h *hasher) beginString(value string) (st *hashState, sum []byte) {
	st = h.states.Get().(*hashState)
	st.value = append(st.value[:0], value...)
	st.mac.Reset()
	st.mac.Write(st.value)
	return st, st.mac.Sum(st.sum[:0])
}

func (h *hasher) end(st *hashState) {
	if cap(st.value) > maxKept {
		st.value = nil
	}
	h.states.Put(st)
}

// verifyHex compares text with the hexadecimal HMAC of value.
func (h *hasher) verifyHex(value, text string) bool {
	st, sum := h.beginString(value)
	want := hex.AppendEncode(st.text[:0], sum)
	ok := len(text) == len(want) && subtle.ConstantTimeCompare(append(st.given[:0], text...), want) == 1
	h.end(st)
	return ok
}

// appendSignature appends the signature of value: base64_hmac of django.core.signing.
func (h *hasher) appendSignature(dst, value []byte) []byte {
	st, sum := h.begin(value)
	dst = base64.RawURLEncoding.AppendEncode(dst, sum)
	h.end(st)
	return dst
}

// verify compares a signature as text, so that it has one spelling: base64 with different
// unused bits at its end does not verify.
func (h *hasher) verify(value, signature []byte) bool {
	st, sum := h.begin(value)
	want := base64.RawURLEncoding.AppendEncode(st.text[:0], sum)
	ok := subtle.ConstantTimeCompare(signature, want) == 1
	h.end(st)
	return ok
}
