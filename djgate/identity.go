package djgate

import (
	"context"
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/httpcookie"
)

// identityHeader is one of [Headers].
type identityHeader struct {
	name  string // as in http.Header
	value func(ctx context.Context, id *djauth.Identity) (string, error)
}

// list returns the headers that are not left out.
func (h Headers) list() ([]identityHeader, error) {
	account := func(get func(*djauth.Account) string) func(context.Context, *djauth.Identity) (string, error) {
		return func(_ context.Context, id *djauth.Identity) (string, error) {
			if a := id.Account(); a != nil {
				return escape(get(a)), nil
			}
			return "", nil
		}
	}
	all := []struct {
		name, def string
		value     func(context.Context, *djauth.Identity) (string, error)
	}{
		{h.User, "Remote-User", func(_ context.Context, id *djauth.Identity) (string, error) { return escape(id.Name()), nil }},
		{h.Email, "Remote-Email", account(func(a *djauth.Account) string { return a.Email })},
		{h.Name, "Remote-Name", account(func(a *djauth.Account) string { return strings.TrimSpace(a.FirstName + " " + a.LastName) })},
		{h.Groups, "Remote-Groups", func(ctx context.Context, id *djauth.Identity) (string, error) {
			groups, err := id.Groups(ctx)
			for i, g := range groups {
				groups[i] = escape(g)
			}
			return strings.Join(groups, ","), err
		}},
	}
	var names []identityHeader
	for _, one := range all {
		name := one.name
		if name == "" {
			name = one.def
		}
		if name == "-" {
			continue
		}
		name = textproto.CanonicalMIMEHeaderKey(name)
		if !httpcookie.IsName(name) || strings.Contains(name, "_") || slices.Contains([]string{"Cookie", "Host", "Connection", "Content-Length", "Authorization"}, name) ||
			slices.ContainsFunc(names, func(h identityHeader) bool { return h.name == name }) {
			return nil, fmt.Errorf("djgate: %w: the names of the identity headers must be different names of headers, without _", djsession.ErrConfig)
		}
		names = append(names, identityHeader{name, one.value})
	}
	return names, nil
}

// escape returns text as a header can have it: the characters that divide names, the percent
// sign, and all that is not ASCII are percent-encoded.
func escape(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < ' ' || c > '~' || c == ',' || c == '%' || c == ' ' && (i == 0 || i == len(text)-1) {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// fields returns the values of the identity headers of a logged-in user.
func (g *Gate) fields(ctx context.Context, id *djauth.Identity) (map[string]string, error) {
	all := make(map[string]string, len(g.names))
	for _, h := range g.names {
		v, err := h.value(ctx, id)
		if err != nil {
			return nil, err
		}
		all[h.name] = v
	}
	return all, nil
}

// setIdentity puts the identity of v into h. Nobody's headers are there and empty, because
// some proxies keep the client's header where the gate answers none.
func (g *Gate) setIdentity(h http.Header, v *visit) {
	for _, one := range g.names {
		h[one.name] = []string{v.fields[one.name]}
	}
}

// fold returns the name of a header as a CGI program would see it.
func fold(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "-") }

// removeIdentity removes the identity headers from h, in every spelling.
func (g *Gate) removeIdentity(h http.Header) {
	for name := range h {
		folded := fold(name)
		if slices.ContainsFunc(g.names, func(one identityHeader) bool { return fold(one.name) == folded }) {
			delete(h, name)
		}
	}
}

// cookies returns the Cookie header without the cookies of the site.
func (g *Gate) cookies(h http.Header) string {
	var kept []string
	for _, line := range h["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			name, _, _ := strings.Cut(pair, "=")
			name = strings.Trim(strings.TrimSpace(name), `"`)
			hidden := slices.ContainsFunc(g.hidden, func(own string) bool { return strings.EqualFold(own, strings.TrimFunc(name, notPrinted)) })
			if pair = strings.TrimSpace(pair); pair != "" && !hidden && !strings.ContainsFunc(pair, isControl) {
				kept = append(kept, pair)
			}
		}
	}
	return strings.Join(kept, "; ")
}

// notPrinted reports whether some program strips c from the ends of a cookie's name.
func notPrinted(c rune) bool { return c <= ' ' || c >= 0x7f }

func isControl(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }

// removeSetCookies removes the answers of an upstream that would set the cookies of the site.
func (g *Gate) removeSetCookies(h http.Header) {
	h["Set-Cookie"] = slices.DeleteFunc(h["Set-Cookie"], func(line string) bool {
		name, _, _ := strings.Cut(line, "=")
		return slices.ContainsFunc(g.hidden, func(own string) bool { return strings.EqualFold(own, strings.TrimFunc(name, notPrinted)) })
	})
	if len(h["Set-Cookie"]) == 0 {
		delete(h, "Set-Cookie")
	}
}
