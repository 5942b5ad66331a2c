package djsettings

import (
	"errors"
	"strings"
	"testing"
)

// withProfile reads settings of a site whose profile has these classes.
func withProfile(t *testing.T, text string, p *Profile) *Settings {
	t.Helper()
	doc, err := parseText("SECRET_KEY = 'k'\n" + text + "\n")
	if err != nil {
		t.Fatal(err)
	}
	doc.profile = p
	set, err := newSettings(doc, (&Options{Django: "5.2"}).orZero())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// class is the ancestry of app.Own, which derives from base and defines these methods.
func class(name, base string, methods ...string) map[string]*Ancestry {
	a := &Ancestry{Class: name, Names: []string{name, base}, Methods: map[string]string{"inherited": base}}
	for _, m := range methods {
		a.Methods[m] = name
	}
	return map[string]*Ancestry{name: a}
}

// TestAncestry: a derived class is what its ancestors say, unless it changes a method that
// matters.
func TestAncestry(t *testing.T) {
	const (
		redis = "django.core.cache.backends.redis.RedisCache"
		table = "django.contrib.sessions.backends.db"
	)
	cache := func(methods ...string) *Cache {
		return withProfile(t, "CACHES = {'default': {'BACKEND': 'app.Cache', 'LOCATION': 'redis://a,redis://b'}}",
			&Profile{Ancestry: class("app.Cache", redis, methods...)}).Caches["default"]
	}
	if c := cache(); c.Kind != CacheRedis || c.Err() != nil || len(c.Locations) != 2 {
		t.Errorf("a cache: got %q, %v, %d locations", c.Kind, c.Err(), len(c.Locations))
	}
	if c := cache("__init__"); c.Kind != CacheRedis || c.Err() != nil {
		t.Errorf("a cache with an __init__: got %q, %v", c.Kind, c.Err())
	}
	if c := cache("make_key"); c.Kind != "" || !errors.Is(c.Err(), ErrUnsupported) || !strings.Contains(c.Err().Error(), "make_key") {
		t.Errorf("a cache with make_key: got %q, %v", c.Kind, c.Err())
	}

	set := withProfile(t, "DATABASES = {'default': {'ENGINE': 'app.db', 'NAME': 'n'}}", &Profile{Ancestry: map[string]*Ancestry{"app.db": {
		Names: []string{"app.db.base.DatabaseWrapper", "django.db.backends.postgresql.base.DatabaseWrapper"}, Methods: map[string]string{"init_connection_state": "app.db.base.DatabaseWrapper"},
	}}})
	if db := set.Databases["default"]; db.Kind != PostgreSQL || !warns(set, "init_connection_state") {
		t.Errorf("a database: got %q, %v", db.Kind, set.Warnings)
	}

	store := func(session *ProfileSession, methods ...string) *Settings {
		a := class("app.engine.SessionStore", table+".SessionStore", methods...)["app.engine.SessionStore"]
		return withProfile(t, "SESSION_ENGINE = 'app.engine'", &Profile{Ancestry: map[string]*Ancestry{"app.engine": a}, Session: session})
	}
	own := &ProfileSession{Engine: "app.engine", Name: "OwnStore", KeySalt: "django.contrib.sessions.OwnStore", Table: "own_table"}
	if s := store(own, "get_model_class").Sessions; s.Kind != EngineDB || s.StoreClass != "OwnStore" || s.Table != "own_table" {
		t.Errorf("an engine: got %+v", s)
	}
	if set := store(own, "encode"); set.Sessions.Kind != "" || !warns(set, "encode") {
		t.Errorf("an engine with encode: got %q, %v", set.Sessions.Kind, set.Warnings)
	}
	if set := store(nil); set.Sessions.Kind != "" || !warns(set, "SESSION_ENGINE") {
		t.Errorf("an engine of which nothing is known: got %q, %v", set.Sessions.Kind, set.Warnings)
	}
	salted := *own
	salted.KeySalt = "own.salt"
	if set := store(&salted); set.Sessions.Kind != "" || !warns(set, "key_salt") {
		t.Errorf("an engine with a salt: got %q, %v", set.Sessions.Kind, set.Warnings)
	}

	for _, tt := range []struct {
		methods []string
		fine    bool
	}{{nil, true}, {[]string{"dumps"}, false}} {
		set := withProfile(t, "SESSION_SERIALIZER = 'app.JSON'", &Profile{Ancestry: class("app.JSON", jsonSerializers[0], tt.methods...)})
		if _, err := set.Session(); (err == nil) != tt.fine {
			t.Errorf("a serializer with %v: got error %v", tt.methods, err)
		}
	}

	for _, tt := range []struct {
		name    string
		methods []string
		own     string
	}{{"app.Guard", nil, ""}, {"app.Guard", []string{"process_view"}, "app.Guard"}, {"app.CsrfViewMiddleware", nil, ""}} {
		set := withProfile(t, "MIDDLEWARE = ['"+tt.name+"']", &Profile{Ancestry: class(tt.name, csrfOf[0], tt.methods...)})
		if !set.CSRF.Enabled || set.CSRF.OwnMiddleware != tt.own {
			t.Errorf("%s with %v: got %v, %q", tt.name, tt.methods, set.CSRF.Enabled, set.CSRF.OwnMiddleware)
		}
	}
}

func warns(s *Settings, what string) bool {
	for _, w := range s.Warnings {
		if strings.Contains(w.String(), what) {
			return true
		}
	}
	return false
}
