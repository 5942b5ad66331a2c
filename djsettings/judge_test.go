package djsettings

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/pyclients"
)

// places are where the tables of options apply: the settings around one option.
var places = map[*pyclients.Table]func(name string, v any) map[string]any{
	pyclients.RedisCache:          optionsOf(CacheRedis),
	pyclients.DjangoRedis:         optionsOf(CacheDjangoRedis),
	pyclients.DjangoRedisPool:     inside(CacheDjangoRedis, "CONNECTION_POOL_KWARGS"),
	pyclients.DjangoRedisSentinel: inside(CacheDjangoRedis, "SENTINEL_KWARGS"),
	pyclients.DjangoRedisClient:   inside(CacheDjangoRedis, "REDIS_CLIENT_KWARGS"),
	pyclients.RedisQuery: func(name string, v any) map[string]any {
		return cacheOf(map[string]any{"BACKEND": string(CacheRedis), "LOCATION": fmt.Sprintf("redis://h/1?%s=%v", name, v)})
	},
	pyclients.RedisSessionsQuery: func(name string, v any) map[string]any {
		return map[string]any{"SESSION_ENGINE": string(EngineRedis), "SESSION_REDIS": map[string]any{"url": fmt.Sprintf("redis://h/1?%s=%v", name, v)}}
	},
	pyclients.Pymemcache:       optionsOf(CachePyMemcache),
	pyclients.Pylibmc:          optionsOf(CachePyLibMC),
	pyclients.PylibmcBehaviors: inside(CachePyLibMC, "behaviors"),
	pyclients.PythonMemcached:  optionsOf(CachePythonMemcached),
	pyclients.DjangosCaches:    optionsOf(CacheFile),
	pyclients.PostgreSQL:       databaseOf("postgresql", ""),
	pyclients.MySQL:            databaseOf("mysql", ""),
	pyclients.MySQLSSL:         databaseOf("mysql", "ssl"),
	pyclients.SQLite:           databaseOf("sqlite3", ""),
}

func cacheOf(entry map[string]any) map[string]any {
	return map[string]any{"CACHES": map[string]any{"default": entry}}
}

func optionsOf(kind CacheKind) func(string, any) map[string]any {
	return func(name string, v any) map[string]any {
		return cacheOf(map[string]any{"BACKEND": string(kind), "OPTIONS": map[string]any{name: v}})
	}
}

func inside(kind CacheKind, dict string) func(string, any) map[string]any {
	return func(name string, v any) map[string]any {
		return optionsOf(kind)(dict, map[string]any{name: v})
	}
}

func databaseOf(engine, dict string) func(string, any) map[string]any {
	return func(name string, v any) map[string]any {
		options := map[string]any{name: v}
		if dict != "" {
			options = map[string]any{dict: options}
		}
		return map[string]any{"DATABASES": map[string]any{"default": map[string]any{"ENGINE": "django.db.backends." + engine, "NAME": "n", "OPTIONS": options}}}
	}
}

// What becomes of an option: the entry's error and the text of the Warnings.
func fate(t *testing.T, settings map[string]any, opts *Options) (warned string, err error) {
	t.Helper()
	settings["SECRET_KEY"] = "k"
	set, err := FromMap(settings, opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range set.Warnings {
		warned += w.Text + "\n"
	}
	if settings["DATABASES"] != nil {
		return warned, set.Databases["default"].Err()
	}
	return warned, errors.Join(set.Caches["default"].Err(), set.Sessions.Redis.Err())
}

// Every option of every place is used, refused or warned about; so is one that nobody
// knows.
func TestNothingSilent(t *testing.T) {
	for table, place := range places {
		for _, name := range append(table.Names(), "no_such_option") {
			o, known := table.Option(name)
			if o.Fate == pyclients.Used {
				continue
			}
			odd := "s3cr3t/odd"
			if name == "is_master" {
				odd = "0" // every other text is true
			}
			warned, err := fate(t, place(name, odd), nil)
			switch {
			case o.Fate == pyclients.Passed && (err != nil || !strings.Contains(warned, name)):
				t.Errorf("%s: %s: got error %v and warnings %q", table.Name, name, err, warned)
			case o.Fate == pyclients.Refused && (!errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), name)):
				t.Errorf("%s: %s: got error %v", table.Name, name, err)
			case !known && err == nil && !strings.Contains(warned, name):
				t.Errorf("%s: an unknown option is silent", table.Name)
			}
			if strings.Contains(fmt.Sprint(err, warned), "s3cr3t") {
				t.Errorf("%s: %s: its value is printed", table.Name, name)
			}
			if warned, err := fate(t, place(name, "odd"), &Options{IgnoreOptions: []string{name}}); err != nil || !strings.Contains(warned, name) {
				t.Errorf("%s: %s, to be ignored: got error %v and warnings %q", table.Name, name, err, warned)
			}
		}
	}
	for _, table := range pyclients.Tables() {
		if places[table] == nil && table != pyclients.DjangoValkey && table != pyclients.BMemcached {
			t.Errorf("no place has the options of %s", table.Name)
		}
	}
}

// The default of a refused option, spelled out, is no refusal.
func TestDefaultsOfOptions(t *testing.T) {
	for _, entry := range []string{
		"{'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': 'redis://h', 'OPTIONS': {'decode_responses': False, 'encoding': 'UTF-8'," +
			" 'parser_class': 'redis.connection.PythonParser', 'pool_class': <class 'redis.connection.BlockingConnectionPool'>, 'credential_provider': None}}",
		"{'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache', 'LOCATION': 'h', 'OPTIONS': {" +
			"'hasher': <class 'pymemcache.client.rendezvous.RendezvousHash'>, 'socket_module': <module 'socket' from '/usr/lib/python3/socket.py'>}}",
		"{'BACKEND': 'django.core.cache.backends.memcached.PyLibMCCache', 'LOCATION': 'h', 'OPTIONS': {'behaviors': {'hash': 'default', 'num_replicas': 0, 'ketama_hash': 'md5'}}}",
		"{'BACKEND': 'django.core.cache.backends.memcached.MemcachedCache', 'LOCATION': 'h', 'OPTIONS': {'pickler': <class '_pickle.Pickler'>, 'pid': None}}",
		"{'BACKEND': 'django_redis.cache.RedisCache', 'LOCATION': 'redis://m?is_master=1', 'OPTIONS': {'CONNECTION_POOL_CLASS': 'redis.sentinel.SentinelConnectionPool'}}",
	} {
		set, err := Read(strings.NewReader("SECRET_KEY = 'k'\nCACHES = {'default': "+entry+"}\n"), &Options{Django: "5.2"})
		if err != nil {
			t.Fatal(err)
		}
		if err := set.Caches["default"].Err(); err != nil {
			t.Errorf("%s: %v", entry, err)
		}
	}
}

// A name beside OPTIONS that Django does not read is no secret between the two.
func TestOtherNamesOfEntries(t *testing.T) {
	set := read(t, "SECRET_KEY = 'k'\nDATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'n', 'OPTION': {}, 'TEST': {}}}\n"+
		"CACHES = {'default': {'BACKEND': 'django.core.cache.backends.locmem.LocMemCache', 'TIMEOUT': 3, 'PREFIX': 's3cr3t'}}\n", &Options{Django: "5.2"})
	if !warns(set, "OPTION,") && !warns(set, "has OPTION") || !warns(set, "has PREFIX") || warns(set, "TEST") || warns(set, "s3cr3t") {
		t.Errorf("got %v", set.Warnings)
	}
}
