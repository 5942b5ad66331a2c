package djsession

// Sealer is an engine that keeps no sessions: the cookie holds them whole, and
// what is a key elsewhere is the sealed session. Django's signed_cookies is one
// (package cookiestore).
//
// What follows from it, as in Django: nobody can take a session back before it
// expires, so that a logout only asks the browser to forget; a copy of the cookie
// stays good. Of two requests at once the later answer wins. Whoever has the
// cookie can read what is in the session.
//
// Implementations are safe for concurrent use, and put no value into an error.
type Sealer interface {
	// Site returns the Site that the Sealer was made for.
	Site() *Site

	// Seal returns the text that stands for r: characters that a cookie may hold.
	// Errors: ErrTooLarge for what browsers would not keep.
	Seal(r *Record) (string, error)

	// Unseal returns what Seal was given. Errors: ErrCorrupt, ErrExpired.
	Unseal(text string) (*Record, error)
}

// NewSealed returns a Manager of sessions that are in their cookies. Its Store is
// nil, Exists is always false and Delete is errors.ErrUnsupported.
//
// Unlike Django, a cookie that does not unseal is left alone until the request
// changes its session: a program with a wrong SECRET_KEY cannot wipe the sessions
// of the site. One that expired is deleted.
func NewSealed(sealer Sealer) *Manager { return &Manager{site: sealer.Site(), sealer: sealer} }

// mayExist reports whether there may be a session under a client's key.
func (m *Manager) mayExist(key string) bool {
	return m.sealer != nil && key != "" || m.sealer == nil && m.site.ValidKey(key)
}
