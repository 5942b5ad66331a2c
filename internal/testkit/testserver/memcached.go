package testserver

import (
	"path/filepath"
	"strconv"
	"testing"
)

// Memcached returns the private memcached. It accepts items of up to 4 MiB, and needs no
// user.
func Memcached(t testing.TB) *Server {
	t.Helper()
	return memcacheds.get(t, 1)[0]
}

// Memcacheds returns n independent memcacheds. The first is that of [Memcached].
func Memcacheds(t testing.TB, n int) []*Server {
	t.Helper()
	return memcacheds.get(t, n)
}

var memcacheds = kinds{make: func() *kind {
	return &kind{
		name:     "memcached",
		install:  "memcached",
		binaries: []string{"memcached"},
		signal:   "TERM",
		bound:    "port", // it logs nothing
		serve: func(bin map[string]string, data string, port int) []string {
			return []string{"env", "MEMCACHED_PORT_FILENAME=" + filepath.Join(filepath.Dir(data), "port"), bin["memcached"], "-l", "127.0.0.1", "-p", strconv.Itoa(port), "-U", "0", "-m", "128", "-I", "4m"}
		},
	}
}}
