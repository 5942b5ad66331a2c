// Package djcsrf is django.middleware.csrf: it checks that a request which changes
// something was sent by a page of the site itself, with the cookie, the session key
// and the tokens that the Django site uses too. A form that Django rendered can be
// sent to Go, and a form that Go rendered to Django.
//
//	p, err := djcsrf.New(m, nil) // of a *djsession.Manager
//	http.ListenAndServe(addr, m.Middleware(p.Middleware(mux)))
//
//	var page = template.Must(template.New("").Funcs(template.FuncMap{"csrf_token": djcsrf.Field}).
//		Parse(`<form method="post">{{csrf_token .Context}} ... </form>`))
//
// Where a page begins to be sent before its token is asked for, the cookie comes too late,
// and the token is an error for a visitor who had none: render into a buffer, or ask for
// the token first.
//
// Where Django's versions differ, the version in the Settings of the Site decides:
//
//   - before 1.10 the cookie and the token are the same 32 letters and digits;
//   - from 1.10 to 4.0 both are masked, 64 letters and digits: a random mask, and the
//     secret of 32 moved by it;
//   - from 4.1 on the cookie is the bare secret, unless Options.CookieMasked is set,
//     and the token is masked;
//   - from 4.0 on the header Origin is checked, and TrustedOrigins have schemes;
//     before, they are hosts (from 1.9 on; Django 1.8 compares Referer and host only).
//
// Both forms are accepted from Django 1.10 on, in the cookie and as token.
//
// # What is checked
//
// GET, HEAD, OPTIONS and TRACE are free. Of any other request, in this order: its
// Origin; without one, if it came by HTTPS, its Referer; that it has a good cookie
// (or session, with UseSessions); and a token that fits it. The token is the last
// field csrfmiddlewaretoken of a POST form, or else the header X-CSRFToken. A bad field
// is not rescued by a good header.
//
// # The body
//
// The form is read by the check, before the handler. A body of type
// application/x-www-form-urlencoded is then put back: the handler may read it, parse it
// or leave it. One of type multipart/form-data goes through ParseMultipartForm, so the
// handler has FormValue, FormFile and MultipartForm, but Body is empty and
// MultipartReader fails; uploaded files that were written to disk are removed when the
// Middleware ends. A handler that wants to stream an upload takes it by PUT, of which
// the body is never read, or is listed in Options.Exempt.
//
// # Deviations
//
//   - A store that fails is an error (503), not a missing token.
//   - With UseSessions, the session is read when a token is asked for or checked, not in
//     every request. The answer varies on Cookie in any case.
//   - With UseSessions, a value in the session that is no secret is replaced when a
//     token is asked for; Django fails, or makes tokens that never fit.
//   - With CookieMasked, a masked cookie stays masked when it is renewed, and two tokens
//     of one page both fit; Django 4.1 and 4.2 are wrong in both.
//   - The port in the Referer rule for a cookie domain is that of the host which the
//     client named, not that on which a server behind a proxy listens. See Options.Port.
//   - Names of hosts in Origin and Referer are ASCII, as browsers send them; a host of
//     other characters is malformed.
//   - On Django before 1.10, a cookie of another form than Django's own is none.
//
// # Security
//
// Secrets come from crypto/rand and are compared in constant time. No cookie, token or
// part of a request is in any error or log line.
package djcsrf
