package console

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// The command prints texts from rows, cookies, servers and the settings of a site. Whoever
// wrote such a text could move the cursor of the terminal, hide a line or turn the order of
// the letters around. So all of stdout and stderr goes through Harmless.

// Harmless is a writer that replaces a control character with \u001b, and a byte that is
// not UTF-8 with \xff. It keeps line feeds and tabs, because it cannot know which of them
// the command wrote; inLine escapes those in texts from outside.
//
// The escapes have the form of JSON, so that JSON stays the same.
type Harmless struct {
	W    io.Writer
	rest []byte // the first bytes of a character that is not complete yet
}

// Write implements io.Writer. It keeps back an incomplete character at the end.
func (h *Harmless) Write(p []byte) (int, error) {
	text := append(h.rest, p...)
	h.rest = nil
	if tail := unfinished(text); tail > 0 {
		h.rest = append(h.rest, text[len(text)-tail:]...)
		text = text[:len(text)-tail]
	}
	if err := h.put(text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes what Write kept back, and flushes the underlying writer.
func (h *Harmless) Flush() error {
	rest := h.rest
	h.rest = nil
	if err := h.put(rest); err != nil {
		return err
	}
	if f, ok := h.W.(interface{ Flush() error }); ok {
		return f.Flush()
	}
	return nil
}

func (h *Harmless) put(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	_, err := h.W.Write(appendHarmless(make([]byte, 0, len(text)), text))
	return err
}

// unfinished returns how many bytes at the end of text may begin a character.
func unfinished(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if tail := text[len(text)-n:]; utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}

func appendHarmless(dst, text []byte) []byte {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && n == 1:
			dst = fmt.Appendf(dst, `\x%02x`, text[0])
		case Harmful(r):
			dst = appendEscape(dst, r)
		default:
			dst = append(dst, text[:n]...)
		}
		text = text[n:]
	}
	return dst
}

// Harmful reports whether r acts on a terminal: the controls C0, DEL and C1, the format
// characters (which change the direction of the text or are invisible), and the line and
// paragraph separators.
func Harmful(r rune) bool {
	return r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

func appendEscape(dst []byte, r rune) []byte {
	if high, low := utf16.EncodeRune(r); high != unicode.ReplacementChar {
		return fmt.Appendf(dst, `\u%04x\u%04x`, high, low)
	}
	return fmt.Appendf(dst, `\u%04x`, r)
}

// inLine returns args with line feeds and tabs in texts escaped, so that a text from
// outside cannot begin a line that looks like the command's own. It does not change a
// []byte.
func inLine(args []any) []any {
	clean := make([]any, len(args))
	for i, arg := range args {
		switch arg := arg.(type) {
		case string:
			clean[i] = oneLine(arg)
		case error:
			clean[i] = oneLine(arg.Error())
		case fmt.Stringer:
			clean[i] = oneLine(arg.String())
		default:
			clean[i] = arg
		}
	}
	return clean
}

var oneLine = strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace
