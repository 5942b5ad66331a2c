package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/payload"
	"github.com/go-djsession/go-djsession/internal/tagged"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// payloadFlags are the flags that decode and encode share.
type payloadFlags struct {
	formatFlags
	file   string
	tagged bool
	lines  bool
}

func (f *payloadFlags) add(a *app, c *cobra.Command, what string) {
	f.formatFlags.add(a, c)
	fs := c.Flags()
	fs.StringVarP(&f.file, "file", "f", "", "`FILE` to read the "+what+" from")
	fs.BoolVar(&f.tagged, "tagged", false, "the session's JSON has the type of each value spelled out")
	fs.BoolVar(&f.lines, "lines", false, "one "+what+" a line in, one JSON object a line out")
	_ = c.MarkFlagFilename("file")
}

func (a *app) decodeCommand() *cobra.Command {
	var (
		f        payloadFlags
		maxAge   age
		noVerify bool
	)
	c := &cobra.Command{
		Use:     "decode [PAYLOAD]",
		GroupID: groupValues,
		Short:   "Print the session that a signed value holds, as JSON",
		Long: `decode verifies a session's value, such as session_data of a row or the cookie of
the engine signed_cookies, and prints the session as JSON on standard output.
The value is the argument, the content of --file, or what standard input gives.

With --lines each line of the input is a value, and each line of the output says
    {"ok":true,"session":{...}}   or   {"ok":false,"error":"..."}
in the same order. The exit status is 1 if any was refused.

With --tagged the values are printed with their Python types:
    {"type":"dict","value":[[{"type":"str","value":"visits"},{"type":"int","value":"7"}]]}

The output is ASCII. NaN and Infinity, which Django's JSON may hold, are printed
as they are, though other readers of JSON refuse them; --tagged avoids that.`,
		Example: `  export DJANGO_SECRET_KEY
  djsession decode 'eyJ2aXNpdHMiOjd9:1r31eq:T75S6Hd...'
  sqlite3 db.sqlite3 'select session_data from django_session' | djsession decode --lines
  djsession decode --salt ` + payload.CookieEngine + ` --max-age 14d -f c.txt`,
		Args:              arguments(0, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			var (
				keys *console.Secrets
				err  error
			)
			switch {
			case noVerify && c.Flags().Changed("max-age"):
				return usage("--max-age needs the signature, which --no-verify does not look at", "leave one of them out")
			case noVerify:
				a.Warn("the signature is not verified: anybody may have written this")
			default:
				if keys, err = f.secrets.Need(&a.Console); err != nil {
					return err
				}
			}
			p, err := f.codec(a, keys)
			if err != nil {
				return err
			}
			if c.Flags().Changed("max-age") {
				p.MaxAge = (*time.Duration)(&maxAge)
			}
			return f.decode(c.Context(), a, p, args)
		},
	}
	f.add(a, c, "payload")
	c.Flags().Var(&maxAge, "max-age", "refuse what was signed longer ago: seconds, or as in 14d")
	c.Flags().BoolVar(&noVerify, "no-verify", false, "don't verify the signature; needs no key")
	_ = c.RegisterFlagCompletionFunc("max-age", cobra.NoFileCompletions)
	return c
}

// codec returns the Codec for the flags. keys may be nil if nothing is verified.
func (f *formatFlags) codec(a *app, keys *console.Secrets) (*payload.Codec, error) {
	p := &payload.Codec{Blind: keys == nil}
	if p.Blind {
		return p, nil
	}
	v, err := f.version()
	if err != nil {
		return nil, err
	}
	oldDjango := v != djsession.DjangoVersion{} && v.Before(4, 0)
	opts := signer.Options{Salt: f.salt, LegacySHA1: oldDjango && !v.Before(3, 1)}
	if p.Signer, err = signer.NewTimestamp(keys.Keys, opts); err != nil {
		return nil, err
	}
	p.Signer.Now = a.Now
	if p.Serializer, err = f.chosen(); err != nil {
		return nil, err
	}
	if _, ok := f.class(); !ok {
		return p, nil
	}
	set, err := f.settings(a, keys.Keys)
	if err != nil {
		return nil, err
	}
	p.Old = oldDjango && v.Before(3, 1)
	p.Site, err = newSite(set)
	return p, err
}

func (f *payloadFlags) decode(ctx context.Context, a *app, p *payload.Codec, args []string) error {
	if f.lines {
		return f.each(ctx, a, args, "payload", "session", func(line string) ([]byte, error) {
			d, err := p.Decode(strings.TrimSpace(line))
			if err != nil {
				return nil, err
			}
			return f.text(d, "")
		})
	}
	text, err := a.Value("the payload", args, f.file)
	if err != nil {
		return err
	}
	d, err := p.Decode(strings.TrimSpace(text))
	if err != nil {
		return err
	}
	out, err := f.text(d, "  ")
	if err == nil {
		a.Say("%s", out)
	}
	return err
}

// text returns a session as JSON.
func (f *payloadFlags) text(d *serializer.Dict, indent string) ([]byte, error) {
	if !f.tagged {
		return serializer.AppendText(nil, d, indent)
	}
	text, err := tagged.Append(nil, d)
	if err != nil || indent == "" {
		return text, err
	}
	var b bytes.Buffer
	err = json.Indent(&b, text, "", indent)
	return b.Bytes(), err
}

// each calls do for each line of the input, and writes one line for it, with the result
// under the name key.
func (f *payloadFlags) each(ctx context.Context, a *app, args []string, what, key string, do func(line string) ([]byte, error)) error {
	in, done, err := a.Input("the "+what+"s", args, f.file)
	if err != nil {
		return err
	}
	defer done()
	out := bufio.NewWriter(a.Stdout)
	l := console.NewLines(in, console.MaxInput)
	total, bad := 0, 0
	for ctx.Err() == nil {
		line, err := l.Next()
		if err == io.EOF {
			break
		}
		var result []byte
		switch {
		case errors.Is(err, console.ErrLong):
			err = refused(fmt.Sprintf("the line is longer than %d bytes", console.MaxInput), "")
		case err != nil:
			return errors.Join(out.Flush(), err)
		default:
			result, err = do(line)
		}
		total++
		if err == nil {
			fmt.Fprintf(out, "{\"ok\":true,%q:%s}\n", key, result)
		} else {
			bad++
			text, _ := serializer.AppendText(nil, console.ProblemOf(ctx, err).Text, "")
			fmt.Fprintf(out, "{\"ok\":false,\"error\":%s}\n", text)
		}
		if !l.Waiting() { // the other end may wait for this answer
			if err := a.Flush(out); err != nil {
				return err
			}
		}
	}
	if err := a.Flush(out); err != nil {
		return err
	}
	if ctx.Err() == nil && bad > 0 {
		return refused(fmt.Sprintf("%d of %d %ss were refused", bad, total, what), "the lines with \"ok\":false say why")
	}
	return ctx.Err()
}
