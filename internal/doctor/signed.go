package doctor

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
	"github.com/go-djsession/go-djsession/signer"
)

// The salts of sessions: saltPrefix and the name of the class, or cookieSalt.
const (
	saltPrefix = "django.contrib.sessions."
	cookieSalt = "django.contrib.sessions.backends.signed_cookies"
)

// opened is the result of opening a signed text.
type opened struct {
	dict   *serializer.Dict // nil if the data is not a dict; do not trust it unless good
	good   bool             // the signature verifies with a key and salt of the site
	key    int              // the key that verified; 0 is SECRET_KEY
	signed time.Time        // zero if unknown
	pickle bool
}

// salt returns the salt of the engine's class.
func (e *exam) salt() string {
	if class := e.set.Sessions.StoreClass; class != "" {
		return saltPrefix + class
	}
	return saltPrefix + "SessionStore"
}

// unsign splits and verifies a text. bad means that it is not a signed text.
func (e *exam) unsign(text, salt string) (o opened, u signer.Unverified, bad bool) {
	u, err := signer.InspectUnverified(text, signer.Options{})
	if err != nil || !u.HasTimestamp {
		return o, u, true
	}
	o.signed = time.Unix(u.Timestamp, 0)
	o.dict, o.pickle = loads(u.Data())
	o.key, o.good = e.verify(text, salt, u)
	return o, u, false
}

// verify returns the key that made a signature. The length of the signature gives the
// algorithm.
func (e *exam) verify(text, salt string, u signer.Unverified) (key int, ok bool) {
	alg := signer.SHA256
	if len(u.Signature()) == 27 {
		alg = signer.SHA1
	}
	s, err := signer.New(e.set.Keys, signer.Options{Salt: salt, Algorithm: alg})
	if err != nil {
		return 0, false
	}
	_, info, err := s.Unsign(text)
	return info.Key, err == nil
}

// loads decodes data as a pickle if it looks like one, else as JSON.
func loads(data []byte) (d *serializer.Dict, isPickle bool) {
	if len(data) > 0 && data[0] == 0x80 || pickle.Sniff(data) {
		d, _ := pickle.Serializer{}.Loads(data)
		return d, true
	}
	d, _ = serializer.JSON{}.Loads(data)
	return d, false
}

// signed examines a signed session. sample are other sessions for comparison.
func (e *exam) signed(text, salt string, sample []row) opened {
	o, u, bad := e.unsign(text, salt)
	switch {
	case text == "":
		return o // a placeholder that another process has just created
	case bad:
		return e.legacy(text)
	case !o.good:
		e.unverified(text, salt, &o, u, sample)
		return o
	}
	e.vouched, e.current = true, e.current || o.key == 0
	v := e.set.Django
	switch {
	case v.Before(3, 1):
		e.fault(Django, fmt.Sprintf("The session is in the format of Django 3.1 and later, and these settings are taken for those of Django %s.", v),
			"Print the settings anew with the Django that runs the site, or give its version.")
	case len(u.Signature()) == 27 && !v.Before(4, 0):
		e.fault(Django, fmt.Sprintf("The session is signed with SHA-1, which Django 3.1 and 3.2 do with DEFAULT_HASHING_ALGORITHM, and these settings are taken for those of Django %s.", v),
			"Give the version of Django that the site really runs.")
	}
	if o.key > 0 {
		e.byFallback(o, salt, sample)
	}
	e.serialized(&o)
	return o
}

// byFallback is for a session that only a fallback key verifies. If SECRET_KEY signed other
// sessions, then the key was rotated, and there is no fault.
func (e *exam) byFallback(o opened, salt string, sample []row) {
	for _, r := range sample {
		if other, _, bad := e.unsign(r.text, salt); !bad && other.good && other.key == 0 {
			e.current = true
			e.note(FallbackKey, fmt.Sprintf("Only the key %d of SECRET_KEY_FALLBACKS verifies the session, which is from before SECRET_KEY was changed.", o.key),
				"Keep the fallback key until such sessions are over.")
			return
		}
	}
	e.fault(FallbackKey, fmt.Sprintf("Only the key %d of SECRET_KEY_FALLBACKS verifies the session, and SECRET_KEY verifies none that was looked at, so that Django may sign with another one.", o.key),
		"Compare SECRET_KEY with that of the running Django, and unless it was changed there just now let both sides have the same keys in the same order.")
}

// serialized compares the data with SESSION_SERIALIZER.
func (e *exam) serialized(o *opened) {
	switch {
	case e.has(SerializerUnknown, SerializerRemoved):
	case o.dict == nil && !o.pickle:
		e.fault(Damaged, "The signature of the session is good, but what it signs is no session of Django's serializers.",
			"See whether the site has a serializer of its own, and give it in djsettings.Options.Serializers.")
	case o.dict == nil:
		e.fault(Damaged, "The signature of the session is good, but it signs a pickle that is damaged or no dict.",
			"See which program wrote it.")
	case o.pickle && !e.isPickle():
		e.fault(Serializer, "The session is a pickle, and SESSION_SERIALIZER in these settings is a JSONSerializer.",
			"Give SESSION_SERIALIZER the PickleSerializer that the site really runs with, or convert the sessions with djsession convert.")
	case !o.pickle && e.isPickle():
		e.fault(Serializer, "The session is JSON, and SESSION_SERIALIZER in these settings is a PickleSerializer.",
			"Give SESSION_SERIALIZER the JSONSerializer that the site really runs with.")
	}
}

