package signer

import (
	"bytes"
	"strings"
)

// Options are the arguments of django.core.signing.Signer and its subclasses. The zero value is Django's default, from 4.0 on.
//
// Sites before Django 3.1 sign with [Algorithm] [SHA1]. 3.1 and 3.2 sign with [SHA256] and also accept SHA-1: set LegacySHA1 to do the
// same; with DEFAULT_HASHING_ALGORITHM = "sha1" they sign with [SHA1] too.
type Options struct {
	// Salt separates purposes: a value signed with one salt does not verify with another.
	// As in Django an empty Salt is the default of the class or function:
	// "django.core.signing.Signer", "django.core.signing.TimestampSigner" (Django's class
	// paths), and for [Dumps] and [Loads] "django.core.signing".
	Salt string
	// Sep stands between value, timestamp and signature. Empty is ":". It may be longer
	// than one character, but must hold one outside of A-z (a range that includes [ \ ] ^
	// _ and the backtick), 0-9, - and =.
	Sep string
	// Algorithm is the hash under the HMAC. The zero value is [SHA256].
	Algorithm Algorithm
	// LegacySHA1 also accepts SHA-1 signatures, as Django 3.1 and 3.2 do
	// (Signer.legacy_algorithm). Keys from [DerivedKeys] must then hold one for [SHA1].
	LegacySHA1 bool
	// Limits bound the values that are read and written.
	Limits Limits
}

func (o Options) sep() string {
	if o.Sep == "" {
		return ":"
	}
	return o.Sep
}

// Limits bound values from outside before memory is allocated for them. A zero or
// negative field means its default.
//
// Unlike Django, which trusts compressed data because it is signed: whoever may write one
// session could fill the memory with it.
type Limits struct {
	// MaxPayload is the longest signed text, in bytes; a longer one is [ErrTooLarge]. The
	// default is [DefaultMaxPayload].
	MaxPayload int
	// MaxDecompressed is the most bytes that an object may have after base64 and zlib;
	// more is [ErrTooLarge]. The default is [DefaultMaxDecompressed].
	MaxDecompressed int
}

// Defaults of [Limits], far above what sites keep in sessions.
const (
	DefaultMaxPayload      = 4 << 20
	DefaultMaxDecompressed = 16 << 20
)

func (l Limits) maxPayload() int {
	if l.MaxPayload <= 0 {
		return DefaultMaxPayload
	}
	return l.MaxPayload
}

func (l Limits) maxDecompressed() int {
	if l.MaxDecompressed <= 0 {
		return DefaultMaxDecompressed
	}
	return l.MaxDecompressed
}

// Info says how a value was verified.
type Info struct {
	// Key is the key that made the signature: 0 for the signing key, n for the nth fallback that is not empty.
	Key int
	// LegacySHA1 is true if only SHA-1 verified, see [Options.LegacySHA1].
	LegacySHA1 bool
	// LegacySalt is true if only the legacy salt of a [CookieSigner] verified, see
	// [CookieV2Fallback].
	LegacySalt bool
	// Compressed is true for an object that was compressed.
	Compressed bool
	// Timestamp is the time at which a [TimestampSigner] signed, in Unix seconds. It is 0
	// for values without one.
	Timestamp int64
}

// Signer is django.core.signing.Signer: it puts a signature behind values. It holds
// derived keys, so that signing and verifying allocate nothing but the result. It is safe
// for concurrent use.
type Signer struct {
	sep    string
	mac    *MAC
	legacy *MAC // SHA-1, nil when not wanted
	limits Limits
}

// New is the constructor of django.core.signing.Signer. The error is [ErrNoKey], [ErrSeparator] or [ErrAlgorithm].
func New(keys Keys, opts Options) (*Signer, error) {
	return newSigner(keys, opts, "django.core.signing.Signer")
}

