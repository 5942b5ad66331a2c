package djsite

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/pyclients"
	"github.com/go-djsession/go-djsession/internal/pyliteral"
)

// redisArgs are the arguments of redis-py's connections: those of OPTIONS, overridden by
// those of the URL's query.
type redisArgs struct {
	values map[string]any
	set    *djsettings.Settings
	valkey bool // they are those of valkey-py
}

// isTLSArg reports whether an argument is about TLS.
func isTLSArg(name string) bool {
	return strings.HasPrefix(name, "ssl") || name == "connection_class"
}

// add adds the arguments of OPTIONS or CONNECTION_POOL_KWARGS.
func (a *redisArgs) add(p djsettings.Params) {
	for _, name := range p.Names() {
		a.values[name], _ = p.Value(name)
	}
}

// addQuery adds a parameter of a URL. In redis-py all are texts, except ssl_check_hostname.
func (a *redisArgs) addQuery(name, value string) {
	a.values[name] = value
	if name == "ssl_check_hostname" { // to_bool
		a.values[name] = !slices.Contains([]string{"0", "F", "FALSE", "N", "NO"}, strings.ToUpper(value))
	}
}

// wanted reports whether a connection without rediss:// must be encrypted. sentinel is set
// for the pool of Sentinel: only that has the argument ssl.
func (a *redisArgs) wanted(sentinel bool) (bool, error) {
	if v, ok := a.values["connection_class"]; ok && v != nil {
		name := optionName(v)
		if o, ok := v.(pyliteral.Opaque); ok {
			name = o.Text()
		}
		switch {
		case !strings.Contains(name, "redis.connection.") && !strings.Contains(name, "redis.sentinel."):
			return false, fmt.Errorf("%w: the connection_class of a Redis is the site's own, and may be encrypted", djsettings.ErrUnsupported)
		case strings.Contains(name, "SSLConnection"):
			return true, nil
		}
	}
	if sentinel {
		on, _ := pyliteral.Truth(a.values["ssl"])
		return on, nil
	}
	for name, v := range a.values {
		if !isTLSArg(name) || name == "ssl" && v == nil || name == "connection_class" {
			continue
		}
		return false, fmt.Errorf("%w: a Redis has the option %s, and no URL with rediss://: redis-py takes it for TLS alone", djsettings.ErrSetting, name)
	}
	return false, nil
}

func (a *redisArgs) text(name string) string {
	s, _ := pyliteral.Text(a.values[name])
	return s
}

// config returns the TLS of the context that SSLConnection makes. djsettings has refused the
// arguments that have no twin here.
//
// ssl_check_hostname is True by default since redis-py 6, and was False before. Without a
// profile nothing says the version, and the name is checked.
func (a *redisArgs) config(host string) (cfg *tls.Config, err error) {
	for name := range a.values {
		if _, known := pyclients.DjangoRedisPool.Option(name); isTLSArg(name) && !known {
			return nil, fmt.Errorf("%w: a Redis has the option %s, which redis-py does not know", djsettings.ErrSetting, name)
		}
	}
	look := trustName
	if !a.redisLooksAtNames() {
		look = trustChain
	}
	if v, ok := a.values["ssl_check_hostname"]; ok {
		if on, known := pyliteral.Truth(v); known && !on {
			look = trustChain
		} else {
			look = trustName
		}
	}
	if v, ok := a.values["ssl_cert_reqs"]; ok {
		verify, err := certReqs(v)
		if err != nil {
			return nil, err
		}
		if !verify {
			look = trustAny
		}
	}
	roots, err := a.roots()
	if err != nil {
		return nil, err
	}
	cfg = tlsConfig(host, look, roots)
	cert, key := a.text("ssl_certfile"), a.text("ssl_keyfile")
	switch {
	case cert != "":
		if key == "" {
			key = cert
		}
		if cfg.Certificates, err = clientCertificate(a.set.Abs(cert), a.set.Abs(key)); err != nil {
			return nil, err
		}
	case key != "":
		return nil, fmt.Errorf("%w: a Redis has an ssl_keyfile and no ssl_certfile", djsettings.ErrSetting)
	}
	if v := a.values["ssl_min_version"]; v != nil {
		least, err := tlsVersion(v)
		if err != nil {
			return nil, err
		}
		cfg.MinVersion = max(cfg.MinVersion, least)
	}
	return cfg, nil
}

// roots returns the certificates of this machine and those that the arguments name, because
// load_verify_locations only adds.
func (a *redisArgs) roots() (*x509.CertPool, error) {
	file, folder, data := a.text("ssl_ca_certs"), a.text("ssl_ca_path"), a.text("ssl_ca_data")
	if file == "" && folder == "" && data == "" {
		return nil, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	all := authorities{pool: pool}
	if file != "" {
		if err := all.addFile(a.set.Abs(file)); err != nil {
			return nil, err
		}
	}
	if folder != "" {
		if err := all.addFolder(a.set.Abs(folder)); err != nil {
			return nil, err
		}
	}
	if data != "" {
		if err := all.addData([]byte(data)); err != nil {
			return nil, err
		}
	}
	return pool, nil
}

// pythonEnum matches a member of an enum in its repr or in a settings.py:
// <VerifyMode.CERT_NONE: 0>, ssl.CERT_NONE, ssl.TLSVersion.TLSv1_3.
var pythonEnum = regexp.MustCompile(`^<?(?:ssl\.)?(?:\w+\.)?(\w+)(?:: -?\d+>)?$`)

// enumName returns the name of the member; "" if v is no member.
func enumName(v any) string {
	text := ""
	switch v := v.(type) {
	case pyliteral.Opaque:
		text = v.Text()
	case string: // from settings in JSON
		if text = v; !strings.Contains(text, ".") {
			return ""
		}
	}
	if m := pythonEnum.FindStringSubmatch(strings.TrimSpace(text)); m != nil {
		return m[1]
	}
	return ""
}

// certReqs reports whether a client with this ssl_cert_reqs verifies the server's
// certificate. With CERT_OPTIONAL it does too, because a server always sends one.
func certReqs(v any) (bool, error) {
	switch v := v.(type) {
	case nil:
		return false, nil
	case bool: // Python's bool is an int
		return v, nil
	case int64:
		if v >= 0 && v <= 2 {
			return v != 0, nil
		}
	case string:
		switch v {
		case "none":
			return false, nil
		case "optional", "required":
			return true, nil
		}
	}
	switch enumName(v) {
	case "CERT_NONE":
		return false, nil
	case "CERT_OPTIONAL", "CERT_REQUIRED":
		return true, nil
	}
	return false, fmt.Errorf("%w: the ssl_cert_reqs of a Redis are none that redis-py takes: none, optional, required", djsettings.ErrSetting)
}

// tlsVersion reads an ssl.TLSVersion.
func tlsVersion(v any) (uint16, error) {
	if n, ok := v.(int64); ok {
		if n == -2 || n >= 768 && n <= tls.VersionTLS13 {
			return uint16(max(n, 0)), nil
		}
		if n == -1 {
			return tls.VersionTLS13, nil
		}
	}
	switch enumName(v) {
	case "MINIMUM_SUPPORTED", "SSLv3", "TLSv1", "TLSv1_1", "TLSv1_2":
		return tls.VersionTLS12, nil
	case "TLSv1_3", "MAXIMUM_SUPPORTED":
		return tls.VersionTLS13, nil
	}
	return 0, fmt.Errorf("%w: the ssl_min_version of a Redis is no ssl.TLSVersion", djsettings.ErrSetting)
}
