package webdriver

import (
	"bytes"
	"errors"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"testing"
)

// A browser fills in a form, keeps cookies, and reports what it shows.
func TestBrowser(t *testing.T) {
	site := http.NewServeMux()
	site.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "1", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
		w.Write([]byte(`<!doctype html><form method="post"><input name="text" value="a "><button>Send</button></form><p id="hidden" style="display:none">x</p>`))
	})
	site.HandleFunc("POST /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/done?text="+url.QueryEscape(r.PostFormValue("text")), http.StatusSeeOther)
	})
	site.HandleFunc("GET /done", func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(`<!doctype html><p id="text">` + r.FormValue("text") + `</p>`))
	})
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	b := Start(t)
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}

	check(b.Open(server.URL + "/"))
	if text, err := b.Text("#hidden"); text != "" || err != nil {
		t.Errorf("hidden text: got %q, %v, want none", text, err)
	}
	if err := b.Type("#nothing", "x"); !errors.Is(err, ErrNoElement) {
		t.Errorf("a field that is not there: got %v, want ErrNoElement", err)
	}
	check(b.Type("input", "line"))
	check(b.Leave("button"))
	if at, err := b.URL(); err != nil || at.Path != "/done" {
		t.Errorf("after the form: at %v, %v, want /done", at, err)
	}
	if text, err := b.Text("#text"); text != "a line" || err != nil {
		t.Errorf("what was sent: got %q, %v, want a line", text, err)
	}

	got, err := b.Cookies()
	want := []Cookie{{Name: "a", Value: "1", Path: "/", Domain: "127.0.0.1", HTTPOnly: true, SameSite: "Lax"}}
	if !reflect.DeepEqual(got, want) || err != nil {
		t.Errorf("cookies: got %+v, %v, want %+v", got, err, want)
	}
	check(b.DeleteCookies())
	if got, err := b.Cookies(); len(got) != 0 || err != nil {
		t.Errorf("cookies that were deleted: got %+v, %v", got, err)
	}
	picture, err := b.Screenshot()
	check(err)
	if _, err := png.Decode(bytes.NewReader(picture)); err != nil {
		t.Errorf("the screenshot: %v", err)
	}
}
