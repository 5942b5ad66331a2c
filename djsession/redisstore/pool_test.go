package redisstore_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/redisstore"
	"github.com/go-djsession/go-djsession/internal/redisops/redistest"
)

func poolOf(weights ...int) redisstore.Pool {
	var p redisstore.Pool
	for _, w := range weights {
		p = append(p, redisstore.Server{Weight: w})
	}
	return p
}

func TestPoolPick(t *testing.T) {
	for _, test := range []struct {
		key  string
		pool redisstore.Pool
		want int
	}{
		{key, poolOf(1, 2, 1), 1},
		{key, poolOf(0, 0, 0), 1}, // the default weight is 1
		{"zzzz", poolOf(1, 1, 1), 2},
		{key, poolOf(5), 0},
		{"ab", poolOf(1, 1, 1), int(0x6261 % 3)}, // where the library fails
	} {
		if got := test.pool.Pick(test.key); got != test.want {
			t.Errorf("%q of %d servers: got %d, want %d", test.key, len(test.pool), got, test.want)
		}
	}
}

// The library's own get_server, on keys as the site makes them.
func TestPoolLive(t *testing.T) {
	rig := redistest.Single(t)
	django := redistest.StartDjango(t, "5.2", redistest.Config{URLs: []string{rig.URL()}, Engine: "redis_sessions.session"})
	site := newSite(t, nil)
	var keys []string
	for range 2000 {
		keys = append(keys, site.NewKey())
	}
	for _, weights := range [][]int{{1}, {1, 1}, {1, 2, 1}, {3, 1, 4, 1, 5, 9, 2}} {
		var want []int
		answer := django.Do(redistest.Command{Command: "pool", Data: map[string]any{"keys": keys, "weights": weights}})
		if err := json.Unmarshal([]byte(answer), &want); err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, key := range keys {
			got = append(got, poolOf(weights...).Pick(key))
		}
		if !slices.Equal(got, want) {
			t.Errorf("weights %v: the keys go elsewhere than in the library", weights)
		}
	}
}

// Each session is on the server that the pool names, and List finds all.
func TestPooled(t *testing.T) {
	ctx := t.Context()
	rigs := redistest.Several(t, 3)
	var pool redisstore.Pool
	for i, r := range rigs {
		pool = append(pool, redisstore.Server{Client: r.Client, Weight: i + 1})
	}
	site := newSite(t, nil)
	if _, err := redisstore.NewPooled(site, nil, nil); !errors.Is(err, djsession.ErrConfig) {
		t.Errorf("an empty pool: got error %v, want ErrConfig", err)
	}
	s, err := redisstore.NewPooled(site, pool, &redisstore.Options{Prefix: "p"})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	used := map[int]bool{}
	for range 40 {
		key := site.NewKey()
		keys = append(keys, key)
		used[pool.Pick(key)] = true
		if _, err := s.Create(ctx, key, record(1)); err != nil {
			t.Fatal(err)
		}
		if _, ok := rigs[pool.Pick(key)].Stored(t, "p:"+key); !ok {
			t.Error("a session is not where the pool has it")
		}
	}
	if len(used) != 3 {
		t.Errorf("%d servers are used, want 3", len(used))
	}
	slices.Sort(keys)
	var got []string
	for l, err := range s.List(ctx, "") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, l.Key())
	}
	if !slices.Equal(got, keys) {
		t.Errorf("listed %d sessions, want all %d in the order of their keys", len(got), len(keys))
	}
	// One server that is down is no end of the list, but an error.
	mend := rigs[1].Break()
	defer mend()
	for _, err := range s.List(ctx, "") {
		if !errors.Is(err, djsession.ErrUnavailable) {
			t.Errorf("with a server down: got error %v, want ErrUnavailable", err)
		}
	}
}
