package serializer

import (
	"errors"
	"fmt"
	"io"
)

// What holds a part of a session prints what it is, and nothing of what it holds. A
// plain value that somebody took out of one (a string, Bytes, a Decimal, a Tuple) is
// his, and prints as Go prints it.

// Format prints the number of keys, whatever the verb: what a session holds is for
// no log.
func (d Dict) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "dict of %d keys", len(d.all())) }

// MarshalText gives what Format prints. There is no way back: a Serializer writes Dicts.
func (d Dict) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "dict of %d keys", len(d.all())), nil
}

// Format prints no more than that it is an item.
func (Item) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "item") }

// MarshalText gives what Format prints.
func (Item) MarshalText() ([]byte, error) { return []byte("item"), nil }

// Format prints no more than that it is an object.
func (Object) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "object") }

// MarshalText gives what Format prints.
func (Object) MarshalText() ([]byte, error) { return []byte("object"), nil }

// Format prints the number of keys.
func (d OrderedDict) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "dict of %d keys", d.Dict.Len()) }

// MarshalText gives what Format prints.
func (d OrderedDict) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "dict of %d keys", d.Dict.Len()), nil
}

// Format prints the number of keys.
func (d DefaultDict) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "dict of %d keys", d.Dict.Len()) }

// MarshalText gives what Format prints.
func (d DefaultDict) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "dict of %d keys", d.Dict.Len()), nil
}

// Format prints the level.
func (m Message) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "message of level %d", m.Level) }

// MarshalText gives what Format prints.
func (m Message) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "message of level %d", m.Level), nil
}

// Format prints no more than that it is a value.
func (Frozen) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "value") }

// MarshalText gives what Format prints.
func (Frozen) MarshalText() ([]byte, error) { return []byte("value"), nil }

// Format prints nothing of the Dicts that were made.
func (Slab) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "slab") }

// MarshalText gives what Format prints.
func (Slab) MarshalText() ([]byte, error) { return []byte("slab"), nil }

// GobEncode is errors.ErrUnsupported: gob would write the fields.
func (Item) GobEncode() ([]byte, error) { return nil, errors.ErrUnsupported }

// GobEncode is errors.ErrUnsupported: gob would write the fields.
func (Message) GobEncode() ([]byte, error) { return nil, errors.ErrUnsupported }
