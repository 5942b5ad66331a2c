package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/payload"
	"github.com/go-djsession/go-djsession/internal/visitor"
	"github.com/go-djsession/go-djsession/serializer"
)

// listFlags say which sessions to list, and how.
type listFlags struct {
	siteFlags
	user    string
	expired bool
	json    bool
	limit   int
	reveal  bool
	all     bool
	who     bool
}

func (a *app) listCommand() *cobra.Command {
	var f listFlags
	c := &cobra.Command{
		Use:     "list",
		GroupID: groupSessions,
		Short:   "List the sessions of the site",
		Long: `list prints the sessions that have not expired: the beginning of the key, the user id
in the session, when it expires, and the bytes that are stored for it.

The user id is what the session says. Whether that user is logged in, Django
decides by the user's password and is_active too. --who asks the site's users for each
session, and names the user or the reason why nobody is logged in.

With --json each session is a JSON object on a line of its own.`,
		Example: `  djsession list --dsn db.sqlite3
  djsession list --user 42
  djsession list --settings site.settings --who
  djsession list --json | jq 'select(.size > 4000)'`,
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.limit < 0 {
				return usage("--limit is negative", "0 is no limit")
			}
			if f.users = f.who; f.who && f.set == nil {
				return usage("--who needs the settings of the site, which say who its users are", "give --settings FILE or --manage DIR")
			}
			e, err := f.open(c.Context(), a)
			if err != nil {
				return err
			}
			defer e.close()
			if f.who && e.Auth == nil {
				return refused("the site has no logins", "django.contrib.auth is not in its INSTALLED_APPS")
			}
			return f.list(c.Context(), a, e)
		},
	}
	f.add(a, c)
	fs := c.Flags()
	fs.StringVar(&f.user, "user", "", "only sessions with this user `ID`")
	fs.BoolVar(&f.expired, "expired", false, "only sessions that have expired and are still there")
	fs.BoolVar(&f.json, "json", false, "one JSON object a line")
	fs.IntVar(&f.limit, "limit", 0, "at most `N` of them (default all)")
	fs.BoolVar(&f.all, "all", false, "go on where none of the first 1000 decodes")
	fs.BoolVar(&f.who, "who", false, "who is logged in, or why nobody is (needs --settings or --manage)")
	fs.BoolVar(&f.reveal, "reveal", false, "print whole session keys; who has one has the session")
	_ = c.RegisterFlagCompletionFunc("user", cobra.NoFileCompletions)
	_ = c.RegisterFlagCompletionFunc("limit", cobra.NoFileCompletions)
	return c
}

// listed is a session as list shows it.
type listed struct {
	key     string    // the beginning, or the whole key with --reveal
	user    any       // text, or nil
	expires time.Time // zero if the session does not decode
	expired bool
	size    int
	problem string // why it does not decode
	who     *visitor.Visitor
}

func (f *listFlags) list(ctx context.Context, a *app, e *engine) error {
	lister, err := e.lister()
	if err != nil {
		return err
	}
	heads := []string{"KEY", "USER", "EXPIRES", "SIZE"}
	if f.who {
		heads = append(heads, "WHO")
	}
	t := a.NewTable(3, heads...)
	shown, seen, corrupt := 0, 0, 0
	show := func(row listed) error {
		shown++
		if f.json {
			return a.JSON("", row.items()...)
		}
		return t.Add(row.cells()...)
	}
	// Until one session decodes, the rows wait: the reason comes before them, or instead.
	var waiting []listed
	ask := func() {
		if corrupt > 0 {
			a.Warn("%s not decode: are the key, the salt and the serializer those of the site?", doing(int64(corrupt)))
		}
	}
	for l, err := range lister.List(ctx, "") {
		if err != nil {
			t.Flush()
			return err
		}
		if seen++; l.Err != nil {
			corrupt++
		}
		if corrupt == undecoded && corrupt == seen && !f.all {
			return refused(fmt.Sprintf("none of the first %d sessions decodes", undecoded), "are the key, the salt and the serializer those of the site? With --all the command lists them")
		}
		row, ok := f.row(ctx, e.Sessions.Site().Now(), l)
		if ok && f.who {
			who, err := visitor.Listed(ctx, e.Auth, l)
			if err != nil {
				t.Flush()
				return err
			}
			row.who = &who
		}
		if ok && corrupt == seen && !f.all {
			waiting = append(waiting, row)
			ok = false
		} else {
			for _, w := range waiting {
				if err := show(w); err != nil {
					return err
				}
			}
			waiting = nil
		}
		if ok {
			if err := show(row); err != nil {
				return err
			}
		}
		if shown+len(waiting) == f.limit && f.limit > 0 {
			break
		}
	}
	if waiting != nil {
		ask()
		corrupt = 0
	}
	for _, w := range waiting {
		if err := show(w); err != nil {
			return err
		}
	}
	t.Flush()
	ask()
	if shown == 0 && !f.json {
		a.Warn("no session to show")
	}
	return nil
}

// undecoded is how many sessions do not decode, and none before, when list stops.
const undecoded = 1000

// row returns l as list shows it. ok is false if the flags exclude it.
func (f *listFlags) row(ctx context.Context, now time.Time, l djsession.Listed) (row listed, ok bool) {
	row.key, row.size = payload.ShortKey(l.Key()), l.Size
	if f.reveal {
		row.key = l.Key()
	}
	if l.Err != nil {
		if row.problem, _ = console.PayloadProblem(l.Err); row.problem == "" {
			row.problem = console.ProblemOf(ctx, l.Err).Text
		}
		return row, !f.expired && f.user == ""
	}
	row.expires = l.Record.Expires
	row.expired = !row.expires.IsZero() && !row.expires.After(now)
	if user, ok := payload.UserID(l.Record.Data); ok {
		row.user = user
	}
	return row, row.expired == f.expired && (f.user == "" || row.user == f.user)
}

// items returns the row as a JSON object. expires is in RFC 3339 and UTC, or null.
func (row *listed) items() []serializer.Item {
	items := []serializer.Item{
		{Key: "key", Value: row.key}, {Key: "user", Value: row.user}, {Key: "expires", Value: nil},
		{Key: "expired", Value: row.expired}, {Key: "size", Value: row.size},
	}
	if !row.expires.IsZero() {
		items[2].Value = row.expires.Format(time.RFC3339Nano)
	}
	if row.problem != "" {
		items = append(items, serializer.Item{Key: "error", Value: row.problem})
	}
	if row.who != nil {
		items = append(items, serializer.Item{Key: "who", Value: orNil(row.who.Name)}, serializer.Item{Key: "why", Value: orNil(row.who.Why)})
	}
	return items
}

// cells returns the row as a line of the table.
func (row *listed) cells() []string {
	user, expires := "-", "-"
	if text, ok := row.user.(string); ok {
		user = payload.Printable(text)
	}
	if !row.expires.IsZero() {
		expires = row.expires.Format(time.DateTime) + " UTC"
	}
	if row.problem != "" {
		user = "does not decode"
	}
	cells := []string{payload.Printable(row.key), user, expires, fmt.Sprint(row.size)}
	if row.who != nil {
		cells = append(cells, row.who.String()) // the table escapes a name from outside
	}
	return cells
}

// orNil returns a text for JSON, where "" is null.
func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}
