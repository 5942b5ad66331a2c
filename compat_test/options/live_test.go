package options_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcache/rediscache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/serializer"
)

// live is an entry of CACHES whose option changes keys, values or the connection.
type live struct {
	alias  string
	entry  string // Python; {mc}, {mcs}, {redis} and {tls} are the servers
	refuse string // the option that Go names, where it refuses
	warn   string // what a Warning says
	tls    bool   // Options.CacheTLS is set
	format *djsite.CacheFormat
	down   bool // Go does not get there
	broken bool // Django cannot use it either
}

const (
	pymemcache  = "'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache', "
	pylibmc     = "'BACKEND': 'django.core.cache.backends.memcached.PyLibMCCache', "
	oldClient   = "'BACKEND': 'django.core.cache.backends.memcached.MemcachedCache', "
	redisCache  = "'BACKEND': 'django.core.cache.backends.redis.RedisCache', "
	valkeyCache = "'BACKEND': 'django_valkey.cache.ValkeyCache', "
	redisOther  = "'BACKEND': 'django_redis.cache.RedisCache', "
)

var newLives = []live{
	{alias: "key_prefix", entry: pymemcache + "'LOCATION': '{mc}', 'OPTIONS': {'key_prefix': b'site1:'}"},
	{alias: "key_prefix, three servers", entry: pymemcache + "'LOCATION': {mcs}, 'KEY_PREFIX': 'p', 'OPTIONS': {'key_prefix': b'site2:', 'use_pooling': True}",
		warn: "use_pooling"},
	{alias: "serde of the site", entry: pymemcache + "'LOCATION': '{mc}', 'OPTIONS': {'serde': JSONSerde()}", refuse: "serde"},
	{alias: "serde of the site, given", entry: pymemcache + "'LOCATION': '{mc}', 'OPTIONS': {'serde': JSONSerde()}", format: &djsite.CacheFormat{Format: rediscache.JSON{}, Flags: 2}},
	{alias: "pickle_serde", entry: pymemcache + "'LOCATION': '{mc}', 'OPTIONS': {'serde': pymemcache.serde.PickleSerde(3)}"},
	{alias: "compressed_serde", entry: pymemcache + "'LOCATION': '{mc}', 'OPTIONS': {'serde': pymemcache.serde.CompressedSerde(min_compress_len=1)}", warn: "compressed_serde"},
	{alias: "hasher", entry: pymemcache + "'LOCATION': {mcs}, 'OPTIONS': {'hasher': Hasher}", refuse: "hasher"},
	{alias: "tls_context", entry: pymemcache + "'LOCATION': 'localhost:{tls}', 'OPTIONS': {'tls_context': context}", tls: true},
	{alias: "tls_context, not told", entry: pymemcache + "'LOCATION': 'localhost:{tls}', 'OPTIONS': {'tls_context': context}", refuse: "certificate", down: true},
	{alias: "timeouts", entry: pymemcache + "'LOCATION': '{mc}', 'OPTIONS': {'timeout': 2.5, 'connect_timeout': 1, 'no_delay': True, 'encoding': 'utf-8', 'allow_unicode_keys': False}",
		warn: "no_delay"},
	{alias: "unicode keys", entry: pymemcache + "'LOCATION': '{mc}', 'KEY_PREFIX': 'größe', 'OPTIONS': {'allow_unicode_keys': False}", refuse: "allow_unicode_keys", broken: true},
	{alias: "serializer beside the serde", entry: pymemcache + "'LOCATION': '{mc}', 'OPTIONS': {'serializer': len}", warn: "serializer"},
	{alias: "protocol", entry: redisCache + "'LOCATION': 'redis://{redis}/1', 'OPTIONS': {'protocol': 3, 'socket_timeout': 3, 'client_name': 'shop'}"},
	{alias: "protocol in the URL", entry: redisCache + "'LOCATION': 'redis://{redis}/1?protocol=2&socket_connect_timeout=2&max_connections=7', 'OPTIONS': {'db': 9}", warn: "max_connections"},
	{alias: "host beside the URL", entry: redisCache + "'LOCATION': 'redis://', 'OPTIONS': {'host': '127.0.0.1', 'port': {redisport}, 'db': 2}"},
	{alias: "encoding", entry: redisCache + "'LOCATION': 'redis://{redis}/1', 'KEY_PREFIX': 'p', 'OPTIONS': {'encoding': 'latin-1'}"},
	{alias: "encoding of other keys", entry: redisCache + "'LOCATION': 'redis://{redis}/1', 'KEY_PREFIX': 'größe', 'OPTIONS': {'encoding': 'latin-1'}", refuse: "encoding"},
	{alias: "encoding utf-16", entry: redisCache + "'LOCATION': 'redis://{redis}/1', 'OPTIONS': {'encoding': 'utf-16'}", refuse: "encoding", broken: true},
	{alias: "decode_responses", entry: redisCache + "'LOCATION': 'redis://{redis}/1', 'OPTIONS': {'decode_responses': True}", refuse: "decode_responses", broken: true},
	{alias: "decode_responses in the URL", entry: redisCache + "'LOCATION': 'redis://{redis}/1?decode_responses=False'", refuse: "decode_responses", broken: true},
	{alias: "credential_provider", entry: redisCache + "'LOCATION': 'redis://{redis}/1', 'OPTIONS': {'credential_provider': redis.UsernamePasswordCredentialProvider()}", refuse: "credential_provider", broken: true},
	{alias: "serializer of the site", entry: redisCache + "'LOCATION': 'redis://{redis}/1', 'OPTIONS': {'serializer': 'settings.JSONSerializer'}", refuse: "serializer"},
	{alias: "serializer of the site, given", entry: redisCache + "'LOCATION': 'redis://{redis}/1', 'OPTIONS': {'serializer': 'settings.JSONSerializer'}", format: &djsite.CacheFormat{Format: rediscache.JSON{}}},
	{alias: "SERIALIZER of the site, given", entry: redisOther + "'LOCATION': 'redis://{redis}/4', 'OPTIONS': {'SERIALIZER': 'settings.OwnSerializer', 'COMPRESSOR': 'settings.OwnCompressor'}", format: &djsite.CacheFormat{Format: rediscache.Zlib(rediscache.JSON{}, serializer.Limits{}.WithDefaults())}},
	{alias: "SERIALIZER of the site", entry: redisOther + "'LOCATION': 'redis://{redis}/4', 'OPTIONS': {'SERIALIZER': 'settings.OwnSerializer'}", refuse: "CacheFormats"},
	{alias: "django-redis", entry: redisOther + "'LOCATION': 'redis://{redis}/4', 'OPTIONS': {'SOCKET_TIMEOUT': 3, 'SOCKET_CONNECT_TIMEOUT': 2, 'IGNORE_EXCEPTIONS': True, 'CONNECTION_POOL_KWARGS': {'max_connections': 9, 'retry_on_timeout': True}}",
		warn: "max_connections"},
	{alias: "django-redis, typed wrong", entry: redisOther + "'LOCATION': 'redis://{redis}/4', 'OPTIONS': {'SERIALISER': 'x'}", warn: "SERIALISER"},
	{alias: "django-redis, host", entry: redisOther + "'LOCATION': 'redis://', 'OPTIONS': {'CONNECTION_POOL_KWARGS': {'host': '127.0.0.1', 'port': {redisport}, 'db': 5}}"},
}

