package djsite

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/pyliteral"
)

// mysqlWish says whether a site's client wants TLS from MySQL.
type mysqlWish int

const (
	mysqlNone     mysqlWish = iota
	mysqlIfThere            // PREFERRED: if the server has it
	mysqlRequired           // else there is no connection
)

// mysqlTLS sets the TLS of cfg. A profile says whether the site's client is mysqlclient, on
// which library, or PyMySQL, and mysqlTLS connects where that does. Unlike mysqlclient on
// libmariadb, it encrypts where the server has TLS, and sends nothing in clear text where the
// options ask for TLS. No setting says which client it is. Without a profile mysqlTLS follows
// the stricter one:
//
//   - Without a setting it is PREFERRED, the default of both, but not over a socket.
//   - ssl, ssl_ca and similar options require TLS.
//   - With a ca the client verifies the chain. With the dict ssl and with a my.cnf it also
//     verifies the name, as PyMySQL does, unless check_hostname is False, or ssl_mode, which
//     PyMySQL does not have, says otherwise.
//   - ssl_disabled and ssl_mode DISABLED are plain text in both.
func (db entry) mysqlTLS(cfg *mysql.Config, file map[string]string, host string) error {
	o := db.Options
	ssl := o.Dict("ssl")
	client := db.mysqlClient()
	if err := db.mysqlArguments(client); err != nil {
		return err
	}
	mode, err := db.mysqlMode(file)
	if err != nil {
		return err
	}
	ca := cmp.Or(o.Text("ssl_ca"), ssl.Text("ca"), file["ssl_ca"])
	folder := cmp.Or(ssl.Text("capath"), file["ssl_capath"])
	cert := cmp.Or(o.Text("ssl_cert"), ssl.Text("cert"), file["ssl_cert"])
	key := cmp.Or(o.Text("ssl_key"), ssl.Text("key"), file["ssl_key"])
	own := o.Has("ssl_ca") || o.Has("ssl_cert") || o.Has("ssl_key") || o.Truth("ssl_verify_cert") || o.Truth("ssl_verify_identity")

	wish := mysqlIfThere
	if o.Truth("ssl") || own || ca != "" || folder != "" || cert != "" {
		wish = mysqlRequired
	}
	switch mode {
	case "DISABLED":
		wish = mysqlNone
	case "PREFERRED":
		wish = mysqlIfThere
	case "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY":
		wish = mysqlRequired
	}
	switch v, _ := o.Value("ssl"); {
	case v == false && mode == "" && (client == mysqlOracle || client == mysqlMaria): // ssl=False
		wish = mysqlNone
	case mode == "DISABLED" && client == mysqlMaria && (ca != "" || folder != "" || cert != ""):
		wish = mysqlRequired // libmariadb encrypts all the same
	}
	plain, _ := o.Value("ssl_disabled")
	if isOpaque(plain) {
		return fmt.Errorf("%w: the ssl_disabled of DATABASES[%q] is no literal", djsettings.ErrSetting, db.Alias)
	}
	if o.Truth("ssl_disabled") || wish == mysqlIfThere && cfg.Net == "unix" {
		wish = mysqlNone
	}
	if wish == mysqlNone {
		return nil
	}

	look := trustAny
	switch {
	case client == mysqlMaria:
		look = db.mariaTrust(mode, ca != "" || folder != "")
	case client == pyMySQL && own: // it verifies if it is told to
	case ca != "" || folder != "":
		look = trustChain
		if v, ok := ssl.Value("check_hostname"); mode == "" && !own && (!ok || v == nil || ssl.Truth("check_hostname")) {
			look = trustName
		}
	}
	if own {
		look = max(look, verifyMode(o, "ssl_verify_cert"))
	}
	if v, ok := ssl.Value("verify_mode"); ok && v != nil && !own && client != mysqlMaria && client != mysqlOracle {
		if verifyMode(ssl, "verify_mode") == trustAny {
			look = trustAny
		} else {
			look = max(look, trustChain)
		}
	}
	if v, ok := o.Value("ssl_verify_cert"); ok && v != nil && verifyMode(o, "ssl_verify_cert") == trustAny {
		look = trustAny
	}
	switch v, _ := o.Value("ssl"); {
	case client == mysqlMaria:
	case mode == "VERIFY_CA":
		look = max(look, trustChain)
	case mode == "VERIFY_IDENTITY", o.Truth("ssl_verify_identity"), ssl.Truth("check_hostname") && client != pyMySQL:
		look = trustName
	case isOpaque(v): // an SSLContext, which verifies everything by default
		look = trustName
	}

	var roots *x509.CertPool
	if ca != "" || folder != "" {
		roots = x509.NewCertPool()
		all := authorities{pool: roots}
		if ca != "" {
			if err := all.addFile(db.set.Abs(ca)); err != nil {
				return err
			}
		}
		if folder != "" {
			if err := all.addFolder(db.set.Abs(folder)); err != nil {
				return err
			}
		}
	}
	cfg.TLS = tlsConfig(host, look, roots)
	if err := db.mysqlVersions(cfg.TLS); err != nil {
		return err
	}
	if cert != "" {
		if cfg.TLS.Certificates, err = clientCertificate(db.set.Abs(cert), db.set.Abs(cmp.Or(key, cert))); err != nil {
			return err
		}
	}
	if wish == mysqlIfThere {
		cfg.AllowFallbackToPlaintext = true
		// At the first server without TLS the driver removes TLS from its configuration.
		// With BeforeConnect it does so in a copy for that connection.
		return cfg.Apply(mysql.BeforeConnect(func(context.Context, *mysql.Config) error { return nil }))
	}
	return nil
}

