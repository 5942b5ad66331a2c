package djauth_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcsrf"
)

// QueryDict.get returns the last of several values.
func TestRedirectTargetLast(t *testing.T) {
	w := newWorld(t)
	r := httptest.NewRequest(http.MethodGet, "/login/?next=/first&next=/last", nil)
	if got := w.auth.RedirectTarget(r, "/"); got != "/last" {
		t.Errorf("GET: got %s, want /last", got)
	}
	r = httptest.NewRequest(http.MethodPost, "/login/", strings.NewReader("next=/first&next=/last"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if got := w.auth.RedirectTarget(r, "/"); got != "/last" {
		t.Errorf("POST: got %s, want /last", got)
	}
}

// A GET passes the CSRF check unread, and the login page asks for the target.
func TestRedirectTargetKeepsNoFile(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	w := newWorld(t)
	p, err := djcsrf.New(w.m, nil)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(w.m.Middleware(p.Middleware(w.auth.Middleware(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.auth.RedirectTarget(r, "/")
	})))))
	var b bytes.Buffer
	mw := multipart.NewWriter(&b)
	f, _ := mw.CreateFormFile("x", "x")
	f.Write(make([]byte, 50<<20))
	mw.Close()
	req, _ := http.NewRequest("GET", srv.URL, &b)
	req.Header.Set("Content-Type", mw.FormDataContentType())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	srv.Close()
	for i := 0; i < 200; i++ {
		if left, _ := os.ReadDir(dir); len(left) == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		fi, _ := left[0].Info()
		t.Errorf("%d file of %d bytes stays in the folder for temporary files", len(left), fi.Size())
	}
}
