package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/fixtures/demo"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/payload"
	"github.com/go-djsession/go-djsession/signer"
)

// secretsOfDemo returns texts that no command may print unless its flags allow it.
func secretsOfDemo(t *testing.T) (keys, values []string) {
	t.Helper()
	var sessions []struct{ Key string }
	if err := json.Unmarshal(demo.Sessions, &sessions); err != nil || len(sessions) == 0 {
		t.Fatalf("read the sessions of the demo: %d, %v", len(sessions), err)
	}
	for _, s := range sessions {
		keys = append(keys, s.Key, s.Key[:20])
	}
	keys = append(keys, demoSecret)
	derived, err := signer.SecretKey(demoSecret).Derive(signer.KeySalt(payload.SessionSalt), signer.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	values = []string{
		fmt.Sprintf("%x", derived[0].Key()), "dark", "A-1", "coupon", "Welcome back", "ModelBackend",
		"77fdfc712690041e57f4b443980dfb3e7f5d88848aeb5b1f3a07bedc8f6e9d33", "hunter2",
	}
	return keys, values
}

// TestNoLeaks runs all commands without --reveal, with success and with errors, and
// searches the output for keys, values and secrets.
func TestNoLeaks(t *testing.T) {
	keys, values := secretsOfDemo(t)
	full := keys[0]
	payload := storedPayload(t, full)
	secretFile := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secretFile, []byte(demoSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	from, taken := newCLI(t).env[envDSN], newCLI(t).env[envDSN]
	sqlExec(t, "sqlite", taken, `UPDATE django_session SET session_data = 'dark', session_key = session_key`)
	for _, tt := range []struct {
		name   string
		stdin  string
		args   []string
		env    map[string]string
		prints bool // the command's purpose is to print values
	}{
		{name: "list", args: []string{"list"}},
		{name: "list as JSON", args: []string{"list", "--json"}},
		{name: "list expired", args: []string{"list", "--expired"}},
		{name: "list with another key", args: []string{"list"}, env: map[string]string{console.EnvSecret: "hunter2"}},
		{name: "census", args: []string{"census"}},
		{name: "census as JSON", args: []string{"census", "--json"}},
		{name: "census with another key", args: []string{"census"}, env: map[string]string{console.EnvSecret: "hunter2"}},
		{name: "report", args: []string{"report", "-o", filepath.Join(t.TempDir(), "report.html")}},
		{name: "show", args: []string{"show", "ada7q2m5"}},
		{name: "show as JSON", args: []string{"show", "grace4w8", "--json"}},
		{name: "show by key", args: []string{"show", "-"}, stdin: full},
		{name: "show what does not decode", args: []string{"show", "alien6m1"}},
		{name: "show with another key", args: []string{"show", "ada7q2m5"}, env: map[string]string{console.EnvSecret: "hunter2"}},
		{name: "show a whole key", args: []string{"show", full}},
		{name: "show a key that is none", args: []string{"show", "-"}, stdin: "x" + full + full},
		{name: "show from no table", args: []string{"show", "-", "--table", "none"}, stdin: full},
		{name: "show from another table", args: []string{"show", "-", "--table", "auth_user"}, stdin: full},
		{name: "set", args: []string{"set", "ada7q2m5", "theme", `"dark"`}},
		{name: "set from stdin", args: []string{"set", "-", "theme"}, stdin: full + "\n\"dark\"\n"},
		{name: "set what is no JSON", args: []string{"set", "ada7q2m5", "theme", "dark"}},
		{name: "set what is no expiry", args: []string{"set", "ada7q2m5", "_session_expiry", `"dark"`}},
		{name: "set in no table", args: []string{"set", "-", "theme", `"dark"`, "--table", "none"}, stdin: full},
		{name: "unset", args: []string{"unset", "ada7q2m5", "theme"}},
		{name: "unset what is not there", args: []string{"unset", "-", "nothing"}, stdin: full},
		{name: "delete", args: []string{"delete", "-"}, stdin: full},
		{name: "delete what is not there", args: []string{"delete", "-"}, stdin: strings.Repeat("0", 32)},
		{name: "clearsessions", args: []string{"clearsessions"}},
		{name: "convert", args: []string{"convert"}},
		{name: "convert to pickle", args: []string{"convert", "--to", "pickle", "--django", "2.2"}},
		{name: "convert in no table", args: []string{"convert", "--table", "none"}},
		{name: "convert with another key", args: []string{"convert"}, env: map[string]string{console.EnvSecret: "hunter2"}},
		{name: "migrate", args: []string{"migrate", "--from", from, "--to", "files:" + t.TempDir(), "--journal", filepath.Join(t.TempDir(), "j")}},
		{name: "migrate to a place that is taken", args: []string{"migrate", "--from", from, "--to", taken, "--journal", filepath.Join(t.TempDir(), "j")}},
		{name: "migrate with another key", args: []string{"migrate", "--from", from, "--to", "files:" + t.TempDir(), "--journal", filepath.Join(t.TempDir(), "j")}, env: map[string]string{console.EnvSecret: "hunter2"}},
		{name: "migrate to nobody", args: []string{"migrate", "--from", from, "--journal", filepath.Join(t.TempDir(), "j")}, env: map[string]string{envTo: "cache+redis://:hunter2@127.0.0.1:1/0"}},
		{name: "a DSN of Redis that is none", args: []string{"list"}, env: map[string]string{envDSN: "redis://:hunter2@127.0.0.1:1/hunter2"}},
		{name: "a DSN of a cache that is none", args: []string{"list", "--dsn", "cache+redis://127.0.0.1:1/0?version=hunter2"}},
		{name: "explain", args: []string{"explain", payload}},
		{name: "explain in a header", args: []string{"explain", "Cookie: sessionid=" + payload + "; hunter2=hunter2"}},
		{name: "explain a part", args: []string{"explain", payload[:90]}},
		{name: "explain with another key", args: []string{"explain", payload}, env: map[string]string{console.EnvSecret: "hunter2"}},
		{name: "explain a key", args: []string{"explain", full}},
		{name: "explain anything", args: []string{"explain", "hunter2"}},
		{name: "decode with another key", args: []string{"decode", payload}, env: map[string]string{console.EnvSecret: "hunter2"}},
		{name: "decode a part", args: []string{"decode", payload[:90]}},
		{name: "decode lines with another key", args: []string{"decode", "--lines"}, stdin: payload + "\nhunter2\n", env: map[string]string{console.EnvSecret: "hunter2x"}},
		{name: "decode", args: []string{"decode", payload}, prints: true},
		{name: "encode", args: []string{"encode", `{"theme":"dark"}`}},
		{name: "encode what is no JSON", args: []string{"encode", `{"theme":dark}`}},
		{name: "encode what is no session", args: []string{"encode", `["dark"]`}},
		{name: "encode what is not tagged", args: []string{"encode", "--tagged", `{"dark":"dark"}`}},
		{name: "keys", args: []string{"keys"}, prints: true},
		{name: "keys from a file", args: []string{"keys", "--secret-file", secretFile}, prints: true},
		{name: "keys that are none", args: []string{"list", "--keys-file", secretFile}},
		{name: "keys in the environment that are none", args: []string{"list"}, env: map[string]string{console.EnvSecret: "", console.EnvKeys: "hunter2"}},
		{name: "demo", args: []string{"demo"}},
		{name: "a flag that there is not", args: []string{"list", "--secret=" + demoSecret}},
		{name: "a value where a command should be", args: []string{payload}},
		{name: "a key where a command should be", args: []string{full}},
		{name: "a value where a flag should be", args: []string{"decode", "-" + payload}},
		{name: "a DSN with a password", args: []string{"list"}, env: map[string]string{envDSN: "postgres://u:hunter2@127.0.0.1:1/x"}},
		{name: "a DSN with a password in a flag", args: []string{"list", "--dsn", "postgres://u:hunter2@127.0.0.1:1/x"}},
		{name: "a DSN that is none", args: []string{"list"}, env: map[string]string{envDSN: "mysql://u:hunter2@"}},
		{name: "a DSN of something else", args: []string{"list"}, env: map[string]string{envDSN: "oracle://u:hunter2@x"}},
		{name: "help for a value", args: []string{"help", payload}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("PATH", t.TempDir()) // the demo needs no Python
			c := newCLI(t)
			for name, value := range tt.env {
				c.env[name] = value
			}
			r := c.run(t, tt.stdin, tt.args...)
			out := r.stdout + r.stderr
			if out == "" {
				t.Error("got no output at all, so nothing was tested")
			}
			forbidden := keys
			if !tt.prints {
				forbidden = append(forbidden, values...)
			}
			for _, secret := range forbidden {
				if strings.Contains(out, secret) {
					t.Errorf("%q is in the output:\n%s", secret, out)
				}
			}
		})
	}
}

// storedPayload returns session_data of a row of the demo.
func storedPayload(t *testing.T, key string) (payload string) {
	t.Helper()
	db, err := sql.Open("sqlite", newCLI(t).env[envDSN])
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow("SELECT session_data FROM django_session WHERE session_key = ?", key).Scan(&payload); err != nil {
		t.Fatal(err)
	}
	return payload
}
