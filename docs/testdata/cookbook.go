// The recipes of cookbook.md are functions of this program. It tries each of them on a site
// whose database a Django wrote: the settings are in the file that it is given.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
)

const (
	ada   = "ada7q2m5x8k1c4v9b6n3z0l7j4h1g8f5"
	grace = "grace4w8t1y6u3i9o5p2a7s0d4f8g1h6"
)

func main() {
	log.SetFlags(0)
	ctx := context.Background()
	site := open(ctx, "", &djsite.Options{ConfigureAuth: func(o *djauth.Options) { o.WatchInterval = 10 * time.Millisecond }})
	for name, try := range map[string]func(context.Context, *djsite.Site){
		"a cart": cart, "a login form": form, "a JSON API": jsonAPI, "a job": runJob, "two Djangos": both, "several sites": hosts, "a view at a time": ported,
	} {
		fmt.Println(name)
		try(ctx, site)
	}
	fmt.Println("impersonation")
	_, err := impersonated(ctx, settings(""))
	must(err)
	fmt.Println(visit(site.Middleware(http.HandlerFunc(newPassword)), "GET", "/", "", "sessionid="+ada))

	// The last ones: they end logins.
	fmt.Println("log out everywhere")
	others(ctx, site)
	fmt.Println("a websocket")
	stream(ctx, site)
	fmt.Println("all recipes work")
}

func settings(cookie string) *djsettings.Settings {
	set, err := djsettings.ReadFile(os.Args[1], &djsettings.Options{Env: os.LookupEnv})
	must(err)
	if cookie != "" {
		set.Sessions.CookieName = cookie
	}
	return set
}

func open(ctx context.Context, cookie string, opts *djsite.Options) *djsite.Site {
	site, err := djsite.Open(ctx, settings(cookie), opts)
	must(err)
	return site
}

func must(err error) {
	if err != nil {
		log.Panic(err)
	}
}

func want(got, want any) {
	if got != want {
		log.Panicf("got %v, want %v", got, want)
	}
}

// visit sends one request, and returns the status and the text of the answer.
func visit(h http.Handler, method, target, form, cookies string, header ...string) string {
	r := httptest.NewRequest(method, target, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Cookie", cookies)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return strings.TrimSpace(fmt.Sprint(w.Code, " ", w.Body))
}

func cart(ctx context.Context, site *djsite.Site) {
	h := site.Sessions.Middleware(http.HandlerFunc(addToCart))
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() { want(visit(h, "POST", "/", "sku=pen", "sessionid="+ada)[:3], "303") })
	}
	all.Wait()
	s, err := site.Sessions.Open(ctx, ada)
	must(err)
	got, err := djsession.Value(s, "cart", map[string]map[string]int{})
	must(err)
	want(got["items"]["pen"], 10)
}

// browser keeps cookies.
func browser(h http.Handler) (*http.Client, *httptest.Server) {
	jar, err := cookiejar.New(nil)
	must(err)
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, httptest.NewServer(h)
}

func body(resp *http.Response, err error) string {
	must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(err)
	return fmt.Sprint(resp.StatusCode, " ", string(text))
}

func form(ctx context.Context, site *djsite.Site) {
	b, srv := browser(site.Middleware(loginForm(site)))
	defer srv.Close()
	for _, tt := range []struct{ password, status, text string }{{"wrong", "200", "Wrong name or password."}, {"demo-analytical", "303", ""}} {
		_, token, ok := strings.Cut(body(b.Get(srv.URL+"/login")), `value="`)
		want(ok, true)
		token, _, _ = strings.Cut(token, `"`)
		got := body(b.PostForm(srv.URL+"/login", url.Values{"username": {"ada"}, "password": {tt.password}, "csrfmiddlewaretoken": {token}}))
		want(got[:3], tt.status)
		want(strings.Contains(got, tt.text), true)
		want(body(b.PostForm(srv.URL+"/login", url.Values{"username": {"ada"}}))[:3], "403")
	}
}

