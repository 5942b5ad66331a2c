package interleave

import (
	"context"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// Cache returns c for the party p: each operation is a step. prefix is the text before the
// session key in the names.
func Cache(p *Party, name, prefix string, c djcache.Cache) djcache.Cache {
	return &steppedCache{c, p, name, prefix}
}

type steppedCache struct {
	djcache.Cache
	p            *Party
	name, prefix string
}

func (c *steppedCache) do(name, op string, writes bool, method func() error) error {
	var err error
	key := c.p.Key(strings.TrimPrefix(name, c.prefix))
	if fault := c.p.Step(c.name+" "+key, op, func() (string, bool) {
		err = method()
		return outcome(err), writes && err == nil
	}); fault != nil {
		return djsession.Unavailable(op+" session", fault)
	}
	return err
}

func (c *steppedCache) Get(ctx context.Context, name string) (item djcache.Item, err error) {
	if err = c.do(name, "get", false, func() error { item, err = c.Cache.Get(ctx, name); return err }); unanswered(err) {
		return djcache.Item{}, err
	}
	return item, err
}

func (c *steppedCache) Add(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (v djsession.Version, err error) {
	err = c.do(name, "add", true, func() error { v, err = c.Cache.Add(ctx, name, value, expires); return err })
	return version(v, err), err
}

func (c *steppedCache) Replace(ctx context.Context, name string, value *serializer.Dict, expires time.Time, seen djsession.Version) (v djsession.Version, err error) {
	err = c.do(name, "replace", true, func() error { v, err = c.Cache.Replace(ctx, name, value, expires, seen); return err })
	return version(v, err), err
}

func (c *steppedCache) Set(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (v djsession.Version, err error) {
	err = c.do(name, "set", true, func() error { v, err = c.Cache.Set(ctx, name, value, expires); return err })
	return version(v, err), err
}

func (c *steppedCache) Touch(ctx context.Context, name string, expires time.Time, seen djsession.Version) (v djsession.Version, err error) {
	err = c.do(name, "touch", true, func() error { v, err = c.Cache.Touch(ctx, name, expires, seen); return err })
	return version(v, err), err
}

func (c *steppedCache) Delete(ctx context.Context, name string, seen djsession.Version) error {
	return c.do(name, "delete", true, func() error { return c.Cache.Delete(ctx, name, seen) })
}
