package rediscache_test

import (
	"errors"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcache/rediscache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/internal/redisops/redistest"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
	"github.com/go-djsession/go-djsession/signer"
)

const (
	djangosOwn  = "django.core.cache.backends.redis.RedisCache"
	djangoRedis = "django_redis.cache.RedisCache"
	herdClient  = "django_redis.client.HerdClient"
)

func isHerd(c redistest.Config) bool { return c.Options["CLIENT_CLASS"] == herdClient }

// What a Django kept is read, goes back as it was, and is written byte for byte
// under the same key with the same time to live.
func TestFixtures(t *testing.T) {
	ctx := t.Context()
	rig := redistest.Single(t)
	frozen := time.Unix(1700000000, 0)
	for _, django := range redistest.Djangos {
		site := redistest.Site(t, django, djsession.Settings{
			Keys: signer.SecretKey(redistest.Secret), Now: func() time.Time { return frozen },
		})
		for _, v := range redistest.Vectors(t, django, "cache/", "django_redis/") {
			t.Run(django+"/"+v.Name, func(t *testing.T) {
				rig.Flush(t)
				raw := v.Raw(t)
				p := pickle.Serializer{Protocol: int(raw[1])}
				opts := &rediscache.Options{Keys: v.Config.Cache.Keys(), Format: p}
				if isHerd(v.Config) {
					opts.Format = rediscache.Herd(p, site.Now)
				}
				s := cachestore.New(rediscache.New(site, rig.Client, opts), nil)
				rig.Plant(t, v.Key, raw, time.Now().Add(time.Duration(v.TTL)*time.Second))
				r, seen, err := s.Load(ctx, v.SessionKey)
				if err != nil {
					t.Fatalf("Load: %v", err)
				}
				if got, want := asJSON(t, r.Data), asJSON(t, v.Dict(t)); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
				ends := frozen.Add(time.Duration(v.TTL) * time.Second)
				if late := r.Expires.Sub(ends); late > 0 || late < -time.Second {
					t.Errorf("got expiry %v, want %v or just before", r.Expires, ends)
				}
				if _, err := s.Update(ctx, v.SessionKey, r, seen); err != nil {
					t.Fatalf("Update: %v", err)
				}
				if isHerd(v.Config) {
					return // the dict alone is written
				}
				if got, _ := rig.Stored(t, v.Key); got != raw {
					t.Errorf("wrote back %q, Django wrote %q", got, raw)
				}

				rig.Flush(t)
				r = &djsession.Record{Data: v.Dict(t)}
				if r.Expires, err = site.ExpiryDate(r.Data, site.Now()); err != nil {
					t.Fatal(err)
				}
				if _, err := s.Create(ctx, v.SessionKey, r); err != nil {
					t.Fatalf("Create: %v", err)
				}
				if got, _ := rig.Stored(t, v.Key); got != raw {
					t.Errorf("wrote %q, Django wrote %q", got, raw)
				}
				left := rig.Other.PTTL(ctx, v.Key).Val()
				if short := time.Duration(v.TTL)*time.Second - left; short < 0 || short > time.Second {
					t.Errorf("got %v to live, want %d seconds", left, v.TTL)
				}
			})
		}
	}
}