var oldLives = []live{
	{alias: "namespace", entry: pylibmc + "'LOCATION': '{mc}', 'OPTIONS': {'behaviors': {'namespace': b'site1:', 'tcp_nodelay': True}}", warn: "tcp_nodelay"},
	{alias: "namespace, three servers", entry: pylibmc + "'LOCATION': {mcs}, 'OPTIONS': {'behaviors': {'namespace': b'site2:', 'ketama': True}}"},
	{alias: "namespace, three servers, modula", entry: pylibmc + "'LOCATION': {mcs}, 'OPTIONS': {'behaviors': {'namespace': b'site3:', 'connect_timeout': 2000, 'pickle_protocol': 2}}", warn: "pickle_protocol"},
	{alias: "hash with namespace", entry: pylibmc + "'LOCATION': {mcs}, 'OPTIONS': {'behaviors': {'namespace': b'site4:', '_hash_with_prefix_key': 1}}", refuse: "_hash_with_prefix_key"},
	{alias: "hash", entry: pylibmc + "'LOCATION': {mcs}, 'OPTIONS': {'behaviors': {'hash': 'fnv1a_32'}}", refuse: "hash"},
	{alias: "replicas", entry: pylibmc + "'LOCATION': {mcs}, 'OPTIONS': {'behaviors': {'num_replicas': 1}, 'binary': True}", refuse: "num_replicas"},
	{alias: "binary", entry: pylibmc + "'LOCATION': '{mc}', 'OPTIONS': {'binary': True}", warn: "binary"},
	{alias: "SASL", entry: pylibmc + "'LOCATION': '{mc}', 'OPTIONS': {'binary': True, 'username': 'u', 'password': 'p'}", refuse: "username", broken: true},
	{alias: "min_compress_len", entry: pylibmc + "'LOCATION': '{mc}', 'OPTIONS': {'min_compress_len': 1}", refuse: "min_compress_len", broken: true},
	{alias: "python-memcached", entry: oldClient + "'LOCATION': '{mc}', 'OPTIONS': {'pickleProtocol': 2, 'socket_timeout': 4, 'server_max_value_length': 100000}", warn: "server_max_value_length"},
	{alias: "pickler", entry: oldClient + "'LOCATION': '{mc}', 'OPTIONS': {'pickler': OwnPickler}", refuse: "pickler"},
	{alias: "pload", entry: oldClient + "'LOCATION': '{mc}', 'OPTIONS': {'pid': len}", refuse: "pid", broken: true},
}

