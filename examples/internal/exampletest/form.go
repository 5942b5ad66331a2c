package exampletest

import (
	"html/template"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djmessages"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
)

// Form is the page of examples/nethttp/form.go. Its data is the context of the request.
var Form = template.Must(template.New("form").Funcs(template.FuncMap{
	"messages": djmessages.Get, "csrf_token": djcsrf.Field,
}).Parse(`{{range messages .}}<p class="{{.Tags}}">{{.Text}}</p>{{end}}<form method="post">{{csrf_token .}}<input name="note"></form>`))

// Serve serves a handler until the test ends, for the site with the settings in file. It
// returns the URL.
func Serve(t testing.TB, file string, handler func(*djsite.Site) http.Handler) (at string) {
	t.Helper()
	settings, err := djsettings.ReadFile(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	site, err := djsite.Open(t.Context(), settings, nil)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler(site))
	t.Cleanup(func() {
		server.Close()
		if err := site.Close(); err != nil {
			t.Error(err)
		}
	})
	return server.URL
}
