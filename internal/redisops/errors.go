package redisops

import (
	"context"
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsession"
)

// errReply: the answer does not have the shape of the command's.
var errReply = errors.New("redisops: the server answered something else")

// fail turns an error of go-redis into one of djsession. It hides the text of the cause,
// which may quote a key.
func fail(ctx context.Context, doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		// go-redis reports the end of a context as a timeout of the network.
		return djsession.Unavailable(doing, errors.Join(ctx.Err(), err))
	case says(err, "WRONGTYPE"):
		return djsession.Corrupt(doing+": the key holds no text", err)
	}
	for _, h := range hints {
		if says(err, h.code) {
			return djsession.Unavailable(doing+": "+h.hint, err)
		}
	}
	return djsession.Unavailable(doing, err)
}

// hints are the explanations that a text adds to an error of the server, by its code.
var hints = []struct{ code, hint string }{
	{"NOAUTH", "the server wants a password"},
	{"WRONGPASS", "the server knows no such user and password"},
	{"NOPERM", "the server's user may not do that to this key"},
	{"OOM", "the server's memory is full"},
	{"MISCONF", "the server cannot save and takes no writes"},
	{"READONLY", "the server is a replica"},
	{"LOADING", "the server is loading its data"},
	{"MASTERDOWN", "the server is a replica without its primary"},
	{"CLUSTERDOWN", "the cluster is down"},
	{"NOREPLICAS", "the server lacks replicas"},
	{"MOVED", "the server is a cluster, the client is not"},
}

// says reports whether a server answered with the code. If something fails in a script,
// Redis before 7 puts words of its own before the code.
func says(err error, code string) bool {
	var answer redis.Error
	if !errors.As(err, &answer) {
		return false
	}
	text := answer.Error()
	return strings.HasPrefix(text, code+" ") ||
		strings.HasPrefix(text, "ERR ") && (strings.Contains(text, " -"+code+" ") || strings.Contains(text, ": "+code+" "))
}

// refused reports whether an error means that the server did nothing, and that another
// try, or another server, may succeed.
func refused(err error) bool {
	for _, code := range []string{"READONLY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN"} {
		if says(err, code) {
			return true
		}
	}
	return errors.Is(err, redis.ErrPoolTimeout)
}
