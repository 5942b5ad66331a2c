//go:build !unix

package doctor

import "io/fs"

// owners returns false, because this system has no user numbers.
func owners(fs.FileInfo) (file, own int, ok bool) { return 0, 0, false }

func mayWrite(string) bool { return true }
