// Command cart keeps a shopping cart in the session of a Django site. If two requests of
// one visitor change it at once, neither change is lost. ../README.md says how to run it.
package main

import (
	"cmp"
	"context"
	"flag"
	"log"
	"net/http"
	"slices"

	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/examples/internal/web"
)

// Cart is request.session["cart"] in Django.
type Cart struct {
	Items []Item `json:"items"`
}

// Item is one line of a Cart.
type Item struct {
	SKU   string `json:"sku"`
	Count int    `json:"count"`
}

// Add adds one sku to the cart.
func (c *Cart) Add(sku string) {
	i := slices.IndexFunc(c.Items, func(item Item) bool { return item.SKU == sku })
	if i < 0 {
		c.Items = append(c.Items, Item{SKU: sku, Count: 1})
		return
	}
	c.Items[i].Count++
}

// page is a html/template with the functions of djcsrf.Funcs.
var page = web.Page("Cart", `<ul>{{range .Items}}<li>{{.SKU}}: {{.Count}}</li>{{else}}<li>Nothing yet</li>{{end}}</ul>
<form method="post" action="/add">{{csrf_token}}<input name="sku" aria-label="SKU"> <button>Add</button></form>`)

func main() {
	addr := flag.String("addr", "localhost:8080", "address to listen on")
	flag.Parse()
	settings, err := djsettings.ReadFile(cmp.Or(flag.Arg(0), "-"), nil)
	if err != nil {
		log.Fatal(err)
	}
	site, err := djsite.Open(context.Background(), settings, nil)
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { show(site.CSRF, w, r) })
	http.HandleFunc("POST /add", add)
	err = web.Serve(*addr, site.Middleware(http.DefaultServeMux))
	site.Close()
	if err != nil {
		log.Fatal(err)
	}
}

func show(csrf *djcsrf.Protection, w http.ResponseWriter, r *http.Request) {
	s, err := djsession.Load(r.Context())
	if err != nil {
		fail(w, err)
		return
	}
	cart, err := djsession.Value(s, "cart", Cart{})
	if err != nil {
		fail(w, err)
		return
	}
	if err := csrf.Render(w, r, page, "", cart); err != nil {
		fail(w, err)
	}
}

func add(w http.ResponseWriter, r *http.Request) {
	s, err := djsession.Load(r.Context())
	if err != nil {
		fail(w, err)
		return
	}
	err = djsession.Edit(s, "cart", func(cart *Cart) error {
		cart.Add(r.PostFormValue("sku"))
		return nil
	})
	if err != nil {
		fail(w, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func fail(w http.ResponseWriter, err error) {
	log.Print(err)
	http.Error(w, "Please try later.", djsession.ErrorStatus(err))
}
