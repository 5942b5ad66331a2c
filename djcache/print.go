package djcache

import (
	"fmt"
	"io"
)

// String returns the size and the expiry.
func (i Item) String() string {
	return fmt.Sprintf("item of %d bytes, expires %v", i.Size, i.Expires)
}

// Format prints the text of [Item.String], whatever the verb.
func (i Item) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, i.String()) }

// MarshalText returns the text of [Item.String]. Nothing can be read back from it.
func (i Item) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// String returns the size, and the fault of the item, if any.
func (l Listed) String() string {
	if l.Err != nil {
		return fmt.Sprintf("item of %d bytes: %v", l.Item.Size, l.Err)
	}
	return fmt.Sprintf("item of %d bytes", l.Item.Size)
}

// Format prints the text of [Listed.String], whatever the verb.
func (l Listed) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, l.String()) }

// MarshalText returns the text of [Listed.String].
func (l Listed) MarshalText() ([]byte, error) { return []byte(l.String()), nil }
