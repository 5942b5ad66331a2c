package compat_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/signer"
)

// with is the login with another value; nil is null, gone takes the key away.
func with(name string, value any) func(*lab) any {
	return func(l *lab) any {
		d := maps.Clone(l.login)
		if d[name] = value; value == gone {
			delete(d, name)
		}
		return d
	}
}

const gone = "(gone)"

func plainLogin(l *lab) any { return l.login }

// rotated is the key that SECRET_KEY_FALLBACKS names.
const rotated = "the secret that the site had before"

var attacks = []attack{
	// Controls: what is no attack.
	{name: "a login", make: plainLogin, logged: always},
	{name: "a login with a cart", make: with("cart", []any{1}), logged: always},

	// The cookie.
	{name: "no cookie", cookie: func(string) string { return "" }},
	{name: "an empty cookie", cookie: func(string) string { return "sessionid=" }},
	{name: "a short key", cookie: func(string) string { return "sessionid=abc" }},
	{name: "an unknown key", cookie: func(string) string { return "sessionid=" + strings.Repeat("a", 32) }},
	{name: "a very long key", cookie: func(string) string { return "sessionid=" + strings.Repeat("a", 3000) }},
	{name: "SQL for a key", cookie: func(string) string { return "sessionid=' OR ''='" }},
	{name: "a pattern for a key", make: plainLogin, cookie: func(key string) string { return "sessionid=" + key[:8] + "%" }},
	{name: "a part of the key", make: plainLogin, cookie: func(key string) string { return "sessionid=" + key[:31] }},
	{name: "the key in capitals", make: plainLogin, cookie: func(key string) string { return "sessionid=" + strings.ToUpper(key) }},
	{name: "the key and more", make: plainLogin, cookie: func(key string) string { return "sessionid=" + key + "x" }},
	{name: "the key under another name", make: plainLogin, cookie: func(key string) string { return "SESSIONID=" + key }},
	{name: "the key, escaped", make: plainLogin, cookie: func(key string) string { return "sessionid=%61" + key }},
	{name: "the key in quotes", make: plainLogin, cookie: func(key string) string { return `sessionid="` + key + `"` }, logged: always},
	{name: "a good cookie before a bad one", make: plainLogin, cookie: func(key string) string { return "sessionid=" + key + "; sessionid=" + strings.Repeat("b", 32) }},
	{name: "a good cookie after a bad one", make: plainLogin, cookie: func(key string) string { return "sessionid=" + strings.Repeat("b", 32) + "; sessionid=" + key }, logged: always},

	// What is stored.
	{name: "an empty session", make: func(*lab) any { return map[string]any{} }},
	{name: "an anonymous session", make: func(*lab) any { return map[string]any{"cart": []any{1}} }},
	{name: "an expired session", make: func(l *lab) any { return expired(l.login) }},
	{name: "signed with another secret", make: func(*lab) any { return foreign{keys("another")} }},
	{name: "signed with a fallback secret", make: func(*lab) any { return foreign{keys(rotated)} }, logged: since(4, 1)},
	{name: "signed for another class", make: func(*lab) any {
		return foreign{func(s *djsession.Settings) { s.StoreClass = "OtherStore" }}
	}},
	{name: "signed for no session", without: before(3, 1), make: func(l *lab) any {
		return raw(l.dumps("django.core.signing", l.json()))
	}},
	{name: "signed for a cookie", without: before(3, 1), make: func(l *lab) any {
		return raw(l.dumps("django.contrib.sessions.backends.signed_cookies", l.json()))
	}},
	{name: "one letter changed", make: func(l *lab) any { return raw("A" + l.encode()[1:]) }},
	{name: "one letter of the signature changed", make: func(l *lab) any {
		text := l.encode()
		return raw(text[:len(text)-2] + "__")
	}},
	{name: "without a signature", make: func(l *lab) any {
		text := l.encode()
		return raw(text[:max(strings.LastIndex(text, ":"), 0)])
	}},
	{name: "the signature twice", without: before(3, 1), make: func(l *lab) any { return raw(l.encode() + ":x") }},
	{name: "nothing stored", make: func(*lab) any { return raw("") }},
	{name: "bare JSON stored", make: func(l *lab) any { return raw(l.json()) }},
	{name: "a list, well signed", without: before(3, 1), make: func(*lab) any { return signedRaw(`["_auth_user_id"]`) }},
	{name: "no JSON, well signed", without: before(3, 1), make: func(*lab) any { return signedRaw(`{"_auth_user_id":`) }},
	{name: "JSON and more, well signed", without: before(3, 1), make: func(l *lab) any { return signedRaw(l.json() + "{}") }},
	{name: "the user id twice", without: before(3, 1), make: func(l *lab) any {
		return signedRaw(strings.Replace(l.json(), "{", `{"_auth_user_id":"99",`, 1))
	}, logged: always},
	{name: "in the format before 3.1", without: before(3, 1), make: func(*lab) any {
		return foreign{func(s *djsession.Settings) { s.Django = djsession.DjangoVersion{Major: 2, Minor: 2} }}
	}, logged: before(4, 0)},

	// Who it is about.
	{name: "no user id", make: with(djauth.SessionKey, gone)},
	{name: "null user id", make: with(djauth.SessionKey, nil)},
	{name: "empty user id", make: with(djauth.SessionKey, "")},
	{name: "a name for a user id", make: with(djauth.SessionKey, "alice")},
	{name: "SQL for a user id", make: with(djauth.SessionKey, "1 OR 1=1")},
	{name: "a list for a user id", make: with(djauth.SessionKey, []any{1})},
	{name: "a dict for a user id", make: with(djauth.SessionKey, map[string]any{"pk": 1})},
	{name: "a fraction for a user id", make: with(djauth.SessionKey, "1.0")},
	{name: "a huge user id", make: with(djauth.SessionKey, strings.Repeat("9", 30))},
	{name: "a negative user id", make: with(djauth.SessionKey, "-1")},
	{name: "user 0", make: with(djauth.SessionKey, "0")},
	{name: "an unknown user", make: with(djauth.SessionKey, "9999")},
	{name: "false for a user id", make: with(djauth.SessionKey, false)},
	{name: "a number for the user id", make: with(djauth.SessionKey, 1), logged: always},
	{name: "a float for the user id", make: with(djauth.SessionKey, 1.0), logged: always},
	{name: "true for the user id", make: with(djauth.SessionKey, true), logged: always},
	{name: "spaces around the user id", make: with(djauth.SessionKey, " 1 "), logged: always},
	{name: "another user", make: func(l *lab) any {
		return with(djauth.SessionKey, l.loginOf("erin")[djauth.SessionKey])(l)
	}},
	{name: "a deleted user", make: func(l *lab) any { return l.loginOf("carol") }, after: func(l *lab, _ string) { l.remove("carol") }},
	{name: "an inactive user", make: func(l *lab) any { return l.loginOf("bob") }},

	// Who vouched for it.
	{name: "no backend", make: with(djauth.BackendSessionKey, gone)},
	{name: "null backend", make: with(djauth.BackendSessionKey, nil)},
	{name: "empty backend", make: with(djauth.BackendSessionKey, "")},
	{name: "another backend", make: with(djauth.BackendSessionKey, djauth.RemoteUserBackend)},
	{name: "a backend that is not there", make: with(djauth.BackendSessionKey, "evil.Backend")},
	{name: "a part of the backend", make: with(djauth.BackendSessionKey, "django.contrib.auth.backends")},
	{name: "a list for a backend", make: with(djauth.BackendSessionKey, []any{djauth.ModelBackend})},

	// What it is sealed with.
	{name: "no hash", make: with(djauth.HashSessionKey, gone)},
	{name: "null hash", make: with(djauth.HashSessionKey, nil)},
	{name: "empty hash", make: with(djauth.HashSessionKey, "")},
	{name: "false for a hash", make: with(djauth.HashSessionKey, false)},
	{name: "a number for a hash", make: with(djauth.HashSessionKey, 7)},
	{name: "a list for a hash", make: with(djauth.HashSessionKey, []any{})},
	{name: "a random hash", make: with(djauth.HashSessionKey, strings.Repeat("0", 64))},
	{name: "a hash that is not ASCII", make: with(djauth.HashSessionKey, "é")},
	{name: "the hash in capitals", make: func(l *lab) any {
		return with(djauth.HashSessionKey, strings.ToUpper(l.login[djauth.HashSessionKey].(string)))(l)
	}},
	{name: "the hash cut short", make: func(l *lab) any {
		return with(djauth.HashSessionKey, l.login[djauth.HashSessionKey].(string)[1:])(l)
	}},
	{name: "the hash and more", make: func(l *lab) any {
		return with(djauth.HashSessionKey, l.login[djauth.HashSessionKey].(string)+" ")(l)
	}},
	{name: "a hash by another secret", make: func(l *lab) any { return with(djauth.HashSessionKey, l.hash("another", signer.SHA256))(l) }},
	{name: "a hash by a fallback secret", make: func(l *lab) any {
		return with(djauth.HashSessionKey, l.hash(rotated, signer.SHA256))(l)
	}, logged: since(4, 1)},
	{name: "a hash by SHA-1", make: func(l *lab) any {
		return with(djauth.HashSessionKey, l.hash(secret, signer.SHA1))(l)
	}, logged: before(4, 0)},
	{name: "a hash by SHA-256", make: func(l *lab) any {
		return with(djauth.HashSessionKey, l.hash(secret, signer.SHA256))(l)
	}, logged: since(3, 1)},

	// What happened since.
	{name: "the password was changed", make: func(l *lab) any { return l.loginOf("dave") }, after: func(l *lab, _ string) {
		l.w.dj.Call(l.t, "user", args{"name": "dave", "password": fmt.Sprint(time.Now().UnixNano())}, nil)
	}},
	{name: "replayed after Django's logout", make: plainLogin, after: func(l *lab, key string) {
		l.w.visit(l.t, request{cookie: key, ops: []op{{"logout"}}})
	}},
	{name: "replayed after our logout", make: plainLogin, after: func(l *lab, key string) {
		l.ours(key, func(_ http.ResponseWriter, r *http.Request) { must(l.t, l.auth.Logout(r.Context())) })
	}},
	{name: "replayed after the key was cycled", make: plainLogin, after: func(l *lab, key string) {
		l.w.visit(l.t, request{cookie: key, ops: []op{{"get", "x"}, {"cycle_key"}}})
	}},
	{name: "replayed after another user logged in", make: plainLogin, after: func(l *lab, key string) {
		l.w.visit(l.t, request{cookie: key, ops: []op{{"login", "erin"}}})
	}},
}
