//go:build unix && !solaris && !illumos && !aix

package upkeep

import (
	"errors"
	"os"
	"syscall"

	"github.com/go-djsession/go-djsession/djsession"
)

// lockFolder locks a folder by flock. Nobody else does: SQLite and the engine of files lock
// files.
func lockFolder(path string) (func(), error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, djsession.Unavailable("lock", err)
	}
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		_ = f.Close()
		return nil, ErrBusy
	case err != nil:
		_ = f.Close()
		return nil, djsession.Unavailable("lock", err)
	}
	return func() { _ = f.Close() }, nil
}
