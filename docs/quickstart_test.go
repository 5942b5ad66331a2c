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
)

// curl is a command of the quick start, and the line that it should print.
var curl = regexp.MustCompile(`(?m)^    \$ curl (?:--cookie (\S+) )?http://localhost:8080/\n    (.*)$`)

// TestQuickStart builds the program of README.md, runs it on a database that Django wrote,
// and sends the requests that README.md shows.
func TestQuickStart(t *testing.T) {
	if testing.Short() {
		t.Skip("links a program")
	}
	var program string
	for _, b := range blocks(t, "../README.md") {
		if b.mark == "run: quick start" {
			program = b.code
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	if n := strings.Count(program, "localhost:8080"); n != 1 {
		t.Fatalf("the program of README.md names localhost:8080 %d times, want once", n)
	}
	program = strings.Replace(program, "localhost:8080", addr, 1)

	dir := t.TempDir()
	file, database, binary := filepath.Join(dir, "main.go"), filepath.Join(dir, "db.sqlite3"), filepath.Join(dir, "hello.exe")
	write(t, file, []byte(program))
	write(t, database, demo.Database)
	if out, err := exec.Command("go", "build", "-o", binary, file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var settings struct {
		SecretKey string `json:"SECRET_KEY"`
	}
	if err := json.Unmarshal(demo.Settings, &settings); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary)
	cmd.Env = append(os.Environ(), "DJANGO_SECRET_KEY="+settings.SecretKey, "DJANGO_DB="+database)
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})

	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := curl.FindAllStringSubmatch(string(readme), -1)
	if len(commands) != 2 {
		t.Fatalf("README.md has %d commands with curl, want 2", len(commands))
	}
	for _, c := range commands {
		if got := get(t, "http://"+addr+"/", c[1]); got != c[2]+"\n" {
			t.Errorf("curl --cookie %q: got %q, want %q", c[1], got, c[2])
		}
	}
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
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
	for end := time.Now().Add(10 * time.Second); err != nil && time.Now().Before(end); {
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
