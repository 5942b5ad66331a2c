package csrf_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
)

const chars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// generator makes requests, the same in every run.
type generator struct {
	*rand.Rand
	django djsession.DjangoVersion
	us     *us
	minted []minted
}

// minted is a stored secret and a token for it, as a site handed them out.
type minted struct{ by, stored, token string }

func newGenerator(t *testing.T, version string, ask func([]*request) []answer) *generator {
	t.Helper()
	v, err := djsession.ParseDjangoVersion(version)
	if err != nil {
		t.Fatal(err)
	}
	g := &generator{
		Rand: rand.New(rand.NewPCG(6, uint64(v.Major*100+v.Minor))), django: v,
		us: &us{django: v, handlers: map[string]*side{}},
	}
	// Both sides begin by handing out some forms, which both will be sent back.
	page := &request{Method: "GET", Headers: [][2]string{{"Host", "www.example.com"}}, Do: []string{"token"}, Kinds: map[string]string{"settings": "default"}}
	for range 8 {
		for by, a := range map[string]answer{"go": g.us.answer(t, page), "django": ask([]*request{page})[0]} {
			_, stored, _ := strings.Cut(a.Cookie, "=")
			stored, _, _ = strings.Cut(stored, ";")
			if unmask(stored) != unmask(a.Token) {
				t.Fatalf("the first form of %s does not fit its cookie: %+v", by, a)
			}
			g.minted = append(g.minted, minted{by, stored, a.Token})
		}
	}
	return g
}

// group is some settings, under which a Django site may run.
type group struct {
	name     string
	weight   int
	since    [2]int
	until    [2]int // not any more; zero is never
	settings map[string]any
}

var groups = []group{
	{name: "default", weight: 30},
	{name: "hosts", weight: 10, settings: map[string]any{"ALLOWED_HOSTS": []string{".example.com", "[::1]"}}},
	{name: "domain", weight: 10, settings: map[string]any{"CSRF_COOKIE_DOMAIN": ".example.com"}},
	{name: "exact domain", weight: 5, settings: map[string]any{"CSRF_COOKIE_DOMAIN": "www.Example.com", "CSRF_COOKIE_PATH": "/app/", "CSRF_COOKIE_AGE": 600}},
	{
		name: "trusted", weight: 20, since: [2]int{4, 0},
		settings: map[string]any{"CSRF_TRUSTED_ORIGINS": []string{
			"https://shop.example.org", "https://*.Partner.net", "http://plain.example.org", "https://ports.example.org:8443", "http://*.mixed.net",
		}},
	},
	{
		name: "trusted hosts", weight: 20, since: [2]int{1, 9}, until: [2]int{4, 0},
		settings: map[string]any{"CSRF_TRUSTED_ORIGINS": []string{"shop.example.org", ".Partner.net", "ports.example.org:8443", ".mixed.net"}},
	},
	{name: "sessions", weight: 20, since: [2]int{1, 11}, settings: map[string]any{"CSRF_USE_SESSIONS": true}},
	{
		name: "sessions with a domain", weight: 5, since: [2]int{1, 11},
		settings: map[string]any{"CSRF_USE_SESSIONS": true, "SESSION_COOKIE_DOMAIN": ".example.com", "CSRF_COOKIE_DOMAIN": "other.org"},
	},
	{
		name: "proxy", weight: 10,
		settings: map[string]any{"USE_X_FORWARDED_HOST": true, "SECURE_PROXY_SSL_HEADER": []string{"HTTP_X_FORWARDED_PROTO", "https"}},
	},
	{
		name: "proxy with ports", weight: 5, since: [2]int{1, 9},
		settings: map[string]any{"USE_X_FORWARDED_PORT": true, "CSRF_COOKIE_DOMAIN": ".example.com"},
	},
	{
		name: "names", weight: 10, since: [2]int{1, 9},
		settings: map[string]any{
			"CSRF_HEADER_NAME": "HTTP_X_XSRF_TOKEN", "CSRF_COOKIE_NAME": "XSRF-TOKEN",
			"CSRF_COOKIE_SECURE": true, "CSRF_COOKIE_HTTPONLY": true, "CSRF_COOKIE_AGE": nil,
		},
	},
	{name: "strict", weight: 3, since: [2]int{2, 1}, settings: map[string]any{"CSRF_COOKIE_SAMESITE": "Strict"}},
	{name: "masked", weight: 10, since: [2]int{4, 1}, until: [2]int{5, 0}, settings: map[string]any{"CSRF_COOKIE_MASKED": true}},
	{name: "masked sessions", weight: 5, since: [2]int{4, 1}, until: [2]int{5, 0}, settings: map[string]any{"CSRF_COOKIE_MASKED": true, "CSRF_USE_SESSIONS": true}},
}

