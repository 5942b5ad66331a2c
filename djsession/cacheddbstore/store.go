// Package cacheddbstore keeps sessions where django.contrib.sessions.backends.cached_db
// does: in the table django_session, and copies of them in a cache.
//
//	db := dbstore.New(site, handle, dbstore.PostgreSQL, nil)
//	cache := rediscache.New(site, client, nil)
//	store, err := cacheddbstore.New(db, cache, nil)
//
// Shapes: the row is that of package dbstore. The name of the copy is
// "django.contrib.sessions.cached_db", followed by the session key without a separator.
// The copy is the dict itself, as in package cachestore. The Version of a record is that
// of the row or of the copy, whichever was read.
//
// # The row is the truth
//
// Load takes the copy if there is one, else the row, of which it makes a copy. Every
// change is made to the row first, by compare and swap, and then to the copy. Unlike
// Django, the [Store] then reads the row once more, and drops a copy of a session that is
// no longer there:
//
//   - A request that read the row just before a logout puts no copy of it back for good.
//   - If two requests save at once, the copy of the later one stays, or none.
//
// The row is not read once more when the new copy took the place of the very copy that the
// record was read from: whoever else changed the row has dropped or replaced that one. Equal
// copies must then be told apart. A cache that can ([djcache.Stamping]) writes a random number
// into each copy, which every unpickler reads and drops.
//
// An Update of a record that was read from the copy first reads the row. If both do not
// hold the same, it is [djsession.ErrConflict], and the change is made on the row. So an
// outdated copy, as Django leaves them behind, is not written back.
//
// A change of a record that was read from the copy compares the row, as this process knows
// it, when it changes it. A process that neither made the copy nor compared it before reads
// the row first.
//
// # When the cache fails
//
// Load reads the row, and saving goes on; both are logged. After one failure the Store asks
// that server of the cache no more: a probe, one at a time, finds it back. So only the first
// requests wait for the cache, as long as its client does. Give it short timeouts and no
// retries, as djsite does. A request that needs the cache, such as a logout, waits up to 2 ms
// for a probe. If the cache neither took a new
// copy nor dropped the old one, others see the old one until the cache answers this Store
// again. The Store remembers up to 10,000 such keys. It reads their rows, and drops the
// copies with the next request of any visitor that the cache answers, and once more five
// seconds later. A program that ends before that leaves the copies until they expire.
//
// If an old copy would keep somebody logged in, the error is [djsession.ErrUnavailable]:
//
//   - Delete with djsession.Force has then deleted the row: call it again.
//   - Delete of what was seen keeps the row while the copy cannot be deleted.
//   - Cycle keeps the old key while its copy cannot be deleted.
//   - A session without a row is djsession.ErrNotFound only if the cache answers that
//     there is no copy, or has dropped it. So a second try of a logout that failed because of the
//     cache does not report success too early.
//
// Work on the copy that has begun goes on for a second when the client of a request goes
// away, so that it leaves no outdated copy behind. It ends at the deadline of the context,
// such as SaveTimeout; a goroutine then drops the copy.
//
// Django can still lose writes on its own: it puts copies back after a logout (its load
// looks at the row, and then sets the copy), and overwrites a whole session with what one
// request saw. If the site deletes a row inside of a transaction that goes on
// (ATOMIC_REQUESTS), nobody else sees that it is gone: a copy that is made before the
// transaction ends outlives the logout.
//
// # Errors
//
// They are those of the database's Store. A copy that does not decode is ignored.
//
// # Security
//
// Copies are not signed: whoever can write to the cache can log in as anyone. A row that
// is deleted by hand, or by ClearExpired before its time, stays valid while there is a
// copy, in Django too.
package cacheddbstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// Options are for sites that differ from Django's defaults. The zero value is for all
// others.
type Options struct {
	// KeyPrefix is SessionStore.cache_key_prefix; default
	// "django.contrib.sessions.cached_db". django-qsessions has
	// "qsessions.q_cached_db".
	KeyPrefix string
	// Data returns the dict to store for a record, in the row and in the copy. It must be
	// the Data of the options of the database's [Store]; nil means Record.Data.
	Data func(r *djsession.Record) *serializer.Dict
}

