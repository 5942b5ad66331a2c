package sites

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/serializer"
)

// serve starts a Go service of the open site, and returns its URL.
func serve(t *testing.T, site *djsite.Site) string {
	t.Helper()
	mux := http.NewServeMux()
	handle := func(path string, do func(r *http.Request) error) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			out := answer{Session: map[string]any{}}
			if err := do(r); err != nil {
				out.Refused = err.Error()
			}
			if err := out.fill(r, site); err != nil {
				http.Error(w, err.Error(), djsession.ErrorStatus(err))
				return
			}
			if err := json.NewEncoder(w).Encode(out); err != nil {
				t.Error(err)
			}
		})
	}
	handle("/{$}", func(*http.Request) error { return nil })
	handle("/set", func(r *http.Request) error {
		s, err := djsession.Load(r.Context())
		if err != nil {
			return err
		}
		return s.Set("of_go", r.FormValue("value"))
	})
	handle("/login", func(r *http.Request) error {
		if site.Auth == nil {
			return errors.New("the site has no Auth")
		}
		account, err := site.Auth.Authenticate(r.Context(), r.FormValue("typed"), r.FormValue("password"))
		if err != nil {
			return err
		}
		return site.Auth.Login(r.Context(), account, "")
	})
	handle("/logout", func(r *http.Request) error {
		if site.Auth == nil {
			return errors.New("the site has no Auth")
		}
		return site.Auth.Logout(r.Context())
	})
	srv := httptest.NewServer(site.Middleware(mux))
	t.Cleanup(srv.Close)
	return srv.URL
}

// fill says who is logged in, and what the session holds.
func (a *answer) fill(r *http.Request, site *djsite.Site) error {
	if site.Auth != nil {
		id, err := djauth.User(r.Context())
		if err != nil {
			return err
		}
		if id.IsAuthenticated() {
			a.User = &person{ID: id.ID(), Name: id.Name(), Active: id.IsActive(), Staff: id.IsStaff(), Superuser: id.IsSuperuser()}
		} else if why := id.Why(); why != nil {
			a.Why = why.Error()
		}
		if r.FormValue("perms") != "" {
			if a.Perms, err = id.Permissions(r.Context()); err != nil {
				a.Refused = err.Error()
			}
		}
	}
	s, err := djsession.Load(r.Context())
	if err != nil {
		return err
	}
	text, err := serializer.JSON{}.Dumps(nil, s.Dict())
	if err != nil {
		return err
	}
	return json.Unmarshal(text, &a.Session)
}
