package djcsrf_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"testing"

	"github.com/go-djsession/go-djsession/djcsrf"
)

// watched is a body that knows whether somebody has read it.
type watched struct {
	io.Reader
	read bool
}

func (b *watched) Read(to []byte) (int, error) {
	b.read = true
	return b.Reader.Read(to)
}
func (*watched) Close() error { return nil }

// Nobody reads the body of a request that is not checked, whatever it is: the handler can
// stream it, hand it on to another server, or refuse it unread. A request that is rejected
// by its headers is not read either.
func TestBodyUnread(t *testing.T) {
	var form bytes.Buffer
	fields := multipart.NewWriter(&form)
	fields.WriteField("csrfmiddlewaretoken", secret)
	file, _ := fields.CreateFormFile("f", "f.bin")
	file.Write(make([]byte, 64<<10))
	fields.Close()
	upload := fields.FormDataContentType()

	django := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, head, err := r.FormFile("f")
		if err != nil || head.Size != 64<<10 || r.PostFormValue("csrfmiddlewaretoken") != secret {
			http.Error(w, fmt.Sprint("the form did not arrive: ", err), http.StatusBadRequest)
		}
	}))
	defer django.Close()
	to, err := url.Parse(django.URL)
	if err != nil {
		t.Fatal(err)
	}
	handlers := map[string]http.HandlerFunc{
		"leaves it": func(http.ResponseWriter, *http.Request) {},
		"copies it": func(w http.ResponseWriter, r *http.Request) {
			if got, err := io.ReadAll(r.Body); err != nil || !bytes.Equal(got, form.Bytes()) {
				t.Errorf("the handler got %d bytes of %d, %v", len(got), form.Len(), err)
			}
		},
	}
	ofForm := map[string]http.HandlerFunc{
		"streams it": func(w http.ResponseWriter, r *http.Request) {
			parts, err := r.MultipartReader()
			if err != nil {
				t.Fatal(err)
			}
			for n := 0; ; n++ {
				_, err := parts.NextPart()
				if err == io.EOF && n == 2 {
					return
				}
				if err != nil {
					t.Fatalf("part %d: %v", n, err)
				}
			}
		},
		"parses it": func(w http.ResponseWriter, r *http.Request) {
			if _, _, err := r.FormFile("f"); err != nil {
				t.Error(err)
			}
		},
		"hands it on": httputil.NewSingleHostReverseProxy(to).ServeHTTP,
	}
	exempt := func(*http.Request) bool { return true }
	for _, tt := range []struct {
		name, method string
		exempt       bool
		headers      []string
		want         int
	}{
		{"exempt", "POST", true, nil, 200},
		{"exempt, with a good token", "POST", true, []string{cookie}, 200},
		{"exempt, with a bad cookie", "POST", true, []string{"Cookie: csrftoken=bad"}, 200},
		{"exempt, from another site", "POST", true, []string{"Origin: https://evil.example"}, 200},
		{"exempt, by PUT", "PUT", true, nil, 200},
		{"safe", "GET", false, nil, 200},
		{"by PUT", "PUT", false, []string{cookie, "X-CSRFToken: " + secret}, 200},
		{"from another site", "POST", false, []string{cookie, "Origin: https://evil.example"}, 403},
		{"without a cookie", "POST", false, nil, 403},
		{"with a bad cookie", "POST", false, []string{"Cookie: csrftoken=bad"}, 403},
	} {
		for _, kind := range []string{upload, "multipart/form-data", "application/x-www-form-urlencoded", "application/octet-stream", ""} {
			for _, sessions := range []bool{false, true} {
				all := maps.Clone(handlers)
				if kind == upload {
					maps.Copy(all, ofForm)
				}
				for does, h := range all {
					o := &djcsrf.Options{UseSessions: sessions, MaxForm: 1000}
					if tt.exempt {
						o.Exempt = exempt
					}
					w := newWorld(t, "6.1", o)
					headers := slices.Clone(tt.headers)
					if sessions && slices.Contains(headers, cookie) {
						headers = append(headers[1:], "Cookie: "+w.put(secret))
					}
					r := ask(tt.method, form.String(), headers...)
					body := &watched{Reader: bytes.NewReader(form.Bytes())}
					r.Body = body
					if r.Header.Del("Content-Type"); kind != "" {
						r.Header.Set("Content-Type", kind)
					}
					called := false
					res := w.serve(r, func(rw http.ResponseWriter, r *http.Request) {
						if called = true; body.read {
							t.Errorf("%s, %q: the body was read before the handler", tt.name, kind)
						}
						h(rw, r)
					})
					if res.StatusCode != tt.want || called != (tt.want == 200) || !called && body.read {
						t.Errorf("%s, %q, sessions %v, a handler that %s: got %d, called %v, read %v", tt.name, kind, sessions, does, res.StatusCode, called, body.read)
					}
				}
			}
		}
	}
}
