// Package status is what the servers of the command share: how they listen, and the pages
// /healthz, /readyz and /metrics.
package status

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djmetrics"
	"github.com/go-djsession/go-djsession/djsession"
)

// The limits of a server.
const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeader         = 64 << 10
	// readyTimeout is how long /readyz waits for the store.
	readyTimeout = 2 * time.Second
)

// ErrInUse: another process listens at the socket.
var ErrInUse = errors.New("another process listens at this socket")

// Server returns a server of h with limits, which logs its faults.
func Server(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// Handler says whether the process lives, whether the store of m answers, and what m counted.
func Handler(m *djsession.Manager, metrics *djmetrics.Metrics) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		if _, err := m.Exists(ctx, m.Site().NewKey()); err != nil {
			http.Error(w, "the sessions cannot be read", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.Handle("GET /metrics", metrics.Handler())
	return mux
}

// Is reports whether Handler serves path.
func Is(path string) bool { return path == "/healthz" || path == "/readyz" || path == "/metrics" }

// Listen listens at "host:port" or "unix:PATH". It replaces a socket that nobody listens at.
//
// Errors: ErrInUse, and those of net.Listen.
func Listen(address string) (net.Listener, error) {
	path, ok := strings.CutPrefix(address, "unix:")
	if !ok {
		return net.Listen("tcp", address)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() == fs.ModeSocket {
		if conn, err := net.Dial("unix", path); err == nil {
			_ = conn.Close()
			return nil, ErrInUse
		}
		_ = os.Remove(path)
	}
	return net.Listen("unix", path)
}
