package console

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

func newConsole(stdin string) (*Console, *bytes.Buffer, *bytes.Buffer) {
	var out, errs bytes.Buffer
	return &Console{
		Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs, Bar: &errs,
		Env: func(string) string { return "" }, Now: time.Now, Terminal: func(any) bool { return false },
	}, &out, &errs
}

// TestTable: a text from outside cannot begin a new line.
func TestTable(t *testing.T) {
	c, out, _ := newConsole("")
	table := c.NewTable(1, "NAME", "SIZE")
	for _, row := range [][]string{{"a", "1"}, {"long\nname", "100"}} {
		if err := table.Add(row...); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	if want := "NAME        SIZE\na              1\nlong\\nname   100\n"; out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

// TestNarrowTable: a cell continues on the next line between two words, the widest column
// first. A word is never cut, and no table gets wider than it is.
func TestNarrowTable(t *testing.T) {
	for _, tt := range []struct {
		width int
		want  string
	}{
		{0, "NAME  WHEN           SIZE\nabc   one two three   100\nabc   é éé            100\n"},
		{200, "NAME  WHEN           SIZE\nabc   one two three   100\nabc   é éé            100\n"},
		{20, "NAME  WHEN      SIZE\nabc   one two    100\n      three\nabc   é éé       100\n"},
		{1, "NAME  WHEN   SIZE\nabc   one     100\n      two\n      three\nabc   é éé    100\n"},
	} {
		c, out, _ := newConsole("")
		c.Width = tt.width
		table := c.NewTable(2, "NAME", "WHEN", "SIZE")
		for _, when := range []string{"one two three", "é éé"} {
			if err := table.Add("abc", when, "100"); err != nil {
				t.Fatal(err)
			}
		}
		if err := table.Flush(); err != nil {
			t.Fatal(err)
		}
		if out.String() != tt.want {
			t.Errorf("%d columns: got\n%swant\n%s", tt.width, out.String(), tt.want)
		}
	}
}

// TestInput: there is one source, and one use of standard input.
func TestInput(t *testing.T) {
	c, _, _ := newConsole("from stdin")
	file := filepath.Join(t.TempDir(), "value")
	if err := os.WriteFile(file, []byte("from a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args       []string
		file, want string
	}{
		{[]string{"argument"}, "", "argument"}, {nil, file, "from a file"}, {[]string{"-"}, "", "from stdin"},
	} {
		if got, err := c.Value("the value", tt.args, tt.file); got != tt.want || err != nil {
			t.Errorf("%v: got %q, %v, want %q", tt.args, got, err, tt.want)
		}
	}
	_, err := c.TakeStdin("the SECRET_KEY")
	if p := ProblemOf(t.Context(), err); p.Status != StatusUsage || p.Text != "standard input cannot be both the value and the SECRET_KEY" {
		t.Errorf("a second purpose: got %+v", p)
	}
	if _, err := c.Value("the value", []string{"x"}, file); ProblemOf(t.Context(), err).Status != StatusUsage {
		t.Errorf("an argument and a file: got %v", err)
	}
}

// TestLongLines: Lines reports a line that is too long, and skips it.
func TestLongLines(t *testing.T) {
	l := NewLines(strings.NewReader("short\n"+strings.Repeat("x", 100_000)+"\r\nlast"), 1000)
	var got []string
	for {
		line, err := l.Next()
		if err == io.EOF {
			break
		}
		if err != nil && !errors.Is(err, ErrLong) {
			t.Fatal(err)
		}
		got = append(got, line)
	}
	if want := "short||last"; strings.Join(got, "|") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestSecrets: the sources of keys, and the errors.
func TestSecrets(t *testing.T) {
	for _, tt := range []struct {
		name   string
		from   SecretSources
		env    map[string]string
		want   string // SECRET_KEY
		status int
	}{
		{name: "the environment", env: map[string]string{EnvSecret: "one"}, want: "one"},
		{name: "standard input, the ends of lines cut off", from: SecretSources{Stdin: true}, want: " in "},
		{name: "two ways", from: SecretSources{Stdin: true, File: "x"}, status: StatusUsage},
		{name: "secret and derived keys", env: map[string]string{EnvSecret: "one", EnvKeys: "two"}, status: StatusUsage},
		{name: "fallbacks alone", env: map[string]string{EnvFallbacks: "one"}, status: StatusUsage},
		{name: "none", status: StatusUsage},
	} {
		c, _, _ := newConsole(" in \r\nold\n")
		c.Env = func(name string) string { return tt.env[name] }
		s, err := tt.from.Need(c)
		if err != nil {
			if p := ProblemOf(t.Context(), err); p.Status != tt.status || p.Hint == "" {
				t.Errorf("%s: got %+v", tt.name, p)
			}
			continue
		}
		if s.Secret != tt.want || tt.status != 0 {
			t.Errorf("%s: got %q", tt.name, s.Secret)
		}
	}
}

// TestProblemOf: it never prints an error of a driver, and an interruption comes first.
func TestProblemOf(t *testing.T) {
	err := djsession.Unavailable("load session", errors.New("hunter2"))
	if p := ProblemOf(t.Context(), err); strings.Contains(p.Text+p.Hint, "hunter2") || p.Status != StatusRefused {
		t.Errorf("a driver: got %+v", p)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if p := ProblemOf(ctx, err); p.Text != "interrupted" {
		t.Errorf("interrupted: got %+v", p)
	}
	if p := ProblemOf(ctx, Usage("no", "yes")); p.Text != "no" {
		t.Errorf("interrupted and a wrong flag: got %+v", p)
	}
	c, _, errs := newConsole("")
	c.Print(&Problem{Text: "a\nb", Hint: "one\ntwo"})
	if want := "djsession: a\\nb\nhint: one\nhint: two\n"; errs.String() != want {
		t.Errorf("got %q, want %q", errs.String(), want)
	}
}

// TestProgress: without a terminal nothing is shown.
func TestProgress(t *testing.T) {
	c, _, errs := newConsole("")
	set, done := c.Progress("moving", 10)
	set(5)
	done()
	if errs.Len() > 0 {
		t.Errorf("got %q", errs.String())
	}
	c.Terminal = func(any) bool { return true }
	set, done = c.Progress("moving", 10)
	set(5)
	done()
	if !strings.Contains(errs.String(), "moving") {
		t.Errorf("on a terminal: got %q", errs.String())
	}
}
