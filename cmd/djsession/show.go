package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// showFlags choose how a session is shown.
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
	r, v, err := e.store.Load(ctx, key)
	if text, ok := e.text(v); ok && errors.Is(err, djsession.ErrCorrupt) {
		return f.explain(a, key, text, err)
	}
	if err != nil {
		return err
	}
	if !f.reveal {
		key = short(key)
	}
	all, err := serializer.AppendText(nil, r.Data, "")
	if err != nil {
		return err
	}
	values, err := valuesOf(r.Data)
	if err != nil {
		return err
	}
	user, loggedIn := userOf(r.Data)
	if f.json {
		return f.printJSON(a, key, user, loggedIn, r.Expires, len(all), values)
	}
	if user = printable(user); !loggedIn {
		user = "nobody"
	}
	a.say("session  %s", key)
	a.say("user     %s", user)
	if r.Expires.IsZero() {
		a.say("expires  unknown: the cache does not tell")
	} else {
		a.say("expires  %s UTC", r.Expires.Format(time.DateTime))
	}
	a.say("size     %d bytes of JSON in %s", len(all), count(len(values), "value"))
	if len(values) == 0 {
		return nil
	}
	a.say("")
	return f.printTable(a, values)
}

// explain says why a session does not decode.
func (f *showFlags) explain(a *app, key, text string, why error) error {
	v, err := f.version()
	if err != nil {
		return err
	}
	x := &explainer{now: a.now(), keys: f.keys, salt: f.salt, django: v}
	x.explain(text)
	if x.good {
		x.say("So what is wrong is not this value, but the rest of its row: %s.", strings.ReplaceAll(why.Error(), "djsession: ", ""))
	}
	if err := x.print(a, f.reveal); err != nil && !errors.Is(err, errQuiet) {
		return err
	}
	return refused("session "+short(key)+" does not decode", "standard output says why")
}

// value is one of the values of a session.
type value struct {
	name, kind string // kind as Python calls the type
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
			key, err := serializer.AppendText(nil, k, "") // a pickle's
			if err != nil {
				return nil, err
			}
			name = string(key)
		}
		values = append(values, value{name, typeName(v), string(text), v})
	}
	return values, nil
}

func (f *showFlags) printTable(a *app, values []value) error {
	t := table{heads: []string{"NAME", "TYPE", "SIZE"}, right: 2}
	if f.reveal {
		t.heads = append(t.heads, "VALUE")
	}
	for _, v := range values {
		cells := []string{printable(v.name), v.kind, fmt.Sprint(len(v.text))}
		if f.reveal {
			cells = append(cells, v.text)
		}
		if err := t.add(a, cells...); err != nil {
			return err
		}
	}
	return t.flush(a)
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
	return a.json("  ", serializer.Item{Key: "key", Value: key}, serializer.Item{Key: "user", Value: id},
		serializer.Item{Key: "expires", Value: end},
		serializer.Item{Key: "size", Value: size}, serializer.Item{Key: "values", Value: list})
}

// userOf returns the user id in a session.
func userOf(d *serializer.Dict) (string, bool) {
	v, _ := d.Get("_auth_user_id")
	if id, ok := serializer.Text(v); ok && id != "" {
		return id, true
	}
	if id, ok := v.(int64); ok {
		return strconv.FormatInt(id, 10), true
	}
	return "", false
}

// typeName is what Python calls the type of a value.
func typeName(v any) string {
	switch v.(type) { // which may be too large to be spelled out
	case []any:
		return "list"
	case serializer.Tuple:
		return "tuple"
	case serializer.Set:
		return "set"
	case serializer.FrozenSet:
		return "frozenset"
	case *serializer.Dict:
		return "dict"
	}
	text, err := serializer.AppendTagged(nil, v)
	var tag struct {
		Type  string          `json:"type"`
		Value json.RawMessage `json:"value"`
	}
	if err != nil || json.Unmarshal(text, &tag) != nil {
		return "object"
	}
	switch tag.Type {
	case "none":
		return "None"
	case "wtf8":
		return "str"
	case "opaque":
		var class string
		if json.Unmarshal(tag.Value, &class) == nil {
			return printable(class)
		}
	}
	return tag.Type
}

// printable returns s, in quotes and escaped if a terminal could mistake any of
// it for something else.
func printable(s string) string {
	quoted := strconv.QuoteToASCII(s)
	if s != "" && quoted == `"`+s+`"` && !strings.Contains(s, " ") {
		return s
	}
	return quoted
}
