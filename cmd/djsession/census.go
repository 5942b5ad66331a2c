package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/internal/census"
	"github.com/go-djsession/go-djsession/serializer"
)

func (a *app) censusCommand() *cobra.Command {
	var (
		f    siteFlags
		all  bool
		json bool
	)
	c := &cobra.Command{
		Use:     "census",
		GroupID: groupSessions,
		Short:   "Count the sessions: who still depends on this key, or on pickles?",
		Long: `census reads all sessions of the site and counts them: in which format they are stored,
by which key they are signed and by which serializer they were made, how many hold a
login, when they end and how large they are. It says what ends, and how many logins are
among it, without a fallback of SECRET_KEY, without PickleSerializer, and without the
formats that Django 4.0 no longer reads.

A login is a session with a user's ID in it. Whether Django still takes it for one, the
user's password and is_active decide too.

It only reads. No key, user or value is printed. --json prints one object.`,
		Example: `  djsession census --dsn db.sqlite3
  djsession census --settings site.settings --json | jq .keys`,
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			e, err := f.open(c.Context(), a)
			if err != nil {
				return err
			}
			defer e.close()
			n, err := e.census(c.Context(), a, all)
			if err != nil {
				return err
			}
			if json {
				return a.JSON("  ", censusItems(n)...)
			}
			return a.printCensus(n)
		},
	}
	f.add(a, c)
	fs := c.Flags()
	fs.BoolVar(&all, "all", false, "go on where none of the first 1000 decodes")
	fs.BoolVar(&json, "json", false, "print one JSON object")
	return c
}

// census counts the sessions.
func (e *engine) census(ctx context.Context, a *app, all bool) (*census.Census, error) {
	if _, err := e.lister(); err != nil {
		return nil, err
	}
	set, hide := a.Progress("counting sessions", 0)
	n, err := census.Take(ctx, e.Site, &census.Options{All: all, Progress: set})
	hide()
	if errors.Is(err, census.ErrNothing) {
		return nil, refused(fmt.Sprintf("none of the first %d sessions decodes", census.First), "are the key, the salt and the serializer those of the site? With --all the command counts them")
	}
	return n, err
}

// printCensus prints the counts, and then what they mean.
func (a *app) printCensus(n *census.Census) error {
	for _, part := range []struct {
		head  string
		bars  census.Bars
		whole bool // with logins
	}{
		{"FORMAT", n.ByFormat(), true}, {"SIGNED WITH", n.ByKey(), true}, {"SERIALIZER", n.BySerializer(), true},
		{"ENDS (UTC)", n.ByEnd(), true}, {"SIZE", n.BySize(), false},
	} {
		heads := []string{part.head, "SESSIONS", "LOGINS"}
		if !part.whole {
			heads = heads[:2]
		}
		t := a.NewTable(1, heads...)
		for _, bar := range part.bars {
			cells := []string{bar.Name, fmt.Sprint(bar.Sessions), fmt.Sprintf("%6d", bar.Logins)}
			if err := t.Add(cells[:len(heads)]...); err != nil {
				return err
			}
		}
		if err := t.Flush(); err != nil {
			return err
		}
		if len(part.bars) > 0 {
			a.Say("")
		}
	}
	for _, answer := range n.Answers() {
		a.Say("%s", answer.Text)
	}
	if n.Seen > 0 && n.Undecoded() == n.Seen {
		a.Warn("no session decodes: are the key, the salt and the serializer those of the site?")
	}
	return nil
}

// censusItems returns the census as a JSON object. Days and moments are in UTC.
func censusItems(n *census.Census) []serializer.Item {
	groups := func(bars census.Bars, name string) []any {
		all := []any{}
		for _, bar := range bars {
			last := any(nil)
			if !bar.Last.IsZero() {
				last = bar.Last.Format(time.RFC3339)
			}
			all = append(all, serializer.NewDict(serializer.Item{Key: name, Value: bar.ID}, serializer.Item{Key: "sessions", Value: bar.Sessions},
				serializer.Item{Key: "logins", Value: bar.Logins}, serializer.Item{Key: "last_ends", Value: last}))
		}
		return all
	}
	sizes, answers := []any{}, []any{}
	for _, bar := range n.BySize() {
		sizes = append(sizes, serializer.NewDict(serializer.Item{Key: "up_to", Value: bar.ID}, serializer.Item{Key: "sessions", Value: bar.Sessions}))
	}
	for _, answer := range n.Answers() {
		answers = append(answers, serializer.NewDict(serializer.Item{Key: "about", Value: answer.About}, serializer.Item{Key: "text", Value: answer.Text}))
	}
	return []serializer.Item{
		{Key: "at", Value: n.Begun.Format(time.RFC3339)}, {Key: "engine", Value: n.Engine}, {Key: "seen", Value: n.Seen},
		{Key: "sessions", Value: n.Live.Sessions}, {Key: "logins", Value: n.Live.Logins}, {Key: "anonymous", Value: n.Live.Sessions - n.Live.Logins},
		{Key: "expired", Value: n.Expired}, {Key: "no_key", Value: n.NoKey}, {Key: "no_session", Value: n.NoSession}, {Key: "odd", Value: n.Odd}, {Key: "closed", Value: n.Closed},
		{Key: "formats", Value: groups(n.ByFormat(), "format")}, {Key: "keys", Value: groups(n.ByKey(), "key")},
		{Key: "serializers", Value: groups(n.BySerializer(), "serializer")}, {Key: "ends", Value: groups(n.ByEnd(), "from")},
		{Key: "sizes", Value: sizes}, {Key: "largest", Value: int64(n.Largest)}, {Key: "answers", Value: answers},
	}
}