// unverified finds out why a signature does not verify.
func (e *exam) unverified(text, salt string, o *opened, u signer.Unverified, sample []row) {
	if e.set.Keys.IsZero() {
		return
	}
	if _, err := signer.New(e.set.Keys, signer.Options{Salt: salt}); err != nil {
		e.fault(NoSecretKey, fmt.Sprintf("Among the derived keys there is none for the salt of the sessions, %s.", salt), "Derive the keys anew with djsession keys, for this salt.")
		return
	}
	if o.dict == nil && len(u.Data()) == 0 {
		e.fault(Damaged, "The session was changed on its way, or a part of it is missing: neither its signature nor its data can be read.",
			"See whether the column is long enough and who else writes it.")
		return
	}
	for _, other := range []string{saltPrefix + "SessionStore", cookieSalt} {
		if _, ok := e.verify(text, other, u); ok && other != salt {
			e.vouched = true
			e.fault(Salt, fmt.Sprintf("The session is signed with the salt %s, and these settings lead to %s, as for a subclass of SessionStore.", other, salt),
				"Correct SESSION_ENGINE, or the StoreClass of the engine in djsettings.Options.Engines.")
			return
		}
	}
	good := 0
	for _, r := range sample {
		if other, _, bad := e.unsign(r.text, salt); !bad && other.good {
			good++
		}
	}
	switch {
	case o.dict != nil && e.hashFits(o.dict):
		e.fault(Salt, fmt.Sprintf("SECRET_KEY is right, as the session's _auth_user_hash shows, but the session is signed with another salt than %s, as by a subclass of SessionStore.", salt),
			"Give the name of the site's class (its __qualname__) as StoreClass of the engine in djsettings.Options.Engines.")
	case good > 0:
		e.fault(SecretKey, "The session is signed with another SECRET_KEY or salt than others in the same place, which do verify.",
			"See whether two sites write there, or whether SECRET_KEY was changed without keeping the old one in SECRET_KEY_FALLBACKS.")
	default:
		e.fault(SecretKey, "Neither SECRET_KEY nor any of SECRET_KEY_FALLBACKS made the signature of the session: Django runs with another SECRET_KEY.",
			"Give SECRET_KEY the value that the running Django has, without quotes or spaces around it; if the site has a subclass of SessionStore, give its name.")
	}
}

// legacy is for text that is not signed as Django 3.1 and later do.
func (e *exam) legacy(text string) opened {
	o, ok := e.older(text)
	if !ok {
		e.fault(Damaged, "What is stored for the session is nothing that Django signs: it is damaged, or another program wrote it.",
			"See who else writes there.")
		return opened{}
	}
	switch {
	case !o.good:
		e.fault(SecretKey, "The session is in the format of Django before 3.1, and neither SECRET_KEY nor any of SECRET_KEY_FALLBACKS made its signature.",
			"Give SECRET_KEY the value that the running Django has.")
	case !e.set.Django.Before(4, 0):
		e.vouched = true
		e.fault(LegacyFormat, fmt.Sprintf("The session is in the format of Django before 3.1, which Django %s does not read.", e.set.Django),
			"Give the version of Django that the site really runs, or convert the sessions with djsession convert.")
	default:
		e.vouched = true
		e.serialized(&o)
	}
	return o
}

// older opens a text of Django before 3.1. ok is false if it is none.
func (e *exam) older(text string) (o opened, ok bool) {
	raw, err := base64.StdEncoding.DecodeString(text)
	mac, data, ok := strings.Cut(string(raw), ":")
	if err != nil || !ok || len(mac) != 40 {
		return o, false
	}
	o.dict, o.pickle = loads([]byte(data))
	class := e.salt()[strings.LastIndexByte(e.salt(), '.')+1:]
	o.key, err = signer.VerifySaltedHMAC(e.set.Keys, strings.TrimSuffix(saltPrefix, ".")+class, signer.SHA1, data, mac)
	o.good = err == nil
	return o, true
}

// sealed examines a session of the engine signed_cookies.
func (e *exam) sealed(value string) {
	switch {
	case value == "":
		return
	case isKey(value):
		e.fault(OtherEngine, "The cookie holds a session key, and SESSION_ENGINE in these settings is signed_cookies, whose cookies hold the whole session.",
			"Give SESSION_ENGINE the engine that the site really runs with.")
		return
	case !strings.Contains(value, ":"):
		e.fault(CookieMalformed, "The cookie holds nothing that the engine signed_cookies makes.", "Copy the cookie anew, the whole of it and without quotes or escapes.")
		return
	}
	o := e.signed(value, cookieSalt, nil)
	if !o.good || o.dict == nil {
		return
	}
	if age := e.opts.Now().Sub(o.signed); age > e.set.Sessions.CookieAge {
		e.fault(Expired, fmt.Sprintf("The cookie was signed %s ago, which is longer than SESSION_COOKIE_AGE, %s.", span(age), span(e.set.Sessions.CookieAge)),
			"Log in anew, or set SESSION_COOKIE_AGE to what the site really has.")
		return
	}
	e.login(o.dict)
}

// compare checks, without a cookie, whether any session verifies. It skips expired
// sessions, because they may be older than the SECRET_KEY.
func (e *exam) compare(sample []row) {
	now := e.opts.Now()
	sample = slices.DeleteFunc(sample, func(r row) bool { return r.dated && r.expires.Before(now) })
	if len(sample) == 0 {
		return
	}
	salt := e.salt()
	best := sample[0] // one that verifies, or the newest
	var last time.Time
	for _, r := range sample {
		o, _, bad := e.unsign(r.text, salt)
		if !bad && o.good && o.key == 0 {
			best = r
			break
		}
		if o.signed.After(last) {
			best, last = r, o.signed
		}
	}
	e.signed(best.text, salt, sample)
	for _, r := range sample { // a single one may differ for another reason
		if o, _, bad := e.unsign(r.text, salt); !bad && o.good && o.dict != nil && e.drift(r, o, sample) {
			return
		}
	}
}
