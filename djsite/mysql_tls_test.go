package djsite_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

const mysqlScript = `
import json, sys, pymysql, ssl
def connects(c):
    try:
        kw = eval(c['options'])
        for name in ('init_command', 'isolation_level'):
            kw.pop(name, None)
        pymysql.connect(host=c['host'], port=c['port'], user='root', charset='utf8mb4', **kw).close()
        return True
    except Exception as e:
        return False
print(json.dumps([connects(c) for c in json.load(sys.stdin)]))
`

// sessionTable is the table that Django's migration makes in MySQL.
const sessionTable = "CREATE TABLE site.django_session (session_key varchar(40) PRIMARY KEY, session_data longtext NOT NULL, expire_date datetime(6) NOT NULL)"

// TestMySQLTLS checks that Go never sends in clear text what the site's client would
// encrypt, and connects to no server whose certificate PyMySQL refuses. It reads what is
// sent on the wire.
func TestMySQLTLS(t *testing.T) {
	if testing.Short() {
		t.Skip("runs PyMySQL")
	}
	c := testCerts(t)
	here := testserver.MariaDBWith(t, "--ssl-cert="+c.here, "--ssl-key="+c.hereKey, "--ssl-ca="+c.ca)
	other := testserver.MariaDBWith(t, "--ssl-cert="+c.elsewhere, "--ssl-key="+c.elseKey, "--ssl-ca="+c.ca)
	bare := testserver.MariaDBWith(t, "--skip-ssl")
	for _, s := range []*testserver.Server{here, other, bare} {
		dsn := fmt.Sprintf("%s@tcp(%s)/", s.User, s.Addr())
		execSQL(t, "mysql", dsn, "CREATE DATABASE IF NOT EXISTS site CHARACTER SET utf8mb4")
		execSQL(t, "mysql", dsn, sessionTable)
	}
	cnf := filepath.Join(t.TempDir(), "my.cnf")
	file := func(lines string) string {
		name := cnf + fmt.Sprint(len(lines))
		if strings.Contains(lines, "mode") {
			name += "ssl_mode" // PyMySQL does not read ssl_mode
		}
		if err := os.WriteFile(name, []byte("[client]\n"+lines+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return "{'read_default_file': '" + name + "'}"
	}
	const (
		refuses = iota
		clear
		encrypts
	)
	for _, tt := range []struct {
		options           string
		here, other, bare int
	}{
		{"{}", encrypts, encrypts, clear},
		{"{'ssl': {}}", encrypts, encrypts, clear},
		{"{'ssl': None}", encrypts, encrypts, clear},
		{"{'ssl_disabled': True}", clear, clear, clear},
		{"{'ssl_disabled': True, 'ssl': {'ca': '" + c.ca + "'}}", clear, clear, clear},
		{"{'ssl_disabled': False}", encrypts, encrypts, clear},
		{"{'ssl_mode': 'DISABLED'}", clear, clear, clear},
		{"{'ssl_mode': 'PREFERRED'}", encrypts, encrypts, clear},
		{"{'ssl_mode': 'REQUIRED'}", encrypts, encrypts, refuses},
		{"{'ssl_mode': 'VERIFY_CA', 'ssl': {'ca': '" + c.ca + "'}}", encrypts, encrypts, refuses},
		{"{'ssl_mode': 'VERIFY_CA', 'ssl': {'ca': '" + c.stranger + "'}}", refuses, refuses, refuses},
		{"{'ssl_mode': 'VERIFY_IDENTITY', 'ssl': {'ca': '" + c.ca + "'}}", encrypts, refuses, refuses},
		{"{'ssl_mode': 'VERIFY_ALL'}", refuses, refuses, refuses},
		{"{'ssl': {'ca': '" + c.ca + "'}}", encrypts, refuses, refuses},
		{"{'ssl': {'ca': '" + c.stranger + "'}}", refuses, refuses, refuses},
		{"{'ssl': {'ca': '" + c.ca + "', 'check_hostname': False}}", encrypts, encrypts, refuses},
		{"{'ssl': {'ca': '" + c.stranger + "', 'verify_mode': False, 'check_hostname': False}}", encrypts, encrypts, refuses},
		{"{'ssl': {'ca': '" + c.stranger + "', 'verify_mode': 'optional', 'check_hostname': False}}", refuses, refuses, refuses},
		{"{'ssl': {'verify_mode': True}}", refuses, refuses, refuses},
		{"{'ssl': {'cipher': 'HIGH'}}", encrypts, encrypts, refuses},
		{"{'ssl_ca': '" + c.ca + "'}", encrypts, encrypts, refuses},
		{"{'ssl_ca': '" + c.stranger + "', 'ssl_verify_cert': True}", refuses, refuses, refuses},
		{"{'ssl_ca': '" + c.ca + "', 'ssl_verify_cert': True}", encrypts, encrypts, refuses},
		{"{'ssl_ca': '" + c.ca + "', 'ssl_verify_identity': True}", encrypts, refuses, refuses},
		{"{'ssl_verify_cert': True}", refuses, refuses, refuses},
		{"{'ssl_cert': '" + c.client + "', 'ssl_key': '" + c.clientKey + "'}", encrypts, encrypts, refuses},
		{"{'ssl': <ssl.SSLContext object at 0x7f0000000000>}", refuses, refuses, refuses},
		{file("ssl-mode=REQUIRED"), encrypts, encrypts, refuses},
		{file("ssl_mode = preferred"), encrypts, encrypts, clear},
		{file("ssl-mode=DISABLED #"), clear, clear, clear},
		{file("ssl"), encrypts, encrypts, refuses},
		{file("ssl=0"), clear, clear, clear},
		{file("skip-ssl"), clear, clear, clear},
		{file("ssl-ca=" + c.ca), encrypts, refuses, refuses},
		{file("ssl-ca=" + c.stranger), refuses, refuses, refuses},
		{file("ssl-verify-server-cert\nssl-ca=" + c.ca), encrypts, refuses, refuses},
		{file("ssl-mode=VERIFY_CA\nssl-ca=" + c.ca), encrypts, encrypts, refuses},
	} {
		for server, want := range map[*testserver.Server]int{here: tt.here, other: tt.other, bare: tt.bare} {
			proxy := testserver.NewProxy(t, server.Addr())
			proxy.Record()
			host, port, _ := net.SplitHostPort(proxy.Addr)
			text := fmt.Sprintf("SECRET_KEY = 'k'\nDATABASES = {'default': {'ENGINE': 'django.db.backends.mysql', 'NAME': 'site', 'USER': '%s', 'HOST': '%s', 'PORT': '%s', 'OPTIONS': %s}}\n",
				server.User, host, port, tt.options)
			key, err := saveSession(t, text)
			got := refuses
			switch {
			case err == nil && bytes.Contains(proxy.Recorded(), []byte(key)):
				got = clear
			case err == nil:
				got = encrypts
			case strings.Contains(err.Error(), c.ca):
				t.Errorf("the error quotes the settings: %v", err)
			}
			if got != want {
				t.Errorf("%s, server %v: got %d, want %d (refuses, clear, encrypts): %v", tt.options, map[*testserver.Server]string{here: "here", other: "of another name", bare: "without TLS"}[server], got, want, err)
			}
			if strings.Contains(tt.options, "ssl_mode") || strings.Contains(tt.options, "object at") || got == refuses {
				continue
			}
			// PyMySQL, the strict client, must connect wherever Go connects.
			type python struct {
				Host    string `json:"host"`
				Port    int    `json:"port"`
				Options string `json:"options"`
			}
			if !pythonSays(t, "6.1", mysqlScript, []python{{"127.0.0.1", server.Port, tt.options}})[0] {
				t.Errorf("%s: Go connects, and PyMySQL does not", tt.options)
			}
		}
	}
}

// saveSession opens the site, saves a session by its Manager, and returns its key.
func saveSession(t *testing.T, text string) (key string, err error) {
	t.Helper()
	set, err := djsettings.Read(strings.NewReader(text), &djsettings.Options{Django: "5.2"})
	if err != nil {
		return "", err
	}
	site, err := djsite.Open(t.Context(), set, &djsite.Options{SessionsOnly: true})
	if err != nil {
		return "", err
	}
	defer site.Close()
	return visit(t, site, "", func(s *djsession.Session) error { return s.Set("color", "green") }), nil
}

// TestMySQLFallback checks that a server without TLS does not end TLS for servers that come
// after it.
func TestMySQLFallback(t *testing.T) {
	c := testCerts(t)
	here := testserver.MariaDBWith(t, "--ssl-cert="+c.here, "--ssl-key="+c.hereKey, "--ssl-ca="+c.ca)
	bare := testserver.MariaDBWith(t, "--skip-ssl")
	proxy := testserver.NewProxy(t, bare.Addr())
	host, port, _ := net.SplitHostPort(proxy.Addr)
	set, err := djsettings.Read(strings.NewReader(fmt.Sprintf("SECRET_KEY = 'k'\nDATABASES = {'default': {'ENGINE': 'django.db.backends.mysql', 'NAME': 'mysql', 'USER': 'root', 'HOST': '%s', 'PORT': '%s'}}\n", host, port)), &djsettings.Options{Django: "5.2"})
	if err != nil {
		t.Fatal(err)
	}
	site, err := djsite.Open(t.Context(), set, &djsite.Options{SessionsOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	db, err := site.Database(t.Context(), "default")
	if err != nil {
		t.Fatal(err)
	}
	cipher := func(db *sql.DB) string {
		var name, value string
		if err := db.QueryRowContext(t.Context(), "SHOW STATUS LIKE 'Ssl_cipher'").Scan(&name, &value); err != nil {
			t.Fatal(err)
		}
		return value
	}
	if got := cipher(db.SQL); got != "" {
		t.Fatalf("the server without TLS has the cipher %s", got)
	}
	proxy.SetTarget(here.Addr())
	if got := cipher(db.SQL); got == "" {
		t.Error("after a server without TLS all connections are in clear text")
	}
}
