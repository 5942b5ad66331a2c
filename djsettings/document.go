package djsettings

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/go-djsession/go-djsession/internal/pyliteral"
	"github.com/go-djsession/go-djsession/signer"
)

// document holds the settings as they were read, by name. It does not interpret them.
type document struct {
	settings map[string]setting
	// all says that the document has the defaults too: a name that it lacks does not exist.
	all     bool
	python2 bool
	// marks says that setting.known has a meaning.
	marks bool
	// profile is set if the document is one, and keys are those of a profile without
	// SECRET_KEY.
	profile *Profile
	keys    signer.Keys
	noise   int // the first line before the settings that is no setting; 0 is none
}

type setting struct {
	value any // a value of package pyliteral
	line  int
	// known says that the site's Django has a default for the setting; isDefault, that the
	// value is this default.
	known, isDefault bool
}

// settingLine matches the beginning of a setting: its name. Before that is "### " for a default
// in hash mode, and "+ ", "- " or two spaces in unified mode.
var settingLine = regexp.MustCompile(`^(### |[+-] |  )?([A-Z_][A-Z0-9_]*) = `)

// colours matches the colours that manage.py adds for a terminal.
var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

// chunk holds the lines of one setting.
type chunk struct {
	mark, name, text string
	line             int
	own              bool // marked as unknown to Django
}

// parseText reads settings in one of the known forms.
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

// cut splits the text into settings. It allows lines before the first setting, because some
// settings.py print something, but only if the rest certainly comes from manage.py. noise
// is the first of these lines.
func cut(text string) (chunks []chunk, noise int, err error) {
	line, at, isOutput := 0, 0, false
	for l := range strings.Lines(text) {
		line++
		var m []int
		if strings.Contains(l, " = ") { // a quick test before the regexp
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

// read converts the chunks to values.
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
		// This is the output of Python 2: a text without u is bytes.
		doc.python2 = true
		values, _, err = readValues(chunks, true)
	}
	if err != nil {
		return err
	}
	changed := map[string]bool{} // names with a "-" line, in unified mode
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

// readValues reads the value of each chunk. It also sets own in chunks with
// the mark for it.
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
		case strings.TrimRight(first, "\r") == "###": // and lines after it that are not part of the value
			c.own = true
		case strings.TrimSpace(first) != "":
			v = pyliteral.NewOpaque(text) // a comment, as in a settings.py
		case more:
			if _, isText := v.(pyliteral.Opaque); isText {
				v = pyliteral.NewOpaque(text) // the repr of an object may have several lines
			}
		}
		values[i] = v
	}
	return values, r.SawUnicode, nil
}

// fail converts an error of pyliteral to an error with a line of the file.
func (c *chunk) fail(err error) error {
	line := c.line
	var at *pyliteral.Error
	if errors.As(err, &at) {
		line += at.Line - 1
		err = at.Err
	}
	return &LineError{line, c.name, fmt.Errorf("%w: %w", ErrFormat, err)}
}
