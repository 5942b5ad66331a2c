package djcsrf

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/httpcookie"
)

// Options are the CSRF settings of the Django site: each field is named as in Django,
// without CSRF_. The zero value of each means Django's default.
type Options struct {
	// CookieName is CSRF_COOKIE_NAME; default "csrftoken".
	CookieName string
	// CookieAge is CSRF_COOKIE_AGE, in whole seconds; default 364 days.
	CookieAge time.Duration
	// CookieAgeZero is CSRF_COOKIE_AGE = 0: a CookieAge of 0 is then no default, and the
	// browser drops the cookie at once.
	CookieAgeZero bool
	// ExpireAtBrowserClose is CSRF_COOKIE_AGE = None.
	ExpireAtBrowserClose bool
	// CookieDomain is CSRF_COOKIE_DOMAIN; default none.
	CookieDomain string
	// CookiePath is CSRF_COOKIE_PATH; default "/".
	CookiePath string
	// CookiePathNone is CSRF_COOKIE_PATH = "": the cookie has no Path, and CookiePath is "".
	CookiePathNone bool
	// CookieSecure is CSRF_COOKIE_SECURE; default false.
	CookieSecure bool
	// CookieHTTPOnly is CSRF_COOKIE_HTTPONLY: new(true) keeps the cookie from scripts of
	// the page. Nil means Django's default, false.
	CookieHTTPOnly *bool
	// CookieSameSite is CSRF_COOKIE_SAMESITE; zero means Lax (no attribute before
	// Django 2.1), and http.SameSiteDefaultMode leaves the attribute out.
	CookieSameSite http.SameSite
	// CookieAttributes are further attributes of the cookie, as in djsession.Settings.
	CookieAttributes []string
	// CookieMasked is CSRF_COOKIE_MASKED, which Django 4.1 and 4.2 have: older ones
	// always mask, newer ones never do.
	CookieMasked bool

	// HeaderName is CSRF_HEADER_NAME, as in request.META ("HTTP_X_CSRFTOKEN", the
	// default) or as sent ("X-CSRFToken").
	HeaderName string
	// UseSessions is CSRF_USE_SESSIONS: the secret is in the session, under
	// "_csrftoken", and there is no cookie. Django has it from 1.11 on.
	UseSessions bool
	// TrustedOrigins is CSRF_TRUSTED_ORIGINS: "https://shop.example.com" or
	// "https://*.example.com"; before Django 4.0 "shop.example.com" or ".example.com". As
	// in Django, a text that is no such origin, such as "null" or "file://", trusts
	// requests with just that Origin.
	TrustedOrigins []string

	// Host is request.get_host: the host, with its port if not the usual one, to which
	// the client sent r, or "" when that is not allowed. The default is r.Host; see
	// AllowedHosts.
	Host func(r *http.Request) string
	// Port is request.get_port. With a cookie domain, the Referer must name this port, unless
	// it is 443 or 80. The default is the port that Host returns. Unlike Django, which takes
	// the port on which the server listens, behind a proxy too. See ForwardedPort.
	Port func(r *http.Request) string

	// Failure is CSRF_FAILURE_VIEW: it answers requests that were rejected, and [Reason] tells
	// it why. The default answers a plain text with the status 403.
	Failure http.Handler
	// Exempt is csrf_exempt: the requests that are not checked, and whose bodies Middleware
	// does not read. Default none.
	Exempt func(r *http.Request) bool

	// MaxForm is DATA_UPLOAD_MAX_MEMORY_SIZE, the most bytes of a form without its files;
	// default 2.5 MiB. A larger form is answered with 400.
	MaxForm int64
	// MaxFields is DATA_UPLOAD_MAX_NUMBER_FIELDS, the most fields of a form; default 1000. A
	// form with more is answered with 400. math.MaxInt is None.
	MaxFields int
}

// Protection checks requests by the rules of one Django site. It never changes and is
// safe for concurrent use.
type Protection struct {
	m    *djsession.Manager
	site *djsession.Site
	o    Options

	oldest  bool // before 1.9: the Referer must have the host, and that is all
	plain   bool // before 1.10: nothing is masked
	masked  bool // the cookie is
	origins bool // from 4.0 on: Origin is checked

	onlyUTF8   bool // from 5.0 on: a form in another charset is 400
	semicolons bool // before 3.2: some Pythons take them for ampersands
	exact      []string
	wildcard   []origin // in the place of the first label
	referers   []string // patterns of is_same_domain
	domain     string   // of the cookie that holds the secret

	logged sync.Once
	copies sync.Map // by weak.Pointer[template.Template]: the *sync.Pool of its copies
}

// origin is a pattern of TrustedOrigins.
type origin struct{ scheme, host string }

