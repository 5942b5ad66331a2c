package djsettings

import (
	"fmt"
	"slices"

	"github.com/go-djsession/go-djsession/djsession"
)

// versionNames lists the names that came to and went from django.conf.global_settings, as
// far as they distinguish versions. It leaves out names that security releases added to
// older versions.
var versionNames = []struct {
	major, minor int
	new, gone    []string
}{
	{1, 8, []string{"TEMPLATE_DEBUG", "ALLOWED_INCLUDE_ROOTS", "MIDDLEWARE_CLASSES", "USE_ETAGS", "DEFAULT_CONTENT_TYPE", "FILE_CHARSET",
		"PASSWORD_RESET_TIMEOUT_DAYS", "SECURE_BROWSER_XSS_FILTER", "USE_L10N", "DEFAULT_FILE_STORAGE", "STATICFILES_STORAGE"}, nil},
	{1, 9, []string{"AUTH_PASSWORD_VALIDATORS", "CSRF_HEADER_NAME", "CSRF_TRUSTED_ORIGINS", "USE_X_FORWARDED_PORT"}, nil},
	{1, 10, []string{"DATA_UPLOAD_MAX_MEMORY_SIZE", "LOGOUT_REDIRECT_URL", "MIDDLEWARE"}, []string{"ALLOWED_INCLUDE_ROOTS", "TEMPLATE_DEBUG"}},
	{1, 11, []string{"CSRF_USE_SESSIONS", "EMAIL_USE_LOCALTIME", "FORM_RENDERER", "SECURE_HSTS_PRELOAD"}, nil},
	{2, 0, nil, []string{"MIDDLEWARE_CLASSES"}},
	{2, 1, []string{"CSRF_COOKIE_SAMESITE", "SESSION_COOKIE_SAMESITE"}, []string{"USE_ETAGS"}},
	{2, 2, nil, nil},
	{3, 0, []string{"LANGUAGE_COOKIE_HTTPONLY", "SECURE_REFERRER_POLICY"}, []string{"DEFAULT_CONTENT_TYPE"}},
	{3, 1, []string{"DEFAULT_EXCEPTION_REPORTER", "DEFAULT_HASHING_ALGORITHM", "PASSWORD_RESET_TIMEOUT"}, []string{"FILE_CHARSET"}},
	{3, 2, []string{"DEFAULT_AUTO_FIELD"}, nil},
	{4, 0, []string{"SECURE_CROSS_ORIGIN_OPENER_POLICY", "USE_DEPRECATED_PYTZ"},
		[]string{"DEFAULT_HASHING_ALGORITHM", "PASSWORD_RESET_TIMEOUT_DAYS", "SECURE_BROWSER_XSS_FILTER"}},
	{4, 1, []string{"CSRF_COOKIE_MASKED", "SECRET_KEY_FALLBACKS"}, nil},
	{4, 2, []string{"STORAGES"}, nil},
	{5, 0, []string{"FORMS_URLFIELD_ASSUME_HTTPS"}, []string{"CSRF_COOKIE_MASKED", "USE_DEPRECATED_PYTZ", "USE_L10N"}},
	{5, 1, nil, []string{"DEFAULT_FILE_STORAGE", "STATICFILES_STORAGE"}},
	{5, 2, nil, nil},
	{6, 0, []string{"SECURE_CSP", "TASKS", "URLIZE_ASSUME_HTTPS"}, []string{"FORMS_URLFIELD_ASSUME_HTTPS"}},
	{6, 1, []string{"USE_BLANK_CHOICE_DASH"}, nil},
}

// legacySalt came with the security releases 5.2.15 and 6.0.6.
const legacySalt = "SIGNED_COOKIE_LEGACY_SALT_FALLBACK"

// defaultNames are some names that every version has.
var defaultNames = map[string]bool{
	"DEBUG": true, "ALLOWED_HOSTS": true, "USE_TZ": true, "TIME_ZONE": true, "DATABASES": true, "CACHES": true, "SESSION_ENGINE": true,
	"SESSION_COOKIE_AGE": true, "SESSION_COOKIE_NAME": true, "SESSION_SERIALIZER": true, "CSRF_COOKIE_NAME": true, "MESSAGE_STORAGE": true,
	"AUTH_USER_MODEL": true, "PASSWORD_HASHERS": true, "LOGIN_URL": true, "SIGNING_BACKEND": true, "EMAIL_BACKEND": true, "USE_I18N": true,
	"DATE_FORMAT": true, "FIRST_DAY_OF_WEEK": true, "APPEND_SLASH": true,
}

