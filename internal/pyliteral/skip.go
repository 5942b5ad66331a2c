package pyliteral

import "strings"

// skip moves from where a literal ended, or did not begin, to the end of its expression:
// the comma, colon or closing bracket around it, or the end of the text, or at depth 0 of
// a Prefix the end of the line.
//
// Inside of <...> is free text, in which only <, > and quotes count.
func (p *parser) skip(start, depth int) error {
	var open []byte // the closing brackets that are missing
	for p.pos < len(p.text) {
		c, in := p.text[p.pos], byte(0)
		if len(open) > 0 {
			in = open[len(open)-1]
		}
		switch {
		case in == 0 && depth > 0 && strings.IndexByte(",:)]}", c) >= 0:
			return nil
		case in == 0 && depth == 0 && c == '\n' && !p.whole:
			return nil
		case c == '\'' || c == '"':
			p.quoted(c)
			continue
		case c == '<' && p.opensAngle():
			open = append(open, '>')
		case c == '>' && in == '>' && p.text[p.pos-1] != '-': // no arrow
			open = open[:len(open)-1]
		case in == '>':
		case c == '(':
			open = append(open, ')')
		case c == '[':
			open = append(open, ']')
		case c == '{':
			open = append(open, '}')
		case c == ')' || c == ']' || c == '}':
			if c != in {
				return p.fail(p.pos, ErrSyntax, "a bracket is of the wrong kind")
			}
			open = open[:len(open)-1]
		}
		if len(open)+depth > p.r.MaxDepth {
			return p.fail(p.pos, ErrDepth, "brackets in brackets")
		}
		p.pos++
	}
	if len(open) > 0 && open[0] != '>' {
		return p.fail(start, ErrSyntax, "a bracket that is not closed")
	}
	return nil
}

// opensAngle distinguishes the < of <function f at 0x7f> from "less than".
func (p *parser) opensAngle() bool {
	if p.pos+1 == len(p.text) {
		return false
	}
	c := p.text[p.pos+1]
	return c == '<' || isName(c)
}

// quoted passes over a text in quotes. A quote that its line does not close, or that
// stands behind a letter as in <it's>, begins no text.
func (p *parser) quoted(quote byte) {
	kind := 0
	if quote == '"' {
		kind = 1
	}
	at := p.pos
	p.pos++
	if at < p.noQuote[kind] || at > 0 && isName(p.text[at-1]) && !isPrefix(p.text, at) {
		return
	}
	for i := at + 1; i < len(p.text); i++ {
		switch p.text[i] {
		case '\\':
			i++
		case quote:
			p.pos = i + 1
			return
		case '\n':
			p.noQuote[kind] = i
			return
		}
	}
	p.noQuote[kind] = len(p.text)
}

// isPrefix reports whether a single u, b or r stands before the quote.
func isPrefix(text string, at int) bool {
	return strings.IndexByte("uUbBrR", text[at-1]) >= 0 && (at < 2 || !isName(text[at-2]))
}
