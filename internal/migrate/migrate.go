// Package migrate moves the sessions of a site from one engine to another while the site
// runs, in two steps: it copies the sessions while Django is on the old engine, and brings
// over the rest when Django is on the new one. Package movingstore is what programs in Go
// use meanwhile.
package migrate

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// Engine is one end of a move.
type Engine struct {
	Store djsession.Store
	// Lister lists the sessions of Store. It is nil if Store cannot; the old engine must.
	Lister djsession.Lister
	// Decodes reports whether Store takes the end of a session from its data.
	Decodes bool
}

// Options say what to move, and how.
type Options struct {
	From, To Engine
	// JSON reports whether the new engine takes only what JSON holds. A session that was
	// read from a pickle is converted then.
	JSON bool

	// Journal is the file that says what was copied, and how far the move has come. It
	// belongs to one move and is needed until it is over. Task names the move: a journal
	// of another Task is an error.
	Journal, Task string

	Switched bool // the second step: Django is on the new engine
	Keep     bool // delete nothing from the old engine
	DryRun   bool // count the sessions and change nothing

	// Batch is after how many sessions the journal is written; default 2000.
	Batch int
	// Workers is how many sessions are written at a time; default 16.
	Workers int
	// Grace is how long a program may take to move a session that it has begun to move.
	Grace time.Duration

	// Progress is called after each batch with the sessions seen so far, those of earlier
	// runs included. It may be nil.
	Progress func(seen int64)
	// Warn is called for what a user should know, with a count of sessions. It may be nil.
	Warn func(w Warning, sessions int64)
}

// Warning is something that a user should know.
type Warning int

const (
	// Interrupted: the first step was stopped in the middle of some sessions, and Django
	// was switched before it was run again. Whoever of these users has logged out since may
	// be logged in once more.
	Interrupted Warning = iota
	// NotPruned: some sessions were copied and then deleted from the old engine, and the
	// new engine cannot list its sessions. Their copies stay until they expire.
	NotPruned
)

// Counts say what became of the sessions.
type Counts struct {
	Seen, Copied, Updated, Already, Expired, Corrupt, Left, Gone int64

	Taken     int64 // keys of the new engine that somebody else has written to
	Newer     int64 // sessions that both engines had, of which the new one's was kept
	LoggedOut int64 // sessions that were logged out on the new engine
	Deleted   int64 // sessions that were deleted from the old engine because they were moved
	Pruned    int64 // copies that were deleted because somebody logged out on the old engine
	Used      int64 // those of them that had been used on the new engine since
	Later     int64 // sessions that somebody else was moving or writing
}

// Result is what a step has done.
type Result struct {
	Counts               // those of the runs before that it went on from included
	Before int64         // Seen of the runs before
	Took   time.Duration // of this run
}

// Errors of Run, besides those of the stores, *FileError, *JournalError, *EmptiedError and
// *MismatchError.
var (
	ErrSamePlace    = errors.New("migrate: both engines are the same place")
	ErrNoJournal    = errors.New("migrate: no journal, which the first step makes")
	ErrNotJournal   = errors.New("migrate: the file is not a journal")
	ErrJournalInUse = errors.New("migrate: another run uses the journal")
	ErrOtherMove    = errors.New("migrate: the journal belongs to another move")
	ErrSwitched     = errors.New("migrate: the move has come to its second step")
)

// FileError is an error of the file system about the journal.
type FileError struct{ Err error }

// Error implements error.
func (e *FileError) Error() string { return "migrate: journal: " + e.Err.Error() }

// Unwrap returns e.Err.
func (e *FileError) Unwrap() error { return e.Err }

// JournalError is an error of the database in the journal.
type JournalError struct{ Err error }

// Error implements error.
func (e *JournalError) Error() string { return "migrate: journal: " + e.Err.Error() }

// Unwrap returns e.Err.
func (e *JournalError) Unwrap() error { return e.Err }

func journalError(err error) error { return &JournalError{err} }

// EmptiedError is an engine that has lost most of the sessions that were copied. Run does
// not take that for logouts.
type EmptiedError struct {
	Old             bool // the old engine; otherwise the new one
	Missing, Copied int64
}

// Error implements error.
func (e *EmptiedError) Error() string {
	name := "new"
	if e.Old {
		name = "old"
	}
	return fmt.Sprintf("migrate: %d of %d sessions that were copied are not in the %s engine any more", e.Missing, e.Copied, name)
}

// MismatchError is a session that the new engine does not hold as it was written there.
type MismatchError struct {
	Session string // the beginning of its key
	What    string
}

