package locmem

import "time"

// Put stores a value under a key, past the contract.
func (c *Cache) Put(key, value string, expires time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	(*c.entries)[key] = entry{value, exact(expires)}
}

// Value returns what is stored under a key.
func (c *Cache) Value(key string) (value string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := (*c.entries)[key]
	return e.value, ok
}
