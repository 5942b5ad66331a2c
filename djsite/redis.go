package djsite

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/redisstore"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/errtext"
	"github.com/go-djsession/go-djsession/internal/redisops"
)

// redisServer is the address of a Redis, as a URL of redis-py describes it.
type redisServer struct {
	network, addr      string
	host               string
	username, password string
	db                 int
	rediss             bool      // the URL begins with rediss://
	hasHost            bool      // the URL names a host
	hasPort            bool      // the URL names a port
	args               redisArgs // of the URL's query
	tls                *tls.Config

	timeout, connect time.Duration // 0 is that of limited
	protocol         int           // 0 is the default of go-redis
	name             string        // client_name

	// copies says that the server has copies of rows only. Then the client tries nothing
	// twice: the rows are read meanwhile.
	copies bool
	valkey bool // the site's client is valkey-py
}

// parseRedisURL reads a URL as redis.connection.parse_url does. That accepts characters
// that net/url rejects: < or % in a password, for example. [redisServer.complete] follows its
// other arguments.
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
			s.hasPort = true
		}
		if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
			return bad("has a port that is no number")
		}
		s.host = strings.ToLower(unquote(strings.Trim(host, "[]")))
		if s.hasHost = s.host != ""; !s.hasHost {
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

// complete follows the arguments of kwargs and of the URL, which override them, as redis-py
// does. sentinel is set for a service of Sentinel, whose host is not the name of a server.
func (s *redisServer) complete(kwargs djsettings.Params, sentinel bool, set *djsettings.Settings) (err error) {
	args := redisArgs{values: map[string]any{}, set: set, valkey: s.valkey}
	args.add(kwargs)
	maps.Copy(args.values, s.args.values)
	if err := s.connection(&args); err != nil {
		return err
	}
	on := s.rediss
	if !on {
		if on, err = args.wanted(sentinel); err != nil || !on {
			return err
		}
	}
	host := s.host
	if sentinel {
		host = ""
	}
	s.tls, err = args.config(host)
	return err
}

// connection follows the arguments that are not about TLS. What the URL says itself comes
// first.
func (s *redisServer) connection(args *redisArgs) error {
	wrong := func(name string) error {
		return fmt.Errorf("%w: the option %s of a Redis has a value that redis-py does not take", djsettings.ErrSetting, name)
	}
	s.username = cmp.Or(s.username, args.text("username"))
	s.password = cmp.Or(s.password, args.text("password"))
	if text := args.text("db"); s.db < 0 && text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return wrong("db")
		}
		s.db = n
	}
	if s.network == "tcp" {
		_, port, _ := net.SplitHostPort(s.addr)
		if text := args.text("host"); !s.hasHost && text != "" {
			s.host = text
		}
		if text := args.text("port"); !s.hasPort && text != "" {
			if n, err := strconv.Atoi(text); err != nil || n < 0 || n > 65535 {
				return wrong("port")
			}
			port = text
		}
		s.addr = net.JoinHostPort(s.host, port)
	}
	for name, to := range map[string]*time.Duration{"socket_timeout": &s.timeout, "socket_connect_timeout": &s.connect} {
		if text := args.text(name); text != "" {
			f, err := strconv.ParseFloat(text, 64)
			if err != nil || !(f >= 0 && f < 1e9) {
				return wrong(name)
			}
			*to = time.Duration(f * float64(time.Second))
		}
	}
	s.connect = cmp.Or(s.connect, s.timeout)
	if text := args.text("protocol"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n != 2 && n != 3 {
			return wrong("protocol")
		}
		s.protocol = n
	}
	s.name = args.text("client_name")
	return nil
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
	opts := &redis.Options{
		Network: s.network, Addr: s.addr, Username: s.username, Password: s.password, DB: max(s.db, 0), TLSConfig: s.tls,
		DialTimeout: s.connect, ReadTimeout: s.timeout, WriteTimeout: s.timeout, Protocol: s.protocol, ClientName: s.name,
	}
	limited(s.copies, &opts.DialTimeout, &opts.ReadTimeout, &opts.WriteTimeout, &opts.PoolTimeout)
	return redis.NewClient(redisops.ClientOptions(opts))
}

// failover returns a client of the primary that the Sentinels know by this name.
func (s *redisServer) failover(name string, sentinels []string, sentinelUser, sentinelPassword string) redis.UniversalClient {
	opts := &redis.FailoverOptions{
		MasterName: name, SentinelAddrs: sentinels, SentinelUsername: sentinelUser, SentinelPassword: sentinelPassword,
		Username: s.username, Password: s.password, DB: max(s.db, 0), TLSConfig: s.tls,
		DialTimeout: s.connect, ReadTimeout: s.timeout, WriteTimeout: s.timeout, Protocol: s.protocol, ClientName: s.name,
	}
	limited(s.copies, &opts.DialTimeout, &opts.ReadTimeout, &opts.WriteTimeout, &opts.PoolTimeout)
	return redisops.NewFailoverClient(opts)
}

