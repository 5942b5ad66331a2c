package djsettings

import (
	"fmt"
	"slices"
	"strings"
)

// derive looks at the ancestors of a class that the settings name, as the profile says. base
// is the first one that as knows, by the name that as gives it. own are the methods that
// matter which classes before it define, each with its class.
func (r *reader) derive(path string, as func(class string) (string, bool)) (base string, own []string) {
	p := r.doc.profile
	if p == nil || p.Ancestry[path] == nil {
		return "", nil
	}
	a := p.Ancestry[path]
	for i, class := range a.Names {
		name, ok := as(class)
		if !ok {
			continue
		}
		for method, by := range a.Methods {
			if at := slices.Index(a.Names, by); at >= 0 && at < i {
				own = append(own, method)
			}
		}
		slices.Sort(own)
		return name, own
	}
	return "", nil
}

// without returns the methods that are not in harmless.
func without(own []string, harmless string) (rest []string) {
	for _, name := range own {
		if !slices.Contains(strings.Fields(harmless), name) {
			rest = append(rest, name)
		}
	}
	return rest
}

// derivedEngine finds the ENGINE from which the site's own derives.
func (r *reader) derivedEngine(db *Database) (d derived, ok bool) {
	base, own := r.derive(db.Engine, func(class string) (string, bool) {
		engine, found := strings.CutSuffix(class, ".base.DatabaseWrapper")
		_, known := databaseEngines[engine]
		return engine, found && known
	})
	if base == "" {
		return d, false
	}
	if len(own) > 0 {
		r.warn("DATABASES", "database %q: %s derives from %s, and has %s of its own, which Go does not run.", db.Alias, db.Engine, base, strings.Join(own, ", "))
	}
	return databaseEngines[base], true
}

// derivedCache finds the cache from which the site's own derives. What writes keys or values
// must be the base's.
func (r *reader) derivedCache(c *Cache) (CacheKind, error) {
	base, own := r.derive(c.Backend, func(class string) (string, bool) {
		if of, ok := derivedCaches[class]; ok {
			return string(of), true
		}
		return class, cacheKinds[CacheKind(class)]
	})
	switch rest := without(own, "__init__ get_many set_many incr validate_key"); {
	case base == "":
		return "", nil
	case len(rest) > 0:
		return "", fmt.Errorf("%w: CACHES[%q] has the BACKEND %s, which derives from %s and has %s of its own: if they store the same, say so in Options.Backends",
			ErrUnsupported, c.Alias, c.Backend, base, strings.Join(rest, ", "))
	case len(own) > 0:
		r.warn("CACHES", "cache %q: %s derives from %s, and has %s of its own, which Go does not run.", c.Alias, c.Backend, base, strings.Join(own, ", "))
	}
	return CacheKind(base), nil
}

// derivedStore finds the engine from which the site's own derives, and takes from the
// profile what differs: the class in the salt, the table and the prefix of cache keys.
func (r *reader) derivedStore(s *SessionSettings) {
	base, own := r.derive(s.Engine, func(class string) (string, bool) {
		engine, found := strings.CutSuffix(class, ".SessionStore")
		return engine, found && engines[EngineKind(engine)]
	})
	rest := without(own, "__init__ get_model_class model cache_key_prefix key_salt clear_expired _get_new_session_key get_new_session_key _validate_session_key")
	switch {
	case base == "":
		return
	case len(rest) > 0:
		r.warn("SESSION_ENGINE", "%s derives from %s, and has %s of its own: if they store the same, say so in Options.Engines.", s.Engine, base, strings.Join(rest, ", "))
		return
	}
	p := r.doc.profile.Session
	if p == nil || p.Engine != s.Engine {
		r.warn("SESSION_ENGINE", "%s derives from %s, and the profile does not say how it differs: give it in Options.Engines.", s.Engine, base)
		return
	}
	if salt := "django.contrib.sessions." + p.Name; p.KeySalt != "" && p.KeySalt != salt {
		r.warn("SESSION_ENGINE", "%s derives from %s, and has a key_salt of its own.", s.Engine, base)
		return
	}
	s.Kind = EngineKind(base)
	s.StoreClass, s.CacheKeyPrefix = p.Name, p.CacheKeyPrefix
	if s.Kind.HasTable() {
		s.Table = p.Table
	}
}

// jsonSerializers are Django's own.
var jsonSerializers = []string{"django.core.signing.JSONSerializer", "django.contrib.sessions.serializers.JSONSerializer"}

// derivedSerializer returns the serializer of Django's that does what the one at path does:
// one of its ancestors, if no method in between matters.
func (s *Settings) derivedSerializer(path string) string {
	r := &reader{doc: s.doc, set: s, opts: s.opts.orZero()}
	base, own := r.derive(path, func(class string) (string, bool) { return class, slices.Contains(jsonSerializers, class) })
	if base == "" || len(own) > 0 {
		return path
	}
	return base
}

// derives reports whether the profile says that the class at path derives from one of these.
func (r *reader) derives(path string, from []string) bool {
	base, _ := r.derive(path, func(class string) (string, bool) { return class, slices.Contains(from, class) })
	return base != ""
}

// derivedMiddleware returns the middleware of Django's that does what the one at path does.
func (s *Settings) derivedMiddleware(path string) string {
	r := &reader{doc: s.doc, set: s, opts: s.opts.orZero()}
	base, own := r.derive(path, func(class string) (string, bool) {
		return class, slices.Contains(slices.Concat(sessionsOf, csrfOf, authOf, messagesOf), class)
	})
	if base == "" || len(own) > 0 {
		return path
	}
	return base
}