// version finds the version of the site's Django.
func (r *reader) version() error {
	set := r.set
	if r.opts.Django != "" {
		v, err := djsession.ParseDjangoVersion(r.opts.Django)
		if err != nil {
			return fmt.Errorf("%w: the version of Django: %w", ErrSetting, err)
		}
		set.Django, set.DjangoSure, set.DjangoFrom = v, true, "Django "+v.String()+", as given"
		return nil
	}
	if p := r.doc.profile; p != nil {
		v, err := djsession.ParseDjangoVersion(p.Versions.Django)
		if err != nil {
			return fmt.Errorf("%w: its version of Django is none", ErrProfile)
		}
		set.Django, set.DjangoSure = v, true
		set.DjangoFrom = fmt.Sprintf("Django %s, by the profile of %s", printable(p.Versions.Django), p.Made.Format("2006-01-02"))
		return nil
	}
	fit := r.doc.versions()
	first, newest := fit[0], fit[len(fit)-1]
	set.Django, set.DjangoSure = newest, len(fit) == 1
	switch {
	case len(fit) == len(versionNames):
		set.DjangoFrom = "Django " + newest.String() + ", which is a guess: nothing in the settings tells the version"
		r.warn("Django", "Nothing in the settings tells the version of Django; %s is taken.", newest)
	case len(fit) == 1:
		set.DjangoFrom = "Django " + newest.String() + ", by the names and defaults of its settings"
	default:
		set.DjangoFrom = fmt.Sprintf("Django %s, by the names and defaults of its settings, which fit %s as well", newest, first)
		if matters(first, newest) {
			r.warn("Django", "The settings fit Django %s to %s; %s is taken.", first, newest, newest)
		}
	}
	return nil
}

// changes are the versions that changed sessions or logins.
var changes = []djsession.DjangoVersion{{Major: 2, Minor: 1}, {Major: 3, Minor: 1}, {Major: 4, Minor: 0}, {Major: 4, Minor: 1}, {Major: 5, Minor: 0}, {Major: 6, Minor: 1}}

// matters reports whether one of the changes lies between two versions.
func matters(first, last djsession.DjangoVersion) bool {
	for _, c := range changes {
		if first.Before(c.Major, c.Minor) && !last.Before(c.Major, c.Minor) {
			return true
		}
	}
	return false
}

// versions returns the versions that fit best, oldest first.
func (doc *document) versions() (fit []djsession.DjangoVersion) {
	var all []string
	for _, v := range versionNames {
		all = append(append(all, v.new...), v.gone...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	has, best := map[string]bool{}, -1
	for _, v := range versionNames {
		for _, n := range v.new {
			has[n] = true
		}
		for _, n := range v.gone {
			delete(has, n)
		}
		version := djsession.DjangoVersion{Major: v.major, Minor: v.minor}
		against := 0
		for _, name := range all {
			if is, told := doc.tells(name); told && is != has[name] {
				against++
			}
		}
		if zone, told := doc.zoneDefault(); told && zone != !version.Before(5, 0) {
			against++
		}
		if is, told := doc.tells(legacySalt); told && is && version.Before(5, 2) || told && !is && doc.all && !version.Before(6, 1) {
			against++
		}
		switch {
		case best < 0 || against < best:
			best, fit = against, fit[:0]
			fallthrough
		case against == best:
			fit = append(fit, version)
		}
	}
	return fit
}

// tells reports whether the site's Django has a default for the name. told is false if the
// document does not say.
func (doc *document) tells(name string) (has, told bool) {
	s, there := doc.settings[name]
	switch {
	case there && doc.marks:
		return s.known, true
	case there:
		return true, doc.all
	}
	return false, doc.all
}

// zoneDefault returns the default of USE_TZ, which is True since 5.0: a printed value
// without the mark of a default is the opposite.
func (doc *document) zoneDefault() (def, told bool) {
	s, there := doc.settings["USE_TZ"]
	value, isBool := s.value.(bool)
	if !there || !isBool || !doc.marks || !s.known {
		return false, false
	}
	return value == s.isDefault, true
}
