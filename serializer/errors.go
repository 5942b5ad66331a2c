package serializer

import (
	"fmt"
	"strconv"
	"strings"
)

// DecodeError says where serialized bytes violate the format or exceed a limit. It
// matches the sentinel in Err, and quotes nothing of the bytes.
type DecodeError struct {
	Offset int    // bytes from the start to where reading stopped
	Reason string // what was wrong there
	Err    error  // ErrSyntax, ErrNotDict or ErrLimit
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("%v at offset %d: %s", e.Err, e.Offset, e.Reason)
}

func (e *DecodeError) Unwrap() error { return e.Err }

// ConvertError says which part of a value the format ([Freeze], Dumps) or the Go type
// ([Field], [Convert]) cannot hold. It matches the sentinel in Err and, if a method of the
// caller's own type failed, also that method's error. That error is not printed, because
// such texts quote values.
type ConvertError struct {
	// Path is as in cart.items[3].price, and empty for the value itself. Its names are
	// the names of the fields of Go structs, and the name that [Field] was given. The key
	// of a dict or a Go map is data and is not named: {2} is the third key in the order
	// of the dict, or of the sorted keys of the map.
	Path   string
	Reason string // what was wrong there; names types, never values
	Err    error  // ErrType, ErrSyntax or ErrLimit
	cause  *error // what the caller's own method returned, or nil. Package fmt does not follow it
}

func (e *ConvertError) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("%v: %s", e.Err, e.Reason)
	}
	return fmt.Sprintf("%v: %s: %s", e.Err, e.Path, e.Reason)
}

// GoString is [ConvertError.Error]: under %#v its cause is not printed either.
func (e *ConvertError) GoString() string { return e.Error() }

// MarshalText is [ConvertError.Error]: encoders would print its fields.
func (e *ConvertError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

func (e *ConvertError) Unwrap() []error {
	if e.cause == nil {
		return []error{e.Err}
	}
	return []error{e.Err, *e.cause}
}

func causedBy(err error) *error { return &err }

func wrongType(format string, args ...any) *ConvertError {
	return &ConvertError{Reason: fmt.Sprintf(format, args...), Err: ErrType}
}

func overLimit(reason string) *ConvertError {
	return &ConvertError{Reason: reason, Err: ErrLimit}
}

// in returns e as an error in the member name of the value around it.
func (e *ConvertError) in(name string) *ConvertError { return e.under(pathName(name)) }

// at returns e as an error in item i of the value around it.
func (e *ConvertError) at(i int) *ConvertError { return e.under("[" + strconv.Itoa(i) + "]") }

// key returns e as an error in the value, or in the key, at place i of the dict around
// it.
func (e *ConvertError) key(i int) *ConvertError { return e.under("{" + strconv.Itoa(i) + "}") }

func (e *ConvertError) under(step string) *ConvertError {
	if e.Path != "" && e.Path[0] != '[' && e.Path[0] != '{' {
		step += "."
	}
	if len(e.Path) < maxPath {
		e.Path = step + e.Path
	}
	return e
}

// maxPath bounds the text of a path, which grows from its end.
const maxPath = 1000

// pathName returns a name as it stands in a path: unquoted if its end is unambiguous.
func pathName(name string) string {
	const most = 60
	if len(name) > most {
		name = strings.ToValidUTF8(name[:most], "") + "..."
		return "[" + strconv.QuoteToASCII(name) + "]"
	}
	plain := name != ""
	for _, c := range []byte(name) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-') {
			plain = false
		}
	}
	if plain {
		return name
	}
	return "[" + strconv.QuoteToASCII(name) + "]"
}
