package djmessages

import (
	"fmt"
	"io"

	"github.com/go-djsession/go-djsession/internal/secret"
)

// Level is the importance of a message. It may be any number: one of Django's or a site's
// own.
type Level int

// The levels of django.contrib.messages.constants.
const (
	LevelDebug   Level = 10
	LevelInfo    Level = 20
	LevelSuccess Level = 25
	LevelWarning Level = 30
	LevelError   Level = 40
)

// Message is django.contrib.messages.storage.base.Message. It prints only its level,
// wherever it stands. [NewMessage] makes one.
type Message struct {
	// Level is Message.level.
	Level Level
	// Safe says that Text is HTML, as mark_safe does: templates of Django do not escape
	// it. For a template of Go use template.HTML(m.Text()).
	Safe bool

	text, extraTags secret.Text
	tags            *tags // of the Framework it came from
}

// NewMessage returns the [Message] of a text. Separate several extra tags by spaces.
func NewMessage(level Level, text, extraTags string) Message {
	return Message{Level: level, text: secret.New(text), extraTags: secret.New(extraTags)}
}

// Text is str(message), the text for a page.
func (m Message) Text() string { return m.text.Reveal() }

// ExtraTags is Message.extra_tags. For None it is "".
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

// LevelTag is Message.level_tag: the tag of the [Level] by MESSAGE_TAGS. For a Message that
// did not come from a request it is Django's own tag. It is "" for other levels.
func (m Message) LevelTag() string {
	t := m.tags
	if t == nil {
		t = defaultTags
	}
	return t.of[m.Level]
}

// Tags is Message.tags: [Message.ExtraTags] and [Message.LevelTag] with a space between, for the class of
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

// String returns the level only: a log must not hold what a visitor reads. Pages show
// [Message.Text].
func (m Message) String() string { return fmt.Sprintf("message of level %d", int(m.Level)) }

// Format prints the text of [Message.String], whatever the verb.
func (m Message) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, m.String()) }

// MarshalText returns the text of [Message.String]. Nothing can be read back from it.
func (m Message) MarshalText() ([]byte, error) { return []byte(m.String()), nil }
