package djsettings_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/signer"
)

const (
	beginMark = "-----BEGIN DJSESSION PROFILE-----"
	endMark   = "-----END DJSESSION PROFILE-----"
)

// shop returns testdata/shop.profile, which the probe wrote on Django 5.2.
func shop(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("testdata/shop.profile")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A profile fills the settings as diffsettings does, and tells of the code as well.
func TestProfile(t *testing.T) {
	set, err := djsettings.Read(strings.NewReader(shop(t)), nil)
	if err != nil {
		t.Fatal(err)
	}
	p := set.Profile
	for _, tt := range []struct {
		name      string
		got, want any
	}{
		{"Django", set.Django.String(), "5.2"},
		{"sure", set.DjangoSure, true},
		{"engine", set.Sessions.Kind, djsettings.EngineCachedDB},
		{"age", set.Sessions.CookieAge.String(), "168h0m0s"},
		{"password", set.Databases["default"].Password.Reveal(), "example password"},
		{"prefix", set.Caches["default"].KeyPrefix, "shop"},
		{"path", set.Caches["other"].Locations[0].Reveal(), "/var/cache/shop"},
		{"timeout", set.Caches["other"].Options.Names() == nil, true},
		{"login", set.Auth.LoginURL, "/in/"},
		{"middleware", len(set.Middleware), 5},
		{"module", p.Module, "shop.settings"},
		{"driver", p.Databases["default"].Driver.Library, "libpq"},
		{"params", p.Databases["default"].Params.Text("dbname"), "shop"},
		{"csrf", p.Ancestry["accounts.middleware.Csrf"].Is("django.middleware.csrf.CsrfViewMiddleware"), true},
		{"function", p.Ancestry["accounts.middleware.seen"].Function, true},
		{"method", p.Ancestry["accounts.backends.EmailBackend"].Methods["authenticate"], "accounts.backends.EmailBackend"},
		{"table", p.Session.Table, "django_session"},
		{"column", p.Users.Fields["email"].Column, "mail"},
		{"active", p.Users.Flags["is_active"].Is, djsettings.FlagCode},
		{"reads", fmt.Sprint(p.Users.Flags["is_active"].Reads), "[status]"},
		{"banned", p.Users.Flags["is_active"].Answers[2].Answer, false},
		{"banned value", p.Users.Flags["is_active"].Answers[2].Values[0].Any(), any("banned")},
		{"filter", p.Users.Queries.ByPK[0].Where.And[0].Column, "deleted"},
		{"filter value", p.Users.Queries.ByPK[0].Where.And[0].Value.Any(), any(false)},
		{"lookup", p.Users.Queries.ByName[0].Where.And[1].Lookup, "iexact"},
		{"change", p.Users.Queries.Authenticate["accounts.backends.EmailBackend"][0].Where.And[1].Change, "lower"},
		{"salt", p.AuthHash.Salt, "accounts.hash"},
		{"message", fmt.Sprint(p.AuthHash.Message), "[{password  } { | } {email  } {token  }]"},
		{"missing", len(p.Missing), 0},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, tt.got, tt.want)
		}
	}
	if len(set.Warnings) > 0 {
		t.Errorf("warnings: %v", set.Warnings)
	}
	// The keys are those of SECRET_KEY and its fallback, without them.
	whole := signer.SecretKey("an example, and no secret", "an older one")
	for _, salt := range []string{"django.contrib.sessions.SessionStoresigner", "accounts.hash"} {
		want, err := whole.Derive(salt, signer.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		got, err := set.Keys.Derive(salt, signer.SHA256)
		if err != nil || len(got) != 2 || string(got[0].Key()) != string(want[0].Key()) || string(got[1].Key()) != string(want[1].Key()) {
			t.Errorf("%s: other keys (%v)", salt, err)
		}
	}
	if _, err := set.Keys.Derive("django.core.signing.Signersigner", signer.SHA256); !errors.Is(err, signer.ErrNoKey) {
		t.Errorf("a key that no part needs: got %v", err)
	}
	if strings.Contains(shop(t), "an example, and no secret") {
		t.Error("SECRET_KEY stands in the profile")
	}
	if _, err := set.Session(); err != nil {
		t.Error(err)
	}
}

