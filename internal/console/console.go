// Package console is what the commands of djsession share: their streams, tables,
// progress bars and secrets, and the words for what went wrong. It knows nothing of
// flags, so that a test needs no command line and no terminal.
//
// Nothing that it prints can play tricks on a terminal; see [Harmless]. No text of it
// holds a secret, a whole session key or a value of a session.
package console

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/serializer"
)

// Console holds the streams, the environment and the clock that a command works with.
// A test sets its own.
type Console struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Bar is stderr for a progress bar, which moves the cursor itself.
	Bar io.Writer
	// Env returns a variable of the environment, "" if it is not set.
	Env func(name string) string
	Now func() time.Time
	// Terminal reports whether a stream is a terminal.
	Terminal func(stream any) bool

	stdinFor string // the purpose that stdin was taken for
}

// Say prints a line of the result.
func (c *Console) Say(format string, args ...any) {
	fmt.Fprintf(c.Stdout, format+"\n", inLine(args)...)
}

// Warn prints a line to stderr that is no error.
func (c *Console) Warn(format string, args ...any) {
	fmt.Fprintf(c.Stderr, "djsession: "+format+"\n", inLine(args)...)
}

// JSON prints a JSON object, in ASCII.
func (c *Console) JSON(indent string, items ...serializer.Item) error {
	text, err := serializer.AppendText(nil, serializer.NewDict(items...), indent)
	if err == nil {
		c.Say("%s", text)
	}
	return err
}

// Print prints a problem and its hint to stderr.
func (c *Console) Print(p *Problem) {
	fmt.Fprintf(c.Stderr, "djsession: %s\n", oneLine(p.Text))
	for line := range strings.Lines(p.Hint) {
		fmt.Fprintf(c.Stderr, "hint: %s\n", strings.TrimRight(line, "\n"))
	}
}

// Flush hands what was written to out, a buffer around Stdout, to the reader of Stdout.
func (c *Console) Flush(out *bufio.Writer) error {
	if err := out.Flush(); err != nil {
		return err
	}
	if f, ok := c.Stdout.(interface{ Flush() error }); ok {
		return f.Flush()
	}
	return nil
}

// TakeStdin returns Stdin for one purpose. A second call is an error that names both.
func (c *Console) TakeStdin(purpose string) (io.Reader, error) {
	if c.stdinFor != "" {
		return nil, Usage(fmt.Sprintf("standard input cannot be both %s and %s", c.stdinFor, purpose),
			"give one of them another way, for example in a file")
	}
	c.stdinFor = purpose
	return c.Stdin, nil
}

// Count returns "1 key", "2 keys" and so on.
func Count[N int | int64](n N, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
