package explain

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/payload"
	"github.com/go-djsession/go-djsession/signer"
)

// signatureLength is that of HMAC-SHA256, in characters of base64.
const signatureLength = 43

// algorithmOf returns the algorithm that makes signatures of this length.
func algorithmOf(length int) (signer.Algorithm, bool) {
	for _, alg := range []signer.Algorithm{signer.SHA256, signer.SHA1, signer.SHA512, signer.SHA384, signer.SHA224, signer.MD5} {
		if (alg.Size()*8+5)/6 == length {
			return alg, true
		}
	}
	return 0, false
}

func knownLength(n int) bool {
	_, ok := algorithmOf(n)
	return ok
}

// legacy recognises a session of Django before 3.1.
func (x *explainer) legacy(text string) bool {
	signature, data, ok := payload.CutLegacy(text)
	if !ok {
		return false
	}
	x.say("This is a session in the format of Django before 3.1: base64 of a SHA-1 signature and the data.")
	x.say("Django 3.1 and 3.2 read it and write it anew in today's format; 4.0 and later cannot read it.")
	x.holds(data, "")
	if x.Keys.IsZero() {
		x.unknown()
		return true
	}
	class := strings.TrimPrefix(x.Salt, payload.SaltPrefix)
	class = class[strings.LastIndexByte(class, '.')+1:]
	key, err := signer.VerifySaltedHMAC(x.Keys, strings.TrimSuffix(payload.SaltPrefix, ".")+class, signer.SHA1, string(data), signature)
	switch {
	case errors.Is(err, signer.ErrNoKey):
		x.say("Nothing was verified: among the derived keys is none for this format.")
		x.advise("djsession keys --django 3.2 prints it")
	case err != nil:
		x.say("The signature does not verify with any of the keys in %s.", x.KeysFrom)
		x.advise("either the key is another one, or the class is not called %s (--salt), or the value was changed", class)
	default:
		x.say("The signature verifies with %s.", keyName(key))
		x.report.Good = x.Django != djsession.DjangoVersion{} && x.Django.Before(4, 0)
		if !x.report.Good {
			x.advise("djsession decode --django 3.2 reads it")
		}
	}
	return true
}

// signed recognises value:signature and value:timestamp:signature.
func (x *explainer) signed(text string) bool {
	u, err := signer.InspectUnverified(text, signer.Options{})
	switch {
	case errors.Is(err, signer.ErrNoSeparator):
		return false
	case errors.Is(err, signer.ErrTooLarge):
		x.say("This is larger than any real session: %d bytes, or what it decompresses to.", len(text))
		return true
	}
	x.describe(u, err)
	if !knownLength(len(u.Signature())) {
		x.say("The signature has %s, as none of Django's has: that of a session has %d.", console.Count(len(u.Signature()), "character"), signatureLength)
		x.advise("was all of it copied, and nothing else?")
		return true
	}
	if x.Keys.IsZero() {
		x.unknown()
		return true
	}
	x.verify(text, u)
	return true
}

// describe says what a signed value looks like. Its signature is not checked yet.
func (x *explainer) describe(u signer.Unverified, err error) {
	switch {
	case err == nil && u.HasTimestamp:
		x.say("This is a value that Django signed: data, a timestamp and a signature, as sessions have them.")
	case err == nil:
		x.say("This is a value that Django's Signer signed, without a timestamp: no session has that form.")
	case u.HasTimestamp && !looksFramed(u.Framed()):
		x.say("This is text with a timestamp and a signature, as set_signed_cookie and TimestampSigner make it: no session has that form.")
	case u.HasTimestamp:
		x.say("This is a value that Django signed: data, a timestamp and a signature. But the data do not decode: something was changed, or is missing in their midst.")
	default:
		x.say("This is text with something like a signature behind it: no session has that form.")
	}
	if u.HasTimestamp {
		x.say("It was signed at %s.", x.when(time.Unix(u.Timestamp, 0)))
		if x.MaxAge > 0 && x.Now.Sub(time.Unix(u.Timestamp, 0)) > x.MaxAge {
			x.say("That is longer than --max-age: it has expired.")
		}
	}
	if err == nil {
		how := ""
		if u.Compressed {
			how = ", compressed by zlib,"
		}
		x.holds(u.Data(), how)
	}
}

// unknown says that there was no key.
func (x *explainer) unknown() {
	x.say("Nothing was verified: there is no SECRET_KEY.")
	x.advise("set %s, or give --secret-file, to learn whether it verifies", console.EnvSecret)
	x.report.Good = true
}

// keyName names the key that made a signature.
func keyName(key int) string {
	if key == 0 {
		return "SECRET_KEY"
	}
	return fmt.Sprintf("fallback key %d", key)
}
