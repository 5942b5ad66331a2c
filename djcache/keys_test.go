package djcache

import "testing"

// What django.core.cache.backends.base.default_key_func makes.
func TestKeys(t *testing.T) {
	three, zero := 3, 0
	for _, test := range []struct {
		why  string
		keys Keys
		key  string
	}{
		{"the defaults, whose empty prefix leaves a colon", Keys{}, ":1:django.contrib.sessions.cacheabc"},
		{"a prefix and a version", Keys{Prefix: "site", Version: &three}, "site:3:django.contrib.sessions.cacheabc"},
		{"a prefix with colons in it", Keys{Prefix: "a:1:b"}, "a:1:b:1:django.contrib.sessions.cacheabc"},
		{"version 0, which is no default", Keys{Version: &zero}, ":0:django.contrib.sessions.cacheabc"},
	} {
		const name = "django.contrib.sessions.cacheabc"
		got := test.keys.Key(name)
		if got != test.key {
			t.Errorf("%s: Key = %q, want %q", test.why, got, test.key)
		}
		if back, ok := test.keys.Name(got); back != name || !ok {
			t.Errorf("%s: Name = %q, %v, want %q, true", test.why, back, ok, name)
		}
		if _, ok := test.keys.Name("other:9:" + name); ok {
			t.Errorf("%s: Name takes a key of another prefix", test.why)
		}
	}
}

func TestKeyFunction(t *testing.T) {
	k := Keys{Prefix: "p", Function: func(name, prefix string, version int) string { return prefix + "/" + name }}
	if got := k.Key("n"); got != "p/n" {
		t.Errorf("Key = %q, want p/n", got)
	}
	if _, ok := k.Name("p/n"); ok || k.CanList() {
		t.Error("a function that nothing undoes is undone")
	}
	k.Reverse = func(key string) (string, bool) { return key[2:], true }
	if name, ok := k.Name("p/n"); name != "n" || !ok || !k.CanList() {
		t.Errorf("Name = %q, %v, want n, true", name, ok)
	}
}
