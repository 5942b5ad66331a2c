package explain

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"net/url"
	"strings"
	"unicode"

	"github.com/go-djsession/go-djsession/internal/payload"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// unwrap removes what a value was copied with: quotes, the rest of a header, escapes.
func (x *explainer) unwrap(text string) string {
	for isText(text) {
		before := text
		text = strings.TrimSpace(text)
		text = x.header(text)
		text = x.quotes(text)
		if strings.Contains(text, "%3") {
			if plain, err := url.PathUnescape(text); err == nil {
				x.say("It was escaped for a URL, which it is not when Django reads it.")
				text = plain
			}
		}
		if text == before {
			break
		}
	}
	if joined := strings.Join(strings.Fields(text), ""); isText(text) && joined != text {
		if begin, _, _ := strings.Cut(joined, ":"); looksFramed(begin) {
			x.say("There is white space inside of it, as from broken lines: it is looked at without.")
			text = joined
		}
	}
	return text
}

// header removes the name of a cookie and the rest of a header.
func (x *explainer) header(text string) string {
	head, rest, ok := strings.Cut(text, ":")
	if ok && (strings.EqualFold(head, "cookie") || strings.EqualFold(head, "set-cookie")) {
		text = strings.TrimSpace(rest)
	}
	found, value := "", ""
	for pair := range strings.SplitSeq(text, ";") {
		name, v, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if !ok || strings.Trim(v, "=") == "" || !isCookieName(name) {
			break
		}
		if found == "" || name == "sessionid" || name == x.Cookie {
			found, value = name, v
		}
	}
	if found == "" {
		return text
	}
	x.say("It is in a header: the cookie %s.", found)
	if x.Cookie == "" {
		x.Cookie = found
	}
	return value
}

// isCookieName reports whether a name before "=" can be the name of a cookie, and not the
// beginning of a value.
func isCookieName(name string) bool {
	return name != "" && len(name) <= 40 && strings.Trim(name, payload.KeyChars+"ABCDEFGHIJKLMNOPQRSTUVWXYZ_-.") == ""
}

// quotes removes quotes, and the b of Python's bytes.
func (x *explainer) quotes(text string) string {
	for _, q := range []string{"'", `"`} {
		for _, prefix := range []string{"b", ""} {
			inner, ok := strings.CutPrefix(text, prefix+q)
			if !ok || len(inner) < 2 || !strings.HasSuffix(inner, q) {
				continue
			}
			if prefix == "b" {
				x.say("It stands in b%s...%s, as Python prints bytes: somebody stored str(value) in place of value.decode().", q, q)
				x.advise("look for the code that stores it so; Django cannot read it")
				x.report.Spoiled = true
			} else {
				x.say("It stands in quotes, which do not belong to it.")
			}
			return strings.TrimSuffix(inner, q)
		}
	}
	return text
}

// isText reports whether s has no bytes that only binary data have.
func isText(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && !unicode.IsSpace(r) || r == unicode.ReplacementChar })
}

