package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/internal/payload"
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
			keys, err := f.secrets.Need(&a.Console)
			if err != nil {
				return err
			}
			p, err := f.codec(a, keys)
			if err != nil {
				return err
			}
			switch {
			case !c.Flags().Changed("timestamp"):
			case p.Old:
				return usage("--timestamp is given, but the format of Django before 3.1 has none", "leave --timestamp out")
			default:
				p.Signer.Now = func() time.Time { return time.Unix(timestamp, 0) }
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

func (f *payloadFlags) encode(ctx context.Context, a *app, p *payload.Codec, args []string) error {
	if f.lines {
		return f.each(ctx, a, args, "session", "payload", func(line string) ([]byte, error) {
			text, err := f.sign(p, line)
			if err != nil {
				return nil, err
			}
			return serializer.AppendText(nil, text, "")
		})
	}
	text, err := a.Value("the session", args, f.file)
	if err != nil {
		return err
	}
	payload, err := f.sign(p, text)
	if err == nil {
		a.Say("%s", payload)
	}
	return err
}

func (f *payloadFlags) sign(p *payload.Codec, text string) (string, error) {
	parse := payload.Parse
	if f.tagged {
		parse = payload.ParseTagged
	}
	d, err := parse(text)
	if err != nil {
		return "", err
	}
	return p.Encode(d)
}
