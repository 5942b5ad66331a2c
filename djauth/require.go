package djauth

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-djsession/go-djsession/djsession"
)

// RequireLogin is login_required: it redirects an anonymous visitor to Options.LoginURL,
// with the wanted page in the parameter "next". It answers 503 if it cannot read the session
// or the account.
func (a *Auth) RequireLogin(next http.Handler) http.Handler {
	return a.require(next, nil)
}

// RequirePermission is PermissionRequiredMixin: it does what RequireLogin does, and answers
// 403 to a user who lacks one of perms ("app_label.codename").
//
// Unlike Django's decorator permission_required, it does not redirect a logged-in user to
// the login page. It panics for Users without [Granter]. It answers 500 where HasPerm returns
// ErrUnknownBackend, and logs the cure once.
func (a *Auth) RequirePermission(perms ...string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler { return a.require(next, perms) }
}

func (a *Auth) require(next http.Handler, perms []string) http.Handler {
	if a == nil { // rather now than at a request
		panic("djauth: a nil Auth requires nothing; does the site have django.contrib.auth, and a database with users?")
	}
	if _, ok := As[Granter](a.users); len(perms) > 0 && (a.backends.grants || a.opts.Permissions != nil) && !ok {
		panic(fmt.Sprintf("djauth: RequirePermission needs a Granter, and %T is none", a.users))
	}
	check := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, err := User(r.Context())
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

// LoginURL is redirect_to_login: it returns Options.LoginURL with the page of r as the
// parameter to come back to.
func (a *Auth) LoginURL(r *http.Request) string {
	target, err := url.Parse(a.opts.LoginURL)
	if err != nil { // New has looked
		return a.opts.LoginURL
	}
	back := fullPath(r)
	scheme, host := "http", a.opts.Host(r)
	if a.m.Site().IsSecure(r) {
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

// fullPath is request.get_full_path, with the prefix that [http.StripPrefix] took away:
// it begins with one slash, so that it cannot be taken for a host.
func fullPath(r *http.Request) string {
	path := r.URL.EscapedPath()
	if sent := sentPath(r); strings.HasSuffix(sent, path) {
		path = sent
	}
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
