package main

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/fixtures/demo"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// The tables of the engines that Django's migrations and createcachetable make.
const (
	cacheTable        = `CREATE TABLE django_cache (cache_key varchar(255) NOT NULL PRIMARY KEY, value text NOT NULL, expires datetime NOT NULL)`
	userSessionsTable = `CREATE TABLE user_sessions_session (session_key varchar(40) NOT NULL PRIMARY KEY, session_data text NOT NULL, expire_date datetime NOT NULL,
		user_agent varchar(200) NULL, last_activity datetime NOT NULL, ip char(39) NULL, user_id integer NULL)`
	qsessionsTable = `CREATE TABLE qsessions_session (session_key varchar(40) NOT NULL PRIMARY KEY, session_data text NOT NULL, expire_date datetime NOT NULL,
		user_agent varchar(300) NULL, created_at datetime NULL, updated_at datetime NOT NULL, ip char(39) NULL, user_id integer NULL)`
)

// TestEveryEngine moves the sessions of the demo to each engine, runs all commands there,
// and moves the sessions back.
func TestEveryEngine(t *testing.T) {
	db := func(t *testing.T) string {
		path := newCLI(t).env[envDSN]
		sqlExec(t, "sqlite", path, "DELETE FROM django_session", cacheTable, userSessionsTable, qsessionsTable)
		return path
	}
	n := 0 // the number of Redis databases in use
	redis := func(t *testing.T) string { n++; return fmt.Sprintf("redis://%s/%d", testserver.Redis(t).Addr(), n) }
	for _, tt := range []struct {
		name  string
		dsn   func(t *testing.T) string
		flags func(t *testing.T) []string
		deaf  string // why the engine cannot list
		slow  bool
	}{
		{name: "SQLite", dsn: db},
		{name: "files", dsn: func(t *testing.T) string { return "files:" + t.TempDir() }},
		{name: "redis_sessions", dsn: redis},
		{name: "redis_sessions with a prefix", dsn: func(t *testing.T) string { return redis(t) + "?prefix=session" }},
		{name: "RedisCache", dsn: func(t *testing.T) string { return "cache+" + redis(t) }},
		{name: "RedisCache with a prefix", dsn: func(t *testing.T) string { return "cache+" + redis(t) + "?key_prefix=site&version=3&read_timeout=3s" }},
		{name: "django-redis, JSON", dsn: func(t *testing.T) string { return "cache+" + redis(t) + "?serializer=json" }},
		{name: "django-redis, msgpack, zstd", dsn: func(t *testing.T) string { return "cache+" + redis(t) + "?serializer=msgpack&compressor=zstd" }},
		{name: "django-redis, lzma", dsn: func(t *testing.T) string { return "cache+" + redis(t) + "?compressor=lzma" }},
		{name: "django-redis, HerdClient", dsn: func(t *testing.T) string { return "cache+" + redis(t) + "?client=herd&compressor=gzip" }},
		{name: "django-redis, ShardClient", slow: true, dsn: func(t *testing.T) string {
			s := testserver.Redises(t, 2)
			return fmt.Sprintf("cache+redis://%s/14,redis://%s/14?client=shard&compressor=zlib", s[0].Addr(), s[1].Addr())
		}},
		{name: "Sentinel", slow: true, dsn: func(t *testing.T) string {
			return fmt.Sprintf("cache+redis+sentinel://%s/mymaster/13", testserver.RedisSentinel(t).Addr())
		}},
		{name: "Cluster", slow: true, dsn: func(t *testing.T) string {
			s := testserver.RedisCluster(t)
			return fmt.Sprintf("redis+cluster://%s,%s?prefix=c", s[0].Addr(), s[1].Addr())
		}},
		{name: "memcached", deaf: "memcached does not tell", dsn: func(t *testing.T) string {
			return "cache+memcached://" + testserver.Memcached(t).Addr()
		}},
		{name: "memcached by pylibmc", deaf: "memcached does not tell", dsn: func(t *testing.T) string {
			return "cache+memcached://" + testserver.Memcached(t).Addr() + "?client=pylibmc&ketama=1&key_prefix=lib"
		}},
		{name: "FileBasedCache", deaf: "hashes of the keys", dsn: func(t *testing.T) string { return "cache+files:" + t.TempDir() }},
		{name: "DatabaseCache", dsn: func(t *testing.T) string { return "cache+sqlite:" + db(t) + "?key_prefix=x&cache_table=django_cache" }},
		{name: "DatabaseCache on PostgreSQL", slow: true, dsn: func(t *testing.T) string {
			s := testserver.PostgreSQL(t)
			dsn := fmt.Sprintf("postgres://%s@%s/postgres?sslmode=disable", s.User, s.Addr())
			sqlExec(t, "pgx", dsn, `CREATE TABLE "my_cache" (cache_key varchar(255) NOT NULL PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL)`)
			return "cache+" + dsn + "&cache_table=my_cache"
		}},
		{name: "cached_db", dsn: db, flags: func(t *testing.T) []string { return []string{"cache+" + redis(t)} }},
		{name: "user_sessions", dsn: func(t *testing.T) string { return "user_sessions+" + db(t) }},
		{name: "qsessions", dsn: func(t *testing.T) string { return "qsessions+sqlite:" + db(t) }},
		{name: "qsessions with cached_db", dsn: func(t *testing.T) string { return "qsessions+" + db(t) },
			flags: func(t *testing.T) []string { return []string{"cache+" + redis(t) + "?compressor=lz4"} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.slow && testing.Short() {
				t.Skip("its servers take time to start")
			}
			c := newCLI(t)
			from, there := c.env[envDSN], tt.dsn(t)
			before := c.must(t, "", "list", "--json", "--reveal", "--dsn", from)
			journal := filepath.Join(t.TempDir(), "journal")
			move := []string{"migrate", "--from", from, "--to", there, "--journal", journal}
			use := []string{"--dsn", there}
			if tt.flags != nil {
				cache := tt.flags(t)[0]
				move = append(move, "--to-cache", cache)
				use = append(use, "--cache", cache)
			}
			run := func(stdin string, args ...string) result { return c.run(t, stdin, append(args, use...)...) }
			must := func(stdin string, args ...string) string { return c.must(t, stdin, append(args, use...)...) }
			if got := counted(t, c.must(t, "", move...)); got["copied"] != 5 || got["expired"] != 1 || got["corrupt"] != 2 {
				t.Fatalf("migrate: got %v", got)
			}
			c.must(t, "", append(move, "--switched")...)

			keys := map[string]string{}
			var sessions []struct{ Key string }
			if err := json.Unmarshal(demo.Sessions, &sessions); err != nil {
				t.Fatal(err)
			}
			for _, s := range sessions {
				keys[s.Key[:8]] = s.Key
			}
			if got := must(keys["ada7q2m5"], "show", "-", "--reveal"); !strings.Contains(got, "dark") || !strings.Contains(got, "\nuser     1\n") {
				t.Errorf("show: got\n%s", got)
			}
			must(keys["ada7q2m5"]+"\n"+`"light"`, "set", "-", "theme")
			if got := must(keys["ada7q2m5"], "show", "-", "--reveal", "--json"); !strings.Contains(got, "light") {
				t.Errorf("set: got\n%s", got)
			}
			must(keys["ada7q2m5"]+"\n"+`"dark"`, "set", "-", "theme")
			must(keys["linus1z6"], "delete", "-")
			if got := run(keys["linus1z6"], "show", "-"); got.status != 1 || !strings.Contains(got.stderr, "there is no such session") {
				t.Errorf("show what is deleted: got %+v", got)
			}
			if got := must("", "clearsessions"); !strings.Contains(got, "remove") {
				t.Errorf("clearsessions: got %q", got)
			}
			// Where there are users beside the sessions, they have names.
			if got := run("", "logout", "--user", "id:1", "--dry-run"); tt.deaf == "" && (got.status != 0 || got.stdout != "would delete 2 sessions of user 1\n") {
				t.Errorf("logout --dry-run: got %+v", got)
			}
			back := newCLI(t)
			sqlExec(t, "sqlite", back.env[envDSN], "DELETE FROM django_session")
			home := []string{"migrate", "--from", there, "--to", back.env[envDSN], "--journal", journal + "2"}
			if tt.flags != nil {
				home = append(home, use[2:]...)
			}
			if tt.deaf != "" {
				for _, args := range [][]string{append([]string{"list"}, use...), append([]string{"show", "ada7q2m5"}, use...), append([]string{"logout", "--user", "id:1"}, use...), append([]string{"census"}, use...), home} {
					if got := c.run(t, "", args...); got.status != 1 || !strings.Contains(got.stderr, tt.deaf) || !strings.Contains(got.stderr, "\nhint: ") {
						t.Errorf("%s: got %+v, want why it cannot list", args[0], got)
					}
				}
				return
			}
			if got := must("", "list", "--user", "2"); !strings.Contains(got, "\ngrace4w8  2 ") {
				t.Errorf("list: got\n%s", got)
			}
			if got := must("", "census"); !strings.Contains(got, "4 sessions: 3 logins, 1 anonymous.\n") {
				t.Errorf("census: got\n%s", got)
			}
			must("", "show", "grace4w8")
			must(keys["cart5e9r"]+"\n"+`"7"`, "set", "-", "_auth_user_id")
			for _, want := range []string{"deleted 1 session of user 7\n", "deleted 0 sessions of user 7\n"} {
				if got := must("", "logout", "--user", "id:7"); got != want {
					t.Errorf("logout: got %q, want %q", got, want)
				}
			}
			must("", "show", "grace4w8")
			if got := counted(t, c.must(t, "", home...)); got["copied"] != 3 {
				t.Fatalf("migrate back: got %v", got)
			}
			c.must(t, "", append(home, "--switched")...)
			if got := must("", "list"); strings.Contains(got, "ada7q2m5") {
				t.Errorf("after moving away: got\n%s", got)
			}
			// Equal sizes show that the text is the same. The clock of the tests stands still;
			// that of a server does not.
			after := revealed(t, back.must(t, "", "list", "--json", "--reveal"))
			for key, was := range revealed(t, before) {
				if was.Error != "" || key[:8] == "linus1z6" || key[:8] == "ada7q2m5" || key[:8] == "cart5e9r" {
					continue
				}
				// Package filestore: on a 32-bit machine a file's time ends in 2038. A
				// session with its expiry in the data keeps it.
				end := time.Unix(math.MaxInt32, 0).Add(14 * 24 * time.Hour)
				if tt.name == "files" && math.MaxInt == math.MaxInt32 && was.Expires.After(end) && after[key].Expires.Equal(end) {
					was.Expires = end
				}
				if is := after[key]; is.Size != was.Size || is.Expires.Sub(was.Expires).Abs() > time.Minute {
					t.Errorf("%s after moving there and back: got %+v, want %+v", key[:8], is, was)
				}
			}
		})
	}
}

// shown is a line of the output of list --json.
type shown struct {
	Key, Error string
	Size       int
	Expires    time.Time
}

func revealed(t *testing.T, text string) map[string]shown {
	t.Helper()
	all := map[string]shown{}
	for line := range strings.Lines(text) {
		var s shown
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatal(err)
		}
		all[s.Key] = s
	}
	return all
}
