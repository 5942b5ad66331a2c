package signer

// Errors of this package. Match them with errors.Is.
var (
	// ErrBadSignature is django.core.signing.BadSignature: no key made this signature.
	ErrBadSignature error = &sentinel{"signer: bad signature", nil}
	// ErrNoSeparator is Django's BadSignature('No ":" found in value'): the text has no
	// signature at all. It is an [ErrBadSignature].
	ErrNoSeparator error = &sentinel{"signer: no separator in signed value", ErrBadSignature}
	// ErrSignatureExpired is django.core.signing.SignatureExpired: the signature is good,
	// but older than allowed. As in Django it is an [ErrBadSignature].
	ErrSignatureExpired error = &sentinel{"signer: signature expired", ErrBadSignature}
	// ErrMalformed says that the signature is good, but the signed text cannot be
	// decoded: it has no timestamp, or is not base64 or not zlib. Django raises
	// ValueError, IndexError, binascii.Error or zlib.error.
	ErrMalformed error = &sentinel{"signer: malformed value", nil}
	// ErrTooLarge says that a value exceeds one of the [Limits].
	ErrTooLarge error = &sentinel{"signer: value too large", nil}
	// ErrNoKey says that [Keys] is empty, or that it holds derived keys, but none for this
	// key salt and algorithm.
	ErrNoKey error = &sentinel{"signer: no key", nil}
	// ErrSeparator is the ValueError("Unsafe Signer separator") of Django 1.11 and later:
	// a signature could contain [Options.Sep].
	ErrSeparator error = &sentinel{"signer: unsafe separator", nil}
	// ErrAlgorithm is django.utils.crypto.InvalidAlgorithm: not an [Algorithm] of this package.
	ErrAlgorithm error = &sentinel{"signer: unknown algorithm", nil}
	// ErrDerivedKey says that a derived key has the wrong length, or that [ParseDerivedKeys] does not understand its text.
	ErrDerivedKey error = &sentinel{"signer: malformed derived key", nil}
)

// A sentinel is an error with a fixed text. It may be a special case of another one.
type sentinel struct {
	text string
	is   error
}

func (e *sentinel) Error() string { return e.text }
func (e *sentinel) Unwrap() error { return e.is }
