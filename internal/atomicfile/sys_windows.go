package atomicfile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/windows"
)

// noFollow does not exist on Windows; open looks beforehand.
const noFollow = 0

type locker struct{}

func newLocker() locker { return locker{} }

// lockName is no name of a session, for Django either, because of its dot.
const lockName = "djsession.lock"

// Hold keeps other users of this package from changing the file at path until release is
// called. The lock is on a file of its own, because an open file cannot be replaced.
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

// Hold waits for a lock until the context ends. It waits about half a second for a file
// that somebody reads, because such a file cannot be replaced or deleted. A file that is
// just replaced or deleted cannot be opened for an instant.
const (
	lockTries = 1 << 30
	fileTries = 150
	openTries = 20
)

// openFile is os.OpenFile of a file that is there.
func openFile(path string, flag int) (file *os.File, err error) {
	err = persist(context.Background(), func() error {
		file, err = os.OpenFile(path, flag, 0)
		return err
	}, openTries)
	return file, err
}

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

// settle closes a new file; an open one could not be renamed.
func settle(f *os.File) error { return f.Close() }

func rename(ctx context.Context, from, to string) error {
	return persist(ctx, func() error { return os.Rename(from, to) }, fileTries)
}

// unlink deletes a file. Unlike os.Remove it deletes no folder.
func unlink(ctx context.Context, path string) error {
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	return persist(ctx, func() error { return windows.DeleteFile(p) }, fileTries)
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

// syncDir does nothing: Windows cannot write out a folder.
func syncDir(string) error { return nil }

// Exchange does not exist on Windows.
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
