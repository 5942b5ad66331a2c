package djsettings

import (
	"slices"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/internal/pyliteral"
	"github.com/go-djsession/go-djsession/signer"
)

// general reads the settings that belong to no single app.
func (r *reader) general() {
	set, v := r.set, r.set.Django
	r.keys()
	set.Debug = r.truth("DEBUG", false)
	set.AllowedHosts = r.texts("ALLOWED_HOSTS", nil)
	set.UseTZ = r.truth("USE_TZ", !v.Before(5, 0))
	set.TimeZone = r.text("TIME_ZONE", "America/Chicago")
	set.DatabaseRouters = r.routers()
	set.InstalledApps = r.texts("INSTALLED_APPS", nil)
	set.Middleware = r.texts("MIDDLEWARE", nil)
	if v.Before(2, 0) && len(set.Middleware) == 0 {
		set.Middleware = r.texts("MIDDLEWARE_CLASSES", nil)
	}
	hasSalt, told := r.doc.tells(legacySalt)
	set.Cookies = CookieSettings{
		SigningBackend:     r.text("SIGNING_BACKEND", "django.core.signing.TimestampSigner"),
		NewSalt:            !v.Before(6, 1) || !v.Before(5, 2) && (hasSalt || !told),
		LegacySaltFallback: r.truth(legacySalt, v.Before(6, 1)),
	}
	if !v.Before(3, 1) && v.Before(4, 0) {
		set.Cookies.HashingAlgorithm = r.text("DEFAULT_HASHING_ALGORITHM", "sha256")
	}
	set.Proxy = ProxySettings{
		UseXForwardedHost: r.truth("USE_X_FORWARDED_HOST", false),
		UseXForwardedPort: r.truth("USE_X_FORWARDED_PORT", false),
		ScriptName:        r.text("FORCE_SCRIPT_NAME", ""),
	}
	if value, ok := r.value("SECURE_PROXY_SSL_HEADER"); ok && value != nil {
		pair, _ := pyliteral.Sequence(value)
		header, value := pairOfTexts(pair)
		if header == "" {
			r.bad("SECURE_PROXY_SSL_HEADER", r.doc.settings["SECURE_PROXY_SSL_HEADER"].value, "a tuple of two texts")
		}
		if strings.HasPrefix(header, "HTTP_") {
			set.Proxy.SSLHeader, set.Proxy.SSLValue = header, value
		} else if header != "" {
			r.warn("SECURE_PROXY_SSL_HEADER", "does not begin with HTTP_, so that Django never finds it in request.META, nor does Go.")
		}
	}
}

func pairOfTexts(list []any) (a, b string) {
	if len(list) == 2 {
		first, okA := list[0].(string)
		second, okB := list[1].(string)
		if okA && okB {
			return first, second
		}
	}
	return "", ""
}

// keys reads SECRET_KEY and SECRET_KEY_FALLBACKS.
func (r *reader) keys() {
	if !r.opts.Keys.IsZero() {
		r.set.Keys = r.opts.Keys
		return
	}
	secret, fallbacks := "", []string(nil)
	fromEnv, has := r.env("SECRET_KEY")
	if !has && !r.doc.keys.IsZero() {
		r.set.Keys = r.doc.keys
		return
	}
	if has {
		secret = fromEnv
	} else {
		secret = r.text("SECRET_KEY", "")
	}
	if text, ok := r.env("SECRET_KEY_FALLBACKS"); ok {
		for line := range strings.Lines(text) {
			fallbacks = append(fallbacks, strings.TrimRight(line, "\r\n"))
		}
	} else if !has { // the fallbacks of another SECRET_KEY are of no use
		v, _ := r.value("SECRET_KEY_FALLBACKS")
		list, ok := pyliteral.Sequence(v)
		if !ok {
			r.bad("SECRET_KEY_FALLBACKS", v, "a list of texts")
		}
		for _, v := range list {
			text, ok := pyliteral.Text(v)
			if !ok {
				r.bad("SECRET_KEY_FALLBACKS", v, "a text in the list")
				continue
			}
			fallbacks = append(fallbacks, text)
		}
		if len(list) > 0 && r.set.Django.Before(4, 1) {
			r.warn("SECRET_KEY_FALLBACKS", "Django %s does not know it, and it is not used.", r.set.Django)
			fallbacks = nil
		}
	}
	r.set.Keys = signer.SecretKey(secret, fallbacks...)
}

