package filestore

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/atomicfile"
)

// keys returns the keys of all sessions in the folder, in no order. It ignores files with
// other names, such as those that are being written.
func (s *Store) keys(ctx context.Context, doing string) ([]string, error) {
	prefix := s.site.Settings().CookieName
	keys, err := s.folder.Names(ctx, doing, s.isName)
	for i := range keys {
		keys[i] = keys[i][len(prefix):]
	}
	return keys, err
}

// isName reports whether name is that of a session.
func (s *Store) isName(name string) bool {
	key, ok := strings.CutPrefix(name, s.site.Settings().CookieName)
	return ok && isKey(key) && s.site.ValidKey(key)
}

// ClearExpired implements [djsession.Reaper]: SessionStore.clear_expired. It reads every
// session. As in Django, empty files and files that it may not read stay. Unlike in
// Django, so do files longer than Limits.Payload.
//
// Unlike Django, it also removes the files that killed writers left beside those of
// sessions, Django's or ours, when nobody has changed them for a day. They do not count.
//
// It holds the names of all sessions in memory.
func (s *Store) ClearExpired(ctx context.Context, opts *djsession.ReapOptions) (int64, error) {
	const doing = "clear expired sessions"
	keys, err := s.keys(ctx, doing)
	if err != nil {
		return 0, err
	}
	for i := range keys {
		keys[i] = s.site.Settings().CookieName + keys[i]
	}
	if opts == nil || !opts.DryRun {
		drafts, err := s.folder.Names(ctx, doing, func(name string) bool { return atomicfile.IsDraft(name, s.isName) })
		if err != nil {
			return 0, err
		}
		s.folder.ReapDrafts(ctx, drafts)
	}
	return s.folder.Reap(ctx, doing, keys, opts, func(path string) (bool, error) { return s.over(doing, path) })
}

// over reports whether a session has expired. One that is gone or cannot be read has not.
func (s *Store) over(doing, path string) (bool, error) {
	c, err := s.read(path)
	if err != nil {
		err = s.unread(doing, err)
		if errors.Is(err, djsession.ErrNotFound) || errors.Is(err, djsession.ErrCorrupt) || errors.Is(err, fs.ErrPermission) {
			return false, nil
		}
		return false, err
	}
	_, over, _ := s.record(doing, c)
	return over, nil
}

// List implements [djsession.Lister], in the order of the keys. The cursor is a key. A
// session that it may not read, such as one of another user's site in a common folder, is
// yielded with [djsession.ErrUnavailable] in Listed.Err.
//
// It holds the names of all sessions in memory.
func (s *Store) List(ctx context.Context, cursor string) iter.Seq2[djsession.Listed, error] {
	return func(yield func(djsession.Listed, error) bool) {
		const doing = "list sessions"
		keys, err := s.keys(ctx, doing)
		if err != nil {
			yield(djsession.Listed{}, err)
			return
		}
		slices.Sort(keys)
		i, found := slices.BinarySearch(keys, cursor)
		if found {
			i++
		}
		for _, key := range keys[i:] {
			l, err := s.listed(ctx, doing, key)
			if errors.Is(err, djsession.ErrNotFound) {
				continue // gone meanwhile
			}
			if !yield(l, err) || err != nil {
				return
			}
		}
	}
}

func (s *Store) listed(ctx context.Context, doing, key string) (djsession.Listed, error) {
	path, err := s.path(ctx, doing, key)
	if err != nil {
		return djsession.Listed{}, err
	}
	l := djsession.NewListed(key, key)
	c, err := s.read(path)
	if err != nil {
		err = s.unread(doing, err)
		if !errors.Is(err, djsession.ErrCorrupt) && !errors.Is(err, fs.ErrPermission) {
			return djsession.Listed{}, err
		}
		l.Err = err
		if fi, err := os.Lstat(path); err == nil {
			l.Size = int(fi.Size())
		}
		return l, nil
	}
	l.Version, l.Size = c.version(), len(c.text)
	l.Record, _, l.Err = s.record(doing, c)
	return l, nil
}
