package djsite_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// opens tries to open a site with these settings.
func opens(t *testing.T, text string) error {
	t.Helper()
	set, err := djsettings.Read(strings.NewReader("SECRET_KEY = 'k'\n"+text), &djsettings.Options{Django: "5.2"})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	site, err := djsite.Open(ctx, set, &djsite.Options{Timeout: 3 * time.Second, SessionsOnly: true})
	if err != nil {
		return err
	}
	return site.Close()
}

// pythonSays runs a script that reads a JSON list of cases and prints a list of bools.
func pythonSays(t *testing.T, version, script string, cases any) []bool {
	t.Helper()
	return pythonOf(t, django.Python(t, version), script, cases)
}

// pythonOf is pythonSays for an interpreter, with arguments of the script.
func pythonOf(t *testing.T, python, script string, cases any, args ...string) []bool {
	t.Helper()
	in, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, append([]string{"-W", "ignore", "-c", script}, args...)...)
	cmd.Stdin = strings.NewReader(string(in))
	out, err := cmd.Output()
	var all []bool
	if err != nil || json.Unmarshal(out, &all) != nil {
		t.Fatalf("%s: %v\n%s", python, err, out)
	}
	return all
}

const redisScript = `
import json, sys, redis, ssl
from concurrent.futures import ThreadPoolExecutor
def connects(c):
    try:
        kw = eval(c['kwargs'].replace('<VerifyMode.', 'ssl.').replace(': 0>', '').replace(': 1>', '').replace(': 2>', ''))
        # redis-py 6 is the first to look at the name by itself.
        redis.Redis(connection_pool=redis.ConnectionPool.from_url(c['url'], socket_timeout=3, **kw)).ping()
        return True
    except Exception as e:
        return False
with ThreadPoolExecutor(16) as pool:
    print(json.dumps(list(pool.map(connects, json.load(sys.stdin)))))
`

// TestRedisTLS checks that Go verifies a server's certificate wherever redis-py does, and
// connects wherever redis-py does, by the URL and by the OPTIONS of both caches.
func TestRedisTLS(t *testing.T) {
	if testing.Short() {
		t.Skip("runs redis-py")
	}
	c := testCerts(t)
	here := testserver.RedisTLS(t, c.here, c.hereKey)
	other := testserver.RedisTLS(t, c.elsewhere, c.elseKey)
	plain := testserver.Redis(t)
	mutual := testserver.RedisTLS(t, c.here, c.hereKey, "--tls-ca-cert-file", c.ca, "--tls-auth-clients", "yes")
	type python struct {
		URL    string `json:"url"`
		Kwargs string `json:"kwargs"`
	}
	var tests []python
	verified := map[string]string{"the CA": c.ca, "a stranger": c.stranger, "nobody": ""}
	for _, port := range []int{here.Port, other.Port} {
		for _, ca := range slices.Sorted(maps.Values(verified)) {
			for _, reqs := range []string{"", "required", "optional", "none", "CERT_NONE", "0", "bogus"} {
				for _, name := range []string{"", "True", "no"} {
					if name != "" && slices.Contains([]string{"CERT_NONE", "0", "bogus"}, reqs) {
						continue
					}
					var query []string
					for k, v := range map[string]string{"ssl_cert_reqs": reqs, "ssl_check_hostname": name, "ssl_ca_certs": ca} {
						if v != "" {
							query = append(query, k+"="+v)
						}
					}
					tests = append(tests, python{fmt.Sprintf("rediss://127.0.0.1:%d/1?%s", port, strings.Join(query, "&")), "{}"})
				}
			}
			for _, reqs := range []string{"", "None", "'required'", "'optional'", "'none'", "0", "1", "2", "<VerifyMode.CERT_NONE: 0>", "<VerifyMode.CERT_OPTIONAL: 1>", "<VerifyMode.CERT_REQUIRED: 2>", "7", "'CERT_NONE'"} {
				for _, name := range []string{"", "False"} {
					kwargs := ""
					if reqs != "" {
						kwargs += "'ssl_cert_reqs': " + reqs + ", "
					}
					if name != "" {
						kwargs += "'ssl_check_hostname': " + name + ", "
					}
					if ca != "" {
						kwargs += "'ssl_ca_certs': '" + ca + "', "
					}
					tests = append(tests, python{"rediss://127.0.0.1:" + strconv.Itoa(port) + "/1", "{" + kwargs + "}"})
				}
			}
		}
	}
	url := fmt.Sprintf("rediss://127.0.0.1:%d/1", mutual.Port)
	tests = append(tests,
		python{url + "?ssl_cert_reqs=none", "{}"},
		python{url, "{'ssl_cert_reqs': None, 'ssl_certfile': '" + c.client + "', 'ssl_keyfile': '" + c.clientKey + "'}"},
		python{url + "?ssl_ca_certs=" + c.ca + "&ssl_certfile=" + c.client + "&ssl_keyfile=" + c.clientKey, "{}"},
		python{fmt.Sprintf("redis://127.0.0.1:%d/1", plain.Port), "{}"},
		python{fmt.Sprintf("redis://127.0.0.1:%d/1?ssl_cert_reqs=none", plain.Port), "{}"},
		python{fmt.Sprintf("redis://127.0.0.1:%d/1", plain.Port), "{'ssl_cert_reqs': 'none'}"},
		// The URL overrides OPTIONS.
		python{fmt.Sprintf("rediss://127.0.0.1:%d/1?ssl_cert_reqs=required", here.Port), "{'ssl_cert_reqs': None}"},
		python{fmt.Sprintf("rediss://127.0.0.1:%d/1?ssl_cert_reqs=none", here.Port), "{'ssl_cert_reqs': 'required'}"},
	)
	says := pythonSays(t, "6.1", redisScript, tests)
	connected := 0
	var all sync.WaitGroup
	defer all.Wait()
	slots := make(chan bool, 16) // go-redis needs half a second for a refused connection
	for i, tt := range tests {
		newest := says[i]
		for _, kind := range []string{"django", "django_redis"} {
			backend, options := "django.core.cache.backends.redis.RedisCache", tt.Kwargs
			if kind == "django_redis" {
				backend, options = "django_redis.cache.RedisCache", "{'CONNECTION_POOL_KWARGS': "+tt.Kwargs+"}"
			}
			slots <- true
			all.Go(func() {
				defer func() { <-slots }()
				err := opens(t, fmt.Sprintf("SESSION_ENGINE = 'django.contrib.sessions.backends.cache'\nCACHES = {'default': {'BACKEND': '%s', 'LOCATION': '%s', 'OPTIONS': %s}}\n", backend, tt.URL, options))
				if (err == nil) == newest {
					return
				}
				t.Errorf("%s with %s %s: Go says %v; redis-py connects: %v", kind, tt.URL, tt.Kwargs, err, newest)
			})
		}
		if newest {
			connected++
		}
		if tt.Kwargs == "{}" && i%5 == 0 {
			err := opens(t, fmt.Sprintf("SESSION_ENGINE = 'redis_sessions.session'\nSESSION_REDIS = {'url': '%s'}\n", tt.URL))
			if (err == nil) != newest {
				t.Errorf("redis_sessions with %s: Go says %v; redis-py connects: %v", tt.URL, err, newest)
			}
		}
	}
	if connected == 0 || connected == len(tests) {
		t.Errorf("redis-py connects in %d of %d cases", connected, len(tests))
	}
	t.Logf("redis-py connects in %d of %d cases", connected, len(tests))
}
