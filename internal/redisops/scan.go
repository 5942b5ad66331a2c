package redisops

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/share"
)

// Found is a result of Scan: a [Value], or the error of Get.
type Found struct {
	Key string
	Value
	Err error // ErrCorrupt
}

const (
	scanCount  = 1000     // of SCAN, which blocks the server for so many keys
	loadCount  = 100      // keys whose values are read at once
	loadBytes  = 64 << 10 // longer ones are read by themselves
	windowKeys = 100_000  // keys that are held in memory
)

// Scan yields the texts whose keys begin with prefix and are accepted by keep, in the
// order of the keys, from after cursor, which is a key too; up to loadCount at a time.
//
// The order of the server's own SCAN changes when the server restarts, when its table
// grows, and when keys move in a Cluster. A walk that continued at a place of that order
// would miss keys. So Scan sorts the keys. If there are more keys than a walk may hold in
// memory, it scans the server again for those that come after.
func (o *Ops) Scan(ctx context.Context, doing, prefix, cursor string, keep func(key string) bool) iter.Seq2[[]Found, error] {
	return o.scan(ctx, doing, prefix, cursor, keep, windowKeys)
}

func (o *Ops) scan(ctx context.Context, doing, prefix, cursor string, keep func(key string) bool, size int) iter.Seq2[[]Found, error] {
	return func(yield func([]Found, error) bool) {
		for {
			w := window{size: size, after: cursor}
			err := o.eachPage(ctx, escape(prefix)+"*", func(keys []string) error {
				for _, key := range keys {
					if strings.HasPrefix(key, prefix) && keep(key) {
						w.add(key)
					}
				}
				return nil
			})
			if err != nil {
				yield(nil, fail(ctx, doing, err))
				return
			}
			w.cut()
			for keys := range slices.Chunk(w.keys, loadCount) {
				values, err := o.getMany(ctx, doing, keys)
				if err != nil {
					yield(nil, err)
					return
				}
				values = slices.DeleteFunc(values, func(f Found) bool { return errors.Is(f.Err, djsession.ErrNotFound) })
				if len(values) > 0 && !yield(values, nil) {
					return
				}
			}
			if !w.more {
				return
			}
			cursor = w.keys[len(w.keys)-1]
		}
	}
}

// Walk is Scan in the server's own order: it goes over the keys once, holds few of them in
// memory, and may yield a key twice. It reads ahead of the caller, by several connections.
func (o *Ops) Walk(ctx context.Context, doing, prefix string, keep func(key string) bool) iter.Seq2[[]Found, error] {
	type step struct {
		keys   []string
		values []Found
		err    error
	}
	errStop := errors.New("redisops: the caller stopped")
	found := func(yield func(step) bool) {
		err := o.eachPage(ctx, escape(prefix)+"*", func(keys []string) error {
			keys = slices.DeleteFunc(keys, func(key string) bool { return !strings.HasPrefix(key, prefix) || !keep(key) })
			for some := range slices.Chunk(keys, loadCount) {
				if !yield(step{keys: some}) {
					return errStop
				}
			}
			return nil
		})
		if err != nil && err != errStop {
			yield(step{err: fail(ctx, doing, err)})
		}
	}
	return func(yield func([]Found, error) bool) {
		for s := range share.Map(found, func(s step) step {
			if s.err == nil {
				s.values, s.err = o.getMany(ctx, doing, s.keys)
			}
			s.values = slices.DeleteFunc(s.values, func(f Found) bool { return errors.Is(f.Err, djsession.ErrNotFound) })
			return s
		}) {
			if (s.err != nil || len(s.values) > 0) && !yield(s.values, s.err) || s.err != nil {
				return
			}
		}
	}
}

// window holds the first keys after a certain one.
type window struct {
	size  int
	after string
	keys  []string
	more  bool // there are others behind them
}

func (w *window) add(key string) {
	if key <= w.after || w.more && key > w.keys[w.size-1] {
		return
	}
	w.keys = append(w.keys, key)
	if len(w.keys) >= 2*w.size {
		w.cut()
	}
}

