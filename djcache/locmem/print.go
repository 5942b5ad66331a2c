package locmem

import (
	"fmt"
	"io"
)

// String tells how many entries there are. No printer shows them.
func (c *Cache) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprintf("locmem of %d entries", len(*c.entries))
}

// Format prints what String gives, whatever the verb.
func (c *Cache) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// MarshalText gives String.
func (c *Cache) MarshalText() ([]byte, error) { return []byte(c.String()), nil }
