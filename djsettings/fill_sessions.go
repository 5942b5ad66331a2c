package djsettings

import (
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/go-djsession/go-djsession/internal/pyliteral"
)

// sessions reads SESSION_*.
func (r *reader) sessions() {
	age, none := r.seconds("SESSION_COOKIE_AGE", 14*24*time.Hour)
	if none {
		r.bad("SESSION_COOKIE_AGE", nil, "a number of seconds")
	}
	s := SessionSettings{
		Engine:     r.text("SESSION_ENGINE", string(EngineDB)),
		CacheAlias: r.text("SESSION_CACHE_ALIAS", "default"),
		CookieName: r.text("SESSION_COOKIE_NAME", "sessionid"), CookieAge: age,
		CookieDomain: r.text("SESSION_COOKIE_DOMAIN", ""), CookiePath: r.text("SESSION_COOKIE_PATH", "/"),
		CookieSecure: r.truth("SESSION_COOKIE_SECURE", false), CookieHTTPOnly: r.truth("SESSION_COOKIE_HTTPONLY", true),
		CookieSameSite:       r.sameSite("SESSION_COOKIE_SAMESITE"),
		SaveEveryRequest:     r.truth("SESSION_SAVE_EVERY_REQUEST", false),
		ExpireAtBrowserClose: r.truth("SESSION_EXPIRE_AT_BROWSER_CLOSE", false),
		Serializer:           r.text("SESSION_SERIALIZER", "django.contrib.sessions.serializers.JSONSerializer"),
		FilePath:             r.text("SESSION_FILE_PATH", ""),
		Database:             r.opts.SessionDatabase,
	}
	s.Enabled, s.OwnMiddleware = r.middleware(sessionsOf)
	if s.Database == "" {
		s.Database = "default"
		if len(r.set.DatabaseRouters) > 0 {
			r.warn("DATABASE_ROUTERS", "No router is asked: the table of the sessions is looked for in the database \"default\".")
		}
	}
	base := s.Engine
	if own, ok := r.opts.Engines[s.Engine]; ok {
		base = own.Base
		s.StoreClass, s.Table, s.CacheKeyPrefix = own.StoreClass, own.Table, own.CacheKeyPrefix
	}
	if engines[EngineKind(base)] {
		s.Kind = EngineKind(base)
	} else {
		r.derivedStore(&s)
	}
	if s.Kind == EngineRedis {
		s.Redis = r.redisSettings()
	}
	r.ownSessionCookie(&s)
	r.set.Sessions = s
}

// redisSettings reads what django-redis-sessions reads: the dict of 0.6.1 and later if
// there is one, else the names of earlier versions.
func (r *reader) redisSettings() RedisSettings {
	s := RedisSettings{Host: "localhost", Port: 6379}
	v, isDict := r.value("SESSION_REDIS")
	if isDict {
		d, ok := v.(pyliteral.Dict)
		if !ok {
			r.bad("SESSION_REDIS", v, "a dict")
			return s
		}
		r.redisDict(&s, d)
	} else {
		r.redisFlat(&s)
	}
	if v, _ := r.value("SESSION_REDIS_CONNECTION_OBJECT"); v != nil {
		r.warn("SESSION_REDIS_CONNECTION_OBJECT", "A connection made in Python cannot be used here; the other settings are.")
	}
	return s
}

func (r *reader) redisDict(s *RedisSettings, d pyliteral.Dict) {
	e := &entry{dict: d, name: "SESSION_REDIS", line: r.doc.settings["SESSION_REDIS"].line}
	if _, ok := d.Get("host"); ok {
		s.Host = e.text("host")
	}
	if n, ok := e.integer("port"); ok {
		s.Port = n
	}
	s.DB, _ = e.integer("db")
	s.Password, s.Prefix = NewSecret(e.text("password")), e.text("prefix")
	s.URL, s.SocketPath = NewSecret(e.text("url")), e.text("unix_domain_socket_path")
	if e.get("POOL") != nil {
		r.warn("SESSION_REDIS", "The POOL is not used: every release of django-redis-sessions fails with it.")
	}
	// The library uses Sentinel only if the dict names nothing else.
	if s.URL.IsZero() && s.SocketPath == "" && s.Host == "" {
		r.sentinels(s)
	} else if _, ok := r.value("SESSION_REDIS_SENTINEL_LIST"); ok {
		r.warn("SESSION_REDIS_SENTINEL_LIST", "django-redis-sessions ignores it unless the host in SESSION_REDIS is None.")
	}
	if e.err != nil {
		r.errs = append(r.errs, e.err)
	}
}

