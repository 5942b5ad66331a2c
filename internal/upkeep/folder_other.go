//go:build !unix || solaris || illumos || aix

package upkeep

import (
	"errors"
	"fmt"
)

func lockFolder(string) (func(), error) {
	return nil, fmt.Errorf("lock a folder: %w", errors.ErrUnsupported)
}
