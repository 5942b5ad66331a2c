// Package dbstore keeps sessions where django.contrib.sessions.backends.db does:
// in the table django_session of SQLite, PostgreSQL, MySQL or MariaDB, through
// database/sql. It imports no driver. The tests use modernc.org/sqlite, pgx (its
// stdlib package) and go-sql-driver/mysql.
//
//	db, err := sql.Open("sqlite", "file:db.sqlite3?_pragma=busy_timeout(5000)")
//	store := dbstore.New(site, db, dbstore.SQLite, nil)
//
// The row holds session_key as it is, session_data as [djsession.Site.Encode]
// returns it, and expire_date as Django writes it. The Version of a record is its
// session_data.
//
// # Compatibility
//
// Rows are Django's, with USE_TZ on or off ([djsession.Settings].TimeZone). SQLite
// and MySQL keep expire_date as a wall clock, in UTC or in TIME_ZONE; PostgreSQL
// keeps instants. The handle may have any options: parseTime, loc and
// clientFoundRows of MySQL do not matter, and no pragma of SQLite, whose
// journal_mode stays as it is. With USE_TZ off, clocks show an hour twice when
// summer time ends, and a wall clock does not say which of two moments it means. As
// in Django, wall clocks are then compared with wall clocks, and Record.Expires may
// be either of the two.
//
// Unlike Django, a Store reads an expire_date in the form of RFC 3339 or of Go,
// which other programs write to SQLite, as the moment that it says. Any other form
// is [djsession.ErrCorrupt].
//
// Unlike Django, an update replaces only what was read, unless it is forced, and a
// failing database is an error of its own and not a deleted session.
//
// # Statements
//
// A connection to MySQL must commit each statement by itself. A server's autocommit=0
// or its init_connect can prevent that. The Store asks each connection once, before
// its first statement; with autocommit=0 every method returns [djsession.ErrConfig].
// Put autocommit=1 into the DSN of go-sql-driver/mysql.
//
// Behind a pooler in transaction mode, such as PgBouncer, pgx must not prepare
// statements: put default_query_exec_mode=cache_describe into its DSN. Otherwise
// errors say so, with the SQLSTATE. The modes exec and simple_protocol of pgx need
// datestyle=ISO if the server has another one.
//
// Each operation is one statement that commits by itself: a SELECT to load, an
// INSERT to create, an UPDATE or a DELETE by session_key and session_data. After an
// UPDATE that changed no row, a SELECT finds out why. The driver decides how many
// round trips a statement takes: go-sql-driver/mysql needs interpolateParams=true to
// send it in one.
//
// The Store retries a locked row and a deadlock for about five seconds, Django's own
// timeout for SQLite, or until the context is done. SQLite has no queue: waiting
// writers poll, and one may never get the lock. So the writers of one Store take
// turns: make one Store for a file in a process. The Store polls more often than
// SQLite itself does under a busy_timeout, whose wait counts in the five seconds and
// need not end with the context: make that seconds at most.
//
// When the server has closed connections of the pool, as in a restart, the Store tries a
// read again until it has a new connection. It tries a write again only if the server
// cannot have carried it out. Other writes return [djsession.ErrUnavailable].
//
// # Errors
//
// The errors are those of [djsession.Store]. An error of the database is
// [djsession.ErrUnavailable], with a hint if there is one (the table is missing, a
// column has another type). Use errors.As to match the driver's own error; it is not
// printed, because it may quote a key. With an invalid Table name every method
// returns [djsession.ErrConfig]. When a context ends while a statement is on its way,
// the database may have carried it out.
//
// # Security
//
// The Store does not fetch a value that is longer than Limits.Payload. MySQL's
// collations take a key in capitals, or with a space behind it, for the key; the
// Store compares keys byte for byte.
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

// Dialect says which database a handle reaches. Packages dbusers and dbcache take it too.
type Dialect struct{ d *sqldb.Dialect }

// The databases.
var (
	SQLite     = Dialect{sqldb.SQLite}
	PostgreSQL = Dialect{sqldb.PostgreSQL}
	MySQL      = Dialect{sqldb.MySQL} // and MariaDB
)

