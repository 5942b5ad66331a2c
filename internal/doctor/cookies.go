package doctor

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/go-djsession/go-djsession/signer"
)

// pair is a cookie of a header.
type pair struct{ name, value string }

// cookies looks at the browser's cookies, and returns the value of the session cookie, or
// "" if there is none.
func (e *exam) cookies() string {
	name := e.set.Sessions.CookieName
	pairs, sent, bare := readCookies(e.opts.Cookie, name)
	if bare != "" {
		return bare
	}
	e.sent(sent)
	for _, c := range sent {
		pairs = append(pairs, pair{c.Name, c.Value})
	}
	if len(pairs) == 0 {
		return ""
	}
	e.extras(pairs)
	var values []string
	for _, p := range pairs {
		if p.name == name {
			values = append(values, p.value)
		}
	}
	if len(values) > 1 {
		e.fault(TwoCookies, fmt.Sprintf("The header has %d cookies called %s, of which Django and Go take the last, and browsers send the one with the longer path first.", len(values), name),
			"Delete the old one in the browser, as one is left behind when SESSION_COOKIE_DOMAIN or SESSION_COOKIE_PATH changes, and give Django and Go the same of both.")
	}
	if len(values) > 0 {
		return values[len(values)-1]
	}
	return e.absent(pairs)
}

// absent is for a header without a cookie of the right name.
func (e *exam) absent(pairs []pair) string {
	in := e.set.Sessions
	for _, p := range pairs {
		if p.name == e.set.CSRF.CookieName || p.name == "messages" || !looksLikeSession(p.value) {
			continue
		}
		name := p.name
		if !isCookieName(name) {
			name = "another"
		}
		e.fault(CookieName, fmt.Sprintf("The header has no cookie called %s, as SESSION_COOKIE_NAME says, but what looks like a session is in the cookie %s.", in.CookieName, name),
			"Give SESSION_COOKIE_NAME the name that the site's cookie has.")
		return p.value
	}
	text, change := fmt.Sprintf("The header has no cookie called %s, and none that looks like a session.", in.CookieName),
		"Log in with the browser, and copy the header of a request that Django knows the user of."
	switch {
	case in.CookiePath != "/":
		text = fmt.Sprintf("The header has no cookie called %s, which browsers send only below SESSION_COOKIE_PATH, %s.", in.CookieName, in.CookiePath)
		change = "Put the Go service below that path, or set SESSION_COOKIE_PATH to /."
	case in.CookieDomain != "":
		text = fmt.Sprintf("The header has no cookie called %s, which browsers send only to hosts of SESSION_COOKIE_DOMAIN, %s.", in.CookieName, in.CookieDomain)
		change = "Put the Go service on a host of that domain."
	case in.CookieSecure:
		text = fmt.Sprintf("The header has no cookie called %s, which browsers send by HTTPS only, as SESSION_COOKIE_SECURE says.", in.CookieName)
		change = "Reach the Go service by HTTPS."
	}
	e.fault(CookieAbsent, text, change)
	return ""
}

// sent compares Set-Cookie lines with the settings.
func (e *exam) sent(sent []*http.Cookie) {
	in := e.set.Sessions
	for _, c := range sent {
		if c.Name != in.CookieName || c.MaxAge < 0 {
			continue
		}
		if domain := strings.TrimPrefix(in.CookieDomain, "."); !strings.EqualFold(strings.TrimPrefix(c.Domain, "."), domain) {
			e.fault(CookieDomain, fmt.Sprintf("Django sets the cookie for %s, and SESSION_COOKIE_DOMAIN in these settings says %s, so that a browser would have two.", orHost(c.Domain), orHost(in.CookieDomain)),
				"Give Go and Django the same SESSION_COOKIE_DOMAIN.")
		}
		if c.Path != in.CookiePath {
			e.fault(CookiePath, fmt.Sprintf("Django sets the cookie for the path %s, and SESSION_COOKIE_PATH in these settings is %s, so that a browser would have two.", c.Path, in.CookiePath),
				"Give Go and Django the same SESSION_COOKIE_PATH.")
		}
		if c.Secure != in.CookieSecure {
			e.fault(CookieSecure, fmt.Sprintf("Django sets the cookie with Secure=%t, and SESSION_COOKIE_SECURE in these settings says otherwise.", c.Secure),
				"Give Go and Django the same SESSION_COOKIE_SECURE.")
		}
	}
}

func orHost(domain string) string {
	if domain == "" {
		return "the one host it comes from"
	}
	return domain
}

