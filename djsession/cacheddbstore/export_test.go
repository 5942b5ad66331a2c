package cacheddbstore

import (
	"context"
	"time"
)

// Doubts returns how many keys s remembers because of copies in doubt.
func (s *Store) Doubts() int { return int(s.doubts.n.Load()) }

// The limits of what is remembered.
const (
	MaxDoubts = maxDoubts
	Latest    = latest
)

// Patient lets operations of s that need the cache wait for a probe as long as a busy
// machine takes.
func (s *Store) Patient() { s.cache.joined = time.Minute }

// Serial lets the operation that begins a probe of s carry it out, so that a schedule of
// operations always has the same outcome.
func (s *Store) Serial() { s.cache.run = func(probe func()) { probe() } }

// Probing reports whether ctx is that of a probe.
func Probing(ctx context.Context) bool { return ctx.Value(probing{}) != nil }

// Down returns how many servers of the cache are taken for down.
func (s *Store) Down() int { return int(s.cache.n.Load()) }

// ShareKnown lets s know what other knows, as two requests of one process do.
func (s *Store) ShareKnown(other *Store) { s.known = other.known }
