//go:build !unix

package redisops

import "syscall"

// peek cannot tell.
func peek(syscall.RawConn) error { return nil }