func (r *reader) redisFlat(s *RedisSettings) {
	flat := pyliteral.Dict{}
	for _, n := range []string{"HOST", "PORT", "DB", "PASSWORD", "PREFIX", "URL", "UNIX_DOMAIN_SOCKET_PATH"} {
		if v, ok := r.value("SESSION_REDIS_" + n); ok {
			flat = append(flat, pyliteral.Item{Key: n, Value: v})
			s.Flat = true
		}
	}
	e := &entry{dict: flat, name: "SESSION_REDIS_*"}
	if host := e.text("HOST"); host != "" {
		s.Host = host
	}
	if n, ok := e.integer("PORT"); ok {
		s.Port = n
	}
	s.DB, _ = e.integer("DB")
	s.Password, s.Prefix = NewSecret(e.text("PASSWORD")), e.text("PREFIX")
	s.URL, s.SocketPath = NewSecret(e.text("URL")), e.text("UNIX_DOMAIN_SOCKET_PATH")
	r.sentinels(s)
	if s.Flat {
		r.warn("SESSION_REDIS_HOST", "django-redis-sessions heeds it and its like before 0.6 only; later versions want the dict SESSION_REDIS, and without it use localhost:6379 and no prefix.")
	}
	if e.err != nil {
		r.errs = append(r.errs, e.err)
	}
}

// sentinels reads SESSION_REDIS_SENTINEL_LIST.
func (r *reader) sentinels(s *RedisSettings) {
	const name = "SESSION_REDIS_SENTINEL_LIST"
	v, _ := r.value(name)
	list, ok := pyliteral.Sequence(v)
	if !ok {
		r.bad(name, v, "a list of (host, port)")
	}
	s.Sentinels = r.hostPorts(name, list)
	s.Master = r.text("SESSION_REDIS_SENTINEL_MASTER_ALIAS", "")
}

func (r *reader) hostPorts(name string, list []any) []string {
	all, err := hostPorts(list)
	if err != nil {
		r.errs = append(r.errs, &LineError{r.doc.settings[name].line, name, err})
	}
	return all
}

// hostPorts reads pairs (host, port).
func hostPorts(list []any) ([]string, error) {
	var all []string
	for _, v := range list {
		pair, _ := pyliteral.Sequence(v)
		if len(pair) != 2 {
			return nil, fmt.Errorf("%w: it is no list of (host, port)", ErrSetting)
		}
		host, okA := pyliteral.Text(pair[0])
		port, okB := pyliteral.Text(pair[1])
		if _, err := strconv.Atoi(port); !okA || !okB || err != nil {
			return nil, fmt.Errorf("%w: it is no list of (host, port)", ErrSetting)
		}
		all = append(all, net.JoinHostPort(host, port))
	}
	return all, nil
}

// remarks adds warnings that no other method adds.
func (r *reader) remarks() {
	set := r.set
	if set.Keys.IsZero() {
		r.warn("SECRET_KEY", "There is none; sessions can be neither signed nor checked.")
	}
	if r.doc.noise > 0 {
		r.warn(fmt.Sprintf("line %d", r.doc.noise), "This and what else stands before the first setting is passed over.")
	}
	if set.Sessions.Kind == "" {
		r.warn("SESSION_ENGINE", "%s is not known here: give it in Options.Engines.", set.Sessions.Engine)
	}
	if !set.Sessions.Enabled && len(set.Middleware) > 0 {
		r.warn("MIDDLEWARE", "There is no SessionMiddleware in it: Django itself has no sessions.")
	}
	if set.Cookies.SigningBackend != "django.core.signing.TimestampSigner" {
		r.warn("SIGNING_BACKEND", "%s is not known here; signed cookies and messages in cookies are signed as Django does by default.", set.Cookies.SigningBackend)
	}
	if set.Sessions.FilePath == "" && set.Sessions.Kind == EngineFile {
		r.warn("SESSION_FILE_PATH", "There is none: the files are in the folder for temporary files, which has to be the same one here.")
	}
	if !set.UseTZ && set.TimeZone == "" {
		r.warn("TIME_ZONE", "It is None: the zone of this machine is taken, which has to be that of Django's.")
	}
}
