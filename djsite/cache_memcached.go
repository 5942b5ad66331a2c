package djsite

import (
	"crypto/tls"
	"fmt"
	"time"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/pyclients"
)

// memcachedClient is what OPTIONS say about the client of a memcached.
type memcachedClient struct {
	prefix  string        // before each key
	timeout time.Duration // for each answer; 0 is the default
	tls     *tls.Config
}

// memcachedClient reads the OPTIONS that the client here follows.
func (s *Site) memcachedClient(c *djsettings.Cache) (how memcachedClient, err error) {
	wrong := func(name, text string) error {
		return fmt.Errorf("%w: the option %s of CACHES[%q] %s", djsettings.ErrSetting, name, c.Alias, text)
	}
	o, prefix, ok := c.Options, "key_prefix", true
	switch c.Kind {
	case djsettings.CachePyMemcache:
		if err := s.serde(c); err != nil {
			return how, err
		}
		how.tls = s.memcachedTLS(c)
		for _, name := range []string{"connect_timeout", "timeout"} {
			if how.timeout, ok = longer(how.timeout, o, name, time.Second); !ok {
				return how, wrong(name, "is no number of seconds")
			}
		}
	case djsettings.CachePyLibMC:
		o, prefix = pylibmcBehaviors(c), "namespace"
		for name, unit := range map[string]time.Duration{
			"connect_timeout": time.Millisecond, "_poll_timeout": time.Millisecond, "send_timeout": time.Microsecond, "receive_timeout": time.Microsecond,
		} {
			if how.timeout, ok = longer(how.timeout, o, name, unit); !ok {
				return how, wrong(name, "is no number")
			}
		}
	default:
		if how.timeout, ok = longer(0, o, "socket_timeout", time.Second); !ok {
			return how, wrong("socket_timeout", "is no number of seconds")
		}
		return how, nil
	}
	v, _ := o.Value(prefix)
	if how.prefix, ok = pyclients.Namespace(v); !ok {
		return how, wrong(prefix, "is neither bytes nor text in ASCII")
	}
	// Python then refuses the key of every session.
	if v, ok := o.Value("allow_unicode_keys"); ok && c.Kind == djsettings.CachePyMemcache && v == false && !isASCII(c.KeyPrefix) {
		return how, wrong("allow_unicode_keys", "is False, and KEY_PREFIX is not in ASCII")
	}
	return how, nil
}

// pylibmcBehaviors returns the behaviors. Before Django 1.11 they were OPTIONS themselves.
func pylibmcBehaviors(c *djsettings.Cache) djsettings.Params {
	if b := c.Options.Dict("behaviors"); len(b.Names()) > 0 {
		return b
	}
	return c.Options
}

// longer returns the longer one of d and an option, given in units.
func longer(d time.Duration, p djsettings.Params, name string, unit time.Duration) (time.Duration, bool) {
	more, ok := seconds(p, name)
	return max(d, time.Duration(float64(more)/float64(time.Second)*float64(unit))), ok
}

// serde checks the serde of pymemcache: an object, of which only the class prints.
func (s *Site) serde(c *djsettings.Cache) error {
	v, ok := c.Options.Value("serde")
	if _, own := s.opts.CacheFormats[c.Alias]; own || !ok {
		return nil // Django's default is pickle_serde
	}
	switch pyclients.Path(v) {
	case "pymemcache.serde.PickleSerde", "pymemcache.serde.pickle_serde":
		return nil
	case "pymemcache.serde.CompressedSerde", "pymemcache.serde.compressed_serde":
		s.warn("CACHES", fmt.Sprintf("The serde of cache %q is taken for pymemcache's compressed_serde, which compresses pickles by zlib: Go reads them, and writes them as they are.", c.Alias))
		return nil
	}
	return fmt.Errorf("%w: CACHES[%q] has the option serde (%s), by which Python writes values that only it can read: say in djsite.Options.CacheFormats what it writes, leave it out for Django's pickles, or take another engine than a cache", djsettings.ErrUnsupported, c.Alias, optionName(v))
}

// memcachedTLS returns the TLS for a tls_context: that of Options.CacheTLS, or one that
// checks everything, because no setting says what the context does not check.
func (s *Site) memcachedTLS(c *djsettings.Cache) *tls.Config {
	if !c.Options.Has("tls_context") {
		return nil
	}
	if own := s.opts.CacheTLS[c.Alias]; own != nil {
		return own
	}
	s.warn("CACHES", fmt.Sprintf("Only Python can read the tls_context of cache %q: the server's certificate must be valid for its name and for this machine (SSL_CERT_FILE names other authorities), or djsite.Options.CacheTLS says otherwise.", c.Alias))
	return &tls.Config{MinVersion: tls.VersionTLS12}
}

func isASCII(s string) bool {
	for _, c := range s {
		if c > 0x7e {
			return false
		}
	}
	return true
}
