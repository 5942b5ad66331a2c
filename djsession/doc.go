// Package djsession shares live sessions with a Django site. A [Session] is to Go code
// what Django's request.session is to Python code: in the same store, at the same time,
// in both directions.
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
// [Settings] are those of the Django site. [NewSite] makes a [Site] of them. A [Store] is
// one of the site's engines (packages dbstore, pgxstore and their neighbours, memstore
// for tests). A [Manager] is the middleware.
//
// # Is somebody logged in?
//
// A session that exists is not a login: every anonymous visitor with a cart has one.
// Three keys together say who is logged in: _auth_user_id, _auth_user_backend and
// _auth_user_hash. The third is an HMAC of the user's password, and must be compared with
// the present one. Package djauth does all of this.
//
// # Concurrency
//
// Two requests of one visitor often run at once. Django stores the session as each
// request saw it, so that the later one undoes the earlier. This package stores only the
// changes of a request, by compare and swap. If somebody else, in Go or in Django, was
// faster, it makes the changes again on fresh data. If two requests set one key at once,
// the last write stays. [Session.Update] and [Edit] lose neither: they run again. A
// session that was deleted, or that another user logged in to, is never written: the
// answer is [ErrInterrupted], 400, as in Django.
//
// # Deviations
//
// Where Django decides something, this package decides the same: expiry, empty sessions,
// cookies, cycling of keys, which of several keys is tried first. The differences always
// lose less or allow less:
//
//   - A session that does not decode reads as empty, but its row is never
//     written, touched or deleted: a program with a wrong SECRET_KEY cannot wipe
//     the sessions of the site. Django overwrites it.
//   - A cycled key replaces the old one when the response begins, not at once, so
//     that an error page does not lose the login.
//   - A store that fails is an error, never an empty session. A save that
//     fails is a 503, not a 400.
//   - With SaveEveryRequest, a visitor whose cookie leads nowhere gets no empty session; the
//     cookie is deleted.
//   - CycleKey of an empty session stores nothing.
//   - Load counts as access: the response varies on Cookie.
//   - A key that does not look like one is not looked up. An expired row stays until
//     ClearExpired.
//
// # Security
//
// Session keys, cookies and values are secrets. No error, no log line and no %v of this
// package contains them. Signatures are checked in constant time, before anything is
// decompressed or decoded. [Limits] bound what is decoded.
package djsession
