package demo

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/internal/console"
)

// TestDemo: the demo runs without a terminal and without a Django.
func TestDemo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var out, errs bytes.Buffer
	c := &console.Console{
		Stdout: &out, Stderr: &errs,
		Env: func(string) string { return "" },
		Now: func() time.Time { return time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC) },
	}
	d, err := New(t.Context(), c, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"    stale8p3  nobody: ada has another password since\n",
		` 4. GET / with ada's cookie, through the middleware: "Hello ada, visit 5"` + "\n",
		" 7. No python3 with Django 4.1 or newer was found",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got\n%s\nwant %q in it", out.String(), want)
		}
	}
	if errs.Len() > 0 || d.SecretKey == "" {
		t.Errorf("got %q on stderr, SecretKey %q", errs.String(), d.SecretKey)
	}
}

// TestDemoNoFolder: if the copy cannot be made, the error names the path.
func TestDemoNoFolder(t *testing.T) {
	c := &console.Console{}
	if _, err := New(t.Context(), c, t.TempDir()+"/missing"); err == nil || !strings.Contains(err.Error(), "db.sqlite3") {
		t.Errorf("got %v", err)
	}
}
