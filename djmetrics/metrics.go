// Package djmetrics counts what djsession, djauth and djgate do, for Prometheus.
//
//	metrics := djmetrics.New()
//	prometheus.MustRegister(metrics)
//	site, err := djsite.Open(ctx, set, &djsite.Options{
//		Configure: func(in *djsession.Settings) { in.Observer = metrics.Observe },
//	})
//
// docs/observability.md lists the names. A label is one of a fixed set of words or a status
// of HTTP: never a key, a user, a path or a value of a session.
//
// A program that does not import this package does not get the client of Prometheus. For
// another system, write a djsession.Settings.Observer of your own.
package djmetrics

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/go-djsession/go-djsession/djgate"
	"github.com/go-djsession/go-djsession/djsession"
)

// Metrics are the metrics of one site. It is a prometheus.Collector, and safe for concurrent
// use. For several sites in one process, register each with a label of its own, by
// prometheus.WrapRegistererWith.
type Metrics struct {
	operations *prometheus.CounterVec
	seconds    *prometheus.HistogramVec
	replays    prometheus.Counter
	commits    *prometheus.CounterVec
	identified *prometheus.CounterVec
	cleared    prometheus.Counter
	clearings  *prometheus.CounterVec
	clearedAt  prometheus.Gauge
	watched    prometheus.Gauge
	ended      *prometheus.CounterVec
	looks      *prometheus.CounterVec
	lookTime   prometheus.Histogram
	verdicts   *prometheus.CounterVec

	all []prometheus.Collector
}

// buckets are in seconds, from a memory to a store that hangs.
var buckets = []float64{.00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// New returns Metrics that have counted nothing. The caller registers them.
func New() *Metrics {
	m := new(Metrics)
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "djsession_" + name, Help: help}, labels)
		m.all = append(m.all, c)
		return c
	}
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: "djsession_" + name, Help: help})
		m.all = append(m.all, c)
		return c
	}
	gauge := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "djsession_" + name, Help: help})
		m.all = append(m.all, g)
		return g
	}
	m.operations = counters("operations_total", "Uses of the store of sessions.", "op", "outcome")
	m.seconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "djsession_operation_seconds", Help: "Duration of a use of the store.", Buckets: buckets}, []string{"op"})
	m.replays = counter("replays_total", "Changes that were repeated because another writer was faster.")
	m.commits = counters("commits_total", "Responses whose session was saved or could not be.", "outcome")
	m.identified = counters("identified_total", "Looks at who is logged in to a session.", "outcome")
	m.cleared = counter("cleared_total", "Expired sessions that were removed.")
	m.clearings = counters("clear_runs_total", "Runs that remove expired sessions.", "outcome")
	m.clearedAt = gauge("clear_last_success_timestamp_seconds", "When such a run last ended without an error.")
	m.watched = gauge("watched_logins", "Logins that are watched now.")
	m.ended = counters("watch_ended_total", "Watched logins that ended.", "reason")
	m.looks = counters("watch_looks_total", "Looks at all watched logins.", "outcome")
	m.lookTime = prometheus.NewHistogram(prometheus.HistogramOpts{Name: "djsession_watch_look_seconds", Help: "Duration of a look at all watched logins.", Buckets: buckets})
	m.verdicts = counters("gate_verdicts_total", "Verdicts of the gate, by the status of the answer.", "status")
	m.all = append(m.all, m.seconds, m.lookTime)
	return m
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, c := range m.all {
		c.Describe(ch)
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	for _, c := range m.all {
		c.Collect(ch)
	}
}

// Handler serves these Metrics alone, for a program without a registry of its own.
func (m *Metrics) Handler() http.Handler {
	own := prometheus.NewRegistry()
	own.MustRegister(m)
	return promhttp.HandlerFor(own, promhttp.HandlerOpts{})
}

// ops are the uses of the store.
var ops = []string{"load", "create", "update", "touch", "delete", "cycle"}

// Observe is a djsession.Settings.Observer.
func (m *Metrics) Observe(_ context.Context, e djsession.Event) {
	switch e.Op {
	case "replay":
		m.replays.Inc()
	case "commit":
		m.commits.WithLabelValues(outcome(e.Err)).Inc()
	case "identify":
		m.identified.WithLabelValues(outcome(e.Err)).Inc()
	case "clear":
		m.cleared.Add(float64(max(e.Count, 0)))
		m.clearings.WithLabelValues(outcome(e.Err)).Inc()
		if e.Err == nil {
			m.clearedAt.SetToCurrentTime()
		}
	case "watch":
		m.watched.Add(float64(e.Count))
		if e.Err != nil {
			m.ended.WithLabelValues(outcome(e.Err)).Inc()
		}
	case "look":
		m.looks.WithLabelValues(outcome(e.Err)).Inc()
		m.lookTime.Observe(e.Took.Seconds())
	default:
		if slices.Contains(ops, e.Op) {
			m.operations.WithLabelValues(e.Op, outcome(e.Err)).Inc()
			m.seconds.WithLabelValues(e.Op).Observe(e.Took.Seconds())
		}
	}
}

// ObserveGate is a djgate.Options.Observe.
func (m *Metrics) ObserveGate(_ context.Context, v djgate.Verdict) {
	status := v.Status
	if http.StatusText(status) == "" {
		status = http.StatusInternalServerError // so that labels have a bound
	}
	m.verdicts.WithLabelValues(strconv.Itoa(status)).Inc()
}
