package djsession

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/textproto"
	"slices"
	"strings"

	"github.com/go-djsession/go-djsession/internal/httpcookie"
)

// Server is the program in which the site's Django runs, and whose place Go takes. It decides
// what Django learns about a request from the headers of a proxy: see docs/proxies.md, whose
// table is compared with the real servers. "" means that it is not known: the scheme is then
// that of [Gunicorn], and the client's address that of the connection.
type Server string

// The servers. The workers UvicornWorker of gunicorn are [Uvicorn]. [GunicornASGI] is the
// worker "asgi" that gunicorn 25 brought.
const (
	Gunicorn     Server = "gunicorn"
	GunicornASGI Server = "gunicorn-asgi"
	Uvicorn      Server = "uvicorn"
	Hypercorn    Server = "hypercorn"
	Daphne       Server = "daphne"
	Waitress     Server = "waitress"
	UWSGI        Server = "uwsgi"
	ModWSGI      Server = "mod_wsgi"
	RunServer    Server = "runserver"
)

const (
	forHeader   = "X-Forwarded-For"
	protoHeader = "X-Forwarded-Proto"
	sslHeader   = "X-Forwarded-Ssl"
	// scriptHeader is SCRIPT_NAME, as net/http spells it.
	scriptHeader = "Script_name"
)

// serverRule says what a server makes of a proxy's headers.
type serverRule struct {
	asgi     bool
	defaults []string // Proxies.Headers by default
	others   []string // further ones that the site may tell it to take
	pairs    bool     // the site may name any header, with the value that means https
	// scheme is what the headers say, "" for nothing.
	scheme func(p *Proxies, h http.Header) (string, error)
	// client is the client's address by X-Forwarded-For, "" for nothing.
	client func(p *Proxies, lines []string) string
}

var gunicornHeaders = []string{protoHeader, "X-Forwarded-Protocol: ssl", sslHeader + ": on"}

var serverRules = map[Server]serverRule{
	"":           {defaults: gunicornHeaders, scheme: gunicornScheme, pairs: true},
	Gunicorn:     {defaults: gunicornHeaders, scheme: gunicornScheme, pairs: true},
	GunicornASGI: {defaults: gunicornHeaders, scheme: gunicornScheme, pairs: true, asgi: true},
	Uvicorn:      {defaults: []string{protoHeader, forHeader}, scheme: uvicornScheme, client: uvicornClient, asgi: true},
	Hypercorn:    {others: []string{protoHeader, forHeader}, scheme: hypercornScheme, client: lastClient, asgi: true},
	Daphne:       {others: []string{protoHeader, forHeader}, scheme: daphneScheme, client: firstClient, asgi: true},
	Waitress:     {others: []string{protoHeader, forHeader}, scheme: waitressScheme, client: waitressClient},
	UWSGI:        {defaults: []string{protoHeader, sslHeader}, scheme: uwsgiScheme},
	ModWSGI:      {},
	RunServer:    {},
}

// ParseServer returns the server of this name: that of a constant, such as "uvicorn".
//
// Errors: [ErrConfig].
func ParseServer(name string) (Server, error) {
	if _, ok := serverRules[Server(name)]; !ok || name == "" {
		return "", fmt.Errorf("%w: no such server is known: gunicorn, gunicorn-asgi, uvicorn (also as the workers of gunicorn), hypercorn, daphne, waitress, uwsgi, mod_wsgi and runserver are", ErrConfig)
	}
	return Server(name), nil
}

// IsASGI reports whether Django runs there by ASGI. FORCE_SCRIPT_NAME is then no part of
// request.path.
func (s Server) IsASGI() bool { return serverRules[s].asgi }

// ParseAllowIPs returns the Proxies for FORWARDED_ALLOW_IPS, as gunicorn and uvicorn read it:
// addresses and networks with commas between them, "*" for everybody. "" trusts nobody but,
// in gunicorn, unix sockets.
//
// Errors: [ErrConfig] for what is neither an address nor a network. The rest is returned
// beside the error.
func ParseAllowIPs(server Server, text string) (Proxies, error) {
	p := Proxies{Server: server, UnixSockets: server != Uvicorn}
	var err error
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "*" {
			p.Trusted = append(p.Trusted, netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0"))
			p.UnixSockets = true
			continue
		}
		network, wrong := netip.ParsePrefix(part)
		if addr, ok := netip.ParseAddr(part); ok == nil {
			network, wrong = netip.PrefixFrom(addr.WithZone(""), addr.BitLen()), nil
		}
		switch {
		case part == "":
		case wrong != nil || network != network.Masked():
			err = fmt.Errorf("%w: FORWARDED_ALLOW_IPS has a part that is neither an address nor a network such as 10.0.0.0/8", ErrConfig)
		default:
			p.Trusted = append(p.Trusted, network)
		}
	}
	return p, err
}

