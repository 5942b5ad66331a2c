package cacheddbstore

// Doubts returns how many keys s remembers because of copies in doubt.
func (s *Store) Doubts() int { return int(s.doubts.n.Load()) }

// The limits of what is remembered.
const (
	MaxDoubts = maxDoubts
	Latest    = latest
)
