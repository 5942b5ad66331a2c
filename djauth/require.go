package djauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-djsession/go-djsession/djsession"
)

// RequireLogin is login_required: it redirects an anonymous visitor to Options.LoginURL,
// with the wanted page in the parameter "next". A visitor without a second factor goes to the
// page for it, see [SecondFactor], and a refusal may have a status of its own, see [Refuse].
// It answers 503 if it cannot read the session or the account.
//
// Unlike Django, it answers a script with 401 in place of the redirect, which a script would
// follow to the text of the login page. For htmx the answer has the header HX-Redirect, so
// that the browser goes to the login page. [Options.FromScript] decides which requests are
// those of scripts.
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
	if _, ok := As[Granter](a.users); a.opts.Judge == nil && len(perms) > 0 && (a.backends.grants || a.opts.Permissions != nil) && !ok {
		panic(fmt.Sprintf("djauth: RequirePermission needs a Granter, and %T is none", a.users))
	}
	check := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.opts.Judge != nil && len(perms) > 0 {
			r = r.WithContext(context.WithValue(r.Context(), permsKey{}, perms))
		}
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
			a.refuse(w, r, id)
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

// refuse answers an anonymous visitor.
func (a *Auth) refuse(w http.ResponseWriter, r *http.Request, id *Identity) {
	page, status := a.loginPage(r), http.StatusFound
	if e, ok := errors.AsType[interface {
		error
		StatusCode() int
	}](errors.Unwrap(id.why)); ok { // by a Judge
		status = djsession.ErrorStatus(e)
	}
	switch {
	case id.page != "":
		page = id.page
	case errors.Is(id.why, ErrSecondFactor):
		status = http.StatusForbidden
	}
	if status != http.StatusFound {
		http.Error(w, http.StatusText(status), status)
		return
	}
	if a.opts.FromScript(r) {
		if r.Header.Get("HX-Request") == "true" {
			w.Header().Set("HX-Redirect", a.backTo(r, page, shownPath(r, a.opts.Host(r))))
		}
		// A 401 must name a scheme. A browser asks for a password only for those it knows.
		w.Header().Set("WWW-Authenticate", "Session")
		http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
		return
	}
	w.Header().Set("Location", a.backFrom(r, page))
	w.WriteHeader(status)
}

// FromScript is the default of [Options.FromScript]. It reports whether a script sent r, or a
// tag such as img, and not a browser that shows the answer as a page: the request has
// "HX-Request: true"; or Sec-Fetch-Mode, which browsers send by HTTPS, is not "navigate"; or
// that is absent, and the request has "X-Requested-With: XMLHttpRequest" or an Accept that
// names JSON and not HTML.
func FromScript(r *http.Request) bool {
	h := r.Header
	if h.Get("HX-Request") == "true" {
		return true
	}
	if mode := h.Get("Sec-Fetch-Mode"); mode != "" {
		return mode != "navigate"
	}
	accept := strings.ToLower(strings.Join(h["Accept"], ","))
	return h.Get("X-Requested-With") == "XMLHttpRequest" ||
		strings.Contains(accept, "json") && !strings.Contains(accept, "text/html")
}

// shownPath returns the path of the page that htmx shows, which is the one to come back to.
// It is "" if that is none of host.
func shownPath(r *http.Request, host string) string {
	u, err := url.Parse(r.Header.Get("HX-Current-URL"))
	if err != nil || u.Host == "" || u.Host != host || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return fullPath(&http.Request{URL: u})
}

// LoginURL is redirect_to_login: it returns Options.LoginURL with the page of r as the
// parameter to come back to.
func (a *Auth) LoginURL(r *http.Request) string { return a.backFrom(r, a.loginPage(r)) }

// loginPage is Options.LoginURL, below the prefix of r if it is named.
func (a *Auth) loginPage(r *http.Request) string {
	if !a.opts.LoginURLNamed {
		return a.opts.LoginURL
	}
	return a.m.Site().ScriptName(r) + a.opts.LoginURL
}

// backFrom returns the URL of a page with the page of r as the parameter to come back to.
func (a *Auth) backFrom(r *http.Request, page string) string { return a.backTo(r, page, "") }

// backTo is backFrom with a path to come back to, if that is not "".
func (a *Auth) backTo(r *http.Request, page, back string) string {
	target, err := url.Parse(page)
	if err != nil { // New has looked
		return page
	}
	if back == "" {
		back = a.opts.ScriptName + fullPath(r)
	}
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