// Terminals, shells and sites add to a profile. Nothing of it matters.
func TestProfileNoise(t *testing.T) {
	text := shop(t)
	utf16 := []byte{0xff, 0xfe}
	for _, c := range []byte(text) {
		utf16 = append(utf16, c, 0)
	}
	for name, in := range map[string]string{
		"a banner":         "12 objects imported automatically\nUse -v 2\n" + text,
		"a prompt":         ">>> ... ... " + text + "\n>>> \n",
		"CR LF":            strings.ReplaceAll(text, "\n", "\r\n"),
		"settings printed": "DEBUG = True\n" + text,
		"UTF-16":           string(utf16),
		"more after it":    text + "Exception ignored in: <_io.TextIOWrapper>\n",
	} {
		if set, err := djsettings.Read(strings.NewReader(in), nil); err != nil || set.Profile == nil {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// What is not as the probe wrote it is an error that says so. None quotes the input.
func TestProfileRefused(t *testing.T) {
	text := shop(t)
	edit := func(old, new string) string {
		t.Helper()
		if !strings.Contains(text, old) {
			t.Fatalf("there is no %s", old)
		}
		return strings.Replace(text, old, new, 1)
	}
	for _, tt := range []struct{ name, in, says string }{
		{"another version", edit(`"djsession-profile": 1`, `"djsession-profile": 2`), "another version"},
		{"no version", edit(`"djsession-profile": 1,`, ``), "damaged"},
		{"version as a text", edit(`"djsession-profile": 1`, `"djsession-profile": "canary"`), "damaged"},
		{"cut short", text[:len(text)/2], "cut short"},
		{"without its last line", strings.TrimSuffix(strings.TrimRight(text, "\n"), endMark), "cut short"},
		{"without its first line", strings.TrimPrefix(text, beginMark), "beginning is missing"},
		{"bare JSON", strings.TrimSuffix(strings.TrimSpace(strings.TrimPrefix(text, beginMark)), endMark), "marks are missing"},
		{"two halves", text[:len(text)/2] + "\n" + text, "two beginnings"},
		{"a hole", strings.Replace(text, "\"ancestry\": {", "\"ancest {", 1), "damaged"},
		{"nothing between the marks", beginMark + "\n" + endMark, "damaged"},
		{"a list", beginMark + "[1]" + endMark, "damaged"},
		{"a new part", edit(`"djsession-profile": 1`, `"djsession-profile": 1, "canary": 1`), "edited"},
		{"a text for a number", edit(`"null": false`, `"null": "canary"`), `"users"`},
		{"an unknown type", edit(`"$path"`, `"$canary"`), "edited"},
		{"a key of the wrong length", edit(`"keys": [`, `"keys": ["ab", `), "wrong length"},
		{"a key that is none", edit(`"keys": [`, `"keys": ["canary", `), "not hexadecimal"},
		{"an unknown algorithm", edit(`"algorithm": "sha256",
    "key_salt"`, `"algorithm": "canary",
    "key_salt"`), "algorithm"},
		{"no flag", edit(`"is_staff": {
    "answers"`, `"is_canary": {
    "answers"`), `"users"`},
		{"no settings", edit(`"settings": {`, `"settings": null, "ancestry": {`), "edited"},
		{"a variable of the system", edit(`"PASSWORD": "example password"`, `"PASSWORD": {"env": "PATH"}`), "DJSESSION_"},
		{"a variable in disguise", edit(`"PASSWORD": "example password"`, `"PASSWORD": {"env": "DJSESSION_X\u0000PATH"}`), "DJSESSION_"},
		{"a variable in an option", edit(`"password": "example password"`, `"password": {"env": "HOME"}`), "DJSESSION_"},
		{"a variable in a list", edit(`"shop.example"`, `{"env": "HOME"}`), "DJSESSION_"},
		{"a variable that is not set", edit(`"PASSWORD": "example password"`, `"PASSWORD": {"env": "DJSESSION_NONE"}`), "DJSESSION_NONE, which is not set"},
		{"no date", edit(`"made": "`, `"made": "canary`), "no date"},
		{"no Django", edit(`"django": "5.2.`, `"django": "canary5.2.`), "Django"},
		{"deep", edit(`"shop.example"`, strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)), "damaged"},
		{"less deep", edit(`"shop.example"`, strings.Repeat("[", 5_000)+strings.Repeat("]", 5_000)), "edited"},
	} {
		_, err := djsettings.Read(strings.NewReader(tt.in), &djsettings.Options{Env: func(string) (string, bool) { return "", false }})
		if !errors.Is(err, djsettings.ErrProfile) || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.says)
		}
	}
	if _, err := djsettings.Read(strings.NewReader(text), &djsettings.Options{MaxSize: 1000}); !errors.Is(err, djsettings.ErrTooLarge) {
		t.Errorf("too large: got %v", err)
	}
}

// A password may be in a variable, also where the driver gets it.
func TestProfileVariable(t *testing.T) {
	text := strings.ReplaceAll(shop(t), `"example password"`, `{"env": "DJSESSION_DATABASE_DEFAULT_PASSWORD"}`)
	set, err := djsettings.Read(strings.NewReader(text), &djsettings.Options{Env: func(name string) (string, bool) {
		return "of " + name, name == "DJSESSION_DATABASE_DEFAULT_PASSWORD"
	}})
	if err != nil {
		t.Fatal(err)
	}
	const want = "of DJSESSION_DATABASE_DEFAULT_PASSWORD"
	if got := set.Databases["default"].Password.Reveal(); got != want {
		t.Errorf("got %q", got)
	}
	if got := set.Profile.Databases["default"].Params.Text("password"); got != want {
		t.Errorf("got %q", got)
	}
}

// A file that others may read is refused, if it is a profile.
func TestProfileFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no such mode")
	}
	name := filepath.Join(t.TempDir(), "site.profile")
	writeFile(t, name, shop(t))
	for mode, good := range map[os.FileMode]bool{0o600: true, 0o400: true, 0o640: true, 0o644: false, 0o604: false, 0o602: false, 0o777: false} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
		_, err := djsettings.ReadFile(name, nil)
		if good && err != nil || !good && (!errors.Is(err, djsettings.ErrProfile) || !strings.Contains(err.Error(), "chmod 600")) {
			t.Errorf("%o: got %v", mode, err)
		}
	}
	writeFile(t, name, "SECRET_KEY = 'x'\n")
	if err := os.Chmod(name, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := djsettings.ReadFile(name, nil); err != nil {
		t.Errorf("settings of diffsettings: %v", err)
	}
}
