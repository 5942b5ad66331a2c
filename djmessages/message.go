package djmessages

import (
	"fmt"
	"io"

	"github.com/go-djsession/go-djsession/internal/secret"
)

// Level is how important a message is: any number, those of Django or a site's own.
type Level int

// The levels of django.contrib.messages.constants.
const (
	LevelDebug   Level = 10
	LevelInfo    Level = 20
	LevelSuccess Level = 25
	LevelWarning Level = 30
	LevelError   Level = 40
)

// Message is django.contrib.messages.storage.base.Message. It prints its level and no
// more, wherever it stands. See NewMessage.
type Message struct {
	// Level is Message.level.
	Level Level
	// Safe tells that Text is HTML, by mark_safe: templates of Django do not escape
	// it. A template of Go needs template.HTML(m.Text()) for that.
	Safe bool

	text, extraTags secret.Text
	tags            *tags // of the Framework it came from
}

// NewMessage returns the Message of a text. Several extra tags have spaces between them.
func NewMessage(level Level, text, extraTags string) Message {
	return Message{Level: level, text: secret.New(text), extraTags: secret.New(extraTags)}
}

// Text is str(message), what a page shows.
func (m Message) Text() string { return m.text.Reveal() }

// ExtraTags is Message.extra_tags, "" also for None.
func (m Message) ExtraTags() string { return m.extraTags.Reveal() }

// tags are the tags of levels.
type tags struct{ of map[Level]string }

// defaultTags is constants.DEFAULT_TAGS.
var defaultTags = &tags{map[Level]string{
	LevelDebug:   "debug",
	LevelInfo:    "info",
	LevelSuccess: "success",
	LevelWarning: "warning",
	LevelError:   "error",
}}

// LevelTag is Message.level_tag: the tag of the Level by MESSAGE_TAGS, or by Django's
// own for a Message that did not come from a request. It is "" for other levels.
func (m Message) LevelTag() string {
	t := m.tags
	if t == nil {
		t = defaultTags
	}
	return t.of[m.Level]
}

// Tags is Message.tags: ExtraTags and LevelTag with a space between, for the class of
// an HTML element.
func (m Message) Tags() string {
	level, extra := m.LevelTag(), m.ExtraTags()
	switch {
	case extra == "":
		return level
	case level == "":
		return extra
	}
	return extra + " " + level
}

// String tells the level: a log is no place for what a visitor reads. Pages show Text.
func (m Message) String() string { return fmt.Sprintf("message of level %d", int(m.Level)) }

// Format prints what String gives, whatever the verb.
func (m Message) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, m.String()) }

// MarshalText gives String. There is no way back.
func (m Message) MarshalText() ([]byte, error) { return []byte(m.String()), nil }
