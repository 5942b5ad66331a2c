package rediscache

import (
	"context"
	"errors"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/pydict"
)

// touchHerd is Touch for a cache that a HerdClient shares: it writes a value with an end
// inside anew, as a plain dict.
func (c *Cache) touchHerd(ctx context.Context, name string, expires time.Time, seen djsession.Version) (djsession.Version, error) {
	key := c.keys.Key(name)
	for {
		v := seen
		if seen.IsForce() {
			there, err := c.ops.Get(ctx, touching, key)
			if err != nil {
				return djsession.Version{}, err
			}
			v = there.Version()
		}
		text, _ := v.Token()
		d, err := c.format.Loads([]byte(text))
		if errors.Is(err, djsession.ErrExpired) {
			return djsession.Version{}, djsession.ErrExpired
		}
		inside := false
		if err == nil {
			source, _ := pydict.Source(d)
			_, inside = source.(herdSource)
		}
		if !inside {
			err := c.ops.Touch(ctx, touching, key, expires, seen)
			return touched(seen, err)
		}
		v, err = c.Replace(ctx, name, d, expires, v)
		if !seen.IsForce() || !errors.Is(err, djsession.ErrConflict) {
			return v, err
		}
	}
}

func touched(v djsession.Version, err error) (djsession.Version, error) {
	if err != nil {
		return djsession.Version{}, err
	}
	return v, nil
}
