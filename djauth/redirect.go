package djauth

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// RedirectTarget is LoginView.get_redirect_url: the page that r, a request of the
// login page, names to go to after the login, in its form or its query. It returns
// fallback, as it is, if r names none or one of another site.
//
// The page is an absolute path ("/a/?b=c") or a URL of this host or of one of
// Options.SuccessURLAllowedHosts, in ASCII. Its form is final: [http.Redirect] and the
// routers write it as it is, and a browser stays on these hosts. As iri_to_uri does, it
// writes a backslash as %5C and other characters as UTF-8.
// It resolves a relative page as a browser does, from the path that the client sent, so
// that a login page may be inside of [http.StripPrefix]. A prefix that a proxy takes away
// it does not know.
//
// Unlike Django, it takes ".", ".." and double slashes out of the path, and spaces from the
// ends. It refuses what one of the Djangos, or some browsers, read in another way: a
// control character, a first character that is not ASCII, and a scheme that does not begin
// with a letter ("1:").
func (a *Auth) RedirectTarget(r *http.Request, fallback string) string {
	scheme, err := a.m.Site().Scheme(r)
	secure := err != nil || scheme == "https"
	hosts := append([]string{a.opts.Host(r)}, a.opts.SuccessURLAllowedHosts...)
	next := a.nextPage(r)
	if !allowedTarget(next, hosts, secure) {
		return fallback
	}
	next = canonicalTarget(next, a.sentPath(r))
	if !staysOnSite(next, hosts, secure) {
		return fallback
	}
	return next
}

// nextPage returns what the form or the query of r names, or "".
func (a *Auth) nextPage(r *http.Request) string {
	next := ""
	if all := r.URL.Query()[a.opts.RedirectField]; len(all) > 0 {
		next = all[len(all)-1] // the last, as QueryDict.get
	}
	parsed := r.MultipartForm
	_ = r.PostFormValue("") // parses the form; one that does not parse has no page to go to
	if f := r.MultipartForm; f != nil && f != parsed {
		// The server removes the files of its own request, not those of a copy.
		context.AfterFunc(r.Context(), func() { _ = f.RemoveAll() })
	}
	if all := r.PostForm[a.opts.RedirectField]; len(all) > 0 {
		next = all[len(all)-1]
	}
	return next
}

// sentPath returns the path that the browser asked for, with the prefix that a proxy took
// away.
func (a *Auth) sentPath(r *http.Request) string { return a.opts.ScriptName + sentPath(r) }

// sentPath returns the path that the server was asked for, which StripPrefix and routers
// leave in RequestURI.
func sentPath(r *http.Request) string {
	p := r.URL.EscapedPath()
	if u, err := url.ParseRequestURI(r.RequestURI); err == nil && strings.HasPrefix(u.Path, "/") {
		p = u.EscapedPath()
	}
	if !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	return p
}

