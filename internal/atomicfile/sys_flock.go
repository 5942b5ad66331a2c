//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package atomicfile

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// noFollow makes open fail at a symbolic link and not wait at a FIFO.
const noFollow = unix.O_NOFOLLOW | unix.O_NONBLOCK

type locker struct{}

func newLocker() locker { return locker{} }

// Hold keeps other users of this package from changing the file at path until release is
// called. The lock is on the file itself. So only processes that may write the file can
// hold it, it needs no file of its own, and files do not wait for each other. If the file
// was replaced before Hold locked it, Hold tries again.
func (f *Folder) Hold(ctx context.Context, path string) (release func(), err error) {
	for try := 0; ; try++ {
		file, fi, err := open(path, os.O_RDWR)
		if err != nil {
			return nil, err
		}
		if err = flock(file); err == nil {
			var now os.FileInfo
			if now, err = os.Lstat(path); err == nil && os.SameFile(now, fi) {
				return func() { file.Close() }, nil
			}
		}
		file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
			err = pause(ctx, try)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
	}
}

func flock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

// settle locks a new file as Hold does, before it is visible under its name.
func settle(f *os.File) error { return flock(f) }

// changed returns when a file was last changed, also in its name or times. Nobody can set
// that time: a draft gets the time of modification of a session.
func changed(path string) (time.Time, error) {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return time.Time{}, err
	}
	return time.Unix(st.Ctim.Unix()), nil
}

// openFile is os.OpenFile of a file that is there.
func openFile(path string, flag int) (*os.File, error) { return os.OpenFile(path, flag, 0) }

// rename is os.Rename.
func rename(_ context.Context, from, to string) error { return os.Rename(from, to) }

// unlink deletes a file. Unlike os.Remove it deletes no folder.
func unlink(_ context.Context, path string) error { return syscall.Unlink(path) }

// syncDir waits until the names in dir are on the disk, if the system can do that.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
