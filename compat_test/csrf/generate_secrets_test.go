package csrf_test

import (
	"fmt"
	"net/url"
	"strings"
)

// text makes a stored secret or a token of a kind, from a good one.
func (g *generator) text(kind, good string) string {
	secret := unmask(good)
	switch kind {
	case "as minted":
		return good
	case "bare":
		return secret
	case "masked":
		return g.mask(secret)
	case "of another":
		return g.minted[g.IntN(len(g.minted))].token
	case "unknown":
		return g.mask(g.random(32))
	case "unknown bare":
		return g.random(32)
	case "truncated":
		return good[:g.IntN(len(good))]
	case "too long":
		return good + g.random(1+g.IntN(40))
	case "one character":
		return good[:1]
	case "empty":
		return ""
	case "one foreign character":
		i := g.IntN(len(good))
		return good[:i] + g.weighted("1 -", "1 _", "1 .", "1 /", "1 \u00e9", "1 \u0660", "1 \uff21", "1 %41") + good[i+1:]
	case "a foreign byte":
		i := g.IntN(len(good))
		return good[:i] + "\xff" + good[i+1:]
	case "other case":
		return strings.Map(func(r rune) rune {
			if r >= 'a' {
				return r - 0x20
			}
			return r
		}, good)
	case "spaces around":
		return " " + good + " "
	}
	panic(kind)
}

// kind picks one for text.
func (g *generator) kind(careful bool) string {
	if careful {
		return g.weighted("8 as minted", "3 bare", "4 masked")
	}
	return g.weighted("6 as minted", "3 bare", "3 masked", "2 of another", "2 unknown", "1 unknown bare", "2 truncated", "2 too long", "1 one character", "1 empty", "2 one foreign character", "1 a foreign byte", "1 other case", "1 spaces around")
}

// addSecret puts the secret into the cookie and, for those who want it there, into the session.
func (g *generator) addSecret(r *request, m minted, careful bool) {
	name := "csrftoken"
	if n, ok := r.Settings["CSRF_COOKIE_NAME"]; ok {
		name = n.(string)
	}
	if r.Settings["CSRF_USE_SESSIONS"] == true {
		kind := g.weighted("10 text", "1 absent", "1 a number", "1 a list")
		if careful {
			kind = g.weighted("10 text", "1 absent")
		}
		switch kind {
		case "text":
			kind = g.kind(careful)
			if kind == "a foreign byte" {
				kind = "masked" // not in JSON
			}
			r.Session = g.text(kind, m.stored)
		case "a number":
			r.Session = 42
		case "a list":
			r.Session = []any{"x"}
		}
		r.Kinds["session"] = kind
		if g.IntN(4) > 0 {
			return
		}
	}
	kind := g.weighted("10 one", "2 absent", "1 quoted", "1 quoted with octals", "1 good after bad", "1 bad after good", "1 among others", "1 other name", "1 without a name", "1 wide spaces")
	if careful {
		kind = g.weighted("10 one", "1 among others", "1 good after bad")
	}
	r.Kinds["cookie"] = kind
	how := g.kind(careful)
	r.Kinds["cookie text"] = how
	value := g.text(how, m.stored)
	good := g.text("as minted", m.stored)
	var line string
	switch kind {
	case "absent":
		return
	case "one":
		line = name + "=" + value
	case "quoted":
		line = name + `="` + value + `"`
	case "quoted with octals":
		line = name + `="` + octal(good[:3]) + `\` + good[3:] + `"`
	case "good after bad":
		line = name + "=" + value + "; " + name + "=" + good
	case "bad after good":
		line = name + "=" + good + ";" + name + "=" + value
	case "among others":
		line = "a=b=c; " + name + "=" + value + "; d; =e; x" + name + "=f"
	case "other name":
		line = strings.ToUpper(name[:1]) + name[1:] + "x=" + value
	case "without a name":
		line = value + "; " + name
	case "wide spaces":
		line = " \t" + name + "\u00a0 = " + value + "\u2003"
	}
	r.add("Cookie", toText(line))
}

func octal(s string) (escaped string) {
	for i := range len(s) {
		escaped += fmt.Sprintf(`\%03o`, s[i])
	}
	return escaped
}

