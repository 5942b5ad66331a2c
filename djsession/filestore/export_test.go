package filestore

import "errors"

// Seams for tests: what happens between two steps, and other systems.

// SetExchange replaces the exchange of two files. f is given the real one.
func (s *Store) SetExchange(f func(from, to string, real func(from, to string) error) error) {
	s.exchange = func(from, to string) error { return f(from, to, exchange) }
}

// Plain makes s work as on a file system that cannot exchange files, nor rename
// without replacing.
func (s *Store) Plain() {
	s.exchange = func(from, to string) error { return errors.ErrUnsupported }
	s.renameNew = s.exchange
}

// TempDir is tempDir.
func TempDir() (string, error) { return tempDir() }
