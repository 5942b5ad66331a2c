package locmem

import (
	"fmt"
	"io"
)

// String returns the number of entries. No printer shows them.
func (c *Cache) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprintf("locmem of %d entries", len(*c.entries))
}

// Format prints the text of [Cache.String], whatever the verb.
func (c *Cache) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// MarshalText returns the text of [Cache.String].
func (c *Cache) MarshalText() ([]byte, error) { return []byte(c.String()), nil }