// weighted picks by weights, which stand before the kinds: "3 good", "1 bad".
func (g *generator) weighted(kinds ...string) string {
	total := 0
	for _, k := range kinds {
		var n int
		fmt.Sscan(k, &n)
		total += n
	}
	at := g.IntN(total)
	for _, k := range kinds {
		var n int
		fmt.Sscan(k, &n)
		if at -= n; at < 0 {
			_, k, _ = strings.Cut(k, " ")
			return k
		}
	}
	panic("unreachable")
}

func (g *generator) group() group {
	var fit []string
	byName := map[string]group{}
	for _, gr := range groups {
		if !g.django.Before(gr.since[0], gr.since[1]) && (gr.until[0] == 0 || g.django.Before(gr.until[0], gr.until[1])) {
			fit = append(fit, fmt.Sprint(gr.weight, " ", gr.name))
			byName[gr.name] = gr
		}
	}
	return byName[g.weighted(fit...)]
}

// request makes one.
func (g *generator) request() *request {
	gr := g.group()
	r := &request{Settings: gr.settings, Kinds: map[string]string{"settings": gr.name}}
	if r.Settings == nil {
		r.Settings = map[string]any{}
	}
	r.Method = g.weighted("70 POST", "8 GET", "8 PUT", "4 DELETE", "4 PATCH", "1 HEAD", "1 OPTIONS", "1 TRACE", "2 post", "1 get", "1 PROPFIND")
	// Half of them are good but for one thing or two.
	careful := g.IntN(3) > 0
	r.Do = [][]string{{}, {}, {"token"}, {"token", "token"}, {"rotate"}, {"token", "rotate"}, {"rotate", "token"}}[g.IntN(7)]
	if g.IntN(40) == 0 {
		r.Do = append([]string{"exempt"}, r.Do...)
	}
	m := g.minted[g.IntN(len(g.minted))]
	r.Kinds["secret"], r.Kinds["by"] = unmask(m.stored), m.by
	g.addHosts(r, careful)
	g.addSecret(r, m, careful)
	g.addTokens(r, m, careful)
	return r
}

func (r *request) add(name, value string) { r.Headers = append(r.Headers, [2]string{name, value}) }

