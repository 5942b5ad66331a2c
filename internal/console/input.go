package console

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// MaxInput is the largest input, in bytes: a session of 16 MiB, the library's default
// limit, in base64.
const MaxInput = 32 << 20

// Value returns the input of a command: its argument, the contents of file, or Stdin.
func (c *Console) Value(what string, args []string, file string) (string, error) {
	r, done, err := c.Input(what, args, file)
	if err != nil {
		return "", err
	}
	defer done()
	return ReadAll(r, MaxInput)
}

// Input is Value as a stream. Call done after reading it.
func (c *Console) Input(what string, args []string, file string) (r io.Reader, done func(), err error) {
	done = func() {}
	switch {
	case len(args) > 0 && file != "":
		return nil, nil, Usage(what+" is given both as an argument and by --file", "give one of them")
	case len(args) > 0 && args[0] != "-":
		return strings.NewReader(args[0]), done, nil
	case file != "":
		f, err := os.Open(file)
		if err != nil {
			return nil, nil, FileProblem(err)
		}
		return f, func() { f.Close() }, nil
	}
	r, err = c.TakeStdin(what)
	return r, done, err
}

// Interruptible returns a reader whose Read also returns when ctx is done, even if r
// blocks, as a terminal does while nobody types.
func Interruptible(ctx context.Context, r io.Reader) io.Reader { return &interruptible{ctx, r} }

type interruptible struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (in *interruptible) Read(p []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	buf := make([]byte, len(p)) // an abandoned Read may still write to it
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

// IsTerminal reports whether the stream v is a terminal.
func IsTerminal(v any) bool {
	if in, ok := v.(*interruptible); ok {
		v = in.r
	}
	f, ok := v.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Width returns how many columns the terminal v has, or 0 if v is none or does not say.
func Width(v any) int {
	f, ok := v.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// ErrLong means that a line is longer than the limit.
var ErrLong = errors.New("line is too long")

// Lines reads lines. It keeps at most max bytes of a line in memory.
type Lines struct {
	r   *bufio.Reader
	max int
	buf []byte
}

// NewLines returns the lines of r.
func NewLines(r io.Reader, max int) *Lines {
	return &Lines{r: bufio.NewReaderSize(r, 64<<10), max: max}
}

// Next returns the next line without its end. It skips a line that is too long and
// returns ErrLong for it. After the last line it returns io.EOF.
func (l *Lines) Next() (string, error) {
	l.buf = l.buf[:0]
	long := false
	for {
		part, err := l.r.ReadSlice('\n')
		if err != nil && err != bufio.ErrBufferFull && err != io.EOF {
			return "", FileProblem(err)
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
			return "", ErrLong
		}
		return strings.TrimRight(string(l.buf), "\r\n"), nil
	}
}

// Waiting reports whether more input can be read without blocking.
func (l *Lines) Waiting() bool { return l.r.Buffered() > 0 }

// ReadFile reads a file of at most max bytes.
func ReadFile(name string, max int) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", FileProblem(err)
	}
	defer f.Close()
	return ReadAll(f, max)
}

// ReadAll reads at most max bytes.
func ReadAll(r io.Reader, max int) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, int64(max)+1))
	if err != nil {
		return "", FileProblem(err)
	}
	if len(b) > max {
		return "", Refused(fmt.Sprintf("the input is longer than %d bytes", max), "no session is that large: is this the right file?")
	}
	return string(b), nil
}

// FileProblem returns the problem for an error of the file system. It may name the file,
// because the user gave the name.
func FileProblem(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return &Problem{StatusRefused, fmt.Sprintf("%s: %v", path.Path, path.Err), "the path is relative to the folder that you are in", err}
	}
	return &Problem{StatusRefused, fmt.Sprintf("read: %v", err), "", err}
}
