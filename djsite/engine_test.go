package djsite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// TestEngine checks Site.Engine for the engines that DSNs name.
func TestEngine(t *testing.T) {
	const byRedis, byMemcached = "Redis removes expired sessions by itself", "memcached removes expired sessions by itself"
	for dsn, want := range map[string]Engine{
		"db.sqlite3":                  {Signed: true},
		"qsessions+postgres://h/n":    {Signed: true},
		"files:sessions":              {Signed: true, Decodes: true},
		"redis://h":                   {Signed: true, SelfExpiring: byRedis},
		"cache+redis://h":             {SelfExpiring: byRedis},
		"cache+redis://h?client=herd": {SelfExpiring: byRedis},
		"cache+redis://h?serializer=json&compressor=lz4": {SelfExpiring: byRedis, JSONOnly: true},
		"cache+redis://h?serializer=msgpack":             {SelfExpiring: byRedis, JSONOnly: true},
		"cache+memcached://h":                            {Unlistable: "memcached does not tell what it holds", SelfExpiring: byMemcached},
		"cache+files:/c":                                 {Unlistable: "its files are named by hashes of the keys"},
		"cache+db.sqlite3":                               {},
	} {
		set, err := djsettings.FromDSN(dsn, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := (&Site{Settings: set}).Engine(); got != want {
			t.Errorf("%s: got %+v, want %+v", dsn, got, want)
		}
	}
}

// openDSN opens the sessions of a DSN.
func openDSN(t *testing.T, dsn string) (*Site, error) {
	t.Helper()
	set, err := djsettings.FromDSN(dsn, nil)
	if err != nil {
		t.Fatal(err)
	}
	set.Keys = signer.SecretKey("k")
	site, err := Open(t.Context(), set, &Options{SessionsOnly: true, Timeout: 3 * time.Second})
	if err == nil {
		t.Cleanup(func() { site.Close() })
	}
	return site, err
}

// TestFindKeys finds keys by their prefix, in engines that list in order and in others.
func TestFindKeys(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "db.sqlite3")
	execSQLite(t, db, `CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, session_data text NOT NULL, expire_date datetime NOT NULL)`)
	sessions := filepath.Join(dir, "sessions")
	if err := os.Mkdir(sessions, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, dsn := range []string{db, "files:" + sessions} {
		site, err := openDSN(t, dsn)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		var want []string
		for i, prefix := range []string{"aaaa", "bbbb", "bbbc", "bbbb", "bbbb", "cccc"} {
			key := fmt.Sprintf("%s%028d", prefix, i)
			r := &djsession.Record{Data: serializer.NewDict(), Expires: now.Add(time.Hour)}
			if _, err := site.Sessions.Store().Create(t.Context(), key, r); err != nil {
				t.Fatal(err)
			}
			if prefix == "bbbb" {
				want = append(want, key)
			}
		}
		for prefix, want := range map[string][]string{"bbbb": want, want[0]: want[:1], "bbbd": nil, "z": nil} {
			got, err := site.FindKeys(t.Context(), prefix, 10)
			if slices.Sort(got); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: got %q, %v, want %q", prefix, got, err, want)
			}
		}
		if got, err := site.FindKeys(t.Context(), "bbb", 2); err != nil || len(got) != 2 {
			t.Errorf("at most 2: got %q, %v", got, err)
		}
	}
	cache := filepath.Join(dir, "cache")
	if err := os.Mkdir(cache, 0o700); err != nil {
		t.Fatal(err)
	}
	site, err := openDSN(t, "cache+files:"+cache)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := site.FindKeys(t.Context(), "a", 2); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "hashes of the keys") {
		t.Errorf("a cache of files: got %v", err)
	}
}

// TestBadDSN checks that an error that only the driver finds in a DSN is like an error of
// FromDSN.
func TestBadDSN(t *testing.T) {
	for _, dsn := range []string{
		"postgres://u:s3cr3t@h/n?sslmode=s3cr3t", "u:s3cr3t@tcp(h)/n?parseTime=s3cr3t", "mysql://u:s3cr3t@h/n?timeout=s3cr3t",
		"redis://:s3cr3t@h/zero", "redis://h?s3cr3t=1", "redis+sentinel://:s3cr3t@h:1", "redis+cluster://h?read_timeout=s3cr3t", "cache+rediss://h/s3cr3t", "cache+memcached://h:s3cr3t",
	} {
		_, err := openDSN(t, dsn)
		var e *djsettings.DSNError
		if !errors.As(err, &e) || !errors.Is(err, djsettings.ErrSetting) || strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "s3cr3t") {
			t.Errorf("%s: got %v", dsn, err)
		}
	}
}
