// Package shop is a small Django project, a shop with a cart, for the examples. It makes a
// copy of the project in django/ and serves it.
package shop

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/examples/internal/web"
)

//go:embed django
var project embed.FS

// ErrNoDjango means that there is no Python with Django.
var ErrNoDjango = errors.New("shop: no Python with Django was found")

// Shop is a copy of the project. It has one user.
type Shop struct {
	// Dir is the folder of manage.py.
	Dir string
	// Python is the Python that runs it.
	Python string
	// User can log in with Password, also to the admin site.
	User, Password string
}

// Make makes a copy in the empty folder dir, with its tables and its user.
func Make(ctx context.Context, python, dir string) (*Shop, error) {
	files, err := fs.Sub(project, "django")
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(dir, files); err != nil {
		return nil, fmt.Errorf("copy the project: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "templates", "style.css"), []byte(web.Style), 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "secret_key"), []byte(rand.Text()+rand.Text()), 0o600); err != nil {
		return nil, err
	}
	s := &Shop{Dir: dir, Python: python, User: "demo", Password: strings.ToLower(rand.Text()[:12])}
	for _, args := range [][]string{
		{"migrate"},
		{"createsuperuser", "--noinput", "--username", s.User, "--email", "demo@example.com"},
	} {
		cmd := s.manage(ctx, args...)
		cmd.Env = append(cmd.Env, "DJANGO_SUPERUSER_PASSWORD="+s.Password)
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("manage.py %s: %w\n%s", args[0], err, out)
		}
	}
	return s, nil
}

func (s *Shop) manage(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.Python, append([]string{"manage.py"}, args...)...)
	cmd.Dir = s.Dir
	cmd.Env = append(os.Environ(), "PYTHONUNBUFFERED=1", "PYTHONWARNINGS=ignore")
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// Start serves the shop on a free port of the loopback interface until ctx is done or stop
// is called. stop waits until the server has ended. Django logs to log.
func (s *Shop) Start(ctx context.Context, log io.Writer) (at *url.URL, stop func(), err error) {
	for range 3 { // another program may take the free port first
		if at, stop, err = s.start(ctx, log); !errors.Is(err, errEnded) {
			break
		}
	}
	return at, stop, err
}

// errEnded is for a server that ended before it listened.
var errEnded = errors.New("the server ended")

func (s *Shop) start(ctx context.Context, log io.Writer) (at *url.URL, stop func(), err error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	cmd := s.manage(ctx, "runserver", "--noreload", addr) // noreload: a single process, which can be stopped
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, nil, err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // the exit status does not matter
		close(ended)
	}()
	stop = func() {
		cancel()
		<-ended
	}
	if err := Wait(addr, ended); err != nil {
		stop()
		return nil, nil, fmt.Errorf("start Django: %w", err)
	}
	return &url.URL{Scheme: "http", Host: addr}, stop, nil
}

// Wait waits until a server listens at addr, at most for a minute, and only until ended is
// closed.
func Wait(addr string, ended <-chan struct{}) error {
	limit := time.After(time.Minute)
	for {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			return c.Close()
		}
		select {
		case <-ended:
			return errEnded
		case <-limit:
			return errors.New("nobody listens after a minute")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// FindPython returns a Python with Django 3.2 or newer. If asked is not "", only that one
// is tried. Otherwise it is the newest of the virtual environments that
// compat_test/setup.sh makes in the repository at root, or else python3.
//
// Errors: [ErrNoDjango].
func FindPython(ctx context.Context, asked, root string) (string, error) {
	candidates := []string{asked}
	if asked == "" {
		inside := filepath.Join("bin", "python")
		if runtime.GOOS == "windows" {
			inside = filepath.Join("Scripts", "python.exe")
		}
		candidates, _ = filepath.Glob(filepath.Join(root, "compat_test", ".venv", "django*", inside))
		slices.SortFunc(candidates, func(a, b string) int { return compareVersions(b, a) })
		candidates = append(candidates, "python3", "python")
	}
	for _, python := range candidates {
		path, err := exec.LookPath(python)
		if err != nil {
			continue
		}
		if path, err = filepath.Abs(path); err != nil { // it will run in another folder
			continue
		}
		if exec.CommandContext(ctx, path, "-c", "import django, sys; sys.exit(django.VERSION < (3, 2))").Run() == nil {
			return path, nil
		}
	}
	return "", ErrNoDjango
}

// compareVersions compares paths by the version in the environment's name.
func compareVersions(a, b string) int {
	version := func(path string) (v []int) {
		name := filepath.Base(filepath.Dir(filepath.Dir(path)))
		for part := range strings.SplitSeq(strings.TrimPrefix(name, "django"), ".") {
			n, _ := strconv.Atoi(part)
			v = append(v, n)
		}
		return v
	}
	return slices.Compare(version(a), version(b))
}
