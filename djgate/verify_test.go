package djgate_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djgate"
)

const siteRules = `
# what the tests look at
/static                       -> public
/status$                      -> anyone
GET,HEAD /read                -> login
/read                         -> staff
wiki.example/*/edit           -> group "Wiki, editors", perm wiki.delete_page
wiki.example/change           -> perm wiki.change_page
/admin                        -> staff
/debug                        -> superuser, user ada
/a%b                          -> deny
/                             -> login
`

// asked returns the request that a proxy makes for one of its clients.
func asked(method, host, uri string, cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest("GET", "/verify", nil)
	r.RemoteAddr = "127.0.0.1:1234"
	r.Header.Set("X-Forwarded-Method", method)
	r.Header.Set("X-Forwarded-Host", host)
	r.Header.Set("X-Forwarded-Uri", uri)
	r.Header.Set("X-Forwarded-Proto", "https")
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return r
}

func answer(h http.Handler, r *http.Request) *http.Response {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec.Result()
}

var rulesOfTests = strings.Replace(siteRules, "/a%b", "/off", 1)

// TestVerify checks who may see what.
func TestVerify(t *testing.T) {
	w := newWorld(t, rulesOfTests, nil)
	h := w.gate.Verify(false)
	for _, tt := range []struct {
		who, method, url string
		want             int
	}{
		{"", "GET", "site.example/static/x.css", 200},
		{"", "GET", "site.example/static", 200},
		{"", "GET", "site.example/statics", 401},
		{"", "GET", "site.example/status", 200},
		{"", "GET", "site.example/status/", 401},
		{"", "GET", "site.example/", 401},
		{"ada", "GET", "site.example/", 200},
		{"ada", "GET", "site.example/read?a=/admin", 200},
		{"ada", "HEAD", "site.example/read/x", 200},
		{"ada", "POST", "site.example/read", 403},
		{"staff", "POST", "site.example/read", 200},
		{"ada", "GET", "site.example/admin", 403},
		{"ada", "GET", "site.example/admin/users", 403},
		{"ada", "GET", "site.example/administrator", 200},
		{"staff", "GET", "site.example/admin/", 200},
		{"root", "GET", "site.example/admin/", 200},
		{"staff", "GET", "site.example/debug", 403},
		{"ada", "GET", "site.example/debug", 200},
		{"root", "GET", "site.example/debug", 200},
		{"root", "GET", "site.example/off", 403},
		{"", "GET", "site.example/off", 403},
		{"editor", "GET", "wiki.example/page/edit", 200},
		{"editor", "GET", "WIKI.example:8443/page/edit/more", 200},
		{"editor", "GET", "wiki.example./change", 200},
		{"ada", "GET", "wiki.example/page/edit", 403},
		{"ada", "GET", "wiki.example/change", 403},
		{"root", "GET", "wiki.example/page/edit", 200}, // has all permissions
		{"", "GET", "wiki.example/page/edit", 401},
		{"ada", "GET", "wiki.example//edit", 200}, // no segment, and so the last rule
		{"ada", "GET", "site.example/caf%C3%A9%20x", 200},
	} {
		host, path, _ := strings.Cut(tt.url, "/")
		var cookies []*http.Cookie
		if tt.who != "" {
			cookies = append(cookies, w.cookies[tt.who])
		}
		res := answer(h, asked(tt.method, host, "/"+path, cookies...))
		if res.StatusCode != tt.want {
			t.Errorf("%s %s as %q: got %d, want %d", tt.method, tt.url, tt.who, res.StatusCode, tt.want)
		}
		if user := res.Header["Remote-User"]; len(user) != 1 || (user[0] != "" && (tt.who == "" || res.StatusCode != 200)) {
			t.Errorf("%s %s as %q: the identity is %q", tt.method, tt.url, tt.who, user)
		}
		if login := res.Header.Get(djgate.LoginHeader); (login == "") == (res.StatusCode == 401) || login != "" && !strings.HasPrefix(login, "/accounts/login/?next=") {
			t.Errorf("%s %s: the login page of %d is %q", tt.method, tt.url, res.StatusCode, login)
		}
	}
}

