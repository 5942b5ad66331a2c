package console

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// leastCell is how many columns the right one of two texts must have, or it goes below the left.
const leastCell = 20

// twoTexts matches a line with two texts beside each other, as of a flag and what it does.
var twoTexts = regexp.MustCompile(`^( *\S+(?: \S+)*)  +(\S.*)$`)

// Wrap breaks the lines of text between words so that they fit into width columns. Lines without
// an indentation are paragraphs, and are filled anew. The right one of two texts beside each other
// keeps its place, or goes below the left if there is no room. A line with an indentation is to be
// pasted somewhere: Wrap does not break it. With width 0, or for a text that fits, Wrap returns
// the text as it is.
func Wrap(text string, width int) string {
	lines := strings.Split(text, "\n")
	if width <= 0 || fits(lines, width) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		m := twoTexts.FindStringSubmatchIndex(line)
		switch {
		case m != nil && utf8.RuneCountInString(line) > width:
			if at := utf8.RuneCountInString(line[:m[4]]); width-at >= leastCell {
				fill(&b, line[:m[4]], strings.Repeat(" ", at), line[m[4]:], width)
			} else {
				indent := strings.Repeat(" ", len(line)-len(strings.TrimLeft(line, " ")))
				b.WriteString(line[:m[3]] + "\n")
				fill(&b, indent+"    ", indent+"    ", line[m[4]:], width)
			}
		case m != nil || line == "" || line[0] == ' ':
			b.WriteString(line)
		default:
			for i+1 < len(lines) && lines[i+1] != "" && lines[i+1][0] != ' ' && !twoTexts.MatchString(lines[i+1]) {
				i++
				line += " " + lines[i]
			}
			fill(&b, "", "", line, width)
		}
		if i < len(lines)-1 {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func fits(lines []string, width int) bool {
	for _, line := range lines {
		if utf8.RuneCountInString(line) > width {
			return false
		}
	}
	return true
}

// fill writes text behind first, and what does not fit on lines behind indent.
func fill(b *strings.Builder, first, indent, text string, width int) {
	for prefix := first; ; prefix = "\n" + indent {
		line, rest := breakAt(text, width-utf8.RuneCountInString(strings.TrimPrefix(prefix, "\n")))
		b.WriteString(prefix + line)
		if text = rest; text == "" {
			return
		}
	}
}
