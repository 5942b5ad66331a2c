package memcached

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/go-djsession/go-djsession/djsession"
)

// Servers choose among several memcacheds as one of Django's clients does. They are a
// memcache.ServerSelector. They never change and resolve no names: the client resolves
// them when it makes a connection.
//
// An address is the text in LOCATION: "host:port", "host" for port 11211, "[::1]:11211",
// "unix:/path" or "/path". A weight may follow the port, "host:port:2", for clients that
// have weights; MemcachedCache has them as tuples in LOCATION, (address, weight). The
// order is that of LOCATION.
type Servers struct {
	servers []server
	pick    func(key string) int
	prefix  string // that the rule does not see
}

var _ memcache.ServerSelector = (*Servers)(nil)

// PickServer implements memcache.ServerSelector.
func (s *Servers) PickServer(key string) (net.Addr, error) { return s.servers[s.Pick(key)], nil }

// Pick returns the index of the server that has a key. The key is one that djcache.Keys
// makes.
func (s *Servers) Pick(key string) int {
	if len(s.servers) == 1 {
		return 0
	}
	return s.pick(strings.TrimPrefix(key, s.prefix))
}

// After returns the same servers for keys that begin with prefix: see
// [Options.ClientPrefix]. The rule does not see the prefix.
func (s *Servers) After(prefix string) *Servers {
	return &Servers{servers: s.servers, pick: s.pick, prefix: prefix}
}

// Each implements memcache.ServerSelector.
func (s *Servers) Each(f func(net.Addr) error) error {
	for _, server := range s.servers {
		if err := f(server); err != nil {
			return err
		}
	}
	return nil
}

// Location splits a LOCATION that is one string, as Django does: at commas and
// semicolons.
func Location(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' })
}

// server is an address. It is a net.Addr.
type server struct {
	host   string // or the path of a socket
	port   int    // 0 for a socket
	weight int
}

const defaultPort = 11211

// Network implements net.Addr.
func (s server) Network() string {
	if s.port == 0 {
		return "unix"
	}
	return "tcp"
}

// String implements net.Addr: it returns the address for net.Dial.
func (s server) String() string {
	if s.port == 0 {
		return s.host
	}
	return net.JoinHostPort(s.host, strconv.Itoa(s.port))
}

// parse reads addresses. Its errors hold no address, because some hold passwords.
func parse(addresses []string) ([]server, error) {
	if len(addresses) == 0 {
		return nil, fmt.Errorf("%w: there is no memcached", djsession.ErrConfig)
	}
	servers := make([]server, len(addresses))
	for i, address := range addresses {
		s, ok := parseOne(address)
		if !ok {
			return nil, fmt.Errorf("%w: memcached %d of %d has no address such as host:11211 or unix:/path", djsession.ErrConfig, i+1, len(addresses))
		}
		servers[i] = s
	}
	return servers, nil
}

func parseOne(address string) (_ server, ok bool) {
	s := server{port: defaultPort, weight: 1}
	path, isPath := strings.CutPrefix(address, "unix:")
	if isPath || strings.HasPrefix(path, "/") {
		return server{host: path, weight: 1}, path != ""
	}
	rest := ""
	if inner, bracket := strings.CutPrefix(address, "["); bracket {
		if s.host, rest, ok = strings.Cut(inner, "]"); !ok {
			return s, false
		}
	} else if i := strings.IndexByte(address, ':'); i >= 0 {
		s.host, rest = address[:i], address[i:]
	} else {
		s.host = address
	}
	if rest != "" {
		port, weight, weighted := strings.Cut(strings.TrimPrefix(rest, ":"), ":")
		if s.port, ok = number(port, 65535); !ok || rest[0] != ':' {
			return s, false
		}
		if weighted {
			if s.weight, ok = number(weight, 1<<16); !ok {
				return s, false
			}
		}
	}
	return s, s.host != ""
}

// number reads a number from 1 to most.
func number(text string, most int) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && 1 <= n && n <= most
}
