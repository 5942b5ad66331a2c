package docs_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/fixtures/demo"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// demoSite makes a site of the database that a Django wrote: db.sqlite3 and site.settings.
func demoSite(t *testing.T, dir string) {
	t.Helper()
	var settings map[string]any
	if err := json.Unmarshal(demo.Settings, &settings); err != nil {
		t.Fatal(err)
	}
	delete(settings, "warning")
	delete(settings, "passwords")
	delete(settings, "DJANGO")
	settings["INSTALLED_APPS"] = []any{"django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages"}
	settings["MIDDLEWARE"] = []any{"django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
		"django.contrib.auth.middleware.AuthenticationMiddleware", "django.contrib.messages.middleware.MessageMiddleware"}
	settings["ALLOWED_HOSTS"] = []any{"*"}
	settings["DATABASES"] = map[string]any{"default": map[string]any{
		"ENGINE": "django.db.backends.sqlite3", "NAME": filepath.Join(dir, "db.sqlite3"),
	}}
	text, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "site.settings"), text)
	write(t, filepath.Join(dir, "db.sqlite3"), demo.Database)
}

// djangoSite are the settings of a project on the same database.
const djangoSite = `
SECRET_KEY = "django-insecure-DEMO-KEY-public-and-worthless-do-not-use-it"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": __file__.replace("settings.py", "db.sqlite3")}}
USE_TZ = True
`

// mysite makes a home with a project of Django in the folder mysite.
func mysite(t *testing.T) (home, python string) {
	t.Helper()
	dir, python := django.Project(t, "5.2", djangoSite)
	write(t, filepath.Join(dir, "db.sqlite3"), demo.Database)
	home = t.TempDir()
	if err := os.Symlink(dir, filepath.Join(home, "mysite")); err != nil {
		t.Fatal(err)
	}
	return home, python
}

// TestCommands runs the commands of the pages, on a site that a Django wrote, and compares
// what they print.
func TestCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("links a program")
	}
	if _, err := exec.LookPath("bash"); err != nil {
		testserver.Lacks(t, "there is no bash")
	}
	bin, count := install(t, "../cmd/djsession"), 0
	for _, b := range runnable(t, "demo site") {
		dir := t.TempDir()
		demoSite(t, dir)
		run(t, b, dir, append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH")))
		count += len(steps(b))
	}
	for _, b := range runnable(t, "Django") {
		home, python := mysite(t)
		run(t, b, filepath.Join(home, "mysite"), append(os.Environ(), "HOME="+home, "VIRTUAL_ENV="+filepath.Dir(filepath.Dir(python)),
			"PATH="+bin+":"+filepath.Dir(python)+":"+os.Getenv("PATH")))
		count += len(steps(b))
	}
	t.Logf("commands run: %d", count)
}

// curl is a command that a page sends to a program, and the line that it should print.
var curl = regexp.MustCompile(`^curl (?:--cookie (\S+) )?localhost:8080$`)

// serve runs a program of a page on a site, and sends the requests that the page shows.
func serve(t *testing.T, b block, requests []step, build func(dir string, program []byte) (binary string), dir string, environ []string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	if n := strings.Count(b.code, "localhost:8080"); n != 1 {
		t.Fatalf("%s:%d: the program names localhost:8080 %d times, want once", b.page, b.line, n)
	}
	cmd := exec.Command(build(dir, []byte(strings.Replace(b.code, "localhost:8080", addr, 1))))
	cmd.Dir, cmd.Env, cmd.Stderr = dir, environ, t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	sent := 0
	for _, s := range requests {
		m := curl.FindStringSubmatch(s.command)
		if m == nil {
			continue
		}
		sent++
		if got := strings.TrimSpace(get(t, "http://"+addr+"/", m[1])); got != s.output {
			t.Errorf("%s:%d: $ %s\nprints %q, and the page has %q", b.page, b.line, s.command, got, s.output)
		}
	}
	if sent < 2 {
		t.Errorf("%s:%d: %d requests follow the program, want at least 2", b.page, b.line, sent)
	}
}

