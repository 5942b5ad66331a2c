package vectors

import (
	"encoding/hex"
	"math/big"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-djsession/go-djsession/djauth/hashers"
	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djmessages"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/httpcookie"
	"github.com/go-djsession/go-djsession/internal/pyliteral"
	"github.com/go-djsession/go-djsession/signer"
)

// authHash makes the hash as the profile says that the site does.
func (c *checker) authHash(v djsettings.Vector) error {
	fields := v.Input.Dict("fields")
	if c.opts.AuthHash != nil {
		if hash, ok := c.opts.AuthHash(fields); ok {
			if hash != v.Output.Reveal() {
				return &wrong{why: "the hash that Go makes is not the site's", cure: "correct the AuthHash of the options"}
			}
			return nil
		}
	}
	h := c.set.Profile.AuthHash
	switch {
	case h.None:
		return skip("the model makes no hash")
	case h.Unknown != "":
		return skip("the site's own get_session_auth_hash decides it")
	}
	alg, err := signer.ParseAlgorithm(h.Algorithm)
	if err != nil {
		return skip("the site's hash has an algorithm that is not known here")
	}
	var message strings.Builder
	for _, part := range h.Message {
		if part.Field == "" {
			message.WriteString(part.Text)
			continue
		}
		value, ok := fields.Value(part.Field)
		text, isText := pythonText(value, part.As)
		if !ok || !isText {
			return skip("a field in the hash has a type that is not known here")
		}
		message.WriteString(text)
	}
	mac, err := signer.SaltedHMAC(c.set.Keys, h.Salt, alg, message.String())
	if err != nil {
		return &wrong{why: "there is no key for it", cure: anew}
	}
	if hex.EncodeToString(mac) != v.Output.Reveal() {
		return &wrong{why: "the hash that Go makes is not the site's", cure: "compare SECRET_KEY with the site's; the model's get_session_auth_hash may have changed since: run the probe again"}
	}
	return nil
}

// pythonText is str() of a value that was read from a profile.
func pythonText(v any, as string) (string, bool) {
	switch v := v.(type) {
	case string:
		if as == "datetime" {
			return strings.Replace(v, "T", " ", 1), true
		}
		return v, true
	case int64:
		return strconv.FormatInt(v, 10), true
	case *big.Int:
		return v.String(), true
	}
	return "", false
}

func (c *checker) userID(v djsettings.Vector) error {
	value, _ := v.Input.Value("value")
	text, ok := "", false
	if c.opts.UserID != nil {
		text, ok = c.opts.UserID(value)
	}
	if !ok {
		text, ok = pythonText(value, "")
	}
	if !ok {
		return skip("the primary key has a type that is not known here")
	}
	if text != v.Output.Reveal() {
		return &wrong{why: "the text of a primary key in a session is not that of the column", cure: "give its converter in the options: ToColumn and FromColumn of the table of users"}
	}
	return nil
}

func (c *checker) password(v djsettings.Vector) error {
	if c.opts.WithoutPasswords {
		return skip("it was not asked for")
	}
	encoded := v.Output.Reveal()
	if encoded == "" || encoded[0] == '!' {
		return skip("the site makes no passwords")
	}
	list, err := hashers.ForDjango(c.set.Django, c.set.Auth.PasswordHashers...)
	if err != nil {
		return skip("PASSWORD_HASHERS has a hasher of the site's own")
	}
	passwords, err := hashers.New(list, nil)
	if err != nil {
		return err
	}
	ok, _, err := passwords.Check(c.ctx, v.Input.Text("password"), encoded)
	if err != nil || !ok {
		return &wrong{why: "Go does not take the password that the site's hasher made", cure: "the hasher may be the site's own: give it in the options"}
	}
	return nil
}

