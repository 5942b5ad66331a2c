package signer

// Errors of this package. Match them with errors.Is.
var (
	// ErrBadSignature is django.core.signing.BadSignature: no key made this signature.
	ErrBadSignature error = &sentinel{"signer: bad signature", nil}
	// ErrNoSeparator is Django's BadSignature('No ":" found in value'), and is an ErrBadSignature: there is no signature at all.
	ErrNoSeparator error = &sentinel{"signer: no separator in signed value", ErrBadSignature}
	// ErrSignatureExpired is django.core.signing.SignatureExpired, and as there it is an ErrBadSignature: the signature is good, and
	// older than allowed.
	ErrSignatureExpired error = &sentinel{"signer: signature expired", ErrBadSignature}
	// ErrMalformed says that the signature is good, but what it signs cannot be decoded: no timestamp, not base64, not zlib. Django
	// raises ValueError, IndexError, binascii.Error or zlib.error.
	ErrMalformed error = &sentinel{"signer: malformed value", nil}
	// ErrTooLarge says that a limit of Limits was passed.
	ErrTooLarge error = &sentinel{"signer: value too large", nil}
	// ErrNoKey says that Keys is empty, or holds derived keys, but none for the key salt and algorithm that were asked for.
	ErrNoKey error = &sentinel{"signer: no key", nil}
	// ErrSeparator is the ValueError("Unsafe Signer separator") of Django 1.11 and later: a signature could hold Options.Sep.
	ErrSeparator error = &sentinel{"signer: unsafe separator", nil}
	// ErrAlgorithm is django.utils.crypto.InvalidAlgorithm: not an Algorithm of this package.
	ErrAlgorithm error = &sentinel{"signer: unknown algorithm", nil}
	// ErrDerivedKey says that a derived key has the wrong length, or that ParseDerivedKeys does not understand its text.
	ErrDerivedKey error = &sentinel{"signer: malformed derived key", nil}
)

// A sentinel is an error with a fixed text that may be a special case of another.
type sentinel struct {
	text string
	is   error
}

func (e *sentinel) Error() string { return e.text }
func (e *sentinel) Unwrap() error { return e.is }
