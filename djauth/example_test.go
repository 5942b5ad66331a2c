package djauth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/signer"
)

// A login page, a page for those who are logged in, and a logout.
func Example() {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("the site's SECRET_KEY")})
	if err != nil {
		panic(err)
	}
	sessions := djsession.New(memstore.New(site))                 // a site has its table: see package dbstore
	users := &people{site: site, byID: map[string]djauth.Account{ // and its users: see package dbusers
		"1": {ID: "1", Name: "ada", Password: djauth.EncodedOf("plain$analytical"), Active: true},
	}}
	auth, err := djauth.New(sessions, users, plain{}, &djauth.Options{LoginURL: "/login/"}) // a site hashes them: see package hashers
	if err != nil {
		panic(err)
	}

	mux := http.NewServeMux()
	mux.HandleFunc("POST /login/", func(w http.ResponseWriter, r *http.Request) {
		account, err := auth.Authenticate(r.Context(), r.PostFormValue("username"), r.PostFormValue("password"))
		if err != nil {
			http.Error(w, err.Error(), djsession.ErrorStatus(err))
			return
		}
		if err := auth.Login(r.Context(), account, ""); err != nil {
			http.Error(w, "try later", djsession.ErrorStatus(err))
			return
		}
		http.Redirect(w, r, auth.RedirectTarget(r, "/me/"), http.StatusSeeOther)
	})
	mux.Handle("GET /me/", auth.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := djauth.User(r.Context()) // RequireLogin has asked
		fmt.Fprintf(w, "Hello %s", user.Name())
	})))
	mux.HandleFunc("POST /logout/", func(w http.ResponseWriter, r *http.Request) {
		if err := auth.Logout(r.Context()); err != nil {
			http.Error(w, "try later", djsession.ErrorStatus(err))
		}
	})
	handler := sessions.Middleware(auth.Middleware(mux))

	var cookie string
	visit := func(method, target string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, target, nil)
		r.Header.Set("Cookie", cookie)
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, r)
		for _, c := range rec.Result().Cookies() {
			cookie = c.Name + "=" + c.Value
		}
		return rec
	}
	fmt.Println(visit("GET", "/me/").Header().Get("Location"))
	r := httptest.NewRequest("POST", "/login/?next=//elsewhere.example", nil)
	r.PostForm = map[string][]string{"username": {"ada"}, "password": {"analytical"}}
	rec := httptest.NewRecorder()
	handler.ServeHTTP(rec, r)
	fmt.Println(rec.Header().Get("Location"))
	cookie = "sessionid=" + rec.Result().Cookies()[0].Value
	fmt.Println(visit("GET", "/me/").Body)
	visit("POST", "/logout/")
	fmt.Println(visit("GET", "/me/").Code)
	// Output:
	// /login/?next=/me/
	// /me/
	// Hello ada
	// 302
}
