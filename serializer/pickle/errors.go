package pickle

import "github.com/go-djsession/go-djsession/serializer"

// Texts that both scan and run use.
const (
	cutShort     = "the argument is cut short"
	endMissing   = "the end is missing"
	memoTooLarge = "the number of the memo is too large"
)

func syntaxAt(at int, reason string) *serializer.DecodeError {
	return &serializer.DecodeError{Offset: at, Reason: reason, Err: serializer.ErrSyntax}
}

func limitAt(at int, reason string) *serializer.DecodeError {
	return &serializer.DecodeError{Offset: at, Reason: reason, Err: serializer.ErrLimit}
}

func (m *machine) deep() *serializer.DecodeError { return limitAt(m.at, "too deeply nested") }

func (m *machine) underflow() *serializer.DecodeError {
	return syntaxAt(m.at, "the stack holds too little for this")
}

func (m *machine) cut() *serializer.DecodeError { return syntaxAt(m.at, cutShort) }

func typeError(what string) error {
	return &serializer.ConvertError{Reason: what, Err: serializer.ErrType}
}

func limitError(what string) error {
	return &serializer.ConvertError{Reason: what, Err: serializer.ErrLimit}
}
