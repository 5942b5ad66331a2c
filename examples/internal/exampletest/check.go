package exampletest

import (
	"net/http"
	"testing"

	"github.com/go-djsession/go-djsession/examples/internal/shop"
)

// Check tests an example with the pages of examples/nethttp/main.go. The example runs at
// the URL example, and the Django of s at django.
func Check(t *testing.T, s *shop.Shop, django, example string) {
	t.Helper()
	b := NewBrowser(t)

	// A stranger has a session that lasts.
	b.Get(example+"/").Has(http.StatusOK, "Hello stranger. Visits: 1.")
	b.Get(example+"/").Has(http.StatusOK, "Hello stranger. Visits: 2.")
	if p := b.Get(example + "/account"); p.URL.Path != "/accounts/login/" || p.URL.RawQuery != "next=/account" {
		t.Errorf("got %s for an account of nobody's, want the page to log in", p.URL)
	}

	// A login at Django counts in Go, and keeps the session's contents.
	b.Login(s, django).Has(http.StatusOK, "Log out demo", "Visits that Go counted: 2.")
	b.Get(example+"/").Has(http.StatusOK, "Hello demo. Visits: 3.")
	b.Get(example+"/account").Has(http.StatusOK, "Hello demo. Visits: 4.")

	// A logout at Django counts in Go.
	b.Get(django+"/").Has(http.StatusOK, "Visits that Go counted: 4.")
	b.Submit(django + "/accounts/logout/")
	b.Get(example+"/").Has(http.StatusOK, "Hello stranger. Visits: 1.")
	b.Get(example + "/nothing").Has(http.StatusNotFound)
}

// CheckForm tests a form with messages, as in examples/nethttp/form.go. The form is at the
// path /note of the URL example, and the Django of s runs at django.
func CheckForm(t *testing.T, s *shop.Shop, django, example string) {
	t.Helper()
	b := NewBrowser(t)
	b.Login(s, django)

	// A form in Go. Its message appears once, in Go's or in Django's page.
	b.Get(example + "/note")
	b.Submit(example+"/note", "note", "<buy> tea").Has(http.StatusOK, `<p class="success">Noted: &lt;buy&gt; tea</p>`)
	b.Get(example + "/note").HasNot("Noted")
	b.Send(example+"/note", "note", "milk").Has(http.StatusSeeOther)
	b.Get(django+"/").Has(http.StatusOK, "Noted: milk").HasNot("buy")
	b.Get(example + "/note").HasNot("Noted")

	// A token from Django, and a message from Django in Go's page.
	b.Get(django + "/")
	b.Submit(example+"/note", "note", "by a token of Django's").Has(http.StatusOK, "Noted: by a token of Django&#39;s")
	b.Send(django+"/cart/add/", "name", "Tea").Has(http.StatusFound)
	b.Get(example+"/note").Has(http.StatusOK, `<p class="success">Tea is in your cart.</p>`)

	// A form without a token is from another site.
	b.Forget()
	b.Submit(example+"/note", "note", "evil").Has(http.StatusForbidden)
	b.Get(example + "/note").Has(http.StatusOK).HasNot("evil")

	// A stranger's form. Its cookie comes with the page.
	b = NewBrowser(t)
	b.Get(example + "/note")
	b.Submit(example+"/note", "note", "a stranger's").Has(http.StatusOK, "Noted: a stranger&#39;s")
}
