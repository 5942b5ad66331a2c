package djsettings

import (
	"errors"
	"strings"
	"testing"
)

// TestDSN checks which back end a DSN means, and the text for its driver.
func TestDSN(t *testing.T) {
	const backSQLite, backPostgreSQL, backMySQL, backFiles = string(SQLite), string(PostgreSQL), string(MySQL), "files"
	for _, tt := range []struct{ dsn, back, native string }{
		{"db.sqlite3", backSQLite, "db.sqlite3"},
		{"/srv/site/db.sqlite3", backSQLite, "/srv/site/db.sqlite3"},
		{`C:\site\db.sqlite3`, backSQLite, `C:\site\db.sqlite3`},
		{"sqlite:db.sqlite3", backSQLite, "db.sqlite3"},
		{"sqlite3:/srv/db.sqlite3", backSQLite, "/srv/db.sqlite3"},
		{"SQLite:///db.sqlite3", backSQLite, "db.sqlite3"},           // as in dj-database-url
		{"sqlite:////srv/db.sqlite3", backSQLite, "/srv/db.sqlite3"}, // as in dj-database-url
		{"file:db.sqlite3?mode=ro", backSQLite, "db.sqlite3"},
		{"postgres://u:p@h/n", backPostgreSQL, "postgres://u:p@h/n"},
		{"postgresql://h/n?sslmode=disable", backPostgreSQL, "postgresql://h/n?sslmode=disable"},
		{"host=h dbname=n", backPostgreSQL, "host=h dbname=n"},
		{"service=site", backPostgreSQL, "service=site"},
		{"mysql://u:p%40q@h:3307/n", backMySQL, "u:p@q@tcp(h:3307)/n"},
		{"mariadb://u@h/n?tls=true", backMySQL, "u@tcp(h:3306)/n?tls=true"},
		{"mysql:///n?unix_socket=/run/mysqld.sock", backMySQL, "unix(/run/mysqld.sock)/n"},
		{"u:p@tcp(h:3306)/n", backMySQL, "u:p@tcp(h:3306)/n"},
		{"files:///srv/sessions", backFiles, "/srv/sessions"},
		{"files:sessions", backFiles, "sessions"},
		{"files:", backFiles, ""}, // as in Django without SESSION_FILE_PATH
		{"u@unix(/run/mysqld.sock)/n", backMySQL, "u@unix(/run/mysqld.sock)/n"},
	} {
		set, err := FromDSN(tt.dsn, nil)
		if err != nil {
			t.Errorf("%s: %v", tt.dsn, err)
			continue
		}
		back, native := backFiles, set.Sessions.FilePath
		if db := set.Databases["default"]; db != nil {
			back, native = string(db.Kind), db.Name+db.DSN.Reveal()
		}
		if back != tt.back || native != tt.native {
			t.Errorf("%s: got %s, %q, want %s, %q", tt.dsn, back, native, tt.back, tt.native)
		}
	}
	for _, dsn := range []string{"", "sqlite:", "sqlite:///", ":memory:", "sqlite::memory:", "ldap://h", "files://srv/sessions", "oracle://u:p@h", "mysql://u:p@h", "mysql:", "mysql://%zz@h/n", "mysql://a%3Ab:p@h/n"} {
		if set, err := FromDSN(dsn, nil); err == nil {
			t.Errorf("%q: got %v, want an error", dsn, set)
		}
	}
}

