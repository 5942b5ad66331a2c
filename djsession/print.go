package djsession

import (
	"fmt"
	"io"
)

// What holds keys or values of sessions prints neither, whatever the verb.

// Format prints no more than that it is a session.
func (s *Session) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "session") }

// Format prints no more than that it is a session.
func (tx *Tx) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "session") }

// Format prints the size and what is wrong with the session.
func (l Listed) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "session of %d bytes", l.Size)
	if l.Err != nil {
		fmt.Fprintf(f, ": %v", l.Err)
	}
}

// Format prints how many keys there are, and when the record expires.
func (r *Record) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "record: %v, expires %v", r.Data, r.Expires)
}

// Format prints what kind of Version it is, whatever the verb.
func (v Version) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, v.String()) }