// SafeRedirect is url_has_allowed_host_and_scheme: whether a redirect to target, as it
// is, stays on this host, and on https if secure is set. Browsers read a URL more
// generously than it is written, so that this refuses more than the other hosts.
// host is as in the Host header, with its port if that is not the usual one. For a site
// with several hosts, call it for each of them.
//
// Unlike Django, it refuses a backslash before the query, "//" without a host, and a
// relative target that becomes a URL without its dots ("./javascript:"). Django writes
// %5C and leaves the dots; [http.Redirect] writes the backslash and takes the dots out, so
// that "/.//\evil.example" leads to another site. It also refuses what
// [Auth.RedirectTarget] refuses.
func SafeRedirect(target, host string, secure bool) bool {
	hosts := []string{host}
	if !allowedTarget(target, hosts, secure) {
		return false
	}
	// A header's value loses these spaces only. Others become a part of the host or the path.
	target = strings.Trim(target, " ")
	head, _, _ := strings.Cut(target, "?")
	if !allowedText(target, hosts, secure) || strings.Contains(head, `\`) {
		return false
	}
	if _, netloc := splitURL(target); netloc != "" {
		return true // http.Redirect leaves a URL as it is
	}
	if strings.HasPrefix(head, "/") {
		return !strings.HasPrefix(head, "//")
	}
	// http.Redirect puts the directory of the request before it, which may have no
	// slash at its beginning, and cleans both. It takes a fragment for a part of the path.
	first := path.Clean(head)
	for strings.HasPrefix(first, "../") {
		first = first[len("../"):]
	}
	first, _, _ = strings.Cut(first, "/")
	return strings.IndexByte(first, ':') <= 0
}

// maxRedirect is MAX_URL_LENGTH, in characters.
const maxRedirect = 2048

// allowedTarget is the verdict of url_has_allowed_host_and_scheme. It is never true where
// one of the Djangos says no.
func allowedTarget(target string, hosts []string, secure bool) bool {
	target = strings.TrimFunc(target, isPythonSpace)
	// Browsers skip invisible characters at the beginning. Which these are beyond
	// ASCII depends on Python's Unicode.
	if target == "" || target[0] > '~' || utf8.RuneCountInString(target) > maxRedirect {
		return false
	}
	// Browsers take a backslash for a slash, but not in a password.
	return allowedText(target, hosts, secure) && allowedText(strings.ReplaceAll(target, `\`, "/"), hosts, secure)
}

func allowedText(target string, hosts []string, secure bool) bool {
	// Chrome takes what begins with three slashes for a host, whatever stands there.
	if strings.HasPrefix(target, "///") {
		return false
	}
	// Browsers skip tabs and line ends anywhere, and urlsplit takes them away.
	if strings.ContainsFunc(target, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return false
	}
	scheme, netloc := splitURL(target)
	if netloc == "" && scheme != "" {
		return false // javascript: and the like, and http:///elsewhere
	}
	if netloc != "" && (!slices.Contains(hosts, netloc) || !plainHost(netloc)) {
		return false
	}
	if scheme == "" && netloc != "" {
		scheme = "http"
	}
	return scheme == "" || scheme == "https" || scheme == "http" && !secure
}

// splitURL is what urlsplit takes for the scheme and the host. Before a scheme it wants
// no letter, as Django up to 4.2 does not; later ones and browsers do.
func splitURL(target string) (scheme, netloc string) {
	if i := strings.IndexByte(target, ':'); i > 0 && strings.IndexFunc(target[:i], notInScheme) < 0 {
		scheme, target = strings.ToLower(target[:i]), target[i+1:]
	}
	if strings.HasPrefix(target, "//") {
		netloc = target[2:]
		if i := strings.IndexAny(netloc, "/?#"); i >= 0 {
			netloc = netloc[:i]
		}
	}
	return scheme, netloc
}

func notInScheme(c rune) bool { return !isAlphanumeric(c) && !strings.ContainsRune("+-.", c) }

func isAlphanumeric(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// plainHost reports whether every parser reads host as a host with at most a port.
func plainHost(host string) bool {
	if strings.HasPrefix(host, "[") {
		ip, _, closed := strings.Cut(host[1:], "]")
		addr, err := netip.ParseAddr(ip)
		if !closed || err != nil || !addr.Is6() || addr.Zone() != "" {
			return false
		}
		host = "ip" + host[len(ip)+2:]
	}
	name, port, _ := strings.Cut(host, ":")
	foreign := func(c rune) bool { return !isAlphanumeric(c) && !strings.ContainsRune("-._", c) }
	return name != "" && !strings.ContainsFunc(name, foreign) && strings.Trim(port, "0123456789") == ""
}

// canonicalTarget returns the form of an allowed target that http.Redirect does not
// change. base is the path of the page that a relative target stands on.
func canonicalTarget(target, base string) string {
	target = iriToURI(strings.TrimFunc(target, isPythonSpace))
	if _, netloc := splitURL(target); netloc != "" {
		return target // http.Redirect leaves it as it is
	}
	p, tail := target, ""
	if i := strings.IndexAny(target, "?#"); i >= 0 {
		p, tail = target[:i], target[i:]
	}
	switch {
	case p == "":
		p = base
	case p[0] != '/':
		p = base[:strings.LastIndexByte(base, '/')+1] + p
	}
	p = resolveDots(p)
	// http.Redirect cleans up to the first question mark, also in a fragment.
	if head, _, _ := strings.Cut(p+tail, "?"); strings.HasPrefix(tail, "#") && path.Clean(head) != strings.TrimSuffix(head, "/") {
		tail = strings.ReplaceAll(tail, "/", "%2F")
	}
	return p + tail
}

// resolveDots takes "." and ".." out of an absolute path as browsers do, then double
// slashes.
func resolveDots(p string) string {
	var kept []string
	all := strings.Split(p[1:], "/")
	for i, s := range all {
		dots := strings.ReplaceAll(strings.ToLower(s), "%2e", ".")
		if dots == ".." {
			kept = kept[:max(0, len(kept)-1)]
		}
		if dots != "." && dots != ".." {
			kept = append(kept, s)
		} else if i == len(all)-1 {
			kept = append(kept, "") // a directory
		}
	}
	last := kept[len(kept)-1]
	kept = slices.DeleteFunc(kept[:len(kept)-1], func(s string) bool { return s == "" })
	return "/" + strings.Join(append(kept, last), "/")
}

// staysOnSite reports whether every parser finds one of hosts in target: it is ASCII
// without spaces and backslashes, and begins with one slash, or with the host.
func staysOnSite(target string, hosts []string, secure bool) bool {
	for i := range len(target) {
		if c := target[i]; c <= ' ' || c > '~' || c == '\\' {
			return false
		}
	}
	if strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "//") {
		return true
	}
	_, netloc := splitURL(target)
	return netloc != "" && allowedText(target, hosts, secure)
}

// iriToURI is iri_to_uri.
func iriToURI(s string) string {
	const hex = "0123456789ABCDEF"
	s = strings.ToValidUTF8(s, "\ufffd") // as Django decodes a form
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if isAlphanumeric(rune(c)) || strings.IndexByte("_.-/#%[]=:;$&()+,!?*@'~", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// isPythonSpace is what str.strip takes away.
func isPythonSpace(c rune) bool {
	return c == ' ' || c >= '\t' && c <= '\r' || c >= 0x1c && c <= 0x1f || c == 0x85 || c == 0xa0 ||
		c == 0x1680 || c >= 0x2000 && c <= 0x200a || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000
}
