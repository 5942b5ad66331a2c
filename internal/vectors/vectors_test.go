package vectors_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/vectors"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

func shop(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("../../djsettings/testdata/shop.profile")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func check(t testing.TB, text string) *vectors.Report {
	t.Helper()
	set, err := djsettings.Read(strings.NewReader(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := vectors.Check(t.Context(), set, vectors.Options{
		CacheFormat: func(string) (serializer.Serializer, error) { return pickle.Serializer{}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// All examples that a Django made are what Go makes.
func TestCheck(t *testing.T) {
	r := check(t, shop(t))
	if err := r.Err(); err != nil || len(r.Skipped) > 0 {
		t.Errorf("faults: %v, skipped: %v", err, r.Skipped)
	}
	for _, rule := range []string{"session", "expiry", "session_cache_key", "cache_key", "cache_file", "cache_value", "auth_hash", "password", "user_id", "messages", "csrf_token"} {
		if r.Checked[rule] == 0 {
			t.Errorf("%s was not checked", rule)
		}
	}
	set, err := djsettings.Read(strings.NewReader("SECRET_KEY = 'k'\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := vectors.Check(t.Context(), set, vectors.Options{}); err != nil || len(r.Checked) > 0 {
		t.Errorf("without a profile: got %v, %v", r, err)
	}
}

// Each example with another input or output is a fault that names its rule, and quotes
// nothing.
func TestPlanted(t *testing.T) {
	text := shop(t)
	begin, end := strings.Index(text, "{"), strings.LastIndex(text, "}")
	planted := map[string]int{}
	for i := 0; ; i++ {
		var profile map[string]any
		dec := json.NewDecoder(strings.NewReader(text[begin : end+1]))
		dec.UseNumber()
		if err := dec.Decode(&profile); err != nil {
			t.Fatal(err)
		}
		list := profile["vectors"].([]any)
		if i == len(list) {
			break
		}
		v := list[i].(map[string]any)
		output, kind := v["output"].(string), v["kind"].(string)
		first := byte('0')
		if output[0] == '0' {
			first = '1'
		}
		v["output"] = string(first) + output[1:]
		changed, err := json.Marshal(profile)
		if err != nil {
			t.Fatal(err)
		}
		r := check(t, text[:begin]+string(changed)+text[end+1:])
		if len(r.Faults) != 1 || r.Faults[0].Rule != kind || strings.Contains(r.Err().Error(), output) {
			t.Errorf("%s: got %v", kind, r.Err())
			continue
		}
		planted[kind]++
	}
	if len(planted) < 10 {
		t.Errorf("only %v were planted", planted)
	}
}

// Settings that are not the site's are found by the rule that they break.
func TestOtherSettings(t *testing.T) {
	for _, tt := range []struct {
		name, rule string
		change     func(*djsettings.Settings)
	}{
		{"another prefix", "cache_key", func(s *djsettings.Settings) { s.Caches["default"].KeyPrefix = "other" }},
		{"another version", "cache_key", func(s *djsettings.Settings) { s.Caches["default"].Version = 2 }},
		{"no such cache", "cache_", func(s *djsettings.Settings) { delete(s.Caches, "other") }},
		{"another age", "expiry", func(s *djsettings.Settings) { s.Sessions.CookieAge *= 2 }},
		{"until the browser closes", "expiry", func(s *djsettings.Settings) { s.Sessions.ExpireAtBrowserClose = true }},
		{"another engine", "session_cache_key", func(s *djsettings.Settings) { s.Sessions.Kind = djsettings.EngineCache }},
		{"another cache", "cache_value", func(s *djsettings.Settings) { s.Caches["default"].Kind = djsettings.CacheFile }},
		{"another hash", "auth_hash", func(s *djsettings.Settings) { s.Profile.AuthHash.Message[1].Text = "/" }},
		{"a field less", "auth_hash", func(s *djsettings.Settings) { s.Profile.AuthHash.Message = s.Profile.AuthHash.Message[:3] }},
		{"no key", "auth_hash", func(s *djsettings.Settings) { s.Profile.AuthHash.Salt = "other" }},
		{"hashers without it", "password", func(s *djsettings.Settings) { s.Auth.PasswordHashers = s.Auth.PasswordHashers[1:] }},
		{"an unknown rule", `"tea"`, func(s *djsettings.Settings) { s.Profile.Vectors[0].Kind = "tea" }},
	} {
		set, err := djsettings.Read(strings.NewReader(shop(t)), nil)
		if err != nil {
			t.Fatal(err)
		}
		tt.change(set)
		r, err := vectors.Check(t.Context(), set, vectors.Options{CacheFormat: func(string) (serializer.Serializer, error) { return pickle.Serializer{}, nil }})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if len(r.Faults) == 0 {
			t.Errorf("%s: no fault", tt.name)
		}
		for _, f := range r.Faults {
			if !strings.HasPrefix(f.Rule, tt.rule) || f.Why == "" || f.Cure == "" {
				t.Errorf("%s: got %v", tt.name, f)
			}
		}
	}
}
