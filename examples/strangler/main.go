// Command strangler is a Django site that moves to Go view by view. A proxy sends some
// paths to Go and all others to Django. README.md says what to look at.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/examples/internal/shop"
)

const noDjango = `strangler needs a Python 3 that has Django 3.2 or newer: python3 -m venv venv && venv/bin/pip install django.
Then name it: go run ./examples/strangler -python venv/bin/python.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	if err == nil || ctx.Err() != nil {
		return
	}
	if errors.Is(err, shop.ErrNoDjango) {
		fmt.Fprint(os.Stderr, noDjango)
	} else {
		log.Print(err)
	}
	os.Exit(1)
}

// run serves until ctx is done.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("strangler", flag.ExitOnError)
	addr := flags.String("addr", "localhost:8000", "address to listen on")
	paths := flags.String("go", "/cart/ /account/", "paths that Go serves, with all below them; the others are Django's")
	python := flags.String("python", "", "Python that has Django (default: one that is found)")
	_ = flags.Parse(args)
	moved := slices.Compact(slices.Sorted(slices.Values(strings.Fields(*paths))))
	for _, path := range moved {
		if !slices.Contains(views, path) {
			return fmt.Errorf("-go: Go has no %q; it has %s", path, strings.Join(views, ", "))
		}
	}

	path, err := shop.FindPython(ctx, *python, ".")
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	dir, err := os.MkdirTemp("", "strangler-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	fmt.Fprintln(out, "Making a Django project, which takes some seconds ...")
	s, err := shop.Make(ctx, path, dir)
	if err != nil {
		return err
	}
	journal, err := os.Create(filepath.Join(dir, "django.log"))
	if err != nil {
		return err
	}
	defer journal.Close()
	django, stopDjango, err := s.Start(ctx, journal)
	if err != nil {
		return err
	}
	defer stopDjango()

	// From here on, this is what every service beside a Django does.
	settings, err := djsettings.FromManage(ctx, dir, &djsettings.ManageOptions{Python: path})
	if err != nil {
		return err
	}
	site, err := djsite.Open(ctx, settings, nil)
	if err != nil {
		return err
	}
	defer site.Close()
	server := &http.Server{Handler: handler(site, django, moved), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}

	fmt.Fprintf(out, "\nOpen http://%s/ and log in as %s with the password %s; stop it by ^C.\n", listener.Addr(), s.User, s.Password)
	fmt.Fprintf(out, "By Go: %s. By Django %s: everything else.\n", cmp.Or(strings.Join(moved, " "), "nothing"), settings.Django)
	fmt.Fprintf(out, "The project is in %s until then.\n", dir)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done(): // requests that run are completed
	}
	wait, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if server.Shutdown(wait) != nil {
		server.Close()
	}
	return nil
}

// handler returns the proxy. Requests for Django pass no middleware of Go.
func handler(site *djsite.Site, django *url.URL, moved []string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(django)
		r.Out.Host = r.In.Host // Django compares forms with the host that the browser sees
		r.SetXForwarded()
	}})
	pages := site.Middleware(pages(site))
	for _, path := range moved {
		mux.Handle(path, pages)
	}
	return mux
}
