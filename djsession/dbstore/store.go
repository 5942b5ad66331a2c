// Package dbstore keeps sessions where django.contrib.sessions.backends.db does:
// in the table django_session of SQLite, PostgreSQL, MySQL or MariaDB, reached
// by database/sql. It imports no driver; those that are tested are
// modernc.org/sqlite, pgx (its stdlib package) and go-sql-driver/mysql.
//
//	db, err := sql.Open("sqlite", "file:db.sqlite3?_pragma=busy_timeout(5000)")
//	store := dbstore.New(site, db, dbstore.SQLite, nil)
//
// Shapes: session_key as it is, session_data what Site.Encode returns,
// expire_date as Django writes it. The Version of a record is its session_data.
//
// # Compatibility
//
// Rows are Django's, with USE_TZ on or off (Settings.TimeZone). SQLite and MySQL
// keep expire_date as a wall clock, UTC or that of TIME_ZONE; PostgreSQL keeps
// instants. Nothing is asked of the options of the handle: not parseTime, loc or
// clientFoundRows of MySQL, not a pragma of SQLite, whose journal_mode stays as
// it is. With USE_TZ off a wall clock that is shown twice, when summer time
// ends, does not tell which of the two moments it means; as in Django, wall
// clocks are then compared with wall clocks, and Record.Expires may be one of
// the two.
//
// Unlike Django, an expire_date in the form of RFC 3339 or of Go, which other
// programs write to SQLite, is read as the moment that it says. Any other is
// djsession.ErrCorrupt.
//
// Unlike Django, an update replaces only what was read, unless it is forced, and
// a database that fails is an error of its own and not a deleted session.
//
// # Statements
//
// A connection of MySQL must commit each statement by itself, which a server's
// autocommit=0 or its init_connect take away. Before its first statement each is asked
// once, and one with autocommit=0 is djsession.ErrConfig from every method: put
// autocommit=1 into the DSN of go-sql-driver/mysql.
//
// Behind a pooler in transaction mode, such as PgBouncer, pgx may not prepare
// statements: put default_query_exec_mode=cache_describe into its DSN. Else the errors
// say so, with the SQLSTATE.
//
// Each operation is one statement that commits by itself: a SELECT to load, an
// INSERT to create, an UPDATE or a DELETE by session_key and session_data. An
// UPDATE that changed no row is followed by a SELECT that tells why. The driver
// decides how many round trips a statement takes: go-sql-driver/mysql needs
// interpolateParams=true to send it in one.
//
// What is locked, or was chosen to lose by a deadlock, is tried again for about
// five seconds, Django's own timeout for SQLite, if the context lasts. SQLite lets
// waiting writers poll and may forget one, so the writers of one Store take
// turns: have one Store a file in a process, and give the handle a busy_timeout, of
// seconds at most: a wait of the driver's own need not end with the context.
//
// # Errors
//
// Those of djsession.Store. An error of the database is
// djsession.ErrUnavailable, with a hint where there is one (the table is
// missing, a column has another type); the driver's own is matched by errors.As,
// and not printed, because it may quote a key. A Table name that is none is
// djsession.ErrConfig from every method. When a context ends while a statement
// is on its way, the database may have carried it out.
//
// # Security
//
// A stored value longer than Limits.Payload is not fetched. MySQL's collations
// take a key in capitals, or with a space behind it, for the key: here keys are
// compared byte for byte.
package dbstore

import (
	"context"
	"database/sql"
	"iter"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/djangodb"
	"github.com/go-djsession/go-djsession/internal/sqldb"
	"github.com/go-djsession/go-djsession/serializer"
)

// Dialect says which database it is, to this package, dbusers and dbcache.
type Dialect struct{ d *sqldb.Dialect }

// The databases that Django itself supports and that are supported here.
var (
	SQLite     = Dialect{sqldb.SQLite}
	PostgreSQL = Dialect{sqldb.PostgreSQL}
	MySQL      = Dialect{sqldb.MySQL} // and MariaDB
)

// String is the name of the database.
func (d Dialect) String() string { return d.d.String() }

