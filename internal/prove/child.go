package prove

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

//go:embed prove.py
var program string

// ErrSite: the site's Django did not run, or did not answer.
var ErrSite = errors.New("prove: the site's Django does not answer")

// answerTimeout limits one answer of the site.
const answerTimeout = time.Minute

// child is the site's Django, which runs prove.py. When this process ends, however it ends,
// the child sees the end of its commands and deletes the canaries.
type child struct {
	cmd   *exec.Cmd
	in    *os.File
	lines chan []byte
	ended chan error
}

// start starts cmd, which must run Python code from its standard input, as manage.py shell
// does.
func start(cmd *exec.Cmd) (_ *child, err error) {
	var files []*os.File
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	pipe := func() (r, w *os.File) {
		if err == nil {
			if r, w, err = os.Pipe(); err == nil {
				files = append(files, r, w)
			}
		}
		return r, w
	}
	codeR, codeW := pipe()
	inR, inW := pipe()
	outR, outW := pipe()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSite, err)
	}
	// The program is shorter than the buffer of a pipe. It is there before the shell looks, so
	// that no Django takes its standard input for a terminal.
	if _, err = io.WriteString(codeW, program); err == nil {
		err = codeW.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSite, err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = codeR, nil, nil
	cmd.ExtraFiles = []*os.File{inR, outW}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSite, err)
	}
	c := &child{cmd: cmd, in: inW, lines: make(chan []byte), ended: make(chan error, 1)}
	files = []*os.File{codeR, inR, outW}
	go c.read(outR)
	go func() { c.ended <- cmd.Wait() }()
	return c, nil
}

func (c *child) read(out *os.File) {
	defer out.Close()
	defer close(c.lines)
	s := bufio.NewScanner(out)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		c.lines <- bytes.Clone(s.Bytes())
	}
}

// call runs a command of prove.py and stores its result in into, unless that is nil.
func (c *child) call(ctx context.Context, name string, args map[string]any, into any) error {
	all := map[string]any{"do": name}
	for k, v := range args {
		all[k] = v
	}
	line, err := json.Marshal(all)
	if err != nil {
		return err
	}
	if _, err := c.in.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("%w: it ended early", ErrSite)
	}
	timer := time.NewTimer(answerTimeout)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return fmt.Errorf("%w: %q took longer than %v", ErrSite, name, answerTimeout)
	case line, ok := <-c.lines:
		if !ok {
			return fmt.Errorf("%w: it ended early", ErrSite)
		}
		var answer struct {
			OK     json.RawMessage
			Raised string
		}
		if err := json.Unmarshal(line, &answer); err != nil {
			return fmt.Errorf("%w: what it answers to %q is not JSON", ErrSite, name)
		}
		if answer.Raised != "" {
			return fmt.Errorf("%w: %q raised %s in Django", ErrSite, name, answer.Raised)
		}
		if into == nil {
			return nil
		}
		d := json.NewDecoder(bytes.NewReader(answer.OK))
		d.UseNumber()
		return d.Decode(into)
	}
}

// stop ends the commands, so that the child deletes its canaries, and waits for its end.
func (c *child) stop() {
	c.in.Close()
	timer := time.NewTimer(answerTimeout)
	defer timer.Stop()
	for {
		select {
		case <-c.ended:
			return
		case <-timer.C:
			_ = c.cmd.Process.Kill() // it hangs
		case _, ok := <-c.lines:
			if !ok {
				c.lines = nil
			}
		}
	}
}
