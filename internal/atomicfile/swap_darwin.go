package atomicfile

import "golang.org/x/sys/unix"

// Exchange swaps two files in one step. Both must exist. A file system that cannot do it
// returns ENOTSUP, which is an errors.ErrUnsupported.
func Exchange(from, to string) error { return unix.RenamexNp(from, to, unix.RENAME_SWAP) }

// renameNew renames a file to a name that is not taken.
func renameNew(from, to string) error { return unix.RenamexNp(from, to, unix.RENAME_EXCL) }
