package djsettings

import (
	"errors"
	"strings"
	"testing"
)

const redisLine = "SECRET_KEY = 'k'\nCACHES = {'default': {'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': 'redis://localhost/1', "

// TestNoneInCaches follows make_key, which formats any value: None is a prefix too.
func TestNoneInCaches(t *testing.T) {
	set, err := Read(strings.NewReader(redisLine+"'KEY_PREFIX': None}}\n"), &Options{Django: "6.1"})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := set.CacheKeys(set.Caches["default"])
	if err != nil {
		t.Fatal(err)
	}
	if got, want := keys.Key("x"), "None:1:x"; got != want {
		t.Errorf("KEY_PREFIX None: got %q, want %q", got, want)
	}
	set, err = Read(strings.NewReader(redisLine+"'VERSION': None}}\n"), &Options{Django: "6.1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Caches["default"].Err(); !errors.Is(err, ErrSetting) {
		t.Errorf("VERSION None: got %v, want ErrSetting", err)
	}
}

// TestNotUTF8 reads what a shell on Windows may write.
func TestNotUTF8(t *testing.T) {
	_, err := Read(strings.NewReader("DEBUG = False\nSECRET_KEY = 'caf\xe9'\n"), &Options{Django: "5.2"})
	if !errors.Is(err, ErrFormat) || !strings.HasPrefix(err.Error(), "line 2: ") {
		t.Errorf("got %v, want ErrFormat in line 2", err)
	}
}

// TestProxyHeaderOfNoHeader: request.META has headers as HTTP_..., so Django never finds a
// header with another name.
func TestProxyHeaderOfNoHeader(t *testing.T) {
	set, err := Read(strings.NewReader("SECRET_KEY = 'k'\nSECURE_PROXY_SSL_HEADER = ('X-Forwarded-Proto', 'https')\n"), &Options{Django: "5.2"})
	if err != nil {
		t.Fatal(err)
	}
	warned := false
	for _, w := range set.Warnings {
		warned = warned || strings.HasPrefix(w.String(), "SECURE_PROXY_SSL_HEADER")
	}
	if set.Proxy.SSLHeader != "" || !warned {
		t.Errorf("got %q, warnings %v", set.Proxy.SSLHeader, set.Warnings)
	}
}
