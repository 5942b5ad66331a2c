package testserver

import (
	"os"
	"testing"
)

// Memory returns a folder that keeps its files in memory, or "" if there is none. SQLite
// waits for the disk at each commit, and no test needs the disk.
func Memory() string {
	const dir = "/dev/shm"
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return ""
	}
	return dir
}

// Dir returns a new folder in [Memory], or else in the folder for temporary files. It is
// removed after the test.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(Memory(), "djsession-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
