package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// maxInput is the longest value that is read, in bytes: a session of 16 MiB, as
// the library takes by default, in base64.
const maxInput = 32 << 20

// value returns what a command works on: its argument, the contents of file, or
// stdin.
func (a *app) value(what string, args []string, file string) (string, error) {
	r, done, err := a.input(what, args, file)
	if err != nil {
		return "", err
	}
	defer done()
	return readAll(r, maxInput)
}

// input is value as a stream.
func (a *app) input(what string, args []string, file string) (r io.Reader, done func(), err error) {
	done = func() {}
	switch {
	case len(args) > 0 && file != "":
		return nil, nil, usage(what+" is given both as an argument and by --file", "give one of them")
	case len(args) > 0 && args[0] != "-":
		return strings.NewReader(args[0]), done, nil
	case file != "":
		f, err := os.Open(file)
		if err != nil {
			return nil, nil, fileProblem(err)
		}
		return f, func() { f.Close() }, nil
	}
	r, err = a.takeStdin(what)
	if err == nil && a.terminal(a.stdin) {
		a.warn("reading %s from the terminal; end it with Ctrl-D", what)
	}
	return r, done, err
}

// interruptible is a reader whose Read returns when ctx ends, though what it reads
// from does not: a terminal that nobody types at.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (in *interruptible) Read(p []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	buf := make([]byte, len(p)) // a Read that was left behind may still write to it
	done := make(chan result, 1)
	go func() {
		n, err := in.r.Read(buf)
		done <- result{n, err}
	}()
	select {
	case <-in.ctx.Done():
		return 0, in.ctx.Err()
	case r := <-done:
		return copy(p, buf[:r.n]), r.err
	}
}

// isTerminal reports whether v, a stream, is a terminal.
func isTerminal(v any) bool {
	if in, ok := v.(*interruptible); ok {
		v = in.r
	}
	f, ok := v.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// errLong is a line that passes the limit.
var errLong = errors.New("line is too long")

// lines reads lines of any length, of which it keeps at most max bytes in memory.
type lines struct {
	r   *bufio.Reader
	max int
	buf []byte
}

func newLines(r io.Reader, max int) *lines {
	return &lines{r: bufio.NewReaderSize(r, 64<<10), max: max}
}

// next returns the next line without its end. A line that is too long is skipped
// and reported by errLong; after the last one comes io.EOF.
func (l *lines) next() (string, error) {
	l.buf = l.buf[:0]
	long := false
	for {
		part, err := l.r.ReadSlice('\n')
		if err != nil && err != bufio.ErrBufferFull && err != io.EOF {
			return "", fileProblem(err)
		}
		if err == io.EOF && len(part) == 0 && len(l.buf) == 0 && !long {
			return "", io.EOF
		}
		if long = long || len(l.buf)+len(part) > l.max; !long {
			l.buf = append(l.buf, part...)
		}
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case long:
			l.buf = nil
			return "", errLong
		}
		return strings.TrimRight(string(l.buf), "\r\n"), nil
	}
}

// waiting reports whether more input is at hand without waiting for it.
func (l *lines) waiting() bool { return l.r.Buffered() > 0 }
