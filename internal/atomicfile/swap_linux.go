package atomicfile

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Exchange swaps two files in one step. Both must exist.
func Exchange(from, to string) error { return renameat2(from, to, unix.RENAME_EXCHANGE) }

// renameNew renames a file to a name that is not taken.
func renameNew(from, to string) error { return renameat2(from, to, unix.RENAME_NOREPLACE) }

func renameat2(from, to string, flags uint) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, flags)
	if errors.Is(err, unix.EINVAL) { // the file system cannot
		return errors.ErrUnsupported
	}
	return err // ENOSYS is an ErrUnsupported
}
