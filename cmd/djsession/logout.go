package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/payload"
)

func (a *app) logoutCommand() *cobra.Command {
	var (
		f    siteFlags
		user string
		dry  bool
	)
	c := &cobra.Command{
		Use:     "logout --user NAME|ID",
		GroupID: groupSessions,
		Short:   "Log a user out everywhere",
		Long: `logout deletes all sessions in which a user is logged in, and says how many there were.
It finds them by the index of user_sessions and qsessions; with other engines it reads
all sessions, more than once, because others log in meanwhile. It does not touch what
does not decode. If that names the user, or nobody can tell whose it is, the status is 1:
the site may have a key that the command lacks.

The user is a name (USERNAME_FIELD) or an ID of the site's table of users. id:42 is the
ID, whether or not there is an account, and name:42 the name. Where the sessions are not
in a database with users, and without --settings, only an ID tells who it is.

Who knows the password logs in again: deactivate the account first.`,
		Example: `  djsession logout --user ada --dry-run
  djsession logout --user id:42 --dsn db.sqlite3`,
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			if user == "" {
				return usage("there is no user", "give --user NAME, or --user id:ID")
			}
			e, err := f.open(c.Context(), a)
			if err != nil {
				return err
			}
			defer e.close()
			if _, err := e.lister(); err != nil {
				return err
			}
			return e.logout(c.Context(), a, user, dry, f.set != nil)
		},
	}
	f.add(a, c)
	fs := c.Flags()
	fs.StringVar(&user, "user", "", "the `NAME` of the user, or the ID")
	fs.BoolVar(&dry, "dry-run", false, "count the sessions and delete none")
	_ = c.RegisterFlagCompletionFunc("user", cobra.NoFileCompletions)
	return c
}

func (e *engine) logout(ctx context.Context, a *app, user string, dry, whole bool) error {
	users, names, err := e.users(ctx, whole)
	if err != nil {
		return err
	}
	id, err := findUser(ctx, users, names, user)
	if err != nil {
		return err
	}
	auth, err := djauth.New(e.Sessions, users, nil, nil)
	if err != nil {
		return settingsProblem(err)
	}
	did, n := "deleted", int64(0)
	if dry {
		var found []djauth.UserSession
		found, err = auth.Sessions(ctx, id)
		did, n = "would delete", int64(len(found))
	} else {
		n, err = auth.EndSessions(ctx, id)
	}
	corrupt := errors.Is(err, djsession.ErrCorrupt)
	if err == nil || corrupt || n > 0 {
		sessions := fmt.Sprintf("%d sessions", n)
		if n == 1 {
			sessions = "1 session"
		}
		a.Say("%s %s of user %s", did, sessions, payload.Printable(id))
	}
	if corrupt {
		return refused("there are sessions that do not decode, and some may be of this user", "are the key, the salt and the serializer those of the site? djsession list shows which")
	}
	return err
}

// users returns the users of the site; names reports whether they can be found by name.
// Unless the settings are whole, a place may be without a table of users that is Django's:
// then there are only the ids in its sessions.
func (e *engine) users(ctx context.Context, whole bool) (users djauth.Users, names bool, err error) {
	known, _, err := djsite.Fill(e.Settings, nil)
	if err != nil {
		return nil, false, settingsProblem(err)
	}
	if _, ok := e.Settings.Databases[known.UserDatabase]; !ok {
		return idsOnly{e.Sessions.Site()}, false, nil
	}
	db, err := e.Database(ctx, known.UserDatabase)
	if err != nil {
		return nil, false, settingsProblem(err)
	}
	users, table, err := e.UsersIn(ctx, db, known.UserTable)
	switch {
	case err == nil:
		return users, !table.NameAssumed, nil
	case errors.Is(err, djsession.ErrUnavailable):
		return nil, false, err
	case whole:
		return nil, false, settingsProblem(err)
	}
	return idsOnly{e.Sessions.Site()}, false, nil
}

// findUser returns the id of the user that text names.
func findUser(ctx context.Context, users djauth.Users, names bool, text string) (string, error) {
	const both = "id:ID says that it is an ID, and name:NAME that it is a name"
	_, only := users.(idsOnly)
	asID, byID := strings.CutPrefix(text, "id:")
	asName, byName := strings.CutPrefix(text, "name:")
	var found []string
	if !byName {
		id, err := users.IDKind().Parse(asID)
		switch {
		case err != nil && byID:
			return "", usage("--user is not an ID of this site's users", both)
		case err == nil && (byID || only):
			return id, nil
		case err == nil:
			switch _, err := users.ByID(ctx, id); {
			case err == nil:
				found = append(found, id)
			case !errors.Is(err, djauth.ErrNoUser):
				return "", err
			}
		}
	}
	if !names && len(found) == 0 {
		return "", refused("users have no known names here", "give the ID: --user id:ID; djsession list shows those that are logged in")
	}
	if names {
		switch account, err := users.ByName(ctx, asName); {
		case err == nil:
			found = append(found, account.ID)
		case !errors.Is(err, djauth.ErrNoUser):
			return "", err
		}
	}
	switch {
	case len(found) == 0:
		return "", refused("there is no such user", "of an account that is gone, the ID finds the sessions: --user id:ID")
	case len(found) == 2 && found[0] != found[1]:
		return "", refused("that is the name of one user and the ID of another", both)
	}
	return found[0], nil
}

// idsOnly are users of whom nothing is known but the ids in the sessions, as Django writes
// them.
type idsOnly struct{ site *djsession.Site }

func (u idsOnly) Site() *djsession.Site { return u.site }
func (idsOnly) IDKind() djauth.IDKind   { return djauth.TextID }
func (idsOnly) ByID(context.Context, string) (*djauth.Account, error) {
	return nil, djauth.ErrNoUser
}
func (idsOnly) ByName(context.Context, string) (*djauth.Account, error) {
	return nil, djauth.ErrNoUser
}