// extras looks at the site's other signed cookies. They prove the SECRET_KEY, and show
// which salt the site's Django uses.
func (e *exam) extras(pairs []pair) {
	keys := e.set.Keys.ForCookies()
	if keys.IsZero() {
		return
	}
	good := func(salt, value string) bool {
		s, err := signer.New(keys, signer.Options{Salt: salt})
		if err != nil {
			return false
		}
		_, _, err = s.Unsign(value)
		return err == nil
	}
	for _, p := range pairs {
		switch {
		case p.name == e.set.Sessions.CookieName || strings.Count(p.value, ":") < 1:
		case p.name == "messages":
			e.vouched = e.vouched || good("django.contrib.messages", p.value)
		case good(signer.CookieSalt(p.name, ""), p.value):
			e.vouched = true
			if !e.set.Cookies.NewSalt {
				e.fault(CookieNewSalt, fmt.Sprintf("The cookie %s is signed with the salt that Django has since 2026, which these settings of Django %s do not tell of.", p.name, e.set.Django),
					"Print the settings anew with the Django that runs the site, or give its version.")
			}
		case good(signer.LegacyCookieSalt(p.name, ""), p.value):
			e.vouched = true
			if e.set.Cookies.NewSalt && !e.set.Cookies.LegacySaltFallback {
				e.fault(CookieLegacySalt, fmt.Sprintf("The cookie %s is signed with the salt of before 2026, which these settings refuse.", p.name),
					"Set SIGNED_COOKIE_LEGACY_SALT_FALLBACK to True until such cookies are over.")
			}
		}
	}
}

// key returns value if it can be a session key. The cookie of every engine except
// signed_cookies is one.
func (e *exam) key(value string) string {
	switch {
	case value == "" || isKey(value):
		return value
	case looksSigned(value):
		e.fault(OtherEngine, fmt.Sprintf("The cookie holds a whole session, as those of the engine signed_cookies do, and SESSION_ENGINE in these settings is %s.", e.set.Sessions.Engine),
			"Give SESSION_ENGINE the engine that the site really runs with.")
	default:
		e.fault(CookieMalformed, "The cookie holds nothing that Django would take for a session key, which has 8 to 40 characters of a-z and 0-9.",
			"Copy the cookie anew, the whole of it and without quotes or escapes.")
	}
	return ""
}

// readCookies parses a bare value, a Cookie header, Set-Cookie headers, or several of them
// on separate lines.
func readCookies(text, name string) (pairs []pair, sent []*http.Cookie, bare string) {
	text = strings.TrimSpace(text)
	isHeader := false
	h := http.Header{}
	for line := range strings.Lines(text) {
		line = strings.TrimLeft(strings.TrimSpace(line), "<> ") // as curl -v prints them
		head, rest, _ := strings.Cut(line, ":")
		switch {
		case strings.EqualFold(head, "Set-Cookie"):
			h.Add("Set-Cookie", strings.TrimSpace(rest))
			isHeader = true
			continue
		case strings.EqualFold(head, "Cookie"):
			line, isHeader = rest, true
		case !strings.Contains(line, "="), isCookieName(head) && strings.HasPrefix(rest, " "):
			continue // a value, or a header without cookies
		case !strings.Contains(line, ";"):
			// A bare value may end in "=".
			if before, after, _ := strings.Cut(line, "="); strings.Trim(after, "=") == "" || !isCookieName(before) {
				continue
			}
			isHeader = true
		default:
			isHeader = true
		}
		for chunk := range strings.SplitSeq(line, ";") {
			if n, v, ok := strings.Cut(chunk, "="); ok {
				pairs = append(pairs, pair{strings.TrimSpace(n), strings.Trim(strings.TrimSpace(v), `"`)})
			}
		}
	}
	sent = (&http.Response{Header: h}).Cookies()
	if !isHeader {
		return nil, nil, strings.Trim(text, `"'`)
	}
	return pairs, sent, ""
}

// isCookieName reports whether a name may be printed: it is short and has plain characters.
func isCookieName(s string) bool {
	return s != "" && len(s) <= 64 && !isKey32(s) && strings.Trim(s, keyChars+"ABCDEFGHIJKLMNOPQRSTUVWXYZ_-.") == ""
}

const keyChars = "abcdefghijklmnopqrstuvwxyz0123456789"

// isKey reports whether s can be a session key; isKey32, whether Django makes such keys.
func isKey(s string) bool   { return len(s) >= 8 && len(s) <= 40 && strings.Trim(s, keyChars) == "" }
func isKey32(s string) bool { return len(s) == 32 && isKey(s) }

// looksSigned reports whether s looks like data, a timestamp and a signature.
func looksSigned(s string) bool {
	return strings.Count(s, ":") == 2 && (strings.HasPrefix(s, "ey") || strings.HasPrefix(s, ".e") || strings.HasPrefix(s, "gA"))
}

func looksLikeSession(s string) bool { return isKey32(s) || looksSigned(s) }
