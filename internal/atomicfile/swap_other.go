//go:build !(darwin || linux || windows)

package atomicfile

import "errors"

// Exchange and renameNew: there is no such thing.
func Exchange(from, to string) error  { return errors.ErrUnsupported }
func renameNew(from, to string) error { return errors.ErrUnsupported }
