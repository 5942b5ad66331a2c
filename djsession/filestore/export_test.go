package filestore

import (
	"errors"
	"time"

	"github.com/go-djsession/go-djsession/internal/atomicfile"
)

// Seams for tests: what happens between two steps, and other systems.

// SetExchange replaces the exchange of two files. f is given the real one.
func (s *Store) SetExchange(f func(from, to string, real func(from, to string) error) error) {
	s.folder.Exchange = func(from, to string) error { return f(from, to, atomicfile.Exchange) }
}

// Plain makes s work as on a file system that cannot exchange files, nor rename
// without replacing, nor link.
func (s *Store) Plain() {
	s.folder.Exchange = func(from, to string) error { return errors.ErrUnsupported }
	s.folder.RenameNew, s.folder.Link = s.folder.Exchange, s.folder.Exchange
}

// Later moves the clock of the folder on.
func (s *Store) Later(d time.Duration) {
	s.folder.Now = func() time.Time { return time.Now().Add(d) }
}

// TempDir is tempDir.
func TempDir() (string, error) { return tempDir() }
