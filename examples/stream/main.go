// Command stream sends the time to users who are logged in to a Django site, as server-sent
// events. The stream ends when the user logs out, in Django or in Go. ../README.md says how
// to run it.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/examples/internal/web"
)

var page = web.Page("The time", `<pre id="now">...</pre>
<script>
const events = new EventSource("/events"), now = document.getElementById("now")
events.onmessage = (event) => now.textContent = event.data
events.onerror = () => now.textContent = "You are not logged in."
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
	http.HandleFunc("GET /events", func(w http.ResponseWriter, r *http.Request) { events(site.Auth, w, r) })
	http.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _ = page.Execute(w, nil) })
	err = web.Serve(*addr, site.Middleware(http.DefaultServeMux))
	site.Close()
	if err != nil {
		log.Fatal(err)
	}
}

func events(auth *djauth.Auth, w http.ResponseWriter, r *http.Request) {
	ctx, stop, err := auth.Watch(r.Context())
	if errors.Is(err, djauth.ErrAnonymous) {
		http.Error(w, "Please log in.", http.StatusForbidden)
		return
	}
	if err != nil {
		log.Print(err)
		http.Error(w, "Please try later.", djsession.ErrorStatus(err))
		return
	}
	defer stop()
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		_, err := fmt.Fprintf(w, "data: %s\n\n", time.Now().Format(time.TimeOnly))
		if err == nil {
			err = out.Flush()
		}
		if err != nil { // the client is gone
			log.Print(err)
			return
		}
		select {
		case <-ctx.Done():
			log.Print(context.Cause(ctx)) // ErrAnonymous after a logout
			return
		case <-tick.C:
		}
	}
}
