package djcsrf_test

import (
	"fmt"
	"html/template"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/signer"
)

// A form that is shown and sent, and one that another site sends.
func Example() {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("django-insecure-example")})
	if err != nil {
		log.Fatal(err)
	}
	m := djsession.New(memstore.New(site)) // a real site: dbstore, pgxstore, ...
	p, err := djcsrf.New(m, nil)
	if err != nil {
		log.Fatal(err)
	}
	page := template.Must(template.New("").Funcs(djcsrf.Funcs()).
		Parse(`<form method="post">{{csrf_token}}<input name="title"></form>`))

	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		if err := p.Render(w, r, page, "", nil); err != nil {
			http.Error(w, "try later", djsession.ErrorStatus(err))
		}
	})
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "saved ", r.PostFormValue("title")) })
	srv := httptest.NewServer(m.Middleware(p.Middleware(mux)))
	defer srv.Close()

	res, err := http.Get(srv.URL)
	if err != nil {
		log.Fatal(err)
	}
	html, _ := io.ReadAll(res.Body)
	_, token, _ := strings.Cut(string(html), `value="`)
	token, _, _ = strings.Cut(token, `"`)

	send := func(form url.Values) {
		req, _ := http.NewRequest("POST", srv.URL, strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.AddCookie(res.Cookies()[0])
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			log.Fatal(err)
		}
		answer, _ := io.ReadAll(res.Body)
		fmt.Print(res.StatusCode, " ", strings.TrimSpace(string(answer)), "\n")
	}
	send(url.Values{"title": {"hello"}, "csrfmiddlewaretoken": {token}})
	send(url.Values{"title": {"forged"}})
	// Output:
	// 200 saved hello
	// 403 Forbidden: CSRF verification failed. Request aborted.
}
