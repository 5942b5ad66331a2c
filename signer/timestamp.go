package signer

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/go-djsession/go-djsession/internal/base62"
)

// TimestampSigner is django.core.signing.TimestampSigner: a Signer that also signs when it did so. It is safe for concurrent use.
type TimestampSigner struct {
	// Now is the clock; nil is time.Now. Set it before the first use.
	Now func() time.Time

	signer *Signer
}

// NewTimestamp is the constructor of django.core.signing.TimestampSigner. The error is ErrNoKey, ErrSeparator or ErrAlgorithm.
func NewTimestamp(keys Keys, opts Options) (*TimestampSigner, error) {
	s, err := newSigner(keys, opts, "django.core.signing.TimestampSigner")
	if err != nil {
		return nil, err
	}
	return &TimestampSigner{signer: s}, nil
}

func (s *TimestampSigner) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// Sign is TimestampSigner.sign: value, separator, whole seconds of the current time, separator, signature.
func (s *TimestampSigner) Sign(value string) string {
	sc := getScratch()
	defer sc.put()
	sc.text = s.appendStamped(append(sc.text[:0], value...), 0)
	return string(sc.text)
}

// AppendSign is TimestampSigner.sign for bytes: it appends what Sign gives to dst.
func (s *TimestampSigner) AppendSign(dst, value []byte) []byte {
	return s.appendStamped(append(dst, value...), len(dst))
}

// appendStamped appends timestamp and signature of dst[start:].
func (s *TimestampSigner) appendStamped(dst []byte, start int) []byte {
	now := s.now()
	seconds := now.Unix()
	if seconds < 0 && now.Nanosecond() > 0 {
		seconds++ // int(time.time()) cuts towards zero
	}
	dst = append(dst, s.signer.sep...)
	dst = base62.AppendInt(dst, seconds)
	return s.signer.appendSignature(dst, start)
}

// Unsign is TimestampSigner.unsign(signed) without max_age: however old, the value is good. The error is ErrBadSignature,
// ErrNoSeparator, ErrTooLarge, or ErrMalformed when the timestamp is not one; then the value is empty.
//
// Unlike Django, whose integers have no size, it takes a timestamp beyond 64 bits for the farthest one that fits: nothing is as old or
// as far in the future.
func (s *TimestampSigner) Unsign(signed string) (string, Info, error) { return s.unsign(signed, nil) }

// UnsignMaxAge is TimestampSigner.unsign(signed, max_age). A value older than maxAge is ErrSignatureExpired, with the Info that tells
// its timestamp; one of exactly maxAge is good, and so is one from the future. Other errors are those of Unsign.
func (s *TimestampSigner) UnsignMaxAge(signed string, maxAge time.Duration) (string, Info, error) {
	return s.unsign(signed, &maxAge)
}

// unsign is TimestampSigner.unsign with max_age or, as None, nil.
func (s *TimestampSigner) unsign(signed string, maxAge *time.Duration) (string, Info, error) {
	sc := getScratch()
	defer sc.put()
	value, info, err := s.verify(sc, signed, maxAge)
	return signed[:len(value)], info, err
}

// verify copies a signed text into the scratch memory, checks signature and age and gives the value, or nothing.
func (s *TimestampSigner) verify(sc *scratch, signed string, maxAge *time.Duration) ([]byte, Info, error) {
	stamped, info, err := s.signer.verify(sc, signed)
	if err != nil {
		return nil, info, err
	}
	value, stamp, ok := cutLast(stamped, s.signer.sep)
	if !ok {
		return nil, info, fmt.Errorf("find timestamp: %w", ErrMalformed)
	}
	if info.Timestamp, err = parseTimestamp(stamp); err != nil {
		return nil, info, err
	}
	if maxAge != nil && olderThan(info.Timestamp, s.now(), *maxAge) {
		return nil, info, ErrSignatureExpired
	}
	return value, info, nil
}

// parseTimestamp reads a timestamp. One beyond 64 bits is the farthest one that fits.
func parseTimestamp(text []byte) (int64, error) {
	t, err := base62.Parse(text)
	if err != nil && !errors.Is(err, base62.ErrRange) {
		return 0, fmt.Errorf("read timestamp: %w: %w", ErrMalformed, err)
	}
	return t, nil
}

// olderThan is time.time() - timestamp > max_age, exact to the nanosecond.
func olderThan(timestamp int64, now time.Time, maxAge time.Duration) bool {
	seconds := now.Unix()
	switch {
	case timestamp < 0 && seconds > math.MaxInt64+timestamp:
		return true // the age does not fit: beyond any Duration
	case timestamp > 0 && seconds < math.MinInt64+timestamp:
		return false // as far in the future
	}
	seconds -= timestamp
	maxSeconds, rest := int64(maxAge/time.Second), int64(maxAge%time.Second)
	if rest < 0 { // rounded towards zero; now.Unix() is rounded down
		maxSeconds, rest = maxSeconds-1, rest+int64(time.Second)
	}
	return seconds > maxSeconds || seconds == maxSeconds && int64(now.Nanosecond()) > rest
}

// SignObject is TimestampSigner.sign_object for data that is serialized already, and what dumps does: base64, after zlib when compress
// is set and it saves more than one byte, then timestamp and signature. Data beyond Limits is ErrTooLarge: it could not be read back.
func (s *TimestampSigner) SignObject(data []byte, compress bool) (string, error) {
	sc := getScratch()
	defer sc.put()
	if err := s.signer.frame(sc, data, compress); err != nil {
		return "", err
	}
	sc.text = s.appendStamped(sc.text, 0)
	return s.signer.checked(sc.text)
}

// UnsignObject is TimestampSigner.unsign_object(signed) as far as bytes, without max_age, and what loads does: it gives the data in a
// new slice. The error is one of Unsign's, or ErrMalformed when what was signed cannot be decoded.
func (s *TimestampSigner) UnsignObject(signed string) ([]byte, Info, error) {
	return s.unsignObject(signed, nil)
}

// UnsignObjectMaxAge is TimestampSigner.unsign_object(signed, max_age=maxAge) as far as bytes: UnsignObject with the age checked as
// UnsignMaxAge does, before anything is decoded.
func (s *TimestampSigner) UnsignObjectMaxAge(signed string, maxAge time.Duration) ([]byte, Info, error) {
	return s.unsignObject(signed, &maxAge)
}

func (s *TimestampSigner) unsignObject(signed string, maxAge *time.Duration) ([]byte, Info, error) {
	sc := getScratch()
	defer sc.put()
	value, info, err := s.verify(sc, signed, maxAge)
	if err != nil {
		return nil, info, err
	}
	data, compressed, err := unframe(sc, value, s.signer.limits)
	info.Compressed = compressed
	return data, info, err
}
