// Package weburl reads URLs as browsers do, by the WHATWG's URL Standard, and makes
// targets of redirects that are hard to read. It is for tests: net/url is stricter than
// browsers, so it cannot say where a browser goes.
package weburl

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// URL is the place where a browser goes. Host has its port, unless that is the scheme's
// default. A URL of a scheme without hosts has neither Host nor Path.
type URL struct{ Scheme, Host, Path string }

// ErrInvalid is a URL that a browser does not open.
var ErrInvalid = errors.New("weburl: invalid URL")

// lines are the characters that browsers skip everywhere.
var lines = strings.NewReplacer("\t", "", "\n", "", "\r", "")

var ports = map[string]string{"http": "80", "https": "443", "ws": "80", "wss": "443", "ftp": "21"}

// Parse reads an absolute URL.
func Parse(text string) (URL, error) { return URL{}.Resolve(text) }

// Resolve reads the value of Location in the answer of u, or the href of a link there.
// The scheme of u must have hosts, as http has. Resolve ignores queries and fragments. A
// host beyond ASCII stays as it is, and so is a different host.
func (u URL) Resolve(text string) (URL, error) {
	text = strings.TrimFunc(text, func(c rune) bool { return c <= ' ' })
	text = lines.Replace(text)
	if scheme, rest, ok := cutScheme(text); ok {
		if _, special := ports[scheme]; !special {
			return URL{Scheme: scheme}, nil
		}
		if scheme != u.Scheme || strings.HasPrefix(rest, "//") {
			return authority(scheme, rest)
		}
		text = rest // "http:page" is a page of u, if that is http too
	}
	if u.Scheme == "" {
		return URL{}, ErrInvalid
	}
	if len(text) > 1 && isSlash(text[0]) && isSlash(text[1]) {
		return authority(u.Scheme, text)
	}
	dir := u.Path[:strings.LastIndexByte(u.Path, '/')+1]
	switch p, _ := cut(text, "?#"); {
	case p == "":
	case isSlash(p[0]):
		u.Path = resolve(p[1:])
	default:
		u.Path = resolve(dir[1:] + p)
	}
	return u, nil
}

func isSlash(c byte) bool { return c == '/' || c == '\\' }

// cut splits s before the first of chars.
func cut(s, chars string) (before, rest string) {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

func cutScheme(s string) (scheme, rest string, ok bool) {
	for i := range len(s) {
		c := s[i] | 0x20
		switch {
		case 'a' <= c && c <= 'z', i > 0 && strings.IndexByte("0123456789+-.", s[i]) >= 0:
		case i > 0 && s[i] == ':':
			return strings.ToLower(s[:i]), s[i+1:], true
		default:
			return "", s, false
		}
	}
	return "", s, false
}

// authority reads the text after a scheme of the table ports: any number of slashes, the
// host, and the path.
func authority(scheme, text string) (URL, error) {
	text, rest := cut(strings.TrimLeft(text, `/\`), `/\?#`)
	host := text[strings.LastIndexByte(text, '@')+1:]
	port := ""
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host, port = host[:i], host[i+1:]
	}
	if strings.HasPrefix(host, "[") {
		addr, err := netip.ParseAddr(strings.TrimSuffix(host[1:], "]"))
		if err != nil || !strings.HasSuffix(host, "]") || !addr.Is6() || addr.Zone() != "" {
			return URL{}, ErrInvalid
		}
		host = "[" + addr.String() + "]"
	} else {
		decoded, err := url.PathUnescape(host)
		if err != nil || decoded == "" || strings.ContainsFunc(decoded, forbidden) {
			return URL{}, ErrInvalid
		}
		host = strings.ToLower(decoded)
	}
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return URL{}, ErrInvalid
		}
		if port = strconv.FormatUint(n, 10); port != ports[scheme] {
			host += ":" + port
		}
	}
	u := URL{Scheme: scheme, Host: host, Path: "/"}
	if p, _ := cut(rest, "?#"); p != "" {
		u.Path = resolve(p[1:])
	}
	return u, nil
}

// forbidden reports whether no domain has the character.
func forbidden(c rune) bool {
	return c <= ' ' || c == 0x7f || strings.ContainsRune(`#/:<>?@[\]^|%`, c)
}

// resolve removes the dots from a path, and the slash at its beginning.
func resolve(p string) string {
	segments := strings.Split(strings.ReplaceAll(p, `\`, "/"), "/")
	kept := []string{}
	for i, s := range segments {
		dots := strings.ReplaceAll(strings.ToLower(s), "%2e", ".")
		if dots == ".." && len(kept) > 0 {
			kept = kept[:len(kept)-1]
		}
		if dots != "." && dots != ".." {
			kept = append(kept, s)
		} else if i == len(segments)-1 {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/")
}
