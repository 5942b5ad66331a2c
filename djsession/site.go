package djsession

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/textproto"
	"slices"
	"time"

	"github.com/go-djsession/go-djsession/internal/httpcookie"
	"github.com/go-djsession/go-djsession/serializer"
)

// Site holds what the parts that serve one Django site share: keys, salt, serializer,
// limits, clock and time zone. It never changes and is safe for concurrent use. A process
// may have several, for example to move from one site to another.
type Site struct {
	set   Settings
	codec codec
}

// NewSite checks the settings, fills in every default and freezes them.
//
// Errors: [ErrConfig], with what is wrong and where.
func NewSite(set Settings) (*Site, error) {
	set.Django = cmp.Or(set.Django, newest)
	set.CookieName = cmp.Or(set.CookieName, "sessionid")
	if !set.CookieAgeZero {
		set.CookieAge = cmp.Or(set.CookieAge, 14*24*time.Hour)
	}
	if !set.CookiePathNone {
		set.CookiePath = cmp.Or(set.CookiePath, "/")
	}
	set.CookieAttributes = slices.Clone(set.CookieAttributes)
	set.KeyHeader = textproto.CanonicalMIMEHeaderKey(set.KeyHeader)
	if set.CookieSameSite == 0 {
		set.CookieSameSite = http.SameSiteLaxMode
		if set.Django.Before(2, 1) { // which does not know the attribute
			set.CookieSameSite = http.SameSiteDefaultMode
		}
	}
	set.CookieHTTPOnly = new(set.CookieHTTPOnly == nil || *set.CookieHTTPOnly)
	set.StoreClass = cmp.Or(set.StoreClass, "SessionStore")
	set.SaveTimeout = cmp.Or(set.SaveTimeout, 10*time.Second)
	set.Limits.Payload = cmp.Or(set.Limits.Payload, 16<<20)
	set.Limits.Data = set.Limits.Data.WithDefaults()
	if set.Serializer == nil {
		set.Serializer = serializer.JSON{Limits: set.Limits.Data}
	}
	set.Proxies = set.Proxies.frozen()
	if set.Now == nil {
		set.Now = time.Now
	}
	if set.KeyShape == nil {
		set.KeyShape = defaultKeyShape
	}
	if err := set.check(); err != nil {
		return nil, err
	}
	c, err := newCodec(&set)
	if err != nil {
		return nil, err
	}
	return &Site{set, c}, nil
}

// check finds settings that would make a cookie or a row that Django could not use.
func (set *Settings) check() error {
	bad := func(field, why string) error {
		return fmt.Errorf("%w: %s %s", ErrConfig, field, why)
	}
	switch {
	case !httpcookie.IsName(set.CookieName):
		return bad("CookieName", "is not a cookie name")
	case set.CookieAge%time.Second != 0:
		return bad("CookieAge", "is not a number of whole seconds")
	case set.CookieAgeZero && set.CookieAge != 0:
		return bad("CookieAgeZero", "contradicts CookieAge")
	case set.CookiePathNone && set.CookiePath != "":
		return bad("CookiePathNone", "contradicts CookiePath")
	case slices.ContainsFunc(set.CookieAttributes, func(a string) bool { return !httpcookie.IsMore(a) }):
		return bad("CookieAttributes", "has one that is no attribute, or that has a field of its own")
	case set.partitioned() && !set.CookieSecure:
		return bad("CookieAttributes", "has Partitioned, which needs CookieSecure")
	case set.KeyHeader != "" && (!httpcookie.IsName(set.KeyHeader) || set.KeyHeader == "Cookie"):
		return bad("KeyHeader", "is not the name of a header for a key")
	case !httpcookie.IsAttribute(set.CookieDomain):
		return bad("CookieDomain", "holds a character that a cookie cannot")
	case !set.CookiePathNone && set.CookiePath[0] != '/' || !httpcookie.IsAttribute(set.CookiePath):
		return bad("CookiePath", "does not begin with / or holds a character that a cookie cannot")
	case set.CookieSameSite < http.SameSiteDefaultMode || set.CookieSameSite > http.SameSiteNoneMode:
		return bad("CookieSameSite", "is not one of the modes of net/http")
	case !(set.TouchAfter >= 0 && set.TouchAfter < 1): // NaN too
		return bad("TouchAfter", "is not a part, from 0 up to 1")
	case set.SaveTimeout < 0:
		return bad("SaveTimeout", "is negative")
	case set.Limits.Payload < 0:
		return bad("Limits", "are negative")
	}
	return set.Proxies.checkHeaders()
}

// Settings returns the settings with every default filled in. Logger stays as it was
// given.
func (s *Site) Settings() Settings { return s.set }

// Now returns the time in UTC, with microseconds as in Python.
func (s *Site) Now() time.Time { return s.set.Now().UTC().Truncate(time.Microsecond) }

// TimeZone returns the zone of a site with USE_TZ=False, and nil for USE_TZ=True.
func (s *Site) TimeZone() *time.Location { return s.set.TimeZone }

// Limits returns the limits of what is read.
func (s *Site) Limits() Limits { return s.set.Limits }

// Encode is SessionBase.encode: it returns the dict as signed text, as the engines db,
// file and redis_sessions keep it.
//
// Errors: [ErrTooLarge], and those of [Settings.Serializer].
func (s *Site) Encode(d *serializer.Dict) (string, error) { return s.codec.encode(d) }

// Decode is SessionBase.decode, the reverse of [Site.Encode].
//
// Unlike Django, which returns an empty dict for every fault, Decode returns an error:
// [ErrCorrupt] or [ErrLegacy]. The cause of an ErrCorrupt matches too, such as
// signer.ErrBadSignature or [serializer.ErrSyntax].
func (s *Site) Decode(text string) (*serializer.Dict, error) { return s.codec.decode(text) }

// ValidKey reports whether key may be a session key. No other key is shown to a store.
func (s *Site) ValidKey(key string) bool { return s.set.KeyShape(key) }

func defaultKeyShape(key string) bool {
	if len(key) < 8 || len(key) > 40 {
		return false
	}
	for i := range len(key) {
		if c := key[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// NewKey returns a random session key of 32 characters of a-z and 0-9, as
// SessionBase._get_new_session_key does. It does not check whether the key is taken:
// [Store.Create] does.
func (s *Site) NewKey() string {
	const chars = "abcdefghijklmnopqrstuvwxyz0123456789"
	var buf [64]byte
	key := make([]byte, 0, 32)
	for len(key) < cap(key) {
		rand.Read(buf[:])
		for _, b := range buf {
			// 252 is the last multiple of 36: no character is likelier than another.
			if b < 252 && len(key) < cap(key) {
				key = append(key, chars[b%36])
			}
		}
	}
	return string(key)
}

func (s *Site) log(ctx context.Context, level slog.Level, msg string, args ...any) {
	l := s.set.Logger
	if l == nil {
		l = slog.Default()
	}
	l.Log(ctx, level, msg, args...)
}
