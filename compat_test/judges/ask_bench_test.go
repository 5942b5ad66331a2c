package judges_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

// BenchmarkAsk is a request in Go that asks the site, beside a small view of that site, with
// the CPU time of both processes.
func BenchmarkAsk(b *testing.B) {
	w := newAsked(b, "6.1", false, nil)
	var who django.Args
	w.d.Call(b, "person", django.Args{"email": "ada@example.com"}, &who)
	key := w.login(who, nil)
	h := w.m.Middleware(w.auth.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if id, err := djauth.User(r.Context()); err != nil || !id.IsAuthenticated() {
			b.Fatalf("got %v, %v", id, err)
		}
	})))
	for _, test := range []struct {
		name string
		do   func()
	}{
		{"view of Django", func() {
			res, err := http.DefaultClient.Do(w.request("GET", "/tiny/", key))
			if err != nil {
				b.Fatal(err)
			}
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}},
		{"AskDjango", func() {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Cookie", "sessionid="+key)
			h.ServeHTTP(httptest.NewRecorder(), r)
		}},
	} {
		b.Run(test.name, func(b *testing.B) {
			there, here := w.cpu(b)
			for b.Loop() {
				test.do()
			}
			there2, here2 := w.cpu(b)
			b.ReportMetric(float64((there2-there).Microseconds())/float64(b.N), "django-cpu-µs/op")
			b.ReportMetric(float64((here2-here).Microseconds())/float64(b.N), "go-cpu-µs/op")
		})
	}
}

// cpu returns the CPU time of the Django and of this process.
func (w *asked) cpu(b *testing.B) (there, here time.Duration) {
	var seconds float64
	w.d.Exec(b, "import time\nresult = time.process_time()", nil, &seconds)
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(seconds * float64(time.Second)), time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