// Store is a [djsession.Store] of rows with copies in a cache. It is safe for
// concurrent use.
type Store struct {
	site   *djsession.Site
	db     djsession.Store
	cache  *guard
	recall djcache.Recaller // nil: the cache is asked
	stamps djcache.Stamping // nil: equal copies have equal Versions
	prefix string
	data   func(r *djsession.Record) *serializer.Dict
	doubts *doubts
	known  *known
}

var (
	_ djsession.Store         = (*Store)(nil)
	_ djsession.Cycler        = (*Store)(nil)
	_ djsession.Reaper        = (*Store)(nil)
	_ djsession.Lister        = (*Store)(nil)
	_ djsession.UserLister    = (*Store)(nil)
	_ djsession.FreshLoader   = (*Store)(nil)
	_ djsession.ExpiredLoader = (*Store)(nil)
)

// New returns the [Store] of the sessions in db, a *dbstore.Store or a *pgxstore.Store,
// with copies in cache, which must be the entry of CACHES that SESSION_CACHE_ALIAS names.
// opts may be nil.
//
// Errors: [djsession.ErrConfig] if db and cache were made for two Sites.
func New(db djsession.Store, cache djcache.Cache, opts *Options) (*Store, error) {
	s := &Store{site: db.Site(), db: db, prefix: "django.contrib.sessions.cached_db", doubts: newDoubts(), known: newKnown()}
	s.cache = newGuard(cache, s.logAt)
	s.recall, _ = djcache.As[djcache.Recaller](cache)
	s.stamps, _ = djcache.As[djcache.Stamping](cache)
	if cache.Site() != s.site {
		return nil, fmt.Errorf("%w: the rows and their copies are of two Sites", djsession.ErrConfig)
	}
	if opts != nil {
		s.prefix = cmp.Or(opts.KeyPrefix, s.prefix)
		s.data = opts.Data
	}
	return s, nil
}

// Site implements [djsession.Store].
func (s *Store) Site() *djsession.Site { return s.site }

// Load implements [djsession.Store]: SessionStore.load. The record may be a copy, whose
// expiry is unknown.
func (s *Store) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	if s.doubts.has(key) {
		return s.loadRow(ctx, key)
	}
	// While there are doubts it waits for a probe, so that they end with the outage.
	item, err := s.cache.get(ctx, s.prefix+key, need(s.doubts.n.Load() > 0))
	if err == nil {
		s.settle(ctx)
		return ofItem(item), ofCopy(item.Version), nil
	}
	absent := errors.Is(err, djsession.ErrNotFound)
	down := errors.Is(err, errDown)
	if !absent {
		if ctx.Err() != nil {
			return nil, djsession.Version{}, err
		}
		if !down { // the guard has logged it
			s.log(ctx, "djsession: a session is read from the database, because its copy cannot be read from the cache", err)
		}
	}
	r, v, rowErr := s.db.Load(ctx, key)
	if rowErr != nil {
		if down && errors.Is(rowErr, djsession.ErrNotFound) {
			if item, err = s.cache.get(ctx, s.prefix+key, true); err == nil {
				return ofItem(item), ofCopy(item.Version), nil
			}
			absent = errors.Is(err, djsession.ErrNotFound)
		}
		switch {
		case absent || !errors.Is(rowErr, djsession.ErrNotFound):
		case errors.Is(err, djsession.ErrCorrupt): // for this program, but not for Django
			rowErr = s.forget(ctx, key, rowErr)
		default:
			rowErr = notAsked(err)
		}
		return nil, ofRow(v), rowErr
	}
	if absent {
		s.settle(ctx)
		ctx, cancel := lasting(ctx)
		defer cancel()
		// A request that saves meanwhile has a better copy, which Add does not replace.
		if made, err := s.cache.add(s.stamp(ctx), s.prefix+key, r.Data, r.Expires); err == nil {
			s.recheck(ctx, key, v, made)
		} else if !errors.Is(err, djsession.ErrKeyTaken) {
			s.unmade(ctx, key, err) // it may have been made all the same
		}
	}
	return r, ofRow(v), nil
}

