package bench

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

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
	for _, p := range peers {
		m = append(m, [2]string{strings.TrimPrefix(p, "github.com/"), first("go", "list", "-m", "-f", "{{.Version}}", p)})
	}
	return m
}

// usage is the CPU time that a machine and one of its programs have taken.
type usage struct {
	all, own time.Duration
	at       time.Time
}

// now returns what the machine, and this program with the servers and Djangos that it has
// started, have taken so far.
func now() (b usage) {
	b.at = time.Now()
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	for i, f := range strings.Fields(line) {
		if i > 0 && i != 4 && i != 5 && i < 9 { // neither idle nor waiting for a disk; steal counts
			n, _ := strconv.ParseInt(f, 10, 64)
			b.all += time.Duration(n) * 10 * time.Millisecond
		}
	}
	b.own, _ = CPUOf(os.Getpid())
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u) == nil {
		b.own += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return b
}

// others says how much of the machine others have used since b, and warns if it was much.
func (b usage) others() string {
	n := now()
	part := float64(n.all-b.all-(n.own-b.own)) / float64(n.at.Sub(b.at)) / float64(runtime.NumCPU())
	text := fmt.Sprintf("%.0f %%", 100*max(part, 0))
	if part > 0.2 {
		text += ". **So ratios may be wrong by half: those to servers most, where Go waits for others at each round trip. Measure on a quiet machine.**"
	}
	return text
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
