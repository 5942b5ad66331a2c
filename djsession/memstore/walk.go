package memstore

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/go-djsession/go-djsession/djsession"
)

// ClearExpired implements [djsession.Reaper].
func (s *Store) ClearExpired(ctx context.Context, opts *djsession.ReapOptions) (int64, error) {
	if opts == nil {
		opts = &djsession.ReapOptions{}
	}
	batch := opts.Batch
	if batch <= 0 {
		batch = 1000
	}
	now := s.site.Now()
	var done int64
	s.mu.RLock()
	keys := slices.Collect(maps.Keys(*s.rows))
	s.mu.RUnlock()
	for more := true; more; {
		before := done
		s.mu.Lock()
		if err := s.usable(ctx, "clear expired sessions"); err != nil {
			s.mu.Unlock()
			return done, err
		}
		for len(keys) > 0 && done-before < int64(batch) {
			key := keys[0]
			keys = keys[1:]
			if w, ok := (*s.rows)[key]; !ok || !w.expires.Before(now) {
				continue
			}
			if !opts.DryRun {
				delete(*s.rows, key)
			}
			done++
		}
		s.mu.Unlock()
		if opts.Progress != nil && done > before {
			opts.Progress(done)
		}
		more = len(keys) > 0
	}
	return done, nil
}

// List implements [djsession.Lister]. The order is that of the keys, and the
// cursor is a key.
func (s *Store) List(ctx context.Context, cursor string) iter.Seq2[djsession.Listed, error] {
	return func(yield func(djsession.Listed, error) bool) {
		s.mu.RLock()
		keys := slices.Sorted(maps.Keys(*s.rows))
		s.mu.RUnlock()
		for _, key := range keys {
			if key <= cursor {
				continue
			}
			s.mu.RLock()
			w, ok, err := s.find(ctx, "list sessions", key)
			s.mu.RUnlock()
			if err != nil {
				yield(djsession.Listed{}, err)
				return
			}
			if !ok {
				continue
			}
			l := djsession.NewListed(key, key)
			l.Version, l.Size, l.Err = w.version(), len(w.text), w.err
			if w.err == nil {
				l.Record = w.record()
			}
			if !yield(l, nil) {
				return
			}
		}
	}
}
