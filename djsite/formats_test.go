package djsite

import (
	"errors"
	"testing"

	"github.com/go-djsession/go-djsession/djcache/rediscache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
)

// A format is refused where it would not be used. compat_test/options uses those that are.
func TestCacheFormats(t *testing.T) {
	format := CacheFormat{Format: rediscache.JSON{}}
	for name, tt := range map[string]struct {
		kind    djsettings.CacheKind
		format  CacheFormat
		refused bool
	}{
		"pymemcache":  {djsettings.CachePyMemcache, CacheFormat{format.Format, 7}, false},
		"RedisCache":  {djsettings.CacheRedis, format, false},
		"no format":   {djsettings.CacheRedis, CacheFormat{}, true},
		"Redis flags": {djsettings.CacheDjangoRedis, CacheFormat{format.Format, 7}, true},
		"pylibmc":     {djsettings.CachePyLibMC, format, true},
		"a table":     {djsettings.CacheDB, format, true},
		"a folder":    {djsettings.CacheFile, format, true},
	} {
		s := &Site{opts: Options{CacheFormats: map[string]CacheFormat{"default": tt.format}}}
		err := s.checkFormat(&djsettings.Cache{Alias: "default", Kind: tt.kind})
		if errors.Is(err, djsession.ErrConfig) != tt.refused {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
