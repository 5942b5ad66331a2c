package memstore

import (
	"fmt"
	"io"
)

// String returns the number of sessions. No printer shows them.
func (s *Store) String() string { return fmt.Sprintf("memstore of %d sessions", s.Len()) }

// Format prints the text of [Store.String], whatever the verb.
func (s *Store) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText returns the text of [Store.String].
func (s *Store) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
