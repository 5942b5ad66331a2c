package sites

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/internal/probe"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// project is a made and migrated site.
type project struct {
	dir    string // with manage.py
	python string
	env    []string // for the site's processes
}

// folder returns the folder of the sites.
func folder(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(cache, "djsession-sites")
}

// make installs the site, writes its project and makes its tables.
func (s site) make(t *testing.T) *project {
	t.Helper()
	home := filepath.Join(folder(t), s.name)
	s.install(t, filepath.Join(home, "venv"))
	p := &project{dir: filepath.Join(home, "project"), python: filepath.Join(home, "venv", "bin", "python")}
	if err := os.RemoveAll(p.dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{"manage.py", "base.py", s.name} {
		p.copy(t, from)
	}
	if err := os.Symlink(filepath.Join(home, "venv"), filepath.Join(p.dir, ".venv")); err != nil {
		t.Fatal(err)
	}
	p.env = []string{"DJANGO_SETTINGS_MODULE=" + cmp.Or(s.module, "settings"), "PYTHONPATH=" + p.dir, "PYTHONWARNINGS=ignore"}
	if s.postgres {
		pg := testserver.PostgreSQL(t)
		d := django.Start(t, django.Site{Version: "5.2", Settings: django.Args{"DATABASES": django.Databases("postgresql",
			"NAME=postgres", "HOST="+pg.Host, fmt.Sprintf("PORT=%d", pg.Port), "USER="+pg.User)}})
		d.Call(t, "sql", django.Args{"statement": "CREATE DATABASE " + s.name}, nil)
		p.env = append(p.env, "SITE_PG_HOST="+pg.Host, fmt.Sprintf("SITE_PG_PORT=%d", pg.Port), "SITE_PG_USER="+pg.User)
	}
	if s.redis {
		r := testserver.Redis(t)
		p.env = append(p.env, "SITE_REDIS_HOST="+r.Host, fmt.Sprintf("SITE_REDIS_PORT=%d", r.Port))
	}
	for _, kv := range s.env {
		p.env = append(p.env, strings.ReplaceAll(kv, "DIR", p.dir))
	}
	s.tables(t, p, home)
	return p
}

// tables makes the tables. A file of SQLite is kept for the next run, which begins with a
// copy of it, unless the site is another.
func (s site) tables(t *testing.T, p *project, home string) {
	t.Helper()
	sum, err := sumOf("base.py", "manage.py", s.name)
	if err != nil {
		t.Fatal(err)
	}
	kept, database := filepath.Join(home, "migrated-"+sum[:16]+".sqlite3"), filepath.Join(p.dir, cmp.Or(s.sqlite, "db.sqlite3"))
	if text, err := os.ReadFile(kept); err == nil {
		if err := errors.Join(os.MkdirAll(filepath.Dir(database), 0o700), os.WriteFile(database, text, 0o600)); err != nil {
			t.Fatal(err)
		}
		return
	}
	began := time.Now()
	if s.migrate == nil {
		s.migrate = []string{"migrate", "--verbosity", "0", "--no-input"}
	}
	p.manage(t, s.migrate...)
	if _, err := os.Stat(filepath.Join(p.dir, "prepare.py")); err == nil {
		p.runs(t, p.python, "prepare.py")
	}
	t.Logf("migrated in %v", time.Since(began).Round(time.Second))
	text, err := os.ReadFile(database)
	if errors.Is(err, os.ErrNotExist) {
		return // it is elsewhere
	}
	if err := errors.Join(err, os.WriteFile(kept, text, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// sumOf returns a hash of files, and of the files in folders but for the commands.
func sumOf(paths ...string) (string, error) {
	h := sha256.New()
	for _, path := range paths {
		err := filepath.WalkDir(path, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || d.Name() == "commands.py" {
				return err
			}
			text, err := os.ReadFile(path)
			fmt.Fprintf(h, "%s %d\n%s\n", path, len(text), text)
			return err
		})
		if err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// copy copies a file or the files of a folder into the project.
func (p *project) copy(t *testing.T, from string) {
	t.Helper()
	if info, err := os.Stat(from); err == nil && info.IsDir() {
		if err := os.CopyFS(p.dir, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.dir, filepath.Base(from)), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// manage runs manage.py.
func (p *project) manage(t *testing.T, args ...string) (stdout []byte) {
	t.Helper()
	return p.runs(t, append([]string{p.python, "manage.py"}, args...)...)
}

func (p *project) runs(t *testing.T, command ...string) (stdout []byte) {
	t.Helper()
	return p.runsOn(t, "", command...)
}

// runsOn runs a command with this standard input.
func (p *project) runsOn(t *testing.T, stdin string, command ...string) (stdout []byte) {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdin = p.dir, append(os.Environ(), p.env...), strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		text := append(out.Bytes(), errs.Bytes()...)
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, text[max(0, len(text)-4096):])
	}
	return out.Bytes()
}

// says writes what the site says of itself into a file, for a way to open it, and returns
// the path.
func (p *project) says(t *testing.T, way string, shell []string) string {
	t.Helper()
	path := filepath.Join(p.dir, "djsession."+way)
	var text []byte
	switch way {
	case "diffsettings":
		text = p.manage(t, "diffsettings", "--all")
	case "profile":
		text = p.runsOn(t, probe.Source(probe.Options{}), append([]string{p.python, "manage.py", "shell", "-v", "0"}, shell...)...)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// install makes the virtual environment, unless it is there with these pins.
func (s site) install(t *testing.T, venv string) {
	t.Helper()
	pins := filepath.Join(s.name, "requirements.txt")
	text, err := os.ReadFile(pins)
	if err != nil {
		t.Fatal(err)
	}
	sum := fmt.Sprintf("%x\n", sha256.Sum256(text))
	stamp := filepath.Join(venv, "djsession-sites")
	if was, err := os.ReadFile(stamp); err == nil && string(was) == sum {
		return
	}
	if err := os.RemoveAll(venv); err != nil {
		t.Fatal(err)
	}
	abs, err := filepath.Abs(pins)
	if err != nil {
		t.Fatal(err)
	}
	p := &project{dir: "/"}
	p.runs(t, interpreter(t, text), "-m", "venv", venv)
	// All packages are pinned, so no one is asked for his dependencies.
	p.runs(t, filepath.Join(venv, "bin", "pip"), "install", "--quiet", "--no-deps", "--prefer-binary", "--disable-pip-version-check", "-r", abs)
	if err := os.WriteFile(stamp, []byte(sum), 0o600); err != nil {
		t.Fatal(err)
	}
}

var (
	pinnedPython = regexp.MustCompile(`^# (python3\.\d+)\n`)
	pin          = regexp.MustCompile(`^([A-Za-z0-9._-]+)==(\S+)$`)
)

// interpreter returns the Python that the first line of a requirements.txt names.
func interpreter(t *testing.T, pins []byte) string {
	t.Helper()
	m := pinnedPython.FindSubmatch(pins)
	if m == nil {
		t.Fatal("requirements.txt does not begin with its Python")
	}
	name := string(m[1])
	if root := os.Getenv("PYENV_ROOT"); root != "" {
		pythons, _ := filepath.Glob(filepath.Join(root, "versions", strings.TrimPrefix(name, "python")+".*", "bin", name))
		if len(pythons) > 0 {
			return pythons[0]
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		testserver.Lacks(t, name+" is not here")
	}
	return path
}

// versions returns the pins of a requirements.txt, by lower-case name.
func versions(text []byte) (map[string]string, error) {
	pins := map[string]string{}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "#") {
			continue
		}
		m := pin.FindStringSubmatch(line)
		if m == nil {
			return nil, fmt.Errorf("%q is no pin", line)
		}
		pins[strings.ToLower(m[1])] = m[2]
	}
	return pins, nil
}

// start starts the site, and returns its URL.
func (s site) start(t *testing.T, p *project) (d *django.Django, url string) {
	t.Helper()
	code, err := os.ReadFile("commands.py")
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.ReadFile(filepath.Join(s.name, "commands.py"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	d = django.Launch(t, django.Site{Interpreter: p.python, Dir: p.dir, Code: string(code) + "\n\n" + string(own), Env: p.env, Version: s.name})
	t.Cleanup(func() { _ = d.Stop() }) // threads of the site may outlive their commands, and are killed
	var port int
	d.Call(t, "listen", nil, &port)
	return d, fmt.Sprintf("http://127.0.0.1:%d", port)
}
