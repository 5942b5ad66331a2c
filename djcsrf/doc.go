// Package djcsrf is django.middleware.csrf: it checks that a page of the site itself sent
// a request that changes something. It uses the cookie, the session key and the tokens of
// the Django site. So a form that Django rendered can be sent to Go, and a form that Go
// rendered to Django.
//
//	p, err := djcsrf.New(m, nil) // of a *djsession.Manager
//	http.ListenAndServe(addr, m.Middleware(p.Middleware(mux)))
//
//	var page = template.Must(template.New("").Funcs(djcsrf.Funcs()).
//		Parse(`<form method="post">{{csrf_token}} ... </form>`))
//
//	func view(w http.ResponseWriter, r *http.Request) {
//		if err := p.Render(w, r, page, "", data); err != nil { ... }
//	}
//
// The cookie of a new visitor must go out before the page that holds his token. So
// [Protection.Render] makes all of a page before it sends any of it. A token that is asked
// for later is an error, a line in the log, and the end of the response: the client sees
// that it was broken off.
//
// The version in the Settings of the Site decides where Django's versions differ:
//
//   - before 1.10 the cookie and the token are the same 32 letters and digits;
//   - from 1.10 to 4.0 both are masked and have 64 letters and digits: a random mask, and the
//     secret of 32, shifted by the mask;
//   - from 4.1 on the cookie is the bare secret, unless [Options.CookieMasked] is set,
//     and the token is masked;
//   - from 4.0 on the header Origin is checked, and TrustedOrigins have schemes;
//     before, they are hosts (from 1.9 on; Django 1.8 compares Referer and host only).
//
// From Django 1.10 on both forms are accepted, in the cookie and as token.
//
// # What is checked
//
// GET, HEAD, OPTIONS and TRACE always pass. For any other request, [Protection.Check]
// checks, in this order: its Origin; without one, if it came by HTTPS, its Referer; that
// it has a good cookie (or session, with UseSessions); and a token that fits the cookie.
// The token is the last field csrfmiddlewaretoken of a POST form, or else the header
// X-CSRFToken. A good header does not make up for a bad field.
//
// # The body
//
// The check reads the form before the handler. It puts a body of type
// application/x-www-form-urlencoded back: the handler may read it, parse it or leave it.
// A body of type multipart/form-data goes through ParseMultipartForm. The handler then
// has FormValue, FormFile and MultipartForm, but Body is empty and MultipartReader fails.
// The Middleware removes uploaded files from the disk when it ends.
//
// A request that is not checked keeps its body unread. To stream an upload, or to hand it
// on to a Django behind a proxy, which checks it itself, list the handler in
// [Options.Exempt], or accept the upload by PUT, whose body is never read.
//
// # Deviations
//
//   - A store that fails is an error (503), not a missing token.
//   - With UseSessions, the session is read when a token is asked for or checked, not in
//     every request. The answer varies on Cookie in any case.
//   - With UseSessions, a value in the session that is no secret is replaced when a
//     token is asked for. Django fails, or makes tokens that never fit.
//   - With CookieMasked, a masked cookie stays masked when it is renewed, and two tokens
//     of one page both fit. Django 4.1 and 4.2 are wrong in both.
//   - The Referer rule for a cookie domain uses the port that the
//     client named, not the port on which a server behind a proxy listens. See [Options.Port].
//   - Names of hosts in Origin and Referer are ASCII, as browsers send them. A host with
//     other characters is malformed.
//   - On Django before 1.10, a cookie that does not have Django's own form counts as none.
//
// # Security
//
// Secrets come from crypto/rand and are compared in constant time. No error and no log
// line contains a cookie, a token or a part of a request.
package djcsrf
