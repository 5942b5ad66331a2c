package djsite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

const psycopgClients = `
import json, sys, psycopg
def connects(c):
    try:
        psycopg.connect(host='127.0.0.1', port=c['port'], user=c['user'], dbname='postgres', connect_timeout=20, **eval(c['options'])).close()
        return True
    except Exception as e:
        return False
print(json.dumps([connects(c) for c in json.load(sys.stdin)]))
`

// TestPostgresClients: Go connects where psycopg does, by sslmode, sslrootcert, client
// certificates and versions. The servers have a certificate of a CA, one for another name, one
// that is signed by itself, one that is over, none, and one with TLS 1.2 only.
func TestPostgresClients(t *testing.T) {
	if testing.Short() {
		t.Skip("starts five servers")
	}
	c := testCerts(t)
	dir := testserver.PublicDir(t)
	n := 0
	tls := func(cert, key string, more ...string) *testserver.Server {
		n++
		own := filepath.Join(dir, fmt.Sprint("key", n))
		text, err := os.ReadFile(key)
		if err == nil {
			err = os.WriteFile(own, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		testserver.Own(t, own)
		return testserver.PostgreSQLWith(t, append([]string{"ssl=on", "ssl_cert_file=" + cert, "ssl_key_file=" + own}, more...)...)
	}
	servers := []*testserver.Server{
		tls(c.here, c.hereKey), tls(c.elsewhere, c.elseKey), tls(c.self, c.selfKey), tls(c.expired, c.expKey),
		testserver.PostgreSQL(t), tls(c.here, c.hereKey, "ssl_max_protocol_version=TLSv1.2"),
	}
	var options []string
	for _, mode := range []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"} {
		options = append(options, "'sslmode': '"+mode+"'", "'sslmode': '"+mode+"', 'sslrootcert': '"+c.ca+"'", "'sslmode': '"+mode+"', 'sslrootcert': '"+c.stranger+"'", "'sslmode': '"+mode+"', 'sslrootcert': 'system'")
	}
	options = append(options, "", "'sslrootcert': 'system'", "'sslrootcert': '"+c.ca+"'",
		"'sslmode': 'require', 'ssl_min_protocol_version': 'TLSv1.3'", "'sslmode': 'require', 'ssl_max_protocol_version': 'TLSv1.2'",
		"'sslmode': 'verify-full', 'sslrootcert': '"+c.ca+"', 'sslcert': '"+c.client+"', 'sslkey': '"+privateKey(t, c.clientKey)+"'")
	type python struct {
		Port    int    `json:"port"`
		User    string `json:"user"`
		Options string `json:"options"`
	}
	var cases []python
	for _, o := range options {
		for _, s := range servers {
			cases = append(cases, python{s.Port, s.User, "{" + o + "}"})
		}
	}
	says := pythonOf(t, clientsPython(t), psycopgClients, cases)
	connected := 0
	var all sync.WaitGroup
	defer all.Wait()
	slots := make(chan bool, 8)
	for i, tt := range cases {
		if says[i] {
			connected++
		}
		slots <- true
		all.Go(func() {
			defer func() { <-slots }()
			err := opens(t, fmt.Sprintf("DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'postgres', 'USER': '%s', 'HOST': '127.0.0.1', 'PORT': %d, 'OPTIONS': %s}}\n", tt.User, tt.Port, tt.Options))
			if (err == nil) != says[i] {
				t.Errorf("server %d, %s: psycopg connects: %v, Go says %v", i%len(servers), strings.NewReplacer(c.ca, "ca", c.stranger, "stranger").Replace(tt.Options), says[i], err)
			}
		})
	}
	if connected == 0 || connected == len(cases) {
		t.Errorf("psycopg connects in %d of %d cases", connected, len(cases))
	}
	t.Logf("psycopg connects in %d of %d cases", connected, len(cases))
}

// privateKey returns a copy that only this user can read, as libpq wants it.
func privateKey(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	own := filepath.Join(t.TempDir(), "client.key")
	if err == nil {
		err = os.WriteFile(own, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return own
}
