package djsettings

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// redisServer is where a Redis is, as redis-py is told by a URL.
type redisServer struct {
	network, addr      string
	host               string
	username, password string
	db                 int
	tls                *tls.Config
}

// parseRedisURL reads a URL as redis.connection.parse_url does, which takes
// characters that net/url refuses, such as < or % in a password. What the query
// says of time-outs is left to the client here.
func parseRedisURL(text string) (*redisServer, error) {
	bad := func(why string) (*redisServer, error) {
		return nil, fmt.Errorf("%w: the URL of a Redis %s", ErrSetting, why)
	}
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return bad("has no scheme such as redis://")
	}
	rest, _, _ = strings.Cut(rest, "#")
	rest, query, _ := strings.Cut(rest, "?")
	netloc, path := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		netloc, path = rest[:i], rest[i:]
	}
	s := &redisServer{network: "tcp"}
	params := map[string]string{}
	for pair := range strings.SplitSeq(query, "&") {
		if name, value, ok := strings.Cut(pair, "="); ok && params[name] == "" {
			params[name] = unquote(strings.ReplaceAll(value, "+", " "))
		}
	}
	s.username, s.password = params["username"], params["password"]
	hostport := netloc
	if i := strings.LastIndexByte(netloc, '@'); i >= 0 {
		user, password, _ := strings.Cut(netloc[:i], ":")
		hostport = netloc[i+1:]
		if user != "" {
			s.username = unquote(user)
		}
		if password != "" {
			s.password = unquote(password)
		}
	}
	number := params["db"]
	switch strings.ToLower(scheme) {
	case "unix":
		if path == "" {
			return bad("names no socket")
		}
		s.network, s.addr = "unix", unquote(path)
	case "redis", "rediss":
		host, port := hostport, "6379"
		if i := strings.LastIndexByte(hostport, ':'); i > strings.LastIndexByte(hostport, ']') {
			host, port = hostport[:i], hostport[i+1:]
		}
		if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
			return bad("has a port that is no number")
		}
		s.host = strings.ToLower(unquote(strings.Trim(host, "[]")))
		if s.host == "" {
			s.host = "localhost"
		}
		s.addr = net.JoinHostPort(s.host, port)
		if number == "" {
			number = strings.ReplaceAll(unquote(path), "/", "")
			if _, err := strconv.Atoi(number); err != nil {
				number = "" // redis-py passes over it, too
			}
		}
		if strings.EqualFold(scheme, "rediss") {
			var err error
			if s.tls, err = redisTLS(s.host, func(name string) string { return params[name] }); err != nil {
				return nil, err
			}
		}
	default:
		return bad("begins with none of redis://, rediss:// and unix://")
	}
	if number != "" {
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 {
			return bad("has a db that is no number")
		}
		s.db = n
	} else {
		s.db = -1
	}
	return s, nil
}

// redisTLS is what redis-py's ssl_cert_reqs and its like mean.
func redisTLS(host string, param func(string) string) (*tls.Config, error) {
	cfg := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	switch strings.ToLower(param("ssl_cert_reqs")) {
	case "none", "optional", "cert_none":
		cfg.InsecureSkipVerify = true
	}
	if file := param("ssl_ca_certs"); file != "" {
		pool, err := certPool(file)
		if err != nil {
			return nil, err
		}
		cfg.RootCAs = pool
	}
	if file := param("ssl_certfile"); file != "" {
		key := param("ssl_keyfile")
		if key == "" {
			key = file
		}
		pair, err := tls.LoadX509KeyPair(file, key)
		if err != nil {
			return nil, &hidden{ErrSetting, "the client's certificate cannot be used", err}
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}

func certPool(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, &hidden{ErrSetting, "the file with the server's certificates cannot be read", err}
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%w: the file with the server's certificates holds none", ErrSetting)
	}
	return pool, nil
}

// unquote is urllib.parse.unquote: what is no escape stays as it is.
func unquote(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b = append(b, byte(n))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

// client makes a client of the server. Its contexts end its calls.
func (s *redisServer) client() redis.UniversalClient {
	return redis.NewClient(&redis.Options{
		Network: s.network, Addr: s.addr, Username: s.username, Password: s.password, DB: max(s.db, 0), TLSConfig: s.tls,
		ContextTimeoutEnabled: true,
	})
}

// failover makes a client of the primary that Sentinels know by the name of host.
func (s *redisServer) failover(name string, sentinels []string, sentinelUser, sentinelPassword string) redis.UniversalClient {
	return redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: name, SentinelAddrs: sentinels, SentinelUsername: sentinelUser, SentinelPassword: sentinelPassword,
		Username: s.username, Password: s.password, DB: max(s.db, 0), TLSConfig: s.tls,
		ContextTimeoutEnabled: true,
	})
}

// pinged makes sure that a Redis is there, and else closes its client.
func (s *Site) pinged(ctx context.Context, what string, client redis.UniversalClient) error {
	ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	if err := client.Ping(ctx).Err(); err != nil {
		_ = client.Close()
		return &hidden{ErrUnavailable, what + " cannot be reached", err}
	}
	return nil
}

// openSessionRedis opens the server of django-redis-sessions.
func (s *Site) openSessionRedis(ctx context.Context) (redis.UniversalClient, error) {
	client, err := s.Settings.Sessions.Redis.client()
	if err != nil {
		return nil, err
	}
	if err := s.pinged(ctx, "SESSION_REDIS", client); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, client.Close)
	return client, nil
}

// client is RedisServer.get of redis_sessions.
func (in *RedisSettings) client() (redis.UniversalClient, error) {
	server := &redisServer{network: "tcp", addr: net.JoinHostPort(in.Host, strconv.Itoa(in.Port)), password: in.Password.Reveal(), db: in.DB}
	switch {
	case len(in.Sentinels) > 0:
		return server.failover(in.Master, in.Sentinels, "", ""), nil
	case !in.URL.IsZero():
		var err error
		if server, err = parseRedisURL(in.URL.Reveal()); err != nil {
			return nil, err
		}
	case in.SocketPath != "":
		server.network, server.addr = "unix", in.SocketPath
	}
	return server.client(), nil
}
