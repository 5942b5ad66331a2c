//go:build unix

package redisops

import (
	"io"
	"syscall"
)

// peek returns an error if the other side has ended the connection.
func peek(raw syscall.RawConn) error {
	var end error
	err := raw.Read(func(fd uintptr) bool {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch {
		case n == 0 && err == nil:
			end = io.EOF
		case err != nil && err != syscall.EAGAIN && err != syscall.EWOULDBLOCK && err != syscall.EINTR:
			end = err
		}
		return true
	})
	if end != nil {
		return end
	}
	return err
}
