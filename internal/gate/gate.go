// Package gate is `djsession gate`: a server around package djgate. It reads and reloads the
// rules, listens, and says whether it works.
package gate

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djgate"
	"github.com/go-djsession/go-djsession/djmetrics"
	"github.com/go-djsession/go-djsession/internal/status"
)

// ErrConfig is the error for a Config that cannot work.
var ErrConfig = errors.New("gate: bad configuration")

// Config says what to serve. Only Rules and Listen are required.
type Config struct {
	Rules string // the file
	// Listen is "host:port" or "unix:PATH". Status is a further address for /healthz, /readyz
	// and /metrics; default that of Listen without Upstream, and none with it.
	Listen, Status string
	// Upstream makes it a reverse proxy.
	Upstream string
	// Cert and Key are files for TLS on Listen.
	Cert, Key string
	Options   djgate.Options
	// Metrics are what /metrics serves. They should be the Observer of the sessions too. May
	// be nil.
	Metrics *djmetrics.Metrics
	// Grace is how long requests may go on after the end of the context; default 10 s.
	Grace time.Duration
	Log   *slog.Logger
	// Ready is called with the address when the server listens; may be nil.
	Ready func(listen, status net.Addr)
}

// LoadRules reads a file of rules.
func LoadRules(file string) (*djgate.Rules, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return djgate.ParseRules(f)
}

// Serve serves until ctx ends. The rules are read again at SIGHUP; if they are wrong, the old
// ones stay.
func Serve(ctx context.Context, auth *djauth.Auth, c Config) error {
	rules, err := LoadRules(c.Rules)
	if err != nil {
		return err
	}
	if c.Metrics == nil {
		c.Metrics = djmetrics.New()
	}
	c.Options.Observe = c.Metrics.ObserveGate
	g, err := djgate.New(auth, rules, &c.Options)
	if err != nil {
		return err
	}
	main, err := c.handler(g)
	if err != nil {
		return err
	}
	beside := status.Handler(auth.Manager(), c.Metrics)
	if c.Upstream == "" && c.Status == "" {
		main = split(main, beside)
	}
	ln, err := listen(c.Listen)
	if err != nil {
		return err
	}
	defer ln.Close()
	server := status.Server(main, c.Log)
	servers := []*http.Server{server}
	failed := make(chan error, 2)
	if c.Cert != "" || c.Key != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return fmt.Errorf("%w: the files of TLS: %w", ErrConfig, err)
		}
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
		go func() { failed <- server.ServeTLS(ln, "", "") }()
	} else {
		go func() { failed <- server.Serve(ln) }()
	}
	var statusAddr net.Addr
	if c.Status != "" {
		more, err := listen(c.Status)
		if err != nil {
			return err
		}
		defer more.Close()
		statusAddr = more.Addr()
		second := status.Server(beside, c.Log)
		servers = append(servers, second)
		go func() { failed <- second.Serve(more) }()
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	c.Log.InfoContext(ctx, "djsession gate: listening", "address", ln.Addr().String())
	if c.Ready != nil {
		c.Ready(ln.Addr(), statusAddr)
	}
	for {
		select {
		case err := <-failed:
			return err
		case <-hup:
			c.reload(ctx, g)
		case <-ctx.Done():
			return c.stop(servers)
		}
	}
}

// reload reads the rules again.
func (c *Config) reload(ctx context.Context, g *djgate.Gate) {
	rules, err := LoadRules(c.Rules)
	if err != nil {
		c.Log.ErrorContext(ctx, "djsession gate: the old rules stay", "error", err)
		return
	}
	g.SetRules(rules)
	c.Log.InfoContext(ctx, "djsession gate: the rules were read again")
}

// stop lets the requests end that have begun. What lasts longer than Grace is cut.
func (c *Config) stop(servers []*http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), cmp.Or(c.Grace, 10*time.Second))
	defer cancel()
	for _, s := range servers {
		if err := s.Shutdown(ctx); err != nil {
			_ = s.Close()
		}
	}
	return nil
}

// handler returns what answers at Listen.
func (c *Config) handler(g *djgate.Gate) (http.Handler, error) {
	if c.Upstream == "" {
		plain, redirect, envoy := g.Verify(false), g.Verify(true), g.VerifyEnvoy("/envoy", true)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/verify":
				plain.ServeHTTP(w, r)
			case r.URL.Path == "/verify/redirect":
				redirect.ServeHTTP(w, r)
			case strings.HasPrefix(r.RequestURI, "/envoy/"):
				envoy.ServeHTTP(w, r)
			default:
				http.NotFound(w, r)
			}
		}), nil
	}
	u, err := url.Parse(c.Upstream)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%w: the upstream is not of the form http://localhost:3000", ErrConfig)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil // the upstream is named, whatever the environment says
	transport.MaxIdleConnsPerHost = 100
	return g.Proxy(u, &djgate.ProxyOptions{Transport: transport, ErrorLog: slog.NewLogLogger(c.Log.Handler(), slog.LevelWarn)}), nil
}

// split serves the paths of status by status, and all others by main.
func split(main, beside http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status.Is(r.URL.Path) {
			beside.ServeHTTP(w, r)
			return
		}
		main.ServeHTTP(w, r)
	})
}

func listen(address string) (net.Listener, error) {
	ln, err := status.Listen(address)
	if errors.Is(err, status.ErrInUse) {
		err = fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return ln, err
}
