// Package djauth is the side of django.contrib.auth that lives in sessions: who is
// logged in, login and logout, permissions.
//
//	auth, err := djauth.New(manager, dbusers.New(site, db, dbstore.SQLite, nil), passwords, nil)
//	handler := manager.Middleware(auth.Middleware(mux))
//
//	func view(w http.ResponseWriter, r *http.Request) {
//		user, err := djauth.User(r.Context())
//		if err != nil { // the database is down, which does not mean "anonymous"
//			http.Error(w, "try later", djsession.ErrorStatus(err))
//			return
//		}
//		if !user.IsAuthenticated() { ... }
//		fmt.Fprintf(w, "Hello, %s", user.Name())
//	}
//
// The parts: [Users] is where the accounts are (packages dbusers and pgxusers); an
// [Auth] is what settings.py says about logging in; an [Identity] is request.user.
// Package hashers checks passwords; a program without a login page passes nil for them.
//
// A function that asks what the middleware found takes the context of the request; one
// that reads the request itself, such as [Auth.RedirectTarget], takes the request.
//
// # When somebody is logged in
//
// All of this holds, or the visitor is anonymous: the session is there, has not
// expired, and decodes; it has a user id that can be one; the backend that vouched
// for it is among AUTHENTICATION_BACKENDS, and Django's own or told of in
// Options.OwnBackends; the account is there and active; and the
// hash in the session is that of the account's present password, made with
// SECRET_KEY or one of SECRET_KEY_FALLBACKS. Identity.Why tells what was missing.
//
// A place that cannot be asked, for the session or the account, is an error, and
// never an anonymous visitor.
//
// Whatever the reason, what is stored and the cookie stay as they are. A session whose
// hash does not fit reads as empty, and what is set then begins another one. A hash that
// was made with a fallback key is made anew, but for Options.ReadOnly.
//
// # Deviations
//
//   - A user id that no account can have is an anonymous visitor; Django answers by a
//     server error.
//   - An inactive account is anonymous, and a session without a good hash too, for
//     Django 1.8 as well, which looks at neither unless it is told to.
//   - Of a superuser, Permissions names what was granted, and HasPerm says yes to all.
//   - A session whose hash does not fit is set aside (djsession.Session.SetAside), and
//     not deleted: the SECRET_KEY here may be the wrong one. A hash of a fallback key is
//     made anew under the same session key.
//   - A backend that is not Django's own is unknown until Options.OwnBackends says what
//     it does: it vouches for nobody, and what it grants or refuses is not asked.
//   - The key of a session is cycled when the response begins, as everywhere in
//     package djsession.
//
// # Security
//
// No name, id, password, hash or session key is in the text of an error. A wrong
// password, an unknown name and an inactive account are one error with one text,
// after the same time.
package djauth
