package redisops

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
)

// write sends a command that must not be done twice to the server that has key, and
// returns its answer, nil for none.
func (o *Ops) write(ctx context.Context, key string, args ...any) (any, error) {
	return o.send(ctx, key, args, 0)
}

// confirmed is write, and waits until the replicas have it: see [Options].
func (o *Ops) confirmed(ctx context.Context, key string, args ...any) (any, error) {
	return o.send(ctx, key, args, o.Replicas)
}

// once is a command that go-redis does not repeat.
type once struct{ *redis.Cmd }

func (once) NoRetry() bool { return true }

// pauses are the times to wait before a server that refused is asked again.
var pauses = []time.Duration{10 * time.Millisecond, 50 * time.Millisecond, 250 * time.Millisecond}

// send sends a command that must not be done twice.
func (o *Ops) send(ctx context.Context, key string, args []any, replicas int) (any, error) {
	return patiently(ctx, o, key, refused, func(ctx context.Context, c *client) (any, error) {
		cmd := redis.NewCmd(ctx, args...)
		if replicas == 0 {
			err := c.Process(ctx, once{cmd})
			return cmd.Val(), err
		}
		pipe, err := c.pipelineOf(ctx, key)
		if err != nil {
			return nil, err
		}
		wait := redis.NewCmd(ctx, "wait", replicas, waitFor.Milliseconds())
		_ = pipe.BatchProcess(ctx, once{cmd}, once{wait}) // which fail in Exec
		if _, err := pipe.Exec(ctx); cmd.Err() != nil {
			return cmd.Val(), cmd.Err()
		} else if err != nil {
			return nil, &commandError{"WAIT", err}
		}
		if n, _ := wait.Val().(int64); n < int64(replicas) && wrote(args, cmd.Val()) {
			return nil, errReplicas
		}
		return cmd.Val(), nil
	})
}

// pipelineOf returns a pipeline to the server that has key. That of a Cluster would send a
// command without a key to any server.
func (c *client) pipelineOf(ctx context.Context, key string) (redis.Pipeliner, error) {
	cluster, ok := c.UniversalClient.(*redis.ClusterClient)
	if !ok {
		return c.Pipeline(), nil
	}
	node, err := cluster.MasterForKey(ctx, key)
	if err != nil {
		return nil, err
	}
	return node.Pipeline(), nil
}

// waitFor is how long the replicas may take.
const waitFor = time.Second

// errReplicas: a write is done, and may be lost when the primary is.
var errReplicas = errors.New("redisops: too few replicas have confirmed the write")

// wrote reports whether the answer to a command says that something was written.
func wrote(args []any, reply any) bool {
	if args[0] == "evalsha" || args[0] == "eval" {
		return reply == int64(2)
	}
	return reply != nil && reply != int64(0)
}

// read sends commands that read, in one round trip to the server that has key. Each of them
// has its answer or its error; the error of read is one that concerns all.
func (o *Ops) read(ctx context.Context, key string, cmds ...redis.Cmder) error {
	_, err := patiently(ctx, o, key, again, func(ctx context.Context, c *client) (any, error) {
		for _, cmd := range cmds {
			cmd.SetErr(nil)
		}
		return nil, c.exec(ctx, cmds)
	})
	return err
}

// exec sends commands in one round trip, to the primary.
func (c *client) exec(ctx context.Context, cmds []redis.Cmder) error {
	var err error
	switch {
	case c.replicas:
		pipe := c.TxPipeline()
		_ = pipe.BatchProcess(ctx, cmds...)
		_, err = pipe.Exec(ctx)
	case len(cmds) == 1:
		err = c.Process(ctx, cmds[0])
	default:
		pipe := c.Pipeline()
		_ = pipe.BatchProcess(ctx, cmds...)
		_, err = pipe.Exec(ctx)
	}
	if err == nil || !answered(err) || again(err) {
		return err
	}
	for _, cmd := range cmds {
		if cmd.Err() != nil {
			return nil // as this one knows
		}
	}
	return err // none was sent: the server refused the connection
}

// patiently calls f, and calls it again if its error is one of those. A server that had its
// time is not given another one: then each step of a call takes its timeout once.
func patiently[T any](ctx context.Context, o *Ops, key string, these func(error) bool, f func(context.Context, *client) (T, error)) (T, error) {
	c := o.client(key)
	for i := 0; ; i++ {
		v, err := await(ctx, c, func(ctx context.Context) (T, error) {
			v, err := f(ctx, c)
			if call, ok := ctx.(*call); ok && err != nil && moved(err) {
				call.renew()
			}
			return v, err
		})
		switch {
		case errors.Is(err, redis.Nil):
			return v, nil
		case err == nil || !these(err) || timedOut(err) || i == len(pauses):
			return v, err
		}
		pause := pauses[i]
		switch {
		case i == 0 && !refused(err):
			pause = 0 // the server has ended the connection, and others may be there
		case o.Once:
			return v, err
		}
		select {
		case <-ctx.Done():
			return v, err
		case <-time.After(pause):
		}
	}
}

// timedOut reports whether an error is the end of a timeout.
func timedOut(err error) bool {
	var timeout net.Error
	return errors.Is(err, redis.ErrPoolTimeout) || errors.As(err, &timeout) && timeout.Timeout()
}

// unsent reports whether an error means that no connection was made.
func unsent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial" || errors.Is(err, redis.ErrPoolTimeout) || errors.Is(err, errReplica) || errors.Is(err, errMaxClients)
}

// refused reports whether an error means that the server did nothing, and that another
// try, or another server, may succeed.
func refused(err error) bool { return unsent(err) || moved(err) || says(err, "TRYAGAIN") }

// moved reports whether the server that answered may not be the one to ask any more.
func moved(err error) bool {
	for _, code := range []string{"READONLY", "LOADING", "MASTERDOWN", "CLUSTERDOWN"} {
		if says(err, code) {
			return true
		}
	}
	return false
}

// again reports whether a read may succeed after an error.
func again(err error) bool { return refused(err) || ended(err) }
