package redisops

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// NewFailoverClient is [redis.NewFailoverClient] with the connections of [ClientOptions]. It
// follows the fields of o about the Sentinels, the server and timeouts. Each new connection
// asks a Sentinel for the primary. When one reports a new primary, no connection to the old
// one is used again. Close ends the goroutine that listens to the Sentinels.
//
// The client of go-redis writes to [os.Stderr] which primary it has found.
func NewFailoverClient(o *redis.FailoverOptions) redis.UniversalClient {
	dial := o.Dialer
	if dial == nil {
		dial = redis.NewDialer(&redis.Options{DialTimeout: timeoutOf(o.DialTimeout, 5*time.Second), TLSConfig: o.TLSConfig})
	}
	s := &sentinels{name: o.MasterName, addrs: slices.Clone(o.SentinelAddrs), dial: dial, user: o.SentinelUsername, password: o.SentinelPassword}
	opts := ClientOptions(&redis.Options{
		Addr: "sentinel", Username: o.Username, Password: o.Password, DB: o.DB, ClientName: o.ClientName, Protocol: o.Protocol,
		DialTimeout: o.DialTimeout, ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout, PoolTimeout: o.PoolTimeout,
		PoolSize: o.PoolSize, OnConnect: o.OnConnect,
		Dialer: func(ctx context.Context, _, _ string) (net.Conn, error) {
			addr, err := s.primary(ctx)
			if err != nil {
				return nil, err
			}
			return dial(ctx, "tcp", addr)
		},
	})
	// The connections and the listener have one age.
	opts.Dialer, s.from = noting(opts.Dialer)
	ctx, stop := context.WithCancel(context.Background())
	c := &failoverClient{Client: redis.NewClient(opts), stop: stop}
	c.listening.Go(func() { s.listen(ctx) })
	return c
}

// failoverClient is a client that listens to Sentinels.
type failoverClient struct {
	*redis.Client
	stop      func()
	listening sync.WaitGroup
}

// Close implements [redis.UniversalClient].
func (c *failoverClient) Close() error {
	c.stop()
	c.listening.Wait()
	return c.Client.Close()
}

// noting returns a dialer that notes the origin of its connections.
func noting(dial dialFunc) (dialFunc, func() *origin) {
	var (
		mu   sync.Mutex
		from *origin
	)
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dial(ctx, network, addr)
			if own, ok := c.(*conn); ok {
				mu.Lock()
				from = own.from
				mu.Unlock()
			}
			return c, err
		}, func() *origin {
			mu.Lock()
			defer mu.Unlock()
			return from
		}
}

func timeoutOf(d, standard time.Duration) time.Duration {
	if d == 0 {
		return standard
	}
	return max(d, 0)
}

// sentinels are asked for the primary of a name.
type sentinels struct {
	name           string
	dial           dialFunc
	user, password string
	from           func() *origin // of the connections to the servers

	mu    sync.Mutex
	addrs []string // the one that answered last comes first
}

var errNoPrimary = errors.New("redisops: the Sentinels know no primary of this name")

func (s *sentinels) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.addrs)
}

func (s *sentinels) client(addr string, read time.Duration) *redis.SentinelClient {
	return redis.NewSentinelClient(&redis.Options{
		Addr: addr, Username: s.user, Password: s.password, Dialer: Dialer(s.dial, read, 3*time.Second), Protocol: 2, PoolSize: 1,
		ContextTimeoutEnabled: true, ReadTimeout: -1, WriteTimeout: -1, MaxRetries: -1, DialerRetries: 1, PipelinePoolSize: -1,
	})
}

// primary returns the address of the primary.
func (s *sentinels) primary(ctx context.Context) (string, error) {
	var errs []error
	for _, addr := range s.all() {
		c := s.client(addr, 3*time.Second)
		got, err := c.GetMasterAddrByName(ctx, s.name).Result()
		_ = c.Close()
		switch {
		case errors.Is(err, redis.Nil):
			errs = append(errs, errNoPrimary)
			continue
		case err != nil || len(got) != 2:
			errs = append(errs, err)
			continue
		}
		s.mu.Lock()
		if i := slices.Index(s.addrs, addr); i > 0 {
			s.addrs[0], s.addrs[i] = s.addrs[i], s.addrs[0]
		}
		s.mu.Unlock()
		return net.JoinHostPort(got[0], got[1]), nil
	}
	return "", errors.Join(errs...)
}

// listen waits for a new primary, until ctx ends.
func (s *sentinels) listen(ctx context.Context) {
	for i := 0; ctx.Err() == nil; i++ {
		addrs := s.all()
		if len(addrs) == 0 {
			return
		}
		c := s.client(addrs[i%len(addrs)], 0)
		news := c.Subscribe(ctx, "+switch-master")
		end := context.AfterFunc(ctx, func() { _ = news.Close() }) // which ends a read
		for {
			m, err := news.ReceiveMessage(ctx)
			if err != nil {
				break
			}
			name, _, _ := strings.Cut(m.Payload, " ")
			if from := s.from(); name == s.name && from != nil {
				from.renew(from.age.Load())
			}
		}
		end()
		_ = news.Close()
		_ = c.Close()
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}
