package gate

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/go-djsession/go-djsession/djgate"
)

// verdicts are the statuses that a Verdict has.
var verdicts = []int{200, 400, 401, 403, 500, 503}

// counts counts verdicts. It serves them in the text format of Prometheus.
type counts struct{ all []atomic.Int64 }

func newCounts() *counts { return &counts{make([]atomic.Int64, len(verdicts))} }

func (c *counts) observe(_ context.Context, v djgate.Verdict) {
	if i := slices.Index(verdicts, v.Status); i >= 0 {
		c.all[i].Add(1)
	}
}

func (c *counts) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	fmt.Fprint(w, "# HELP djsession_gate_verdicts_total Verdicts of the gate, by the status of the answer.\n# TYPE djsession_gate_verdicts_total counter\n")
	for i := range c.all {
		fmt.Fprintf(w, "djsession_gate_verdicts_total{status=\"%d\"} %d\n", verdicts[i], c.all[i].Load())
	}
}
