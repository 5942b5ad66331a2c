package djsite

import "fmt"

// Format prints which database it is: the handles print passwords.
func (db *DB) Format(f fmt.State, verb rune) { db.Settings.Format(f, verb) }

// MarshalText gives what Format prints.
func (db *DB) MarshalText() ([]byte, error) { return db.Settings.MarshalText() }

// Format prints what the settings print.
func (s *Site) Format(f fmt.State, verb rune) { s.Settings.Format(f, verb) }

// MarshalText gives what Format prints.
func (s *Site) MarshalText() ([]byte, error) { return s.Settings.MarshalText() }
