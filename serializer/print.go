package serializer

import (
	"errors"
	"fmt"
	"io"
)

// A type that holds a part of a session prints its kind, and nothing of its content. A
// plain value that a program took out of one (a string, Bytes, a Decimal, a Tuple) prints
// as Go prints it.

// Format prints the number of keys, whatever the verb: the content of a session must not
// get into a log.
func (d Dict) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "dict of %d keys", d.Len()) }

// MarshalText returns the text of [Dict.Format]. Nothing can be read back from it: a [Serializer]
// writes Dicts.
func (d Dict) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "dict of %d keys", d.Len()), nil
}

// Format prints only that it is an item.
func (Item) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "item") }

// MarshalText returns the text of [Item.Format].
func (Item) MarshalText() ([]byte, error) { return []byte("item"), nil }

// Format prints only that it is an object.
func (Object) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "object") }

// MarshalText returns the text of [Object.Format].
func (Object) MarshalText() ([]byte, error) { return []byte("object"), nil }

// Format prints the number of keys.
func (d OrderedDict) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "dict of %d keys", d.Dict.Len()) }

// MarshalText returns the text of [OrderedDict.Format].
func (d OrderedDict) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "dict of %d keys", d.Dict.Len()), nil
}

// Format prints the number of keys.
func (d DefaultDict) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "dict of %d keys", d.Dict.Len()) }

// MarshalText returns the text of [DefaultDict.Format].
func (d DefaultDict) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "dict of %d keys", d.Dict.Len()), nil
}

// Format prints the level.
func (m Message) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "message of level %d", m.Level) }

// MarshalText returns the text of [Message.Format].
func (m Message) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "message of level %d", m.Level), nil
}

// Format prints only that it is a value.
func (frozen) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "value") }

// MarshalText returns what Format prints.
func (frozen) MarshalText() ([]byte, error) { return []byte("value"), nil }

// GobEncode returns [errors.ErrUnsupported]: gob would write the fields.
func (Item) GobEncode() ([]byte, error) { return nil, errors.ErrUnsupported }

// GobEncode returns [errors.ErrUnsupported]: gob would write the fields.
func (Message) GobEncode() ([]byte, error) { return nil, errors.ErrUnsupported }
