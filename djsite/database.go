package djsite

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/go-djsession/go-djsession/djcache/dbcache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/djsession/pgxstore"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/errtext"
	"github.com/go-djsession/go-djsession/internal/fault"
	"github.com/go-djsession/go-djsession/internal/sqldb"
	"github.com/go-djsession/go-djsession/serializer"
)

// DB is an open database of the site.
type DB struct {
	// Settings is its entry in DATABASES.
	Settings *djsettings.Database
	// SQL is its handle.
	SQL *sql.DB
	// Pool is the pool below SQL for PostgreSQL; nil for other databases.
	Pool *pgxpool.Pool
}

func (db *DB) close() error {
	err := db.SQL.Close()
	if db.Pool != nil {
		db.Pool.Close()
	}
	return err
}

// entry is an entry of DATABASES with the settings of its site.
type entry struct {
	*djsettings.Database
	set *djsettings.Settings
}

// open opens the database and checks that it answers.
func (db entry) open(ctx context.Context, conns int) (*DB, error) {
	if err := db.Err(); err != nil {
		return nil, err
	}
	switch db.Kind {
	case djsettings.SQLite:
		return db.openSQLite(ctx)
	case djsettings.PostgreSQL:
		return db.openPostgreSQL(ctx, conns)
	case djsettings.MySQL:
		return db.openMySQL(ctx, conns)
	case "":
		if db.Engine == "" {
			return nil, fmt.Errorf("%w: DATABASES[%q] has no ENGINE", djsettings.ErrSetting, db.Alias)
		}
	}
	return nil, fmt.Errorf("%w: DATABASES[%q] has the ENGINE %s: give what it derives from in djsettings.Options.Databases", djsettings.ErrUnsupported, db.Alias, db.Engine)
}

// unavailable returns the error of a first contact that failed.
func (db entry) unavailable(err error) error {
	return errtext.Hide(ErrUnavailable, fmt.Sprintf("DATABASES[%q] cannot be reached", db.Alias)+cmp.Or(tlsHint(err), sqldb.Pooler(err), why(err)), err)
}

// why says what a driver's error means; "" if that is not known.
func why(err error) string {
	if fault.Of(err) == fault.Unknown && fault.Code(err) == "" {
		return ""
	}
	return ": it " + fault.Why(err)
}

// dialect returns the dialect for dbstore, dbcache and dbusers.
func (db *DB) dialect() dbstore.Dialect {
	switch db.Settings.Kind {
	case djsettings.PostgreSQL:
		return dbstore.PostgreSQL
	case djsettings.MySQL:
		return dbstore.MySQL
	}
	return dbstore.SQLite
}

// table returns the store for the table of the sessions.
func (db *DB) table(s *Site) (djsession.Store, error) {
	opts := s.tableOptions(db.dialect())
	opts.Table = cmp.Or(s.Settings.Sessions.Table, opts.Table)
	if db.Pool != nil {
		return pgxstore.New(s.site, db.Pool, &pgxstore.Options{Table: opts.Table, Insert: opts.Insert, Update: opts.Update, Touch: opts.Touch, Data: opts.Data, User: opts.User}), nil
	}
	var err error
	if opts.TimeZone, err = db.Settings.Zone(); err != nil {
		return nil, err
	}
	return dbstore.New(s.site, db.SQL, db.dialect(), opts), nil
}

// tableOptions returns the options for the engine's table.
func (s *Site) tableOptions(d dbstore.Dialect) *dbstore.Options {
	var key dbstore.UserKey
	if s.opts.TextUserIDs {
		key = dbstore.UserKeyText
	}
	switch s.Settings.Sessions.Kind {
	case djsettings.EngineUserSessions:
		return dbstore.UserSessions(s.site, d, key)
	case djsettings.EngineQSessions, djsettings.EngineQSessionsCDB:
		return dbstore.QSessions(s.site, d, key)
	}
	return new(dbstore.Options)
}

// qsessionsData returns what qsessions adds to the data; its copies in the cache have it
// too.
func (s *Site) qsessionsData() func(*djsession.Record) *serializer.Dict {
	return s.tableOptions(dbstore.PostgreSQL).Data
}

// cacheTable returns the DatabaseCache c in this database.
func (db *DB) cacheTable(s *Site, c *djsettings.Cache) (*dbcache.Cache, error) {
	keys, err := s.Settings.CacheKeys(c)
	if err != nil {
		return nil, err
	}
	opts := &dbcache.Options{Keys: keys}
	for _, l := range c.Addresses() {
		opts.Table = l.Reveal()
	}
	if opts.TimeZone, err = db.Settings.Zone(); err != nil {
		return nil, err
	}
	return dbcache.New(s.site, db.SQL, db.dialect(), opts), nil
}
