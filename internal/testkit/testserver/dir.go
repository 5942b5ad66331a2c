package testserver

import (
	"os"
	"testing"
)

// Dir returns a folder for the file of a database: in memory where the system has a place
// for that, as none of the tests is about what a disk keeps. It is removed with the test.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "djsession-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
