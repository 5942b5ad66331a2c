package djsession

// Sealer is an engine that keeps no sessions: the cookie holds the whole session, sealed,
// in place of a key. Django's signed_cookies is one (package cookiestore).
//
// The consequences are those in Django. Nobody can take a session back before it expires:
// a logout only asks the browser to forget it, and a copy of the cookie stays good. Of
// two requests at once, the later response wins. Anybody who has the cookie can read the
// session.
//
// Implementations must be safe for concurrent use, and must put no value into an error.
type Sealer interface {
	// Site returns the Site that the Sealer was made for.
	Site() *Site

	// Seal returns r as text, in characters that a cookie may hold. Errors: [ErrTooLarge]
	// if browsers would not keep it.
	Seal(r *Record) (string, error)

	// Unseal returns the record that Seal was given. Errors: [ErrCorrupt], [ErrExpired].
	Unseal(text string) (*Record, error)
}

// NewSealed returns a Manager of sessions that are in their cookies. Its [Manager.Store]
// is nil, its [Manager.Exists] is always false, and its [Manager.Delete] returns
// errors.ErrUnsupported.
//
// Unlike Django, the Manager leaves a cookie that does not unseal alone until the request
// changes the session: a program with a wrong SECRET_KEY cannot wipe the sessions of the
// site. It deletes an expired cookie.
func NewSealed(sealer Sealer) *Manager {
	site := sealer.Site()
	return &Manager{site: site, sealer: sealer, format: site.set.Serializer}
}

// mayExist reports whether a session may exist under a client's key.
func (m *Manager) mayExist(key string) bool {
	return m.sealer != nil && key != "" || m.sealer == nil && m.site.ValidKey(key)
}
