package testserver

import (
	"os"
	"testing"
)

// Memory is a folder whose files are kept in memory, "" where there is none. SQLite waits for
// a disk at each commit, and no test is about what a disk keeps.
func Memory() string {
	const dir = "/dev/shm"
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return ""
	}
	return dir
}

// Dir makes a folder in Memory, or where temporary files go, that is removed with the test.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(Memory(), "djsession-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
