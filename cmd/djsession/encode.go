package main

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/serializer"
)

func (a *app) encodeCommand() *cobra.Command {
	var (
		f         payloadFlags
		timestamp int64
	)
	c := &cobra.Command{
		Use:     "encode [JSON]",
		GroupID: groupValues,
		Short:   "Sign a session, given as JSON, the way Django does",
		Long: `encode is the reverse of decode: it takes a session as a JSON object and prints the
value that Django would store for it, compressed if that is shorter.
The session is the argument, the content of --file, or what standard input gives.

With --lines each line of the input is a session, and each line of the output says
    {"ok":true,"payload":"..."}   or   {"ok":false,"error":"..."}`,
		Example: `  export DJANGO_SECRET_KEY
  djsession encode '{"visits": 7}'
  djsession decode --file row.txt | jq .visits=8 | djsession encode`,
		Args:              arguments(0, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			keys, err := f.secrets.need(a)
			if err != nil {
				return err
			}
			p, err := f.payloads(a, keys)
			if err != nil {
				return err
			}
			switch {
			case !c.Flags().Changed("timestamp"):
			case p.old:
				return usage("--timestamp is given, but the format of Django before 3.1 has none", "leave --timestamp out")
			default:
				p.signer.Now = func() time.Time { return time.Unix(timestamp, 0) }
			}
			return f.encode(c.Context(), a, p, args)
		},
	}
	f.add(a, c, "session")
	f.addSerializer(c)
	c.Flags().Int64Var(&timestamp, "timestamp", 0, "sign as at this moment, in Unix `SECONDS` (default now)")
	_ = c.RegisterFlagCompletionFunc("timestamp", cobra.NoFileCompletions)
	return c
}

func (f *payloadFlags) encode(ctx context.Context, a *app, p *payloads, args []string) error {
	if f.lines {
		return f.each(ctx, a, args, "session", "payload", func(line string) ([]byte, error) {
			text, err := f.sign(p, line)
			if err != nil {
				return nil, err
			}
			return serializer.AppendText(nil, text, "")
		})
	}
	text, err := a.value("the session", args, f.file)
	if err != nil {
		return err
	}
	payload, err := f.sign(p, text)
	if err == nil {
		a.say("%s", payload)
	}
	return err
}

func (f *payloadFlags) sign(p *payloads, text string) (string, error) {
	parse := parseSession
	if f.tagged {
		parse = parseTaggedSession
	}
	d, err := parse(text)
	if err != nil {
		return "", err
	}
	return p.encode(d)
}

// parseSession reads the JSON that a user wrote, in UTF-8, where Django's own is
// ASCII.
func parseSession(text string) (*serializer.Dict, error) {
	v, err := parseValue(text)
	if err != nil {
		return nil, err
	}
	d, err := serializer.JSON{}.Loads([]byte(v))
	if err != nil {
		return nil, inputProblem(err)
	}
	return d, nil
}

// parseValue is parseSession for any value.
func parseValue(text string) (serializer.RawJSON, error) {
	v, err := serializer.JSON{}.Freeze(json.RawMessage(strings.TrimSpace(text)))
	if err != nil {
		return "", inputProblem(err)
	}
	return v.(serializer.RawJSON), nil
}
