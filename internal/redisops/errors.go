package redisops

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/fault"
)

// errReply: the answer does not have the shape of the command's.
var errReply = errors.New("redisops: the server answered something else")

// fail turns an error of go-redis into one of djsession. It hides the text of the cause,
// which may quote a key.
func fail(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	over := fault.Ended(ctx)
	switch {
	case over != nil:
		// go-redis reports the end of a context as a timeout of the network.
		return djsession.Unavailable(doing, errors.Join(over, err))
	case says(err, "WRONGTYPE"):
		return djsession.Corrupt(doing+": the key holds no text", err)
	}
	if h := Hint(err); h != "" {
		doing += ": " + h
	}
	return djsession.Unavailable(doing, err)
}

// hints are the explanations that a text adds to an error of the server, by its code.
var hints = []struct{ code, hint string }{
	{"NOAUTH", "the server wants a password"},
	{"WRONGPASS", "the server knows no such user and password"},
	{"OOM", "the server's memory is full"},
	{"MISCONF", "the server cannot save to its disk and takes no writes"},
	{"READONLY", "the server is a replica"},
	{"LOADING", "the server is loading its data"},
	{"MASTERDOWN", "the server is a replica without its primary"},
	{"CLUSTERDOWN", "the cluster is down"},
	{"TRYAGAIN", "the cluster is moving the key"},
	{"NOREPLICAS", "the server lacks replicas"},
	{"BUSY", "the server is busy with a script"},
	{"MOVED", "the server is a cluster, the client is not"},
}

// commandError is an error about a command that goes beside another one.
type commandError struct {
	name string
	err  error
}

func (e *commandError) Error() string { return e.name + " failed" }
func (e *commandError) Unwrap() error { return e.err }

// Hint says what an error means, "" if that is not known. It quotes nothing but the code.
func Hint(err error) string {
	for _, h := range hints {
		if says(err, h.code) {
			return h.hint + " (" + h.code + ")"
		}
	}
	var (
		dns     *net.DNSError
		timeout net.Error
		command *commandError
	)
	switch name := commandIn(err); {
	case name != "":
		return "the server's user may not run " + name + " (NOPERM)"
	case says(err, "NOPERM"):
		return "the server's user may not do that to this key (NOPERM)"
	case strings.Contains(answerOf(err), "can't run this command"), strings.Contains(answerOf(err), "ACL failure in script"):
		return "the server's user may not run a command of the script, one of GET, SET, PEXPIRE, EXISTS and DEL (NOPERM)"
	case errors.As(err, &command):
		return "the server does not let its user run " + command.name
	case errors.Is(err, errNoSwap):
		return "the server offers none of SET IFEQ, EVALSHA with EVAL, and WATCH with MULTI and EXEC"
	case errors.Is(err, errReplicas):
		return "too few replicas have confirmed the write in time"
	case errors.Is(err, errReplica):
		return "the server is a replica"
	case errors.Is(err, errNoPrimary):
		return "the Sentinels know no primary of this name"
	case errors.Is(err, errMaxClients), begins(err, "ERR max number of clients"):
		return "the server has its maximal number of clients"
	case begins(err, "ERR unknown command"):
		return "the server does not know the command"
	case begins(err, "ERR DB index"):
		return "the server has no database of this number"
	case errors.As(err, &dns):
		return "the name of the server is not known"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nobody listens at the server's address"
	case errors.Is(err, redis.ErrPoolTimeout):
		return "all connections are in use"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "the server did not answer in time"
	case ended(err):
		return "the server ended the connection"
	}
	return ""
}

// answerOf returns the words of a server, "" if it did not answer.
func answerOf(err error) string {
	var answer redis.Error
	if errors.As(err, &answer) {
		return answer.Error()
	}
	return ""
}

func begins(err error, words string) bool { return strings.HasPrefix(answerOf(err), words) }

// says reports whether a server answered with the code. If something fails in a script,
// Redis before 7 puts words of its own before the code.
func says(err error, code string) bool {
	text := answerOf(err)
	return strings.HasPrefix(text, code+" ") ||
		strings.HasPrefix(text, "ERR ") && (strings.Contains(text, " -"+code+" ") || strings.Contains(text, ": "+code+" "))
}