// unsigned recognises values without a signature.
func (x *explainer) unsigned(text string) bool {
	raw := []byte(text)
	switch {
	case payload.IsPickle(raw):
		x.say("This is a bare pickle of %d bytes, as a cache keeps it: it has no signature.", len(raw))
		x.say("Who can write that cache can run code in Django.")
		x.report.Session, _ = payload.Any{}.Loads(raw)
		return true
	case payload.BarePickle(text) != nil:
		data := payload.BarePickle(text)
		how := "base64, as DatabaseCache keeps entries"
		if strings.Trim(text, "0123456789abcdefABCDEFx\\") == "" {
			how = "hexadecimal, as databases print bytes"
		}
		x.say("This is a pickle of %d bytes in %s: it has no signature.", len(data), how)
		x.say("Who can write that cache can run code in Django.")
		x.report.Session, _ = payload.Any{}.Loads(data)
		return true
	case strings.HasPrefix(text, "{") || strings.HasPrefix(text, "["):
		x.say("This is JSON without a signature. Django keeps no session like that, but django-redis does in a cache, with its JSONSerializer.")
		x.report.Session, _ = payload.Any{}.Loads(raw)
		return true
	case zlibHolds(raw) != nil:
		x.say("This is compressed by zlib and has no signature, as django-redis keeps entries with its ZlibCompressor.")
		x.holds(zlibHolds(raw), "")
		return true
	case fileCacheHolds(raw) != nil:
		x.say("This is a file of FileBasedCache: a pickle of the time of its expiry, and then compressed data without a signature.")
		x.holds(fileCacheHolds(raw), "")
		return true
	case strings.Trim(text, payload.KeyChars) == "" && len(text) >= 8 && len(text) <= 40:
		if len(text) != 32 {
			x.say("It has the characters of a session key, but %d of them, where Django's keys have 32.", len(text))
			return true
		}
		x.say("This is a session key, not a session: the cookie of every engine but signed_cookies holds only that.")
		x.say("It is a secret: who has it has the session.")
		x.advise("to see the session: djsession show - , with the key on standard input, and --dsn")
		return true
	case (len(text) == 32 || len(text) == 64) && isAlphanumeric(text):
		x.say("This looks like a CSRF token, as in the cookie csrftoken: it has nothing to do with the session.")
		return true
	case strings.HasPrefix(text, "eyJ") && strings.Count(text, ".") == 2 && !strings.Contains(text, ":"):
		x.say("This is a JSON Web Token, which Django's sessions don't use.")
		return true
	}
	return false
}

func isAlphanumeric(s string) bool {
	return strings.Trim(s, payload.KeyChars+"ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// zlibHolds returns what raw holds, or nil if it is not zlib.
func zlibHolds(raw []byte) []byte {
	if len(raw) == 0 || raw[0] != 'x' {
		return nil
	}
	r, err := zlib.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, signer.DefaultMaxDecompressed))
	if err != nil {
		return nil
	}
	return data
}

// fileCacheHolds returns what a file of FileBasedCache holds, or nil if raw is
// none: the pickle of a float or None is short, and zlib follows its final dot.
func fileCacheHolds(raw []byte) []byte {
	head := raw[:min(len(raw), 64)]
	end := bytes.Index(head, []byte(".x"))
	if end < 0 || head[0] != 0x80 {
		return nil
	}
	return zlibHolds(raw[end+1:])
}

// truncated recognises a session without its end.
func (x *explainer) truncated(text string) bool {
	parts := strings.Split(text, ":")
	last := parts[len(parts)-1]
	missing := ""
	switch {
	case !looksFramed(parts[0]):
		return false
	case len(parts) == 1:
		missing = "the timestamp and the signature"
	case len(parts) == 2 && len(last) <= 8:
		missing = "the signature"
	case len(parts) == 3 && len(last) < signatureLength && !knownLength(len(last)):
		missing = "a part of the signature"
	default:
		return false
	}
	x.say("This is a signed session without its end: %s went missing, so it cannot verify.", missing)
	if len(last) > 0 && len(parts) == 3 {
		x.say("The signature has %d characters of %d.", len(last), signatureLength)
	}
	x.advise("was all of it copied? Is the column or the cookie too short for it? A cookie can have 4096 bytes, name included")
	return true
}

// looksFramed reports whether s begins like JSON or zlib in base64.
func looksFramed(s string) bool {
	return (strings.HasPrefix(s, "ey") || strings.HasPrefix(s, ".eJ")) && strings.Trim(s, payload.KeyChars+"ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.=") == ""
}

// dataProblem says why data are no session. It does not quote them.
func dataProblem(data []byte, err error) string {
	what := "neither JSON nor a pickle"
	if payload.IsPickle(data) {
		what = "a pickle that is damaged"
	}
	switch {
	case errors.Is(err, serializer.ErrNotDict):
		return "no dict at the top"
	case errors.Is(err, serializer.ErrLimit):
		return "larger or deeper than any real one"
	}
	return what
}
