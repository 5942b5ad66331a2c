package migrate

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	_ "modernc.org/sqlite" // of the journal

	"github.com/go-djsession/go-djsession/djsession/movingstore"
	"github.com/go-djsession/go-djsession/internal/atomicfile"
)

// journal is a file of SQLite with what is known about a move: how far it has come, and a
// row for each session that was copied. A row has hashes of the key and of the values; the
// journal holds no session key.
type journal struct {
	db      *sql.DB
	release func()
	// intended are the rows of a batch that was being written when the program
	// ended. The engine may hold these sessions or not.
	intended map[hash]entry
	task     string
	state    moveState
}

// hash stands for a session key.
type hash = [16]byte

// entry says what was copied.
type entry struct {
	content int64 // a hash of it
	expires int64 // in seconds since 1970; 0 if the old engine does not tell
	// seen is the number of the last walk over the old engine that saw the session. It
	// is settled once Django is switched and there is nothing more to bring over.
	seen int64
}

const settled = -1

// moveState is how far a move has come.
type moveState struct {
	Switched bool `json:"switched"`
	// Stage is "walk" over the old engine, "prune" of the new one, or "done".
	Stage  string `json:"stage"`
	Pass   int64  `json:"pass"`  // walks so far, this one included
	Round  int    `json:"round"` // walks of this run since the first
	Cursor string `json:"cursor"`
	Counts Counts `json:"counts"`
}

// openJournal opens the file, or begins one if it may.
func openJournal(ctx context.Context, path, task string, begin bool) (*journal, error) {
	if err := isJournal(path, begin); err != nil {
		return nil, err
	}
	release, err := alone(ctx, path)
	if err != nil {
		return nil, err
	}
	uri := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(),
		RawQuery: "_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=cache_size(-16000)"}
	db, err := sql.Open("sqlite", uri.String())
	if err != nil {
		release()
		return nil, journalError(err)
	}
	db.SetMaxOpenConns(1)
	j := &journal{db: db, release: release, task: task, intended: map[hash]entry{}, state: moveState{Stage: "walk", Pass: 1}}
	if err := j.load(ctx); err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

// alone keeps other runs away from the journal. A second run would take the sessions that
// the first one has moved for logged out.
func alone(ctx context.Context, path string) (release func(), err error) {
	soon, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	release, err = atomicfile.New(filepath.Dir(path), true).Hold(soon, path)
	switch {
	case err == nil:
		return release, nil
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		return nil, ErrJournalInUse
	}
	return nil, &FileError{err}
}

// isJournal checks that the file may be a journal. If begin is true it makes a missing one.
func isJournal(path string, begin bool) error {
	how := os.O_RDWR
	if begin {
		how |= os.O_CREATE
	}
	f, err := os.OpenFile(path, how, 0o600) // SQLite would let everybody read it
	if errors.Is(err, os.ErrNotExist) && !begin {
		return ErrNoJournal
	}
	if err != nil {
		return &FileError{err}
	}
	defer f.Close()
	head := make([]byte, 16)
	if n, err := io.ReadFull(f, head); n > 0 && string(head[:n]) != "SQLite format 3\x00" || n == 0 && err != io.EOF {
		return ErrNotJournal
	}
	return nil
}

// load reads how far the move has come.
func (j *journal) load(ctx context.Context) error {
	for _, s := range []string{
		"CREATE TABLE IF NOT EXISTS copied (key BLOB PRIMARY KEY, content INTEGER NOT NULL, expires INTEGER NOT NULL, seen INTEGER NOT NULL) WITHOUT ROWID",
		"CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
	} {
		if _, err := j.db.ExecContext(ctx, s); err != nil {
			return journalError(err)
		}
	}
	rows, err := j.db.QueryContext(ctx, "SELECT name, value FROM state")
	if err != nil {
		return journalError(err)
	}
	defer rows.Close()
	values := map[string][]byte{}
	for rows.Next() {
		var name string
		var value []byte
		if err := rows.Scan(&name, &value); err != nil {
			return journalError(err)
		}
		values[name] = value
	}
	if err := rows.Err(); err != nil {
		return journalError(err)
	}
	if task, ok := values["task"]; ok && string(task) != j.task {
		return ErrOtherMove
	}
	if text, ok := values["state"]; ok {
		if err := json.Unmarshal(text, &j.state); err != nil {
			return journalError(err)
		}
	}
	if err := rows.Close(); err != nil {
		return journalError(err)
	}
	for b := values["intended"]; len(b) >= intendedSize; b = b[intendedSize:] {
		j.intended[hash(b[:16])] = entry{
			content: int64(binary.LittleEndian.Uint64(b[16:])),
			expires: int64(binary.LittleEndian.Uint64(b[24:])),
		}
	}
	// The new engine may hold them. If their sessions are deleted, these copies must go.
	return j.write(ctx, func(tx *sql.Tx) error {
		for id, e := range j.intended {
			if _, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO copied VALUES (?, ?, ?, ?)", id[:], e.content, e.expires, j.state.Pass-1); err != nil {
				return err
			}
		}
		return nil
	})
}

// intendedSize is the bytes of a row in the state "intended".
const intendedSize = 32

// intend notes the sessions that are about to be written.
func (j *journal) intend(ctx context.Context, items []*moving) error {
	all := maps.Clone(j.intended)
	for _, s := range items {
		if s.record != nil {
			all[s.id] = entry{content: s.content, expires: s.expires}
		}
	}
	return j.write(ctx, func(tx *sql.Tx) error { return setState(ctx, tx, "intended", intentions(all)) })
}

