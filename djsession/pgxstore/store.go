// Package pgxstore keeps sessions where django.contrib.sessions.backends.db does,
// in the table django_session of PostgreSQL, through a pgx pool. Its rows, statements
// and errors are those of package dbstore, which works on database/sql: see there.
//
//	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
//	store := pgxstore.New(site, pool, nil)
//
// Each operation is one statement that commits by itself, in one round trip once
// a connection has prepared it. A pooler in transaction mode, such as PgBouncer, does
// not keep prepared statements: put default_query_exec_mode=cache_describe into the
// DSN of the pool. Otherwise errors say so, with the SQLSTATE.
//
// Use errors.As to match the errors of pgx (*pgconn.PgError). They are not printed,
// because they may quote a key.
package pgxstore

import (
	"context"
	"iter"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/djangodb"
	"github.com/go-djsession/go-djsession/internal/pgpool"
	"github.com/go-djsession/go-djsession/internal/sqldb"
	"github.com/go-djsession/go-djsession/serializer"
)

// DB is the part of a *pgxpool.Pool that a Store needs.
type DB interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

var _ DB = (*pgxpool.Pool)(nil)

// Options are for sites that differ from Django's defaults. The zero value is
// for those that do not.
type Options struct {
	// Table is the db_table of the site's session model; default
	// "django_session". A dot separates a schema from it. The Store quotes it, so
	// case matters.
	Table string

	// Insert returns the values of further columns of a new row, by name. A site
	// whose session model has a column that is NOT NULL and has no default in the
	// database needs it: Create fails otherwise. A value that a UNIQUE column has
	// already makes Create return djsession.ErrKeyTaken, as a taken key does.
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

// of returns o as package djangodb takes it.
func (o Options) of() djangodb.Options {
	return djangodb.Options{Table: o.Table, Insert: o.Insert, Update: o.Update, Touch: o.Touch, Data: o.Data, User: o.User}
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

// New returns the Store of site's sessions in db, usually a *pgxpool.Pool. It does
// not touch db, which stays the caller's. opts may be nil.
func New(site *djsession.Site, db DB, opts *Options) *Store {
	var o Options
	if opts != nil {
		o = *opts
	}
	return &Store{djangodb.New(site, pgpool.Conn{Pool: db}, sqldb.PostgreSQL, o.of())}
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
