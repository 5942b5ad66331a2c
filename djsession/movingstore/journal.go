package movingstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"

	"github.com/go-djsession/go-djsession/djsession"
)

// Journal returns an Options.Copied that asks the journal of `djsession migrate`,
// which is a file of SQLite: db has it open, by the driver of the caller's choice,
// and may be read only. It may be asked while djsession is at work.
//
//	db, err := sql.Open("sqlite", "file:/srv/move.journal?mode=ro")
//	opts := &movingstore.Options{Phase: movingstore.Switched, Copied: movingstore.Journal(site, db)}
//
// A copy whose time is over counts for nothing: that it is not there any more does
// not mean that somebody logged out.
//
// Errors: djsession.ErrUnavailable.
func Journal(site *djsession.Site, db *sql.DB) func(ctx context.Context, key string) (bool, error) {
	return func(ctx context.Context, key string) (bool, error) {
		hash := JournalKey(key)
		var expires int64
		err := db.QueryRowContext(ctx, "SELECT expires FROM copied WHERE key = ?", hash[:]).Scan(&expires)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return false, nil
		case err != nil:
			return false, djsession.Unavailable("read the journal of the move", err)
		}
		return expires == 0 || expires > site.Now().Unix(), nil
	}
}

// JournalKey is what a journal has in the place of a session key: the first half
// of its SHA-256.
func JournalKey(key string) [16]byte {
	sum := sha256.Sum256([]byte(key))
	return [16]byte(sum[:16])
}
