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
// It answers 503 if it cannot read the session
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
	page, status := a.opts.LoginURL, http.StatusFound
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
	w.Header().Set("Location", a.backFrom(r, page))
	w.WriteHeader(status)
}

// LoginURL is redirect_to_login: it returns Options.LoginURL with the page of r as the
// parameter to come back to.
func (a *Auth) LoginURL(r *http.Request) string { return a.backFrom(r, a.opts.LoginURL) }

// backFrom returns the URL of a page with the page of r as the parameter to come back to.
func (a *Auth) backFrom(r *http.Request, page string) string {
	target, err := url.Parse(page)
	if err != nil { // New has looked
		return page
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