// addHosts says where the request goes, and where it comes from.
func (g *generator) addHosts(r *request, careful bool) {
	host := g.weighted("30 www.example.com", "5 example.com", "5 www.example.com:8443", "3 WWW.Example.com", "3 [::1]:8000", "2 evil.com", "2 www.example.com.", "1 www_example.com", "1 www.example.com:443")
	if careful {
		host = g.weighted("5 www.example.com", "1 www.example.com:8443")
	}
	r.add("Host", host)
	r.Kinds["host"] = host
	r.HTTPS = g.IntN(2) == 0
	r.Port = map[bool]string{true: "443", false: "80"}[r.HTTPS]
	if _, port, ok := strings.Cut(host, ".com:"); ok {
		r.Port = port
	}
	if g.IntN(20) == 0 {
		r.Port = "8000"
	}
	secure := r.HTTPS
	switch r.Kinds["settings"] {
	case "proxy":
		if name := g.weighted("3 ", "3 www.example.com", "1 other.example.com, www.example.com"); name != "" {
			r.add("X-Forwarded-Host", name)
			host = name
		}
		kind := g.weighted("3 https", "1 http", "1 https, http", "1 http,https", "1  https ", "2 ")
		if kind != "" {
			r.add("X-Forwarded-Proto", kind)
			secure = strings.HasPrefix(strings.TrimSpace(kind), "https")
		}
		r.Kinds["proto"] = kind
	case "proxy with ports":
		if port := g.weighted("2 ", "2 443", "1 8443"); port != "" {
			r.add("X-Forwarded-Port", port)
		}
	}
	scheme := map[bool]string{true: "https", false: "http"}[secure]
	own := scheme + "://" + host
	// The strangers are here for the trusted origins, and for what looks alike.
	strangers := []string{
		"https://shop.example.org", "http://shop.example.org", "https://SHOP.example.org", "https://a.partner.net", "https://partner.net", "https://a.b.Partner.net",
		"https://evilpartner.net", "https://partner.net.evil.com", "http://a.partner.net", "http://plain.example.org", "https://plain.example.org", "http://x.mixed.net", "https://x.mixed.net",
		"https://ports.example.org:8443", "https://ports.example.org", "https://example.com", "https://www.example.com", "http://www.example.com",
		"https://www.example.com:8443", "https://api.example.com", "https://notexample.com", "https://example.com.evil.com", "https://evil.com",
		"https://user@www.example.com", "https://www.example.com@evil.com", "https://user:pw@a.partner.net", "https://evil.com\\@a.partner.net", "ftp://www.example.com", "HTTPS://www.example.com",
		"https://evil.com%2f.partner.net", "https://www.example.com:", "https://[::1]:8000", "https://other.org",
	}
	malformed := []string{
		"", "https://", "//www.example.com", "www.example.com", "https:/www.example.com", "https:www.example.com", "https", ":", "://www.example.com",
		"https://[", "https://[::1", "https://]www.example.com", "https://[x]a.partner.net", "https://[::1]a.partner.net", "https://[v1.x].partner.net", "https://[1.2.3.4]", "1https://www.example.com",
		"h ttps://www.example.com", "https://evil.com\xef\xbc\x8f.partner.net", "https://b\xc3\xbccher.partner.net", "https://\xff.partner.net", "javascript:alert(1)", "data:text/html,x", "about:blank", "https://www.exa\tmple.com",
	}
	withPath := func(origin string) string {
		return origin + g.weighted("3 /", "2 /form/?a=b#c", "1 ", "1 ?q=//evil.com", "1 #@evil.com")
	}

	kind := g.weighted("60 absent", "25 own", "15 stranger", "5 null", "5 malformed", "2 own with slash", "2 other scheme", "1 twice", "1 upper case")
	if careful {
		kind = g.weighted("6 absent", "3 own")
	}
	r.Kinds["origin"] = kind
	switch kind {
	case "own":
		r.add("Origin", own)
	case "own with slash":
		r.add("Origin", own+"/")
	case "other scheme":
		r.add("Origin", map[bool]string{false: "https", true: "http"}[secure]+"://"+host)
	case "null":
		r.add("Origin", "null")
	case "stranger":
		r.add("Origin", strangers[g.IntN(len(strangers))])
	case "malformed":
		r.add("Origin", toText(malformed[g.IntN(len(malformed))]))
	case "twice":
		r.add("Origin", own)
		r.add("Origin", own)
	case "upper case":
		r.add("Origin", strings.ToUpper(own))
	}
	kind = g.weighted("10 absent", "20 own", "20 stranger", "12 malformed", "4 other scheme", "1 twice")
	if careful {
		kind = g.weighted("10 own", "1 absent")
	}
	r.Kinds["referer"] = kind
	switch kind {
	case "own":
		r.add("Referer", withPath(own))
	case "other scheme":
		r.add("Referer", withPath(map[bool]string{false: "https", true: "http"}[secure]+"://"+host))
	case "stranger":
		r.add("Referer", withPath(strangers[g.IntN(len(strangers))]))
	case "malformed":
		text := malformed[g.IntN(len(malformed))]
		if g.django.Before(2, 0) && g.IntN(4) == 0 {
			text = "https://www.exa\tmple.com"
		}
		r.add("Referer", toText(text))
	case "twice":
		r.add("Referer", withPath(own))
		r.add("Referer", withPath(own))
	}
}