// Options are for sites that differ from Django's defaults. The zero value is
// for those that do not.
type Options struct {
	// Table is the db_table of the site's session model; default
	// "django_session". A dot parts it from a schema (of MySQL: a database). It
	// is quoted, and therefore case matters.
	Table string

	// TimeZone is DATABASES[...]["TIME_ZONE"], the zone of wall clocks that
	// SQLite or MySQL keep for a site with USE_TZ=True; default UTC. For
	// USE_TZ=False set Settings.TimeZone instead.
	TimeZone *time.Location

	// Insert returns the values of further columns of a new row, by name, for a
	// site whose session model has some: without it a column that is NOT NULL
	// and has no default in the database makes Create fail. A time.Time is
	// written as Django writes it. Columns with UNIQUE make Create report
	// djsession.ErrKeyTaken, as a taken key does.
	//
	// It is called by Create, with the record that is created, and must not
	// change it. It may be called from several goroutines at once.
	Insert func(r *djsession.Record) map[string]any

	// Update is Insert for Update, such as a column with auto_now; columns that
	// it does not return stay as they are. Touch does not call it.
	Update func(r *djsession.Record) map[string]any

	// Touch returns the values of those columns that Touch sets beside the expiry,
	// such as one with auto_now.
	Touch func() map[string]any

	// Data returns the dict that is stored in the place of r.Data, for an engine
	// that adds to it. It is called by Create and Update, and must not change r.
	// Nil means r.Data.
	Data func(r *djsession.Record) *serializer.Dict
}

// Store is a djsession.Store on the table of Django's engine db. It is safe for
// concurrent use.
type Store struct{ t *djangodb.Table }

var (
	_ djsession.Store      = (*Store)(nil)
	_ djsession.Reaper     = (*Store)(nil)
	_ djsession.Lister     = (*Store)(nil)
	_ djsession.ManyLoader = (*Store)(nil)
)

// New returns the Store of site's sessions in db, which is a database as d
// says. It does not touch db, which stays the caller's. opts may be nil.
func New(site *djsession.Site, db *sql.DB, d Dialect, opts *Options) *Store {
	var o Options
	if opts != nil {
		o = *opts
	}
	return &Store{djangodb.New(site, sqldb.NewSQL(db, d.d), d.d, djangodb.Options(o))}
}

// Site implements djsession.Store.
func (s *Store) Site() *djsession.Site { return s.t.Site() }

// Load implements djsession.Store: SessionStore.load.
func (s *Store) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	return s.t.Load(ctx, key)
}

// Create implements djsession.Store: SessionStore.save(must_create=True). As in
// Django the key of an expired session is taken until ClearExpired removes it.
func (s *Store) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	return s.t.Create(ctx, key, r)
}

// Update implements djsession.Store: SessionStore.save.
func (s *Store) Update(ctx context.Context, key string, r *djsession.Record, seen djsession.Version) (djsession.Version, error) {
	return s.t.Update(ctx, key, r, seen)
}

// Delete implements djsession.Store: SessionStore.delete.
func (s *Store) Delete(ctx context.Context, key string, seen djsession.Version) error {
	return s.t.Delete(ctx, key, seen)
}

// Touch implements djsession.Store: it sets expire_date, and what Options.Touch
// returns. The Version stays what it was.
func (s *Store) Touch(ctx context.Context, key string, expires time.Time, seen djsession.Version) error {
	return s.t.Touch(ctx, key, expires, seen)
}

// ClearExpired implements djsession.Reaper: SessionStore.clear_expired, in
// batches and by the index on expire_date.
func (s *Store) ClearExpired(ctx context.Context, opts *djsession.ReapOptions) (int64, error) {
	return s.t.ClearExpired(ctx, opts)
}

// LoadMany implements djsession.ManyLoader, by one SELECT for 500 keys.
func (s *Store) LoadMany(ctx context.Context, keys []string, found func(string, *djsession.Record, error)) error {
	return s.t.LoadMany(ctx, keys, found)
}

// List implements djsession.Lister, in the order of the keys. The cursor is a key.
func (s *Store) List(ctx context.Context, cursor string) iter.Seq2[djsession.Listed, error] {
	return s.t.List(ctx, cursor)
}
