package djsession_test

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
)

// Each function given to BeforeCommit runs once, the last first, with the status, and
// early enough to change the session and the header.
func TestBeforeCommit(t *testing.T) {
	w := newWorld(t)
	for name, end := range map[string]http.HandlerFunc{
		"by writing":  func(rw http.ResponseWriter, r *http.Request) { rw.WriteHeader(201); rw.Write([]byte("x")) },
		"by Commit":   func(rw http.ResponseWriter, r *http.Request) { must(t, w.m.Commit(rw, r)); rw.WriteHeader(201) },
		"by the end":  func(http.ResponseWriter, *http.Request) {},
		"by flushing": func(rw http.ResponseWriter, _ *http.Request) { rw.(http.Flusher).Flush() },
	} {
		t.Run(name, func(t *testing.T) {
			var ran []string
			res := w.get("", func(rw http.ResponseWriter, r *http.Request) {
				s := w.session(r)
				for _, name := range []string{"outer", "inner"} {
					err := djsession.BeforeCommit(r.Context(), func(h http.Header, status int) {
						ran = append(ran, name)
						h.Add("X-Ran", name)
						if err := s.Set(name, status); err != nil {
							t.Error(err)
						}
					})
					if err != nil {
						t.Error(err)
					}
				}
				end(rw, r)
				if name != "by the end" {
					if err := djsession.BeforeCommit(r.Context(), nil); !errors.Is(err, djsession.ErrCommitted) {
						t.Errorf("afterwards: %v, want ErrCommitted", err)
					}
				}
			})
			if want := []string{"inner", "outer"}; !slices.Equal(ran, want) || !slices.Equal(res.Header["X-Ran"], want) {
				t.Errorf("ran %q with the header %q, want %q", ran, res.Header["X-Ran"], want)
			}
			stored, code := w.stored(cookieKey(t, res)), strconv.Itoa(res.StatusCode)
			if name == "by Commit" {
				code = "101"
			}
			if want := `{"inner":` + code + `,"outer":` + code + `}`; stored != want {
				t.Errorf("stored %s, want %s", stored, want)
			}
		})
	}
	if err := djsession.BeforeCommit(t.Context(), nil); !errors.Is(err, djsession.ErrNoSession) {
		t.Errorf("without a Middleware: %v, want ErrNoSession", err)
	}
}
