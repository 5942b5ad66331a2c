package djsettings

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/go-djsession/go-djsession/internal/pyliteral"
)

// document is the settings as they were read: name by name, without any sense.
type document struct {
	settings map[string]setting
	// all tells that defaults are there too: what is missing does not exist.
	all     bool
	python2 bool
	// marks tells that setting.known means something.
	marks bool
	noise int // a line before the first setting that is none
}

type setting struct {
	value any // of pyliteral
	line  int
	// known tells that the site's Django has a default for it, and isDefault that
	// this is it.
	known, isDefault bool
}

// What a setting's line begins with: its name, in hash mode after "### " for a
// default, in unified mode after "+ ", "- " or two spaces.
var settingLine = regexp.MustCompile(`^(### |[+-] |  )?([A-Z_][A-Z0-9_]*) = `)

// colours are what manage.py adds for a terminal.
var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

// chunk is a setting's lines.
type chunk struct {
	mark, name, text string
	line             int
	own              bool // marked as unknown to Django
}

// parseText reads one of the forms of text.
func parseText(text string) (*document, error) {
	if trimmed := strings.TrimLeft(text, " \t\r\n"); strings.HasPrefix(trimmed, "{") {
		return parseJSON(text)
	}
	if strings.IndexByte(text, '\x1b') >= 0 {
		text = colours.ReplaceAllString(text, "")
	}
	chunks, noise, err := cut(text)
	if err != nil {
		return nil, err
	}
	doc := &document{noise: noise}
	if err := doc.read(chunks); err != nil {
		return nil, err
	}
	return doc, nil
}

// cut takes the text apart into settings. Lines before the first one are allowed
// if it is certain that manage.py printed the rest, for some settings.py print as
// well; noise is the first of them.
func cut(text string) (chunks []chunk, noise int, err error) {
	line, at, isOutput := 0, 0, false
	for l := range strings.Lines(text) {
		line++
		var m []int
		if strings.Contains(l, " = ") { // which is quicker to see
			m = settingLine.FindStringSubmatchIndex(l)
		}
		if m != nil {
			if n := len(chunks); n > 0 {
				chunks[n-1].text = chunks[n-1].text[:at-len(text)+len(chunks[n-1].text)]
			}
			c := chunk{name: l[m[4]:m[5]], text: text[at+m[1]:], line: line}
			if m[2] >= 0 {
				c.mark = cmp.Or(strings.TrimSpace(l[m[2]:m[3]]), "=")
			}
			isOutput = isOutput || c.name == "SETTINGS_MODULE" || c.mark == "###"
			chunks = append(chunks, c)
		} else if len(chunks) == 0 && noise == 0 && strings.TrimSpace(l) != "" {
			noise = line
		}
		at += len(l)
	}
	if len(chunks) == 0 {
		return nil, 0, &LineError{max(noise, 1), "", fmt.Errorf("%w: there is no line such as NAME = value", ErrFormat)}
	}
	if noise > 0 && !isOutput {
		return nil, 0, &LineError{noise, "", fmt.Errorf("%w: this is not what manage.py diffsettings prints", ErrFormat)}
	}
	return chunks, noise, nil
}

// read makes values of the chunks.
func (doc *document) read(chunks []chunk) error {
	doc.settings = map[string]setting{}
	doc.marks = true
	unified := false
	for i := range chunks {
		c := &chunks[i]
		unified = unified || c.mark == "+" || c.mark == "-" || c.mark == "="
		doc.all = doc.all || c.mark == "###" || c.mark == "="
	}
	values, sawUnicode, err := readValues(chunks, false)
	if err == nil && sawUnicode {
		// Written by Python 2: there a text without u is bytes.
		doc.python2 = true
		values, _, err = readValues(chunks, true)
	}
	if err != nil {
		return err
	}
	changed := map[string]bool{} // in unified mode: has a "-" line
	for i, c := range chunks {
		s := setting{value: values[i], line: c.line}
		switch {
		case c.mark == "-":
			changed[c.name] = true
			continue
		case unified:
			s.isDefault = c.mark == "="
			s.known = s.isDefault || changed[c.name]
		default:
			s.isDefault = c.mark == "###"
			s.known = !c.own
		}
		doc.settings[c.name] = s
	}
	if len(doc.settings) == 0 {
		return &LineError{chunks[0].line, "", fmt.Errorf("%w: there are only defaults that were changed", ErrFormat)}
	}
	return nil
}

// readValues reads the value of each chunk, and which are marked as not Django's.
func readValues(chunks []chunk, python2 bool) ([]any, bool, error) {
	values := make([]any, len(chunks))
	r := pyliteral.Reader{Options: pyliteral.Options{Python2: python2}}
	for i := range chunks {
		c := &chunks[i]
		text := strings.TrimRight(c.text, "\r\n")
		if rest, ok := strings.CutSuffix(text, "  ###"); ok {
			text, c.own = rest, true
		}
		v, n, err := r.Prefix(text)
		if err != nil {
			return nil, false, c.fail(err)
		}
		rest := strings.TrimLeft(text[n:], " ")
		switch first, _, more := strings.Cut(rest, "\n"); {
		case strings.TrimRight(first, "\r") == "###": // and lines that are not of the value
			c.own = true
		case strings.TrimSpace(first) != "":
			v = pyliteral.NewOpaque(text) // a comment, as in a settings.py
		case more:
			if _, isText := v.(pyliteral.Opaque); isText {
				v = pyliteral.NewOpaque(text) // the repr of an object may have lines
			}
		}
		values[i] = v
	}
	return values, r.SawUnicode, nil
}

// fail is an error of pyliteral as one of the line of the file.
func (c *chunk) fail(err error) error {
	line := c.line
	var at *pyliteral.Error
	if errors.As(err, &at) {
		line += at.Line - 1
		err = at.Err
	}
	return &LineError{line, c.name, fmt.Errorf("%w: %w", ErrFormat, err)}
}