// quickStart are the blocks of README.md's quick start, in their order: the commands of a
// new folder, the program, and how it is run.
func quickStart(t *testing.T) (commands, program, use block) {
	t.Helper()
	for _, b := range blocks(t, "../README.md") {
		switch b.mark {
		case "run: quick start, commands":
			commands = b
		case "run: quick start":
			program = b
		case "run: quick start, use":
			use = b
		}
	}
	if n := strings.Count(program.code, "\n"); n == 0 || n > 30 {
		t.Errorf("the program of the quick start has %d lines, want at most 30", n)
	}
	return commands, program, use
}

// TestQuickStart does what README.md says, without Django: the file site.profile has the
// settings of a site that a Django wrote.
func TestQuickStart(t *testing.T) {
	if testing.Short() {
		t.Skip("links programs")
	}
	_, program, use := quickStart(t)
	dir := t.TempDir()
	demoSite(t, dir)
	if err := os.Rename(filepath.Join(dir, "site.settings"), filepath.Join(dir, "site.profile")); err != nil {
		t.Fatal(err)
	}
	serve(t, program, steps(use), inModule(t), dir, os.Environ())
}

// TestPrograms runs the other programs of the pages that serve a site.
func TestPrograms(t *testing.T) {
	if testing.Short() {
		t.Skip("links programs")
	}
	programs := runnable(t, "server")
	t.Logf("programs run: %d, and that of the quick start", len(programs))
	for _, b := range programs {
		var requests []step
		for _, after := range blocks(t, b.page) {
			if after.line > b.line && after.lang == "console" {
				requests = steps(after)
				break
			}
		}
		dir := t.TempDir()
		demoSite(t, dir)
		var settings struct {
			SecretKey string `json:"SECRET_KEY"`
		}
		if err := json.Unmarshal(demo.Settings, &settings); err != nil {
			t.Fatal(err)
		}
		serve(t, b, requests, inModule(t), dir, append(os.Environ(), "DJANGO_SECRET_KEY="+settings.SecretKey))
	}
}

// inModule builds a program inside of this module.
func inModule(t *testing.T) func(dir string, program []byte) string {
	return func(dir string, program []byte) string {
		file, binary := filepath.Join(dir, "main.go"), filepath.Join(dir, "hello.exe")
		write(t, file, program)
		if out, err := exec.Command("go", "build", "-o", binary, file).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return binary
	}
}

// TestQuickStartBesideDjango runs README.md's quick start line by line, in a module of its
// own and with an empty home, beside a project of a real Django. Only the module path leads
// to this folder.
func TestQuickStartBesideDjango(t *testing.T) {
	if testing.Short() {
		t.Skip("links programs")
	}
	commands, program, use := quickStart(t)
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	home, python := mysite(t)
	dir := t.TempDir()
	environ := append(os.Environ(), "HOME="+home, "GOFLAGS=-modcacherw", "GOBIN=", "GOWORK=off", "GOSUMDB=off",
		"GOCACHE="+goenv(t, "GOCACHE"), "GOMODCACHE="+goenv(t, "GOMODCACHE"),
		"GOPROXY=file://"+filepath.ToSlash(filepath.Join(goenv(t, "GOMODCACHE"), "cache", "download"))+","+goenv(t, "GOPROXY"),
		"VIRTUAL_ENV="+filepath.Dir(filepath.Dir(python)))
	for _, s := range steps(commands) {
		line(t, s.command, dir, environ)
		if strings.HasPrefix(s.command, "go mod init") {
			line(t, "go mod edit -replace "+module+"="+root, dir, environ)
		}
	}
	binary := func(dir string, program []byte) string {
		write(t, filepath.Join(dir, "main.go"), program)
		line(t, "go build -o hello.exe .", dir, environ)
		return filepath.Join(dir, "hello.exe")
	}
	serve(t, program, steps(use), binary, dir, environ)
}

func goenv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// line runs a command of the shell.
func line(t *testing.T, command, dir string, environ []string) {
	t.Helper()
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir, cmd.Env = dir, environ
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("$ %s\n%v\n%s", command, err, out)
	}
}

// get gets a page, as soon as the program listens.
func get(t *testing.T, url, cookie string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	resp, err := http.DefaultClient.Do(r)
	for end := time.Now().Add(time.Minute); err != nil && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
		resp, err = http.DefaultClient.Do(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
