//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package atomicfile

import (
	"context"
	"os"
	"time"
)

// noFollow is not needed: open looks beforehand.
const noFollow = 0

// locker keeps the users of one Folder apart. Users of several Folders are not kept
// apart.
type locker chan struct{}

func newLocker() locker { return make(locker, 1) }

// Hold keeps other users of this Folder from changing a file until release is
// called.
func (f *Folder) Hold(ctx context.Context, path string) (release func(), err error) {
	select {
	case f.locker <- struct{}{}:
		return func() { <-f.locker }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// settle closes a new file.
func settle(f *os.File) error { return f.Close() }

// openFile is os.OpenFile of a file that is there.
func openFile(path string, flag int) (*os.File, error) { return os.OpenFile(path, flag, 0) }

// rename is os.Rename.
func rename(_ context.Context, from, to string) error { return os.Rename(from, to) }

// unlink deletes a file, but no folder.
func unlink(_ context.Context, path string) error {
	if fi, err := os.Lstat(path); err == nil && fi.IsDir() {
		return ErrIrregular
	}
	return os.Remove(path)
}

// changed returns the time of modification. That of a draft may lie in the future: then it
// stays until after that time.
func changed(path string) (time.Time, error) {
	fi, err := os.Lstat(path)
	if err != nil {
		return time.Time{}, err
	}
	return modified(fi), nil
}

// syncDir does nothing.
func syncDir(string) error { return nil }
