package web

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// patience is how long requests may still run after a signal. What streams ends then.
const patience = 5 * time.Second

// Serve serves h at addr until SIGINT or SIGTERM. Requests that run then are completed, and their
// sessions are saved. A second signal ends the program at once.
//
// No client can keep a connection without sending a request. There is no WriteTimeout, because a
// stream may take any time.
func Serve(addr string, h http.Handler) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	log.Printf("http://%s/", listener.Addr())
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	stop()
	wait, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := server.Shutdown(wait); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return server.Close()
}
