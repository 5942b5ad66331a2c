package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// The finding names a place that cannot be searched, and does not say that the session is
// nowhere.
func TestNotSearched(t *testing.T) {
	server := testserver.Redis(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer client.Close()
	// A user who may read every key but not list them.
	if err := client.Do(t.Context(), "ACL", "SETUSER", "reader", "on", ">word", "~*", "+@all", "-scan", "-keys").Err(); err != nil {
		t.Fatal(err)
	}
	reader := fmt.Sprintf("redis://reader:word@%s", server.Addr())
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "broken.sqlite3"), []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	site := filepath.Join(dir, "site.sqlite3")
	if err := os.WriteFile(site, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const cacheEngine = "SESSION_ENGINE = 'django.contrib.sessions.backends.cache'\n"
	nobody := fakeMemcached(t, "END\r\n")
	for name, tt := range map[string]struct{ settings, text string }{
		"the keys of a Redis": {cacheEngine + "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': '" + reader + "/1'}}\n",
			"the database 1 of the Redis at " + server.Addr()},
		"the keys of redis_sessions": {"SESSION_ENGINE = 'redis_sessions.session'\nSESSION_REDIS = {'url': '" + reader + "/1'}\n",
			"the database 1 of the Redis at " + server.Addr()},
		"another cache that is down": {cacheEngine + "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache', 'LOCATION': '" + nobody + "'},\n" +
			" 'old': {'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache', 'LOCATION': '127.0.0.1:1'}}\n",
			"the memcached at 127.0.0.1:1 cannot be reached"},
		"another Redis that is down": {cacheEngine + "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache', 'LOCATION': '" + nobody + "'},\n" +
			" 'old': {'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': 'redis://127.0.0.1:1/0'}}\n",
			"the database 0 of the Redis at 127.0.0.1:1 cannot be reached"},
		"another database": {cacheEngine + "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache', 'LOCATION': '" + nobody + "'}}\n" +
			"DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': '" + site + "'}, 'web': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': '" + filepath.Join(dir, "broken.sqlite3") + "'}}\n",
			`DATABASES["web"]`},
		"a cache in a table of a database that is down": {cacheEngine + "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache', 'LOCATION': '" + nobody + "'},\n" +
			" 'old': {'BACKEND': 'django.core.cache.backends.db.DatabaseCache', 'LOCATION': 'cache'}}\n" +
			"DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'site', 'USER': 'web', 'HOST': '127.0.0.1', 'PORT': '1'}}\n",
			`DATABASES["default"]`},
	} {
		t.Run(name, func(t *testing.T) {
			set, err := djsettings.Read(strings.NewReader("SECRET_KEY = 'doctor-secret-key-0123456789-0123456789'\nINSTALLED_APPS = ['django.contrib.sessions']\n"+
				"MIDDLEWARE = ['django.contrib.sessions.middleware.SessionMiddleware']\n"+tt.settings), &djsettings.Options{Django: "5.2", Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			report, err := Examine(t.Context(), set, &Options{Cookie: "Cookie: sessionid=" + sought, Timeout: 10 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			found := report.Findings
			i := slices.IndexFunc(found, func(f Finding) bool { return f.ID == NotSearched })
			if i < 0 || found[i].Severity != Fault || !strings.Contains(found[i].Text, tt.text) {
				t.Errorf("got %+v, want %s with %q", found, NotSearched, tt.text)
			}
			if slices.ContainsFunc(found, func(f Finding) bool { return f.ID == SessionNotFound }) {
				t.Errorf("it says that the session is nowhere: %+v", found)
			}
			for _, f := range found {
				if strings.Contains(f.Text, "word") || strings.Contains(f.Text, sought) {
					t.Errorf("a secret is in %q", f.Text)
				}
			}
		})
	}
}

// namesIn returns all names in a folder, or an error.
func TestNamesIn(t *testing.T) {
	dir := t.TempDir()
	if names, err := namesIn(dir); len(names) > 0 || err != nil {
		t.Errorf("an empty folder: got %q, %v", names, err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if names, err := namesIn(dir); len(names) != 1 || err != nil {
		t.Errorf("a folder with a file: got %q, %v", names, err)
	}
	for _, path := range []string{file, filepath.Join(dir, "none")} {
		if _, err := namesIn(path); err == nil {
			t.Errorf("%s is no folder: got no error", filepath.Base(path))
		}
	}
}