// derivedLives are caches of other packages, which store what one of Django's stores.
var derivedLives = []live{
	{alias: "django-valkey", entry: valkeyCache + "'LOCATION': 'valkey://{redis}/6', 'KEY_PREFIX': 'p', 'OPTIONS': {'SOCKET_TIMEOUT': 3, 'BASE_CLIENT_KWARGS': {}}", warn: "BASE_CLIENT_KWARGS"},
	{alias: "django-valkey by redis://", entry: valkeyCache + "'LOCATION': 'redis://{redis}/6', 'OPTIONS': {'COMPRESSOR': 'django_valkey.compressors.zlib.ZlibCompressor'}"},
	{alias: "django-valkey, zstd and JSON", entry: valkeyCache + "'LOCATION': 'valkey://{redis}/6', 'OPTIONS': {'COMPRESSOR': 'django_valkey.compressors.zstd.ZStdCompressor', 'SERIALIZER': 'django_valkey.serializers.json.JSONSerializer'}"},
	{alias: "django-valkey, lz4 and msgpack", entry: valkeyCache + "'LOCATION': 'valkey://{redis}/6', 'OPTIONS': {'COMPRESSOR': 'django_valkey.compressors.lz4.Lz4Compressor', 'SERIALIZER': 'django_valkey.serializers.msgpack.MSGPackSerializer'}"},
	{alias: "django-valkey, lzma", entry: valkeyCache + "'LOCATION': 'valkey://{redis}/6', 'OPTIONS': {'COMPRESSOR': 'django_valkey.compressors.lzma.LzmaCompressor'}"},
	{alias: "django-valkey, gzip", entry: valkeyCache + "'LOCATION': 'valkey://{redis}/6', 'OPTIONS': {'COMPRESSOR': 'django_valkey.compressors.gzip.GzipCompressor'}"},
	{alias: "django-valkey, bz2", entry: valkeyCache + "'LOCATION': 'valkey://{redis}/6', 'OPTIONS': {'COMPRESSOR': 'django_valkey.compressors.bz2.Bz2Compressor'}", refuse: "Bz2Compressor"},
	{alias: "django-valkey, herd", entry: valkeyCache + "'LOCATION': 'valkey://{redis}/6', 'OPTIONS': {'CLIENT_CLASS': 'django_valkey.client.HerdClient'}", refuse: "HerdClient"},
	{alias: "django-prometheus over django-redis", entry: "'BACKEND': 'django_prometheus.cache.backends.redis.RedisCache', 'LOCATION': 'redis://{redis}/7', 'OPTIONS': {'CLIENT_CLASS': 'django_redis.client.DefaultClient'}"},
	{alias: "django-prometheus over RedisCache", entry: "'BACKEND': 'django_prometheus.cache.backends.redis.NativeRedisCache', 'LOCATION': 'redis://{redis}/7'"},
	{alias: "django-prometheus over memcached", entry: "'BACKEND': 'django_prometheus.cache.backends.memcached.PyMemcacheCache', 'LOCATION': {mcs}"},
	{alias: "redis_lock", entry: "'BACKEND': 'redis_lock.django_cache.RedisCache', 'LOCATION': 'redis://{redis}/8'"},
	{alias: "django-bmemcached", entry: "'BACKEND': 'django_bmemcached.memcached.BMemcached', 'LOCATION': '{mc}', 'KEY_PREFIX': 'b'", warn: "MEMCACHE_SERVERS"},
	{alias: "django-bmemcached, three servers", entry: "'BACKEND': 'django_bmemcached.memcached.BMemcached', 'LOCATION': {mcs}, 'KEY_PREFIX': 'b'", refuse: "several servers"},
}

