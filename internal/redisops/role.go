package redisops

import (
	"context"
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"
)

// errReplica: the server takes its data from another one. Before the first
// synchronisation it has none, and would say of each session that it does not exist.
var errReplica = errors.New("redisops: the server is a replica")

// primary returns errReplica if the server of a connection is a replica. It asks by HELLO,
// for which an ACL needs no right, and else by ROLE and INFO. A server that answers none of
// them, such as a proxy, counts as a primary.
func primary(ctx context.Context, c *redis.Conn) error {
	for _, ask := range []struct {
		args []any
		role func(reply any) string
	}{
		{[]any{"hello"}, roleOfHello},
		{[]any{"role"}, func(reply any) string { return text(at(reply, 0)) }},
		{[]any{"info", "replication"}, roleOfInfo},
	} {
		cmd := redis.NewCmd(ctx, ask.args...)
		err := c.Process(ctx, once{cmd})
		switch {
		case err != nil && !answered(err), says(err, "LOADING"), says(err, "MASTERDOWN"), says(err, "NOAUTH"):
			return err
		case err != nil:
			continue
		}
		switch ask.role(cmd.Val()) {
		case "slave", "replica":
			return errReplica
		case "master":
			return nil
		}
	}
	return nil
}

// answered reports whether an error is what the server said.
func answered(err error) bool {
	var answer redis.Error
	return errors.As(err, &answer)
}

func roleOfHello(reply any) string {
	if m, ok := reply.(map[any]any); ok { // RESP3
		return text(m["role"])
	}
	list, _ := reply.([]any)
	for i := 0; i+1 < len(list); i += 2 {
		if list[i] == "role" {
			return text(list[i+1])
		}
	}
	return ""
}

func roleOfInfo(reply any) string {
	for line := range strings.SplitSeq(text(reply), "\n") {
		if role, ok := strings.CutPrefix(strings.TrimSpace(line), "role:"); ok {
			return role
		}
	}
	return ""
}

func at(reply any, i int) any {
	if list, ok := reply.([]any); ok && i < len(list) {
		return list[i]
	}
	return nil
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
