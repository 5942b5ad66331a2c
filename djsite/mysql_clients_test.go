package djsite_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// clientsPython returns the Python of the environment clients.
func clientsPython(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../compat_test/.venv/clients/bin/python")
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		testserver.Lacks(t, "there is no environment clients: run compat_test/setup.sh venvs")
	}
	return path
}

// mysqlClients connects by PyMySQL and by mysqlclient. It prints for each case, of each, 0 for
// no connection, 1 for one in clear text, 2 for an encrypted one.
const mysqlClients = `
import json, sys, pymysql, MySQLdb, ssl
def connects(module, c):
    try:
        kw = eval(c['options'])
        conn = module.connect(host='127.0.0.1', port=c['port'], user='root', charset='utf8mb4', **kw)
        cur = conn.cursor()
        cur.execute("SHOW STATUS LIKE 'Ssl_cipher'")
        found = 2 if cur.fetchone()[1] else 1
        conn.close()
        return found
    except Exception as e:
        return 0
print(json.dumps({m.__name__: [connects(m, c) for c in json.load(open(sys.argv[1]))] for m in (pymysql, MySQLdb)}))
`

// TestMySQLClients: with a profile that names the client, Go connects where that client does,
// and verifies what it verifies. The servers have a certificate of a CA, one for another
// name, one that is signed by itself, one that is over, none, and one with TLS 1.2 only. The
// only difference: where options ask for TLS, Go sends nothing in clear text, as mysqlclient
// on libmariadb does with a server without TLS.
func TestMySQLClients(t *testing.T) {
	if testing.Short() {
		t.Skip("starts six servers")
	}
	c := testCerts(t)
	tls := func(cert, key string, more ...string) *testserver.Server {
		return testserver.MariaDBWith(t, append([]string{"--ssl-cert=" + cert, "--ssl-key=" + key, "--ssl-ca=" + c.ca}, more...)...)
	}
	servers := []*testserver.Server{tls(c.here, c.hereKey), tls(c.elsewhere, c.elseKey), tls(c.self, c.selfKey), tls(c.expired, c.expKey), testserver.MariaDBWith(t, "--skip-ssl"), tls(c.here, c.hereKey, "--tls-version=TLSv1.2")}
	ca, stranger := "'"+c.ca+"'", "'"+c.stranger+"'"
	options := []string{
		"{}", "{'ssl': {}}", "{'ssl': None}", "{'ssl': True}", "{'ssl': False}",
		"{'ssl': {'ca': " + ca + "}}", "{'ssl': {'ca': " + stranger + "}}", "{'ssl': {'ca': " + ca + ", 'check_hostname': False}}",
		"{'ssl': {'ca': " + stranger + ", 'verify_mode': 'none', 'check_hostname': False}}",

		"{'ssl': {'cert': '" + c.client + "', 'key': '" + c.clientKey + "'}}",
		"{'ssl_mode': 'DISABLED'}", "{'ssl_mode': 'PREFERRED'}", "{'ssl_mode': 'REQUIRED'}", "{'ssl_mode': 'VERIFY_CA'}", "{'ssl_mode': 'VERIFY_IDENTITY'}",
		"{'ssl_mode': 'DISABLED', 'ssl': {'ca': " + ca + "}}", "{'ssl_mode': 'PREFERRED', 'ssl': {'ca': " + ca + "}}", "{'ssl_mode': 'REQUIRED', 'ssl': {'ca': " + ca + "}}",
		"{'ssl_mode': 'VERIFY_CA', 'ssl': {'ca': " + ca + "}}", "{'ssl_mode': 'VERIFY_IDENTITY', 'ssl': {'ca': " + ca + "}}",
		"{'ssl_mode': 'VERIFY_CA', 'ssl': {'ca': " + stranger + "}}", "{'ssl_mode': 'REQUIRED', 'ssl': {'ca': " + stranger + "}}",
		"{'ssl_ca': " + ca + "}", "{'ssl_ca': " + ca + ", 'ssl_verify_cert': True}", "{'ssl_ca': " + ca + ", 'ssl_verify_identity': True}", "{'ssl_disabled': True}",
	}
	type python struct {
		Port    int    `json:"port"`
		Options string `json:"options"`
	}
	var cases []python
	for _, o := range options {
		for _, s := range servers {
			cases = append(cases, python{s.Port, o})
		}
	}
	in, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "cases")
	if err := os.WriteFile(file, in, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(clientsPython(t), "-W", "ignore", "-c", mysqlClients, file).Output()
	says := map[string][]int{}
	if err != nil || json.Unmarshal(out, &says) != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	drivers := map[string]*djsettings.ProfileDriver{
		"pymysql": {Module: "pymysql"},
		"MySQLdb": {Module: "MySQLdb", Library: "libmariadb"},
	}
	connected := 0
	for i, tt := range cases {
		server := i % len(servers)
		for module, driver := range drivers {
			python := says[module][i]
			if python != 0 {
				connected++
			}
			err := opensMySQL(t, tt.Port, tt.Options, driver)
			if (err == nil) == (python != 0) {
				continue
			}
			if module == "MySQLdb" && server == bare && python == 1 && strings.Contains(tt.Options, "ssl") {
				continue
			}
			t.Errorf("%s, server %d, %s: Python says %d (0 no connection, 1 clear text, 2 encrypted), Go says %v", module, server, tt.Options, python, err)
		}
	}
	if connected == 0 || connected == 2*len(cases) {
		t.Errorf("Python connects in %d of %d cases", connected, 2*len(cases))
	}
	t.Logf("Python connects in %d of %d cases", connected, 2*len(cases))
}

// bare is the server without TLS.
const bare = 4

func opensMySQL(t *testing.T, port int, options string, driver *djsettings.ProfileDriver) error {
	t.Helper()
	set, err := djsettings.Read(strings.NewReader(fmt.Sprintf("SECRET_KEY = 'k'\nDATABASES = {'default': {'ENGINE': 'django.db.backends.mysql', 'NAME': 'mysql', 'USER': 'root', 'HOST': '127.0.0.1', 'PORT': '%d', 'OPTIONS': %s}}\n", port, options)), &djsettings.Options{Django: "5.2"})
	if err != nil {
		return err
	}
	set.Profile = &djsettings.Profile{Made: time.Now(), Databases: map[string]*djsettings.ProfileDatabase{"default": {Driver: driver}}}
	site, err := djsite.Open(t.Context(), set, &djsite.Options{SessionsOnly: true})
	if err != nil {
		return err
	}
	return site.Close()
}
