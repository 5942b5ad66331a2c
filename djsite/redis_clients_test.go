package djsite_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

const redisClients = `
import json, sys, ssl
from concurrent.futures import ThreadPoolExecutor
name = sys.argv[1]
module = __import__(name)
def connects(c):
    try:
        kw = eval(c['kwargs'].replace('<TLSVersion.', 'ssl.TLSVersion.').replace(': 772>', ''))
        pool = module.ConnectionPool.from_url(c['url'].replace('redis', name), socket_timeout=c['timeout'], **kw)
        getattr(module, name.capitalize())(connection_pool=pool).ping()
        return True
    except Exception as e:
        return False
with ThreadPoolExecutor(8) as pool:
    print(json.dumps(list(pool.map(connects, json.load(sys.stdin)))))
`

// TestRedisClients: with a profile that names the version of redis-py, and with valkey-py, Go
// connects where that client does. The servers have a certificate of a CA, one for another
// name, one that is signed by itself, one that is over, none, and one with TLS 1.2 only.
func TestRedisClients(t *testing.T) {
	if testing.Short() {
		t.Skip("starts five servers")
	}
	c := testCerts(t)
	servers := []int{
		testserver.RedisTLS(t, c.here, c.hereKey).Port, testserver.RedisTLS(t, c.elsewhere, c.elseKey).Port, testserver.RedisTLS(t, c.self, c.selfKey).Port,
		testserver.RedisTLS(t, c.expired, c.expKey).Port, testserver.Redis(t).Port, testserver.RedisTLS(t, c.here, c.hereKey, "--tls-protocols", "TLSv1.2").Port,
	}
	data, err := os.ReadFile(c.ca)
	if err != nil {
		t.Fatal(err)
	}
	ca := "'ssl_ca_certs': '" + c.ca + "'"
	type python struct {
		URL    string `json:"url"`
		Kwargs string `json:"kwargs"`
		// Seconds; a server without TLS does not answer.
		Timeout int `json:"timeout"`
	}
	var cases []python
	for _, kwargs := range []string{
		"", ca, ca + ", 'ssl_check_hostname': True", ca + ", 'ssl_check_hostname': False", "'ssl_cert_reqs': 'none'",
		"'ssl_ca_certs': '" + c.self + "'", "'ssl_ca_certs': '" + c.stranger + "'", fmt.Sprintf("'ssl_ca_data': %q", data),
		ca + ", 'ssl_min_version': <TLSVersion.TLSv1_3: 772>",
	} {
		for _, port := range servers {
			timeout := 10
			if port == servers[4] {
				if timeout = 1; kwargs != "" {
					continue
				}
			}
			cases = append(cases, python{fmt.Sprintf("rediss://127.0.0.1:%d/1", port), "{" + kwargs + "}", timeout})
		}
	}
	for _, client := range []struct{ python, module, version, backend string }{
		{django.Python(t, "4.2"), "redis", "5.2.1", "django_redis.cache.RedisCache"},
		{clientsPython(t), "redis", "7.4.1", "django_redis.cache.RedisCache"},
		{clientsPython(t), "valkey", "", "django_valkey.cache.ValkeyCache"},
	} {
		t.Run(client.module+" "+client.version, func(t *testing.T) {
			says := pythonOf(t, client.python, redisClients, cases, client.module)
			connected := 0
			var all sync.WaitGroup
			defer all.Wait()
			for i, tt := range cases {
				if says[i] {
					connected++
				}
				all.Go(func() {
					set, err := djsettings.Read(strings.NewReader(fmt.Sprintf("SECRET_KEY = 'k'\nSESSION_ENGINE = 'django.contrib.sessions.backends.cache'\nCACHES = {'default': {'BACKEND': '%s', 'LOCATION': '%s', 'OPTIONS': {'CONNECTION_POOL_KWARGS': %s}}}\n",
						client.backend, strings.Replace(tt.URL, "redis", client.module, 1), tt.Kwargs)), &djsettings.Options{Django: "5.2"})
					if err != nil {
						t.Errorf("%s: %v", tt.Kwargs, err)
						return
					}
					set.Profile = &djsettings.Profile{Made: time.Now(), Versions: djsettings.ProfileVersions{Packages: map[string]string{"redis": client.version}}}
					ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
					defer cancel()
					site, err := djsite.Open(ctx, set, &djsite.Options{Timeout: 3 * time.Second, SessionsOnly: true})
					if err == nil {
						site.Close()
					}
					if (err == nil) != says[i] {
						t.Errorf("%s, %s: Python connects: %v, Go says %v", tt.URL, tt.Kwargs, says[i], err)
					}
				})
			}
			if connected == 0 || connected == len(cases) {
				t.Errorf("Python connects in %d of %d cases", connected, len(cases))
			}
			t.Logf("Python connects in %d of %d cases", connected, len(cases))
		})
	}
}
