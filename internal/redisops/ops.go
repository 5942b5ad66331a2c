// Package redisops is the part that redisstore and rediscache share: texts with an expiry
// under keys of a Redis, with compare and swap. It works with every
// redis.UniversalClient: one server, a primary that Sentinel names, a Cluster, a Ring,
// and also with several servers among which the caller chooses.
//
// Each operation takes one round trip, with one key (Cycle: with two). A server that does
// not know a script yet costs a second one. Reads are plain commands, and go to the primary
// even if the client reads from replicas. Writes that compare are described in swap.go.
//
// go-redis repeats a command when its answer was lost. The second run of a write would
// find that somebody else was faster. So writes are not repeated, unless the server said
// that it did not do them, or nothing was sent. Reads are repeated.
//
// Errors are those of [djsession.Store].
package redisops

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsession"
)

// Ops does the operations. It is safe for concurrent use.
type Ops struct {
	site    *djsession.Site
	clients []*client
	pick    func(key string) int // index of the client that has key
	limit   int                  // bytes of a text
	lacking atomic.Uint32        // the power that servers lack
	Options
}

// Options are options of [New]. The zero value is good.
type Options struct {
	// Replicas is the number of replicas that must confirm a delete, a new text and a new
	// key; default none. Without the confirmation the write is done, and the error is
	// [djsession.ErrUnavailable].
	Replicas int
	// Unguarded lets a server without any way to compare and swap be written to by a read,
	// a comparison and a write.
	Unguarded bool
	// Once lets a call fail at once, without waiting for a server that may come back. It is
	// for copies of what is elsewhere.
	Once bool
}

// New returns the [Ops] of one client, which has every key. A text that is longer than the
// Limits.Payload of site is not read.
func New(site *djsession.Site, client redis.UniversalClient, opts Options) *Ops {
	return NewShared(site, []redis.UniversalClient{client}, func(string) int { return 0 }, opts)
}

// NewShared is [New] for several clients. pick returns the index of the client that has a
// key.
func NewShared(site *djsession.Site, clients []redis.UniversalClient, pick func(key string) int, opts Options) *Ops {
	o := &Ops{site: site, pick: pick, limit: site.Limits().Payload, Options: opts}
	for _, c := range clients {
		o.clients = append(o.clients, newClient(c))
	}
	return o
}

// Server returns the index of the client that has a key.
func (o *Ops) Server(key string) int { return o.pick(key) }

func (o *Ops) client(key string) *client { return o.clients[o.pick(key)] }

// life returns the milliseconds until expires, rounded up, so that nothing ends before
// its time. ok is false if expires has passed. Every text has an expiry.
func (o *Ops) life(expires time.Time) (ms string, ok bool) {
	left := expires.UnixMicro() - o.site.Now().UnixMicro()
	// Redis adds the time of day, and refuses a sum that does not fit into 63 bits.
	n := min((left+999)/1000, 1<<53)
	return strconv.FormatInt(n, 10), left > 0
}

// Add stores text under a key that is free. If expires has passed it stores nothing.
//
// Errors: [djsession.ErrKeyTaken], [djsession.ErrUnavailable].
func (o *Ops) Add(ctx context.Context, doing, key, text string, expires time.Time) error {
	life, ok := o.life(expires)
	if !ok {
		there, err := o.exists(ctx, doing, key)
		if err == nil && there {
			err = djsession.ErrKeyTaken
		}
		return err
	}
	reply, err := o.confirmed(ctx, key, "set", key, text, "px", life, "nx")
	switch {
	case err != nil:
		return fail(ctx, doing, err)
	case reply == nil:
		return djsession.ErrKeyTaken
	}
	return nil
}

