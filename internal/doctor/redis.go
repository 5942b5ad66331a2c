package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/errtext"
	"github.com/go-djsession/go-djsession/internal/fault"
)

// The limits of a search in a Redis: keys per round, rounds in the database of the
// settings, and rounds in each other database.
const (
	scanKeys   = 1000
	scanRounds = 200
	scanOthers = 20
	redisDBs   = 16 // the default of Redis
)

// redisServer returns one Redis of the settings. It returns nil if a URL alone does not
// lead to the server, for example behind a Sentinel.
func redisServer(url string) *redis.Options {
	opts, err := redis.ParseURL(url)
	if err != nil {
		return nil
	}
	opts.ContextTimeoutEnabled = true
	opts.MaxRetries = -1
	return opts
}

// redisKeys returns the keys of one database that end in the session key.
func redisKeys(ctx context.Context, server *redis.Options, db int, key string, rounds int) ([]string, error) {
	opts := *server
	opts.DB = db
	client := redis.NewClient(&opts)
	defer client.Close()
	var found []string
	for cursor, n := uint64(0), 0; n < rounds; n++ {
		keys, next, err := client.Scan(ctx, cursor, "*"+key, scanKeys).Result()
		if err != nil {
			return found, err
		}
		found = append(found, keys...)
		if cursor = next; cursor == 0 || len(found) > 0 {
			return found, nil
		}
	}
	return found, errMore
}

// searchRedis searches the database of the settings, and then the others.
func (e *exam) searchRedis(ctx context.Context, server *redis.Options, key string) []hit {
	var all []hit
	for n := -1; n < redisDBs; n++ {
		db, rounds := n, scanOthers
		if n < 0 {
			db, rounds = server.DB, scanRounds
		} else if n == server.DB {
			continue
		}
		keys, err := redisKeys(ctx, server, db, key, rounds)
		if err != nil && n >= 0 && fewer(err) {
			break
		}
		if err != nil {
			e.unseen(fmt.Sprintf("the database %d of the Redis at %s", db, server.Addr), err)
		}
		if err != nil && !errors.Is(err, errMore) {
			break // the others would fail in the same way
		}
		for _, full := range keys {
			all = append(all, hit{head: strings.TrimSuffix(full, key), db: n})
		}
		if len(all) > 0 {
			break
		}
	}
	return all
}

// fewer reports whether the error says that there is no database of this number.
func fewer(err error) bool {
	return errtext.Says(err, "DB index is out of range") || errtext.Says(err, "SELECT is not allowed in cluster mode")
}

// searchRedisCache searches the servers of a cache.
func (e *exam) searchRedisCache(ctx context.Context, set *djsettings.Cache, key string) []hit {
	for _, url := range locations(set) {
		server := redisServer(url)
		if server == nil {
			e.unseen(fmt.Sprintf("a server of CACHES[%q]", set.Alias), errIndirect)
			continue
		}
		if n, err := strconv.Atoi(set.Options.Text("db")); err == nil && set.Kind == djsettings.CacheRedis && !hasDB(url) {
			server.DB = n
		}
		for _, option := range []string{"password", "PASSWORD"} {
			if server.Password == "" {
				server.Password = set.Options.Text(option)
			}
		}
		if hits := e.searchRedis(ctx, server, key); len(hits) > 0 {
			return hits
		}
	}
	return nil
}

// hasDB reports whether a URL names the number of a database.
func hasDB(url string) bool {
	_, rest, _ := strings.Cut(url, "://")
	_, path, _ := strings.Cut(rest, "/")
	return strings.Trim(path, "0123456789") == "" && path != "" || strings.Contains(url, "db=")
}