// addTokens puts the token into the form, the header, both or neither.
func (g *generator) addTokens(r *request, m minted, careful bool) {
	header := "X-CSRFToken"
	if _, ok := r.Settings["CSRF_HEADER_NAME"]; ok {
		header = "X-XSRF-Token"
	}
	where := g.weighted("10 form", "6 header", "4 both", "1 neither", "1 wrong header")
	if careful && where != "header" && r.Method != "POST" {
		where = "header"
	}
	if where == "header" || where == "both" {
		kind := g.kind(careful)
		r.Kinds["header"] = kind
		r.add(header, toText(g.text(kind, m.token)))
	}
	if where == "wrong header" {
		r.add("X-CSRF", m.token)
	}
	form := where == "form" || where == "both"
	how := g.weighted("6 one", "1 good after bad", "1 bad after good", "1 name escaped", "1 other name", "1 without =", "1 semicolons")
	if careful {
		how = g.weighted("6 one", "1 good after bad", "1 name escaped")
		if g.django.Before(2, 2) && g.IntN(8) == 0 {
			how = "semicolons"
		}
	}
	kind := g.kind(careful)
	const name = "csrfmiddlewaretoken"
	fields := [][2]string{{"title", "a b & c"}}
	if form {
		r.Kinds["fields"], r.Kinds["field"] = how, kind
		value := g.text(kind, m.token)
		switch how {
		case "good after bad":
			fields = append(fields, [2]string{name, value}, [2]string{name, m.token})
		case "bad after good":
			fields = append(fields, [2]string{name, m.token}, [2]string{name, value})
		case "other name":
			fields = append(fields, [2]string{"csrfMiddlewareToken", value})
		default:
			fields = append(fields, [2]string{name, value})
		}
	}
	fields = append(fields, [2]string{"more", strings.Repeat("x", g.IntN(30))})
	r.Kinds["body"] = g.weighted("20 urlencoded", "8 multipart", "1 urlencoded with charset", "1 none", "1 text", "1 capitals", "1 no type",
		"1 multipart without end", "1 multipart without boundary", "1 multipart with a file", "1 file for the token", "3 too large")
	if careful {
		r.Kinds["body"] = g.weighted("20 urlencoded", "8 multipart", "1 urlencoded with charset", "1 multipart with a file")
	}
	var body, kindOf string
	switch b := r.Kinds["body"]; b {
	case "none":
	case "multipart", "multipart without end", "multipart without boundary", "multipart with a file", "file for the token":
		const boundary = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
		for _, f := range fields {
			extra := ""
			if b == "file for the token" && f[0] == name {
				extra = "; filename=\"t.txt\"\r\nContent-Type: text/plain"
			}
			body += "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + f[0] + "\"" + extra + "\r\n\r\n" + f[1] + "\r\n"
		}
		if b == "multipart with a file" {
			body += "--" + boundary + "\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n\x00\x01&csrfmiddlewaretoken=x\r\n"
		}
		if b != "multipart without end" {
			body += "--" + boundary + "--\r\n"
		}
		kindOf = "multipart/form-data; boundary=" + boundary
		if b == "multipart without boundary" {
			kindOf = "multipart/form-data"
		}
	default:
		var pairs []string
		for _, f := range fields {
			key := f[0]
			if how == "name escaped" && key == name {
				key = "csrf%6diddleware%74oken"
			}
			value := url.QueryEscape(f[1])
			if how == "without =" && key == name {
				pairs = append(pairs, key)
				continue
			}
			if r.Kinds["field"] == "one foreign character" {
				value = strings.ReplaceAll(f[1], "&", "%26") // some are no escapes, some no ASCII
			}
			pairs = append(pairs, key+"="+value)
		}
		body = strings.Join(pairs, "&")
		if how == "semicolons" && form {
			body = strings.Join(pairs, ";")
		}
		kindOf = map[string]string{
			"urlencoded": "application/x-www-form-urlencoded", "urlencoded with charset": "application/x-www-form-urlencoded; charset=UTF-8",
			"text": "text/plain", "capitals": "Application/X-WWW-Form-URLencoded", "too large": "application/x-www-form-urlencoded",
		}[b]
		if b == "too large" {
			r.Settings = withSetting(r.Settings, "DATA_UPLOAD_MAX_MEMORY_SIZE", len(body)-1)
			r.Kinds["settings"] += fmt.Sprint(", at most ", len(body)-1)
		}
	}
	if kindOf != "" {
		r.add("Content-Type", kindOf)
	}
	r.Body = toText(body)
}

func withSetting(settings map[string]any, name string, value any) map[string]any {
	all := map[string]any{name: value}
	for k, v := range settings {
		all[k] = v
	}
	return all
}

func (g *generator) random(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = chars[g.IntN(len(chars))]
	}
	return string(b)
}

// mask makes a masked form of a secret.
func (g *generator) mask(secret string) string {
	m := []byte(g.random(32))
	cipher := make([]byte, 32)
	for i := range cipher {
		cipher[i] = chars[(strings.IndexByte(chars, secret[i])+strings.IndexByte(chars, m[i]))%62]
	}
	return string(m) + string(cipher)
}

// unmask is the secret in a stored secret or a token.
func unmask(text string) string {
	if len(text) != 64 {
		return text
	}
	secret := make([]byte, 32)
	for i := range secret {
		secret[i] = chars[(strings.IndexByte(chars, text[32+i])-strings.IndexByte(chars, text[i])+62)%62]
	}
	return string(secret)
}
