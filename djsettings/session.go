package djsettings

import (
	"fmt"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/httpcookie"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// Session returns the settings for [djsession.NewSite]. It leaves fields without a twin in
// Django to the caller: Logger, for example.
//
// Errors: [ErrNoSecret]; [ErrUnsupported] for an unknown SESSION_SERIALIZER; [ErrSetting]
// for an unknown time zone.
func (s *Settings) Session() (djsession.Settings, error) {
	in := s.Sessions
	set := djsession.Settings{
		Keys: s.Keys, Django: s.Django,
		CookieName: in.CookieName, CookieAge: in.CookieAge, CookieDomain: in.CookieDomain, CookiePath: in.CookiePath,
		CookieSecure: in.CookieSecure, CookieHTTPOnly: &in.CookieHTTPOnly, CookieSameSite: httpcookie.SameSite(in.CookieSameSite),
		ExpireAtBrowserClose: in.ExpireAtBrowserClose, SaveEveryRequest: in.SaveEveryRequest,
		StoreClass:    in.StoreClass,
		LegacyHashing: s.Cookies.HashingAlgorithm == "sha1",
	}
	var err error
	if set.Proxies, err = s.Proxy.proxies(); err != nil {
		return set, err
	}
	if s.Keys.IsZero() {
		return set, ErrNoSecret
	}
	set.CookieAgeZero, set.CookiePathNone = in.CookieAge == 0, in.CookiePath == ""
	if set.TimeZone, err = s.Location(); err != nil {
		return set, err
	}
	set.Serializer, err = s.serializer()
	return set, err
}

// Abs returns a path of the settings as seen from this process: a relative path begins at
// Dir.
func (s *Settings) Abs(path string) string { return absolute(s.Dir, path) }

// Location returns the zone of a site with USE_TZ=False, or nil for USE_TZ=True.
//
// Errors: [ErrSetting].
func (s *Settings) Location() (*time.Location, error) {
	switch {
	case s.UseTZ:
		return nil, nil
	case s.TimeZone == "":
		return time.Local, nil
	}
	return zone("TIME_ZONE", s.TimeZone)
}

// serializer returns the serializer that SESSION_SERIALIZER names.
func (s *Settings) serializer() (serializer.Serializer, error) {
	if s.opts != nil {
		if own, ok := s.opts.Serializers[s.Sessions.Serializer]; ok {
			return own, nil
		}
	}
	path := s.Sessions.Serializer
	if s.doc != nil {
		path = s.derivedSerializer(path)
	}
	switch path {
	case "", "django.contrib.sessions.serializers.JSONSerializer", "django.core.signing.JSONSerializer":
		return serializer.JSON{}, nil
	case "django.contrib.sessions.serializers.PickleSerializer", "django.contrib.sessions.backends.base.PickleSerializer":
		return s.Pickle(), nil
	}
	return nil, fmt.Errorf("%w: SESSION_SERIALIZER is %s: give it in Options.Serializers", ErrUnsupported, s.Sessions.Serializer)
}

// Pickle returns a serializer that writes pickles for the site's Python: before Django 2.0
// that may be 2.7. Caches hold such pickles too.
func (s *Settings) Pickle() pickle.Serializer {
	if s.Python2 || s.Django.Before(2, 0) {
		return pickle.Serializer{Protocol: 2}
	}
	return pickle.Serializer{Protocol: pickle.DefaultProtocol}
}
