// Package exampletest tests the examples: it runs one beside a real Django, and opens pages
// of both as a browser does.
package exampletest

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/examples/internal/shop"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// Python returns a Python with Django, or skips the test. DJSESSION_PYTHON names one.
func Python(t testing.TB) string {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	python, err := shop.FindPython(t.Context(), os.Getenv("DJSESSION_PYTHON"), filepath.Join(filepath.Dir(file), "..", "..", ".."))
	if err != nil {
		testserver.Lacks(t, "there is no Python with Django: run compat_test/setup.sh")
	}
	return python
}

// Shop returns a shop and the URL of its Django, which runs until the test ends.
func Shop(t testing.TB) (s *shop.Shop, at string) {
	t.Helper()
	s, err := shop.Make(t.Context(), Python(t), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	log := new(output)
	u, stop, err := s.Start(t.Context(), log)
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			t.Logf("Django logged\n%s", log)
		}
	})
	return s, u.String()
}

// PrintSettings returns a file with the output of manage.py diffsettings --all.
func PrintSettings(t testing.TB, s *shop.Shop) string {
	t.Helper()
	cmd := exec.Command(s.Python, "manage.py", "diffsettings", "--all")
	cmd.Dir = s.Dir
	printed, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "settings.txt")
	if err := os.WriteFile(file, printed, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// envMain makes a test binary run the example.
const envMain = "EXAMPLE_MAIN"

// Main is for TestMain. It lets the test binary run as the example, so that no other binary
// is needed.
func Main(m *testing.M, main func()) {
	if os.Getenv(envMain) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// Command returns the example with these arguments. The package's TestMain must call
// [Main].
func Command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), envMain+"=1")
	return cmd
}

// Run runs the example with -addr and these arguments until the test ends. It returns the
// URL. The example must stop by itself when it is interrupted, and leave no files behind.
func Run(t testing.TB, args ...string) (at string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	cmd := Command(t, append([]string{"-addr", addr}, args...)...)
	log := new(output)
	cmd.Stdout, cmd.Stderr = log, log
	temp, err := os.MkdirTemp("", "example-")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(cmd.Env, "TMPDIR="+temp)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	var status error
	go func() {
		status = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		defer os.RemoveAll(temp)
		if runtime.GOOS == "windows" || cmd.Process.Signal(os.Interrupt) != nil {
			_ = cmd.Process.Kill() // this system has no interrupt signal
		}
		select {
		case <-ended:
		case <-time.After(time.Minute):
			t.Error("the example does not stop")
			_ = cmd.Process.Kill()
			<-ended
		}
		if runtime.GOOS != "windows" && status != nil {
			t.Errorf("the example stopped with %v", status)
		}
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Errorf("the example left %v behind (%v)", left, err)
		}
		if t.Failed() {
			t.Logf("the example printed\n%s", log)
		}
	})
	if err := shop.Wait(addr, ended); err != nil {
		t.Fatal(err)
	}
	return "http://" + addr
}

// output is a buffer that a child writes to while a test reads it.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// Browser keeps cookies. Cookies do not depend on the port, so all servers of a test get
// the same ones.
type Browser struct {
	t      testing.TB
	client http.Client
	stay   bool   // do not follow redirects
	page   string // the last page
}

// NewBrowser returns a Browser without cookies.
func NewBrowser(t testing.TB) *Browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &Browser{t: t, client: http.Client{Jar: jar}}
	b.client.CheckRedirect = b.checkRedirect
	return b
}

func (b *Browser) checkRedirect(_ *http.Request, via []*http.Request) error {
	if b.stay || len(via) == 10 {
		return http.ErrUseLastResponse
	}
	return nil
}

// Clone returns another Browser with the same cookies and the same page.
func (b *Browser) Clone() *Browser {
	c := *b
	c.client.CheckRedirect = c.checkRedirect
	return &c
}

// Cookie returns the value of a cookie for the host of at, or "".
func (b *Browser) Cookie(at, name string) string {
	b.t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// Page is a response.
type Page struct {
	t      testing.TB
	URL    *url.URL
	Status int
	Body   string
}

// Get opens a page and follows redirects.
func (b *Browser) Get(url string) *Page {
	b.t.Helper()
	resp, err := b.client.Get(url)
	return b.read(resp, err)
}

// Submit sends a form with the CSRF token of the last page, and follows redirects.
func (b *Browser) Submit(to string, fields ...string) *Page {
	b.t.Helper()
	form := url.Values{}
	if found := token.FindStringSubmatch(b.page); found != nil {
		form.Set("csrfmiddlewaretoken", found[1])
	}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r, err := http.NewRequest(http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", r.URL.Scheme+"://"+r.URL.Host) // as if one proxy served both
	resp, err := b.client.Do(r)
	return b.read(resp, err)
}

// Send is [Browser.Submit] without following redirects.
func (b *Browser) Send(to string, fields ...string) *Page {
	b.t.Helper()
	b.stay = true
	defer func() { b.stay = false }()
	return b.Submit(to, fields...)
}

// Forget forgets the last page, so that the next form has no token.
func (b *Browser) Forget() { b.page = "" }

// Login logs in at the login page of the Django at the URL at.
func (b *Browser) Login(s *shop.Shop, at string) *Page {
	b.t.Helper()
	b.Get(at + "/accounts/login/")
	return b.Submit(at+"/accounts/login/", "username", s.User, "password", s.Password)
}

var token = regexp.MustCompile(`name="csrfmiddlewaretoken" value="(\w+)"`)

func (b *Browser) read(resp *http.Response, err error) *Page {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.page = string(body)
	return &Page{b.t, resp.Request.URL, resp.StatusCode, b.page}
}

// Has checks that the page has this status and contains each of these texts.
func (p *Page) Has(status int, texts ...string) *Page {
	p.t.Helper()
	if p.Status != status {
		p.t.Errorf("%s: got %d, want %d: %s", p.URL, p.Status, status, p.Body)
	}
	for _, text := range texts {
		if !strings.Contains(p.Body, text) {
			p.t.Errorf("%s: got %s\nwant %q in it", p.URL, p.Body, text)
		}
	}
	return p
}

// HasNot checks that the page does not contain the text.
func (p *Page) HasNot(text string) *Page {
	p.t.Helper()
	if strings.Contains(p.Body, text) {
		p.t.Errorf("%s: got %s\nwant no %q in it", p.URL, p.Body, text)
	}
	return p
}
