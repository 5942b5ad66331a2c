package django

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Timeout is far longer than any command takes.
const Timeout = 2 * time.Minute

// Django is a child process that runs one command at a time. It is safe for concurrent use.
type Django struct {
	cmd    *exec.Cmd
	dir    string
	mu     sync.Mutex
	in     io.WriteCloser
	out    *bufio.Reader
	stderr *tail
}

// Raised is an exception in Python.
type Raised struct{ Class, Text string }

func (e *Raised) Error() string { return fmt.Sprintf("Django raised %s: %s", e.Class, e.Text) }

// Start starts a Django that ends with the test.
func Start(t testing.TB, s Site) *Django {
	t.Helper()
	d := Launch(t, s)
	t.Cleanup(func() {
		if err := d.Stop(); err != nil {
			t.Errorf("Django %s: %v\n%s", s.Version, err, d.stderr)
		}
	})
	return d
}

// Launch starts a Django that runs until Stop.
func Launch(t testing.TB, s Site) *Django {
	t.Helper()
	python := s.Interpreter
	if python == "" {
		python = Python(t, s.Version)
	}
	dir, err := os.MkdirTemp("", "django")
	if err == nil {
		err = s.write(dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	d := &Django{dir: dir, stderr: new(tail)}
	project := dir
	if s.Dir != "" {
		if project, err = filepath.Abs(s.Dir); err != nil {
			t.Fatal(err)
		}
	}
	d.cmd = exec.Command(python, filepath.Join(dir, "drive.py"), filepath.Join(dir, "commands.py"))
	d.cmd.Dir = project
	d.cmd.Env = append(os.Environ(), "PYTHONPATH="+project, "PYTHONDONTWRITEBYTECODE=1", "PYTHONWARNINGS=ignore", "PYTHONIOENCODING=utf-8", "PYTHONHASHSEED=0")
	if !s.Bare {
		d.cmd.Env = append(d.cmd.Env, "DJANGO_SETTINGS_MODULE=settings")
	}
	d.cmd.Env = append(d.cmd.Env, s.Env...)
	d.cmd.Stderr = d.stderr
	if d.in, err = d.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	d.out = bufio.NewReaderSize(out, 1<<16)
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return d
}

// Stop ends the process, and returns its exit error.
func (d *Django) Stop() error {
	d.in.Close()
	watchdog := time.AfterFunc(10*time.Second, func() { d.cmd.Process.Kill() })
	defer watchdog.Stop()
	return errors.Join(d.cmd.Wait(), os.RemoveAll(d.dir))
}

// Try runs a command and stores its result in into, unless that is nil. If Python raises an
// exception, the error is a *[Raised].
func (d *Django) Try(name string, args Args, into any) error {
	return d.TryWhile(name, args, nil, into)
}

// TryWhile is [Django.Try] for a command that pauses once. It calls meanwhile during the
// pause.
func (d *Django) TryWhile(name string, args Args, meanwhile func(), into any) error {
	paused, err := d.exchange(name, args, into)
	switch {
	case err != nil:
		return err
	case paused && meanwhile == nil:
		return errors.New("the command paused")
	case !paused && meanwhile != nil:
		return errors.New("the command did not pause")
	case !paused:
		return nil
	}
	meanwhile()
	_, err = d.exchange("resume", nil, into)
	return err
}

func (d *Django) exchange(name string, args Args, into any) (paused bool, err error) {
	command := Args{"do": name}
	for name, value := range args {
		command[name] = value
	}
	line, err := json.Marshal(command)
	if err != nil {
		return false, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	watchdog := time.AfterFunc(Timeout, func() { d.cmd.Process.Kill() })
	defer watchdog.Stop()
	if _, err := d.in.Write(append(line, '\n')); err != nil {
		return false, fmt.Errorf("Django is gone: %w\n%s", err, d.stderr)
	}
	answer, err := d.out.ReadBytes('\n')
	if err != nil {
		return false, fmt.Errorf("Django is gone: %w\n%s", err, d.stderr)
	}
	var got struct {
		OK          json.RawMessage
		Paused      bool
		Error, Text string
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		return false, fmt.Errorf("Django answered %q: %w", answer, err)
	}
	if got.Error != "" {
		return false, &Raised{got.Error, got.Text}
	}
	if into != nil && !got.Paused {
		err = json.Unmarshal(got.OK, into)
	}
	return got.Paused, err
}

// Call is [Django.Try], but an error fails the test.
func (d *Django) Call(t testing.TB, name string, args Args, into any) {
	t.Helper()
	if err := d.Try(name, args, into); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, d.stderr)
	}
}

// Text is [Django.Call] that returns the result as the JSON that Python wrote.
func (d *Django) Text(t testing.TB, name string, args Args) string {
	t.Helper()
	var raw json.RawMessage
	d.Call(t, name, args, &raw)
	return string(raw)
}

// Create stores a new session and returns its key.
func (d *Django) Create(t testing.TB, data Args) (key string) {
	t.Helper()
	d.Call(t, "create", Args{"data": data}, &key)
	return key
}

// Load returns what Django reads of a session, as JSON, or "null" if there is no session.
func (d *Django) Load(t testing.TB, key string) string {
	t.Helper()
	return d.Text(t, "load", Args{"key": key})
}

// Set changes a session in Django as a request does, which writes all of it. It returns
// "saved", "interrupted", or "gone" if there was no session.
func (d *Django) Set(t testing.TB, key string, data Args) (did string) {
	t.Helper()
	d.Call(t, "set", Args{"key": key, "data": data}, &did)
	return did
}

// Delete deletes a session in Django, and reports whether it existed.
func (d *Django) Delete(t testing.TB, key string) (there bool) {
	t.Helper()
	d.Call(t, "delete", Args{"key": key}, &there)
	return there
}

// Exec runs Python code with args as its variables. It stores the variable "result" in
// into.
func (d *Django) Exec(t testing.TB, code string, args Args, into any) {
	t.Helper()
	if args == nil {
		args = Args{}
	}
	d.Call(t, "exec", Args{"code": code, "args": args}, into)
}

// tail keeps the end of what is written to it.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *tail) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.buf.Write(p); b.buf.Len() > 16<<10 {
		b.buf.Next(b.buf.Len() - 8<<10)
	}
	return len(p), nil
}

func (b *tail) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
