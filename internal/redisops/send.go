package redisops

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

// script is a program in Lua with one key or two, and the hash by which a server that has run it
// knows it.
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
	// An empty text and a missing one have the same length, but a missing one has no time
	// to live.
	scriptGet = newScript(`
local size = redis.call('STRLEN', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left == -2 then return false end
if size > tonumber(ARGV[1]) then return {size, left} end
return {size, left, redis.call('GET', KEYS[1])}`)
	scriptExists  = newScript(`return redis.call('EXISTS', KEYS[1])`)
	scriptReplace = newScript(ifSeen + `redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) return 2`)
	scriptTouch   = newScript(ifSeen + `redis.call('PEXPIRE', KEYS[1], ARGV[2]) return 2`)
	// KEYS[2] is a new key, and 3 says that it is taken. ARGV[4] is 1 to compare nothing.
	scriptCycle = newScript(`
local text = redis.call('GET', KEYS[1])
if not text then return 0 end
if ARGV[4] ~= '1' and text ~= ARGV[1] then return 1 end
if redis.call('EXISTS', KEYS[2]) == 1 then return 3 end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[1])
return 2`)
	scriptDelete = newScript(ifSeen + `redis.call('DEL', KEYS[1]) return 2`)
)

// command returns the script as a command: by its hash, or by its source.
func (s script) command(byName bool, keys []any, args ...any) []any {
	head := []any{"eval", s.source, len(keys)}
	if byName {
		head = []any{"evalsha", s.sha, len(keys)}
	}
	return slices.Concat(head, keys, args)
}

// run runs a script on the server that has key. Only scripts that read may be sent twice.
func (o *Ops) run(ctx context.Context, s script, key string, reads bool, args ...any) (any, error) {
	return o.runOn(ctx, s, key, []any{key}, reads, args...)
}

// runOn is run for several keys, all on the server that has key.
func (o *Ops) runOn(ctx context.Context, s script, key string, keys []any, reads bool, args ...any) (any, error) {
	reply, err := o.send(ctx, key, reads, s.command(true, keys, args...))
	if says(err, "NOSCRIPT") {
		return o.send(ctx, key, reads, s.command(false, keys, args...))
	}
	return reply, err
}

// write sends a command that must not be done twice to the server that has key.
func (o *Ops) write(ctx context.Context, key string, args ...any) (any, error) {
	return o.send(ctx, key, false, args)
}

// once is a command that go-redis does not repeat.
type once struct{ *redis.Cmd }

func (once) NoRetry() bool { return true }

// pauses are the times to wait before a server that refused is asked again.
var pauses = []time.Duration{10 * time.Millisecond, 50 * time.Millisecond, 250 * time.Millisecond}

// send sends a command and returns its answer, nil for none.
func (o *Ops) send(ctx context.Context, key string, reads bool, args []any) (any, error) {
	client := o.client(key)
	for i := 0; ; i++ {
		reply, err := await(ctx, func() (any, error) {
			cmd := redis.NewCmd(ctx, args...)
			var sent redis.Cmder = once{cmd}
			if reads {
				sent = cmd
			}
			err := client.Process(ctx, sent)
			return cmd.Val(), err
		})
		switch {
		case errors.Is(err, redis.Nil):
			return nil, nil
		case err == nil || reads || !refused(err) || i == len(pauses):
			return reply, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(pauses[i]):
		}
	}
}

// await returns the result of f, or an error when ctx ends first. go-redis looks at the
// context only now and then: it waits for the answer to a command until a deadline of its
// own.
func await[T any](ctx context.Context, f func() (T, error)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	if ctx.Done() == nil {
		return f()
	}
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		v, err := f()
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}
