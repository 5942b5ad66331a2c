// Package cookiestore keeps sessions where
// django.contrib.sessions.backends.signed_cookies does: in the cookie.
//
//	sealer, err := cookiestore.New(site, nil)
//	m := djsession.NewSealed(sealer)
//
// Shapes: the cookie holds the session as django.core.signing.dumps writes it, compressed
// if that is shorter, with a salt of the engine's own.
//
// # Expiry
//
// As in Django the cookie is good for SESSION_COOKIE_AGE after it was signed, whatever
// the session's own expiry says. Only the browser follows that expiry.
//
// # Size
//
// Browsers keep 4096 bytes of a cookie, and silently drop a longer one. Unlike Django,
// which sends it, Seal refuses it: the response fails, and the browser keeps its old
// session.
//
// # Errors
//
// Seal returns [djsession.ErrTooLarge]. Unseal returns [djsession.ErrCorrupt] and [djsession.ErrExpired],
// with the errors of packages signer and serializer beneath.
//
// # Security
//
// The session is signed, not encrypted: its visitor can read it. Nothing revokes it. A
// logout makes the browser forget the cookie; a copy of it stays logged in until it
// expires or the user's password changes. With pickle as serializer, whoever knows
// SECRET_KEY can run code in Django.
package cookiestore

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

const salt = "django.contrib.sessions.backends.signed_cookies"

// DefaultMaxSize is the size that RFC 6265 has every browser keep, in bytes: the name,
// the value and the attributes of a cookie.
const DefaultMaxSize = 4096

// Options are for what Django has no setting for. The zero value is the default.
type Options struct {
	// MaxSize is the most bytes of a cookie, name and attributes included; default
	// [DefaultMaxSize].
	MaxSize int
}

// Sealer is a [djsession.Sealer]. It is safe for concurrent use.
type Sealer struct {
	site       *djsession.Site
	serializer serializer.Serializer
	signer     *signer.TimestampSigner
	age        time.Duration
	most       int // bytes of a value
}

var _ djsession.Sealer = (*Sealer)(nil)

// New returns the [Sealer] of site's sessions. opts may be nil.
//
// Errors: [djsession.ErrConfig] if the Keys of the site hold none for this salt.
func New(site *djsession.Site, opts *Options) (*Sealer, error) {
	set := site.Settings()
	o := signer.Options{Salt: salt, Limits: signer.Limits{
		MaxPayload: set.Limits.Payload, MaxDecompressed: set.Limits.Data.Size,
	}}
	switch v := set.Django; {
	case v.Before(3, 1):
		o.Algorithm = signer.SHA1
	case v.Before(4, 0):
		o.LegacySHA1 = true
		if set.LegacyHashing {
			o.Algorithm = signer.SHA1
		}
	}
	ts, err := signer.NewTimestamp(set.Keys, o)
	if err != nil {
		return nil, fmt.Errorf("%w: keys of signed cookies: %w", djsession.ErrConfig, err)
	}
	ts.Now = set.Now
	most := DefaultMaxSize
	if opts != nil && opts.MaxSize > 0 {
		most = opts.MaxSize
	}
	// All attributes that the cookie may have.
	const attributes = "=; expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Max-Age=1000000000; Path=; Domain=; SameSite=Strict; Secure"
	most -= len(set.CookieName) + len(attributes) + len(set.CookiePath) + len(set.CookieDomain)
	return &Sealer{site, set.Serializer, ts, set.CookieAge, most}, nil
}

// Site implements [djsession.Sealer].
func (s *Sealer) Site() *djsession.Site { return s.site }

// Seal is SessionStore._get_session_key.
func (s *Sealer) Seal(r *djsession.Record) (string, error) {
	data, err := s.serializer.Dumps(nil, r.Data)
	if err != nil {
		return "", fmt.Errorf("seal session: %w", err)
	}
	text, err := s.signer.SignObject(data, true)
	switch {
	case errors.Is(err, signer.ErrTooLarge) || err == nil && len(text) > s.most:
		return "", fmt.Errorf("seal session: %w: a browser would drop this cookie", djsession.ErrTooLarge)
	case err != nil:
		return "", fmt.Errorf("seal session: %w", err)
	}
	return text, nil
}

// Unseal is SessionStore.load.
func (s *Sealer) Unseal(text string) (*djsession.Record, error) {
	data, info, err := s.signer.UnsignObjectMaxAge(text, s.age)
	if errors.Is(err, signer.ErrSignatureExpired) {
		return nil, djsession.ErrExpired
	}
	if err != nil {
		return nil, fmt.Errorf("unseal session: %w: %w", djsession.ErrCorrupt, err)
	}
	d, err := s.serializer.Loads(data)
	if err != nil {
		return nil, fmt.Errorf("unseal session: %w: %w", djsession.ErrCorrupt, err)
	}
	return &djsession.Record{Data: d, Expires: time.Unix(info.Timestamp, 0).Add(s.age).UTC()}, nil
}
