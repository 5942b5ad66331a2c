// Package presets has a [djauth.Judge] for each of some well-known Django apps whose
// middleware decides who is logged in:
//
//	auth, err := djauth.New(manager, users, nil, &djauth.Options{Judge: djauth.Judges(
//		presets.AutoLogout(presets.AutoLogoutOptions{IdleTime: 10 * time.Minute}),
//		presets.Impersonate(presets.ImpersonateOptions{}),
//	)})
//
// List them in the order of MIDDLEWARE. Each was compared with the middleware of the release
// that it names. Options are the app's settings; their zero value is the app's default. What a
// site's own functions decide, such as IMPERSONATE["CUSTOM_ALLOW"], is a function here too. A
// site that derives from such a middleware is better asked: see [djauth.AskDjango].
//
// A visit counts, for an app that ends idle sessions, if the request asks for the user: the
// new time goes into the session, unless djauth.Options.ReadOnly is set. Unlike the apps, a
// preset that refuses a session does not delete it. The app does, at the next visit to Django.
package presets

import (
	"context"
	"errors"
	"math/big"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// Why a preset refuses somebody, as djauth.Identity.Why has it.
var (
	// ErrEnded: the session was idle for too long, or the login is too old.
	ErrEnded = errors.New("presets: the session has ended")
	// ErrMalformed: the app's middleware would fail on what the session holds.
	ErrMalformed = errors.New("presets: what the session holds for an app is malformed")
	// ErrReadOnly: somebody who acts as another may only read. Its djsession.ErrorStatus is 405.
	ErrReadOnly error = readOnly{}
)

type readOnly struct{}

func (readOnly) Error() string   { return "presets: who acts as another may only read" }
func (readOnly) StatusCode() int { return http.StatusMethodNotAllowed }

// has returns a value of the session, and whether it is there.
func has(j djauth.Judgement, name string) (any, bool) {
	none := new(int)
	v, err := djsession.Value[any](j.Session, name, none)
	return v, err == nil && v != any(none)
}

// seconds is a number of seconds as Python's time.time() has it.
func seconds(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	case bool: // which is a number in Python
		if v {
			return 1, true
		}
		return 0, true
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		return f, true
	}
	return 0, false
}

