//go:build !(darwin || linux || windows)

package atomicfile

import "errors"

// Exchange and renameNew do not exist on this system.
func Exchange(from, to string) error  { return errors.ErrUnsupported }
func renameNew(from, to string) error { return errors.ErrUnsupported }
