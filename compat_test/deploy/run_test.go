package deploy_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// deployment is what compose.yaml starts, at other addresses.
type deployment struct {
	dir     string
	env     []string
	replace *strings.Replacer // of addresses and paths
	nginx   string            // its address
	ended   atomic.Bool       // one of them ended
}

// build runs the go build of the Containerfile, without what would compile all packages anew.
func build(t *testing.T, to string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "Containerfile"))
	must(t, err)
	line := regexp.MustCompile(`(?m)^RUN (.* go build .*)$`).FindStringSubmatch(string(text))
	if line == nil {
		t.Fatal("the Containerfile has no go build")
	}
	cmd := exec.Command("sh", "-ec", strings.NewReplacer("/out/", to+"/", "CGO_ENABLED=0 ", "", "-trimpath ", "").Replace(line[1]))
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func deploy(t *testing.T) *deployment {
	t.Helper()
	for _, program := range []string{"nginx"} {
		if _, err := exec.LookPath(program); err != nil {
			testserver.Lacks(t, program+" is not installed: run compat_test/setup.sh")
		}
	}
	_, python := django.Project(t, "5.2", "")
	dir := testserver.PublicDir(t)
	build(t, dir)
	must(t, os.CopyFS(filepath.Join(dir, "site"), os.DirFS(filepath.Join(folder, "site"))))
	secrets := filepath.Join(dir, "secrets")
	must(t, os.Mkdir(secrets, 0o700))
	must(t, os.WriteFile(filepath.Join(secrets, "secret_key"), []byte(base64.StdEncoding.EncodeToString(fmt.Append(nil, time.Now()))+"\n"), 0o600))
	must(t, os.WriteFile(filepath.Join(secrets, "postgres_password"), []byte("secret\n"), 0o600))

	pg := testserver.PostgreSQL(t)
	conn, err := pgx.Connect(t.Context(), "postgres://"+pg.User+"@"+pg.Addr()+"/postgres")
	must(t, err)
	defer conn.Close(t.Context())
	for _, q := range []string{"CREATE ROLE site LOGIN PASSWORD 'secret'", "CREATE DATABASE site OWNER site"} {
		_, err := conn.Exec(t.Context(), q)
		must(t, err)
	}
	rules, err := filepath.Abs(filepath.Join(folder, "rules.txt"))
	must(t, err)
	d := &deployment{dir: dir, nginx: freeAddr(t)}
	d.replace = strings.NewReplacer("127.0.0.1:8000", freeAddr(t), "127.0.0.1:8001", freeAddr(t), "127.0.0.1:3000", freeAddr(t),
		"postgres:5432", pg.Addr(), "redis:6379", testserver.Redis(t).Addr(), "/run/secrets", secrets, "/run/site", dir,
		"/etc/djsession/rules.txt", rules, "listen 8080;", "listen "+d.nginx+";")
	// As in the image: djsession and the Python of the site are in PATH.
	d.env = append(os.Environ(), "PATH="+dir+":"+filepath.Dir(python)+":"+os.Getenv("PATH"), "PYTHONDONTWRITEBYTECODE=1", "VIRTUAL_ENV="+filepath.Dir(filepath.Dir(python)))
	return d
}

// start runs the command of a service until the test ends. stop ends it as `docker stop` does
// and returns its exit status.
func (d *deployment) start(t *testing.T, service string, command ...string) (stop func() int) {
	t.Helper()
	s := project(t).Services[service]
	for _, word := range s.Command {
		command = append(command, d.replace.Replace(word))
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Env = filepath.Join(d.dir, "site"), d.env
	for name, value := range s.Environment {
		cmd.Env = append(cmd.Env, name+"="+d.replace.Replace(*value))
	}
	out, err := os.Create(filepath.Join(t.TempDir(), "log"))
	must(t, err)
	cmd.Stdout, cmd.Stderr = out, out
	must(t, cmd.Start())
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		d.ended.Store(true)
		close(ended)
	}()
	stop = func() int {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(30 * time.Second):
			_ = cmd.Process.Kill()
			t.Errorf("%s did not end within 30 seconds", service)
			<-ended
		}
		return cmd.ProcessState.ExitCode()
	}
	t.Cleanup(func() {
		stop()
		if text, _ := os.ReadFile(out.Name()); t.Failed() {
			t.Logf("%s: %s", service, text)
		}
		out.Close()
	})
	return stop
}

// until waits until something listens at the address that stands for addr.
func (d *deployment) until(t *testing.T, addr string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end) && !d.ended.Load(); time.Sleep(50 * time.Millisecond) {
		if c, err := net.Dial("tcp", d.replace.Replace(addr)); err == nil {
			c.Close()
			return
		}
	}
	t.Fatalf("nothing listens for %s", addr)
}

