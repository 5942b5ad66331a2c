package compat_test

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
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/internal/testserver"
)

// callTimeout is far more than anything that a driver is asked for takes.
const callTimeout = 2 * time.Minute

// driver is a child process that runs site/drive.py under one Django. It does one
// command at a time, but a test may give it others while a request is paused.
type driver struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr *tail
}

// djangoError is what Python raised.
type djangoError struct{ Class, Text string }

func (e *djangoError) Error() string { return fmt.Sprintf("Django raised %s: %s", e.Class, e.Text) }

// interpreter is that of the virtual environment of a Django.
func interpreter(django string) string {
	return filepath.Join(".venv", "django"+django, "bin", "python")
}

// absent are the optional Djangos that this machine does not have.
func absent() []string {
	return slices.DeleteFunc(slices.Clone(optional), func(django string) bool {
		_, err := os.Stat(interpreter(django))
		return err == nil
	})
}

// python returns the interpreter for that Django, or skips the test.
func python(t testing.TB, django string) string {
	t.Helper()
	path, err := filepath.Abs(interpreter(django))
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		testserver.Lacks(t, "there is no virtual environment for Django "+django+": run compat_test/setup.sh --all")
	}
	return path
}

// startDjango starts the site with these settings in place of those of
// site/settings.py. The process lives until stop.
func startDjango(t testing.TB, django string, settings map[string]any) *driver {
	t.Helper()
	text, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	d := &driver{cmd: exec.Command(python(t, django), "drive.py"), stderr: new(tail)}
	d.cmd.Dir = "site"
	d.cmd.Env = append(os.Environ(), "SITE_SETTINGS="+string(text), "PYTHONDONTWRITEBYTECODE=1", "PYTHONWARNINGS=ignore")
	d.cmd.Stderr = d.stderr
	if d.in, err = d.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	d.out = bufio.NewReader(out)
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return d
}

// stop ends the process.
func (d *driver) stop() {
	d.in.Close()
	watchdog := time.AfterFunc(10*time.Second, func() { d.cmd.Process.Kill() })
	defer watchdog.Stop()
	_ = d.cmd.Wait() // how it ends is of no interest
}

// args are the arguments of a command.
type args map[string]any

// try gives the driver a command and stores the result in into, unless that is nil.
// The error is a *djangoError when Python raised.
func (d *driver) try(do string, a args, into any) error { return d.tryWhile(do, a, nil, into) }

// tryWhile is try for a command with the op "pause" in it: there, meanwhile is run.
func (d *driver) tryWhile(do string, a args, meanwhile func(), into any) error {
	paused, err := d.exchange(do, a, into)
	if err != nil || !paused {
		if meanwhile != nil && err == nil {
			return errors.New("the command did not pause")
		}
		return err
	}
	if meanwhile == nil {
		return errors.New("the command paused")
	}
	meanwhile()
	_, err = d.exchange("resume", nil, into)
	return err
}

func (d *driver) exchange(do string, a args, into any) (paused bool, err error) {
	command := map[string]any{"do": do}
	for name, value := range a {
		command[name] = value
	}
	line, err := json.Marshal(command)
	if err != nil {
		return false, err
	}
	watchdog := time.AfterFunc(callTimeout, func() { d.cmd.Process.Kill() })
	defer watchdog.Stop()
	if _, err := d.in.Write(append(line, '\n')); err != nil {
		return false, fmt.Errorf("the driver is gone: %w\n%s", err, d.stderr)
	}
	answer, err := d.out.ReadBytes('\n')
	if err != nil {
		return false, fmt.Errorf("the driver is gone: %w\n%s", err, d.stderr)
	}
	var got struct {
		OK          json.RawMessage
		Paused      bool
		Error, Text string
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		return false, fmt.Errorf("the driver answered %q: %w", answer, err)
	}
	if got.Error != "" {
		return false, &djangoError{got.Error, got.Text}
	}
	if into != nil && !got.Paused {
		err = json.Unmarshal(got.OK, into)
	}
	return got.Paused, err
}

// call is try, and fails the test if Python raised.
func (d *driver) call(t testing.TB, do string, a args, into any) {
	t.Helper()
	if err := d.try(do, a, into); err != nil {
		t.Fatalf("%s: %v", do, err)
	}
}

// state is what a session of Django's is after its ops.
type state struct {
	Results            []json.RawMessage
	Key                string
	Accessed, Modified bool
}

// open begins a session under a name: request.session of a visitor with this key
// as the cookie, "" for none.
func (d *driver) open(t testing.TB, name, key string) {
	t.Helper()
	a := args{"name": name}
	if key != "" {
		a["key"] = key
	}
	d.call(t, "open", a, nil)
}

// run does ops to the session of that name.
func (d *driver) run(t testing.TB, name string, o ...op) state {
	t.Helper()
	var got state
	d.call(t, "run", args{"name": name, "ops": o}, &got)
	return got
}

// create stores a new session with these values and returns its key.
func (d *driver) create(t testing.TB, values map[string]any) string {
	t.Helper()
	d.open(t, "created", "")
	return d.run(t, "created", op{"update", tag(values)}, op{"save"}).Key
}

// items is what Django finds when it loads the session with that key, and whether
// there is one.
func (d *driver) items(t testing.TB, key string) (map[string]any, bool) {
	t.Helper()
	d.open(t, "read", key)
	got := d.run(t, "read", op{"items"})
	return untagMap(t, got.Results[0]), got.Key == key
}

// member is one top-level key of a stored session, with the JSON of its value.
type member struct{ name, raw string }

// members are those of the session with that key, byte for byte as stored.
func (d *driver) members(t testing.TB, key string) []member {
	t.Helper()
	var pairs [][2]string
	d.call(t, "members", args{"key": key}, &pairs)
	members := make([]member, len(pairs))
	for i, p := range pairs {
		members[i] = member{p[0], p[1]}
	}
	return members
}

// tail keeps the last of what is written to it.
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