const objects = `
import json, pickle, zlib
try:
    import pymemcache.serde, redis, ssl
    import pymemcache.client.rendezvous
    context = ssl.create_default_context(cafile='{ca}')
    class Hasher(pymemcache.client.rendezvous.RendezvousHash):
        def get_node(self, key):
            return sorted(self.nodes)[0]
except ImportError:
    pass
class JSONSerde:
    def serialize(self, key, value):
        return json.dumps(value).encode(), 2
    def deserialize(self, key, value, flags):
        return json.loads(value)
class JSONSerializer:
    def dumps(self, obj):
        return json.dumps(obj).encode()
    def loads(self, data):
        return json.loads(data)
class OwnPickler(pickle.Pickler):
    pass
class OwnSerializer(JSONSerializer):
    def __init__(self, options):
        pass
class OwnCompressor:
    def __init__(self, options):
        pass
    def compress(self, value):
        return zlib.compress(value)
    def decompress(self, value):
        return zlib.decompress(value)
`

// Each option is used in both directions, or refused by name.
func TestLive(t *testing.T) {
	for _, run := range []struct {
		version string
		cases   []live
	}{{"5.2", newLives}, {"3.2", oldLives}} {
		t.Run(run.version, func(t *testing.T) { testLive(t, django.Site{Version: run.version}, run.cases) })
	}
}

// Caches of other packages do as those that they derive from.
func TestDerived(t *testing.T) {
	testLive(t, django.Site{Version: "5.2", Interpreter: clients(t)}, derivedLives)
}

// clients returns the Python with the packages that no Django of setup.sh has.
func clients(t *testing.T) string {
	t.Helper()
	python := filepath.Join(venvs(), "clients", "bin", "python")
	if _, err := os.Stat(python); err != nil {
		testserver.Lacks(t, "there is no environment clients: run compat_test/setup.sh venvs")
	}
	return python
}

