// Command websocket is a websocket for users who are logged in to a Django site. It sends back
// what they write, with their name, and ends when they log out, in Django or in Go. ../README.md
// says how to run it.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"log"
	"net/http"

	"github.com/coder/websocket"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/examples/internal/web"
)

var page = web.Page("Echo", `<form id="form"><input id="text" aria-label="Text"> <button>Send</button></form>
<ul id="log"></ul>
<script>
const say = (text) => { const li = document.createElement("li"); li.textContent = text; document.getElementById("log").append(li) }
const socket = new WebSocket(location.href.replace(/^http/, "ws") + "socket")
socket.onmessage = (event) => say(event.data)
socket.onclose = (event) => say(event.reason || "You are not logged in.")
document.getElementById("form").onsubmit = (event) => { event.preventDefault(); socket.send(document.getElementById("text").value) }
</script>`)

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
	http.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _ = page.Execute(w, nil) })
	http.HandleFunc("GET /socket", func(w http.ResponseWriter, r *http.Request) { socket(site.Auth, w, r) })
	err = web.Serve(*addr, site.Middleware(http.DefaultServeMux))
	site.Close()
	if err != nil {
		log.Fatal(err)
	}
}

func socket(auth *djauth.Auth, w http.ResponseWriter, r *http.Request) {
	user, err := djauth.User(r.Context())
	if err != nil {
		fail(w, err)
		return
	}
	ctx, stop, err := auth.Watch(r.Context())
	if errors.Is(err, djauth.ErrAnonymous) {
		http.Error(w, "Please log in.", http.StatusForbidden)
		return
	}
	if err != nil {
		fail(w, err)
		return
	}
	defer stop()
	// Accept refuses pages of other origins, which browsers send the cookie for as well.
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		log.Print(err)
		return
	}
	defer c.CloseNow()
	go func() {
		<-ctx.Done() // a logout, or the end of this function
		_ = c.Close(websocket.StatusPolicyViolation, "You have logged out.")
	}()
	for {
		kind, text, err := c.Read(r.Context())
		if err == nil {
			err = c.Write(r.Context(), kind, append([]byte(user.Name()+": "), text...))
		}
		if err != nil { // the client is gone, or has logged out
			return
		}
	}
}

func fail(w http.ResponseWriter, err error) {
	log.Print(err)
	http.Error(w, "Please try later.", djsession.ErrorStatus(err))
}
