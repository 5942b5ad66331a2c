package djsettings

import (
	"strconv"
	"strings"
)

// envPrefix begins all names that are passed to Options.Env.
const envPrefix = "DJSESSION_"

// env looks up a name, given without its prefix. An empty value counts as none.
func (r *reader) env(name string) (string, bool) {
	if r.opts.Env == nil {
		return "", false
	}
	v, ok := r.opts.Env(envPrefix + name)
	return v, ok && v != ""
}

// override replaces settings by the values of Options.Env.
func (r *reader) override() {
	for alias, db := range r.set.Databases {
		name := "DATABASE_" + envName(alias) + "_"
		r.overrideDatabase(db, name)
		if alias == "default" {
			r.overrideDatabase(db, "DATABASE_")
		}
	}
	for alias, c := range r.set.Caches {
		if text, ok := r.env("CACHE_" + envName(alias) + "_LOCATION"); ok {
			c.Reached = c.splitText(text)
		}
	}
	s := &r.set.Sessions
	if path, ok := r.env("SESSION_FILE_PATH"); ok {
		s.FilePath = path
	}
	r.overrideRedis(&s.Redis)
}

func (r *reader) overrideDatabase(db *Database, prefix string) {
	for name, field := range map[string]*string{"NAME": &db.Name, "USER": &db.User, "HOST": &db.Host, "PORT": &db.Port} {
		if v, ok := r.env(prefix + name); ok {
			*field = v
		}
	}
	if v, ok := r.env(prefix + "PASSWORD"); ok {
		db.Password = NewSecret(v)
	}
}

func (r *reader) overrideRedis(s *RedisSettings) {
	if v, ok := r.env("SESSION_REDIS_URL"); ok {
		s.URL = NewSecret(v)
	}
	if v, ok := r.env("SESSION_REDIS_HOST"); ok {
		s.Host, s.URL, s.SocketPath, s.Sentinels = v, Secret{}, "", nil
	}
	if v, ok := r.env("SESSION_REDIS_PASSWORD"); ok {
		s.Password = NewSecret(v)
	}
	for name, field := range map[string]*int{"PORT": &s.Port, "DB": &s.DB} {
		v, ok := r.env("SESSION_REDIS_" + name)
		if !ok {
			continue
		}
		n, err := strconv.Atoi(v)
		if err != nil {
			r.errs = append(r.errs, &LineError{0, envPrefix + "SESSION_REDIS_" + name, wrong(v, "an int")})
			continue
		}
		*field = n
	}
}

// envName returns an alias as part of an environment variable's name.
func envName(alias string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			return c
		}
		return '_'
	}, strings.ToUpper(alias))
}