// mysqlArguments refuses what the site's client does not take: Django cannot connect with
// it.
func (db entry) mysqlArguments(client string) error {
	var not []string
	switch client {
	case pyMySQL:
		not = []string{"ssl_mode"}
	case mysqlMaria, mysqlOracle:
		not = []string{"ssl_ca", "ssl_cert", "ssl_key", "ssl_key_password", "ssl_disabled", "ssl_verify_cert", "ssl_verify_identity", "tls_versions"}
	}
	for _, name := range not {
		if db.Options.Has(name) {
			return fmt.Errorf("%w: DATABASES[%q] has the option %s, which the site's client (%s) does not take", djsettings.ErrSetting, db.Alias, name, client)
		}
	}
	if v, _ := db.Options.Value("ssl"); client == pyMySQL && v == true {
		return fmt.Errorf("%w: DATABASES[%q] has the option ssl=True, which the site's client (%s) does not take", djsettings.ErrSetting, db.Alias, client)
	}
	return nil
}

// mariaTrust is what libmariadb verifies: the chain if there is a CA, and with a ssl_mode of
// VERIFY_CA or VERIFY_IDENTITY the name too. It knows no check_hostname and no verify_mode.
func (db entry) mariaTrust(mode string, ca bool) trust {
	switch {
	case mode == "VERIFY_CA", mode == "VERIFY_IDENTITY":
		return trustName
	case ca:
		return trustChain
	}
	return trustAny
}

// mysqlVersions follows tls_versions of mysql.connector: a list.
func (db entry) mysqlVersions(cfg *tls.Config) error {
	v, ok := db.Options.Value("tls_versions")
	if !ok || v == nil {
		return nil
	}
	list, isList := pyliteral.Sequence(v)
	has := map[string]bool{}
	for _, v := range list {
		text, _ := pyliteral.Text(v)
		has[text] = true
	}
	switch {
	case !isList, !has["TLSv1.2"] && !has["TLSv1.3"]:
		return fmt.Errorf("%w: the tls_versions of DATABASES[%q] have neither TLSv1.2 nor TLSv1.3", djsettings.ErrSetting, db.Alias)
	case !has["TLSv1.3"]:
		cfg.MaxVersion = tls.VersionTLS12
	case !has["TLSv1.2"]:
		cfg.MinVersion = tls.VersionTLS13
	}
	return nil
}

// mysqlModes are the values of mysqlclient's ssl_mode.
var mysqlModes = []string{"", "DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"}

// mysqlMode returns ssl_mode, or what a my.cnf says instead, in the words of MySQL or
// MariaDB.
func (db entry) mysqlMode(file map[string]string) (string, error) {
	if db.Options.Has("ssl_mode") {
		mode := strings.ToUpper(db.Options.Text("ssl_mode"))
		if mode == "" || !slices.Contains(mysqlModes, mode) {
			return "", fmt.Errorf("%w: the ssl_mode of DATABASES[%q] is none that mysqlclient takes", djsettings.ErrSetting, db.Alias)
		}
		return mode, nil
	}
	on := func(name string) bool {
		v, ok := file[name]
		return ok && !slices.Contains([]string{"0", "off", "false", "no"}, strings.ToLower(v))
	}
	off := func(name string) bool { _, ok := file[name]; return ok && !on(name) }
	mode := strings.ToUpper(file["ssl_mode"])
	switch {
	case !slices.Contains(mysqlModes, mode):
		return "", fmt.Errorf("%w: the ssl-mode in the read_default_file of DATABASES[%q] is none that MySQL takes", djsettings.ErrSetting, db.Alias)
	case mode != "":
		return mode, nil
	case on("ssl_verify_server_cert"):
		return "VERIFY_IDENTITY", nil
	case on("ssl"), on("ssl_enforce"):
		if file["ssl_ca"] == "" && file["ssl_capath"] == "" {
			return "REQUIRED", nil
		}
	case off("ssl"), on("skip_ssl"), on("disable_ssl"):
		return "DISABLED", nil
	}
	return "", nil
}

// verifyMode reads verify_mode of PyMySQL's dict ssl, or ssl_verify_cert: a bool or a word.
func verifyMode(p djsettings.Params, name string) trust {
	v, _ := p.Value(name)
	if word, ok := v.(string); ok {
		if slices.Contains([]string{"", "none", "0", "false", "no"}, strings.ToLower(word)) {
			return trustAny
		}
		return trustChain
	}
	if enumName(v) == "CERT_NONE" || !p.Truth(name) {
		return trustAny
	}
	return trustChain
}

func isOpaque(v any) bool {
	_, ok := v.(pyliteral.Opaque)
	return ok
}
