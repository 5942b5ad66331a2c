package redisops

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsession"
)

// Value is the text under a key, and its expiry.
type Value struct {
	Text string
	// Size is the number of bytes of Text, even if it is too large to be read.
	Size int
	// Expires is when the text ends, in UTC. It is zero if the text never ends, and if the
	// server's user may not ask for it.
	Expires time.Time
}

// Version returns the Version of the Value, for Replace, Touch and Delete.
func (v Value) Version() djsession.Version { return djsession.VersionOf(v.Text) }

// Get returns the [Value] of key.
//
// Errors: [djsession.ErrNotFound]; [djsession.ErrCorrupt] for a key of another type, and together with
// [djsession.ErrTooLarge] for a text over the limit; [djsession.ErrUnavailable].
func (o *Ops) Get(ctx context.Context, doing, key string) (Value, error) {
	return o.get(ctx, doing, key, false)
}

func (o *Ops) get(ctx context.Context, doing, key string, once bool) (Value, error) {
	if o.lacks(getRange) || o.lacks(pTTL) {
		return o.getWhole(ctx, doing, key)
	}
	now := o.site.Now()
	r := newReading(ctx, key, o.limit)
	err := o.read(ctx, key, r.text, r.left)
	if err == nil && (o.learn(getRange, r.text.Err()) || o.learn(pTTL, r.left.Err())) {
		return o.getWhole(ctx, doing, key)
	}
	if err != nil {
		return Value{}, fail(ctx, doing, err)
	}
	v, err := r.value(ctx, doing, now, o.limit)
	switch {
	case errors.Is(err, errEmpty) && !once:
		// The text is empty, or was stored between the two commands.
		return o.get(ctx, doing, key, true)
	case errors.Is(err, errEmpty):
		return v, nil
	case errors.Is(err, djsession.ErrTooLarge):
		if n, err := o.length(ctx, key); err == nil {
			v.Size = max(v.Size, n)
		}
	}
	return v, err
}

// reading reads a text and its time to live. GETRANGE returns at most one byte over the
// limit, and an empty text for a key that is absent, which has no time to live. GET after
// STRLEN would not do: the text may have grown in between.
type reading struct {
	text *redis.StringCmd
	left *redis.IntCmd
}

func newReading(ctx context.Context, key string, limit int) reading {
	return reading{redis.NewStringCmd(ctx, "getrange", key, 0, limit), redis.NewIntCmd(ctx, "pttl", key)}
}

// errEmpty: a key without a text that has a time to live.
var errEmpty = errors.New("redisops: the text is empty")

// value returns what was read at now. A text over the limit has no Text.
func (r reading) value(ctx context.Context, doing string, now time.Time, limit int) (Value, error) {
	if err := errors.Join(r.text.Err(), r.left.Err()); err != nil {
		return Value{}, fail(ctx, doing, err)
	}
	text, left := r.text.Val(), r.left.Val()
	switch {
	case left == -2:
		return Value{}, djsession.ErrNotFound
	case left < -2:
		return Value{}, djsession.Unavailable(doing, errReply)
	}
	v := Value{Text: text, Size: len(text), Expires: expires(now, left)}
	switch {
	case len(text) > limit:
		v.Text = ""
		return v, tooLarge(doing)
	case text == "":
		return v, errEmpty
	}
	return v, nil
}

func tooLarge(doing string) error {
	return fmt.Errorf("%s: %w: %w", doing, djsession.ErrCorrupt, djsession.ErrTooLarge)
}

// expires is the end of a text that has left milliseconds to live, and zero for -1.
func expires(now time.Time, left int64) time.Time {
	if left < 0 {
		return time.Time{}
	}
	// Not as a Duration, which may be too small for it. So may be microseconds.
	left = min(left, math.MaxInt64/1000-now.UnixMilli()-1)
	return time.UnixMicro(now.UnixMicro() + left*1000).UTC()
}

// getWhole is Get for a server's user who may not read a part of a text.
func (o *Ops) getWhole(ctx context.Context, doing, key string) (Value, error) {
	size, err := o.length(ctx, key)
	switch {
	case err != nil:
		return Value{}, fail(ctx, doing, err)
	case size > o.limit:
		return Value{Size: size}, tooLarge(doing)
	}
	now := o.site.Now()
	text := redis.NewStringCmd(ctx, "get", key)
	cmds, left := []redis.Cmder{text}, redis.NewIntCmd(ctx, "pttl", key)
	if !o.lacks(pTTL) {
		cmds = append(cmds, left)
	} else {
		left.SetVal(-1)
	}
	if err := o.read(ctx, key, cmds...); err != nil {
		return Value{}, fail(ctx, doing, err)
	}
	if o.learn(pTTL, left.Err()) {
		left = redis.NewIntCmd(ctx)
		left.SetVal(-1)
	}
	switch err := errors.Join(text.Err(), left.Err()); {
	case errors.Is(err, redis.Nil):
		return Value{}, djsession.ErrNotFound
	case err != nil:
		return Value{}, fail(ctx, doing, err)
	}
	v := Value{Text: text.Val(), Size: len(text.Val()), Expires: expires(now, left.Val())}
	if v.Size > o.limit {
		v.Text = ""
		return v, tooLarge(doing)
	}
	return v, nil
}

// length returns the number of bytes under key, 0 if the user may not ask for it.
func (o *Ops) length(ctx context.Context, key string) (int, error) {
	if o.lacks(strLen) {
		return 0, nil
	}
	cmd := redis.NewIntCmd(ctx, "strlen", key)
	if err := o.read(ctx, key, cmd); err != nil {
		return 0, err
	}
	if o.learn(strLen, cmd.Err()) {
		return 0, nil
	}
	return int(cmd.Val()), cmd.Err()
}

// exists reports whether there is anything under key.
func (o *Ops) exists(ctx context.Context, doing, key string) (bool, error) {
	cmd := redis.NewIntCmd(ctx, "exists", key)
	if err := o.read(ctx, key, cmd); err != nil {
		return false, fail(ctx, doing, err)
	}
	return cmd.Val() == 1, fail(ctx, doing, cmd.Err())
}
