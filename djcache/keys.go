package djcache

import (
	"strconv"
	"strings"
)

// Keys are the settings of CACHES that make up a key. The zero value is Django's default.
type Keys struct {
	// Prefix is KEY_PREFIX; default none.
	Prefix string
	// Version is VERSION; nil means 1.
	Version *int
	// Function is KEY_FUNCTION; nil means Django's, prefix:version:name.
	Function func(name, prefix string, version int) string
	// Reverse undoes Function. It is needed only for listing: it returns the name and
	// whether key belongs to this cache. django-redis calls it REVERSE_KEY_FUNCTION.
	Reverse func(key string) (name string, ok bool)
}

func (k Keys) version() int {
	if k.Version == nil {
		return 1
	}
	return *k.Version
}

// Key is BaseCache.make_key: it returns the key of name on the server.
func (k Keys) Key(name string) string {
	if k.Function != nil {
		return k.Function(name, k.Prefix, k.version())
	}
	return k.head() + name
}

func (k Keys) head() string { return k.Prefix + ":" + strconv.Itoa(k.version()) + ":" }

// Name is the reverse of [Keys.Key]. ok is false for a key that another prefix or version made,
// and for all keys if there is a [Keys.Function] without a [Keys.Reverse].
func (k Keys) Name(key string) (name string, ok bool) {
	switch {
	case k.Reverse != nil:
		return k.Reverse(key)
	case k.Function != nil:
		return "", false
	}
	return strings.CutPrefix(key, k.head())
}

// CanList reports whether [Keys.Name] can return names.
func (k Keys) CanList() bool { return k.Function == nil || k.Reverse != nil }
