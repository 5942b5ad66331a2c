// Package djsession shares live sessions with a Django site: what Django's
// request.session is to Python code, a [Session] is to Go code, in the same store,
// at the same time, in both directions.
//
//	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey(secret)})
//	store := dbstore.New(site, db, dbstore.SQLite, nil)
//	m := djsession.New(store)
//	http.ListenAndServe(addr, m.Middleware(mux))
//
//	func view(w http.ResponseWriter, r *http.Request) {
//		s, err := djsession.Load(r.Context())
//		if err != nil { // the store is down, which does not mean "anonymous"
//			http.Error(w, "try later", djsession.ErrorStatus(err))
//			return
//		}
//		visits, err := djsession.Value(s, "visits", 0)
//		...
//		s.Set("visits", visits+1)
//	}
//
// The parts: [Settings] are those of the Django site; a [Site] is what was made
// of them; a [Store] is one of the site's engines (packages dbstore, pgxstore and
// their neighbours, memstore for tests); a [Manager] is the middleware.
//
// # Is somebody logged in?
//
// A session that exists is not a login: every anonymous visitor with a cart has
// one. Who is logged in is told by the three keys _auth_user_id,
// _auth_user_backend and _auth_user_hash together, the last of which has to be
// compared with the user's present password.
//
// # Concurrency
//
// Two requests of one visitor often run at once. Django stores the session as
// each request saw it, so that the later one undoes the earlier. This package
// stores only what a request did: the change is made by compare and swap, and
// done again on fresh data when somebody else, in Go or in Django, was faster.
// The same key written twice at once keeps the last write, unless it was changed
// by [Edit] or [Session.Update], which run again. A session that was deleted, or that
// another user logged in to, is never written: the request is answered by
// [ErrInterrupted], 400, as in Django.
//
// # Deviations
//
// Where Django decides something, the same is decided here: expiry, empty
// sessions, cookies, cycling of keys, which key of several is tried first. What
// differs, always to lose less or to allow less:
//
//   - A session that does not decode is empty for reading, but its row is never
//     written, touched or deleted: a program with a wrong SECRET_KEY cannot wipe
//     the sessions of the site. Django overwrites it.
//   - A cycled key replaces the old one when the response begins, not at once, so
//     that a login is not lost to an error page.
//   - A store that fails is an error, never an empty session, and a save that
//     fails is answered by 503, not by 400.
//   - With SaveEveryRequest, a visitor whose cookie leads nowhere gets it deleted,
//     and no empty session is stored for him.
//   - CycleKey of an empty session stores nothing.
//   - Load counts as access: the response varies on Cookie.
//   - A key that does not look like one is not looked up, and an expired row that
//     is found is left to ClearExpired.
//
// # Security
//
// Session keys, cookies and values are secrets. They are in no error, no log line
// and no %v of this package. Signatures are checked before anything is
// decompressed or decoded, in constant time; what is decoded is bounded by
// [Limits].
package djsession
