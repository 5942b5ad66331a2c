package djsite

import "fmt"

// Format prints which database it is, whatever the verb: the handles would print passwords.
func (db *DB) Format(f fmt.State, verb rune) { db.Settings.Format(f, verb) }

// MarshalText returns what Format prints.
func (db *DB) MarshalText() ([]byte, error) { return db.Settings.MarshalText() }

// Format prints what the settings print, whatever the verb.
func (s *Site) Format(f fmt.State, verb rune) { s.Settings.Format(f, verb) }

// MarshalText returns what Format prints.
func (s *Site) MarshalText() ([]byte, error) { return s.Settings.MarshalText() }
