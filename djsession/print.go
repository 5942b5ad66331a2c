package djsession

import (
	"fmt"
	"io"
)

// A type that holds keys or values of sessions prints neither. Its Format answers every
// verb of package fmt and the text handler of slog. Its MarshalText answers the encoders:
// JSON, XML, and slog where it uses them. A type that is passed by value also keeps its
// secrets in secret.Text, which does not print in an unexported field of another struct.

const justSession = "session"

// Format prints "session" and nothing else, whatever the verb.
func (Session) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, justSession) }

// MarshalText returns what Format prints. Nothing decodes it.
func (Session) MarshalText() ([]byte, error) { return []byte(justSession), nil }

// Format prints "session" and nothing else, whatever the verb.
func (Tx) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, justSession) }

// MarshalText returns what Format prints.
func (Tx) MarshalText() ([]byte, error) { return []byte(justSession), nil }

// String returns the size, and the error if there is one.
func (l Listed) String() string {
	if l.Err != nil {
		return fmt.Sprintf("session of %d bytes: %v", l.Size, l.Err)
	}
	return fmt.Sprintf("session of %d bytes", l.Size)
}

// Format prints what String returns, whatever the verb.
func (l Listed) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, l.String()) }

// MarshalText returns what String returns.
func (l Listed) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// String returns the number of keys and the expiry.
func (r Record) String() string {
	return fmt.Sprintf("record: dict of %d keys, expires %v", r.Data.Len(), r.Expires)
}

// Format prints what String returns, whatever the verb.
func (r Record) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// MarshalText returns what String returns.
func (r Record) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Format prints what String returns, whatever the verb.
func (v Version) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, v.String()) }

// MarshalText returns what String returns.
func (v Version) MarshalText() ([]byte, error) { return []byte(v.String()), nil }