// cut sorts the keys and drops those beyond the limit. SCAN may return a key twice.
func (w *window) cut() {
	slices.Sort(w.keys)
	w.keys = slices.Compact(w.keys)
	if len(w.keys) > w.size {
		w.keys, w.more = w.keys[:w.size], true
	}
}

// escape returns a pattern of MATCH that matches text only.
func escape(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(text)
}

// eachPage calls f with the keys of all servers that match pattern, some at a time, until it
// returns an error.
func (o *Ops) eachPage(ctx context.Context, pattern string, f func(keys []string) error) error {
	for _, client := range o.clients {
		nodes, err := await(ctx, client, func(ctx context.Context) ([]redis.Cmdable, error) {
			return nodesOf(ctx, client.UniversalClient)
		})
		if err != nil {
			return err
		}
		for _, node := range nodes {
			for cursor := uint64(0); ; {
				type page struct {
					keys []string
					next uint64
				}
				p, err := await(ctx, client, func(ctx context.Context) (p page, err error) {
					p.keys, p.next, err = node.Scan(ctx, cursor, pattern, scanCount).Result()
					return p, err
				})
				if err != nil {
					return err
				}
				if err := f(p.keys); err != nil {
					return err
				}
				if cursor = p.next; cursor == 0 {
					break
				}
			}
		}
	}
	return nil
}

// nodesOf returns the servers whose keys client reaches: the masters of a
// Cluster, the shards of a Ring.
func nodesOf(ctx context.Context, client redis.UniversalClient) ([]redis.Cmdable, error) {
	var each func(context.Context, func(context.Context, *redis.Client) error) error
	switch c := client.(type) {
	case interface {
		ForEachMaster(context.Context, func(context.Context, *redis.Client) error) error
	}:
		each = c.ForEachMaster
	case interface {
		ForEachShard(context.Context, func(context.Context, *redis.Client) error) error
	}:
		each = c.ForEachShard
	default:
		return []redis.Cmdable{client}, nil
	}
	var (
		mu    sync.Mutex
		nodes []*redis.Client
	)
	err := each(ctx, func(_ context.Context, c *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		nodes = append(nodes, c)
		return nil
	})
	if err == nil && len(nodes) == 0 {
		err = errors.New("redisops: no server is up")
	}
	slices.SortFunc(nodes, func(a, b *redis.Client) int { return cmp.Compare(a.Options().Addr, b.Options().Addr) })
	all := make([]redis.Cmdable, len(nodes))
	for i, n := range nodes {
		all[i] = n
	}
	return all, err
}

// getMany is Get for several keys, in few round trips. ErrNotFound and ErrCorrupt concern
// one key; other errors concern all.
func (o *Ops) getMany(ctx context.Context, doing string, keys []string) ([]Found, error) {
	all := make([]Found, len(keys))
	byClient := map[int][]int{}
	for i, key := range keys {
		all[i].Key = key
		c := o.pick(key)
		byClient[c] = append(byClient[c], i)
	}
	for c, mine := range byClient {
		now := o.site.Now()
		limit := min(loadBytes, o.limit)
		readings, err := await(ctx, o.clients[c], func(ctx context.Context) ([]reading, error) {
			pipe := o.clients[c].Pipeline()
			readings := make([]reading, len(mine))
			for j, i := range mine {
				readings[j] = newReading(ctx, keys[i], limit)
				_ = pipe.BatchProcess(ctx, readings[j].text, readings[j].left) // which fail in Exec
			}
			_, _ = pipe.Exec(ctx) // as each command knows
			return readings, nil
		})
		if err != nil {
			return nil, fail(ctx, doing, err)
		}
		for j, i := range mine {
			f := &all[i]
			r := readings[j]
			f.Value, f.Err = r.value(ctx, doing, now, limit)
			if f.Err != nil && !errors.Is(f.Err, djsession.ErrNotFound) { // too large for many at once, or a command is lacking
				f.Value, f.Err = o.Get(ctx, doing, f.Key)
			}
			if f.Err != nil && !errors.Is(f.Err, djsession.ErrNotFound) && !errors.Is(f.Err, djsession.ErrCorrupt) {
				return nil, f.Err
			}
		}
	}
	return all, nil
}
