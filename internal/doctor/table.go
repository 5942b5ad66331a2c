package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/fault"
)

// row is a row of the session table.
type row struct {
	key     string
	text    string
	expires time.Time // as read with the settings' time zone
	dated   bool      // whether expires could be read
}

// tableName returns the name of the engine's table.
func (e *exam) tableName() string {
	in := e.set.Sessions
	switch {
	case in.Table != "":
		return in.Table
	case in.Kind == djsettings.EngineUserSessions:
		return "user_sessions_session"
	case in.Kind == djsettings.EngineQSessions, in.Kind == djsettings.EngineQSessionsCDB:
		return "qsessions_session"
	}
	return "django_session"
}

// database opens the database of an alias. If it fails, it adds a fault.
func (e *exam) database(ctx context.Context, alias string) *djsite.DB {
	set := e.set.Databases[alias]
	if set == nil {
		e.fault(DatabaseAlias, fmt.Sprintf("DATABASES has no %q, where the tables are looked for.", alias),
			"Take the settings that the site really runs with, or name the alias that DATABASE_ROUTERS give for the sessions.")
		return nil
	}
	db, err := e.lab.Database(ctx, alias)
	if err == nil {
		e.writable(ctx, db)
		return db
	}
	name := fmt.Sprintf("DATABASES[%q] (%s)", alias, set)
	k := fault.Of(err)
	switch {
	case errors.Is(err, djsite.ErrNotShared):
		e.fault(DatabaseNotShared, name+" is an SQLite database in memory, of which each process has its own.",
			"Give NAME the path of a file that Django and Go both see.")
	case set.Kind == djsettings.SQLite && (k == fault.NoFile || errors.Is(err, djsettings.ErrSetting)):
		e.sqliteFile(set, err)
	case k == fault.Password:
		e.fault(DatabasePassword, name+" refuses this user or password.", "Correct USER and PASSWORD, or give DJSESSION_DATABASE_USER and DJSESSION_DATABASE_PASSWORD for the place where Go runs.")
	case k == fault.NoDatabase:
		e.fault(DatabaseMissing, fmt.Sprintf("The server of DATABASES[%q] has no database called %s.", alias, set.Name), "Correct NAME, or HOST and PORT if this is another server.")
	case errors.Is(err, djsettings.ErrUnsupported), errors.Is(err, djsettings.ErrSetting):
		e.fault(DatabaseUnreachable, fmt.Sprintf("%s cannot be used here: %s.", name, own(err)), "Correct that entry of DATABASES.")
	default:
		e.fault(DatabaseUnreachable, fmt.Sprintf("%s %s.", name, fault.Why(err)),
			"Start the server, or correct HOST and PORT, or give DJSESSION_DATABASE_HOST and _PORT for the place where Go runs.")
	}
	return nil
}

// sqliteFile is for a file that is missing or is not a SQLite database.
func (e *exam) sqliteFile(set *djsettings.Database, err error) {
	text := fmt.Sprintf("There is no file %s, which is NAME of DATABASES[%q].", set.Path(), set.Alias)
	if errors.Is(err, djsettings.ErrSetting) {
		text = fmt.Sprintf("The file %s, which is NAME of DATABASES[%q], is not an SQLite database.", set.Path(), set.Alias)
	}
	change := "Correct NAME, or give DJSESSION_DATABASE_NAME for the place where Go runs."
	if isRelative(set) {
		change = fmt.Sprintf("NAME, %s, is relative: make it absolute, or run in the folder that Django runs in.", set.Name)
	}
	e.fault(SQLiteFile, text, change)
}

