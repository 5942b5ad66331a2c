package djmessages

import "fmt"

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

// Message is django.contrib.messages.storage.base.Message.
type Message struct {
	// Level is Message.level.
	Level Level
	// Text is str(message), what a page shows.
	Text string
	// ExtraTags is Message.extra_tags, "" also for None.
	ExtraTags string
	// Safe tells that Text is HTML, by mark_safe: templates of Django do not escape
	// it. A template of Go needs template.HTML(m.Text) for that.
	Safe bool

	tags *tags // of the Framework it came from
}

// tags are the tags of levels, behind a pointer so that a Message can be compared.
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
	level := m.LevelTag()
	switch {
	case m.ExtraTags == "":
		return level
	case level == "":
		return m.ExtraTags
	}
	return m.ExtraTags + " " + level
}

// Format prints the level, whatever the verb: a log is no place for what a visitor
// reads. Pages show Text.
func (m Message) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "message of level %d", m.Level) }
