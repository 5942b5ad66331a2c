package memstore

import (
	"fmt"
	"io"
)

// String tells how many sessions there are. No printer shows them.
func (s *Store) String() string { return fmt.Sprintf("memstore of %d sessions", s.Len()) }

// Format prints what String gives, whatever the verb.
func (s *Store) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText gives String.
func (s *Store) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