// routers returns the dotted paths of the routers, or the name of a router that is an
// object.
func (r *reader) routers() []string {
	v, _ := r.value("DATABASE_ROUTERS")
	list, _ := pyliteral.Sequence(v)
	var all []string
	for _, v := range list {
		name, ok := v.(string)
		if o, isOpaque := v.(pyliteral.Opaque); isOpaque {
			name, ok = o.Name(), true
		}
		if ok {
			all = append(all, name)
		}
	}
	return all
}

func (r *reader) auth() {
	set, v := r.set, r.set.Django
	const hashers = "django.contrib.auth.hashers."
	defaults := []string{hashers + "PBKDF2PasswordHasher", hashers + "PBKDF2SHA1PasswordHasher"}
	if !v.Before(1, 10) {
		defaults = append(defaults, hashers+"Argon2PasswordHasher")
	}
	defaults = append(defaults, hashers+"BCryptSHA256PasswordHasher")
	if v.Before(2, 1) {
		defaults = append(defaults, hashers+"BCryptPasswordHasher")
	}
	if v.Before(1, 10) {
		for _, name := range []string{"SHA1", "MD5", "UnsaltedSHA1", "UnsaltedMD5", "Crypt"} {
			defaults = append(defaults, hashers+name+"PasswordHasher")
		}
	}
	if !v.Before(4, 0) {
		defaults = append(defaults, hashers+"ScryptPasswordHasher")
	}
	set.Auth = AuthSettings{
		UserModel:         r.text("AUTH_USER_MODEL", "auth.User"),
		Backends:          r.texts("AUTHENTICATION_BACKENDS", []string{"django.contrib.auth.backends.ModelBackend"}),
		PasswordHashers:   r.texts("PASSWORD_HASHERS", defaults),
		LoginURL:          r.optionalText("LOGIN_URL", "/accounts/login/"),
		LoginRedirectURL:  r.optionalText("LOGIN_REDIRECT_URL", "/accounts/profile/"),
		LogoutRedirectURL: r.optionalText("LOGOUT_REDIRECT_URL", ""),
		Installed:         r.installed("django.contrib.auth"),
		LoginStages:       r.loginStages(),
	}
	set.Auth.Enabled, set.Auth.OwnMiddleware = r.middleware(authOf)
	r.userModel()
}

const authUser = "auth.User"

// userModel tells what AUTH_USER_MODEL does as.
func (r *reader) userModel() {
	model := r.set.Auth.UserModel
	if strings.EqualFold(model, authUser) {
		r.set.Auth.UserModelAs = authUser
	}
	for own, as := range r.opts.UserModels {
		switch {
		case !strings.EqualFold(as, authUser):
			r.bad("AUTH_USER_MODEL", as, "auth.User in Options.UserModels")
		case strings.EqualFold(own, model):
			r.set.Auth.UserModelAs = authUser
		}
	}
}

// loginStages returns the settings of django-allauth that add a stage to each login. What is no
// literal may do so.
func (r *reader) loginStages() (stages []string) {
	if !r.installed("allauth") && !r.installed("allauth.account") {
		return nil
	}
	switch v, _ := r.value("ACCOUNT_EMAIL_VERIFICATION"); v {
	case nil, false, "optional", "none":
	default:
		stages = append(stages, "ACCOUNT_EMAIL_VERIFICATION")
	}
	switch v, _ := r.value("ACCOUNT_LOGIN_BY_CODE_REQUIRED"); v {
	case nil, false:
	default:
		stages = append(stages, "ACCOUNT_LOGIN_BY_CODE_REQUIRED")
	}
	return stages
}

