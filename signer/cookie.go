package signer

import (
	"errors"
	"strconv"
	"time"
	"unicode/utf8"
)

// CookieFormat says which salts HttpResponse.set_signed_cookie and
// HttpRequest.get_signed_cookie use. The old salt, name + salt, is the same for different
// pairs of name and salt; this is why Django changed it.
type CookieFormat uint8

const (
	// CookieV2 writes and reads [CookieSalt] only: Django 6.1 and later, and 5.2 and 6.0
	// with SIGNED_COOKIE_LEGACY_SALT_FALLBACK = False.
	CookieV2 CookieFormat = iota
	// CookieV2Fallback writes [CookieSalt] and reads [LegacyCookieSalt] too: SIGNED_COOKIE_LEGACY_SALT_FALLBACK = True, the default of
	// Django 5.2 from 5.2.15 on and of 6.0 from 6.0.6 on.
	CookieV2Fallback
	// CookieLegacy writes and reads [LegacyCookieSalt] only: all earlier Djangos, which do
	// not know [CookieSalt].
	CookieLegacy
)

// CookieSalt is django.core.signing._cookie_signer_salt. It joins
// "django.http.cookies.v2:", the number of code points in salt, ":", salt and name.
func CookieSalt(name, salt string) string {
	return "django.http.cookies.v2:" + strconv.Itoa(utf8.RuneCountInString(salt)) + ":" + salt + name
}

// LegacyCookieSalt is django.core.signing._cookie_signer_legacy_salt: name + salt.
func LegacyCookieSalt(name, salt string) string { return name + salt }

// CookieOptions are the settings behind get_signed_cookie and set_signed_cookie. The zero value is the default of Django 6.1.
type CookieOptions struct {
	// Salt is the salt argument of get_signed_cookie and set_signed_cookie. Empty is Django's default.
	Salt string
	// Format is what the site's Django version writes and reads.
	Format CookieFormat
	// Algorithm, [CookieOptions.LegacySHA1] and [Limits] are those of [Options].
	Algorithm  Algorithm
	LegacySHA1 bool
	Limits     Limits
}

// CookieSigner signs the values of one cookie as HttpResponse.set_signed_cookie does and checks them as HttpRequest.get_signed_cookie
// does, for sites with the default SIGNING_BACKEND, [TimestampSigner]. It is safe for concurrent use.
type CookieSigner struct {
	// Now is the clock; nil is [time.Now]. Set it before the first use.
	Now func() time.Time

	main     *TimestampSigner // signs, and verifies first
	fallback *TimestampSigner // verifies legacy salts, nil when not wanted
}

// NewCookieSigner returns a [CookieSigner] for the cookie with this name. Pass the site's
// keys, not the result of [Keys.ForCookies]. A derived key must have the key salt
// CookieKeySalt(CookieSalt(name, salt)); the formats that use [LegacyCookieSalt] need one
// with CookieKeySalt(LegacyCookieSalt(name, salt)). The error is [ErrNoKey] or [ErrAlgorithm].
func NewCookieSigner(keys Keys, name string, opts CookieOptions) (*CookieSigner, error) {
	c := new(CookieSigner)
	open := func(salt string) (*TimestampSigner, error) {
		s, err := NewTimestamp(keys.ForCookies(), Options{Salt: salt, Algorithm: opts.Algorithm, LegacySHA1: opts.LegacySHA1, Limits: opts.Limits})
		if err != nil {
			return nil, err
		}
		s.Now = c.now
		return s, nil
	}
	salt := CookieSalt(name, opts.Salt)
	if opts.Format == CookieLegacy {
		salt = LegacyCookieSalt(name, opts.Salt)
	}
	var err error
	if c.main, err = open(salt); err != nil {
		return nil, err
	}
	if opts.Format == CookieV2Fallback {
		if c.fallback, err = open(LegacyCookieSalt(name, opts.Salt)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *CookieSigner) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}

// Sign returns the cookie value that HttpResponse.set_signed_cookie sets.
func (c *CookieSigner) Sign(value string) string { return c.main.Sign(value) }

// Unsign is HttpRequest.get_signed_cookie without max_age. Its errors are those of [TimestampSigner.Unsign].
func (c *CookieSigner) Unsign(signed string) (string, Info, error) { return c.unsign(signed, nil) }

// UnsignMaxAge is HttpRequest.get_signed_cookie with max_age. Its errors are those of [TimestampSigner.UnsignMaxAge].
func (c *CookieSigner) UnsignMaxAge(signed string, maxAge time.Duration) (string, Info, error) {
	return c.unsign(signed, &maxAge)
}

// unsign is django.core.signing._unsign_cookie: it tries the legacy salt after a bad
// signature, but not after an expired one.
func (c *CookieSigner) unsign(signed string, maxAge *time.Duration) (string, Info, error) {
	value, info, err := c.main.unsign(signed, maxAge)
	if c.fallback == nil || !errors.Is(err, ErrBadSignature) || errors.Is(err, ErrSignatureExpired) {
		return value, info, err
	}
	value, info, err = c.fallback.unsign(signed, maxAge)
	info.LegacySalt = err == nil || errors.Is(err, ErrSignatureExpired)
	return value, info, err
}
