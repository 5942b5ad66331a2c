package cacheddbstore

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

const (
	// maxDoubts is the number of keys that a Store remembers.
	maxDoubts = 10_000
	// latest is how long after its sending a command that the cache has not answered
	// may still be carried out.
	latest = 5 * time.Second
	// settleAtOnce is the number of copies that one request drops for others.
	settleAtOnce = 16
)

// doubts are the keys whose copies may be outdated, because the cache did not answer when
// a copy had to be replaced or dropped. As long as a key is in doubt, the [Store] reads
// its row. When the cache answers again, the Store drops the copy: at once, and again when
// nothing that was sent before can arrive any more.
type doubts struct {
	n    atomic.Int64 // the number of keys, for the usual case without any
	busy atomic.Bool  // somebody settles

	mu   sync.Mutex
	keys *map[string]doubt // behind a pointer: see package secret
	line *[]string         // the same keys, the oldest first
}

type doubt struct {
	until   time.Time // a drop after it is the last, if there was one before
	dropped bool      // there was one before
}

func newDoubts() *doubts { return &doubts{keys: &map[string]doubt{}, line: new([]string)} }

// add remembers key. It reports false if there are too many.
func (d *doubts) add(key string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := (*d.keys)[key]; !ok {
		if len(*d.keys) >= maxDoubts {
			return false
		}
		*d.line = append(*d.line, key)
	}
	(*d.keys)[key] = doubt{until: time.Now().Add(latest)}
	d.n.Store(int64(len(*d.keys)))
	return true
}

func (d *doubts) has(key string) bool {
	if d.n.Load() == 0 {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := (*d.keys)[key]
	return ok
}

// due returns up to settleAtOnce keys whose copies can be dropped now, and the doubts.
func (d *doubts) due(now time.Time, reachable func(key string) bool) (keys []string, seen []doubt) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, key := range *d.line {
		if x := (*d.keys)[key]; (!x.dropped || !now.Before(x.until)) && reachable(key) {
			keys, seen = append(keys, key), append(seen, x)
		}
		if len(keys) == settleAtOnce {
			break
		}
	}
	return keys, seen
}

// dropped notes that the copy of key, in doubt as seen, was dropped by a command sent at
// the moment sent.
func (d *doubts) dropped(key string, seen doubt, sent time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, ok := (*d.keys)[key]
	switch {
	case !ok || now != seen: // in doubt again
	case !seen.dropped:
		// What was sent to a server that stood still arrives when it goes on.
		(*d.keys)[key] = doubt{until: sent.Add(latest), dropped: true}
	default:
		delete(*d.keys, key)
		*d.line = slices.DeleteFunc(*d.line, func(k string) bool { return k == key })
	}
	d.n.Store(int64(len(*d.keys)))
}

var errTooMany = errors.New("the cache has not answered for too many copies")

// suspect remembers that the copy of key may be outdated.
func (s *Store) suspect(ctx context.Context, key string) {
	if !s.doubts.add(key) {
		s.log(ctx, "djsession: an outdated copy of a session stays in the cache until it expires, because too many others do", errTooMany)
	}
}

// settle drops copies that are in doubt. Call it when the cache has answered.
func (s *Store) settle(ctx context.Context) {
	if s.doubts.n.Load() == 0 || !s.doubts.busy.CompareAndSwap(false, true) {
		return
	}
	defer s.doubts.busy.Store(false)
	ctx, cancel := lasting(ctx)
	defer cancel()
	keys, seen := s.doubts.due(time.Now(), func(key string) bool { return !s.cache.isDown(ctx, s.prefix+key, false) })
	for i, key := range keys {
		sent := time.Now()
		if s.cache.delete(ctx, s.prefix+key, false) != nil {
			return
		}
		s.doubts.dropped(key, seen[i], sent)
	}
}

// settleLater drops copies that are in doubt, if ctx has ended and left no time for it.
func (s *Store) settleLater(ctx context.Context) {
	if ctx.Err() == nil {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), latest)
		defer cancel()
		s.settle(ctx)
	}()
}

// loadRow is Load of a key whose copy is in doubt.
func (s *Store) loadRow(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	r, v, err := s.db.Load(ctx, key)
	if errors.Is(err, djsession.ErrNotFound) {
		return nil, ofRow(v), s.forget(ctx, key, err)
	}
	s.settle(ctx)
	return r, ofRow(v), err
}
