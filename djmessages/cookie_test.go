package djmessages_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djmessages"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

const salt = "django.contrib.messages"

// derived are the keys of the secret for these purposes only.
func derived(t testing.TB, purposes ...any) signer.Keys {
	t.Helper()
	var ds []signer.DerivedKey
	for i := 0; i < len(purposes); i += 2 {
		d, err := signer.SecretKey(secret).Derive(purposes[i].(string), purposes[i+1].(signer.Algorithm))
		must(t, err)
		ds = append(ds, d...)
	}
	keys, err := signer.DerivedKeys(ds...)
	must(t, err)
	return keys
}

// Without SECRET_KEY the derived key of the cookie is needed, and New says so; Session
// needs none.
func TestDerivedKeys(t *testing.T) {
	session := []any{signer.KeySalt("django.contrib.sessions.SessionStore"), signer.SHA256}
	legacySession := append(session[:2:2], signer.KeySalt("django.contrib.sessions.SessionStore"), signer.SHA1, "django.contrib.sessionsSessionStore", signer.SHA1)
	for _, tt := range []struct {
		name, version string
		storage       djmessages.Storage
		keys          []any
		ok            bool
	}{
		{"session only", "6.1", djmessages.Session, session, true},
		{"cookie without its key", "6.1", djmessages.Cookie, session, false},
		{"fallback without it", "6.1", djmessages.Fallback, session, false},
		{"with it", "6.1", djmessages.Fallback, append(session[:2:2], signer.CookieKeySalt(salt), signer.SHA256), true},
		{"the key of other signers", "6.1", djmessages.Cookie, append(session[:2:2], signer.KeySalt(salt), signer.SHA256), false},
		{"3.2, not for what older Djangos wrote", "3.2", djmessages.Fallback, append(legacySession[:6:6], signer.CookieKeySalt(salt), signer.SHA256), true},
		{"3.2, for that alone", "3.2", djmessages.Fallback, append(legacySession[:6:6], salt, signer.SHA1), false},
		{"2.2", "2.2", djmessages.Fallback, append(legacySession[:6:6], salt, signer.SHA1), true},
		{"2.2 without it", "2.2", djmessages.Fallback, append(legacySession[:6:6], signer.CookieKeySalt(salt), signer.SHA256), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, err := djsession.ParseDjangoVersion(tt.version)
			must(t, err)
			site, err := djsession.NewSite(djsession.Settings{Keys: derived(t, tt.keys...), Django: v})
			must(t, err)
			f, err := djmessages.New(djsession.New(memstore.New(site)), &djmessages.Options{Storage: tt.storage})
			if !tt.ok {
				if !errors.Is(err, signer.ErrNoKey) {
					t.Errorf("got %v, want signer.ErrNoKey", err)
				}
				return
			}
			if must(t, err); tt.storage == djmessages.Session {
				return
			}
			// What was written with the secret is read with the derived key.
			w := newWorld(t, tt.version, nil)
			value := w.f.EncodeText(`[["__json_message",0,20,"a"]]`)
			if list, _, err := f.DecodeCookie(value); err != nil || texts(list) != "a" {
				t.Errorf("got %q, %v", texts(list), err)
			}
		})
	}
}

// Fallback keys verify, as for everything that Django signs.
func TestFallbackKeys(t *testing.T) {
	old := newWorld(t, "6.1", nil)
	value := old.f.EncodeText(`[["__json_message",0,20,"a"]]`)
	rotated := newWorld(t, "6.1", nil, func(set *djsession.Settings) { set.Keys = signer.SecretKey("new", secret) })
	if list, _, err := rotated.f.DecodeCookie(value); err != nil || texts(list) != "a" {
		t.Errorf("with a fallback key: %q, %v", texts(list), err)
	}
	other := newWorld(t, "6.1", nil, func(set *djsession.Settings) { set.Keys = signer.SecretKey("new") })
	if _, _, err := other.f.DecodeCookie(value); !errors.Is(err, signer.ErrBadSignature) {
		t.Errorf("with another key: %v", err)
	}
}

// A well-signed cookie that holds no messages is reported once and deleted. What is not
// even JSON counts as none, as in Django.
func TestOddCookies(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		corrupt    bool
	}{
		{"no JSON", `private`, false},
		{"nothing", ``, false},
		{"a dict", `{"private":1}`, true},
		{"null", `null`, true},
		{"no message", `["private"]`, true},
		{"too long", `[["__json_message",0,20,"private","",1]]`, true},
		{"the mark elsewhere", `["__messagesnotfinished__",["__json_message",0,20,"private"]]`, true},
		{"large", "[" + strings.Repeat(" ", 2<<20) + "]", true},
	} {
		for _, storage := range []djmessages.Storage{djmessages.Cookie, djmessages.Fallback} {
			w := newWorld(t, "6.1", &djmessages.Options{Storage: storage}, func(set *djsession.Settings) {
				set.Limits.Data = serializer.Limits{Size: 1 << 20}
			})
			big := newWorld(t, "6.1", nil, func(set *djsession.Settings) {
				set.Limits.Data = serializer.Limits{Size: 4 << 20}
			})
			res := w.get("messages="+big.f.EncodeText(tt.text), func(_ http.ResponseWriter, r *http.Request) {
				list, err := djmessages.Get(r.Context())
				must(t, err)
				err = djmessages.Corrupt(r.Context())
				if len(list) != 0 || errors.Is(err, djmessages.ErrCorrupt) != tt.corrupt || !tt.corrupt && err != nil {
					t.Errorf("%s: got %d messages, %v", tt.name, len(list), err)
				}
				if err != nil && strings.Contains(err.Error(), "private") {
					t.Errorf("%s: the error quotes it: %v", tt.name, err)
				}
			})
			deleted := tt.corrupt || storage == djmessages.Cookie
			if c := setCookie(t, res, "messages"); (c != nil) != deleted {
				t.Errorf("%s: deleted %v, want %v", tt.name, c != nil, deleted)
			}
		}
	}
}

// Browsers keep no SameSite=None without Secure, which includes the one that deletes.
func TestDeleteSecure(t *testing.T) {
	w := newWorld(t, "6.1", &djmessages.Options{Storage: djmessages.Cookie}, func(set *djsession.Settings) { set.CookieSameSite = http.SameSiteNoneMode })
	res := w.get("messages=x", func(_ http.ResponseWriter, r *http.Request) {
		_, err := djmessages.Get(r.Context())
		must(t, err)
	})
	want := `messages=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=None; Secure`
	if got := setCookie(t, res, "messages"); got == nil || *got != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
