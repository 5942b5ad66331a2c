package djauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/signer"
)

// onlyAda is a table of users with one row. A site has package dbusers or pgxusers.
type onlyAda struct{ site *djsession.Site }

func (u onlyAda) Site() *djsession.Site { return u.site }
func (u onlyAda) IDKind() djauth.IDKind { return djauth.IntegerID }

func (u onlyAda) ByID(_ context.Context, id string) (*djauth.Account, error) {
	if id != "1" {
		return nil, djauth.ErrNoUser
	}
	return &djauth.Account{ID: "1", Name: "ada", Password: djauth.EncodedOf("analytical"), Active: true}, nil
}

func (u onlyAda) ByName(ctx context.Context, name string) (*djauth.Account, error) {
	if name != "ada" {
		return nil, djauth.ErrNoUser
	}
	return u.ByID(ctx, "1")
}

func (u onlyAda) RecordLogin(context.Context, string, time.Time) error { return nil }

func (u onlyAda) SetPassword(context.Context, string, djauth.Encoded, djauth.Encoded) error {
	return errors.ErrUnsupported
}

// cleartext compares passwords in clear text. A site has package hashers.
type cleartext struct{}

func (cleartext) Check(_ context.Context, password, encoded string) (ok, upgrade bool, err error) {
	return password == encoded, false, nil
}
func (cleartext) Make(_ context.Context, password string) (string, error) { return password, nil }
func (cleartext) Dummy(context.Context, string) error                     { return nil }

// A login page, a page for those who are logged in, and a logout.
func Example() {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("the site's SECRET_KEY")})
	if err != nil {
		panic(err)
	}
	sessions := djsession.New(memstore.New(site)) // a site has its table: see package dbstore
	auth, err := djauth.New(sessions, onlyAda{site}, cleartext{}, &djauth.Options{LoginURL: "/login/"})
	if err != nil {
		panic(err)
	}

	mux := http.NewServeMux()
	mux.HandleFunc("POST /login/", func(w http.ResponseWriter, r *http.Request) {
		account, err := auth.Authenticate(r.Context(), r.PostFormValue("username"), r.PostFormValue("password"))
		if err == nil {
			err = auth.Login(r.Context(), account, "")
		}
		if err != nil {
			http.Error(w, err.Error(), djsession.ErrorStatus(err))
			return
		}
		http.Redirect(w, r, auth.RedirectTarget(r, "/me/"), http.StatusSeeOther)
	})
	mux.Handle("GET /me/", auth.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := djauth.User(r.Context()) // RequireLogin has asked
		fmt.Fprintf(w, "Hello %s", user.Name())
	})))
	mux.HandleFunc("POST /logout/", func(w http.ResponseWriter, r *http.Request) {
		if err := auth.Logout(r.Context()); err != nil { // the user is still logged in
			http.Error(w, "try later", djsession.ErrorStatus(err))
		}
	})
	handler := sessions.Middleware(auth.Middleware(mux))

	var cookies []*http.Cookie
	visit := func(method, target string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, target, nil)
		r.PostForm = map[string][]string{"username": {"ada"}, "password": {"analytical"}}
		for _, c := range cookies {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		cookies = append(cookies, w.Result().Cookies()...)
		return w
	}
	fmt.Println(visit("GET", "/me/").Header().Get("Location"))
	fmt.Println(visit("POST", "/login/?next=//elsewhere.example").Header().Get("Location"))
	fmt.Println(visit("GET", "/me/").Body)
	visit("POST", "/logout/")
	fmt.Println(visit("GET", "/me/").Code)
	// Output:
	// /login/?next=/me/
	// /me/
	// Hello ada
	// 302
}
