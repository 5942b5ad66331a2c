//go:build !unix

package testserver

import (
	"errors"
	"os/exec"
)

var errUnix = errors.New("servers are started on Unix only")

func own(dir string) error { return errUnix }

func unprivileged(cmd *exec.Cmd) error { return errUnix }

func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
