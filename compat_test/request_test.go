package compat_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

// request is one request to the view of the site that does ops.
type request struct {
	cookie    string  // the session key that the visitor has; "" is none
	header    *string // the whole Cookie header instead
	ops       []op
	status    int    // of the answer; 0 is 200
	meanwhile func() // what happens at the op "pause"
}

func (r request) query() string {
	ops := r.ops
	if ops == nil {
		ops = []op{}
	}
	text, err := json.Marshal(ops)
	if err != nil {
		panic(err) // a fault of the test
	}
	q := url.Values{"ops": {string(text)}}
	if r.status != 0 {
		q.Set("status", strconv.Itoa(r.status))
	}
	return q.Encode()
}

// cookies is the Cookie header; ok is false for none.
func (r request) cookies() (header string, ok bool) {
	if r.header != nil {
		return *r.header, true
	}
	return "sessionid=" + r.cookie, r.cookie != ""
}

// answer is what is compared of a response.
type answer struct {
	status  int
	vary    []string
	cookies []string // the Set-Cookie lines
	body    string
}

// session is the key that the answer gives to the visitor, "" for none.
func (a answer) session() string {
	for _, line := range a.cookies {
		if value, ok := strings.CutPrefix(line, "sessionid="); ok {
			value, _, _ = strings.Cut(value, ";")
			return strings.Trim(value, `"`)
		}
	}
	return ""
}

// result is what the op with that index gave, as JSON.
func (a answer) result(t testing.TB, i int) string {
	t.Helper()
	var results []json.RawMessage
	unmarshal(t, json.RawMessage(a.body), &results)
	return string(results[i])
}

// visit sends r through Django's WSGI handler.
func (w *world) visit(t testing.TB, r request) answer {
	t.Helper()
	a := args{"query": r.query()}
	if header, ok := r.cookies(); ok {
		a["cookies"] = header
	}
	var got struct {
		Status  int
		Headers [][2]string
		Body    string
	}
	if err := w.dj.TryWhile("request", a, r.meanwhile, &got); err != nil {
		t.Fatal(err)
	}
	found := answer{status: got.Status, body: got.Body}
	for _, h := range got.Headers {
		switch h[0] {
		case "Set-Cookie":
			// Before 6.1 the line begins with a space, which servers and browsers ignore.
			found.cookies = append(found.cookies, strings.TrimSpace(h[1]))
		case "Vary":
			found.vary = append(found.vary, h[1])
		}
	}
	return found
}

// ours sends r through our middleware.
func ours(t testing.TB, m *djsession.Manager, r request) answer {
	t.Helper()
	req := httptest.NewRequest("GET", "/do/?"+r.query(), nil)
	if header, ok := r.cookies(); ok {
		req.Header.Set("Cookie", header)
	}
	return serve(m, req, func(rw http.ResponseWriter, r *http.Request) { view(rw, r, m) })
}

// handle sends a request with that session key through our middleware to h.
func handle(m *djsession.Manager, key string, h http.HandlerFunc) answer {
	req := httptest.NewRequest("GET", "/", nil)
	req.Header.Set("Cookie", "sessionid="+key)
	return serve(m, req, h)
}

func serve(m *djsession.Manager, r *http.Request, h http.HandlerFunc) answer {
	rec := httptest.NewRecorder()
	m.Middleware(h).ServeHTTP(rec, r)
	return answer{rec.Code, rec.Header()["Vary"], rec.Header()["Set-Cookie"], rec.Body.String()}
}

// view is the twin of do in site/views.py. A view that does nothing to the session does
// not ask for it either.
func view(rw http.ResponseWriter, r *http.Request, m *djsession.Manager) {
	var ops []op
	d := json.NewDecoder(strings.NewReader(r.FormValue("ops")))
	d.UseNumber()
	err := d.Decode(&ops)
	results := []any{}
	for _, o := range ops {
		if err != nil {
			break
		}
		var result any
		if o[0] == "vary" {
			rw.Header().Add("Vary", o[1].(string))
		} else if o[0] == "raise" {
			http.Error(rw, "the view was told to fail", http.StatusInternalServerError)
			return
		} else {
			var s *djsession.Session
			if s, err = djsession.Load(r.Context()); err != nil {
				break
			}
			if result, err = requestOp(r, m, s, o); err != nil {
				break
			}
		}
		results = append(results, result)
	}
	if err != nil {
		http.Error(rw, err.Error(), djsession.ErrorStatus(err))
		return
	}
	text, err := json.Marshal(results)
	if err != nil {
		panic(err) // a fault of the test
	}
	status := http.StatusOK
	if s := r.FormValue("status"); s != "" {
		status, _ = strconv.Atoi(s)
	}
	rw.WriteHeader(status)
	rw.Write(text)
}

// requestOp is runOp, with the ops that need more than the session.
func requestOp(r *http.Request, m *djsession.Manager, s *djsession.Session, o op) (any, error) {
	switch o[0] {
	case "delete": // with null: of this very session
		return nil, m.Delete(r.Context(), s.Key())
	case "expiry":
		return expiry(m.Site(), s)
	case "is_empty":
		return s.IsEmpty(), nil
	}
	return runOp(s, o)
}

// expiry is op_expiry of site/ops.py, except that the age is in seconds without a type.
func expiry(site *djsession.Site, s *djsession.Session) (any, error) {
	age, err := s.ExpiryAge()
	if err != nil {
		return nil, err
	}
	date, err := s.ExpiryDate()
	if err != nil {
		return nil, err
	}
	browser, err := s.ExpireAtBrowserClose()
	if err != nil {
		return nil, err
	}
	return map[string]any{"age": age.Seconds(), "date": isoformat(date, site.TimeZone()), "browser": browser}, nil
}

// isoformat is what Python's datetime says for t on a site with that zone.
func isoformat(t time.Time, zone *time.Location) string {
	layout := "2006-01-02T15:04:05"
	if t.Nanosecond() != 0 {
		layout += ".000000"
	}
	if zone == nil {
		return t.UTC().Format(layout) + "+00:00"
	}
	return t.In(zone).Format(layout)
}