func (c *checker) signedCookie(v djsettings.Vector) error {
	o := signer.CookieOptions{LegacySHA1: c.set.Django.Before(4, 0)}
	switch {
	case c.set.Cookies.NewSalt && c.set.Cookies.LegacySaltFallback:
		o.Format = signer.CookieV2Fallback
	case !c.set.Cookies.NewSalt:
		o.Format = signer.CookieLegacy
	}
	if c.set.Django.Before(3, 1) || c.set.Cookies.HashingAlgorithm == "sha1" {
		o.Algorithm = signer.SHA1
	}
	s, err := signer.NewCookieSigner(c.set.Keys, v.Input.Text("name"), o)
	if err != nil {
		return &wrong{what: v.Input.Text("name"), why: "there is no key for the cookie", cure: anew}
	}
	value, _, err := s.Unsign(v.Output.Reveal())
	if err != nil || value != v.Input.Text("value") {
		return &wrong{what: v.Input.Text("name"), why: "Go refuses the signed cookie that the site made", cure: "compare SECRET_KEY and SIGNING_BACKEND with the site's"}
	}
	return nil
}

// nothing is an engine whose sessions are all empty.
type nothing struct{ site *djsession.Site }

func (n nothing) Site() *djsession.Site                  { return n.site }
func (nothing) Seal(*djsession.Record) (string, error)   { return "", nil }
func (nothing) Unseal(string) (*djsession.Record, error) { return nil, djsession.ErrExpired }

// nowhere is the response to a request that nobody made.
type nowhere struct{ header http.Header }

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n *nowhere) WriteHeader(int)             {}

// visit runs a request through a middleware inside of sessions that are in memory. It
// reports whether the page was reached.
func (c *checker) visit(m *djsession.Manager, r *http.Request, middleware func(http.Handler) http.Handler, page func(*http.Request)) (reached bool) {
	h := m.Middleware(middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		reached = true
		if page != nil {
			page(r)
		}
	})))
	h.ServeHTTP(&nowhere{http.Header{}}, r)
	return reached
}

func (c *checker) request(method string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(c.ctx, method, "http://localhost/", http.NoBody)
	if err == nil {
		r.RemoteAddr = "127.0.0.1:1"
	}
	return r, err
}

func (c *checker) csrfToken(v djsettings.Vector) error {
	m := djsession.NewSealed(nothing{c.site})
	csrf, err := djcsrf.New(m, nil)
	if err != nil {
		return err
	}
	r, err := c.request(http.MethodPost)
	if err != nil {
		return err
	}
	r.AddCookie(&http.Cookie{Name: "csrftoken", Value: v.Input.Text("secret")})
	r.Header.Set("X-CSRFToken", v.Output.Reveal())
	if !c.visit(m, r, csrf.Protect, nil) {
		return &wrong{why: "Go refuses the CSRF token that the site made", cure: "the site's middleware makes its own tokens: give it in the options"}
	}
	return nil
}

func (c *checker) messages(v djsettings.Vector) error {
	m := djsession.NewSealed(nothing{c.site})
	framework, err := djmessages.New(m, &djmessages.Options{Storage: djmessages.Cookie, Level: 1})
	if err != nil {
		return skip("there is no key for messages")
	}
	r, err := c.request(http.MethodGet)
	if err != nil {
		return err
	}
	// As CookieStorage sets it: quoted where it must be.
	r.Header.Set("Cookie", "messages="+httpcookie.Quote(v.Output.Reveal()))
	var got []djmessages.Message
	c.visit(m, r, framework.Middleware, func(r *http.Request) { got, err = djmessages.Get(r.Context()) })
	list, _ := v.Input.Value("messages")
	want, _ := pyliteral.Sequence(list)
	if err != nil || len(got) != len(want) {
		return &wrong{why: "Go does not read the messages that the site wrote", cure: "compare SECRET_KEY with the site's; MESSAGE_STORAGE may be the site's own"}
	}
	for i, item := range want {
		parts, _ := pyliteral.Sequence(item)
		if len(parts) != 3 || parts[0] != int64(got[i].Level) || parts[1] != got[i].Text() || parts[2] != got[i].ExtraTags() {
			return &wrong{why: "Go reads other messages than the site wrote"}
		}
	}
	return nil
}