// String returns the name of the database.
func (d Dialect) String() string { return d.d.String() }

// Options are for sites that differ from Django's defaults. The zero value is
// for those that do not.
type Options struct {
	// Table is the db_table of the site's session model; default
	// "django_session". A dot separates a schema (of MySQL: a database) from it.
	// The Store quotes it, so case matters.
	Table string

	// TimeZone is DATABASES[...]["TIME_ZONE"], the zone of wall clocks that
	// SQLite or MySQL keep for a site with USE_TZ=True; default UTC. For
	// USE_TZ=False, set djsession.Settings.TimeZone instead.
	TimeZone *time.Location

	// Insert returns the values of further columns of a new row, by name. A site
	// whose session model has a column that is NOT NULL and has no default in the
	// database needs it: Create fails otherwise. The Store writes a time.Time as
	// Django does. A value that a UNIQUE column has already makes Create return
	// djsession.ErrKeyTaken, as a taken key does.
	//
	// Create and Cycle call it with the new record, which it must not change, possibly
	// from several goroutines at once.
	Insert func(r *djsession.Record) map[string]any

	// Update is Insert for Update: for a column with auto_now, say. Columns that it
	// does not return stay as they are. Touch does not call it.
	Update func(r *djsession.Record) map[string]any

	// Touch returns the values of the columns that Touch sets beside the expiry, such
	// as one with auto_now.
	Touch func() map[string]any

	// Data returns the dict to store in place of r.Data, for an engine that adds to
	// it. Create and Update call it. It must not change r. Default: r.Data.
	Data func(r *djsession.Record) *serializer.Dict

	// User returns the value of the column user_id for a user id, a text as in
	// _auth_user_id, for an engine with the columns user_id, user_agent and ip. ListUser
	// needs it.
	User func(id string) any
}

// Store is a djsession.Store on the table of Django's engine db. It is safe for
// concurrent use.
type Store struct{ t *djangodb.Table }

var (
	_ djsession.Store         = (*Store)(nil)
	_ djsession.Cycler        = (*Store)(nil)
	_ djsession.Reaper        = (*Store)(nil)
	_ djsession.Lister        = (*Store)(nil)
	_ djsession.UserLister    = (*Store)(nil)
	_ djsession.ManyLoader    = (*Store)(nil)
	_ djsession.ExpiredLoader = (*Store)(nil)
)

// New returns the Store of site's sessions in db, whose database is d. It does not
// touch db, which stays the caller's. opts may be nil.
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

// LoadExpired implements djsession.ExpiredLoader.
func (s *Store) LoadExpired(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	return s.t.LoadExpired(ctx, key)
}

// Create implements djsession.Store: SessionStore.save(must_create=True). As in
// Django, the key of an expired session is taken until ClearExpired removes it.
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

// Cycle implements djsession.Cycler, by one UPDATE that gives the row its new key. The
// columns of Options.Insert are set as in a new row; others stay as they are.
func (s *Store) Cycle(ctx context.Context, old string, seen djsession.Version, key string, r *djsession.Record) (djsession.Version, error) {
	return s.t.Cycle(ctx, old, seen, key, r)
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

// LoadMany implements djsession.ManyLoader, with one SELECT for 500 keys.
func (s *Store) LoadMany(ctx context.Context, keys []string, found func(string, *djsession.Record, error)) error {
	return s.t.LoadMany(ctx, keys, found)
}

// List implements djsession.Lister, in the order of the keys. The cursor is a key.
func (s *Store) List(ctx context.Context, cursor string) iter.Seq2[djsession.Listed, error] {
	return s.t.List(ctx, cursor)
}

// ListUser implements djsession.UserLister, by the index on user_id. Without Options.User
// it ends at once with errors.ErrUnsupported.
func (s *Store) ListUser(ctx context.Context, id string) iter.Seq2[djsession.Listed, error] {
	return s.t.ListUser(ctx, id)
}
