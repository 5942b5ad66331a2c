//go:build !(darwin || linux || windows)

package filestore

import "errors"

func exchange(from, to string) error  { return errors.ErrUnsupported }
func renameNew(from, to string) error { return errors.ErrUnsupported }
