package main

import (
	"bufio"
	"context"
	"io"
	"strings"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/payload"
)

// The lengths of a prefix that stands for a session.
const (
	minPrefix = 4
	maxPrefix = 16
)

// keyHelp is part of the help of every command that takes a KEY.
const keyHelp = `KEY is the beginning of a session key, as djsession list prints it, or - for a
whole one on standard input. A whole key on the command line is refused: who reads
it there has the session.`

// key returns the session key that arg stands for.
func (e *engine) key(ctx context.Context, a *app, arg string) (string, error) {
	if arg != "-" {
		return e.keyOfPrefix(ctx, arg)
	}
	in, err := a.TakeStdin("the session key")
	if err != nil {
		return "", err
	}
	return e.keyFrom(bufio.NewReader(in))
}

// keyFrom reads a key from the first line of in.
func (e *engine) keyFrom(in *bufio.Reader) (string, error) {
	line, err := in.ReadSlice('\n')
	if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
		return "", console.FileProblem(err)
	}
	key := strings.TrimSpace(string(line))
	if !e.Sessions.Site().ValidKey(key) {
		return "", usage("what standard input gives is no session key", "a key has 32 characters of a-z and 0-9; if it is a cookie, djsession explain tells more")
	}
	return key, nil
}

func (e *engine) keyOfPrefix(ctx context.Context, prefix string) (string, error) {
	const hint = "give the first 8 characters, as djsession list prints them, or pipe the whole key and write - for it"
	switch {
	case strings.Trim(prefix, payload.KeyChars) != "":
		return "", usage("KEY holds characters that are in no session key", hint)
	case len(prefix) > maxPrefix:
		return "", usage("a whole session key does not belong on the command line: every user of this machine can read it there", hint)
	case len(prefix) < minPrefix:
		return "", usage("KEY is too short", hint)
	}
	if _, err := e.lister(); err != nil {
		return "", err
	}
	keys, err := e.FindKeys(ctx, prefix, 2)
	switch {
	case err != nil:
		return "", djsession.Unavailable("look for the session", err)
	case len(keys) == 0:
		return "", refused("no session key begins with "+prefix, "djsession list shows what there is")
	case len(keys) > 1:
		return "", refused("several session keys begin with "+prefix, "give more of it, or the whole key on standard input; djsession list --reveal prints whole keys")
	}
	return keys[0], nil
}