// newSigner is New with the class path as the default salt.
func newSigner(keys Keys, opts Options, defaultSalt string) (*Signer, error) {
	s := &Signer{sep: opts.sep(), limits: opts.Limits}
	if unsafeSeparator(s.sep) {
		return nil, ErrSeparator
	}
	salt := opts.Salt
	if salt == "" {
		salt = defaultSalt
	}
	var err error
	if s.mac, err = NewMAC(keys, KeySalt(salt), opts.Algorithm); err != nil {
		return nil, err
	}
	if opts.LegacySHA1 && opts.Algorithm != SHA1 {
		if s.legacy, err = NewMAC(keys, KeySalt(salt), SHA1); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// unsafeSeparator is the match of Django's _SEP_UNSAFE, ^[A-z0-9-_=]*$. The range A-z
// also holds [ \ ] ^ _ and the backtick, and $ also matches before a newline at the end.
func unsafeSeparator(sep string) bool {
	sep = strings.TrimSuffix(sep, "\n")
	for i := range len(sep) {
		c := sep[i]
		if !('A' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '=') {
			return false
		}
	}
	return true
}

// Sign is Signer.sign: it returns value, separator, signature.
func (s *Signer) Sign(value string) string {
	sc := getScratch()
	defer sc.put()
	sc.text = s.appendSignature(append(sc.text[:0], value...), 0)
	return string(sc.text)
}

// AppendSign is Signer.sign for bytes: it appends value, separator and signature to dst.
func (s *Signer) AppendSign(dst, value []byte) []byte {
	return s.appendSignature(append(dst, value...), len(dst))
}

// appendSignature appends separator and signature of dst[start:].
func (s *Signer) appendSignature(dst []byte, start int) []byte {
	end := len(dst)
	dst = append(dst, s.sep...)
	return s.mac.keys[0].appendSignature(dst, dst[start:end])
}

// Unsign is Signer.unsign: it returns the value without its signature, which begins after
// the last separator. The error is [ErrBadSignature], [ErrNoSeparator] or [ErrTooLarge]; then
// the value is empty.
func (s *Signer) Unsign(signed string) (string, Info, error) {
	sc := getScratch()
	defer sc.put()
	value, info, err := s.verify(sc, signed)
	return signed[:len(value)], info, err
}

// verify copies a signed text into the scratch memory. It returns the part that the
// signature covers, or nothing.
func (s *Signer) verify(sc *scratch, signed string) ([]byte, Info, error) {
	if len(signed) > s.limits.maxPayload() {
		return nil, Info{}, ErrTooLarge
	}
	sc.text = append(sc.text[:0], signed...)
	value, signature, ok := cutLast(sc.text, s.sep)
	if !ok {
		return nil, Info{}, ErrNoSeparator
	}
	for i, key := range s.mac.keys {
		if key.verify(value, signature) {
			return value, Info{Key: i}, nil
		}
	}
	if s.legacy != nil {
		for i, key := range s.legacy.keys {
			if key.verify(value, signature) {
				return value, Info{Key: i, LegacySHA1: true}, nil
			}
		}
	}
	return nil, Info{}, ErrBadSignature
}

// cutLast is text.rsplit(sep, 1).
func cutLast(text []byte, sep string) (before, after []byte, ok bool) {
	i := bytes.LastIndex(text, []byte(sep))
	if i < 0 {
		return nil, nil, false
	}
	return text[:i], text[i+len(sep):], true
}

// SignObject is Signer.sign_object for data that is already serialized: zlib if compress
// is set and it saves more than one byte, base64, and the signature. Data beyond [Limits]
// is [ErrTooLarge], because it could not be read back.
func (s *Signer) SignObject(data []byte, compress bool) (string, error) {
	sc := getScratch()
	defer sc.put()
	if err := s.frame(sc, data, compress); err != nil {
		return "", err
	}
	sc.text = s.appendSignature(sc.text, 0)
	return s.checked(sc.text)
}

// checked returns the signed text as a string, unless it is too long to be read back.
func (s *Signer) checked(text []byte) (string, error) {
	if len(text) > s.limits.maxPayload() {
		return "", ErrTooLarge
	}
	return string(text), nil
}

// UnsignObject is Signer.unsign_object without the deserialization: it returns the data
// in a new slice. The error is one of [Signer.Unsign], or [ErrMalformed].
func (s *Signer) UnsignObject(signed string) ([]byte, Info, error) {
	sc := getScratch()
	defer sc.put()
	value, info, err := s.verify(sc, signed)
	if err != nil {
		return nil, info, err
	}
	data, compressed, err := unframe(sc, value, s.limits)
	info.Compressed = compressed
	return data, info, err
}