// New returns the Protection of the site of m. opts may be nil.
//
// Errors: djsession.ErrConfig, with what is wrong and where.
func New(m *djsession.Manager, opts *Options) (*Protection, error) {
	p := &Protection{m: m, site: m.Site()}
	if opts != nil {
		p.o = *opts
	}
	set, o := p.site.Settings(), &p.o
	o.CookieName = cmp.Or(o.CookieName, "csrftoken")
	if !o.CookieAgeZero {
		o.CookieAge = cmp.Or(o.CookieAge, 364*24*time.Hour)
	}
	if !o.CookiePathNone {
		o.CookiePath = cmp.Or(o.CookiePath, "/")
	}
	o.CookieAttributes = slices.Clone(o.CookieAttributes)
	if o.CookieSameSite == 0 {
		o.CookieSameSite = http.SameSiteLaxMode
		if set.Django.Before(2, 1) { // which does not know the attribute
			o.CookieSameSite = http.SameSiteDefaultMode
		}
	}
	o.CookieHTTPOnly = new(o.CookieHTTPOnly != nil && *o.CookieHTTPOnly)
	o.HeaderName = headerName(cmp.Or(o.HeaderName, "HTTP_X_CSRFTOKEN"))
	o.MaxForm = cmp.Or(o.MaxForm, 2621440)
	if o.MaxFields == 0 {
		o.MaxFields = 1000
		if set.Django.Before(1, 10) { // which has no limit
			o.MaxFields = math.MaxInt
		}
	}
	if o.Host == nil {
		o.Host = func(r *http.Request) string { return r.Host }
	}
	if o.Port == nil {
		o.Port = func(r *http.Request) string { return portOf(o.Host(r)) }
	}
	if o.Failure == nil {
		o.Failure = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "Forbidden: CSRF verification failed. Request aborted.", http.StatusForbidden)
		})
	}
	if o.Exempt == nil {
		o.Exempt = func(*http.Request) bool { return false }
	}
	p.oldest = set.Django.Before(1, 9)
	p.plain = set.Django.Before(1, 10)
	p.masked = !p.plain && set.Django.Before(4, 1) || o.CookieMasked && set.Django.Before(5, 0)
	p.origins = !set.Django.Before(4, 0)
	p.onlyUTF8 = !set.Django.Before(5, 0)
	p.semicolons = set.Django.Before(3, 2)
	p.domain = o.CookieDomain
	if o.UseSessions {
		p.domain = set.CookieDomain
	}
	p.domain = strings.ToLower(p.domain)
	if err := p.validate(set.Django); err != nil {
		return nil, err
	}
	return p, nil
}

// validate refuses options that would make a cookie which Django could not use, or that
// would silently do nothing. It sorts the trusted origins.
func (p *Protection) validate(django djsession.DjangoVersion) error {
	bad := func(field, why string) error {
		return fmt.Errorf("%w: djcsrf.Options: %s %s", djsession.ErrConfig, field, why)
	}
	o := &p.o
	switch {
	case !httpcookie.IsName(o.CookieName):
		return bad("CookieName", "is not a cookie name")
	case o.CookieAge%time.Second != 0:
		return bad("CookieAge", "is not a number of whole seconds")
	case o.CookieAgeZero && o.CookieAge != 0:
		return bad("CookieAgeZero", "contradicts CookieAge")
	case o.CookiePathNone && o.CookiePath != "":
		return bad("CookiePathNone", "contradicts CookiePath")
	case slices.ContainsFunc(o.CookieAttributes, func(a string) bool { return !httpcookie.IsMore(a) }):
		return bad("CookieAttributes", "has one that is no attribute, or that has a field of its own")
	case slices.ContainsFunc(o.CookieAttributes, func(a string) bool { return strings.EqualFold(a, "Partitioned") }) && !o.CookieSecure:
		return bad("CookieAttributes", "has Partitioned, which needs CookieSecure")
	case !httpcookie.IsAttribute(o.CookieDomain):
		return bad("CookieDomain", "holds a character that a cookie cannot")
	case !o.CookiePathNone && o.CookiePath[0] != '/' || !httpcookie.IsAttribute(o.CookiePath):
		return bad("CookiePath", "does not begin with / or holds a character that a cookie cannot")
	case o.CookieSameSite < http.SameSiteDefaultMode || o.CookieSameSite > http.SameSiteNoneMode:
		return bad("CookieSameSite", "is not one of the modes of net/http")
	case !httpcookie.IsName(o.HeaderName):
		return bad("HeaderName", "is not the name of a header")
	case o.UseSessions && django.Before(1, 11):
		return bad("UseSessions", "needs Django 1.11")
	case o.MaxForm < 0:
		return bad("MaxForm", "is negative")
	case o.MaxFields < 0:
		return bad("MaxFields", "is negative")
	}
	for i, text := range o.TrustedOrigins {
		if !p.origins {
			p.referers = append(p.referers, strings.ToLower(text))
			continue
		}
		scheme, host, ok := splitURL(text)
		if !ok {
			return bad(fmt.Sprintf("TrustedOrigins[%d]", i), "is no URL, which makes Django raise an error")
		}
		host = strings.ToLower(strings.TrimLeft(host, "*"))
		p.referers = append(p.referers, host)
		if strings.Contains(text, "*") {
			p.wildcard = append(p.wildcard, origin{scheme, host})
		} else {
			p.exact = append(p.exact, text)
		}
	}
	o.TrustedOrigins = slices.Clone(o.TrustedOrigins)
	return nil
}

// headerName turns a name of request.META into that of the header.
func headerName(name string) string {
	if meta, ok := strings.CutPrefix(name, "HTTP_"); ok {
		name = strings.ReplaceAll(meta, "_", "-")
	}
	return textproto.CanonicalMIMEHeaderKey(name)
}
