package upkeep

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
)

// ErrBusy: another process has the lock.
var ErrBusy = errors.New("another process removes expired sessions")

// Lock takes the lock of those who remove expired sessions of site. The caller must call
// release. The lock goes with the process that has it:
//
//   - PostgreSQL: an advisory lock of a transaction, which works behind a pooler of
//     transactions too. The transaction is open meanwhile, and has no snapshot.
//   - MySQL and MariaDB: GET_LOCK. In a cluster it is a lock of one server.
//   - SQLite and files: flock on the folder; on Windows there is no lock.
//   - Others remove expired sessions by themselves.
//
// Errors: ErrBusy; errors.ErrUnsupported if there is no lock; djsession.ErrUnavailable.
func Lock(ctx context.Context, site *djsite.Site) (release func(), err error) {
	set := site.Settings
	in := &set.Sessions
	alias, table := cmp.Or(in.Database, "default"), cmp.Or(in.Table, "django_session")
	switch in.Kind {
	case djsettings.EngineFile:
		return lockFolder(set.Abs(cmp.Or(in.FilePath, os.TempDir())))
	case djsettings.EngineCache:
		c := set.Caches[in.CacheAlias]
		switch {
		case c != nil && c.Kind == djsettings.CacheFile && len(c.Locations) == 1:
			return lockFolder(set.Abs(c.Locations[0].Reveal()))
		case c == nil || c.Kind != djsettings.CacheDB || len(c.Locations) != 1:
			return nil, fmt.Errorf("lock: %w", errors.ErrUnsupported)
		}
		alias, table = cmp.Or(c.Database, "default"), c.Locations[0].Reveal()
	}
	db, err := site.Database(ctx, alias)
	if err != nil {
		return nil, err
	}
	switch db.Settings.Kind {
	case djsettings.PostgreSQL:
		return lockPostgreSQL(ctx, db.SQL, table)
	case djsettings.MySQL:
		return lockMySQL(ctx, db.SQL, table)
	}
	return lockFolder(filepath.Dir(db.Settings.Path()))
}

const lockName = "djsession clearsessions "

func lockPostgreSQL(ctx context.Context, db *sql.DB, table string) (func(), error) {
	tx, err := db.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return nil, djsession.Unavailable("lock", err)
	}
	free := func() { _ = tx.Rollback() }
	var got bool
	err = tx.QueryRowContext(ctx, "SELECT pg_try_advisory_xact_lock(hashtext($1), hashtext($2))", lockName, table).Scan(&got)
	return locked(got, err, free)
}

func lockMySQL(ctx context.Context, db *sql.DB, table string) (func(), error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, djsession.Unavailable("lock", err)
	}
	// The name of a lock has at most 64 characters, and belongs to the whole server.
	const name = "CONCAT(?, SHA1(CONCAT(DATABASE(), '.', ?)))"
	free := func() {
		// Closing a connection of the pool would keep the lock.
		_, err := conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK("+name+")", "djsession ", table)
		if err != nil {
			_ = conn.Raw(func(any) error { return driver.ErrBadConn })
		}
		_ = conn.Close()
	}
	var got sql.NullBool
	err = conn.QueryRowContext(ctx, "SELECT GET_LOCK("+name+", 0)", "djsession ", table).Scan(&got)
	return locked(got.Bool, err, free)
}

// locked returns what a Lock returns.
func locked(got bool, err error, free func()) (func(), error) {
	switch {
	case err != nil:
		free()
		return nil, djsession.Unavailable("lock", err)
	case !got:
		free()
		return nil, ErrBusy
	}
	return free, nil
}