func asJSON(t testing.TB, d *serializer.Dict) string {
	t.Helper()
	text, err := serializer.JSON{}.Dumps(nil, d)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A value of a HerdClient ends at the end inside, which Touch moves.
func TestHerd(t *testing.T) {
	ctx := t.Context()
	rig := redistest.Single(t)
	v := redistest.Vectors(t, "5.2", "django_redis/herd")[0] // ends after 300 seconds
	clock := time.Unix(1700000000, 0)
	site := newSite(t, func(set *djsession.Settings) { set.Now = func() time.Time { return clock } })
	cache := rediscache.New(site, rig.Client, &rediscache.Options{Format: rediscache.Herd(pickle.Serializer{}, site.Now)})
	name := engine + v.SessionKey
	for _, force := range []bool{false, true} {
		clock = time.Unix(1700000000, 0)
		rig.Plant(t, v.Key, v.Raw(t), time.Now().Add(time.Hour))
		item, err := cache.Get(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		seen := item.Version
		if force {
			seen = djsession.Force
		}
		if _, err := cache.Touch(ctx, name, clock.Add(time.Hour), djsession.VersionOf("other")); !errors.Is(err, djsession.ErrConflict) {
			t.Errorf("Touch of another value: got error %v, want ErrConflict", err)
		}
		if seen, err = cache.Touch(ctx, name, clock.Add(time.Hour), seen); err != nil {
			t.Fatalf("Touch: %v", err)
		}
		clock = clock.Add(301 * time.Second)
		item, err = cache.Get(ctx, name)
		if err != nil {
			t.Fatalf("Get, after the old end: %v", err)
		}
		if !force && !item.Version.Equal(seen) {
			t.Error("Touch returned another Version than that of the value")
		}
		if _, err := cache.Touch(ctx, name, clock.Add(time.Hour), item.Version); err != nil {
			t.Errorf("Touch of the plain dict: %v", err)
		}
	}
	rig.Plant(t, v.Key, v.Raw(t), time.Now().Add(time.Hour))
	if _, err := cache.Get(ctx, name); !errors.Is(err, djsession.ErrExpired) || errors.Is(err, djsession.ErrCorrupt) {
		t.Errorf("Get, after the end: got error %v, want ErrExpired alone", err)
	}
	if _, err := cache.Touch(ctx, name, clock.Add(time.Hour), djsession.Force); !errors.Is(err, djsession.ErrExpired) {
		t.Errorf("Touch, after the end: got error %v, want ErrExpired", err)
	}
	for l := range cache.List(ctx, engine, "") {
		t.Errorf("List yields what is over, with Err %v", l.Err)
	}
}

// A real Django and a Cache share sessions, in both directions.
func TestLive(t *testing.T) {
	for _, version := range redistest.Living {
		for _, test := range []struct {
			name    string
			backend string
			options map[string]any
			servers int
		}{
			{"RedisCache", djangosOwn, nil, 1},
			{"DefaultClient", djangoRedis, nil, 1},
			{"HerdClient", djangoRedis, map[string]any{"CLIENT_CLASS": herdClient}, 1},
			{"ShardClient", djangoRedis, map[string]any{"CLIENT_CLASS": "django_redis.client.ShardClient"}, 3},
		} {
			t.Run(version+"/"+test.name, func(t *testing.T) {
				if version != "5.2" && (testing.Short() || test.name != "RedisCache") || testing.Short() && test.servers == 1 {
					t.Skip("another Django, or another client, does the same")
				}
				live(t, version, redistest.Config{Backend: test.backend, Options: test.options, Cache: redistest.Cache{KeyPrefix: "live"}}, test.servers)
			})
		}
	}
}

func live(t *testing.T, version string, config redistest.Config, servers int) {
	ctx := t.Context()
	rigs := redistest.Several(t, servers)
	for _, r := range rigs {
		config.URLs = append(config.URLs, r.URL())
	}
	site := redistest.Site(t, version, djsession.Settings{Keys: signer.SecretKey(redistest.Secret)})
	opts := &rediscache.Options{Keys: config.Cache.Keys()}
	if isHerd(config) {
		opts.Format = rediscache.Herd(pickle.Serializer{}, site.Now)
	}
	cache := rediscache.New(site, rigs[0].Client, opts)
	if servers > 1 {
		var err error
		if cache, err = rediscache.NewSharded(site, shards(rigs), opts); err != nil {
			t.Fatal(err)
		}
	}
	s := cachestore.New(cache, nil)
	django := redistest.StartDjango(t, version, config)

	rounds := 2
	if servers > 1 {
		rounds = 12 // so that each server has some
	}
	for range rounds {
		// Django writes, Go reads and changes, Django reads.
		key := django.Key(redistest.Command{Command: "create", Data: map[string]any{"n": 1}})
		r, v, err := s.Load(ctx, key)
		if err != nil {
			t.Fatalf("Load what Django wrote: %v", err)
		}
		if left := time.Until(r.Expires); left > 14*24*time.Hour+time.Minute || left < 14*24*time.Hour-time.Minute {
			t.Errorf("got %v left, want two weeks", left)
		}
		if v, err = s.Update(ctx, key, &djsession.Record{Data: r.Data.With("go", true), Expires: r.Expires}, v); err != nil {
			t.Fatalf("Update: %v", err)
		}
		if got, want := django.Do(redistest.Command{Command: "load", Key: key}), `{"n": 1, "go": true}`; got != want {
			t.Errorf("Django reads %s, want %s", got, want)
		}

		// Django's write is one that Go has not seen.
		if got := django.Do(redistest.Command{Command: "set", Key: key, Data: map[string]any{"m": 2}}); got != `"saved"` {
			t.Errorf("Django's save: got %s", got)
		}
		if _, err := s.Update(ctx, key, r, v); !errors.Is(err, djsession.ErrConflict) {
			t.Errorf("Update of what Django changed: got error %v, want ErrConflict", err)
		}

		// Go creates, Django reads it and logs out, and it stays away.
		key = site.NewKey()
		r = &djsession.Record{Data: dict("_auth_user_id", "1"), Expires: time.Now().Add(time.Hour)}
		if v, err = s.Create(ctx, key, r); err != nil {
			t.Fatalf("Create: %v", err)
		}
		if got, want := django.Do(redistest.Command{Command: "load", Key: key}), `{"_auth_user_id": "1"}`; got != want {
			t.Errorf("Django reads %s, want %s", got, want)
		}
		django.Do(redistest.Command{Command: "delete", Key: key})
		if _, err := s.Update(ctx, key, r, v); !errors.Is(err, djsession.ErrNotFound) {
			t.Errorf("Update after Django's logout: got error %v, want ErrNotFound", err)
		}
		if v, err = s.Create(ctx, key, r); err != nil {
			t.Fatalf("Create: %v", err)
		}
		if err := s.Delete(ctx, key, v); err != nil {
			t.Errorf("DeleteSeen: %v", err)
		}
		if got := django.Do(redistest.Command{Command: "load", Key: key}); got != "null" {
			t.Errorf("of a deleted session Django reads %s", got)
		}
	}

	// What is no session is left alone.
	name := engine + site.NewKey()
	django.Do(redistest.Command{Command: "cache", Key: name, Data: 12345})
	if _, err := cache.Get(ctx, name); !errors.Is(err, djsession.ErrCorrupt) {
		t.Errorf("Get of a number: got error %v, want ErrCorrupt", err)
	}

	// Each session is listed once, whichever server it is on.
	seen := map[string]bool{}
	for l, err := range cache.List(ctx, engine, "") {
		if err != nil {
			t.Fatal(err)
		}
		if seen[l.Name()] {
			t.Error("a session is listed twice")
		}
		seen[l.Name()] = true
	}
	if len(seen) != rounds+1 {
		t.Errorf("listed %d, want %d", len(seen), rounds+1)
	}
}

func shards(rigs []*redistest.Rig) []rediscache.Shard {
	var all []rediscache.Shard
	for _, r := range rigs {
		all = append(all, rediscache.Shard{URL: r.URL(), Client: r.Client})
	}
	return all
}