// TestRuns starts what compose.yaml starts, logs in at Django, reaches the program behind the
// gate, logs out and is refused.
func TestRuns(t *testing.T) {
	d := deploy(t)
	d.start(t, "django", "/bin/sh", "start.sh")
	d.until(t, "127.0.0.1:8000")
	stop := map[string]func() int{
		"service":       d.start(t, "service", filepath.Join(d.dir, "service")),
		"gate":          d.start(t, "gate", filepath.Join(d.dir, "djsession")),
		"clearsessions": d.start(t, "clearsessions", filepath.Join(d.dir, "djsession")),
	}
	d.until(t, "127.0.0.1:3000")
	d.until(t, "127.0.0.1:8001")
	d.startNginx(t)
	user := exec.Command("python", "manage.py", "shell", "-v0", "-c", `from django.contrib.auth.models import User; User.objects.create_user("ada", password="pw")`)
	user.Dir, user.Env = filepath.Join(d.dir, "site"), d.env
	for name, value := range project(t).Services["django"].Environment {
		user.Env = append(user.Env, name+"="+d.replace.Replace(*value))
	}
	user.Path = filepath.Join(strings.Split(lookup(d.env, "PATH"), ":")[1], "python")
	if out, err := user.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	jar, err := cookiejar.New(nil)
	must(t, err)
	browser := &http.Client{Jar: jar}
	ask := func(method, path string, form url.Values) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequest(method, "http://"+d.nginx+path, strings.NewReader(form.Encode()))
		must(t, err)
		if form != nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		r.Header.Set("Accept", "text/html")
		r.Header.Set("Remote-User", "root")
		res, err := browser.Do(r)
		must(t, err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		must(t, err)
		return res, string(body)
	}
	post := func(path, page string, form url.Values) (*http.Response, string) {
		t.Helper()
		token := regexp.MustCompile(`csrfmiddlewaretoken" value="(\w+)"`).FindStringSubmatch(page)
		if token == nil {
			t.Fatalf("the page has no token: %s", page)
		}
		form.Set("csrfmiddlewaretoken", token[1])
		return ask("POST", path, form)
	}
	res, login := ask("GET", "/page", nil)
	if res.Request.URL.Path != "/accounts/login/" {
		t.Fatalf("without a login: got %d at %s: %s", res.StatusCode, res.Request.URL, login)
	}
	if res, text := post(res.Request.URL.RequestURI(), login, url.Values{"username": {"ada"}, "password": {"pw"}}); res.Request.URL.Path != "/page" || !strings.HasPrefix(text, "Hello ada.") {
		t.Fatalf("after the login: got %d at %s: %s", res.StatusCode, res.Request.URL, text)
	}
	if res, _ := ask("GET", "/staff", nil); res.StatusCode != 403 {
		t.Errorf("a page of the staff: got %d", res.StatusCode)
	}
	if res, text := ask("GET", "/static/x", nil); res.StatusCode != 200 || !strings.HasPrefix(text, "Hello .") {
		t.Errorf("a public page: got %d %q", res.StatusCode, text)
	}
	_, login = ask("GET", "/accounts/login/", nil)
	if res, text := post("/accounts/logout/", login, url.Values{}); res.StatusCode != 200 {
		t.Fatalf("the logout: got %d %s", res.StatusCode, text)
	}
	if res, _ := ask("GET", "/page", nil); res.Request.URL.Path != "/accounts/login/" {
		t.Errorf("after the logout: got %d at %s", res.StatusCode, res.Request.URL)
	}
	for name, end := range stop {
		if status := end(); status != 0 {
			t.Errorf("%s: got status %d after SIGTERM, want 0", name, status)
		}
	}
}

// startNginx runs nginx with the file that compose.yaml mounts.
func (d *deployment) startNginx(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "nginx.conf"))
	must(t, err)
	file := filepath.Join(d.dir, "nginx.conf")
	conf := fmt.Sprintf("daemon off;\npid %s/pid;\nworker_processes 1;\nerror_log stderr crit;\nevents {}\nhttp {\naccess_log off;\nclient_body_temp_path %[1]s/a;\nproxy_temp_path %[1]s/b;\nfastcgi_temp_path %[1]s/c;\nuwsgi_temp_path %[1]s/d;\nscgi_temp_path %[1]s/e;\n%s\n}\n",
		d.dir, d.replace.Replace(string(text)))
	must(t, os.WriteFile(file, []byte(conf), 0o644))
	d.start(t, "nginx", "nginx", "-p", d.dir, "-c", file, "-e", "stderr")
	d.until(t, d.nginx)
}

func lookup(env []string, name string) (value string) {
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			value = v
		}
	}
	return value
}

// freeAddr is one of 127.0.0.1 where nobody listens.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}
