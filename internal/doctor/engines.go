package doctor

import (
	"context"
	"fmt"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
)

// stored looks up key where the engine keeps it, and then examines the session. key may be
// "".
func (e *exam) stored(key string) {
	kind := e.set.Sessions.Kind
	switch {
	case kind == djsettings.EngineFile:
		e.file(key)
	case kind == djsettings.EngineRedis:
		e.sessionRedis(key)
	case kind.HasTable():
		r, open := e.table(key)
		if kind.HasCache() {
			e.copyOf(key, r != nil)
		}
		if !open {
			return
		}
		sample := e.sample()
		e.read(sample, key)
		if r != nil {
			e.row(*r, sample)
		} else if key == "" {
			e.compare(sample)
		}
	case kind == djsettings.EngineCache:
		e.cached(key)
	default: // unknown engine: the session may still be somewhere
		if key != "" {
			e.within(func(ctx context.Context) { e.elsewhere(ctx, key, nil, "") })
		}
	}
}

// row examines the row of a session.
func (e *exam) row(r row, sample []row) {
	s := e.signed(r.text, e.salt(), sample)
	if s.dict == nil {
		return
	}
	e.ends(r, s, sample)
	if s.good {
		e.login(s.dict)
	}
}

// sample reads rows for comparison.
func (e *exam) sample() (rows []row) {
	e.within(func(ctx context.Context) {
		if db, err := e.lab.Database(ctx, e.set.Sessions.Database); err == nil {
			rows, _ = e.rows(ctx, db, e.tableName(), "") // the table was read before
		}
	})
	return rows
}

// elsewhere looks for a session in the other places that the settings name, and adds a
// fault that names the place. It skips the table of that name in the database not.
func (e *exam) elsewhere(ctx context.Context, key string, not *djsite.DB, table string) bool {
	if key == "" {
		return false
	}
	var all []*djsite.DB
	if not != nil {
		all = append(all, not)
	}
	alias := ""
	if not != nil {
		alias = not.Settings.Alias
	}
	all = append(all, e.otherDatabases(ctx, alias)...)
	for _, db := range all {
		names, err := sessionTables(ctx, db)
		if err != nil {
			e.unseen(fmt.Sprintf("DATABASES[%q]", db.Settings.Alias), err)
			continue
		}
		for _, name := range names {
			if db == not && name == table {
				continue
			}
			rows, err := e.rows(ctx, db, name, key)
			if err != nil {
				e.unseen(fmt.Sprintf("the table %s of DATABASES[%q]", name, db.Settings.Alias), err)
			}
			if err != nil || len(rows) == 0 {
				continue
			}
			e.located()
			e.inTable(db, name, not, table, rows[0])
			return true
		}
	}
	if !e.inOtherCaches(ctx, key) && !e.inOtherFiles(key) {
		return false
	}
	e.located()
	return true
}

// inTable says in which table the session is.
func (e *exam) inTable(db *djsite.DB, name string, not *djsite.DB, table string, r row) {
	at := db.Settings.Alias
	switch {
	case not == nil:
		e.fault(OtherEngine, fmt.Sprintf("The session is in the table %s of DATABASES[%q], as an engine with a table keeps it, and SESSION_ENGINE in these settings is %s.", name, at, e.set.Sessions.Engine),
			"Give SESSION_ENGINE the engine that the site really runs with, or the base of the site's own one in Options.Engines.")
	case db != not:
		e.fault(OtherDatabase, fmt.Sprintf("The session is in the table %s of DATABASES[%q], and not in that of DATABASES[%q].", name, at, not.Settings.Alias),
			fmt.Sprintf("Name %q as djsettings.Options.SessionDatabase, as DATABASE_ROUTERS of the site do.", at))
	case name == "django_session" || name == "user_sessions_session" || name == "qsessions_session":
		e.fault(OtherEngine, fmt.Sprintf("The session is in the table %s, and SESSION_ENGINE in these settings is %s, whose table is %s.", name, e.set.Sessions.Engine, table),
			"Give SESSION_ENGINE the engine that the site really runs with.")
	default:
		e.fault(OtherTable, fmt.Sprintf("The session is in the table %s, and not in %s: the site has a model of its own.", name, table),
			fmt.Sprintf("Name %s as the Table of the engine in djsettings.Options.Engines.", name))
	}
	if s := e.signed(r.text, e.salt(), nil); s.good {
		e.login(s.dict)
	}
}
