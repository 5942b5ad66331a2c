package djsession

import (
	"fmt"
	"io"
)

// What holds keys or values of sessions prints neither: Format answers every verb of
// package fmt and the text handler of slog, MarshalText the encoders (JSON, XML and
// what of slog uses them). A type that is handed around by value keeps its secrets in
// secret.Text besides, where they do not print in another struct's unexported field.

const justSession = "session"

// Format prints no more than that it is a session.
func (Session) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, justSession) }

// MarshalText gives what Format prints. There is no way back.
func (Session) MarshalText() ([]byte, error) { return []byte(justSession), nil }

// Format prints no more than that it is a session.
func (Tx) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, justSession) }

// MarshalText gives what Format prints.
func (Tx) MarshalText() ([]byte, error) { return []byte(justSession), nil }

// String tells the size, and what is wrong with the session.
func (l Listed) String() string {
	if l.Err != nil {
		return fmt.Sprintf("session of %d bytes: %v", l.Size, l.Err)
	}
	return fmt.Sprintf("session of %d bytes", l.Size)
}

// Format prints what String gives, whatever the verb.
func (l Listed) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, l.String()) }

// MarshalText gives String.
func (l Listed) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// String tells how many keys there are, and when the record expires.
func (r Record) String() string {
	return fmt.Sprintf("record: dict of %d keys, expires %v", r.Data.Len(), r.Expires)
}

// Format prints what String gives, whatever the verb.
func (r Record) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// MarshalText gives String.
func (r Record) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Format prints what kind of Version it is, whatever the verb.
func (v Version) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, v.String()) }

// MarshalText gives String.
func (v Version) MarshalText() ([]byte, error) { return []byte(v.String()), nil }
