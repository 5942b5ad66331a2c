// Package console holds what the commands of djsession share: streams, tables, progress
// bars, secrets, and the texts for errors. It does not know flags, so a test needs no
// command line and no terminal.
//
// Nothing that it prints can control a terminal; see [Harmless]. None of its texts holds a
// secret, a whole session key or a value of a session.
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
	// Bar is stderr for a progress bar, which moves the cursor.
	Bar io.Writer
	// Env returns an environment variable, or "" if it is not set.
	Env func(name string) string
	Now func() time.Time
	// Terminal reports whether a stream is a terminal.
	Terminal func(stream any) bool
	// Width and ErrWidth are how many columns the terminals at Stdout and Stderr have, or 0.
	Width, ErrWidth int

	stdinFor string // what stdin is used for
}

// Say prints a line of the result.
func (c *Console) Say(format string, args ...any) {
	fmt.Fprintf(c.Stdout, format+"\n", inLine(args)...)
}

// Warn prints a line to stderr that is not an error.
func (c *Console) Warn(format string, args ...any) {
	c.note("djsession: " + fmt.Sprintf(format, inLine(args)...))
}

// note prints a line to stderr. What the terminal has no room for is indented below it.
func (c *Console) note(line string) {
	var b strings.Builder
	if c.ErrWidth > 0 {
		fill(&b, "", "  ", line, c.ErrWidth)
		line = b.String()
	}
	fmt.Fprintln(c.Stderr, line)
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
	c.note("djsession: " + oneLine(p.Text))
	for line := range strings.Lines(p.Hint) {
		c.note("hint: " + strings.TrimRight(line, "\n"))
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

// TakeStdin returns Stdin for one purpose. A second call is an error that names both. On a
// terminal it says what the command waits for.
func (c *Console) TakeStdin(purpose string) (io.Reader, error) {
	if c.stdinFor != "" {
		return nil, Usage(fmt.Sprintf("standard input cannot be both %s and %s", c.stdinFor, purpose),
			"give one of them another way, for example in a file")
	}
	c.stdinFor = purpose
	if c.Terminal(c.Stdin) {
		c.Warn("reading %s from the terminal; end it with Ctrl-D", purpose)
	}
	return c.Stdin, nil
}

// Count returns "1 key", "2 keys" and so on.
func Count[N int | int64](n N, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
