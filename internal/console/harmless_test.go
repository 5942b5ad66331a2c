package console

import (
	"bytes"
	"testing"
)

// TestHarmlessWriter: the output does not depend on how the text is split, and harmless
// text stays unchanged.
func TestHarmlessWriter(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", ""}, {"plain\n\ttext é日😀", "plain\n\ttext é日😀"},
		{"\x1b[31m\x7f\u009b", `\u001b[31m\u007f\u009b`}, {"\u202ea\u2069\u200f\u2028", `\u202ea\u2069\u200f\u2028`},
		{"\xff\xc3(\xe6\x97", `\xff\xc3(\xe6\x97`}, {"\xc2\x9b", `\u009b`}, {"\U000e0001", `\udb40\udc01`}, {"�", "�"}, {"\r\n", "\\u000d\n"},
	} {
		for size := 1; size <= len(tt.in)+1; size++ {
			var b bytes.Buffer
			h := &Harmless{W: &b}
			for text := tt.in; text != ""; {
				n := min(size, len(text))
				if got, err := h.Write([]byte(text[:n])); got != n || err != nil {
					t.Fatalf("Write: got %d, %v", got, err)
				}
				text = text[n:]
			}
			if err := h.Flush(); err != nil || b.String() != tt.want {
				t.Errorf("%q by %d: got %q, %v, want %q", tt.in, size, b.String(), err, tt.want)
			}
		}
	}
}
