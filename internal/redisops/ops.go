// Package redisops is the part that redisstore and rediscache share: texts with an expiry
// under keys of a Redis, with compare and swap. It works with every
// redis.UniversalClient: one server, a primary that Sentinel names, a Cluster, a Ring,
// and also with several servers among which the caller chooses.
//
// Each operation is one command or one small script with one key (Cycle: with two), in one
// round trip. A server that does not know the script yet costs a second one. Reads are
// scripts too, for three reasons: a script goes to the primary even if the client reads
// from replicas, it returns the time to live with the text, and it does not send a text
// that is longer than the limit.
//
// go-redis repeats a command when its answer was lost. The second run of a write would
// find that somebody else was faster. So writes are not repeated, unless the server said
// that it did not do them.
//
// Errors are those of [djsession.Store].
package redisops

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsession"
)

// Ops does the operations. It is safe for concurrent use.
type Ops struct {
	site    *djsession.Site
	clients []redis.UniversalClient
	pick    func(key string) int // index of the client that has key
	limit   int                  // bytes of a text
}

// New returns the [Ops] of one client, which has every key. A text that is longer than the
// Limits.Payload of site is not read.
func New(site *djsession.Site, client redis.UniversalClient) *Ops {
	return NewShared(site, []redis.UniversalClient{client}, func(string) int { return 0 })
}

// NewShared is [New] for several clients. pick returns the index of the client that has a
// key.
func NewShared(site *djsession.Site, clients []redis.UniversalClient, pick func(key string) int) *Ops {
	return &Ops{site, clients, pick, site.Limits().Payload}
}

// Server returns the index of the client that has a key.
func (o *Ops) Server(key string) int { return o.pick(key) }

func (o *Ops) client(key string) redis.UniversalClient { return o.clients[o.pick(key)] }

// life returns the milliseconds until expires, rounded up, so that nothing ends before
// its time. ok is false if expires has passed. Every text has an expiry.
func (o *Ops) life(expires time.Time) (ms string, ok bool) {
	left := expires.UnixMicro() - o.site.Now().UnixMicro()
	// Redis adds the time of day, and refuses a sum that does not fit into 63 bits.
	n := min((left+999)/1000, 1<<53)
	return strconv.FormatInt(n, 10), left > 0
}

// Value is the text under a key, and its expiry.
type Value struct {
	Text string
	// Size is the number of bytes of Text, even if it is too large to be read.
	Size int
	// Expires is when the text ends, in UTC. It is zero if the text never ends.
	Expires time.Time
}

// Version returns the Version of the Value, for Replace, Touch and Delete.
func (v Value) Version() djsession.Version { return djsession.VersionOf(v.Text) }

// Get returns the [Value] of key.
//
// Errors: [djsession.ErrNotFound]; [djsession.ErrCorrupt] for a key of another type, and together with
// [djsession.ErrTooLarge] for a text over the limit; [djsession.ErrUnavailable].
func (o *Ops) Get(ctx context.Context, doing, key string) (Value, error) {
	now := o.site.Now()
	reply, err := o.run(ctx, scriptGet, key, true, o.limit)
	if err != nil {
		return Value{}, fail(ctx, doing, err)
	}
	return o.value(doing, reply, now)
}

// value reads the reply of scriptGet, which was sent at now.
func (o *Ops) value(doing string, reply any, now time.Time) (Value, error) {
	if reply == nil {
		return Value{}, djsession.ErrNotFound
	}
	parts, _ := reply.([]any)
	if len(parts) < 2 {
		return Value{}, djsession.Unavailable(doing, errReply)
	}
	size, ok1 := parts[0].(int64)
	left, ok2 := parts[1].(int64)
	if !ok1 || !ok2 {
		return Value{}, djsession.Unavailable(doing, errReply)
	}
	v := Value{Size: int(size)}
	if left >= 0 {
		// Not as a Duration, which may be too small for it. So may be microseconds.
		left = min(left, math.MaxInt64/1000-now.UnixMilli()-1)
		v.Expires = time.UnixMicro(now.UnixMicro() + left*1000).UTC()
	}
	if len(parts) == 2 {
		return v, fmt.Errorf("%s: %w: %w", doing, djsession.ErrCorrupt, djsession.ErrTooLarge)
	}
	v.Text, ok1 = parts[2].(string)
	if !ok1 {
		return Value{}, djsession.Unavailable(doing, errReply)
	}
	return v, nil
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
	reply, err := o.write(ctx, key, "set", key, text, "px", life, "nx")
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
		return o.compare(ctx, doing, key, seen, scriptReplace, text, life)
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
		return o.compare(ctx, doing, key, seen, scriptTouch, life)
	}
	reply, err := o.write(ctx, key, "pexpire", key, life)
	return found(reply == int64(1), fail(ctx, doing, err))
}

// Delete removes the text that seen saw, or with Force any text that is there. Errors as
// for [Ops.Replace].
func (o *Ops) Delete(ctx context.Context, doing, key string, seen djsession.Version) error {
	if !seen.IsForce() {
		return o.compare(ctx, doing, key, seen, scriptDelete)
	}
	reply, err := o.write(ctx, key, "del", key)
	return found(reply == int64(1), fail(ctx, doing, err))
}

// compare runs a script on the text that seen saw.
func (o *Ops) compare(ctx context.Context, doing, key string, seen djsession.Version, s script, args ...any) error {
	text, ok := seen.Token()
	if !ok {
		return o.unmatched(ctx, doing, key)
	}
	reply, err := o.run(ctx, s, key, false, append([]any{text}, args...)...)
	if err != nil {
		return fail(ctx, doing, err)
	}
	return compared(doing, reply)
}

// unmatched is the error for the zero Version, which matches nothing.
func (o *Ops) unmatched(ctx context.Context, doing, key string) error {
	there, err := o.exists(ctx, doing, key)
	if err == nil && there {
		return djsession.ErrConflict
	}
	return found(there, err)
}

// compared is what a script that compares has answered.
func compared(doing string, reply any) error {
	switch reply {
	case int64(0):
		return djsession.ErrNotFound
	case int64(1):
		return djsession.ErrConflict
	case int64(2):
		return nil
	case int64(3):
		return djsession.ErrKeyTaken
	}
	return djsession.Unavailable(doing, errReply)
}

// Cycle stores text under key, which is free, and deletes what seen saw under old, or with
// Force anything that is there: both or neither. If expires has passed it only deletes.
//
// Errors: those of Add and Replace; errors.ErrUnsupported if the client reaches more than
// one server, so that the keys may be on two.
func (o *Ops) Cycle(ctx context.Context, doing, old string, seen djsession.Version, key, text string, expires time.Time) error {
	if _, one := o.clients[0].(*redis.Client); !one || len(o.clients) > 1 {
		return fmt.Errorf("%s: %w: not on several servers", doing, errors.ErrUnsupported)
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
	reply, err := o.runOn(ctx, scriptCycle, old, []any{old, key}, false, token, text, life, force)
	if says(err, "CROSSSLOT") { // a cluster after all
		return fmt.Errorf("%s: %w: not on several servers", doing, errors.ErrUnsupported)
	}
	if err != nil {
		return fail(ctx, doing, err)
	}
	return compared(doing, reply)
}

func (o *Ops) exists(ctx context.Context, doing, key string) (bool, error) {
	reply, err := o.run(ctx, scriptExists, key, true)
	return reply == int64(1), fail(ctx, doing, err)
}

func found(there bool, err error) error {
	if err == nil && !there {
		return djsession.ErrNotFound
	}
	return err
}