// TestOddTargets checks that no spelling of a page gets more than its plain one.
func TestOddTargets(t *testing.T) {
	w := newWorld(t, rulesOfTests, nil)
	h := w.gate.Verify(false)
	for _, uri := range []string{
		"/static/../admin", "/static/%2e%2e/admin", "/static/%2e%2e%2fadmin", "/static/..%2fadmin", "/static/.%2e/admin", "/static/%252e%252e/admin", "/static/%252e%252e%252fadmin",
		"/static/..;/admin", "/static/..;x=1/admin", "/static;/../admin", "/static/;/../../admin", `/static/..\admin`, "/static/..%5cadmin", "/static/%2e%2e%5cadmin", "/static/%2e%2e%255cadmin",
		"//admin", "///admin", "/.//admin", "/static//../../admin", "/./admin", "/%2fadmin", "/%2f/admin", "/%252fadmin", "/x/%2e%2e/admin", "/x/../admin/", "/admin%2f", "/admin%2fusers",
		"/admin%3bx", "/admin;x", "/admin;/users", "/admin%253b", "/%61dmin", "/%61%64%6d%69%6e", "/%2561dmin", "/a%64min/../admin", "/admin%5cusers", "/admin%3f", "/admin%23x", "/admin%253fx=1",
		"/static/%2e./admin", "/static/x/../../admin", "/static/%2e%2e/%2e%2e/admin", "//host/admin", "/%5cadmin", `/\admin`, "/static%2f..%2fadmin", "/static%252f..%252fadmin", "/static/..%00/admin", "/admin%00",
		"/static/%c0%ae%c0%ae/admin", "/static/%c0%af../admin", "/%ff/admin", "/admin/.", "/admin/..", "/admin/../admin", "/admin/%2e", "/admin/./", "/admin/;",
		"/static/..%2f..%2fadmin", "/static/%2e%2e;/admin", "/static/..%3b/admin", "/static/..%253b/admin", "/static?/../admin%zz", "/static/%", "/static/%2", "/static/%zz/../admin", "http://site.example/admin", "*", "", "admin", "/static/\t../admin",
	} {
		res := answer(h, asked("GET", "site.example", uri, w.cookies["ada"]))
		if _, path, _ := strings.Cut(uri, "/static"); res.StatusCode == 200 && !strings.HasPrefix(path, "?") && uri != "/admin/.." {
			t.Errorf("%q: got 200", uri)
		}
		if res := answer(h, asked("GET", "site.example", uri)); res.StatusCode == 200 && !strings.HasPrefix(uri, "/static?") {
			t.Errorf("%q without a login: got 200", uri)
		}
	}
	// A page whose spelling does not matter passes.
	for _, uri := range []string{"/api/a%2fb", "/api/%2e%2e%2fx", "/api//x", "/api/x;y=1", "/a b", "/%7Euser", "/api/..", "/q%3fx", "/100%25", "/100%2525", `/c:\dir`} {
		if res := answer(h, asked("GET", "site.example", strings.ReplaceAll(uri, " ", "%20"), w.cookies["ada"])); res.StatusCode != 200 {
			t.Errorf("%q: got %d, want 200", uri, res.StatusCode)
		}
	}
	// A method in a header counts as well as that of the request.
	for _, name := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "x-http-method-override"} {
		r := asked("GET", "site.example", "/read", w.cookies["ada"])
		r.Header.Set(name, "delete")
		if res := answer(h, r); res.StatusCode != 403 {
			t.Errorf("%s: got %d, want 403", name, res.StatusCode)
		}
	}
}