// LoadFresh implements [djsession.FreshLoader]: it reads the row.
func (s *Store) LoadFresh(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	r, v, err := s.db.Load(ctx, key)
	return r, ofRow(v), err
}

// LoadExpired implements [djsession.ExpiredLoader]: it reads the row. It is LoadFresh if
// the Store of the rows is no ExpiredLoader.
func (s *Store) LoadExpired(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	r, v, err := s.loadExpired(ctx, key)
	return r, ofRow(v), err
}

// loadExpired reads the row, for a request that may have begun before it expired.
func (s *Store) loadExpired(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	r, v, err := s.db.Load(ctx, key)
	if errors.Is(err, djsession.ErrExpired) {
		if rows, ok := djsession.As[djsession.ExpiredLoader](s.db); ok {
			return rows.LoadExpired(ctx, key)
		}
	}
	return r, v, err
}

// Create implements [djsession.Store]: SessionStore.save(must_create=True).
func (s *Store) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	v, err := s.db.Create(ctx, key, r)
	if err != nil {
		return djsession.Version{}, err
	}
	s.copy(ctx, key, r, v, djsession.Version{})
	return ofRow(v), nil
}

// Update implements [djsession.Store]: SessionStore.save.
func (s *Store) Update(ctx context.Context, key string, r *djsession.Record, seen djsession.Version) (djsession.Version, error) {
	row, err := s.row(ctx, key, seen)
	if err != nil {
		return djsession.Version{}, err
	}
	v, err := s.db.Update(ctx, key, r, row)
	if err != nil {
		return djsession.Version{}, s.changed(ctx, key, seen, err)
	}
	s.copy(ctx, key, r, v, seen)
	return ofRow(v), nil
}

// Touch implements [djsession.Store].
func (s *Store) Touch(ctx context.Context, key string, expires time.Time, seen djsession.Version) error {
	row, err := s.row(ctx, key, seen)
	if err != nil {
		return err
	}
	if err := s.db.Touch(ctx, key, expires, row); err != nil {
		return s.changed(ctx, key, seen, err)
	}
	ctx, cancel := lasting(ctx)
	defer cancel()
	if err := s.cache.touch(ctx, s.prefix+key, expires); err != nil && !errors.Is(err, djsession.ErrNotFound) {
		s.drop(ctx, key, err, false)
		return nil
	}
	s.recheck(ctx, key, row, djsession.Version{})
	return nil
}

// Delete implements [djsession.Store]: SessionStore.delete. It returns [djsession.ErrNotFound] if there
// was only a copy, which is then deleted too.
func (s *Store) Delete(ctx context.Context, key string, seen djsession.Version) error {
	if seen.IsForce() {
		return s.deleted(ctx, key, s.db.Delete(ctx, key, seen))
	}
	row, err := s.row(ctx, key, seen)
	if err != nil {
		return err
	}
	// The copy first: a caller who already has a new key must not lose both to a cache
	// that is down.
	if err := s.cache.delete(ctx, s.prefix+key, true); err != nil {
		return err
	}
	err = s.db.Delete(ctx, key, row)
	if errors.Is(err, djsession.ErrConflict) {
		return s.changed(ctx, key, seen, err)
	}
	// The copy is gone, but for one that a reader made meanwhile.
	_ = s.drop(ctx, key, nil, true)
	return err
}