// The limits of each step of a call (a free connection, a new one, an answer), unless the
// site's own client has some: redis-py waits for ever. A cache of copies in the same data
// center answers in a hundredth of it, and the rows are there meanwhile. Where the Redis has
// the sessions, a connection whose first packet is lost is made in time.
const (
	copyTimeout  = 250 * time.Millisecond
	redisTimeout = 2 * time.Second
)

// limited sets what is not set of the timeouts of a client.
func limited(copies bool, dial, read, write, pool *time.Duration) {
	standard := redisTimeout
	if copies {
		standard = copyTimeout
	}
	for _, d := range []*time.Duration{dial, read, write} {
		*d = cmp.Or(*d, standard)
	}
	*pool = cmp.Or(*pool, *read)
}

// pinged checks that a Redis answers.
func (s *Site) pinged(ctx context.Context, what string, client redis.UniversalClient) error {
	ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	if err := client.Ping(ctx).Err(); err != nil && !strings.HasPrefix(err.Error(), "NOPERM ") {
		if s.mayBeDown(what, err) {
			return nil
		}
		hint := tlsHint(err)
		if errors.As(err, new(x509.HostnameError)) {
			hint += " (redis-py before version 6 looks at the name only with ssl_check_hostname=True; say ssl_check_hostname=False to do without)"
		}
		if why := redisops.Hint(err); why != "" {
			hint = ": " + why + hint
		}
		return errtext.Hide(ErrUnavailable, what+" cannot be reached"+hint, err)
	}
	return nil
}

// probed adds a Warning for each thing that a Redis or the rights of its user do not allow.
func (s *Site) probed(ctx context.Context, what string, probe func(context.Context) ([]string, error)) error {
	ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	lacks, err := probe(ctx)
	if err != nil && !s.mayBeDown(what, err) {
		return fmt.Errorf("%w: %s: %w", ErrUnavailable, what, err)
	}
	for _, text := range lacks {
		s.warn(what, text)
	}
	return nil
}

// mayBeDown reports whether the site does without what is down: cached_db reads and writes
// the rows while the cache of its copies does not answer. It adds a Warning.
func (s *Site) mayBeDown(what string, err error) bool {
	if s.copies == "" || what != s.copies || !unreachable(err) {
		return false
	}
	s.warn("SESSION_CACHE_ALIAS", what+" cannot be reached: until it answers, Go reads and writes the rows only.")
	return true
}

// unreachable reports whether an error is of the way to a server, not of what it says.
func unreachable(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error") { // an alert of TLS
		return false
	}
	return errors.As(err, new(net.Error))
}

// openSessionRedis opens the store of django-redis-sessions.
func (s *Site) openSessionRedis(ctx context.Context) (djsession.Store, error) {
	if err := s.Settings.Sessions.Redis.Err(); err != nil {
		return nil, err
	}
	client, err := sessionRedis(s.Settings)
	if err != nil {
		return nil, err
	}
	const what = "SESSION_REDIS"
	s.closers = append(s.closers, client.Close)
	if err := s.pinged(ctx, what, client); err != nil {
		return nil, err
	}
	store := redisstore.New(s.site, client, &redisstore.Options{
		Prefix: s.Settings.Sessions.Redis.Prefix, Replicas: s.opts.RedisReplicas, Unguarded: true,
	})
	return store, s.probed(ctx, what, store.Probe)
}

// sessionRedis is RedisServer.get of redis_sessions.
func sessionRedis(set *djsettings.Settings) (redis.UniversalClient, error) {
	in := set.Sessions.Redis
	server := &redisServer{network: "tcp", addr: net.JoinHostPort(in.Host, strconv.Itoa(in.Port)), password: in.Password.Reveal(), db: in.DB}
	switch {
	case len(in.Sentinels) > 0:
		return server.failover(in.Master, in.Sentinels, "", ""), nil
	case in.ByDSN:
		return redisByDSN(in.URL.Reveal(), false)
	case !in.URL.IsZero():
		var err error
		if server, err = parseRedisURL(in.URL.Reveal()); err != nil {
			return nil, err
		}
		if err = server.complete(djsettings.Params{}, false, set); err != nil {
			return nil, err
		}
	case in.SocketPath != "":
		server.network, server.addr = "unix", in.SocketPath
	}
	return server.client(), nil
}
