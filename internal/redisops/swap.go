package redisops

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsession"
)

// Compare and swap is done by what the server has: by SET with IFEQ (Redis 8.4, Valkey 8.1),
// by a script, or by WATCH and MULTI on one connection. Each is tried once, in this order,
// and not again after the server said that it has no such thing.

// swap is a write that compares.
type swap struct {
	script script
	args   []any // of the script, after the text that was seen
	ifEq   []any // the command with IFEQ, which has the text that was seen
	plain  []any // the command that does not compare
	sure   bool  // replicas must have it
}

// script is a program in Lua, and the hash by which a server that has run it knows it.
type script struct{ source, sha string }

func newScript(source string) script {
	sum := sha1.Sum([]byte(source))
	return script{source, hex.EncodeToString(sum[:])}
}

// A script that compares returns 0 for a key that is absent, 1 for another text, 2 if it
// succeeded.
const ifSeen = `
local text = redis.call('GET', KEYS[1])
if not text then return 0 end
if text ~= ARGV[1] then return 1 end
`

var (
	scriptReplace = newScript(ifSeen + `redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) return 2`)
	scriptTouch   = newScript(ifSeen + `redis.call('PEXPIRE', KEYS[1], ARGV[2]) return 2`)
	scriptDelete  = newScript(ifSeen + `redis.call('DEL', KEYS[1]) return 2`)
	// KEYS[2] is a new key, and 3 says that it is taken. ARGV[4] is 1 to compare nothing.
	scriptCycle = newScript(`
local text = redis.call('GET', KEYS[1])
if not text then return 0 end
if ARGV[4] ~= '1' and text ~= ARGV[1] then return 1 end
if redis.call('EXISTS', KEYS[2]) == 1 then return 3 end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[1])
return 2`)
)

// command returns the script as a command: by its hash, or by its source.
func (s script) command(byName bool, keys []any, args ...any) []any {
	head := []any{"eval", s.source, len(keys)}
	if byName {
		head = []any{"evalsha", s.sha, len(keys)}
	}
	return slices.Concat(head, keys, args)
}

// run runs a script that writes on the server that has the first key.
func (o *Ops) run(ctx context.Context, s script, keys []any, sure bool, args ...any) (any, error) {
	replicas := 0
	if sure {
		replicas = o.Replicas
	}
	key := keys[0].(string)
	reply, err := o.send(ctx, key, s.command(true, keys, args...), replicas)
	if says(err, "NOSCRIPT") {
		return o.send(ctx, key, s.command(false, keys, args...), replicas)
	}
	return reply, err
}

// compare does a write if the text that seen saw is still there.
func (o *Ops) compare(ctx context.Context, doing, key string, seen djsession.Version, s swap) error {
	text, ok := seen.Token()
	if !ok {
		return o.unmatched(ctx, doing, key)
	}
	if !o.lacks(ifEq) {
		reply, err := o.swapped(ctx, key, s.ifEq, s.sure)
		switch {
		case o.learn(ifEq, err):
		case err != nil:
			return fail(ctx, doing, err)
		case reply == nil:
			return o.unmatched(ctx, doing, key)
		default:
			return nil
		}
	}
	if !o.lacks(eval) {
		reply, err := o.run(ctx, s.script, []any{key}, s.sure, append([]any{text}, s.args...)...)
		switch {
		case err != nil && o.learn(eval, err):
		case err != nil:
			return fail(ctx, doing, err)
		default:
			return compared(doing, reply)
		}
	}
	return o.compareByHand(ctx, doing, key, text, s)
}

func (o *Ops) swapped(ctx context.Context, key string, args []any, sure bool) (any, error) {
	if sure {
		return o.confirmed(ctx, key, args...)
	}
	return o.write(ctx, key, args...)
}

// unmatched is the error for a Version that does not match: the key is absent, or has
// another text.
func (o *Ops) unmatched(ctx context.Context, doing, key string) error {
	there, err := o.exists(ctx, doing, key)
	if err == nil && there {
		return djsession.ErrConflict
	}
	return found(there, err)
}

// compareByHand reads, compares and writes.
func (o *Ops) compareByHand(ctx context.Context, doing, key, text string, s swap) error {
	if !o.lacks(watch) {
		for range 3 {
			err := o.watched(ctx, key, text, s)
			switch {
			case err == nil, errors.Is(err, djsession.ErrNotFound), errors.Is(err, djsession.ErrConflict):
				return err
			case errors.Is(err, redis.TxFailedErr):
				continue // something happened to the key: what?
			case o.learn(watch, err):
				return o.compareByHand(ctx, doing, key, text, s)
			}
			return fail(ctx, doing, err)
		}
		return djsession.ErrConflict
	}
	if !o.Unguarded {
		return fail(ctx, doing, errNoSwap)
	}
	v, err := o.Get(ctx, doing, key)
	switch {
	case errors.Is(err, djsession.ErrTooLarge):
		return djsession.ErrConflict
	case err != nil:
		return err
	case v.Text != text:
		return djsession.ErrConflict
	}
	reply, err := o.swapped(ctx, key, s.plain, s.sure)
	return found(wrote(s.plain, reply), fail(ctx, doing, err))
}

// errNoSwap: no way to compare and swap is left.
var errNoSwap = errors.New("redisops: the server offers none of SET IFEQ, EVALSHA with EVAL, and WATCH with MULTI and EXEC")

// watched writes in a transaction, which fails if the key is changed after the read.
func (o *Ops) watched(ctx context.Context, key, text string, s swap) error {
	_, err := patiently(ctx, o, key, refused, func(ctx context.Context, c *client) (any, error) {
		return nil, c.Watch(ctx, func(tx *redis.Tx) error {
			if err := o.same(ctx, tx, key, text); err != nil {
				return err
			}
			wait := redis.NewCmd(ctx, "wait", o.Replicas, waitFor.Milliseconds())
			_, err := tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
				return p.Process(ctx, once{redis.NewCmd(ctx, s.plain...)})
			})
			if err != nil || !s.sure || o.Replicas == 0 {
				return err
			}
			if err := tx.Process(ctx, once{wait}); err != nil {
				return &commandError{"WAIT", err}
			}
			if n, _ := wait.Val().(int64); n < int64(o.Replicas) {
				return errReplicas
			}
			return nil
		}, key)
	})
	return err
}

// same returns nil if text is under key.
func (o *Ops) same(ctx context.Context, tx *redis.Tx, key, text string) error {
	cmd := redis.NewStringCmd(ctx, "getrange", key, 0, len(text)) // a byte more than text
	if o.lacks(getRange) {
		cmd = redis.NewStringCmd(ctx, "get", key)
	}
	err := tx.Process(ctx, cmd)
	switch got := cmd.Val(); {
	case errors.Is(err, redis.Nil):
		return djsession.ErrNotFound
	case err != nil:
		return err
	case got == text && got != "":
		return nil
	case got != "":
		return djsession.ErrConflict
	}
	n, err := tx.Exists(ctx, key).Result()
	switch {
	case err != nil:
		return err
	case n == 0:
		return djsession.ErrNotFound
	case text != "":
		return djsession.ErrConflict
	}
	return nil
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