func isRelative(set *djsettings.Database) bool {
	return !strings.HasPrefix(set.Name, "/") && !strings.HasPrefix(set.Name, "file:") && !strings.Contains(set.Name, `:\`)
}

// table looks up the key in the session table. If key is "", it only reads the table. open
// reports whether the table could be read.
func (e *exam) table(key string) (found *row, open bool) {
	in := e.set.Sessions
	e.within(func(ctx context.Context) {
		db := e.database(ctx, in.Database)
		if db == nil {
			return
		}
		name := e.tableName()
		rows, err := e.rows(ctx, db, name, key)
		if err != nil {
			e.noTable(ctx, db, name, key, err)
			return
		}
		open = true
		switch {
		case key == "":
		case len(rows) > 0:
			found = &rows[0]
		default:
			e.notInTable(ctx, db, name, key)
		}
	})
	return found, open
}

// maxSample is the most bytes of a session in the sample.
const maxSample = 256 << 10

// rows returns the row of a key. If key is "", it returns the sample: the rows that expire
// last, which usually are the newest.
func (e *exam) rows(ctx context.Context, db *djsite.DB, table, key string) ([]row, error) {
	date := "CAST(expire_date AS CHAR)"
	switch db.Settings.Kind {
	case djsettings.SQLite:
		date = "CAST(expire_date AS TEXT)"
	case djsettings.PostgreSQL:
		date = "to_char(expire_date AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
	}
	query := "SELECT session_key, session_data, " + date + " FROM " + quote(db, table)
	var args []any
	if key != "" {
		query += " WHERE session_key = " + mark(db)
		args = append(args, key)
	} else {
		query += fmt.Sprintf(" WHERE LENGTH(session_data) <= %d ORDER BY expire_date DESC LIMIT %d", maxSample, e.opts.Sample)
	}
	found, err := db.SQL.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var all []row
	for found.Next() {
		var r row
		var date *string
		if err := found.Scan(&r.key, &r.text, &date); err != nil {
			return nil, err
		}
		if key != "" && r.key != key {
			continue // some collations of MySQL treat other keys as equal
		}
		if date != nil {
			r.expires, r.dated = e.wall(db, *date)
		}
		all = append(all, r)
	}
	return all, found.Err()
}

// wall parses a wall clock time of the database with the settings' time zone.
func (e *exam) wall(db *djsite.DB, text string) (time.Time, bool) {
	loc := time.UTC
	if db.Settings.Kind != djsettings.PostgreSQL {
		zone, err := e.set.Location()
		if err == nil && zone == nil {
			zone, err = db.Settings.Zone()
		}
		if err == nil && zone != nil {
			loc = zone
		}
	}
	t, err := time.ParseInLocation("2006-01-02 15:04:05", strings.Replace(text, "T", " ", 1), loc)
	return t.UTC(), err == nil
}

// noTable is for a table that cannot be read.
func (e *exam) noTable(ctx context.Context, db *djsite.DB, table, key string, err error) {
	alias := db.Settings.Alias
	if k := fault.Of(err); k != fault.NoTable {
		e.fault(DatabaseUnreachable, fmt.Sprintf("The table %s of DATABASES[%q] cannot be read: the database %s.", table, alias, fault.Why(err)),
			"See the rights of USER, and whether this table is made as Django makes it.")
		return
	}
	if path := db.Settings.Path(); db.Settings.Kind == djsettings.SQLite && path != "" {
		if fi, err := os.Stat(path); err == nil && fi.Size() == 0 {
			change := "Correct NAME; the empty file may be deleted."
			if isRelative(db.Settings) {
				change = fmt.Sprintf("NAME, %s, is relative: make it absolute, or run in the folder that Django runs in.", db.Settings.Name)
			}
			e.fault(SQLiteFile, fmt.Sprintf("The file %s, which is NAME of DATABASES[%q], is empty, so that it is not the database that Django uses.", path, alias), change)
			return
		}
	}
	if e.elsewhere(ctx, key, db, table) {
		return
	}
	text := fmt.Sprintf("DATABASES[%q] (%s) has no table %s.", alias, db.Settings, table)
	change := "See whether this is the database that Django uses, and run manage.py migrate if it is."
	if others, err := sessionTables(ctx, db); err == nil && len(others) > 0 {
		change = fmt.Sprintf("Name the table of the site's own model in djsettings.Options.Engines: such as %s is made like one.", others[0])
	} else if alias := e.otherAlias(ctx, alias, table); alias != "" {
		change = fmt.Sprintf("DATABASES[%q] has that table: name that alias as Options.SessionDatabase, if DATABASE_ROUTERS lead there.", alias)
	}
	e.fault(SessionTable, text, change)
}

// otherAlias returns the alias of another database with the table, or "".
func (e *exam) otherAlias(ctx context.Context, not, table string) string {
	for _, db := range e.otherDatabases(ctx, not) {
		if names, err := sessionTables(ctx, db); err == nil && slices.Contains(names, table) {
			return db.Settings.Alias
		}
	}
	return ""
}

// otherDatabases returns all databases that open, except one, sorted by alias.
func (e *exam) otherDatabases(ctx context.Context, not string) []*djsite.DB {
	var aliases []string
	for alias, set := range e.set.Databases {
		if alias != not && set.Kind != "" {
			aliases = append(aliases, alias)
		}
	}
	slices.Sort(aliases)
	var all []*djsite.DB
	for _, alias := range aliases {
		db, err := e.lab.Database(ctx, alias)
		if err != nil {
			e.unseen(fmt.Sprintf("DATABASES[%q]", alias), err)
			continue
		}
		all = append(all, db)
	}
	return all
}

// notInTable is for a session without a row.
func (e *exam) notInTable(ctx context.Context, db *djsite.DB, table, key string) {
	if e.elsewhere(ctx, key, db, table) {
		return
	}
	if rows, err := e.rows(ctx, db, table, ""); err == nil && len(rows) == 0 {
		e.empty(fmt.Sprintf("the table %s of DATABASES[%q] (%s)", table, db.Settings.Alias, db.Settings),
			"Correct NAME and HOST of that entry of DATABASES, or give DJSESSION_DATABASE_NAME and _HOST for the place where Go runs.")
		return
	}
	e.notFound(fmt.Sprintf("the table %s of DATABASES[%q] (%s)", table, db.Settings.Alias, db.Settings))
}

// empty and notFound are for a session that no other check explains.
func (e *exam) empty(where, change string) {
	e.fault(EmptyStore, fmt.Sprintf("There are no sessions at all in %s: it is not the one that Django uses, or all of them have ended.", where), change)
}

func (e *exam) notFound(where string) {
	if len(e.blind) > 0 {
		e.notSearched(fmt.Sprintf("The session of the cookie is not in %s, and other places where it may be", where), Fault)
		return
	}
	e.fault(SessionNotFound, fmt.Sprintf("The session of the cookie is not in %s, nor anywhere else that these settings name.", where),
		"Log in anew and copy the cookie at once, since a session that was logged out is gone, and else see whether Django runs with these settings.")
}
