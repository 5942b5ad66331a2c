package testserver

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// special holds the servers with further options, by kind and options.
var special struct {
	sync.Mutex
	kinds map[string]*kind
}

// specialKind returns the kind for id. It calls make once for each id.
func specialKind(id string, make func() *kind) *kind {
	special.Lock()
	defer special.Unlock()
	k, ok := special.kinds[id]
	if !ok {
		if special.kinds == nil {
			special.kinds = map[string]*kind{}
		}
		k = make()
		special.kinds[id] = k
	}
	return k
}

// MariaDBWith returns a private MariaDB with further options. Every user must have
// permission to read the files that they name.
func MariaDBWith(t testing.TB, options ...string) *Server {
	t.Helper()
	return specialKind("mariadb "+strings.Join(options, " "), func() *kind {
		return &kind{name: mariadb.name, install: mariadb.install, binaries: mariadb.binaries, user: mariadb.user, signal: mariadb.signal,
			ready: mariadb.ready, prepare: mariadb.prepare,
			serve: func(bin map[string]string, dir string, port int) []string {
				return append(mariadb.serve(bin, dir, port), options...)
			}}
	}).get(t)
}

// PostgreSQLWith is [MariaDBWith] for PostgreSQL. An option is NAME=VALUE.
func PostgreSQLWith(t testing.TB, options ...string) *Server {
	t.Helper()
	return specialKind("postgres "+strings.Join(options, " "), func() *kind {
		return &kind{name: postgres.name, install: postgres.install, binaries: postgres.binaries, user: postgres.user, signal: postgres.signal,
			ready: postgres.ready, prepare: postgres.prepare,
			serve: func(bin map[string]string, dir string, port int) []string {
				args := postgres.serve(bin, dir, port)
				for _, o := range options {
					args = append(args, "-c", o)
				}
				return args
			}}
	}).get(t)
}

// RedisTLS returns a private Redis that accepts only TLS, with the certificate and the key
// in these files.
func RedisTLS(t testing.TB, cert, key string, options ...string) *Server {
	t.Helper()
	return specialKind("redis "+cert+strings.Join(options, " "), func() *kind {
		return redisKind("Redis with TLS", func(port int) []string {
			return append([]string{"--port", "0", "--tls-port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
				"--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert, "--tls-auth-clients", "no"}, options...)
		})
	}).get(t)
}

// PgBouncer returns a private PgBouncer in front of server, with four connections to it.
// mode is "transaction", "session" or "statement". It is Debian's, which may not know
// prepared statements.
func PgBouncer(t testing.TB, server *Server, mode string) *Server {
	t.Helper()
	return PgBouncerWith(t, server, mode, "")
}

// PgBouncerWith is [PgBouncer] with further lines of its configuration. With
// max_prepared_statements in them it is a PgBouncer that keeps prepared statements.
func PgBouncerWith(t testing.TB, server *Server, mode, lines string) *Server {
	t.Helper()
	return specialKind("pgbouncer "+server.Addr()+mode+lines, func() *kind { return bouncerKind(server, mode, lines) }).get(t)
}

func bouncerKind(server *Server, mode, lines string) *kind {
	program, install := "pgbouncer", "pgbouncer"
	if strings.Contains(lines, "max_prepared_statements") {
		program, install = "pgbouncer-1.24", "PgBouncer by compat_test/setup.sh servers"
	}
	return &kind{
		name:     "PgBouncer",
		install:  install,
		binaries: []string{program},
		user:     server.User,
		signal:   "INT",
		ready:    "process up",
		serve: func(bin map[string]string, dir string, port int) []string {
			ini := strings.NewReplacer("HOST", server.Host, "PGPORT", strconv.Itoa(server.Port), "PORT", strconv.Itoa(port),
				"MODE", mode, "USERS", filepath.Join(dir, "users.txt")).Replace(bouncer) + lines + "\n"
			return []string{"sh", "-c", `mkdir -p "$1" && printf '"%s" ""\n' "$2" >"$1/users.txt" && printf %s "$3" >"$1/ini" && exec "$0" "$1/ini"`,
				bin[program], dir, server.User, ini}
		},
	}
}

const bouncer = `[databases]
* = host=HOST port=PGPORT
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = PORT
auth_type = trust
auth_file = USERS
pool_mode = MODE
default_pool_size = 4
max_client_conn = 200
unix_socket_dir =
`

// PublicDir returns a folder that servers of another user can read. It is removed after the
// test.
func PublicDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "djsession-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Own gives a file to the user who runs the servers: PostgreSQL reads no key of another user.
func Own(t testing.TB, path string) {
	t.Helper()
	if err := own(path); err != nil {
		t.Fatal(err)
	}
}
