package explain

import (
	"errors"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/payload"
	"github.com/go-djsession/go-djsession/signer"
)

// use is a purpose that Django signs values for.
type use struct {
	salt   string
	cookie bool   // with the keys of cookies
	what   string // of such values
}

// uses returns the uses to try, x.Salt first.
func (x *explainer) uses() []use {
	uses := []use{
		{x.Salt, false, "a session"},
		{payload.SessionSalt, false, "a session in a database, a file or redis_sessions"},
		{payload.CookieEngine, false, "a session of the engine signed_cookies, in a cookie"},
		{payload.MessagesSalt, true, "the cookie of django.contrib.messages"},
		{signer.DumpsSalt, false, "a value of django.core.signing.dumps"},
		{"django.core.signing.Signer", false, "a value of django.core.signing.Signer"},
		{"django.core.signing.TimestampSigner", false, "a value of django.core.signing.TimestampSigner"},
	}
	if x.Cookie != "" {
		uses = append(uses,
			use{signer.CookieSalt(x.Cookie, ""), true, "a cookie of set_signed_cookie"},
			use{signer.LegacyCookieSalt(x.Cookie, ""), true, "a cookie of set_signed_cookie with the salt of before 2026"})
	}
	return uses
}

// verify says whether the signature is good, and for what.
func (x *explainer) verify(text string, u signer.Unverified) {
	alg, _ := algorithmOf(len(u.Signature()))
	tried := 0
	for i, use := range x.uses() {
		key, err := check(x.Keys, use, alg, text)
		if errors.Is(err, signer.ErrNoKey) {
			continue
		}
		tried++
		if err != nil {
			continue
		}
		if i == 0 {
			x.verified(u, key, alg)
		} else {
			x.elsewhere(u, key, use)
		}
		return
	}
	if tried == 0 {
		x.say("Nothing was verified: among the derived keys is none for %s and this salt.", alg)
		return
	}
	x.say("The signature does not verify with any of the keys in %s, for no salt that is known here.", x.KeysFrom)
	if x.mangled(text, alg) {
		return
	}
	if x.Derived {
		x.say("There are only derived keys, so only their salts could be tried.")
	}
	x.advise("is this the SECRET_KEY of the site that signed it? If it was changed, give the old one as a fallback")
	if strings.HasPrefix(x.Salt, payload.SaltPrefix) && x.report.Session != nil {
		x.advise("if the site has its own subclass of SessionStore, give its name: --salt %sITSNAME", payload.SaltPrefix)
	}
	if x.report.Session == nil && x.Cookie == "" {
		x.advise("if it is from set_signed_cookie, give the cookie's name: --cookie NAME")
	}
	x.advise("or the value was changed on its way")
}

// check verifies text for one use.
func check(keys signer.Keys, use use, alg signer.Algorithm, text string) (key int, err error) {
	if use.cookie {
		keys = keys.ForCookies()
	}
	s, err := signer.New(keys, signer.Options{Salt: use.salt, Algorithm: alg})
	if err != nil {
		return 0, err
	}
	_, info, err := s.Unsign(text)
	return info.Key, err
}

// verified is for a signature that is good for x.Salt.
func (x *explainer) verified(u signer.Unverified, key int, alg signer.Algorithm) {
	x.say("The signature verifies with %s and the salt %s.", keyName(key), x.Salt)
	x.report.Good = x.report.Session != nil
	if key > 0 {
		x.say("So SECRET_KEY was changed since; when the session is saved next, it is signed with the present one.")
	}
	if alg != signer.SHA256 {
		x.say("It was signed with %s, which Django 3.1 and 3.2 accept and 4.0 no longer does.", alg)
		if (x.Django == djsession.DjangoVersion{}) || !x.Django.Before(4, 0) {
			x.advise("djsession decode --django 3.2 reads it")
			x.report.Good = false
		}
	}
	if !u.HasTimestamp {
		x.report.Good = false
	}
	x.expiry(u, x.Salt)
}

// elsewhere is for a signature that is good for something else.
func (x *explainer) elsewhere(u signer.Unverified, key int, use use) {
	x.say("The signature verifies with %s, but for another salt than %s: this is %s.", keyName(key), x.Salt, use.what)
	if use.cookie {
		return
	}
	x.say("Its salt is %s.", use.salt)
	if x.report.Session != nil {
		x.advise("djsession decode --salt %s reads it", use.salt)
	}
	x.expiry(u, use.salt)
}

// expiry says whether a good value is too old.
func (x *explainer) expiry(u signer.Unverified, salt string) {
	switch {
	case !u.HasTimestamp || x.report.Session == nil:
	case x.MaxAge > 0:
		if x.Now.Sub(time.Unix(u.Timestamp, 0)) > x.MaxAge {
			x.report.Good = false
		}
	case salt == payload.CookieEngine:
		const twoWeeks = 14 * 24 * time.Hour
		if x.Now.Sub(time.Unix(u.Timestamp, 0)) > twoWeeks {
			x.say("It is older than two weeks: if SESSION_COOKIE_AGE of the site is not longer than that, it has expired (--max-age).")
		} else {
			x.say("It expires when it is older than SESSION_COOKIE_AGE, two weeks by default (--max-age).")
		}
	case strings.HasPrefix(salt, payload.SaltPrefix):
		x.say("Whether the session has expired is told by its row (expire_date), file or cache entry, not by this value.")
	}
}

// mangled tries SECRET_KEY without what often goes wrong when it is copied.
func (x *explainer) mangled(text string, alg signer.Algorithm) bool {
	for _, m := range []struct {
		how string
		fix func(string) string
	}{
		{"without the white space around it", strings.TrimSpace},
		{"without the quotes around it", func(s string) string { return strings.Trim(strings.TrimSpace(s), `"'`) }},
		{"without its backslashes", func(s string) string { return strings.ReplaceAll(s, `\`, "") }},
		{"with $ in place of $$", func(s string) string { return strings.ReplaceAll(s, "$$", "$") }},
	} {
		fixed := m.fix(x.Secret)
		if fixed == x.Secret || fixed == "" {
			continue
		}
		for _, use := range x.uses() {
			if _, err := check(signer.SecretKey(fixed), use, alg, text); err == nil {
				x.say("It does verify with that SECRET_KEY %s.", m.how)
				x.advise("correct the SECRET_KEY in %s", x.KeysFrom)
				return true
			}
		}
	}
	return false
}
