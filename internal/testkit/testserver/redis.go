package testserver

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Redis returns the private Redis. It has 16 databases.
func Redis(t testing.TB) *Server {
	t.Helper()
	return redisServers.get(t, 1)[0]
}

// Redises returns n independent Redises. The first is that of [Redis].
func Redises(t testing.TB, n int) []*Server {
	t.Helper()
	return redisServers.get(t, n)
}

// Valkey returns the private Valkey of a version that compat_test/setup.sh installs: 9.0 or
// 9.1.
func Valkey(t testing.TB, version string) *Server {
	t.Helper()
	return specialKind("valkey "+version, func() *kind {
		k := redisKindOf("valkey-server-"+version, "Valkey "+version, redisOptions)
		k.install = "Valkey by compat_test/setup.sh servers"
		return k
	}).get(t)
}

// RedisProgram is the Redis of the tests: that of the PATH, or another one that
// DJSESSION_TEST_REDIS names.
func RedisProgram() string { return cmp.Or(os.Getenv("DJSESSION_TEST_REDIS"), "redis-server") }

// RedisCluster returns the three masters of a Redis Cluster. It has no replicas.
func RedisCluster(t testing.TB) []*Server {
	t.Helper()
	nodes := redisNodes.get(t, 3)
	redisCluster.once.Do(func() { redisCluster.err = joinRedis(nodes) })
	if redisCluster.err != nil {
		t.Fatalf("make a Redis Cluster: %v", redisCluster.err)
	}
	return nodes
}

// RedisSentinel returns a Sentinel that watches the server of [Redis] under the name
// "mymaster".
func RedisSentinel(t testing.TB) *Server {
	t.Helper()
	master := Redis(t)
	redisSentinel.once.Do(func() {
		redisSentinel.kind = redisKind("Redis Sentinel", nil)
		redisSentinel.kind.serve = func(bin map[string]string, data string, port int) []string {
			// A Sentinel writes its configuration, so it needs a file.
			text := fmt.Sprintf("sentinel monitor mymaster %s %d 1\n", master.Host, master.Port)
			return []string{"sh", "-c", `printf %s "$1" >"$2" && exec "$0" "$2" --sentinel --port "$3"`,
				bin[RedisProgram()], text, data, strconv.Itoa(port)}
		}
		redisSentinel.kind.ready = "+monitor master mymaster"
	})
	return redisSentinel.kind.get(t)
}

var (
	redisServers = kinds{make: func() *kind {
		return redisKind("Redis", redisOptions)
	}}
	redisNodes = kinds{make: func() *kind {
		return redisKind("Redis", func(port int) []string {
			bus, err := freePort() // the default, port+10000, may be too large
			if err != nil {
				bus = port ^ 1
			}
			return append(redisOptions(port), "--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(bus),
				"--cluster-announce-ip", "127.0.0.1", "--cluster-node-timeout", "500")
		})
	}}
	redisCluster struct {
		once sync.Once
		err  error
	}
	redisSentinel struct {
		once sync.Once
		kind *kind
	}
)

func redisKind(name string, options func(port int) []string) *kind {
	return redisKindOf(RedisProgram(), name, options)
}

func redisKindOf(program, name string, options func(port int) []string) *kind {
	return &kind{
		name:     name,
		install:  "redis-server",
		binaries: []string{program},
		user:     "default",
		signal:   "TERM",
		ready:    "Ready to accept connections",
		serve: func(bin map[string]string, _ string, port int) []string {
			return append([]string{bin[program]}, options(port)...)
		},
	}
}

func redisOptions(port int) []string {
	return []string{"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"}
}

// kinds holds as many servers of one kind as the tests need.
type kinds struct {
	make func() *kind
	mu   sync.Mutex
	all  []*kind
}

func (k *kinds) get(t testing.TB, n int) []*Server {
	t.Helper()
	k.mu.Lock()
	for len(k.all) < n {
		k.all = append(k.all, k.make())
	}
	all := k.all[:n]
	k.mu.Unlock()
	servers := make([]*Server, n)
	for i, kind := range all {
		servers[i] = kind.get(t)
	}
	return servers
}

// slots is the number of slots of a Redis Cluster.
const slots = 16384

// joinRedis divides the slots among the nodes and waits until all nodes know it.
func joinRedis(nodes []*Server) error {
	for i, n := range nodes {
		first, last := i*slots/len(nodes), (i+1)*slots/len(nodes)-1
		if _, err := n.redis("CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(first), strconv.Itoa(last)); err != nil {
			return err
		}
		if _, err := n.redis("CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1)); err != nil {
			return err
		}
	}
	for _, n := range nodes[1:] {
		bus, err := n.redis("CONFIG", "GET", "cluster-port")
		if err != nil {
			return err
		}
		fields := strings.Fields(bus)
		if _, err := nodes[0].redis("CLUSTER", "MEET", n.Host, strconv.Itoa(n.Port), fields[len(fields)-1]); err != nil {
			return err
		}
	}
	for range 1200 {
		ready := 0
		for _, n := range nodes {
			info, err := n.redis("CLUSTER", "INFO")
			if err != nil {
				return err
			}
			if strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d", len(nodes))) {
				ready++
			}
		}
		if ready == len(nodes) {
			return patient(nodes)
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("the nodes have not found each other in two minutes")
}

// patient lengthens the node timeout. The short one made the nodes join faster.
func patient(nodes []*Server) error {
	for _, n := range nodes {
		if _, err := n.redis("CONFIG", "SET", "cluster-node-timeout", "60000"); err != nil {
			return err
		}
	}
	return nil
}

// redis sends a command and returns the answer, one element a line.
func (s *Server) redis(args ...string) (string, error) {
	c, err := net.DialTimeout("tcp", s.Addr(), 5*time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return "", err
	}
	fmt.Fprintf(c, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(c, "$%d\r\n%s\r\n", len(a), a)
	}
	text, err := readRedis(bufio.NewReader(c))
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	return text, nil
}

func readRedis(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	kind, rest := line[0], strings.TrimSpace(line[1:])
	switch kind {
	case '+', ':':
		return rest, nil
	case '-':
		return "", fmt.Errorf("the server said: %s", rest)
	}
	n, err := strconv.Atoi(rest)
	if err != nil {
		return "", err
	}
	if n < 0 {
		return "", nil
	}
	if kind == '$' {
		text := make([]byte, n+2)
		if _, err := io.ReadFull(r, text); err != nil {
			return "", err
		}
		return string(text[:n]), nil
	}
	var all []string
	for range n {
		text, err := readRedis(r)
		if err != nil {
			return "", err
		}
		all = append(all, text)
	}
	return strings.Join(all, "\n"), nil
}
