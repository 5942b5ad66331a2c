package cacheddbstore

import (
	"sync"

	"github.com/go-djsession/go-djsession/djsession"
)

// knownSize is the most bytes of rows and copies that a [Store] remembers, twice over.
const knownSize = 1 << 20

// known are copies whose rows this process knows, because it made the copy of the row, or
// compared the two. A change of a record that was read from such a copy need not read the
// row first: the row is compared when it is changed. What was not used for long is
// forgotten.
type known struct {
	mu   sync.Mutex
	now  *map[string]pair // behind pointers: see package secret
	old  *map[string]pair
	size int // of now
}

// pair are the Versions of a row and of its copy.
type pair struct{ row, copy djsession.Version }

func newKnown() *known { return &known{now: &map[string]pair{}, old: &map[string]pair{}} }

// add remembers that the copy of key holds what the row holds.
func (k *known) add(key string, row, copy djsession.Version) {
	r, ok1 := row.Token()
	c, ok2 := copy.Token()
	size := len(key) + len(r) + len(c)
	if !ok1 || !ok2 || size > knownSize/16 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.size += size; k.size > knownSize {
		k.old, k.now, k.size = k.now, &map[string]pair{}, size
	}
	(*k.now)[key] = pair{row, copy}
}

// row returns the Version of the row of which copy is the copy.
func (k *known) row(key string, copy djsession.Version) (djsession.Version, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	p, ok := (*k.now)[key]
	if !ok {
		p = (*k.old)[key]
	}
	return p.row, p.copy.Equal(copy) && !copy.IsZero()
}

// forget forgets a key.
func (k *known) forget(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(*k.now, key)
	delete(*k.old, key)
}