// Error implements error.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("migrate: session %s is not in the new engine as it was written there: %s", e.Session, e.What)
}

// mover is a run.
type mover struct {
	Options
	site    *djsession.Site // of the new engine
	journal *journal

	state    moveState
	done     moveState  // before the batch that is done now
	counting sync.Mutex // of the counts in state, while workers are at it
}

// Run does one step of a move, or what is left of it. It can be killed at any time: run
// again with the same Options, it goes on from there. The result is nil if the step did not
// begin; otherwise it holds also if there is an error. Whether all could be moved, the
// Counts say: Taken, Left and Later are 0.
func Run(ctx context.Context, opts Options) (*Result, error) {
	m := newMover(opts)
	if !m.DryRun {
		if err := m.apart(ctx); err != nil {
			return nil, err
		}
	}
	return m.step(ctx)
}

func newMover(opts Options) *mover {
	m := &mover{Options: opts, site: opts.To.Store.Site()}
	m.Batch, m.Workers = cmp.Or(m.Batch, 2000), cmp.Or(m.Workers, 16)
	if m.Progress == nil {
		m.Progress = func(int64) {}
	}
	if m.Warn == nil {
		m.Warn = func(Warning, int64) {}
	}
	return m
}

// step is Run for engines that are known to be apart.
func (m *mover) step(ctx context.Context) (*Result, error) {
	if err := m.openJournal(ctx); err != nil {
		return nil, err
	}
	if m.journal != nil {
		defer m.journal.close()
		if n := len(m.journal.intended); m.Switched && n > 0 {
			m.Warn(Interrupted, int64(n))
		}
	}
	start, before := time.Now(), m.state.Counts.Seen
	err := m.run(ctx)
	return &Result{m.state.Counts, before, time.Since(start)}, err
}

// openJournal opens the journal and reads how far the move has come.
func (m *mover) openJournal(ctx context.Context) error {
	if _, err := os.Stat(m.Journal); m.DryRun && errors.Is(err, os.ErrNotExist) {
		m.state = moveState{Stage: "walk", Pass: 1}
		return nil
	}
	j, err := openJournal(ctx, m.Journal, m.Task, !m.Switched)
	if err != nil {
		return err
	}
	m.journal, m.state = j, j.state
	switch {
	case m.state.Switched && !m.Switched:
		j.close()
		return ErrSwitched
	case m.Switched && !m.state.Switched, m.state.Stage == "done", m.DryRun:
		m.state = moveState{Switched: m.Switched, Stage: "walk", Pass: m.state.Pass + 1}
	}
	if !m.DryRun {
		err = j.save(ctx, m.state)
	}
	return err
}

// apart returns ErrSamePlace if both engines are one place under two names, from which the
// second step would delete every session. It puts a session into the new engine and looks
// for it on the old one.
func (m *mover) apart(ctx context.Context) error {
	key := strings.ToLower(rand.Text()) + "migrate"
	probe := &djsession.Record{Data: serializer.NewDict(), Expires: m.site.Now().Add(time.Minute)}
	if _, err := m.To.Store.Create(ctx, key, probe); err != nil {
		return err
	}
	_, _, found := m.From.Store.Load(ctx, key)
	if err := m.To.Store.Delete(context.WithoutCancel(ctx), key, djsession.Force); err != nil && !errors.Is(err, djsession.ErrNotFound) {
		return err
	}
	switch {
	case errors.Is(found, djsession.ErrNotFound):
		return nil
	case found == nil, errors.Is(found, djsession.ErrCorrupt):
		return ErrSamePlace
	}
	return found
}

// moveRounds is the most further walks over the old engine, for sessions that somebody else
// was moving or writing.
const moveRounds = 3

// run does what is left of the step.
func (m *mover) run(ctx context.Context) error {
	s := &m.state
	for s.Stage == "walk" {
		if err := m.walk(ctx); err != nil || m.DryRun {
			return err
		}
		s.Cursor = ""
		if !m.Switched || s.Counts.Later == 0 || s.Round == moveRounds {
			s.Stage = "prune"
		} else {
			if err := wait(ctx, m.Grace); err != nil {
				return err
			}
			s.Round++
			s.Counts.Later = 0
		}
		if err := m.journal.save(ctx, *s); err != nil {
			return err
		}
	}
	if err := m.prune(ctx); err != nil {
		return err
	}
	s.Stage, s.Cursor = "done", ""
	if !m.Switched {
		// A killed run may have been about to copy a session that no walk has seen since.
		// Its user has logged out, and its copy is gone.
		return m.journal.decide(ctx, *s)
	}
	return m.journal.save(ctx, *s)
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
