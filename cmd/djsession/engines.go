package main

import (
	"github.com/spf13/cobra"
)

// enginesCommand is a help topic.
func (a *app) enginesCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "engines",
		GroupID: groupMore,
		Short:   "How a DSN names the engine of a site, and its cache",
		Long: `A DSN says where the sessions are. What stands before a plus sign is the engine, if it
is not the one that a place has by default; what stands behind a question mark are the
settings of the site that matter there, and parameters of the driver.

SESSION_ENGINE                            DSN
django.contrib.sessions.backends.db       db.sqlite3, sqlite:/srv/site/db.sqlite3
                                          postgres://user:password@host:5432/name
                                          mysql://user:password@host:3306/name
                      ...backends.file    files:///srv/site/sessions, files:sessions
                      ...backends.cache   cache+ and the place of the cache, as below
                      ...backends.cached_db  the DSN of db, and --cache with that of the cache
redis_sessions.session                    redis://:password@host:6379/0?prefix=session
user_sessions.backends.db                 user_sessions+postgres://...
qsessions.backends.db                     qsessions+postgres://..., with --cache for cached_db

CACHES                                    DSN
RedisCache, of Django and django_redis    cache+redis://:password@host:6379/1
    CLIENT_CLASS                          ?client=herd, or shard with all servers:
                                          cache+redis://h1:6379/1,redis://h2:6379/1?client=shard
    SERIALIZER, COMPRESSOR                ?serializer=json or msgpack (default pickle)
                                          ?compressor=zlib, gzip, lzma, lz4 or zstd
PyMemcacheCache                           cache+memcached://host1:11211,host2:11211
PyLibMCCache                              ...?client=pylibmc, with &ketama=1 or &ketama=weighted
MemcachedCache                            ...?client=python-memcached
DatabaseCache                             cache+postgres://user:password@host/name?cache_table=NAME
FileBasedCache                            cache+files:///var/tmp/django_cache
all of them                               ?key_prefix=KEY_PREFIX&version=VERSION

A DSN with a password stands in DJSESSION_DSN or a file, as in --dsn @FILE, never in a flag.

A Redis is redis://, rediss:// with TLS, redis+unix:///run/redis.sock?db=0,
redis+sentinel://host1:26379,host2:26379/mymaster/0 (&sentinel_password=...) or
redis+cluster://host1:6379,host2:6379. Servers of memcached stand in the order of LOCATION,
which tells what is where.

A cache signs nothing, and so needs no SECRET_KEY. memcached and FileBasedCache cannot list
what they hold: one session is named by its whole key on standard input, and sessions can
move to them but not away from them. signed_cookies keeps its sessions in the browsers,
where djsession does not get at them; djsession explain reads one.`,
		Example: `  djsession list --dsn 'cache+redis://localhost:6379/1?key_prefix=site'
  djsession show - --dsn cache+memcached://localhost:11211 <key.txt
  djsession list --dsn postgres://localhost/site --cache cache+redis://localhost:6379/1`,
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, _ []string) error { return c.Help() },
	}
}
