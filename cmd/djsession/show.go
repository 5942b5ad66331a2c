package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/explain"
	"github.com/go-djsession/go-djsession/internal/payload"
	"github.com/go-djsession/go-djsession/serializer"
)

// showFlags say how to show a session.
type showFlags struct {
	siteFlags
	json   bool
	reveal bool
}

func (a *app) showCommand() *cobra.Command {
	var f showFlags
	c := &cobra.Command{
		Use:     "show KEY",
		GroupID: groupSessions,
		Short:   "Show what a session holds",
		Long: `show prints the user id in a session, when it expires, and the names, types and
sizes of its values. The values themselves, and the whole key, come with --reveal.

` + keyHelp + `

Sizes are bytes of JSON. The session is only read: it lives no longer for it.`,
		Example: `  djsession show 5k2h9x1q --dsn db.sqlite3
  djsession show 5k2h9x1q --reveal
  djsession show - <key.txt`,
		Args:              arguments(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			e, err := f.open(c.Context(), a)
			if err != nil {
				return err
			}
			defer e.close()
			key, err := e.key(c.Context(), a, args[0])
			if err != nil {
				return err
			}
			return f.show(c.Context(), a, e, key)
		},
	}
	f.add(a, c)
	c.Flags().BoolVar(&f.json, "json", false, "print a JSON object")
	c.Flags().BoolVar(&f.reveal, "reveal", false, "print the values and the whole key too")
	return c
}

func (f *showFlags) show(ctx context.Context, a *app, e *engine, key string) error {
	r, v, err := e.Sessions.Store().Load(ctx, key)
	if text, ok := e.Text(v); ok && errors.Is(err, djsession.ErrCorrupt) {
		return f.explain(a, key, text, err)
	}
	if err != nil {
		return err
	}
	if !f.reveal {
		key = payload.ShortKey(key)
	}
	all, err := serializer.AppendText(nil, r.Data, "")
	if err != nil {
		return err
	}
	values, err := valuesOf(r.Data)
	if err != nil {
		return err
	}
	user, loggedIn := payload.UserID(r.Data)
	if f.json {
		return f.printJSON(a, key, user, loggedIn, r.Expires, len(all), values)
	}
	if user = payload.Printable(user); !loggedIn {
		user = "nobody"
	}
	a.Say("session  %s", key)
	a.Say("user     %s", user)
	if r.Expires.IsZero() {
		a.Say("expires  unknown: no moment is stored with it")
	} else {
		a.Say("expires  %s UTC", r.Expires.Format(time.DateTime))
	}
	a.Say("size     %d bytes of JSON in %s", len(all), console.Count(len(values), "value"))
	if len(values) == 0 {
		return nil
	}
	a.Say("")
	return f.printTable(a, values)
}

// explain says why a session does not decode.
func (f *showFlags) explain(a *app, key, text string, why error) error {
	v, err := f.version()
	if err != nil {
		return err
	}
	r := explain.Explain(text, explainOptions(a, f.keys, f.salt, v))
	if r.Good {
		r.Lines = append(r.Lines, "So what is wrong is not this value, but the rest of its row: "+strings.ReplaceAll(why.Error(), "djsession: ", "")+".")
	}
	if err := a.printReport(r, f.reveal); err != nil && !errors.Is(err, console.ErrQuiet) {
		return err
	}
	return refused("session "+payload.ShortKey(key)+" does not decode", "standard output says why")
}

// value is a value of a session.
type value struct {
	name, kind string // kind is Python's name for the type
	text       string // as JSON
	v          any
}

func valuesOf(d *serializer.Dict) ([]value, error) {
	var values []value
	for k, v := range d.All() {
		text, err := serializer.AppendText(nil, v, "")
		if err != nil {
			return nil, err
		}
		name, ok := serializer.Text(k)
		if !ok {
			key, err := serializer.AppendText(nil, k, "") // a pickle may have keys of other types
			if err != nil {
				return nil, err
			}
			name = string(key)
		}
		values = append(values, value{name, payload.TypeName(v), string(text), v})
	}
	return values, nil
}

func (f *showFlags) printTable(a *app, values []value) error {
	heads := []string{"NAME", "TYPE", "SIZE"}
	if f.reveal {
		heads = append(heads, "VALUE")
	}
	t := a.NewTable(2, heads...)
	for _, v := range values {
		cells := []string{payload.Printable(v.name), v.kind, fmt.Sprint(len(v.text))}
		if f.reveal {
			cells = append(cells, v.text)
		}
		if err := t.Add(cells...); err != nil {
			return err
		}
	}
	return t.Flush()
}

func (f *showFlags) printJSON(a *app, key, user string, loggedIn bool, expires time.Time, size int, values []value) error {
	list := []any{}
	for _, v := range values {
		item := serializer.NewDict(serializer.Item{Key: "name", Value: v.name},
			serializer.Item{Key: "type", Value: v.kind}, serializer.Item{Key: "size", Value: len(v.text)})
		if f.reveal {
			item = item.With("value", v.v)
		}
		list = append(list, item)
	}
	var id, end any
	if loggedIn {
		id = user
	}
	if !expires.IsZero() {
		end = expires.Format(time.RFC3339Nano)
	}
	return a.JSON("  ", serializer.Item{Key: "key", Value: key}, serializer.Item{Key: "user", Value: id},
		serializer.Item{Key: "expires", Value: end},
		serializer.Item{Key: "size", Value: size}, serializer.Item{Key: "values", Value: list})
}