// checkHeaders refuses Headers that the Server never takes.
func (p *Proxies) checkHeaders() error {
	rule, ok := serverRules[p.Server]
	if !ok {
		_, err := ParseServer(string(p.Server))
		return err
	}
	for _, h := range p.Headers {
		name, value, pair := strings.Cut(h, ":")
		known := slices.Contains(rule.defaults, h) || slices.Contains(rule.others, h)
		if !known && !(rule.pairs && pair && httpcookie.IsName(name) && strings.TrimSpace(value) != "") {
			return fmt.Errorf("%w: Proxies.Headers: %s takes %s from no proxy", ErrConfig, serverName(p.Server), name)
		}
	}
	return nil
}

func serverName(s Server) string {
	if s == "" {
		return "the server"
	}
	return string(s)
}

// takes reports whether the server takes this header from a proxy that it trusts.
func (p *Proxies) takes(header string) bool {
	list := p.Headers
	if list == nil {
		list = serverRules[p.Server].defaults
	}
	return slices.Contains(list, header)
}

// one returns the only line of a header. One that comes twice contradicts itself.
func one(h http.Header, name string) (value string, ok bool, err error) {
	switch all := h[name]; len(all) {
	case 0:
		return "", false, nil
	case 1:
		return all[0], true, nil
	}
	return "", false, ErrScheme
}

// secure returns the scheme for a header that has to be "https".
func secure(value string) string {
	if value == "https" {
		return "https"
	}
	return "http"
}

// says returns what the headers of a trusted proxy say about the scheme, "" for nothing. On an
// error it is "".
func (p *Proxies) says(h http.Header) (string, error) {
	rule := serverRules[p.Server]
	if rule.scheme == nil || !rule.pairs && !p.takes(protoHeader) && !p.takes(sslHeader) {
		return "", nil
	}
	scheme, err := rule.scheme(p, h)
	if err != nil {
		return "", err
	}
	return scheme, nil
}

// gunicornScheme is _apply_header_policy: secure_scheme_headers, which must agree.
func gunicornScheme(p *Proxies, h http.Header) (scheme string, err error) {
	list := p.Headers
	if list == nil {
		list = gunicornHeaders
	}
	for _, pair := range list {
		name, secure, ok := strings.Cut(pair, ":")
		if secure = strings.TrimSpace(secure); !ok {
			secure = "https"
		}
		got, ok, err := one(h, textproto.CanonicalMIMEHeaderKey(name))
		if err != nil {
			return "", err
		}
		if !ok {
			continue
		}
		says := "http"
		if got == secure {
			says = "https"
		}
		if scheme != "" && scheme != says {
			return "", ErrScheme
		}
		scheme = says
	}
	return scheme, nil
}

// uvicornScheme is ProxyHeadersMiddleware.
func uvicornScheme(_ *Proxies, h http.Header) (string, error) {
	got, _, err := one(h, protoHeader)
	switch got = strings.TrimSpace(got); got {
	case "http", "https", "ws", "wss":
		return secure(got), err
	}
	return "", err
}

// hypercornScheme is ProxyFixMiddleware with one hop, which the site puts around Django.
func hypercornScheme(_ *Proxies, h http.Header) (string, error) {
	got, ok, err := one(h, protoHeader)
	if !ok {
		return "", err
	}
	return secure(strings.TrimSpace(got[strings.LastIndexByte(got, ',')+1:])), nil
}

// daphneScheme is parse_x_forwarded_for: without X-Forwarded-For no scheme counts.
func daphneScheme(_ *Proxies, h http.Header) (string, error) {
	got, ok, err := one(h, protoHeader)
	if !ok || len(h[forHeader]) == 0 {
		return "", err
	}
	return secure(got), nil
}

// waitressScheme is parse_proxy_headers.
func waitressScheme(_ *Proxies, h http.Header) (string, error) {
	got, _, err := one(h, protoHeader)
	switch got = strings.ToLower(got); got {
	case "", "http", "https":
		return got, err
	}
	return "", ErrScheme
}

