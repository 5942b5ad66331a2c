// Package djauth is the part of django.contrib.auth that lives in sessions: who is logged
// in, login and logout, permissions.
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
// [Users] finds the accounts (packages dbusers and pgxusers). An [Auth] follows the
// settings about logging in. An [Identity] is request.user. Package hashers checks
// passwords; a program without a login page passes nil for them.
//
// A function that returns what the middleware found takes the context of the request. A
// function that reads the request itself, such as [Auth.RedirectTarget], takes the
// request.
//
// # When somebody is logged in
//
// A visitor is logged in only if all of this holds:
//
//   - the session exists, has not expired, and decodes;
//   - it has a user id that an account can have;
//   - the backend that vouched for the login is in AUTHENTICATION_BACKENDS, and is Django's own
//     or named in [Options.OwnBackends];
//   - the account exists and is active;
//   - the hash in the session is that of the account's present password, made with
//     SECRET_KEY or one of SECRET_KEY_FALLBACKS.
//
// Otherwise the visitor is anonymous, and [Identity.Why] says what was missing. If the
// session or the account cannot be read, because a database is down, the result is an
// error and never an anonymous visitor.
//
// Whatever the reason, djauth deletes neither the stored session nor the cookie. A session
// whose hash does not fit reads as empty, and a value that is set begins another session.
// A hash that was made with a fallback key is made anew, unless [Options.ReadOnly] is set.
//
// # Deviations
//
//   - A user id that no account can have is an anonymous visitor. Django answers with a
//     server error.
//   - An inactive account is anonymous, and so is a session without a good hash, for
//     Django 1.8 too, which checks neither by default.
//   - For a superuser, Permissions lists what was granted, and HasPerm always says yes.
//   - A session whose hash does not fit is set aside (djsession.Session.SetAside) and
//     not deleted: the SECRET_KEY here may be the wrong one. A hash of a fallback key is
//     made anew under the same session key.
//   - A backend that is not Django's own is unknown until [Options.OwnBackends] says what
//     it does. Until then it vouches for nobody. What it grants or refuses is unknown until
//     [Options.Permissions] says which permissions the users have.
//   - The key of a session is cycled when the response begins, as everywhere in
//     package djsession.
//
// # Security
//
// No error contains a name, id, password, hash or session key. A wrong password, an
// unknown name and an inactive account return one error with one text, after the same
// time.
package djauth