func timestamp(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// SessionTimeoutOptions are the settings SESSION_....
type SessionTimeoutOptions struct {
	// Expire is SESSION_EXPIRE_SECONDS; default CookieAge.
	Expire time.Duration
	// CookieAge is SESSION_COOKIE_AGE; default two weeks.
	CookieAge time.Duration
	// AfterLastActivity is SESSION_EXPIRE_AFTER_LAST_ACTIVITY.
	AfterLastActivity bool
	// GracePeriod is SESSION_EXPIRE_AFTER_LAST_ACTIVITY_GRACE_PERIOD; default 1 s.
	GracePeriod time.Duration
	// Redirect is SESSION_TIMEOUT_REDIRECT; default the login page.
	Redirect string
}

// SessionTimeout is SessionTimeoutMiddleware of django-session-timeout 0.1.
func SessionTimeout(o SessionTimeoutOptions) djauth.Judge {
	const key = "_session_init_timestamp_"
	if o.CookieAge == 0 {
		o.CookieAge = 14 * 24 * time.Hour
	}
	if o.Expire == 0 {
		o.Expire = o.CookieAge
	}
	if o.GracePeriod == 0 {
		o.GracePeriod = time.Second
	}
	return func(_ context.Context, j djauth.Judgement) (djauth.Verdict, error) {
		now := timestamp(j.Time)
		v, ok := has(j, key)
		if !ok {
			if j.Account == nil && !errors.Is(j.Why, djauth.ErrNoUserID) { // an empty session stays empty
				return djauth.Admit(), nil
			}
			return djauth.Admit().WithSession(key, now), nil
		}
		began, ok := seconds(v)
		switch {
		case !ok:
			return djauth.Refuse(ErrMalformed), nil
		case !(now-began <= o.Expire.Seconds()): // NaN too
			return djauth.Refuse(ErrEnded).At(o.Redirect), nil
		case o.AfterLastActivity && now-began > o.GracePeriod.Seconds():
			return djauth.Admit().WithSession(key, now), nil
		}
		return djauth.Admit(), nil
	}
}

// AutoLogoutOptions are the setting AUTO_LOGOUT. A time of 0 is one that the setting lacks.
type AutoLogoutOptions struct {
	SessionTime, IdleTime time.Duration
	// Zone is TIME_ZONE, for a site with USE_TZ = False; nil for one with USE_TZ.
	Zone *time.Location
}

// AutoLogout is the middleware auto_logout of django-auto-logout 0.5.
func AutoLogout(o AutoLogoutOptions) djauth.Judge {
	const key, aware, naive = "django_auto_logout_last_request", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05"
	return func(_ context.Context, j djauth.Judgement) (djauth.Verdict, error) {
		if j.Account == nil {
			return djauth.Admit(), nil
		}
		now := j.Time.UTC().Truncate(time.Microsecond)
		layout, last := aware, j.Account.LastLogin
		if o.Zone != nil {
			layout, now = naive, wall(now, o.Zone)
			if !last.IsZero() {
				last = wall(last, o.Zone)
			}
		}
		if o.SessionTime != 0 {
			switch {
			case last.IsZero(): // None has no minus
				return djauth.Refuse(ErrMalformed), nil
			case last.Sub(now)+o.SessionTime < 0:
				return djauth.Refuse(ErrEnded), nil
			}
		}
		if o.IdleTime == 0 {
			return djauth.Admit(), nil
		}
		if v, ok := has(j, key); ok {
			text, _ := serializer.Text(v)
			seen, err := time.Parse(layout, text)
			if err != nil {
				return djauth.Refuse(ErrMalformed), nil
			}
			if seen.Sub(now)+o.IdleTime < 0 {
				return djauth.Refuse(ErrEnded), nil
			}
		}
		text := now.Format(naive)
		if now.Nanosecond() != 0 { // as isoformat
			text = now.Format(naive + ".000000")
		}
		if o.Zone == nil {
			text += "+00:00"
		}
		return djauth.Admit().WithSession(key, text), nil
	}
}

// wall is a naive datetime of Python in a zone, which has no zone here either: it is in UTC.
func wall(t time.Time, zone *time.Location) time.Time {
	t = t.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// SessionSecurityOptions are the settings SESSION_SECURITY_....
type SessionSecurityOptions struct {
	// ExpireAfter is SESSION_SECURITY_EXPIRE_AFTER; default 10 min.
	ExpireAfter time.Duration
	// PassiveURLs is SESSION_SECURITY_PASSIVE_URLS: paths that are no visits.
	PassiveURLs []string
	// Passive reports whether a path is one of SESSION_SECURITY_PASSIVE_URL_NAMES, which only
	// Django can resolve.
	Passive func(path string) bool
	// PingURL is the path of session_security_ping, if that is among the URLs.
	PingURL string
}

// SessionSecurity is SessionSecurityMiddleware of django-session-security 2.6. It keeps local
// times without a zone: zone is TIME_ZONE, where the site's processes are.
func SessionSecurity(zone *time.Location, o SessionSecurityOptions) djauth.Judge {
	const key, layout = "_session_security", "2006-01-02T15:04:05.000000"
	if o.ExpireAfter == 0 {
		o.ExpireAfter = 10 * time.Minute
	}
	passive := make(map[string]bool, len(o.PassiveURLs))
	for _, path := range o.PassiveURLs {
		passive[path] = true
	}
	return func(_ context.Context, j djauth.Judgement) (djauth.Verdict, error) {
		if j.Account == nil {
			return djauth.Admit(), nil
		}
		now := wall(j.Time.Truncate(time.Microsecond), zone)
		v, ok := has(j, key)
		if !ok {
			return djauth.Admit().WithSession(key, now.Format(layout)), nil
		}
		last := now // of what is no time, as get_last_activity has it
		if text, ok := serializer.Text(v); ok {
			if t, ok := strptime(text); ok {
				last = t
			}
		}
		idle := now.Sub(last)
		if idle >= o.ExpireAfter {
			return djauth.Refuse(ErrEnded), nil
		}
		if o.PingURL != "" && j.Path == o.PingURL && j.Query.Has("idleFor") {
			all := j.Query["idleFor"]
			n, err := strconv.ParseInt(strings.TrimSpace(all[len(all)-1]), 10, 32)
			if err != nil {
				return djauth.Admit(), nil
			}
			client := time.Duration(max(n, 0)) * time.Second
			// timedelta.seconds leaves out the days.
			if server := (idle%(24*time.Hour) + 24*time.Hour) % (24 * time.Hour) / time.Second * time.Second; client < server {
				last = now.Add(-client)
			}
			return djauth.Admit().WithSession(key, last.Format(layout)), nil
		}
		if passive[j.Path] || o.Passive != nil && o.Passive(j.Path) {
			return djauth.Admit(), nil
		}
		return djauth.Admit().WithSession(key, now.Format(layout)), nil
	}
}

// written is '%Y-%m-%dT%H:%M:%S.%f' as strptime reads it, with or without the fraction.
var written = regexp.MustCompile(`^(\d{4})-(1[0-2]|0[1-9]|[1-9])-(3[01]|[12]\d|0[1-9]|[1-9]| [1-9])T(2[0-3]|[01]\d|\d):([0-5]\d|\d):([0-5]\d|\d)(?:\.(\d{1,6}))?$`)

// strptime reads a naive datetime.
func strptime(text string) (time.Time, bool) {
	m := written.FindStringSubmatch(text)
	if m == nil {
		return time.Time{}, false
	}
	var n [7]int
	for i, s := range m[1:] {
		if i == 6 {
			s = (s + "000000")[:6]
		}
		n[i], _ = strconv.Atoi(strings.TrimSpace(s)) // all digits
	}
	t := time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], n[6]*1000, time.UTC)
	return t, t.Day() == n[2] && n[0] > 0
}