// TestSpoofs checks that what a client sends is not taken for the word of the proxy.
func TestSpoofs(t *testing.T) {
	w := newWorld(t, rulesOfTests, nil)
	h := w.gate.Verify(false)
	for name, tt := range map[string]struct {
		change func(r *http.Request)
		want   int
	}{
		"method twice":    {func(r *http.Request) { r.Header.Add("X-Forwarded-Method", "GET") }, 400},
		"uri twice":       {func(r *http.Request) { r.Header.Add("X-Forwarded-Uri", "/static/") }, 400},
		"host twice":      {func(r *http.Request) { r.Header.Add("X-Forwarded-Host", "site.example") }, 400},
		"proto twice":     {func(r *http.Request) { r.Header.Add("X-Forwarded-Proto", "https") }, 400},
		"hosts":           {func(r *http.Request) { r.Header.Set("X-Forwarded-Host", "site.example, wiki.example") }, 400},
		"protos":          {func(r *http.Request) { r.Header.Set("X-Forwarded-Proto", "https,http") }, 400},
		"underscores":     {func(r *http.Request) { r.Header["X_forwarded_uri"] = []string{"/static/"} }, 400},
		"no method":       {func(r *http.Request) { r.Header.Del("X-Forwarded-Method") }, 400},
		"no uri":          {func(r *http.Request) { r.Header.Del("X-Forwarded-Uri") }, 400},
		"no host":         {func(r *http.Request) { r.Header.Del("X-Forwarded-Host") }, 400},
		"no proto":        {func(r *http.Request) { r.Header.Del("X-Forwarded-Proto") }, 400},
		"empty uri":       {func(r *http.Request) { r.Header.Set("X-Forwarded-Uri", "") }, 400},
		"other original":  {func(r *http.Request) { r.Header.Set("X-Original-URI", "/static/") }, 400},
		"same original":   {func(r *http.Request) { r.Header.Set("X-Original-URI", "/admin") }, 403},
		"lower method":    {func(r *http.Request) { r.Header.Set("X-Forwarded-Method", "get") }, 400},
		"ftp":             {func(r *http.Request) { r.Header.Set("X-Forwarded-Proto", "ftp") }, 400},
		"host with path":  {func(r *http.Request) { r.Header.Set("X-Forwarded-Host", "site.example/static") }, 400},
		"host with user":  {func(r *http.Request) { r.Header.Set("X-Forwarded-Host", "a@site.example") }, 400},
		"a stranger asks": {func(r *http.Request) { r.RemoteAddr = "192.0.2.1:1" }, 403},
		"a private peer":  {func(r *http.Request) { r.RemoteAddr = "10.0.0.1:1" }, 403},
		"remote user":     {func(r *http.Request) { r.Header.Set("Remote-User", "root") }, 403},
		"forwarded":       {func(r *http.Request) { r.Header.Set("Forwarded", "for=127.0.0.1;host=site.example") }, 403},
	} {
		r := asked("GET", "site.example", "/admin", w.cookies["ada"])
		tt.change(r)
		if res := answer(h, r); res.StatusCode != tt.want || res.Header.Get("Remote-User") != "" {
			t.Errorf("%s: got %d and user %q, want %d", name, res.StatusCode, res.Header.Get("Remote-User"), tt.want)
		}
	}
}

// TestIdentity checks the headers for the upstream.
func TestIdentity(t *testing.T) {
	w := newWorld(t, rulesOfTests, &djgate.Options{Headers: djgate.Headers{User: "X-WEBAUTH-USER", Email: "-"}})
	h := w.gate.Verify(false)
	ask := func(name, cookie string) http.Header {
		r := asked("GET", "site.example", "/", w.cookies[name])
		r.Header.Set("Cookie", cookie+r.Header.Get("Cookie"))
		return answer(h, r).Header
	}
	got := ask(hostile, `theme=dark; csrftoken=x;csrftoken ="y"; SessionID=z;`)
	if user := got.Get("X-Webauth-User"); user != "Zo%C3%AB%2C <b>%252f%0D%0AX-Evil: 1%E2%80%AE" {
		t.Errorf("the user is %q", user)
	}
	if name := got.Get("Remote-Name"); name != "Zo%C3%AB %00" {
		t.Errorf("the name is %q", name)
	}
	if _, ok := got["Remote-Email"]; ok {
		t.Error("a header that is left out is there")
	}
	if cookie := got["Cookie"]; len(cookie) != 1 || cookie[0] != "theme=dark" {
		t.Errorf("the upstream gets the cookies %q", cookie)
	}
	if groups := ask("editor", "")["Remote-Groups"]; len(groups) != 1 || groups[0] != "Wiki%2C editors,a%25b" {
		t.Errorf("the groups are %q", groups)
	}
	if cookie := ask("ada", "")["Cookie"]; len(cookie) != 1 || cookie[0] != "djgate=1" {
		t.Errorf("the upstream gets the cookies %q", cookie)
	}
}

