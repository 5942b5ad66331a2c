package djsettings

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// As says what something of the site's own does as. own is its dotted path in the
// settings; what is one of these:
//
//	django.contrib.sessions.backends.db       an engine; ,class=NAME, ,table=TABLE and
//	                                          ,prefix=PREFIX may follow: see [CustomEngine]
//	django_redis.cache.RedisCache             a cache
//	django.db.backends.postgresql             a database
//	django.middleware.csrf.CsrfViewMiddleware a middleware; "nothing" is one that does
//	                                          nothing to sessions, logins and cookies
//	auth.User                                 an AUTH_USER_MODEL: see [Options].UserModels
//	json, pickle                              a serializer of sessions that writes what
//	                                          Django's own would write
//	{prefix}:{version}:{key}                  a KEY_FUNCTION, as a text with these names
//
// Errors: [ErrUnsupported] for anything else.
func (o *Options) As(own, what string) error {
	base, rest, _ := strings.Cut(what, ",")
	switch {
	case own == "":
		return fmt.Errorf("%w: it has no dotted path", ErrUnsupported)
	case strings.Contains(what, "{key}"):
		put(&o.KeyFunctions, own, keyTemplate(what))
	case engines[EngineKind(base)]:
		engine := CustomEngine{Base: base}
		for pair := range strings.SplitSeq(rest, ",") {
			switch name, value, _ := strings.Cut(pair, "="); name {
			case "":
			case "class":
				engine.StoreClass = value
			case "table":
				engine.Table = value
			case "prefix":
				engine.CacheKeyPrefix = value
			default:
				return fmt.Errorf("%w: an engine has class, table and prefix", ErrUnsupported)
			}
		}
		put(&o.Engines, own, engine)
	case cacheKinds[CacheKind(what)] || derivedCaches[what] != "":
		put(&o.Backends, own, what)
	case databaseEngines[what].kind != "":
		put(&o.Databases, own, what)
	case strings.EqualFold(what, authUser):
		put(&o.UserModels, own, authUser)
	case what == "json":
		put(&o.Serializers, own, serializer.Serializer(serializer.JSON{}))
	case what == "pickle":
		put(&o.Serializers, own, serializer.Serializer(pickle.Serializer{}))
	case what == "nothing":
		put(&o.Middleware, own, "")
	case slices.Contains(slices.Concat(sessionsOf, csrfOf, authOf, messagesOf), what), strings.HasPrefix(what, "django.middleware."):
		put(&o.Middleware, own, what)
	default:
		return fmt.Errorf("%w: nothing is known by this name", ErrUnsupported)
	}
	return nil
}

// put sets a value in a copy of the map: the caller's maps may be shared.
func put[V any](m *map[string]V, key string, v V) {
	c := maps.Clone(*m)
	if c == nil {
		c = map[string]V{}
	}
	c[key] = v
	*m = c
}

// keyTemplate is a KEY_FUNCTION that puts the key, the prefix and the version into a text.
func keyTemplate(text string) KeyFunction {
	fill := func(name, prefix string, version int) string {
		return strings.NewReplacer("{key}", name, "{prefix}", prefix, "{version}", strconv.Itoa(version)).Replace(text)
	}
	return KeyFunction{Key: fill}
}
