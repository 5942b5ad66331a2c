package demo

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/console"
)

// serve sends three requests to a server behind the middleware: two with the session's
// cookie, and one with an invented key.
func (d *Demo) serve(ctx context.Context, key, name string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return console.Refused("no port can be opened on 127.0.0.1", "the demo serves a request to itself there")
	}
	server := &http.Server{Handler: d.site.Sessions.Middleware(d.site.Auth.Middleware(http.HandlerFunc(greet)))}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		server.Close()
		<-served
	}()
	url := "http://" + listener.Addr().String() + "/"
	for range 2 {
		answer, _, err := get(ctx, url, key)
		if err != nil {
			return err
		}
		d.Step("GET / with %s's cookie, through the middleware: %q", name, answer)
	}
	madeUp := strings.Repeat("0", 32)
	answer, cookie, err := get(ctx, url, madeUp)
	if err != nil {
		return err
	}
	if cookie == "" || strings.Contains(cookie, madeUp) {
		return console.Refused("the server of the demo has taken over a key that it did not give out", "please report this: it is a fault in djsession")
	}
	d.Step("GET / with a key that somebody made up: %q, and the session gets another key.", answer)
	return nil
}

// greet greets the visitor and counts the visits.
func greet(w http.ResponseWriter, r *http.Request) {
	s, err := djsession.Load(r.Context())
	if err != nil {
		http.Error(w, "try later", djsession.ErrorStatus(err))
		return
	}
	user, err := djauth.User(r.Context())
	if err != nil {
		http.Error(w, "try later", djsession.ErrorStatus(err))
		return
	}
	visits := 0
	err = s.Update(func(tx *djsession.Tx) error {
		n, err := djsession.Value(tx, "visits", 0)
		if err != nil {
			return err
		}
		visits = n + 1
		return tx.Set("visits", visits)
	})
	if err != nil {
		http.Error(w, "no", djsession.ErrorStatus(err))
		return
	}
	fmt.Fprintf(w, "Hello %s, visit %d", cmp.Or(user.Name(), "stranger"), visits)
}

// get returns the body and the cookie of a response.
func get(ctx context.Context, url, key string) (body, cookie string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", "", err
	}
	r.Header.Set("Cookie", "sessionid="+key)
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return "", "", console.Refused("the server of the demo does not answer", "it listens on 127.0.0.1: is that address filtered?")
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", "", err
	}
	if answer.StatusCode != http.StatusOK {
		return "", "", console.Refused("the server of the demo answers "+answer.Status, "please report this: it is a fault in djsession")
	}
	return string(text), answer.Header.Get("Set-Cookie"), nil
}
