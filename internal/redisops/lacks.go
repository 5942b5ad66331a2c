package redisops

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/go-djsession/go-djsession/djsession"
)

// power is a command, or a part of one, that a server, its user or a proxy may lack.
type power uint32

const (
	getRange power = 1 << iota
	strLen
	pTTL
	ifEq
	eval
	watch
)

var powers = []struct {
	power
	name string
}{{getRange, "GETRANGE"}, {strLen, "STRLEN"}, {pTTL, "PTTL"}, {ifEq, "SET IFEQ"}, {eval, "EVALSHA and EVAL"}, {watch, "WATCH, MULTI and EXEC"}}

func (p power) String() string {
	var names []string
	for _, known := range powers {
		if p&known.power != 0 {
			names = append(names, known.name)
		}
	}
	return strings.Join(names, ", ")
}

func (o *Ops) lacks(p power) bool { return power(o.lacking.Load())&p != 0 }

// learn notes from an error that a power is lacking. It reports whether it is.
func (o *Ops) learn(p power, err error) bool {
	if err == nil || !denied(err) && !(p == ifEq && begins(err, "ERR syntax error")) {
		return false
	}
	o.lacking.Or(uint32(p))
	return true
}

// denied reports whether the user may not use a command at all, or there is no such
// command. That a user may not use some keys is something else.
func denied(err error) bool {
	if says(err, "NOPERM") {
		return commandIn(err) != ""
	}
	for _, words := range []string{"ERR unknown command", "ERR unsupported command", "ERR unknown or disabled command", "invalid request"} {
		if begins(err, words) {
			return true
		}
	}
	return false
}

// Probe finds out what the servers lack, with a key that nobody has. Without it, the first
// operations find out. It returns a sentence for whoever runs the site for each thing that
// cannot be promised, or an error.
func (o *Ops) Probe(ctx context.Context, doing, key string) ([]string, error) {
	if _, err := o.Get(ctx, doing, key); err != nil && !errors.Is(err, djsession.ErrNotFound) {
		return nil, err
	}
	seen, tomorrow := djsession.VersionOf("djsession"), o.site.Now().AddDate(0, 0, 1)
	for _, try := range []struct {
		ways []power
		run  func() error
	}{
		{[]power{ifEq, eval, watch}, func() error { return o.Replace(ctx, doing, key, "", tomorrow, seen) }},
		{[]power{eval}, func() error { return o.Cycle(ctx, doing, key, seen, key+"2", "", tomorrow) }},
	} {
		for {
			err := try.run()
			if errors.Is(err, djsession.ErrNotFound) || errors.Is(err, errors.ErrUnsupported) {
				break
			}
			// A proxy may end the connection in place of an answer. Nothing is lost here.
			i := slices.IndexFunc(try.ways, func(p power) bool { return !o.lacks(p) })
			if i < 0 || !ended(err) {
				return nil, err
			}
			o.lacking.Or(uint32(try.ways[i]))
		}
	}
	if o.Replicas > 0 {
		if _, err := o.confirmed(ctx, key, "exists", key); err != nil {
			return nil, fail(ctx, doing, err)
		}
	}
	return o.unpromised(), nil
}

// unpromised says what cannot be promised without what is lacking.
func (o *Ops) unpromised() []string {
	var all []string
	if o.lacks(getRange|pTTL) && o.lacks(strLen) {
		all = append(all, "The Redis lets this user run neither GETRANGE nor STRLEN: a value of any size is read into memory before it is refused.")
	}
	if o.lacks(pTTL) {
		all = append(all, "The Redis does not let this user run PTTL: Go does not know when what it reads will end.")
	}
	if o.lacks(ifEq) && o.lacks(eval) && o.lacks(watch) {
		all = append(all, "The Redis offers none of SET IFEQ, EVALSHA with EVAL, and WATCH with MULTI and EXEC: a write is a read, a comparison and a write, as in Django, and what another process writes in between is lost. Grant the user of Go one of them.")
	} else if o.lacks(eval) {
		all = append(all, "The Redis does not let this user run EVALSHA and EVAL: a session gets its new key in two steps, and a program that is killed in between leaves it under both keys.")
	}
	return all
}

// commandIn returns the name of the command that a user may not run, by the server's words:
// "... has no permissions to run the 'getrange' command". It is "" for other errors.
func commandIn(err error) string {
	_, rest, ok := strings.Cut(answerOf(err), "permissions to run the '")
	if !ok {
		return ""
	}
	name, _, ok := strings.Cut(rest, "'")
	if !ok || len(name) > 30 || name == "" || slices.ContainsFunc([]byte(name), func(b byte) bool {
		return (b < 'a' || b > 'z') && b != '|' && b != '-' && b != '_' && b != '.'
	}) {
		return ""
	}
	return strings.ToUpper(strings.ReplaceAll(name, "|", " "))
}
