//go:build !unix

package doctor

import "io/fs"

// owners: there are no numbers of users here.
func owners(fs.FileInfo) (file, own int, ok bool) { return 0, 0, false }

func mayWrite(string) bool { return true }
