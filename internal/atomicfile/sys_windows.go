package atomicfile

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// noFollow: there is no such flag; open looks beforehand.
const noFollow = 0

type locker struct{}

func newLocker() locker { return locker{} }

// lockName is no session's, to Django either, for its dot.
const lockName = "djsession.lock"

// Hold keeps other users of this package from changing the file at path until
// release is called. The lock is on a file of its own: a file that is open
// could not be replaced.
func (f *Folder) Hold(ctx context.Context, path string) (release func(), err error) {
	lock, err := os.OpenFile(filepath.Join(f.dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = persist(ctx, func() error {
		const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
		return windows.LockFileEx(windows.Handle(lock.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
	}, lockTries)
	if err != nil {
		lock.Close()
		return nil, err
	}
	return func() { lock.Close() }, nil
}

// A lock is waited for as long as the context lasts; a file that somebody reads,
// which cannot be replaced or deleted meanwhile, for about half a second.
const (
	lockTries = 1 << 30
	fileTries = 150
)

// persist calls do again while somebody else uses the file.
func persist(ctx context.Context, do func() error, tries int) error {
	for try := 0; ; try++ {
		err := do()
		busy := errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_SHARING_VIOLATION) ||
			errors.Is(err, windows.ERROR_ACCESS_DENIED)
		if !busy || try == tries {
			return err
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// settle closes a new file, which could not be renamed else.
func settle(f *os.File) error { return f.Close() }

func rename(ctx context.Context, from, to string) error {
	return persist(ctx, func() error { return os.Rename(from, to) }, fileTries)
}

// unlink deletes a file; unlike os.Remove, no folder.
func unlink(ctx context.Context, path string) error {
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	return persist(ctx, func() error { return windows.DeleteFile(p) }, fileTries)
}

// syncDir does nothing: a folder cannot be written out.
func syncDir(string) error { return nil }

// Exchange: there is no such thing.
func Exchange(from, to string) error { return errors.ErrUnsupported }

func renameNew(from, to string) error {
	f, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return err
	}
	t, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return err
	}
	return windows.MoveFileEx(f, t, 0) // without MOVEFILE_REPLACE_EXISTING
}
