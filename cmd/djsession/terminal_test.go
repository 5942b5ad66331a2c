//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// tty is the command as a process on a terminal.
type tty struct {
	cmd    *exec.Cmd
	master *os.File
	mu     sync.Mutex
	text   []byte
	ended  chan struct{} // closed when it has ended and text is all that it wrote
}

// startOnTerminal starts the command on a terminal with so many columns, which sends it SIGINT for
// a Ctrl-C. With DISCARD=stderr in env, only its result goes there.
func startOnTerminal(t *testing.T, c *cli, columns uint16, env []string, args ...string) *tty {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns})
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("djsession", args...)
	cmd.Env = append(os.Environ(), "TERM=xterm-256color")
	for name, value := range c.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Env = append(cmd.Env, env...)
	cmd.Dir = filepath.Dir(c.env[envDSN])
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	if slices.Contains(env, "DISCARD=stderr") {
		cmd.Stderr = nil
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	err = cmd.Start()
	slave.Close()
	if err != nil {
		t.Fatal(err)
	}
	y := &tty{cmd: cmd, master: master, ended: make(chan struct{})}
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			y.mu.Lock()
			y.text = append(y.text, buf[:n]...)
			y.mu.Unlock()
			if err != nil { // EIO, when the other end is closed
				break
			}
		}
		_ = cmd.Wait() // its status is what tests look at
		close(y.ended)
	}()
	return y
}

// shown returns what the command has written until now.
func (y *tty) shown() string {
	y.mu.Lock()
	defer y.mu.Unlock()
	return strings.ReplaceAll(string(y.text), "\r\n", "\n")
}

// wait returns all that the command wrote, and its status.
func (y *tty) wait(t *testing.T) (text string, status int) {
	t.Helper()
	select {
	case <-y.ended:
	case <-time.After(2 * time.Minute):
		_ = y.cmd.Process.Kill()
		t.Fatalf("it does not end: %s", y.shown())
	}
	return y.shown(), y.cmd.ProcessState.ExitCode()
}

// onTerminal runs the command on a terminal, and returns all that it writes there.
func onTerminal(t *testing.T, c *cli, columns uint16, env []string, args ...string) string {
	t.Helper()
	text, status := startOnTerminal(t, c, columns, env, args...).wait(t)
	if status != 0 {
		t.Fatalf("djsession %v: got status %d\n%s", args, status, text)
	}
	return text
}

// TestTerminal: with 40 columns no line of a table or a progress bar is wider, and no word is
// lost; with 200 the tables are those of a pipe. There are no colours, whatever NO_COLOR
// says, and nothing moves the cursor where TERM is dumb.
func TestTerminal(t *testing.T) {
	colour, control := regexp.MustCompile(`\x1b\[[0-9;]*m`), regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]`)
	for name, args := range map[string][]string{
		"list":          {"list"},
		"clearsessions": {"clearsessions"},
		"convert":       {"convert", "--to", "pickle", "--django", "4.2"},
		"migrate":       {"migrate", "--journal", "journal"},
	} {
		t.Run(name, func(t *testing.T) {
			run := func(columns uint16, env ...string) (text string) {
				c := newCLI(t)
				all := args
				if name == "migrate" {
					to := newCLI(t)
					sqlExec(t, "sqlite", to.env[envDSN], "DELETE FROM django_session")
					all = []string{"migrate", "--journal", filepath.Join(t.TempDir(), "journal"), "--from", c.env[envDSN], "--to", to.env[envDSN]}
				}
				if columns == 0 {
					text = c.must(t, "", all...)
				} else {
					text = onTerminal(t, c, columns, env, all...)
				}
				return regexp.MustCompile(`(?m)^\d+ sessions a second\n`).ReplaceAllString(text, "")
			}
			pipe, narrow, wide, dumb := run(0), run(40), run(200), run(80, "TERM=dumb", "NO_COLOR=1")
			for _, text := range []string{narrow, wide, dumb} {
				if colour.MatchString(text) {
					t.Errorf("got colours: %q", text)
				}
			}
			for line := range strings.FieldsFuncSeq(control.ReplaceAllString(narrow, ""), func(r rune) bool { return r == '\n' || r == '\r' }) {
				if n := utf8.RuneCountInString(line); n > 40 {
					t.Errorf("got a line of %d columns: %q", n, line)
				}
			}
			for _, word := range strings.Fields(pipe) {
				if !strings.Contains(narrow, word) {
					t.Errorf("with 40 columns %q is lost in\n%s", word, narrow)
				}
			}
			if table := wide[max(0, strings.Index(wide, pipe[:min(10, len(pipe))])):]; !strings.HasPrefix(table, pipe) {
				t.Errorf("with 200 columns: got\n%s\nwant\n%s", wide, pipe)
			}
			if strings.ContainsAny(dumb, "\r\x1b") {
				t.Errorf("on a dumb terminal: got %q", dumb)
			}
		})
	}
}
