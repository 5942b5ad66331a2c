package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// hostile has one of each kind of text that affects a terminal: an escape, a title, C1,
// DEL, direction marks, separators, invisible characters, invalid UTF-8, a carriage return,
// and a line that looks like the command's own.
const hostile = "\x1b[31m\x1b]0;pwn\x07\u009b2J\x7f\u202e\u2066\u200f\u200e\u2028\u2029\ufeff\u00ad\U000e0001\xff\xc2\r\b\x00\ndjsession: forged\n"

// wantHarmless checks the output of a command. before names the command.
func wantHarmless(t *testing.T, before, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("%s: no UTF-8: %q", before, text)
	}
	for _, r := range text {
		if console.Harmful(r) {
			t.Errorf("%s: %U is in the output: %q", before, r, text)
			break
		}
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "djsession: forged") {
			t.Errorf("%s: a line is forged: %q", before, text)
		}
	}
}

// TestHarmless runs every command and kind of output with hostile text wherever text comes
// from outside.
func TestHarmless(t *testing.T) {
	dir := t.TempDir()
	quoted := strconv.Quote(strings.ToValidUTF8(hostile, "")) // Python reads it the same way, except Go's \U and \u
	settings := filepath.Join(dir, "evil.settings")
	text := "SETTINGS_MODULE = 'x'\nSECRET_KEY = '" + demoSecret + "'\nSESSION_ENGINE = 'django.contrib.sessions.backends.db'\n" +
		"DATABASES = {" + quoted + ": {'ENGINE': 'django.db.backends.postgresql', 'HOST': '127.0.0.1', 'PORT': '1', 'OPTIONS': {" + quoted + ": 1}}, 'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'nope' + " + "''" + ", 'OPTIONS': {" + quoted + ": 2}}}\n" +
		"INSTALLED_APPS = ['django.contrib.auth', " + quoted + "]\nMIDDLEWARE = [" + quoted + "]\nSIGNING_BACKEND = " + quoted + "\nCACHES = {'default': {'BACKEND': " + quoted + ", 'LOCATION': " + quoted + "}}\n" +
		"AUTHENTICATION_BACKENDS = [" + quoted + "]\nPASSWORD_HASHERS = [" + quoted + "]\nMESSAGE_STORAGE = " + quoted + "\nTIME_ZONE = " + quoted + "\nSESSION_SERIALIZER = " + quoted + "\n"
	text = strings.ReplaceAll(text, "'nope' + ''", quoted)
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("evil.settings", text)
	engine := write("engine.settings", strings.Replace(text, "'django.contrib.sessions.backends.db'", quoted, 1))

	data := serializer.NewDict(serializer.Item{Key: "_auth_user_id", Value: "1" + strings.ToValidUTF8(hostile, "")},
		serializer.Item{Key: "na" + strings.ToValidUTF8(hostile, ""), Value: "va" + strings.ToValidUTF8(hostile, "")})
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey(demoSecret)})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := site.Encode(data)
	if err != nil {
		t.Fatal(err)
	}
	base := newCLI(t)
	key := strings.Repeat("a", 32)
	sqlExec(t, "sqlite", base.env[envDSN], `INSERT INTO django_session VALUES ('`+key+`', '`+payload+`', '2099-01-01 00:00:00')`)
	evil := strings.NewReplacer("\x00", "", "'", "").Replace(hostile)
	sqlExec(t, "sqlite", base.env[envDSN], `INSERT INTO django_session VALUES ('`+evil+`', '`+evil+`', '2099-01-01 00:00:00')`)
	for _, tt := range []struct {
		stdin string
		args  []string
	}{
		{"", []string{"list", "--reveal"}}, {"", []string{"list", "--json", "--reveal"}}, {"", []string{"list"}},
		{"", []string{"show", "aaaaaaaa", "--reveal"}}, {"", []string{"show", "aaaaaaaa"}}, {"", []string{"show", "aaaaaaaa", "--json", "--reveal"}},
		{hostile, []string{"show", "-"}}, {"", []string{"show", hostile}}, {"", []string{"set", key, hostile, "1"}}, {"", []string{"set", "aaaaaaaa", hostile, hostile}},
		{"", []string{"unset", "aaaaaaaa", hostile}}, {"", []string{"delete", hostile}},
		{"", []string{"explain", payload, "--reveal"}}, {"", []string{"explain", payload}}, {"", []string{"explain", hostile}}, {"", []string{"explain", "Cookie: " + hostile + "=" + payload}},
		{"", []string{"decode", payload}}, {"", []string{"decode", payload, "--tagged"}}, {payload + "\n" + hostile, []string{"decode", "--lines"}}, {"", []string{"decode", hostile}},
		{"", []string{"encode", `{"a": "` + strings.NewReplacer("\x00", "", "\n", "", "\r", "", "\b", "").Replace(hostile) + `"}`}}, {"", []string{"encode", hostile}},
		{"", []string{"convert", "--to", "json"}}, {"", []string{"clearsessions"}}, {"", []string{"keys"}}, {"", []string{"engines"}},
		{"", []string{"list", "--settings", settings}}, {"", []string{"show", "aaaaaaaa", "--settings", settings}}, {"", []string{"clearsessions", "--settings", settings}},
		{"", []string{"keys", "--settings", settings}}, {"", []string{"convert", "--settings", settings}}, {"", []string{"doctor", "--settings", settings}},
		{"", []string{"list", "--settings", engine}}, {"", []string{"doctor", "--settings", engine}}, {"", []string{"list", "--settings", filepath.Join(dir, hostile)}},
		{"", []string{"list", "--dsn", "sqlite:" + filepath.Join(dir, "x"+hostile)}}, {"", []string{"list", "--dsn", "files:" + filepath.Join(dir, "x"+hostile)}},
		{"", []string{"list", "--table", hostile}}, {"", []string{"list", "--django", hostile}}, {"", []string{"list", "--salt", hostile}}, {"", []string{"list", "--" + hostile}},
		{"", []string{"list", "--secret-file", hostile}}, {"", []string{"list", "--time-zone", hostile}}, {"", []string{"help", hostile}}, {"", []string{hostile}},
		{"", []string{"doctor", "--settings", write("broken.settings", "A = "+quoted+"\n"+hostile)}}, {"", []string{"list", "--manage", dir + hostile}},
		{"", []string{"migrate", "--from", base.env[envDSN], "--to", "files:" + filepath.Join(dir, "y"+hostile), "--journal", filepath.Join(dir, "j"+hostile)}},
		{"", []string{"__complete", "list", "--" + hostile}},
	} {
		args := make([]string, len(tt.args))
		for i, arg := range tt.args {
			args[i] = strings.ReplaceAll(arg, "\x00", "")
		}
		c := &cli{env: base.env}
		r := c.run(t, tt.stdin, args...)
		wantHarmless(t, strings.Join(tt.args[:min(2, len(tt.args))], " "), r.stdout+"\n"+r.stderr)
		if r.stdout+r.stderr == "" {
			t.Errorf("%q: nothing was printed, so nothing was tested", tt.args)
		}
	}
}
