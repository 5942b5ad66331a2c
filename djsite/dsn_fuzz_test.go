package djsite

import (
	"errors"
	"net/url"
	"testing"

	"github.com/go-djsession/go-djsession/djsettings"
)

// FuzzMySQLURL: what a URL says of the user, the password and the database is what the
// driver understands, or the URL is refused.
func FuzzMySQLURL(f *testing.F) {
	f.Add("u", "p", "n", "tls=true")
	f.Add("", "", "n", "unix_socket=/run/mysqld.sock")
	for _, text := range []string{"p@/", "a:b", "a/b", "a@tcp(evil.example:1)/", ")/", "?x=y", "%zz", "%40", "é", "\x00", " ", "#", "a@b:c/d(e)f"} {
		f.Add(text, "p", "n", "")
		f.Add("u", text, "n", "")
		f.Add("u", "p", text, "")
		f.Add("u", "p", "n", "unix_socket="+url.QueryEscape(text))
	}
	f.Fuzz(func(t *testing.T, user, password, name, query string) {
		params, err := url.ParseQuery(query)
		if err != nil || name == "" {
			return
		}
		for param := range params {
			if param != "unix_socket" {
				return // the driver's own parameters may be wrong
			}
		}
		u := url.URL{Scheme: "mysql", User: url.UserPassword(user, password), Host: "h:3307", Path: "/" + name, RawQuery: params.Encode()}
		set, err := djsettings.FromDSN(u.String(), nil)
		if err != nil {
			var e *djsettings.DSNError
			if !errors.As(err, &e) {
				t.Errorf("%s: %v", u.String(), err)
			}
			return
		}
		db := set.Databases["default"]
		cfg, err := entry{db, set}.mysqlConfig()
		if err != nil {
			t.Errorf("%s: %v", u.String(), err)
			return
		}
		if user == "" {
			password = ""
		}
		network, address := "tcp", "h:3307"
		if socket := params.Get("unix_socket"); socket != "" {
			network, address = "unix", socket
		}
		if cfg.User != user || cfg.Passwd != password || cfg.DBName != name || cfg.Net != network || cfg.Addr != address {
			t.Errorf("%s: got %q, %q, %q at %s %q", u.String(), cfg.User, cfg.Passwd, cfg.DBName, cfg.Net, cfg.Addr)
		}
	})
}