func jsonAPI(ctx context.Context, site *djsite.Site) {
	b, srv := browser(site.Middleware(api(site)))
	defer srv.Close()
	u, err := url.Parse(srv.URL)
	must(err)
	get := func() string {
		r, err := http.NewRequest("GET", srv.URL+"/api/me", nil)
		must(err)
		r.Header.Set("Accept", "application/json")
		return body(b.Do(r))
	}
	want(get()[:3], "401")
	b.Jar.SetCookies(u, []*http.Cookie{{Name: "sessionid", Value: ada}})
	want(get(), "200 {\"id\":\"1\",\"name\":\"ada\"}\n")
	token := ""
	for _, c := range b.Jar.Cookies(u) {
		if c.Name == "csrftoken" {
			token = c.Value
		}
	}
	for header, status := range map[string]string{"X-CSRFToken": "204", "X-Other": "403"} {
		r, err := http.NewRequest("POST", srv.URL+"/api/color", strings.NewReader(`{"color": "green"}`))
		must(err)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(header, token)
		want(body(b.Do(r))[:3], status)
	}
}

func runJob(ctx context.Context, site *djsite.Site) {
	must(job(ctx, site, ada))
	must(job(ctx, site, strings.Repeat("0", 32))) // a visitor who has logged out
	s, err := site.Sessions.Open(ctx, ada)
	must(err)
	state, err := djsession.Value(s, "report", "")
	must(err)
	want(state, "ready")
}

func both(ctx context.Context, site *djsite.Site) {
	h := whoOnBoth(site, open(ctx, "intranet", nil))
	want(visit(h, "GET", "/", "", "sessionid="+ada+"; intranet="+grace), `200 At the shop you are "ada", and in the intranet "grace".`)
}

func hosts(ctx context.Context, site *djsite.Site) {
	pages := func(s *djsite.Site) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user, err := djauth.User(r.Context())
			must(err)
			fmt.Fprint(w, s.Settings.Sessions.CookieName, " ", user.Name())
		})
	}
	h := byHost(map[string]*djsite.Site{"shop.example": site, "intranet.example": open(ctx, "intranet", nil)}, pages)
	cookies := "sessionid=" + ada + "; intranet=" + grace
	want(visit(h, "GET", "http://SHOP.example/", "", cookies), "200 sessionid ada")
	want(visit(h, "GET", "http://intranet.example/", "", cookies), "200 intranet grace")
	want(visit(h, "GET", "http://elsewhere.example/", "", cookies)[:3], "421")
}

func ported(ctx context.Context, site *djsite.Site) {
	django := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "Django at ", r.Host) }))
	defer django.Close()
	u, err := url.Parse(django.URL)
	must(err)
	h := port(site, u, map[string]http.Handler{"/account/": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, err := djauth.User(r.Context())
		must(err)
		fmt.Fprint(w, "Go for ", user.Name())
	})})
	want(visit(h, "GET", "http://shop.example/", "", "sessionid="+ada), "200 Django at shop.example")
	want(visit(h, "GET", "http://shop.example/account/", "", "sessionid="+ada), "200 Go for ada")
}

func others(ctx context.Context, site *djsite.Site) {
	for _, damaged := range []string{"alien6m1n8b3v5c0x7z2l9k4j6h1g8f3", "junk9d4f1s6a3p8o5i2u7y0t9r4e1w6q"} {
		must(site.Sessions.Delete(ctx, damaged))
	}
	h := site.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { endOthers(site, w, r) }))
	got := visit(h, "GET", "/", "", "sessionid="+ada)
	want(strings.HasSuffix(got, "other sessions have ended."), true)
	want(visit(h, "GET", "/", "", "sessionid="+ada), "200 0 other sessions have ended.")
}

func stream(ctx context.Context, site *djsite.Site) {
	events, sent := make(chan string), make(chan string)
	h := site.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		socket(site, w, r, func() (func(string) error, error) {
			return func(text string) error { sent <- text; return nil }, nil
		}, events)
	}))
	want(visit(h, "GET", "/", "", "")[:3], "403")
	ended := make(chan string)
	go func() { ended <- visit(h, "GET", "/", "", "sessionid="+ada) }()
	events <- "hello"
	want(<-sent, "hello")
	must(site.Sessions.Delete(ctx, ada)) // a logout in Django
	<-ended
}