func intentions(all map[hash]entry) []byte {
	b := make([]byte, 0, len(all)*intendedSize)
	for id, e := range all {
		b = append(b, id[:]...)
		b = binary.LittleEndian.AppendUint64(b, uint64(e.content))
		b = binary.LittleEndian.AppendUint64(b, uint64(e.expires))
	}
	return b
}

// commit notes what became of the sessions of a batch, and how far the move had come
// before the batch.
func (j *journal) commit(ctx context.Context, items []*moving, state moveState) error {
	return j.write(ctx, func(tx *sql.Tx) error {
		put, err := tx.PrepareContext(ctx, "INSERT INTO copied VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET content = excluded.content, expires = excluded.expires, seen = excluded.seen")
		if err != nil {
			return err
		}
		defer put.Close()
		for _, s := range inOrder(items) {
			switch e := s.put; {
			case e != nil:
				_, err = put.ExecContext(ctx, s.id[:], e.content, e.expires, e.seen)
			case s.drop:
				_, err = tx.ExecContext(ctx, "DELETE FROM copied WHERE key = ?", s.id[:])
			}
			if err != nil {
				return err
			}
			delete(j.intended, s.id)
		}
		if err := j.setState(ctx, tx, state); err != nil {
			return err
		}
		return setState(ctx, tx, "intended", intentions(j.intended))
	})
}

// inOrder returns the sessions of a batch in the order of the table, so that its
// pages are used once.
func inOrder(items []*moving) []*moving {
	order := slices.Clone(items)
	slices.SortFunc(order, func(a, b *moving) int { return slices.Compare(a.id[:], b.id[:]) })
	return order
}

// save notes how far the move has come.
func (j *journal) save(ctx context.Context, state moveState) error {
	err := j.write(ctx, func(tx *sql.Tx) error { return j.setState(ctx, tx, state) })
	if err == nil {
		j.state = state
	}
	return err
}

// decide is save at the end of the first step: no session is half copied any more.
func (j *journal) decide(ctx context.Context, state moveState) error {
	err := j.write(ctx, func(tx *sql.Tx) error {
		if err := setState(ctx, tx, "intended", intentions(nil)); err != nil {
			return err
		}
		return j.setState(ctx, tx, state)
	})
	if err == nil {
		j.state, j.intended = state, map[hash]entry{}
	}
	return err
}

func (j *journal) setState(ctx context.Context, tx *sql.Tx, state moveState) error {
	text, err := json.Marshal(state)
	if err != nil {
		return err
	}
	if err := setState(ctx, tx, "state", text); err != nil {
		return err
	}
	return setState(ctx, tx, "task", []byte(j.task))
}

func setState(ctx context.Context, tx *sql.Tx, name string, value []byte) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO state VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
	return err
}

func (j *journal) write(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := j.db.BeginTx(ctx, nil)
	if err != nil {
		return journalError(err)
	}
	defer tx.Rollback()
	if err := f(tx); err != nil {
		return journalError(err)
	}
	if err := tx.Commit(); err != nil {
		return journalError(err)
	}
	return nil
}

// lookUp finds what was copied of the sessions of a batch.
func (j *journal) lookUp(ctx context.Context, items []*moving) error {
	find, err := j.db.PrepareContext(ctx, "SELECT content, expires, seen FROM copied WHERE key = ?")
	if err != nil {
		return journalError(err)
	}
	defer find.Close()
	for _, s := range inOrder(items) {
		if e, ok := j.intended[s.id]; ok {
			s.intended = &e
		}
		var e entry
		switch err := find.QueryRowContext(ctx, s.id[:]).Scan(&e.content, &e.expires, &e.seen); {
		case err == nil:
			s.was = &e
		case !errors.Is(err, sql.ErrNoRows):
			return journalError(err)
		}
	}
	return nil
}

// unseenWhere matches the rows of sessions that have not expired and that no walk from a
// certain one on has seen on the old engine.
const unseenWhere = "seen >= 0 AND seen < ? AND (expires = 0 OR expires > ?)"

// unseen counts the rows of unseenWhere, and all rows.
func (j *journal) unseen(ctx context.Context, before, now int64) (unseen, all int64, err error) {
	err = j.db.QueryRowContext(ctx, "SELECT COUNT(*), COALESCE(SUM("+unseenWhere+"), 0) FROM copied", before, now).Scan(&all, &unseen)
	if err != nil {
		err = journalError(err)
	}
	return unseen, all, err
}

// unseenKeys returns the keys of the rows of unseenWhere.
func (j *journal) unseenKeys(ctx context.Context, before, now int64) (map[hash]bool, error) {
	rows, err := j.db.QueryContext(ctx, "SELECT key FROM copied WHERE "+unseenWhere, before, now)
	if err != nil {
		return nil, journalError(err)
	}
	defer rows.Close()
	keys := map[hash]bool{}
	for rows.Next() {
		var id []byte
		if err := rows.Scan(&id); err != nil || len(id) != len(hash{}) {
			return nil, journalError(errors.Join(err, errors.New("a key of another length")))
		}
		keys[hash(id)] = true
	}
	if err := rows.Err(); err != nil {
		return nil, journalError(err)
	}
	return keys, nil
}

func (j *journal) close() {
	j.db.Close()
	j.release() // not before: closing the file ends SQLite's own locks
}

// keyHash is what the journal has for a session key.
func keyHash(key string) hash { return movingstore.JournalKey(key) }

// contentHash is 8 bytes of the SHA-256 of text.
func contentHash(text []byte) int64 {
	sum := sha256.Sum256(text)
	return int64(binary.LittleEndian.Uint64(sum[:]))
}
