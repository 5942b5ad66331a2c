package djsite

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/errtext"
)

// redisServer is the address of a Redis, as a URL of redis-py describes it.
type redisServer struct {
	network, addr      string
	host               string
	username, password string
	db                 int
	rediss             bool      // the URL begins with rediss://
	args               redisArgs // of the URL's query
	tls                *tls.Config
}

// parseRedisURL reads a URL as redis.connection.parse_url does. That accepts characters
// that net/url rejects: < or % in a password, for example. It ignores time-outs in the
// query: the client has its own.
func parseRedisURL(text string) (*redisServer, error) {
	bad := func(why string) (*redisServer, error) {
		return nil, fmt.Errorf("%w: the URL of a Redis %s", djsettings.ErrSetting, why)
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
	s := &redisServer{network: "tcp", args: redisArgs{values: map[string]any{}}}
	params := map[string]string{}
	for pair := range strings.SplitSeq(query, "&") {
		if name, value, ok := strings.Cut(pair, "="); ok && params[name] == "" {
			params[name] = unquote(strings.ReplaceAll(value, "+", " "))
		}
	}
	for name, value := range params {
		s.args.addQuery(unquote(name), value)
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
				number = "" // redis-py ignores it too
			}
		}
		s.rediss = strings.EqualFold(scheme, "rediss")
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

// secure sets the TLS of the server as redis-py does with kwargs. The URL's arguments
// override them. sentinel is set for a service of Sentinel, whose host is not the name of a
// server. It returns options that have no effect.
func (s *redisServer) secure(kwargs djsettings.Params, sentinel bool, set *djsettings.Settings) (unused []string, err error) {
	args := redisArgs{values: map[string]any{}, set: set}
	args.add(kwargs)
	maps.Copy(args.values, s.args.values)
	on := s.rediss
	if !on {
		if on, err = args.wanted(sentinel); err != nil || !on {
			return nil, err
		}
	}
	host := s.host
	if sentinel {
		host = ""
	}
	s.tls, unused, err = args.config(host)
	return unused, err
}

// unquote is urllib.parse.unquote: it keeps text that is no escape.
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

// client returns a client of the server. A context ends its calls.
func (s *redisServer) client() redis.UniversalClient {
	return redis.NewClient(&redis.Options{
		Network: s.network, Addr: s.addr, Username: s.username, Password: s.password, DB: max(s.db, 0), TLSConfig: s.tls,
		ContextTimeoutEnabled: true,
	})
}

// failover returns a client of the primary that the Sentinels know by this name.
func (s *redisServer) failover(name string, sentinels []string, sentinelUser, sentinelPassword string) redis.UniversalClient {
	return redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: name, SentinelAddrs: sentinels, SentinelUsername: sentinelUser, SentinelPassword: sentinelPassword,
		Username: s.username, Password: s.password, DB: max(s.db, 0), TLSConfig: s.tls,
		ContextTimeoutEnabled: true,
	})
}

// pinged checks that a Redis answers. If not, it closes the client.
func (s *Site) pinged(ctx context.Context, what string, client redis.UniversalClient) error {
	ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	if err := client.Ping(ctx).Err(); err != nil {
		_ = client.Close()
		hint := tlsHint(err)
		if errors.As(err, new(x509.HostnameError)) {
			hint += " (redis-py before version 6 looks at the name only with ssl_check_hostname=True; say ssl_check_hostname=False to do without)"
		}
		return errtext.Hide(ErrUnavailable, what+" cannot be reached"+hint, err)
	}
	return nil
}

// openSessionRedis opens the server of django-redis-sessions.
func (s *Site) openSessionRedis(ctx context.Context) (redis.UniversalClient, error) {
	client, unused, err := sessionRedis(s.Settings)
	if err != nil {
		return nil, err
	}
	for _, name := range unused {
		s.warn("SESSION_REDIS", "The option "+name+" of its URL is not used.")
	}
	if err := s.pinged(ctx, "SESSION_REDIS", client); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, client.Close)
	return client, nil
}

// sessionRedis is RedisServer.get of redis_sessions.
func sessionRedis(set *djsettings.Settings) (client redis.UniversalClient, unused []string, err error) {
	in := set.Sessions.Redis
	server := &redisServer{network: "tcp", addr: net.JoinHostPort(in.Host, strconv.Itoa(in.Port)), password: in.Password.Reveal(), db: in.DB}
	switch {
	case len(in.Sentinels) > 0:
		return server.failover(in.Master, in.Sentinels, "", ""), nil, nil
	case in.ByDSN:
		client, err = redisByDSN(in.URL.Reveal())
		return client, nil, err
	case !in.URL.IsZero():
		if server, err = parseRedisURL(in.URL.Reveal()); err != nil {
			return nil, nil, err
		}
		if unused, err = server.secure(djsettings.Params{}, false, set); err != nil {
			return nil, nil, err
		}
	case in.SocketPath != "":
		server.network, server.addr = "unix", in.SocketPath
	}
	return server.client(), unused, nil
}
