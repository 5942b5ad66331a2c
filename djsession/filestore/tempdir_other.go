//go:build !windows

package filestore

func systemTempDirs() []string { return []string{"/tmp", "/var/tmp", "/usr/tmp"} }
