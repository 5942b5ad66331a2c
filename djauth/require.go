package djauth

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-djsession/go-djsession/djsession"
)

// RequireLogin is login_required: who is not logged in is sent to Options.LoginURL,
// with the page that he wanted in the parameter "next". A store that is down is
// answered by 503.
func (a *Auth) RequireLogin(next http.Handler) http.Handler {
	return a.require(next, nil)
}

// RequirePermission is PermissionRequiredMixin: as RequireLogin, and who is logged
// in but has not all of perms ("app_label.codename") gets a 403.
//
// Unlike Django's decorator permission_required, it does not send somebody to log in
// who has logged in.
func (a *Auth) RequirePermission(perms ...string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler { return a.require(next, perms) }
}

func (a *Auth) require(next http.Handler, perms []string) http.Handler {
	if a == nil { // rather now than at a request
		panic("djauth: a nil Auth requires nothing; does the site have django.contrib.auth, and a database with users?")
	}
	check := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, err := User(r)
		allowed := false
		if err == nil && id.IsAuthenticated() {
			allowed, err = true, nil
			if len(perms) > 0 {
				allowed, err = id.HasPerms(r.Context(), perms...)
			}
		}
		switch {
		case err != nil:
			code := djsession.ErrorStatus(err)
			http.Error(w, http.StatusText(code), code)
		case allowed:
			next.ServeHTTP(w, r)
		case id.IsAuthenticated():
			http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
		default:
			w.Header().Set("Location", a.LoginURL(r))
			w.WriteHeader(http.StatusFound)
		}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.find(r.Context()) == nil { // used without Middleware
			a.Middleware(check).ServeHTTP(w, r)
			return
		}
		check.ServeHTTP(w, r)
	})
}

// LoginURL is where redirect_to_login sends r: Options.LoginURL, with the page of r
// as the parameter to come back to.
func (a *Auth) LoginURL(r *http.Request) string {
	target, err := url.Parse(a.opts.LoginURL)
	if err != nil {
		return a.opts.LoginURL
	}
	back := fullPath(r)
	scheme, host := "http", a.opts.Host(r)
	if a.opts.IsSecure(r) {
		scheme = "https"
	}
	if target.Scheme != "" && target.Scheme != scheme || target.Host != "" && target.Host != host {
		back = scheme + "://" + host + back
	}
	// The page takes the place of a parameter of its name, or the last one.
	var params []string
	field := url.QueryEscape(a.opts.RedirectField)
	for p := range strings.SplitSeq(target.RawQuery, "&") {
		name, _, _ := strings.Cut(p, "=")
		if p != "" && name != field {
			params = append(params, p)
		}
	}
	params = append(params, field+"="+strings.ReplaceAll(url.QueryEscape(back), "%2F", "/"))
	target.RawQuery = strings.Join(params, "&")
	return target.String()
}

// fullPath is request.get_full_path: it begins with one slash, so that it cannot be
// taken for a host.
func fullPath(r *http.Request) string {
	path := r.URL.EscapedPath()
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	if strings.HasPrefix(path, "//") {
		path = "/%2F" + path[2:]
	}
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	return path
}

// RedirectTarget is LoginView.get_redirect_url: the page that r, a request of the
// login page, names to go to after the login, in its form or its query. If there is
// none, or it leads to another site, it is fallback.
func (a *Auth) RedirectTarget(r *http.Request, fallback string) string {
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
	if !SafeRedirect(next, a.opts.Host(r), a.opts.IsSecure(r)) {
		return fallback
	}
	return next
}

// maxRedirect is MAX_URL_LENGTH.
const maxRedirect = 2048

// SafeRedirect is url_has_allowed_host_and_scheme: whether a redirect to target stays
// on this host, and on https if secure is set. Browsers read a URL more generously
// than it is written, so that this refuses more than the other hosts.
func SafeRedirect(target, host string, secure bool) bool {
	target = strings.TrimFunc(target, isPythonSpace)
	// Browsers take a backslash for a slash, and skip invisible characters at the
	// beginning.
	first, _ := utf8.DecodeRuneInString(target)
	return target != "" && len(target) <= maxRedirect && !unicode.Is(unicode.C, first) && safeRedirect(target, host, secure) &&
		safeRedirect(strings.ReplaceAll(target, `\`, "/"), host, secure)
}

func safeRedirect(target, host string, secure bool) bool {
	// Chrome takes what begins with three slashes for a host, whatever stands there.
	if strings.HasPrefix(target, "///") {
		return false
	}
	// Browsers skip tabs and line ends anywhere, and urlsplit takes them away.
	if strings.ContainsFunc(target, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return false
	}
	scheme, rest := splitScheme(target)
	netloc := ""
	if strings.HasPrefix(rest, "//") {
		netloc = rest[2:]
		if i := strings.IndexAny(netloc, "/?#"); i >= 0 {
			netloc = netloc[:i]
		}
	}
	if netloc == "" && scheme != "" {
		return false // javascript: and the like, and http:///elsewhere
	}
	if netloc != "" && netloc != host {
		return false
	}
	if scheme == "" && netloc != "" {
		scheme = "http"
	}
	return scheme == "" || scheme == "https" || scheme == "http" && !secure
}

// splitScheme is what urlsplit takes for a scheme.
func splitScheme(target string) (scheme, rest string) {
	for i := range len(target) {
		c := target[i] | 0x20
		switch {
		case 'a' <= c && c <= 'z', i > 0 && strings.IndexByte("0123456789+-.", target[i]) >= 0:
		case target[i] == ':' && i > 0:
			return strings.ToLower(target[:i]), target[i+1:]
		default:
			return "", target
		}
	}
	return "", target
}

// isPythonSpace is what str.strip takes away.
func isPythonSpace(c rune) bool {
	return c == ' ' || c >= '\t' && c <= '\r' || c >= 0x1c && c <= 0x1f || c == 0x85 || c == 0xa0 ||
		c == 0x1680 || c >= 0x2000 && c <= 0x200a || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000
}
