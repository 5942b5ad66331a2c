package main

import (
	_ "embed"
	"html/template"
	"log"
	"net/http"
	"slices"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djmessages"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/examples/internal/web"
)

//go:embed pages.html
var source string

var templates = template.Must(template.New("").Funcs(web.Funcs()).Parse(source))

var goods = []string{"Tea", "Coffee", "Honey"}

// views are the paths that can move.
var views = []string{"/account/", "/cart/", "/cart/add/", "/cart/empty/"}

// moved holds what the views need besides the request.
type moved struct{ csrf *djcsrf.Protection }

// pages returns the views that have moved: those with the same names in
// ../internal/shop/django/views.py.
func pages(site *djsite.Site) http.Handler {
	m := &moved{site.CSRF}
	mux := http.NewServeMux()
	mux.Handle("GET /cart/{$}", view(m.cart))
	mux.Handle("POST /cart/add/{$}", view(add))
	mux.Handle("POST /cart/empty/{$}", view(empty))
	mux.Handle("GET /account/{$}", site.Auth.RequireLogin(view(m.account))) // @login_required
	return mux
}

func (m *moved) cart(w http.ResponseWriter, r *http.Request) error {
	s, err := djsession.Load(r.Context())
	if err != nil {
		return err
	}
	held, err := djsession.Value(s, "cart", map[string]int{})
	if err != nil {
		return err
	}
	return m.render(w, r, "cart", held)
}

func add(w http.ResponseWriter, r *http.Request) error {
	if name := r.PostFormValue("name"); slices.Contains(goods, name) {
		s, err := djsession.Load(r.Context())
		if err != nil {
			return err
		}
		// Two tabs that add at once lose nothing, even if one of them is at Django.
		err = s.Update(func(tx *djsession.Tx) error {
			held, err := djsession.Value(tx, "cart", map[string]int{})
			if err != nil {
				return err
			}
			held[name]++
			return tx.Set("cart", held)
		})
		if err != nil {
			return err
		}
		if err := djmessages.Success(r.Context(), name+" is in your cart."); err != nil {
			return err
		}
	}
	http.Redirect(w, r, "/", http.StatusFound)
	return nil
}

func empty(w http.ResponseWriter, r *http.Request) error {
	s, err := djsession.Load(r.Context())
	if err != nil {
		return err
	}
	if err := s.Delete("cart"); err != nil {
		return err
	}
	if err := djmessages.Info(r.Context(), "Your cart is empty now."); err != nil {
		return err
	}
	http.Redirect(w, r, "/cart/", http.StatusFound)
	return nil
}

func (m *moved) account(w http.ResponseWriter, r *http.Request) error {
	return m.render(w, r, "account", nil)
}

// render builds the whole page before the response begins, because cookies are sent then.
func (m *moved) render(w http.ResponseWriter, r *http.Request, name string, data any) error {
	user, err := djauth.User(r.Context())
	if err != nil {
		return err
	}
	messages, err := djmessages.Get(r.Context())
	if err != nil {
		return err
	}
	return m.csrf.Render(w, r, templates, name, map[string]any{"User": user, "Messages": messages, "Data": data})
}

// view is a handler that can fail, for example because the database is down. The visitor
// may still be logged in then.
type view func(w http.ResponseWriter, r *http.Request) error

func (v view) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := v(w, r); err != nil {
		log.Print(err)
		http.Error(w, "Please try later.", djsession.ErrorStatus(err))
	}
}
