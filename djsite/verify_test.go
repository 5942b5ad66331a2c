package djsite_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/signer"
)

// shopProfile is a profile that a real Django made, of servers that are not there.
func shopProfile(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("../djsettings/testdata/shop.profile")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Each example of a profile that does not fit keeps Open from opening, by the name of its
// rule, before any server is asked.
func TestProfileVerified(t *testing.T) {
	text := shopProfile(t)
	open := func(text []byte, change func(*djsettings.Settings)) error {
		set, err := djsettings.Read(bytes.NewReader(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		if change != nil {
			change(set)
		}
		site, err := djsite.Open(t.Context(), set, nil)
		if err == nil {
			site.Close()
		}
		return err
	}
	if err := open(text, nil); errors.Is(err, djsite.ErrProfile) || !errors.Is(err, djsite.ErrUnavailable) {
		t.Errorf("the profile as it is: got %v, want ErrUnavailable", err)
	}

	begin, end := bytes.IndexByte(text, '{'), bytes.LastIndexByte(text, '}')
	rules, planted := map[string]bool{}, 0
	for i := 0; ; i++ {
		var profile map[string]any
		dec := json.NewDecoder(bytes.NewReader(text[begin : end+1]))
		dec.UseNumber()
		if err := dec.Decode(&profile); err != nil {
			t.Fatal(err)
		}
		list := profile["vectors"].([]any)
		if i == len(list) {
			break
		}
		v := list[i].(map[string]any)
		output, rule := v["output"].(string), v["kind"].(string)
		v["output"] = strings.Map(func(c rune) rune { // as by another key, prefix or number
			switch {
			case c >= '0' && c <= '8', c >= 'a' && c <= 'e':
				return c + 1
			}
			return c
		}, output)
		if v["output"] == output {
			v["output"] = output + "x"
		}
		changed, err := json.Marshal(profile)
		if err != nil {
			t.Fatal(err)
		}
		err = open(fmt.Appendf(bytes.Clone(text[:begin]), "%s%s", changed, text[end+1:]), nil)
		if !errors.Is(err, djsite.ErrProfile) || !strings.Contains(err.Error(), "example of "+rule) {
			t.Errorf("an example of %s: got %v", rule, err)
		}
		rules[rule], planted = true, planted+1
	}
	for name, change := range map[string]func(*djsettings.Settings){
		"session":           func(s *djsettings.Settings) { s.Keys = signer.SecretKey("another key of the site, 0123456789") },
		"auth_hash":         func(s *djsettings.Settings) { s.Profile.AuthHash.Salt = "another" },
		"cache_key":         func(s *djsettings.Settings) { s.Caches["default"].KeyPrefix = "another" },
		"session_cache_key": func(s *djsettings.Settings) { s.Sessions.CacheKeyPrefix = "another" },
		"expiry":            func(s *djsettings.Settings) { s.Sessions.CookieAge /= 2 },
		"password":          func(s *djsettings.Settings) { s.Auth.PasswordHashers = s.Auth.PasswordHashers[1:] },
		"tea":               func(s *djsettings.Settings) { s.Profile.Vectors[0].Kind = "tea" },
	} {
		if err := open(text, change); !errors.Is(err, djsite.ErrProfile) || !strings.Contains(err.Error(), name) {
			t.Errorf("settings that break %s: got %v", name, err)
		}
		planted++
	}
	t.Logf("%d disagreements were planted, of %d rules", planted, len(rules))
	if planted < 25 || len(rules) < 10 {
		t.Errorf("%d disagreements of %d rules were planted", planted, len(rules))
	}
}

// A profile whose examples fit, while the stored sessions are of another key, is too old.
func TestStoredSample(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python some times")
	}
	dir, python := django.Project(t, "5.2", `import os
SECRET_KEY = "sample-0123456789-0123456789-0123456789"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(os.path.dirname(os.path.abspath(__file__)), "db.sqlite3")}}
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"]
USE_TZ = True
`)
	django.Manage(t, dir, python, "migrate", "-v", "0")
	set, err := djsettings.FromManage(t.Context(), dir, &djsettings.ManageOptions{Python: python})
	if err != nil {
		t.Fatal(err)
	}
	if set.Profile == nil {
		t.Fatal("there is no profile")
	}
	// fill stores sessions by this key.
	fill := func(keys signer.Keys, n int) {
		other := *set
		other.Profile, other.Keys = nil, keys
		site, err := djsite.Open(t.Context(), &other, &djsite.Options{SessionsOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		defer site.Close()
		for range n {
			s, err := site.Sessions.Open(t.Context(), "")
			if err == nil {
				err = errors.Join(s.Set("n", 1), s.Save(t.Context()))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	open := func() (warned bool, err error) {
		site, err := djsite.Open(t.Context(), set, nil)
		if err != nil {
			return false, err
		}
		defer site.Close()
		for _, w := range site.Warnings {
			warned = warned || w.Setting == "profile"
		}
		return warned, nil
	}
	old := signer.SecretKey("an older key, 0123456789-0123456789-012345")
	for _, step := range []struct {
		name   string
		keys   signer.Keys
		n      int
		warned bool
		err    error
	}{
		{"none", old, 0, false, nil},
		{"a few of an older key", old, 2, true, nil},
		{"many of an older key", old, 6, false, djsite.ErrProfile},
		{"one of the site's", set.Keys, 1, false, nil},
	} {
		fill(step.keys, step.n)
		warned, err := open()
		if !errors.Is(err, step.err) || (err == nil) != (step.err == nil) || warned != step.warned {
			t.Errorf("%s: got %v, warned %v", step.name, err, warned)
		}
	}
}
