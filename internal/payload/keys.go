package payload

import (
	"strings"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/signer"
)

// authKeySalt is the key_salt of AbstractBaseUser.get_session_auth_hash.
const authKeySalt = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"

// KeyOptions say which keys DeriveKeys adds to the keys of sessions and logins.
type KeyOptions struct {
	Messages bool     // the key of messages in cookies (django.contrib.messages)
	Cookies  []string // the keys of signed cookies with these names
}

// DeriveKeys returns the keys that Django derives from SECRET_KEY for sessions with a salt
// and for logins, in the form that signer.ParseDerivedKeys reads. v is the version of
// Django; zero is the newest.
func DeriveKeys(keys signer.Keys, salt string, v djsession.DjangoVersion, opts *KeyOptions) (string, error) {
	ps := purposes(salt, v)
	if opts.Messages {
		ps = append(ps, purpose{signer.CookieKeySalt(MessagesSalt), signer.SHA256})
		if v != (djsession.DjangoVersion{}) && v.Before(4, 0) { // "hash$json"
			ps = append(ps, purpose{MessagesSalt, signer.SHA1})
		}
	}
	for _, name := range opts.Cookies {
		ps = append(ps, purpose{signer.CookieKeySalt(signer.CookieSalt(name, "")), signer.SHA256},
			purpose{signer.CookieKeySalt(signer.LegacyCookieSalt(name, "")), signer.SHA256})
	}
	var all []signer.DerivedKey
	for _, p := range ps {
		ds, err := keys.Derive(p.keySalt, p.algorithm)
		if err != nil {
			return "", err
		}
		all = append(all, ds...)
	}
	return signer.ExportDerivedKeys(all...)
}

// purpose is the use of a key.
type purpose struct {
	keySalt   string
	algorithm signer.Algorithm
}

// purposes returns the purposes of sessions with this salt, and of logins.
func purposes(salt string, v djsession.DjangoVersion) []purpose {
	ps := []purpose{{signer.KeySalt(salt), signer.SHA256}, {authKeySalt, signer.SHA256}}
	if (v == djsession.DjangoVersion{}) || !v.Before(4, 0) {
		return ps
	}
	// Django 3.1 and 3.2 also accept SHA-1. Older versions sign with nothing else, and
	// their sessions have another format.
	ps = append(ps, purpose{signer.KeySalt(salt), signer.SHA1}, purpose{authKeySalt, signer.SHA1})
	if class, ok := strings.CutPrefix(salt, SaltPrefix); ok {
		ps = append(ps, purpose{LegacySalt(class), signer.SHA1})
	}
	return ps
}

// LegacySalt returns the salt of sessions in the format before Django 3.1, for the name of a
// SessionStore. It has the class's __name__, not its __qualname__, and no dot.
func LegacySalt(class string) string {
	return strings.TrimSuffix(SaltPrefix, ".") + class[strings.LastIndexByte(class, '.')+1:]
}
