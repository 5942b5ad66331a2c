package signer

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/go-djsession/go-djsession/internal/base62"
)

// TimestampSigner is django.core.signing.TimestampSigner: a [Signer] that also signs the
// time. It is safe for concurrent use.
type TimestampSigner struct {
	// Now is the clock; nil is [time.Now]. Set it before the first use.
	Now func() time.Time

	signer *Signer
}

// NewTimestamp is the constructor of django.core.signing.TimestampSigner. The error is [ErrNoKey], [ErrSeparator] or [ErrAlgorithm].
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

// Sign is TimestampSigner.sign: it returns value, separator, the current time in whole
// seconds, separator, signature.
func (s *TimestampSigner) Sign(value string) string {
	sc := getScratch()
	defer sc.put()
	sc.text = s.appendStamped(append(sc.text[:0], value...), 0)
	return string(sc.text)
}

// AppendSign is TimestampSigner.sign for bytes: it appends the result of [TimestampSigner.Sign] to dst.
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

// Unsign is TimestampSigner.unsign(signed) without max_age: the value is good however old
// it is. The error is [ErrBadSignature], [ErrNoSeparator], [ErrTooLarge], or [ErrMalformed] if
// the timestamp is not one; then the value is empty.
//
// Unlike Django, whose integers have no size, it takes a timestamp beyond 64 bits for the
// farthest one that fits: nothing is as old or as far in the future.
func (s *TimestampSigner) Unsign(signed string) (string, Info, error) { return s.unsign(signed, nil) }

// UnsignMaxAge is TimestampSigner.unsign(signed, max_age). A value older than maxAge is
// [ErrSignatureExpired], with the Info that holds its timestamp. An age of exactly maxAge
// is good, and so is a time in the future. Other errors are those of [TimestampSigner.Unsign].
func (s *TimestampSigner) UnsignMaxAge(signed string, maxAge time.Duration) (string, Info, error) {
	return s.unsign(signed, &maxAge)
}

// unsign is TimestampSigner.unsign with max_age; nil is None.
func (s *TimestampSigner) unsign(signed string, maxAge *time.Duration) (string, Info, error) {
	sc := getScratch()
	defer sc.put()
	value, info, err := s.verify(sc, signed, maxAge)
	return signed[:len(value)], info, err
}

// verify copies a signed text into the scratch memory and checks signature and age. It
// returns the value, or nothing.
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

// parseTimestamp reads a timestamp. For one beyond 64 bits it returns the farthest one
// that fits.
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

// SignObject is TimestampSigner.sign_object for data that is already serialized, which
// dumps calls: zlib if compress is set and it saves more than one byte, base64, timestamp
// and signature. Data beyond [Limits] is [ErrTooLarge], because it could not be read back.
func (s *TimestampSigner) SignObject(data []byte, compress bool) (string, error) {
	sc := getScratch()
	defer sc.put()
	if err := s.signer.frame(sc, data, compress); err != nil {
		return "", err
	}
	sc.text = s.appendStamped(sc.text, 0)
	return s.signer.checked(sc.text)
}

// UnsignObject is TimestampSigner.unsign_object(signed) without max_age and without the
// deserialization: it returns the data in a new slice. The error is one of [TimestampSigner.Unsign], or
// [ErrMalformed] if the signed text cannot be decoded.
func (s *TimestampSigner) UnsignObject(signed string) ([]byte, Info, error) {
	return s.unsignObject(signed, nil)
}

// UnsignObjectMaxAge is TimestampSigner.unsign_object(signed, max_age=maxAge):
// [TimestampSigner.UnsignObject] that checks the age as [TimestampSigner.UnsignMaxAge] does, before it decodes anything.
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
