package djcsrf

import (
	"net/http"
	"net/netip"
	"regexp"
	"strings"
)

// AllowedHosts returns HttpRequest.get_host, for Options.Host: the host of a request if
// it fits ALLOWED_HOSTS ("example.com", ".example.com" with all below it, "*"), else "".
// forwarded is USE_X_FORWARDED_HOST.
func AllowedHosts(allowed []string, forwarded bool) func(*http.Request) string {
	// A host is matched as it came: strings.ToLower makes letters of ASCII of U+0130 and
	// U+212A, and Django, which reads headers as Latin-1, refuses both.
	shape := regexp.MustCompile(`^([a-zA-Z0-9.-]+|\[[a-fA-F0-9]*:[a-fA-F0-9.:]+\])(:[0-9]+)?$`)
	patterns := make([]string, len(allowed))
	for i, pattern := range allowed {
		patterns[i] = strings.ToLower(pattern)
	}
	return func(r *http.Request) string {
		host := r.Host
		if all := r.Header["X-Forwarded-Host"]; forwarded && len(all) > 0 {
			host = strings.Join(all, ",")
		}
		parts := shape.FindStringSubmatch(host)
		if parts == nil {
			return ""
		}
		domain := strings.TrimSuffix(strings.ToLower(parts[1]), ".")
		for _, pattern := range patterns {
			if pattern == "*" || sameDomain(domain, pattern) {
				return host
			}
		}
		return ""
	}
}

// ForwardedPort is HttpRequest.get_port with USE_X_FORWARDED_PORT, for Options.Port:
// the header X-Forwarded-Port, or without it the port of r.Host.
func ForwardedPort(r *http.Request) string {
	if all := r.Header["X-Forwarded-Port"]; len(all) > 0 {
		return strings.Join(all, ",")
	}
	return portOf(r.Host)
}

// portOf is the port in a host, "" without one.
func portOf(host string) string {
	i := strings.LastIndexByte(host, ':')
	if i < 0 || strings.HasSuffix(host, "]") {
		return ""
	}
	return host[i+1:]
}

// sameDomain is is_same_domain, for a pattern in lower case.
func sameDomain(host, pattern string) bool {
	if pattern == "" {
		return false
	}
	return host == pattern || pattern[0] == '.' && (strings.HasSuffix(host, pattern) || host == pattern[1:])
}

// splitURL is urllib.parse.urlsplit, as far as scheme and netloc. ok is false for what
// is an error there, and for a netloc that is not ASCII, where Python looks for
// characters that become a slash, a colon or their like by normalisation.
func splitURL(text string) (scheme, netloc string, ok bool) {
	text = strings.TrimLeftFunc(text, func(r rune) bool { return r <= ' ' })
	if strings.ContainsAny(text, "\t\r\n") {
		text = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(text)
	}
	if i := strings.IndexByte(text, ':'); i > 0 && isScheme(text[:i]) {
		scheme, text = strings.ToLower(text[:i]), text[i+1:]
	}
	if rest, found := strings.CutPrefix(text, "//"); found {
		netloc = rest
		if i := strings.IndexAny(rest, "/?#"); i >= 0 {
			netloc = rest[:i]
		}
	}
	for i := range len(netloc) {
		if netloc[i] >= 0x80 {
			return "", "", false
		}
	}
	if strings.ContainsAny(netloc, "[]") {
		// What is between brackets has to be an address, with at most a port after it.
		_, hostPort, _ := cutLast(netloc, "@")
		inner, port, closed := strings.Cut(strings.TrimPrefix(hostPort, "["), "]")
		addr, err := netip.ParseAddr(inner)
		if !closed || hostPort[0] != '[' || err != nil || !addr.Is6() || port != "" && port[0] != ':' {
			return "", "", false
		}
	}
	return scheme, netloc, true
}

// cutLast is strings.Cut at the last sep; without one all of s comes after.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		letter := c >= 'a' && c <= 'z'
		if !letter && (i == 0 || (s[i] < '0' || s[i] > '9') && s[i] != '+' && s[i] != '-' && s[i] != '.') {
			return false
		}
	}
	return s != ""
}

// sameOrigin is same_origin of Django 1.8, for two hosts by HTTPS: in lower case, and
// with 443 for no port.
func sameOrigin(netloc, host string) bool {
	split := func(s string) (name, port string) {
		_, s, _ = cutLast(strings.ToLower(s), "@")
		port = portOf(s)
		name = strings.TrimSuffix(strings.TrimSuffix(s, port), ":")
		if port == "" {
			port = "443"
		}
		return name, port
	}
	name1, port1 := split(netloc)
	name2, port2 := split(host)
	return name1 != "" && name1 == name2 && port1 == port2
}