func (r *reader) csrf() {
	v := r.set.Django
	age, none := r.seconds("CSRF_COOKIE_AGE", 52*7*24*time.Hour)
	r.set.CSRF = CSRFSettings{
		CookieName: r.text("CSRF_COOKIE_NAME", "csrftoken"), CookieAge: age, CookieAgeNone: none,
		CookieDomain: r.text("CSRF_COOKIE_DOMAIN", ""), CookiePath: r.text("CSRF_COOKIE_PATH", "/"),
		CookieSecure: r.truth("CSRF_COOKIE_SECURE", false), CookieHTTPOnly: r.truth("CSRF_COOKIE_HTTPONLY", false),
		CookieSameSite: r.sameSite("CSRF_COOKIE_SAMESITE"), CookieMasked: v.Before(4, 1) || v.Before(5, 0) && r.truth("CSRF_COOKIE_MASKED", false),
		HeaderName:     r.text("CSRF_HEADER_NAME", "HTTP_X_CSRFTOKEN"),
		TrustedOrigins: r.texts("CSRF_TRUSTED_ORIGINS", nil), UseSessions: r.truth("CSRF_USE_SESSIONS", false),
		FailureView: r.optionalText("CSRF_FAILURE_VIEW", "django.views.csrf.csrf_failure"),
	}
	r.set.CSRF.Enabled, r.set.CSRF.OwnMiddleware = r.middleware(csrfOf)
	r.ownCSRFCookie(&r.set.CSRF)
	const size = "DATA_UPLOAD_MAX_MEMORY_SIZE"
	if value, ok := r.value(size); ok && value == nil {
		r.set.CSRF.MaxForm = -1
	} else {
		r.set.CSRF.MaxForm = max(0, r.integer(size, 2621440))
	}
	const fields = "DATA_UPLOAD_MAX_NUMBER_FIELDS"
	if value, ok := r.value(fields); ok && value == nil {
		r.set.CSRF.MaxFields = -1
	} else {
		r.set.CSRF.MaxFields = max(0, r.integer(fields, 1000))
	}
}

func (r *reader) messages() {
	m := MessageSettings{
		Storage:   r.text("MESSAGE_STORAGE", "django.contrib.messages.storage.fallback.FallbackStorage"),
		Level:     r.integer("MESSAGE_LEVEL", 20),
		Tags:      map[int]string{},
		Installed: r.installed("django.contrib.messages"),
	}
	m.Enabled, m.OwnMiddleware = r.middleware(messagesOf)
	tags, _ := r.dict("MESSAGE_TAGS")
	for _, it := range tags {
		level, isInt := it.Key.(int64)
		if text, isText := it.Key.(string); isText { // JSON has only texts as keys
			level, isInt = number(text).(int64)
		}
		tag, isText := it.Value.(string)
		if !isInt || !isText || int64(int(level)) != level {
			r.warn("MESSAGE_TAGS", "One of its items is no text for a number, and is left out.")
			continue
		}
		m.Tags[int(level)] = tag
	}
	r.set.Messages = m
}

// installed reports whether an app is in INSTALLED_APPS, by its name or by the name of its
// AppConfig.
func (r *reader) installed(app string) bool {
	return slices.ContainsFunc(r.set.InstalledApps, func(s string) bool { return s == app || strings.HasPrefix(s, app+".apps.") })
}

// sameSite reads SESSION_COOKIE_SAMESITE or CSRF_COOKIE_SAMESITE.
func (r *reader) sameSite(name string) string {
	v, ok := r.value(name)
	switch {
	case r.set.Django.Before(2, 1):
		return ""
	case !ok:
		return "Lax"
	}
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		if !v {
			return ""
		}
	case string:
		switch strings.ToLower(v) {
		case "lax":
			return "Lax"
		case "strict":
			return "Strict"
		case "none":
			return "None"
		}
	}
	r.bad(name, v, `"Lax", "Strict", "None" or False`)
	return ""
}
