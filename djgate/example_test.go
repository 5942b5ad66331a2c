package djgate_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djgate"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/signer"
)

// nobody is a table of users without a row.
type nobody struct{ site *djsession.Site }

func (u nobody) Site() *djsession.Site                                 { return u.site }
func (u nobody) IDKind() djauth.IDKind                                 { return djauth.IntegerID }
func (u nobody) ByID(context.Context, string) (*djauth.Account, error) { return nil, djauth.ErrNoUser }
func (u nobody) ByName(context.Context, string) (*djauth.Account, error) {
	return nil, djauth.ErrNoUser
}
func (u nobody) Grants(context.Context, string) (*djauth.Grants, error) { return nil, djauth.ErrNoUser }

// A dashboard that has no login of its own. nginx asks the Gate about each request.
func Example() {
	site, err := djsession.NewSite(djsession.Settings{
		Keys: signer.SecretKey("example"), Proxies: djsession.LocalProxies(),
	})
	if err != nil {
		log.Fatal(err)
	}
	sessions := djsession.New(memstore.New(site))                                         // a real site: dbstore, pgxstore, ...
	auth, err := djauth.New(sessions, nobody{site}, nil, &djauth.Options{ReadOnly: true}) // a real site: dbusers
	if err != nil {
		log.Fatal(err)
	}
	rules, err := djgate.ParseRules(strings.NewReader(`
/static  -> public
/reports -> perm reports.view_report
/        -> login
`))
	if err != nil {
		log.Fatal(err)
	}
	gate, err := djgate.New(auth, rules, nil)
	if err != nil {
		log.Fatal(err)
	}
	verify := gate.Verify(false)

	for _, path := range []string{"/static/logo.svg", "/reports/2030", "/static/../reports/2030"} {
		r := httptest.NewRequest(http.MethodGet, "/verify", nil)
		r.RemoteAddr = "127.0.0.1:1234"
		for name, value := range map[string]string{"Method": "GET", "Uri": path, "Host": "dash.example", "Proto": "https"} {
			r.Header.Set("X-Forwarded-"+name, value)
		}
		w := httptest.NewRecorder()
		verify.ServeHTTP(w, r)
		fmt.Println(path, w.Code)
	}
	// Output:
	// /static/logo.svg 200
	// /reports/2030 401
	// /static/../reports/2030 401
}