// Replace stores text in place of the text that seen saw, or with Force of any text that
// is there. If expires has passed it deletes that text.
//
// Errors: [djsession.ErrNotFound], [djsession.ErrConflict], [djsession.ErrCorrupt] for a key of another type, [djsession.ErrUnavailable].
func (o *Ops) Replace(ctx context.Context, doing, key, text string, expires time.Time, seen djsession.Version) error {
	life, ok := o.life(expires)
	if !ok {
		return o.Delete(ctx, doing, key, seen)
	}
	if !seen.IsForce() {
		old, _ := seen.Token()
		return o.compare(ctx, doing, key, seen, swap{
			script: scriptReplace, args: []any{text, life},
			ifEq:  []any{"set", key, text, "ifeq", old, "px", life},
			plain: []any{"set", key, text, "px", life, "xx"},
		})
	}
	reply, err := o.write(ctx, key, "set", key, text, "px", life, "xx")
	return found(reply != nil, fail(ctx, doing, err))
}

// Set stores text, whatever is there. If expires has passed it deletes what is there.
//
// Errors: [djsession.ErrUnavailable].
func (o *Ops) Set(ctx context.Context, doing, key, text string, expires time.Time) error {
	life, ok := o.life(expires)
	args := []any{"set", key, text, "px", life}
	if !ok {
		args = []any{"del", key}
	}
	_, err := o.write(ctx, key, args...)
	return fail(ctx, doing, err)
}

// Touch changes the expiry of the text that seen saw, or with Force of any text that is
// there. If expires has passed it deletes the text. Errors as for [Ops.Replace].
func (o *Ops) Touch(ctx context.Context, doing, key string, expires time.Time, seen djsession.Version) error {
	life, ok := o.life(expires)
	if !ok {
		return o.Delete(ctx, doing, key, seen)
	}
	if !seen.IsForce() {
		old, _ := seen.Token()
		return o.compare(ctx, doing, key, seen, swap{
			script: scriptTouch, args: []any{life},
			ifEq:  []any{"set", key, old, "ifeq", old, "px", life},
			plain: []any{"pexpire", key, life},
		})
	}
	reply, err := o.write(ctx, key, "pexpire", key, life)
	return found(reply == int64(1), fail(ctx, doing, err))
}

// Delete removes the text that seen saw, or with Force any text that is there. Errors as
// for [Ops.Replace].
func (o *Ops) Delete(ctx context.Context, doing, key string, seen djsession.Version) error {
	if !seen.IsForce() {
		old, _ := seen.Token()
		return o.compare(ctx, doing, key, seen, swap{
			script: scriptDelete,
			ifEq:   []any{"set", key, "", "ifeq", old, "pxat", 1}, // which is over
			plain:  []any{"del", key},
			sure:   true,
		})
	}
	reply, err := o.confirmed(ctx, key, "del", key)
	return found(reply == int64(1), fail(ctx, doing, err))
}

// Cycle stores text under key, which is free, and deletes what seen saw under old, or with
// Force anything that is there: both or neither. If expires has passed it only deletes.
//
// Errors: those of Add and Replace; errors.ErrUnsupported if the client reaches more than
// one server, so that the keys may be on two.
func (o *Ops) Cycle(ctx context.Context, doing, old string, seen djsession.Version, key, text string, expires time.Time) error {
	if _, one := o.clients[0].UniversalClient.(interface{ Options() *redis.Options }); !one || len(o.clients) > 1 {
		return fmt.Errorf("%s: %w: not on several servers", doing, errors.ErrUnsupported)
	}
	if o.lacks(eval) {
		return fmt.Errorf("%s: %w: not without scripts", doing, errors.ErrUnsupported)
	}
	life, ok := o.life(expires)
	if !ok {
		return o.Delete(ctx, doing, old, seen)
	}
	if seen.IsZero() {
		return o.unmatched(ctx, doing, old)
	}
	token, _ := seen.Token()
	force := 0
	if seen.IsForce() {
		force = 1
	}
	reply, err := o.run(ctx, scriptCycle, []any{old, key}, true, token, text, life, force)
	if err != nil && o.learn(eval, err) {
		return fmt.Errorf("%s: %w: not without scripts", doing, errors.ErrUnsupported)
	}
	if says(err, "CROSSSLOT") { // a cluster after all
		return fmt.Errorf("%s: %w: not on several servers", doing, errors.ErrUnsupported)
	}
	if err != nil {
		return fail(ctx, doing, err)
	}
	return compared(doing, reply)
}

func found(there bool, err error) error {
	if err == nil && !there {
		return djsession.ErrNotFound
	}
	return err
}
