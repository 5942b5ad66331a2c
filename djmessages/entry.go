package djmessages

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"unicode/utf8"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/secret"
	"github.com/go-djsession/go-djsession/serializer"
)

// messageKey is MessageEncoder.message_key.
const messageKey = "__json_message"

// entry is a message in the form in which it is written. Text and tags are JSON, because
// Djangos before 2.0 also store numbers.
type entry struct {
	Message
	text string
	tags string // "" for None
}

// messageJSON is MessageEncoder and MessageDecoder.
type messageJSON struct {
	limits    serializer.Limits
	spaces    bool // behind commas, in the session
	emptyTags bool // are written too
	threes    bool // messages without safe and tags are read
}

func newMessageJSON(set *djsession.Settings) messageJSON {
	return messageJSON{
		limits:    set.Limits.Data,
		spaces:    !set.Django.Before(3, 2),
		emptyTags: !set.Django.Before(4, 1),
		threes:    set.Django.Before(3, 1),
	}
}

// newEntry is Message.__init__ and _prepare. The error is serializer.ErrType for text
// that is not UTF-8.
func (j messageJSON) newEntry(m Message) (*entry, error) {
	e := &entry{Message: m}
	var err error
	if e.text, err = j.freeze(m.Text()); err == nil {
		e.tags, err = j.freeze(m.ExtraTags())
	}
	if err != nil {
		return nil, fmt.Errorf("add message: %w", err)
	}
	return e, nil
}

func (j messageJSON) freeze(v any) (string, error) {
	frozen, err := serializer.JSON{Limits: j.limits}.Freeze(v)
	if err != nil {
		return "", err
	}
	return string(frozen.(serializer.RawJSON)), nil
}

// append is MessageEncoder.default: it appends e in JSON, with sep between the items.
func (j messageJSON) append(dst []byte, e *entry, sep string) []byte {
	dst = append(append(dst, `["`+messageKey+`"`...), sep...)
	safe := "0"
	if e.Safe {
		safe = "1"
	}
	dst = append(append(dst, safe...), sep...)
	dst = append(strconv.AppendInt(dst, int64(e.Level), 10), sep...)
	dst = append(dst, e.text...)
	if e.tags != "" && (j.emptyTags || e.ExtraTags() != "") {
		dst = append(append(dst, sep...), e.tags...)
	}
	return append(dst, ']')
}

// sessionText is SessionStorage.serialize_messages.
func (j messageJSON) sessionText(list []*entry) string {
	sep := ","
	if j.spaces {
		sep = ", "
	}
	dst := []byte{'['}
	for i, e := range list {
		if i > 0 {
			dst = append(dst, sep...)
		}
		dst = j.append(dst, e, sep)
	}
	return string(append(dst, ']'))
}

// readText is MessageDecoder.decode for a text, which Python reads by characters.
func (j messageJSON) readText(text string) (list []*entry, more bool, err error) {
	// The reader takes bytes for the first 256 characters; it reads escapes alike.
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			b := append(make([]byte, 0, 2*len(text)), text[:i]...)
			for _, c := range text[i:] {
				switch {
				case c < utf8.RuneSelf:
					b = append(b, byte(c))
				case c <= 0xffff:
					b = fmt.Appendf(b, `\u%04x`, c)
				default:
					c -= 0x10000
					b = fmt.Appendf(b, `\u%04x\u%04x`, 0xd800+c>>10, 0xdc00+c&0x3ff)
				}
			}
			text = string(b)
			break
		}
	}
	return j.read(text)
}

// read is MessageDecoder.decode for a list of messages. The mark for more messages may
// follow them. list is not nil unless there is an error.
//
// Errors: errCorrupt, and beneath it serializer.ErrSyntax and ErrLimit.
func (j messageJSON) read(text string) (list []*entry, more bool, err error) {
	frozen, err := serializer.JSON{Limits: j.limits}.Freeze(serializer.RawJSON(text))
	if errors.Is(err, serializer.ErrType) { // which a text of the program's own would be
		err = serializer.ErrSyntax
	}
	if err != nil {
		return nil, false, fmt.Errorf("read messages: %w: %w", errCorrupt, err)
	}
	items, ok := frozen.(serializer.RawJSON).Value().([]any)
	if !ok {
		return nil, false, fmt.Errorf("read messages: %w: the value is no list", errCorrupt)
	}
	if n := len(items); n > 0 && items[n-1] == any(notFinished) {
		items, more = items[:n-1], true
	}
	list = make([]*entry, len(items))
	for i, item := range items {
		if list[i], err = j.entry(item); err != nil {
			return nil, false, fmt.Errorf("read message %d: %w", i+1, err)
		}
	}
	return list, more, nil
}

// entry is MessageDecoder.process_messages for one message.
func (j messageJSON) entry(item any) (*entry, error) {
	parts, ok := item.([]any)
	if !ok || len(parts) == 0 || parts[0] != any(messageKey) {
		return nil, fmt.Errorf("%w: it is none", errCorrupt)
	}
	e := new(entry)
	switch {
	case len(parts) == 3 && j.threes:
		parts = parts[1:]
	case len(parts) == 4 || len(parts) == 5:
		e.Safe = truth(parts[1])
		parts = parts[2:]
	default:
		return nil, fmt.Errorf("%w: it has %d parts", errCorrupt, len(parts))
	}
	level, ok := parts[0].(int64)
	if e.Level = Level(level); !ok || int64(e.Level) != level {
		return nil, fmt.Errorf("%w: its level is no integer", errCorrupt)
	}
	var err error
	var text, extra string
	if text, e.text, err = j.shown(parts[1]); err != nil {
		return nil, fmt.Errorf("%w: its text is none", errCorrupt)
	}
	if len(parts) == 3 && parts[2] != nil {
		if extra, e.tags, err = j.shown(parts[2]); err != nil {
			return nil, fmt.Errorf("%w: its tags are no text", errCorrupt)
		}
		if !truth(parts[2]) {
			extra = ""
		}
	}
	e.Message.text, e.extraTags = secret.New(text), secret.New(extra)
	return e, nil
}

// shown returns str(v), and v in JSON. Text and, before Django 2.0, numbers are stored.
func (j messageJSON) shown(v any) (text, json string, err error) {
	switch v.(type) {
	case string, int64, *big.Int, float64, bool, nil:
	default:
		return "", "", errCorrupt
	}
	if json, err = j.freeze(v); err != nil {
		return "", "", err
	}
	switch v := v.(type) {
	case string:
		return v, json, nil
	case nil:
		return "None", json, nil
	case bool:
		if v {
			return "True", json, nil
		}
		return "False", json, nil
	}
	return json, json, nil
}

// truth is bool(v) for JSON values other than lists and dicts.
func truth(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case float64:
		return v != 0
	case string:
		return v != ""
	}
	return true
}

// same distinguishes messages.
type same struct {
	level      Level
	safe       bool
	text, tags string
}

func (e *entry) same() same { return same{e.Level, e.Safe, e.text, e.tags} }