// TestStoreDown: an outage is no anonymous visitor, and public pages need no store.
func TestStoreDown(t *testing.T) {
	w := newWorld(t, rulesOfTests, nil)
	w.store.down.Store(true)
	for uri, want := range map[string]int{"/": 503, "/status": 503, "/admin": 503, "/static/": 200, "/off": 403} {
		for _, redirect := range []bool{false, true} {
			res := answer(w.gate.Verify(redirect), asked("GET", "site.example", uri, w.cookies["ada"]))
			if res.StatusCode != want {
				t.Errorf("%s: got %d, want %d", uri, res.StatusCode, want)
			}
		}
	}
}

// TestRedirect: a browser goes to the login page, and comes back to the page it wanted.
func TestRedirect(t *testing.T) {
	w := newWorld(t, rulesOfTests, nil)
	h := w.gate.Verify(true)
	r := asked("GET", "site.example", "/page?a=b")
	r.Header.Set("Accept", "text/html")
	res := answer(h, r)
	if to := res.Header.Get("Location"); res.StatusCode != 302 || to != "/accounts/login/?next=/page%3Fa%3Db" {
		t.Errorf("got %d to %q", res.StatusCode, to)
	}
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	if res := answer(h, r); res.StatusCode != 401 {
		t.Errorf("a script: got %d", res.StatusCode)
	}
}

// TestEnvoy: the request itself is what the client asked for.
func TestEnvoy(t *testing.T) {
	w := newWorld(t, rulesOfTests, nil)
	h := w.gate.VerifyEnvoy("/envoy/", false)
	for uri, want := range map[string]int{"/envoy/page": 200, "/envoy/admin": 403, "/envoy/static/../admin": 403, "/envoy//admin": 403, "/envoyadmin": 400, "/other": 400, "/envoy": 400} {
		r := httptest.NewRequest("GET", uri, nil)
		r.RemoteAddr, r.Host = "127.0.0.1:1", "site.example"
		r.Header.Set("X-Forwarded-Proto", "https")
		r.AddCookie(w.cookies["ada"])
		if res := answer(h, r); res.StatusCode != want {
			t.Errorf("%s: got %d, want %d", uri, res.StatusCode, want)
		}
	}
}

// TestStale: a Gate with Stale does not notice a logout for that long, and no longer. What
// it remembers is who it is, and no verdict.
func TestStale(t *testing.T) {
	const stale = 300 * time.Millisecond
	w := newWorld(t, rulesOfTests, &djgate.Options{Stale: stale})
	h := w.gate.Verify(false)
	status := func(uri string) int {
		return answer(h, asked("GET", "site.example", uri, w.cookies["ada"])).StatusCode
	}
	begin := time.Now()
	if got := status("/"); got != 200 {
		t.Fatalf("got %d", got)
	}
	must(t, w.store.Store.Delete(t.Context(), w.cookies["ada"].Value, forced))
	if got := status("/"); got != 200 && time.Since(begin) < stale {
		t.Errorf("right after the logout: got %d", got)
	}
	if got := status("/admin"); got == 200 {
		t.Errorf("another page: got %d", got)
	}
	time.Sleep(stale)
	if got := status("/"); got != 401 {
		t.Errorf("later: got %d", got)
	}
}
