package djmetrics_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"strings"

	"github.com/go-djsession/go-djsession/djmetrics"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/signer"
)

// A site whose uses of the store are counted, and the page that Prometheus reads.
func Example() {
	metrics := djmetrics.New()
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("example"), Observer: metrics.Observe})
	if err != nil {
		log.Fatal(err)
	}
	sessions := djsession.New(memstore.New(site)) // a real site: dbstore, pgxstore, ...
	if _, err := sessions.Open(context.Background(), "abcdefghijklmnopqrstuvwxyz012345"); err == nil {
		log.Fatal("there is such a session")
	}

	w := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	fmt.Println(strings.Contains(w.Body.String(), `djsession_operations_total{op="load"`))
	// Output: true
}
