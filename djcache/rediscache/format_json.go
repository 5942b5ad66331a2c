package rediscache

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/go-djsession/go-djsession/internal/pydict"
	"github.com/go-djsession/go-djsession/internal/secret"
	"github.com/go-djsession/go-djsession/serializer"
)

// JSON is django_redis.serializers.json.JSONSerializer:
//
//	json.dumps(value, cls=DjangoJSONEncoder).encode()
//	json.loads(value.decode())
//
// It differs from the JSON of Django's sessions in a space behind commas and colons, and
// in text beyond ASCII, which is read as UTF-8. An unchanged dict is written byte for
// byte as it was read. The zero value is ready to use.
//
// Unlike DjangoJSONEncoder it does not turn Python's own types into text: it refuses
// those that only a pickle holds. A time.Time is written as in the JSON of sessions.
type JSON struct {
	Limits serializer.Limits
}

var _ serializer.Serializer = JSON{}

// jsonSource is the text from which a Dict was read.
type jsonSource struct{ secret.Text }

func (j JSON) plain() serializer.JSON { return serializer.JSON{Limits: j.Limits, Spaces: true} }

// Loads is JSONSerializer.loads.
func (j JSON) Loads(data []byte) (*serializer.Dict, error) {
	text, err := asciiJSON(data, j.Limits.WithDefaults().Size)
	if err != nil {
		return nil, err
	}
	d, err := j.plain().Loads(text)
	if err != nil {
		return nil, err
	}
	return pydict.WithSource(d, jsonSource{secret.New(string(data))}), nil
}

// Dumps is JSONSerializer.dumps.
func (j JSON) Dumps(dst []byte, d *serializer.Dict) ([]byte, error) {
	source, changed := pydict.Source(d)
	if data, ok := source.(jsonSource); ok && !changed {
		return append(dst, data.Reveal()...), nil
	}
	return j.plain().Dumps(dst, d)
}

// Freeze implements [serializer.Serializer].
func (j JSON) Freeze(v any) (any, error) { return j.plain().Freeze(v) }

// asciiJSON escapes characters beyond ASCII. Python never writes them, but others may.
func asciiJSON(data []byte, limit int) ([]byte, error) {
	if len(data) > limit {
		return nil, &serializer.DecodeError{Reason: "too long", Err: serializer.ErrLimit}
	}
	for i, c := range data {
		if c < utf8.RuneSelf {
			continue
		}
		text := append([]byte(nil), data[:i]...)
		for i < len(data) {
			r, n := utf8.DecodeRune(data[i:])
			if n > 1 && escaped(data[:i]) {
				return nil, &serializer.DecodeError{Offset: i, Reason: "a backslash before a character that needs none", Err: serializer.ErrSyntax}
			}
			switch {
			case r == utf8.RuneError && n < 2:
				return nil, &serializer.DecodeError{Offset: i, Reason: "not UTF-8", Err: serializer.ErrSyntax}
			case r < utf8.RuneSelf:
				text = append(text, byte(r))
			case r > 0xffff:
				r -= 0x10000
				text = fmt.Appendf(text, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
			default:
				text = fmt.Appendf(text, `\u%04x`, r)
			}
			i += n
		}
		return text, nil
	}
	return data, nil
}

// escaped reports whether a backslash at the end of text escapes the next character.
func escaped(text []byte) bool {
	return (len(text)-len(bytes.TrimRight(text, `\`)))%2 == 1
}