// Cycle implements [djsession.Cycler]. It returns [errors.ErrUnsupported] if the Store of
// the rows is no Cycler.
func (s *Store) Cycle(ctx context.Context, old string, seen djsession.Version, key string, r *djsession.Record) (djsession.Version, error) {
	rows, ok := s.db.(djsession.Cycler)
	if !ok {
		return djsession.Version{}, fmt.Errorf("cycle session key: %w: the store of the rows cannot", errors.ErrUnsupported)
	}
	row, err := s.row(ctx, old, seen)
	if err != nil {
		return djsession.Version{}, err
	}
	// The copy first: the old key is good as long as it is there.
	if err := s.cache.delete(ctx, s.prefix+old, true); err != nil {
		return djsession.Version{}, err
	}
	v, err := rows.Cycle(ctx, old, row, key, r)
	if err != nil {
		return djsession.Version{}, s.changed(ctx, old, seen, err)
	}
	_ = s.drop(ctx, old, nil, true) // a copy that a reader made meanwhile
	s.copy(ctx, key, r, v, djsession.Version{})
	return ofRow(v), nil
}

// deleted deletes the copy of a row, and returns the result of deleting both. It deletes
// the copy even if the row could not be deleted. Of several simultaneous deletes only the
// one that deleted the row succeeds, whichever deletes the copy.
func (s *Store) deleted(ctx context.Context, key string, row error) error {
	ctx, cancel := lasting(ctx)
	defer cancel()
	s.known.forget(key)
	err := s.cache.delete(ctx, s.prefix+key, true)
	if err != nil {
		s.suspect(ctx, key)
		s.settleLater(ctx)
	} else {
		s.settle(ctx)
	}
	if row != nil && !errors.Is(row, djsession.ErrNotFound) || err == nil {
		return row
	}
	return err
}

// ClearExpired implements [djsession.Reaper]: it removes rows. Copies expire by themselves.
// It returns [errors.ErrUnsupported] if the Store of the rows is no Reaper.
func (s *Store) ClearExpired(ctx context.Context, opts *djsession.ReapOptions) (int64, error) {
	rows, ok := djsession.As[djsession.Reaper](s.db)
	if !ok {
		return 0, fmt.Errorf("clear expired sessions: %w: the store of the rows cannot", errors.ErrUnsupported)
	}
	return rows.ClearExpired(ctx, opts)
}

// List implements [djsession.Lister], over the rows. It ends at once with
// [errors.ErrUnsupported] if the Store of the rows is no Lister.
func (s *Store) List(ctx context.Context, cursor string) iter.Seq2[djsession.Listed, error] {
	return func(yield func(djsession.Listed, error) bool) {
		rows, ok := djsession.As[djsession.Lister](s.db)
		if !ok {
			yield(djsession.Listed{}, fmt.Errorf("list sessions: %w: the store of the rows cannot", errors.ErrUnsupported))
			return
		}
		listed(rows.List(ctx, cursor), yield)
	}
}

// ListUser implements [djsession.UserLister], over the rows. It ends at once with
// [errors.ErrUnsupported] if the Store of the rows is no UserLister.
func (s *Store) ListUser(ctx context.Context, id string) iter.Seq2[djsession.Listed, error] {
	return func(yield func(djsession.Listed, error) bool) {
		rows, ok := djsession.As[djsession.UserLister](s.db)
		if !ok {
			yield(djsession.Listed{}, fmt.Errorf("list sessions: %w: the store of the rows has no index of users", errors.ErrUnsupported))
			return
		}
		listed(rows.ListUser(ctx, id), yield)
	}
}

// listed yields rows with their Versions here.
func listed(rows iter.Seq2[djsession.Listed, error], yield func(djsession.Listed, error) bool) {
	for found, err := range rows {
		found.Version = ofRow(found.Version)
		if !yield(found, err) {
			return
		}
	}
}

func (s *Store) log(ctx context.Context, msg string, err error) {
	s.logAt(ctx, slog.LevelError, msg, err)
}

func (s *Store) logAt(ctx context.Context, level slog.Level, msg string, err error) {
	l := s.site.Settings().Logger
	if l == nil {
		l = slog.Default()
	}
	var attrs []slog.Attr
	if err != nil {
		attrs = append(attrs, slog.Any("error", err))
	}
	l.LogAttrs(ctx, level, msg, attrs...)
}
