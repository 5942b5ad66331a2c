package movingstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"

	"github.com/go-djsession/go-djsession/djsession"
)

// Journal returns an [Options.Copied] that reads the journal of `djsession migrate`, a file
// of SQLite. The caller opens it as db, with a driver of its choice; read-only access is
// enough. It can be read while djsession is at work.
//
//	db, err := sql.Open("sqlite", "file:/srv/move.journal?mode=ro")
//	opts := &movingstore.Options{Phase: movingstore.Switched, Copied: movingstore.Journal(site, db)}
//
// A copy that has expired does not count: if it is gone, this does not mean that somebody
// logged out. A session that djsession migrate was about to copy when it was killed is
// unavailable until the command runs again.
//
// Errors: [djsession.ErrUnavailable].
func Journal(site *djsession.Site, db *sql.DB) func(ctx context.Context, key string) (bool, error) {
	return func(ctx context.Context, key string) (bool, error) {
		hash := JournalKey(key)
		if err := decided(ctx, db, hash); err != nil {
			return false, err
		}
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

// intention is the number of bytes of each session in the state "intended".
const intention = 32

// decided returns an error for a session that djsession migrate was about to copy when it
// was killed: only its next run finds out whether it did.
func decided(ctx context.Context, db *sql.DB, hash [16]byte) error {
	const doing = "read the journal of the move"
	var rows []byte
	err := db.QueryRowContext(ctx, "SELECT value FROM state WHERE name = 'intended'").Scan(&rows)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return djsession.Unavailable(doing, err)
	}
	for ; len(rows) >= intention; rows = rows[intention:] {
		if [16]byte(rows[:16]) == hash {
			return djsession.Unavailable(doing, errors.New("djsession migrate was killed and has to be run again"))
		}
	}
	return nil
}

// JournalKey returns the key of a session in a journal: the first half of the SHA-256 of
// the session key.
func JournalKey(key string) [16]byte {
	sum := sha256.Sum256([]byte(key))
	return [16]byte(sum[:16])
}
