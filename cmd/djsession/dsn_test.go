package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-djsession/go-djsession/internal/console"
)

// dsnsWithPassword are forms of DSNs with the password hunter2.
var dsnsWithPassword = []string{
	"postgres://u:hunter2@h/db", "postgresql://:hunter2@h/db", "postgres://u:hunter2@/db?host=/run", "POSTGRES://u:hunter2@h/db", "postgres://u:hun/ter2?@h/db",
	"postgres://h/db?password=hunter2", "postgres://h/db?sslmode=require&PASSWORD=hunter2", "postgres://u@h/db?sslpassword=hunter2", "postgres://h/db?pass%77ord=hunter2",
	"host=h password=hunter2", "host=h user=u password = 'hunter2'", "password=hunter2 dbname=x", "host=h\tpassword=hunter2", "host=h sslpassword=hunter2",
	"mysql://u:hunter2@h/db", "mariadb://u:hunter2@h:3306/db?charset=utf8mb4", "u:hunter2@tcp(h:3306)/db", "u:hunter2@unix(/run/m.sock)/db?parseTime=true", "u:hunter2@/db", "u:hun@ter2@tcp(h)/db",
	"redis://:hunter2@h:6379/0", "rediss://u:hunter2@h/0?prefix=x", "redis://h/0?password=hunter2", "redis+unix://:hunter2@/run/r.sock", "redis+unix:///run/r.sock?password=hunter2",
	"redis+sentinel://:hunter2@h1:1,h2:2/master/0", "redis+sentinel://h1,h2/master?sentinel_password=hunter2", "redis+cluster://u:hunter2@h1,h2",
	"cache+redis://:hunter2@h/1?key_prefix=x", "CACHE+rediss://u:hunter2@h", "cache+postgres://u:hunter2@h/db?cache_table=c", "cache+memcached://u:hunter2@h:1", "cache+memcached://h:1?password=hunter2",
	"user_sessions+mysql://u:hunter2@h/db", "qsessions+postgres://u:hunter2@h/db", " postgres://u:hunter2@h/db",
	"oracle://u:hunter2@h", "postgres:u:hunter2@h/db", "mysql//u:hunter2@h", "'postgres://u:hunter2@h/db'", "mysql://u:hunter2@", "redis://h?auth=hunter2",
	"Server=h;Password=hunter2;", "redis:h:6379,password=hunter2", "h:6379, Pwd=hunter2", "postgres://h/db#password=hunter2", "postgres://h/db&password=hunter2",
}

// dsnsWithout are DSNs without a password.
var dsnsWithout = []string{
	"db.sqlite3", "sqlite:/srv/site/db.sqlite3", "sqlite:////srv/a:b@c.sqlite3", "file:db.sqlite3?mode=ro", `C:\site\a@b.sqlite3`, "files:///srv/site/sessions", "files:a:b@c",
	"postgres://u@h/db", "postgres://u:@h/db", "postgres://h:5432/db?sslmode=verify-full&sslkey=/k&passfile=/p", "host=h dbname=x passfile=/p", "host=h password=''", "service=site",
	"mysql://u@h/db?allowCleartextPasswords=true", "u@tcp(h:3306)/db?allowNativePasswords=true", "redis://h:6379/0?prefix=session", "redis://u@h/0", "redis+sentinel://h1:1,h2:2/master/0",
	"cache+redis://localhost:6379/1?key_prefix=site", "cache+memcached://h1:11211,h2:11211?client=pylibmc", "",
}

func TestHasPassword(t *testing.T) {
	for _, dsn := range dsnsWithPassword {
		if !console.HasPassword(dsn) {
			t.Errorf("%q: the password is not seen", dsn)
		}
	}
	for _, dsn := range dsnsWithout {
		if console.HasPassword(dsn) {
			t.Errorf("%q has none", dsn)
		}
	}
}

