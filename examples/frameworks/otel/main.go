// Command otel is examples/nethttp with spans of OpenTelemetry for what sessions and logins
// do. It prints them. ../README.md says how to run it.
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
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// observe makes a span of an event, which comes when it is over.
func observe(ctx context.Context, e djsession.Event) {
	end := time.Now()
	_, span := otel.Tracer("djsession").Start(ctx, "session."+e.Op, trace.WithTimestamp(end.Add(-e.Took)))
	if e.Err != nil && !errors.Is(e.Err, djsession.ErrNotFound) && !errors.Is(e.Err, djauth.ErrAnonymous) {
		span.SetStatus(codes.Error, e.Err.Error())
	}
	span.End(trace.WithTimestamp(end))
}

func main() {
	addr := flag.String("addr", "localhost:8080", "address to listen on")
	flag.Parse()
	exporter, err := stdouttrace.New()
	if err != nil {
		log.Fatal(err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter))
	otel.SetTracerProvider(provider)
	settings, err := djsettings.ReadFile(cmp.Or(flag.Arg(0), "-"), nil) // the output of manage.py diffsettings --all
	if err != nil {
		log.Fatal(err)
	}
	site, err := djsite.Open(context.Background(), settings, &djsite.Options{
		Configure: func(in *djsession.Settings) { in.Observer = observe },
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, w := range site.Warnings { // what Django does and Go does not
		log.Print(w)
	}
	http.Handle("/", traced(site.Middleware(site.Auth.RequireLogin(http.HandlerFunc(hello)))))
	server := &http.Server{Addr: *addr, ReadHeaderTimeout: 10 * time.Second}
	err = server.ListenAndServe()
	site.Close()
	_ = provider.Shutdown(context.Background())
	log.Fatal(err)
}

// traced begins the span of a request, as the middleware otelhttp does.
func traced(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, span := otel.Tracer("web").Start(r.Context(), r.Method)
		defer span.End()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func hello(w http.ResponseWriter, r *http.Request) {
	user, err := djauth.User(r.Context())
	if err != nil { // the database is down; the visitor may be logged in
		log.Print(err)
		http.Error(w, "Please try later.", djsession.ErrorStatus(err))
		return
	}
	fmt.Fprintf(w, "Hello %s.\n", user.Name())
}