// uwsgiScheme takes X-Forwarded-Proto, and without it X-Forwarded-Ssl.
func uwsgiScheme(_ *Proxies, h http.Header) (string, error) {
	if got, ok, err := one(h, protoHeader); ok || err != nil {
		return secure(got), err
	}
	got, _, err := one(h, sslHeader)
	if got == "on" {
		return "https", nil
	}
	return "", err
}

// clears reports whether the server takes a header away before Django sees it: Waitress those
// of proxies that it does not trust (clear_untrusted_proxy_headers).
func (p *Proxies) clears(r *http.Request, header string) bool {
	return p.Server == Waitress && proxyHeaders[header] && !(p.trusts(r) && p.takes(header))
}

// proxyHeaders are PROXY_HEADERS of Waitress.
var proxyHeaders = map[string]bool{
	forHeader: true, "X-Forwarded-Host": true, protoHeader: true, "X-Forwarded-Port": true, "X-Forwarded-By": true, "Forwarded": true,
}

// ClientAddr is request.META["REMOTE_ADDR"]: the client's address as Django's code sees it,
// by [Settings.Proxies]. Some servers take it from X-Forwarded-For, others return that of the
// proxy. It is "" for a unix socket. It may be any text that a trusted proxy sent.
func (s *Site) ClientAddr(r *http.Request) string {
	p := &s.set.Proxies
	if rule := serverRules[p.Server]; rule.client != nil && p.takes(forHeader) && p.trusts(r) {
		if lines := r.Header[forHeader]; len(lines) > 0 {
			if addr := rule.client(p, lines); addr != "" {
				return addr
			}
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	switch {
	case err == nil:
		return host
	case strings.HasPrefix(r.RemoteAddr, "@"), strings.HasPrefix(r.RemoteAddr, "/"):
		return "" // a unix socket
	}
	return r.RemoteAddr
}

// uvicornClient is get_trusted_client_address: the last address that is no trusted proxy.
func uvicornClient(p *Proxies, lines []string) string {
	all := strings.Split(strings.Join(lines, ","), ",")
	for i := len(all) - 1; i >= 0; i-- {
		host := hostOf(strings.TrimSpace(all[i]))
		addr, err := netip.ParseAddr(host)
		if err != nil || !p.contains(addr) {
			return host
		}
	}
	return hostOf(strings.TrimSpace(all[0]))
}

// lastClient returns what the last proxy added.
func lastClient(_ *Proxies, lines []string) string {
	line := strings.Join(lines, ",")
	return strings.TrimSpace(line[strings.LastIndexByte(line, ',')+1:])
}

// waitressClient is lastClient without a port. Waitress takes brackets with a port behind them
// for a part of the address.
func waitressClient(p *Proxies, lines []string) string {
	last := lastClient(p, lines)
	if strings.HasPrefix(last, "[") && !strings.HasSuffix(last, "]") && !strings.Contains(last, ".") {
		return last
	}
	return hostOf(last)
}

// firstClient returns what the first proxy, or the client itself, sent.
func firstClient(_ *Proxies, lines []string) string {
	first, _, _ := strings.Cut(lines[0], ",")
	return strings.TrimSpace(first)
}

// hostOf returns an address without its port and brackets.
func hostOf(text string) string {
	if strings.HasPrefix(text, "[") {
		host, rest, ok := strings.Cut(text[1:], "]")
		if !ok || rest != "" && rest[0] != ':' {
			return text
		}
		return host
	}
	if strings.Count(text, ":") == 1 {
		host, _, _ := strings.Cut(text, ":")
		return host
	}
	return text
}

// ScriptName is the prefix of request.path under which the proxy has put the site: gunicorn
// takes it from the header SCRIPT_NAME of a trusted proxy. It is part of the path of r. "" is
// none; so is a prefix that the path does not have, for which gunicorn answers 500.
func (s *Site) ScriptName(r *http.Request) string {
	p := &s.set.Proxies
	if p.Server != Gunicorn || !p.trusts(r) {
		return ""
	}
	all := r.Header[scriptHeader]
	if len(all) == 0 || !strings.HasPrefix(r.URL.EscapedPath(), all[len(all)-1]) {
		return ""
	}
	return strings.TrimSuffix(all[len(all)-1], "/")
}