// dsnFlags returns all flags that take a DSN, as "command flag".
func dsnFlags(t *testing.T) (all [][2]string) {
	t.Helper()
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			_, is := f.Value.(*dsnFlag)
			if text := strings.ToLower(f.Name + " " + f.Usage); !is && f.Value.Type() != "bool" && (strings.Contains(f.Usage, "`DSN`") || strings.Contains(text, "password") || strings.Contains(f.Usage, "`URL`")) {
				t.Errorf("%s --%s takes a DSN, and does not look for a password", c.Name(), f.Name)
			}
			if is {
				all = append(all, [2]string{c.Name(), f.Name})
			}
		})
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newApp(strings.NewReader(""), nil, nil, nil).root())
	if len(all) < 15 {
		t.Fatalf("found %d flags that take a DSN", len(all))
	}
	return all
}

// TestPasswordInFlag: no flag of any command accepts a DSN with a password, and the error
// says what to do instead.
func TestPasswordInFlag(t *testing.T) {
	for _, flag := range dsnFlags(t) {
		for _, dsn := range dsnsWithPassword {
			r := newCLI(t).run(t, "", flag[0], "--"+flag[1], dsn)
			if r.status != console.StatusUsage || !strings.Contains(r.stderr, "--"+flag[1]+" has a password in it") || !strings.Contains(r.stderr, "@FILE") || !strings.Contains(r.stderr, envDSN) {
				t.Errorf("%s --%s %q: got status %d, %s", flag[0], flag[1], dsn, r.status, r.stderr)
			}
			if strings.Contains(r.stdout+r.stderr, "hunter2") || strings.Contains(r.stdout+r.stderr, "ter2") {
				t.Errorf("%s --%s prints the password: %s", flag[0], flag[1], r.stderr)
			}
		}
	}
}

// TestDSNFile: each flag reads its DSN from a file or from standard input.
func TestDSNFile(t *testing.T) {
	c := newCLI(t)
	path := c.env[envDSN]
	delete(c.env, envDSN)
	file := filepath.Join(t.TempDir(), "dsn")
	if err := os.WriteFile(file, []byte(path+"\nnot this\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := c.must(t, "", "list", "--dsn", path)
	if got := c.must(t, "", "list", "--dsn", "@"+file); got != want {
		t.Errorf("@FILE: got %s", got)
	}
	if got := c.must(t, path+"\n", "list", "--dsn", "@-"); got != want {
		t.Errorf("@-: got %s", got)
	}
	journal := filepath.Join(t.TempDir(), "j")
	if r := c.run(t, "files:"+t.TempDir(), "migrate", "--from", "@"+file, "--to", "@-", "--journal", journal); r.status != 0 || !strings.Contains(r.stdout, "copied") {
		t.Errorf("migrate: got status %d, %s%s", r.status, r.stdout, r.stderr)
	}
	// The DSN in the file has a password and is used: nobody listens there.
	if err := os.WriteFile(file, []byte("cache+redis://:hunter2@127.0.0.1:1/0"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, flag := range [][]string{{"list", "--dsn", "@" + file}, {"list", "--dsn", path, "--cache", "@" + file}, {"migrate", "--from", path, "--to", path + "2", "--to-cache", "@" + file, "--journal", journal}} {
		want := 1
		if slices.Contains(flag, "--cache") { // without the copies the rows are listed
			want = 0
		}
		r := c.run(t, "", flag...)
		if want == 0 && !strings.Contains(r.stderr, "cannot be reached") {
			t.Errorf("%v: no warning: %s", flag, r.stderr)
		}
		if r.status != want || strings.Contains(r.stderr, "hunter2") || strings.Contains(r.stderr, "has a password") {
			t.Errorf("%v: got status %d, %s", flag, r.status, r.stderr)
		}
	}
	for name, run := range map[string]result{
		"an empty file": c.run(t, "", "list", "--dsn", "@-"), "no file": c.run(t, "", "list", "--dsn", "@"+file+"x"),
		"standard input twice": c.run(t, path, "migrate", "--from", "@-", "--to", "@-", "--journal", journal),
	} {
		if run.status == 0 || run.stdout != "" {
			t.Errorf("%s: got status %d, %s", name, run.status, run.stderr)
		}
	}
}
