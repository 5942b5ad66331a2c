package main

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/redisstore"
	"github.com/go-djsession/go-djsession/internal/console"
)

const redisReaps = "Redis removes expired sessions by itself"

// openRedis opens the engine of django-redis-sessions.
func openRedis(ctx context.Context, dsn string) (*engine, error) {
	dsn, params, err := cutParams(dsn, "prefix")
	if err != nil {
		return nil, err
	}
	client, err := dialRedis(ctx, dsn)
	if err != nil {
		return nil, err
	}
	return &engine{
		on: func(site *djsession.Site) (djsession.Store, error) {
			return redisstore.New(site, client, &redisstore.Options{Prefix: params.Get("prefix")}), nil
		},
		signed: true,
		reaped: redisReaps,
		close:  func() { client.Close() },
	}, nil
}

// cutParams takes the parameters that are djsession's own out of a DSN; the others
// are those of its driver.
func cutParams(dsn string, names ...string) (string, url.Values, error) {
	head, query, _ := strings.Cut(dsn, "?")
	all, err := url.ParseQuery(query)
	if err != nil {
		return "", nil, usage("what follows the question mark in the DSN is not understood", "write characters such as % & # + in it as %25 %26 %23 %2B")
	}
	ours := url.Values{}
	for _, name := range names {
		if all.Has(name) {
			ours.Set(name, all.Get(name))
			all.Del(name)
		}
	}
	if len(all) > 0 {
		head += "?" + all.Encode()
	}
	return head, ours, nil
}

// dialRedis makes sure that a Redis is there.
func dialRedis(ctx context.Context, dsn string) (redis.UniversalClient, error) {
	client, err := newRedis(dsn)
	if err != nil {
		return nil, err
	}
	if err := client.Ping(ctx).Err(); err != nil {
		client.Close()
		return nil, console.ConnectProblem(err)
	}
	return client, nil
}

// newRedis makes the client of a DSN.
//
// Errors tell nothing of it.
func newRedis(dsn string) (redis.UniversalClient, error) {
	scheme, rest, _ := strings.Cut(dsn, "://")
	transport, form, _ := strings.Cut(strings.ToLower(scheme), "+")
	switch form {
	case "":
		opts, err := redis.ParseURL(transport + "://" + rest)
		if err != nil {
			return nil, redisUsage(err)
		}
		return redis.NewClient(opts), nil
	case "unix":
		opts, err := redis.ParseURL("unix://" + rest)
		if err != nil {
			return nil, redisUsage(err)
		}
		return redis.NewClient(opts), nil
	}
	// Several hosts; of the first URL come the user, the database and the rest.
	user, hosts := "", rest
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		hosts = rest[:i]
	}
	rest = rest[len(hosts):]
	if i := strings.LastIndexByte(hosts, '@'); i >= 0 {
		user, hosts = hosts[:i+1], hosts[i+1:]
	}
	addrs := strings.Split(hosts, ",")
	if form == "cluster" {
		u := transport + "://" + user + addrs[0] + rest
		for _, a := range addrs[1:] {
			sep := "?"
			if strings.Contains(u, "?") {
				sep = "&"
			}
			u += sep + "addr=" + url.QueryEscape(a)
		}
		opts, err := redis.ParseClusterURL(u)
		if err != nil {
			return nil, redisUsage(err)
		}
		return redis.NewClusterClient(opts), nil
	}
	// sentinel: /NAME/DB
	path, query, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "?")
	name, db, _ := strings.Cut(path, "/")
	params, err := url.ParseQuery(query)
	if err != nil || name == "" {
		return nil, redisUsage(errors.Join(err, errors.New("no name")))
	}
	password := params.Get("sentinel_password")
	params.Del("sentinel_password")
	opts, err := redis.ParseURL(transport + "://" + user + addrs[0] + "/" + db + "?" + params.Encode())
	if err != nil {
		return nil, redisUsage(err)
	}
	for i, a := range addrs {
		if !strings.Contains(a, ":") {
			addrs[i] = a + ":26379"
		}
	}
	return redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: name, SentinelAddrs: addrs, SentinelPassword: password,
		Username: opts.Username, Password: opts.Password, DB: opts.DB, TLSConfig: opts.TLSConfig,
		DialTimeout: opts.DialTimeout, ReadTimeout: opts.ReadTimeout, WriteTimeout: opts.WriteTimeout,
	}), nil
}

func redisUsage(cause error) error {
	return &console.Problem{Status: console.StatusUsage, Text: "the DSN of Redis is not understood", Hint: `redis://user:password@host:6379/0, rediss:// with TLS
redis+unix:///run/redis.sock?db=0
redis+sentinel://host1:26379,host2:26379/mymaster/0
redis+cluster://host1:6379,host2:6379`, Cause: cause}
}
