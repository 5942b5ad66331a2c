package djsettings

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// FuzzDSN: no DSN makes FromDSN panic, an error is one of a setting and quotes none of
// the DSN, and a DSN leads to exactly one place.
func FuzzDSN(f *testing.F) {
	for _, dsn := range []string{
		"db.sqlite3", `C:\site\db.sqlite3`, "sqlite:////srv/db.sqlite3", "file:db.sqlite3?mode=ro", "postgres://u:s3cr3t@h/n", "host=h dbname=n password=s3cr3t", "mysql://u:s3cr3t@h:3307/n",
		"mysql:///n?unix_socket=/run/mysqld.sock", "u:s3cr3t@tcp(h:3306)/n", "files:///srv/sessions", "files:", "", "sqlite:", ":memory:", "ldap://s3cr3t", "mysql://%zz@h/s3cr3t", "mysql://u:s3cr3t@h",
		"User_Sessions+db.sqlite3", "qsessions+postgres://h/n", "redis://:s3cr3t@h:6379/1?prefix=p&read_timeout=3s", "redis+cluster://a,b", "redis+sentinel://a:1,b:2/main/0",
		"cache+redis://h?key_prefix=k&version=3&serializer=json&compressor=zstd", "cache+redis://a/1,redis://b/1?client=shard", "cache+memcached://a:1?client=pylibmc&ketama=1", "cache+files:/var/tmp/c",
		"cache+sqlite:db.sqlite3?cache_table=t", "cache+redis://h?serializer=s3cr3t", "cache+redis://h?version=99999999999999999999", "cache+redis://h?%zs3cr3t", "redis://h?%zs3cr3t", "cache+cache+redis://h",
	} {
		f.Add(dsn, "")
		f.Add("db.sqlite3", dsn)
	}
	f.Fuzz(func(t *testing.T, dsn, cache string) {
		set, err := FromDSN(dsn, &DSNOptions{Cache: NewSecret(cache)})
		if err != nil {
			if !errors.Is(err, ErrSetting) || set != nil {
				t.Errorf("%q, %q: got %v, %v", dsn, cache, set, err)
			}
			if strings.Contains(fmt.Sprintf("%v %+v", err, errors.Unwrap(err)), "s3cr3t") {
				t.Errorf("%q, %q: the error quotes it: %v", dsn, cache, err)
			}
			return
		}
		_, _ = set.Session()
		places := 0
		if db := set.Databases["default"]; db != nil && set.Sessions.Kind.HasTable() {
			places++
			if (db.Name == "") == db.DSN.IsZero() {
				t.Errorf("%q: a database of the name %q with a DSN %v", dsn, db.Name, !db.DSN.IsZero())
			}
		}
		if set.Sessions.Kind == EngineRedis && !set.Sessions.Redis.URL.IsZero() {
			places++
		}
		if set.Sessions.Kind == EngineFile || set.Sessions.Kind == EngineCache {
			places++
		}
		if places != 1 || set.Sessions.Kind.HasCache() != (cache != "" || set.Sessions.Kind == EngineCache) {
			t.Errorf("%q, %q: %s leads to %d places", dsn, cache, set.Sessions.Kind, places)
		}
		for _, c := range set.Caches {
			if len(c.Addresses()) > 1+len(dsn)+len(cache) {
				t.Errorf("%q, %q: %d addresses", dsn, cache, len(c.Addresses()))
			}
			if text := c.String(); strings.Contains(text, ":s3cr3t@") {
				t.Errorf("%q, %q: the cache prints as %s", dsn, cache, text)
			}
		}
	})
}
