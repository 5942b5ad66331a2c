package filecache

import (
	"errors"
	"time"

	"github.com/go-djsession/go-djsession/internal/atomicfile"
)

// Seams for tests: what happens between two steps, and other systems.

// SetExchange replaces the exchange of two files. f is given the real one.
func (c *Cache) SetExchange(f func(from, to string, real func(from, to string) error) error) {
	c.folder.Exchange = func(from, to string) error { return f(from, to, atomicfile.Exchange) }
}

// Plain makes c work as on a file system that cannot exchange files, nor rename
// without replacing.
func (c *Cache) Plain() {
	c.folder.Exchange = func(from, to string) error { return errors.ErrUnsupported }
	c.folder.RenameNew = c.folder.Exchange
}

// Later moves the clock of the folder on.
func (c *Cache) Later(d time.Duration) {
	c.folder.Now = func() time.Time { return time.Now().Add(d) }
}

// Parse reads a file: its end, its value, and whether it has an end.
func Parse(text string) (expires time.Time, value string, err error) {
	e := parse(text)
	return e.expires, e.value, e.bad
}

// AppendExpiry appends the beginning of a file.
var AppendExpiry = appendExpiry