func testLive(t *testing.T, site django.Site, cases []live) {
	memcacheds := testserver.Memcacheds(t, 3)
	ca, proxy := tlsProxy(t, memcacheds[0].Addr())
	pem, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	var list []string
	for _, s := range memcacheds {
		list = append(list, "'"+s.Addr()+"'")
	}
	redis := testserver.Redis(t)
	words := strings.NewReplacer("{mc}", memcacheds[0].Addr(), "{mcs}", "["+strings.Join(list, ", ")+"]", "{redis}", redis.Addr(),
		"{redisport}", fmt.Sprint(redis.Port), "{tls}", proxy, "{ca}", ca)
	var b strings.Builder
	b.WriteString(objects + "SESSION_ENGINE = 'django.contrib.sessions.backends.cache'\nCACHES = {'default': {'BACKEND': 'django.core.cache.backends.locmem.LocMemCache'},\n")
	for _, c := range cases {
		fmt.Fprintf(&b, "    %q: {%s},\n", c.alias, c.entry)
	}
	b.WriteString("}\n")
	site.Python = words.Replace(b.String())
	site.Code = `
def sessions(alias, key=None):
    from django.contrib.sessions.backends.cache import SessionStore
    from django.core.cache import caches
    s = SessionStore(key)
    s._cache = caches[alias]
    return s
def do_write(alias, key, data):
    s = sessions(alias, key)
    s.update(data)
    s.save()
    return s.session_key
def do_read(alias, key):
    return dict(sessions(alias, key).items())
`
	d := django.Start(t, site)
	var printed string
	d.Call(t, "command", django.Args{"name": "diffsettings", "options": django.Args{"all": true}}, &printed)
	for _, c := range cases {
		t.Run(c.alias, func(t *testing.T) {
			var key string
			if err := d.Try("write", django.Args{"alias": c.alias, "key": nil, "data": django.Args{"n": 1, "long": strings.Repeat("x", 2000)}}, &key); err == nil {
				var got struct{ N int } // Django's engine takes an error of the cache for a session that is gone
				err = d.Try("read", django.Args{"alias": c.alias, "key": key}, &got)
				if c.broken == (err == nil && got.N == 1) {
					t.Errorf("Django itself: %v, %v", got, err)
				}
			} else if !c.broken {
				t.Fatalf("Django itself: %v", err)
			}
			set, err := djsettings.Read(strings.NewReader(printed), nil)
			if err != nil {
				t.Fatal(err)
			}
			set.Sessions.CacheAlias = c.alias
			opts := djsite.Options{SessionsOnly: true}
			if c.tls {
				opts.CacheTLS = map[string]*tls.Config{c.alias: {RootCAs: roots}}
			}
			if c.format != nil {
				opts.CacheFormats = map[string]djsite.CacheFormat{c.alias: *c.format}
			}
			open, err := djsite.Open(t.Context(), set, &opts)
			if c.refuse != "" {
				want := c.down && errors.Is(err, djsite.ErrUnavailable) || errors.Is(err, djsettings.ErrUnsupported) || errors.Is(err, djsettings.ErrSetting)
				if !want || !strings.Contains(fmt.Sprint(err), c.refuse) {
					t.Errorf("got error %v, want one that names %s", err, c.refuse)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer open.Close()
			warned := ""
			for _, w := range open.Warnings {
				if strings.Contains(w.Text, fmt.Sprintf("%q", c.alias)) {
					warned += w.Text
				}
			}
			if !strings.Contains(warned, c.warn) || c.warn == "" && warned != "" {
				t.Errorf("warned %q, want %q", warned, c.warn)
			}
			for range 9 { // so that three servers have some
				d.Call(t, "write", django.Args{"alias": c.alias, "key": nil, "data": django.Args{"n": 1, "long": strings.Repeat("x", 2000)}}, &key)
				both(t, open.Sessions, d, c.alias, key)
			}
		})
	}
}

// both reads in Go what Django wrote, changes it in Go, and reads it in Django.
func both(t *testing.T, m *djsession.Manager, d *django.Django, alias, key string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	s, err := m.Open(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := s.Get("n"); n != int64(1) {
		t.Fatalf("Go reads %v", n)
	}
	if err := s.Set("n", 2); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(ctx); err != nil {
		t.Fatal(err)
	}
	var got struct{ N int }
	if d.Call(t, "read", django.Args{"alias": alias, "key": key}, &got); got.N != 2 {
		t.Fatalf("Django reads %d", got.N)
	}
}

// tlsProxy returns the file of an authority and the port of a server with its certificate
// for localhost, which passes what it reads to target.
func tlsProxy(t *testing.T, target string) (ca, port string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer from.Close()
				to, err := net.Dial("tcp", target)
				if err != nil {
					return
				}
				defer to.Close()
				go func() { _, _ = io.Copy(to, from); to.Close() }()
				_, _ = io.Copy(from, to)
			}()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return ca, port
}
