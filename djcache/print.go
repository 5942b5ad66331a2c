package djcache

import (
	"fmt"
	"io"
)

// String tells the size, and when it expires.
func (i Item) String() string {
	return fmt.Sprintf("item of %d bytes, expires %v", i.Size, i.Expires)
}

// Format prints what String gives, whatever the verb.
func (i Item) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, i.String()) }

// MarshalText gives String. There is no way back.
func (i Item) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// String tells the size, and what is wrong with the item.
func (l Listed) String() string {
	if l.Err != nil {
		return fmt.Sprintf("item of %d bytes: %v", l.Item.Size, l.Err)
	}
	return fmt.Sprintf("item of %d bytes", l.Item.Size)
}

// Format prints what String gives, whatever the verb.
func (l Listed) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, l.String()) }

// MarshalText gives String.
func (l Listed) MarshalText() ([]byte, error) { return []byte(l.String()), nil }
