package bench

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"

	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

// peers are the modules whose versions the page names.
var peers = []string{
	"github.com/alexedwards/scs/v2", "github.com/alexedwards/scs/pgxstore", "github.com/alexedwards/scs/mysqlstore",
	"github.com/alexedwards/scs/sqlite3store", "github.com/alexedwards/scs/goredisstore", "github.com/gorilla/sessions",
	"github.com/nlpodyssey/gopickle", "github.com/kisielk/og-rek", "github.com/jackc/pgx/v5", "github.com/go-sql-driver/mysql",
	"modernc.org/sqlite", "github.com/redis/go-redis/v9",
}

// Machine describes where the figures come from: what it is, and its name.
func Machine() [][2]string {
	m := [][2]string{
		{"CPU", fmt.Sprintf("%s, %d cores", field("/proc/cpuinfo", "model name"), runtime.NumCPU())},
		{"Memory", field("/proc/meminfo", "MemTotal")},
		{"System", runtime.GOOS + " " + runtime.GOARCH},
		{"Go", runtime.Version()},
		{"PostgreSQL", first("postgres", "--version")},
		{"MariaDB", first("mariadbd", "--version")},
		{"Redis", first("redis-server", "--version")},
	}
	for _, v := range []string{"5.2", "6.1"} {
		if django.Has(v) {
			m = append(m, [2]string{"Django " + v, first(django.Interpreter(v), "-c",
				"import django, gunicorn, platform, psycopg, redis; print('Django', django.__version__, 'on CPython', platform.python_version(), "+
					"'with gunicorn', gunicorn.__version__, 'psycopg', psycopg.__version__, 'redis-py', redis.__version__)")})
		}
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ := strings.Cut(string(text), " ")
		m = append(m, [2]string{"Load average at the end", load + loaded(load)})
	}
	for _, p := range peers {
		m = append(m, [2]string{strings.TrimPrefix(p, "github.com/"), first("go", "list", "-m", "-f", "{{.Version}}", p)})
	}
	return m
}

// loaded warns where others have used the machine: one process works at a time.
func loaded(load string) string {
	if f, err := strconv.ParseFloat(load, 64); err == nil && f > 3 {
		return ". **Others have used this machine meanwhile: ratios may be wrong by half or more. Measure on a quiet one.**"
	}
	return ""
}

func field(path, name string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// first returns the first line that a command prints.
func first(name string, args ...string) string {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		return "not here"
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line
}