// sessionServer returns the server of django-redis-sessions.
func (e *exam) sessionServer() *redis.Options {
	in := e.set.Sessions.Redis
	switch {
	case len(in.Sentinels) > 0:
		return nil
	case !in.URL.IsZero():
		return redisServer(in.URL.Reveal())
	}
	opts := &redis.Options{Network: "tcp", Addr: net.JoinHostPort(in.Host, strconv.Itoa(in.Port)), Password: in.Password.Reveal(), DB: in.DB,
		ContextTimeoutEnabled: true, MaxRetries: -1}
	if in.SocketPath != "" {
		opts.Network, opts.Addr = "unix", in.SocketPath
	}
	return opts
}

// sessionRedis looks up the key in the Redis of redis_sessions.
func (e *exam) sessionRedis(key string) {
	in := e.set.Sessions.Redis
	server := e.sessionServer()
	if server == nil {
		return // behind a Sentinel: rehearse tests it
	}
	text := ""
	e.within(func(ctx context.Context) {
		client := redis.NewClient(server)
		defer client.Close()
		if err := client.Ping(ctx).Err(); err != nil {
			e.redisFault(server, err)
			return
		}
		if key == "" {
			return
		}
		head := ""
		if in.Prefix != "" {
			head = in.Prefix + ":"
		}
		got, err := client.Get(ctx, head+key).Result()
		switch {
		case errors.Is(err, redis.Nil):
			e.notInRedis(ctx, server, key, head)
		case err != nil:
			e.redisFault(server, err)
		default:
			text = got
		}
	})
	if text == "" {
		return
	}
	if o := e.signed(text, e.salt(), nil); o.good && o.dict != nil {
		e.login(o.dict)
	}
}

// redisFault is for a Redis that fails.
func (e *exam) redisFault(server *redis.Options, err error) {
	k := fault.Of(err)
	switch k {
	case fault.Password:
		e.fault(RedisPassword, fmt.Sprintf("The Redis of SESSION_REDIS at %s refuses this password.", server.Addr), "Correct password or url in SESSION_REDIS, or give DJSESSION_SESSION_REDIS_PASSWORD.")
	case fault.NoDatabase, fault.NoNumber:
		e.fault(RedisDatabase, fmt.Sprintf("The Redis of SESSION_REDIS at %s has no database %d.", server.Addr, server.DB), "Correct db in SESSION_REDIS.")
	default:
		e.fault(RedisUnreachable, fmt.Sprintf("The Redis of SESSION_REDIS at %s %s.", server.Addr, fault.Why(err)),
			"Start the server, or correct host and port in SESSION_REDIS, or give DJSESSION_SESSION_REDIS_HOST for the place where Go runs.")
	}
}

// notInRedis is for a session that is not where SESSION_REDIS says.
func (e *exam) notInRedis(ctx context.Context, server *redis.Options, key, head string) {
	for _, h := range e.searchRedis(ctx, server, key) {
		prefix, isPrefix := strings.CutSuffix(h.head, ":")
		switch {
		case strings.Contains(h.head, "django.contrib.sessions.") || strings.HasSuffix(h.head, qsessionsPrefix):
			e.fault(OtherEngine, fmt.Sprintf("The session is in this Redis as %s keeps it, and SESSION_ENGINE in these settings is %s.", h.engineName(), e.set.Sessions.Engine),
				"Give SESSION_ENGINE the engine that the site really runs with.")
		case h.head != head && (isPrefix || h.head == ""):
			e.fault(RedisPrefix, fmt.Sprintf("The session is in this Redis under the prefix %s, and SESSION_REDIS in these settings has %s.", orNone(prefix), orNone(e.set.Sessions.Redis.Prefix)),
				"Give prefix in SESSION_REDIS the value that the site really runs with; versions of django-redis-sessions heed other names for it.")
		case h.db >= 0:
			e.fault(RedisDatabase, fmt.Sprintf("The session is in the database %d of this Redis, and SESSION_REDIS in these settings has %d.", h.db, server.DB),
				"Give db in SESSION_REDIS the value that the site really runs with.")
		default:
			continue
		}
		e.located()
		return
	}
	if !e.elsewhere(ctx, key, nil, "") {
		e.notFound(fmt.Sprintf("the Redis of SESSION_REDIS at %s", server.Addr))
	}
}
