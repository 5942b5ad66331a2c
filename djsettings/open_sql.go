package djsettings

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/go-djsession/go-djsession/djcache/dbcache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cacheddbstore"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/djsession/pgxstore"
	"github.com/go-djsession/go-djsession/internal/djangodb"
	"github.com/go-djsession/go-djsession/serializer"
)

// DB is an open database of the site.
type DB struct {
	// Settings are its entry in DATABASES.
	Settings *Database
	// SQL is its handle.
	SQL *sql.DB
	// Pool is what is beneath SQL for PostgreSQL, nil for others.
	Pool *pgxpool.Pool
}

func (db *DB) close() error {
	err := db.SQL.Close()
	if db.Pool != nil {
		db.Pool.Close()
	}
	return err
}

// open opens the database of set and makes sure that it is there.
func (db *Database) open(ctx context.Context, set *Settings, conns int) (*DB, error) {
	if db.err != nil {
		return nil, db.err
	}
	switch db.Kind {
	case SQLite:
		return db.openSQLite(ctx, set)
	case PostgreSQL:
		return db.openPostgreSQL(ctx, set, conns)
	case MySQL:
		return db.openMySQL(ctx, set, conns)
	case "":
		if db.Engine == "" {
			return nil, fmt.Errorf("%w: DATABASES[%q] has no ENGINE", ErrSetting, db.Alias)
		}
	}
	return nil, fmt.Errorf("%w: DATABASES[%q] has the ENGINE %s", ErrUnsupported, db.Alias, db.Engine)
}

// unavailable is an error of the first contact.
func (db *Database) unavailable(err error) error {
	return hide(ErrUnavailable, fmt.Sprintf("DATABASES[%q] cannot be reached", db.Alias)+cmp.Or(tlsHint(err), djangodb.Pooler(err)), err)
}

// dialect is the database for dbstore.
func (db *Database) dialect() dbstore.Dialect {
	switch db.Kind {
	case PostgreSQL:
		return dbstore.PostgreSQL
	case MySQL:
		return dbstore.MySQL
	}
	return dbstore.SQLite
}

// table is the Store of the site's sessions.
func (db *DB) table(s *Site) (cacheddbstore.DB, error) {
	site, in := s.DjsessionSite, s.Settings.Sessions
	if db.Pool != nil {
		var key pgxstore.UserKey
		if s.opts.TextUserIDs {
			key = pgxstore.UserKeyText
		}
		opts := new(pgxstore.Options)
		switch in.Kind {
		case EngineUserSessions:
			opts = pgxstore.UserSessions(site, key)
		case EngineQSessions, EngineQSessionsCDB:
			opts = pgxstore.QSessions(site, key)
		}
		if in.Table != "" {
			opts.Table = in.Table
		}
		return pgxstore.New(site, db.Pool, opts), nil
	}
	opts := s.tableOptions(db.Settings.dialect())
	if in.Table != "" {
		opts.Table = in.Table
	}
	var err error
	if opts.TimeZone, err = db.Settings.Zone(); err != nil {
		return nil, err
	}
	return dbstore.New(site, db.SQL, db.Settings.dialect(), opts), nil
}

// tableOptions are those of the engine's table.
func (s *Site) tableOptions(d dbstore.Dialect) *dbstore.Options {
	var key dbstore.UserKey
	if s.opts.TextUserIDs {
		key = dbstore.UserKeyText
	}
	switch s.Settings.Sessions.Kind {
	case EngineUserSessions:
		return dbstore.UserSessions(s.DjsessionSite, d, key)
	case EngineQSessions, EngineQSessionsCDB:
		return dbstore.QSessions(s.DjsessionSite, d, key)
	}
	return new(dbstore.Options)
}

// qsessionsData is what qsessions adds to the data, which its copies hold too.
func (s *Site) qsessionsData() func(*djsession.Record) *serializer.Dict {
	return s.tableOptions(dbstore.PostgreSQL).Data
}

// cacheTable is a DatabaseCache in this database.
func (db *DB) cacheTable(s *Site, c *Cache) (*dbcache.Cache, error) {
	keys, err := c.keys(s.options())
	if err != nil {
		return nil, err
	}
	d := dbcache.SQLite
	switch db.Settings.Kind {
	case PostgreSQL:
		d = dbcache.PostgreSQL
	case MySQL:
		d = dbcache.MySQL
	}
	opts := &dbcache.Options{Keys: keys}
	for _, l := range c.reached() {
		opts.Table = l.Reveal()
	}
	if opts.TimeZone, err = db.Settings.Zone(); err != nil {
		return nil, err
	}
	return dbcache.New(s.DjsessionSite, db.SQL, d, opts), nil
}
