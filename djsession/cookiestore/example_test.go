package cookiestore_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cookiestore"
	"github.com/go-djsession/go-djsession/signer"
)

// The engine signed_cookies: the cookie holds the session, signed and readable.
func Example() {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("example")})
	if err != nil {
		log.Fatal(err)
	}
	sealer, err := cookiestore.New(site, nil)
	if err != nil {
		log.Fatal(err)
	}
	handler := djsession.NewSealed(sealer).Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := djsession.Load(r.Context())
		if err == nil {
			err = s.Set("color", "green")
		}
		if err != nil {
			http.Error(w, "try later", djsession.ErrorStatus(err))
		}
	}))

	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	r, err := sealer.Unseal(w.Result().Cookies()[0].Value)
	if err != nil {
		log.Fatal(err)
	}
	color, _ := r.Data.Get("color")
	fmt.Println(color)
	// Output: green
}
