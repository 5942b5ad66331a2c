package testserver

import (
	"path/filepath"
	"strconv"
	"testing"
)

// PostgreSQL returns the private PostgreSQL. It has the database postgres.
func PostgreSQL(t testing.TB) *Server {
	t.Helper()
	return postgres.get(t)
}

// MariaDB returns the private MariaDB. It has no database for tests.
func MariaDB(t testing.TB) *Server {
	t.Helper()
	return mariadb.get(t)
}

var postgres = kind{
	name:     "PostgreSQL",
	install:  "postgresql",
	binaries: []string{"initdb", "postgres"},
	user:     "postgres",
	signal:   "INT",
	ready:    "database system is ready to accept connections",
	prepare: func(bin map[string]string, dir string) []string {
		return []string{bin["initdb"], "-D", dir, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"}
	},
	serve: func(bin map[string]string, dir string, port int) []string {
		return []string{bin["postgres"], "-D", dir, "-p", strconv.Itoa(port),
			"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off",
			"-c", "full_page_writes=off", "-c", "synchronous_commit=off", "-c", "shared_buffers=16MB", "-c", "max_connections=200"}
	},
}

var mariadb = kind{
	name:     "MariaDB",
	install:  "mariadb-server",
	binaries: []string{"mariadb-install-db", "mariadbd"},
	user:     "root",
	signal:   "TERM",
	ready:    "ready for connections",
	prepare: func(bin map[string]string, dir string) []string {
		return []string{bin["mariadb-install-db"], "--no-defaults", "--datadir=" + dir, "--skip-test-db",
			"--auth-root-authentication-method=normal"}
	},
	serve: func(bin map[string]string, dir string, port int) []string {
		return []string{bin["mariadbd"], "--no-defaults", "--datadir=" + dir, "--port=" + strconv.Itoa(port),
			"--bind-address=127.0.0.1", "--socket=" + filepath.Join(dir, "s"), "--pid-file=" + filepath.Join(dir, "pid"),
			"--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--innodb-buffer-pool-size=32M",
			"--innodb-log-file-size=16M", "--max-connections=500", "--skip-log-bin"}
	},
}
