package vectors

import (
	"crypto/md5"
	"encoding/hex"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/base62"
	"github.com/go-djsession/go-djsession/internal/cachevalue"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// at returns the site with its clock at the time of a signature.
func (c *checker) at(text string) (*djsession.Site, error) {
	parts := strings.Split(text, ":")
	if len(parts) < 3 {
		return c.site, nil
	}
	n, err := base62.Parse(parts[len(parts)-2])
	if err != nil {
		return c.site, nil
	}
	in := c.in
	in.Now = func() time.Time { return time.Unix(n, 0) }
	return djsession.NewSite(in)
}

func (c *checker) session(v djsettings.Vector) error {
	text := v.Output.Reveal()
	site, err := c.at(text)
	if err != nil {
		return err
	}
	d, err := site.Decode(text)
	if err != nil {
		return &wrong{why: "Go refuses what the site's SessionStore encoded", cure: "compare SECRET_KEY, SESSION_SERIALIZER and the class of SESSION_ENGINE with the site's"}
	}
	want, _ := v.Input.Value("data")
	if !same(want, d) {
		return &wrong{why: "Go reads another session than the site wrote", cure: "the site's SessionStore or serializer encodes in its own way: give it in the options"}
	}
	again, err := site.Encode(d)
	if err != nil {
		return &wrong{why: "Go cannot write the session that the site wrote"}
	}
	if again != text && !isPickle(c.in.Serializer) && !c.set.Python2 {
		return &wrong{why: "Go writes the session in another way than the site", cure: "the site's SessionStore encodes in its own way"}
	}
	return nil
}

func isPickle(s serializer.Serializer) bool {
	_, ok := s.(pickle.Serializer)
	return ok
}

func (c *checker) sessionCookie(v djsettings.Vector) error {
	text := v.Output.Reveal()
	site, err := c.at(text)
	if err != nil {
		return err
	}
	if c.opts.Sealer == nil {
		return skip("the engine is not given")
	}
	sealer, err := c.opts.Sealer(site)
	if err != nil {
		return err
	}
	record, err := sealer.Unseal(text)
	if err != nil {
		return &wrong{why: "Go refuses the cookie that the site's SessionStore made", cure: "compare SECRET_KEY and SESSION_SERIALIZER with the site's"}
	}
	want, _ := v.Input.Value("data")
	if !same(want, record.Data) {
		return &wrong{why: "Go reads another session than the site wrote"}
	}
	return nil
}

func (c *checker) sessionFile(v djsettings.Vector) error {
	got, want := v.Output.Reveal(), c.set.Sessions.CookieName+v.Input.Text("key")
	dir, name := path.Split(strings.ReplaceAll(got, `\`, "/"))
	if name != want {
		return &wrong{why: "the site names its files in another way", cure: ofCode}
	}
	// SESSION_FILE_PATH may be another one where Go runs.
	if told := c.set.Profile.Session; told != nil && told.Dir.Text() != "" && path.Clean(told.Dir.Text()) != path.Clean(dir) {
		return &wrong{why: "the site keeps its files in another folder than it says", cure: anew}
	}
	return nil
}

func (c *checker) sessionCacheKey(v djsettings.Vector) error {
	prefix := c.set.Sessions.CacheKeyPrefix
	if prefix == "" {
		switch c.set.Sessions.Kind {
		case djsettings.EngineCachedDB:
			prefix = "django.contrib.sessions.cached_db"
		case djsettings.EngineCache:
			prefix = "django.contrib.sessions.cache"
		case djsettings.EngineQSessionsCDB:
			prefix = "qsessions.q_cached_db"
		default:
			return skip("the engine is not known")
		}
	}
	if prefix+v.Input.Text("key") != v.Output.Reveal() {
		return &wrong{why: "the site's SessionStore has another cache_key_prefix", cure: "give it in djsettings.Options.Engines"}
	}
	return nil
}

func (c *checker) expiry(v djsettings.Vector) error {
	d := serializer.NewDict()
	if value, _ := v.Input.Value("expiry"); value != nil {
		d = d.With("_session_expiry", value)
	}
	got := ""
	switch v.Input.Text("what") {
	case "age":
		age, err := c.site.ExpiryAge(d, time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC))
		if err != nil {
			return err
		}
		got = strconv.FormatInt(int64(age/time.Second), 10)
	case "browser_close":
		closes, err := c.site.ExpireAtBrowserClose(d)
		if err != nil {
			return err
		}
		got = strconv.FormatBool(closes)
	}
	if got != v.Output.Reveal() {
		return &wrong{what: v.Input.Text("what"), why: "the site's sessions end at another time", cure: "compare SESSION_COOKIE_AGE and SESSION_EXPIRE_AT_BROWSER_CLOSE; a SessionStore of the site's own may decide it"}
	}
	return nil
}

// cache returns the settings of a cache.
func (c *checker) cache(v djsettings.Vector) (*djsettings.Cache, error) {
	alias := v.Input.Text("alias")
	in := c.set.Caches[alias]
	if in == nil {
		return nil, &wrong{what: alias, why: "there is no such cache in CACHES", cure: anew}
	}
	return in, nil
}

func (c *checker) cacheKey(v djsettings.Vector) error {
	in, err := c.cache(v)
	if err != nil {
		return err
	}
	keys, err := c.set.CacheKeys(in)
	if err != nil {
		return skip("CACHES has a KEY_FUNCTION that is not given in Go")
	}
	if version, _ := v.Input.Value("version"); version != nil {
		n, _ := version.(int64)
		at := int(n)
		keys.Version = &at
	}
	if keys.Key(v.Input.Text("name")) != v.Output.Reveal() {
		return &wrong{what: in.Alias, why: "the site makes another key", cure: "compare KEY_PREFIX, VERSION and KEY_FUNCTION; a cache of the site's own may make keys in its own way"}
	}
	return nil
}

func (c *checker) cacheFile(v djsettings.Vector) error {
	in, err := c.cache(v)
	if err != nil {
		return err
	}
	keys, err := c.set.CacheKeys(in)
	if err != nil {
		return skip("CACHES has a KEY_FUNCTION that is not given in Go")
	}
	sum := md5.Sum([]byte(keys.Key(v.Input.Text("name"))))
	want := hex.EncodeToString(sum[:]) + ".djcache"
	dir, name := path.Split(strings.ReplaceAll(v.Output.Reveal(), `\`, "/"))
	if len(in.Locations) == 1 && path.IsAbs(in.Locations[0].Reveal()) && path.Clean(in.Locations[0].Reveal()) != path.Clean(dir) {
		return &wrong{what: in.Alias, why: "the site keeps the files of the cache in another folder", cure: anew}
	}
	if name != want {
		return &wrong{what: in.Alias, why: "the site names the files of the cache in another way", cure: ofCode}
	}
	return nil
}

func (c *checker) cacheValue(v djsettings.Vector) error {
	in, err := c.cache(v)
	if err != nil {
		return err
	}
	data, err := hex.DecodeString(v.Output.Reveal())
	if err != nil {
		return err
	}
	var d *serializer.Dict
	codec := cachevalue.New(c.site)
	switch in.Kind {
	case djsettings.CacheRedis, djsettings.CacheDjangoRedis, djsettings.CacheDjangoValkey:
		if c.opts.CacheFormat == nil {
			return skip("the format of the cache is not given")
		}
		format, err := c.opts.CacheFormat(in.Alias)
		if err != nil {
			return skip("the format of the cache is not known")
		}
		d, err = format.Loads(data)
		if err != nil {
			return unreadable(in)
		}
	case djsettings.CacheFile:
		_, n, err := pickle.LoadPrefix(data, nil)
		if err != nil {
			return unreadable(in)
		}
		plain, err := codec.Decompress("read", data[n:])
		if err != nil {
			return unreadable(in)
		}
		if d, err = codec.Loads("read", plain); err != nil {
			return unreadable(in)
		}
	case djsettings.CachePyMemcache:
		if flags, _ := v.Input.Value("flags"); flags != int64(1) {
			return &wrong{what: in.Alias, why: "the site stores values with other flags", cure: "its serde is not that of Django: give the format in the options"}
		}
		if d, err = codec.Loads("read", data); err != nil {
			return unreadable(in)
		}
	default:
		return skip("the cache is not known")
	}
	want, _ := v.Input.Value("value")
	if !same(want, d) {
		return &wrong{what: in.Alias, why: "Go reads another value than the site wrote", cure: ofCode}
	}
	return nil
}

func unreadable(c *djsettings.Cache) error {
	return &wrong{what: c.Alias, why: "Go cannot read what the site's cache writes", cure: "compare SERIALIZER, COMPRESSOR, serde and the class of the cache with the site's"}
}
