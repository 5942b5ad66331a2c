package console

import (
	"strings"
	"testing"
)

// TestWrap: paragraphs are filled, the right of two texts keeps its place or goes below, and what
// is to be pasted stays one line.
func TestWrap(t *testing.T) {
	const text = `The first paragraph has a line that is long,
and another one.

    a command | with a long | line
    export A=b

Flags:
  -h, --help           help for this
      --where PLACE    the PLACE where it is, as some words say
`
	for _, tt := range []struct {
		width int
		want  string
	}{
		{0, text}, {200, text},
		{50, strings.NewReplacer("long,\nand another", "long, and\nanother", "it is, as some", "it is, as\n                       some").Replace(text)},
		{30, `The first paragraph has a line
that is long, and another one.

    a command | with a long | line
    export A=b

Flags:
  -h, --help
      help for this
      --where PLACE
          the PLACE where it
          is, as some words
          say
`},
	} {
		if got := Wrap(text, tt.width); got != tt.want {
			t.Errorf("width %d: got\n%s\nwant\n%s", tt.width, got, tt.want)
		}
	}
}

// TestPrintWraps: an error that is longer than a line of the terminal goes on below.
func TestPrintWraps(t *testing.T) {
	c, _, errs := newConsole("")
	c.ErrWidth = 24
	c.Print(&Problem{Text: "there is something that went wrong", Hint: "do not do it\nor do it twice and again"})
	want := "djsession: there is\n  something that went\n  wrong\nhint: do not do it\nhint: or do it twice and\n  again\n"
	if errs.String() != want {
		t.Errorf("got\n%s\nwant\n%s", errs.String(), want)
	}
}