// TestDSNEngines checks the settings for the engine and the cache that a DSN names.
func TestDSNEngines(t *testing.T) {
	const redis = "redis://:s3cr3t@h:6379/1"
	for _, tt := range []struct {
		dsn, cache string
		kind       EngineKind
		backend    CacheKind
		want       func(set *Settings, c *Cache) bool
	}{
		{"db.sqlite3", "", EngineDB, "", nil},
		{"User_Sessions+db.sqlite3", "", EngineUserSessions, "", nil},
		{"qsessions+postgres://h/n", "", EngineQSessions, "", nil},
		{"qsessions+postgres://h/n", "cache+" + redis, EngineQSessionsCDB, CacheDjangoRedis, nil},
		{"db.sqlite3", "cache+" + redis, EngineCachedDB, CacheDjangoRedis, nil},
		{redis + "?prefix=p&read_timeout=3s", "", EngineRedis, "", func(set *Settings, _ *Cache) bool {
			r := set.Sessions.Redis
			return r.Prefix == "p" && r.ByDSN && r.URL.Reveal() == redis+"?read_timeout=3s"
		}},
		{"redis+cluster://a,b", "", EngineRedis, "", func(set *Settings, _ *Cache) bool { return set.Sessions.Redis.URL.Reveal() == "redis+cluster://a,b" }},
		{"CACHE+" + redis + "?key_prefix=k&version=3&serializer=json&compressor=zstd", "", EngineCache, CacheDjangoRedis, func(_ *Settings, c *Cache) bool {
			return c.ByDSN && c.KeyPrefix == "k" && c.Version == 3 && len(c.Locations) == 1 && c.Locations[0].Reveal() == redis &&
				c.Options.Text("SERIALIZER") == "django_redis.serializers.json.JSONSerializer" && c.Options.Text("COMPRESSOR") == "django_redis.compressors.zstd.ZStdCompressor"
		}},
		{"cache+redis://a/1,redis://b/1?client=shard", "", EngineCache, CacheDjangoRedis, func(_ *Settings, c *Cache) bool {
			return len(c.Locations) == 2 && c.Locations[1].Reveal() == "redis://b/1" && c.Options.Text("CLIENT_CLASS") == "django_redis.client.ShardClient"
		}},
		{"cache+redis+sentinel://a:1,b:2/main/0?client=herd", "", EngineCache, CacheDjangoRedis, func(_ *Settings, c *Cache) bool {
			return len(c.Locations) == 1 && c.Options.Text("CLIENT_CLASS") == "django_redis.client.HerdClient"
		}},
		{"cache+memcached://a:1,b:2", "", EngineCache, CachePyMemcache, func(_ *Settings, c *Cache) bool { return len(c.Locations) == 2 && c.Locations[1].Reveal() == "b:2" }},
		{"cache+memcached://a:1?client=pylibmc&ketama=1", "", EngineCache, CachePyLibMC, func(_ *Settings, c *Cache) bool { return c.Options.Dict("behaviors").Truth("ketama") }},
		{"cache+memcached://a:1?client=python-memcached", "", EngineCache, CachePythonMemcached, nil},
		{"cache+files:/var/tmp/c", "", EngineCache, CacheFile, func(_ *Settings, c *Cache) bool { return c.Locations[0].Reveal() == "/var/tmp/c" }},
		{"cache+sqlite:db.sqlite3?cache_table=t", "", EngineCache, CacheDB, func(set *Settings, c *Cache) bool {
			return c.Database == "default" && set.Databases["default"].Name == "db.sqlite3" && c.Locations[0].Reveal() == "t"
		}},
		{"db.sqlite3", "cache+postgres://h/n?sslmode=disable", EngineCachedDB, CacheDB, func(set *Settings, c *Cache) bool {
			return c.Database == "cache" && set.Databases["cache"].DSN.Reveal() == "postgres://h/n?sslmode=disable" && set.Databases["default"].Name == "db.sqlite3"
		}},
	} {
		set, err := FromDSN(tt.dsn, &DSNOptions{Cache: NewSecret(tt.cache), Table: "my.table"})
		if err != nil {
			t.Errorf("%s: %v", tt.dsn, err)
			continue
		}
		c := set.Caches["default"]
		if tt.backend == "" {
			tt.backend = CacheLocMem
		}
		if set.Sessions.Kind != tt.kind || c.Kind != tt.backend || set.Sessions.Table != "my.table" || tt.want != nil && !tt.want(set, c) {
			t.Errorf("%s: got %s, %s: %v", tt.dsn, set.Sessions.Kind, c.Kind, set)
		}
		if text := set.String(); strings.Contains(text, "s3cr3t") {
			t.Errorf("%s: it prints as %s", tt.dsn, text)
		}
	}
}

// TestDSNErrors checks that an error says what is wrong with which DSN, and quotes none of
// it.
func TestDSNErrors(t *testing.T) {
	for _, tt := range []struct{ dsn, cache, table, option, says string }{
		{"db.sqlite3", "", `x"; DROP`, "Table", "is not the name of a table"},
		{"db.sqlite3", "redis://h", "", "Cache", "is no DSN of a cache"},
		{"cache+files:.", "cache+files:.", "", "Cache", "is for copies of a table, and the DSN is that of a cache"},
		{"files:.", "cache+files:.", "", "Cache", "is for copies of a table"},
		{"user_sessions+db.sqlite3", "cache+files:.", "", "", "user_sessions has no engine with copies"},
		{"user_sessions+redis://s3cr3t", "", "", "", "only a database has the table of user_sessions"},
		{"memcached://s3cr3t", "", "", "", "memcached is no engine"},
		{"oracle://u:s3cr3t@h", "", "", "", "this is no database"},
		{"cache+redis://h?serializer=s3cr3t", "", "", "", "serializer in the DSN is none of django-redis: pickle, json, msgpack"},
		{"cache+redis://h?compressor=s3cr3t", "", "", "", "compressor in the DSN"},
		{"cache+redis://h?client=s3cr3t", "", "", "", "client in the DSN"},
		{"cache+redis://h?client=herd&serializer=json", "", "", "", "the herd client keeps pickles only"},
		{"cache+redis://h?version=s3cr3t", "", "", "", "version in the DSN is no whole number"},
		{"cache+redis://h?%zs3cr3t", "", "", "", "what follows the question mark"},
		{"cache+memcached://h?compressor=zlib", "", "", "", "this cache has no parameter compressor"},
		{"cache+memcached://h?ketama=1", "", "", "", "the client of memcached"},
		{"cache+files:", "", "", "", "names no folder"},
		{"cache+db.sqlite3?cache_table=%22", "", "", "", "cache_table in the DSN is not the name of a table"},
		{"mysql://u:s3cr3t@h", "", "", "", "names no database"},
	} {
		_, err := FromDSN(tt.dsn, &DSNOptions{Cache: NewSecret(tt.cache), Table: tt.table})
		var e *DSNError
		if !errors.As(err, &e) || !errors.Is(err, ErrSetting) || e.Option != tt.option || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s, %s: got %v", tt.dsn, tt.cache, err)
		}
	}
}
