// Package filestore keeps sessions where django.contrib.sessions.backends.file does: each
// in a file of one folder.
//
//	store, err := filestore.New(site, "/var/lib/site/sessions", nil) // SESSION_FILE_PATH
//
// Shapes: the name of the file is SESSION_COOKIE_NAME and the key, which has only a-z and
// 0-9. It has the mode 0600, and holds the text of Site.Encode. An empty file, which
// another process has just made to take the key, is an empty session. The Version of a
// record is the content of its file.
//
// # Expiry
//
// A file has no place for Record.Expires. It follows from _session_expiry and from the
// time at which the file was last modified:
//
//   - a moment: then;
//   - nothing, or a value such as 0: the age of the cookie after the modification;
//   - a positive number: the server never ends the session. Record.Expires is
//     that many seconds after the modification, when its cookie ends;
//   - a negative number: the session has expired.
//
// As in Django less than a whole second left is none. To write a record with another
// Expires, the store sets the time of modification. For a session that a request has
// saved this is now. Touch sets only that time; it cannot move a moment that the data
// hold. A machine of 32 bits sets no time after January 2038: there a record that ends
// more than the cookie's age later ends earlier.
//
// Unlike Django, which deletes an expired session when it reads it, Load leaves it to
// ClearExpired. Unlike Django before 1.10, whose files never end, the same rules hold for
// every version.
//
// # Several writers
//
// A file is never written in place. A new file is made beside it, under a name that is no
// session's for Django either (<name>_out_...), and then takes its place. A crash or a
// full disk leaves the old session, or the new one, and at worst such a file beside it.
// ClearExpired removes it when nobody has changed it for a day, also one of Django's.
// When a method returns, its change is on the disk, unless [Options.NoSync] is set.
//
// Writers that use this package, in one process or in several on one machine, exclude
// each other by flock on the file of the session (on Windows by a file djsession.lock in
// the folder). They lose no write of each other. A process that is stopped while it holds a
// file keeps others from writing it, but not from deleting it: a logout waits for a second
// at most, where files can be exchanged. Django takes no lock. On Linux and macOS
// the new file and the old one are exchanged, in one step that fails if Django deleted
// the session. If Django wrote the session meanwhile, its file is put back and Update
// returns [djsession.ErrConflict]. These writes can still be lost:
//
//   - Django overwrites a whole session with what one request saw, and brings
//     back one that was deleted between its look and its rename.
//   - Delete of what was seen also deletes what Django writes in the instant before.
//   - Where files cannot be exchanged (other systems, and file systems such as
//     NFS), Update looks and then renames: a write of Django's in between is lost,
//     and a session that Django deletes in between comes back.
//   - Where files can neither be renamed without replacing nor be linked, Create
//     first makes an empty file, as Django does; a crash just then leaves an empty
//     session.
//   - On systems without flock that are not Windows, only the users of one Store
//     exclude each other.
//
// # Errors
//
// They are those of [djsession.Store]. A folder that is missing, or cannot be read or
// written, and a full disk are [djsession.ErrUnavailable], never [djsession.ErrNotFound].
// Texts hold no path of a session. The error of the operating system, which does, can be
// matched by [errors.As].
//
// Unlike Django, which sends the cookie even if a session could not be written, every
// failure is an error.
//
// # Security
//
// The folder should be the site's own, with the mode 0700, and the process must run as
// the user of the site: whoever can read a file's name can log in. A file that is not
// regular is [djsession.ErrCorrupt]: a symbolic link is not followed, a FIFO does not
// block. A file longer than Limits.Payload is not read.
package filestore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/atomicfile"
)

// Options are for what Django has no setting for. The zero value is the default.
type Options struct {
	// NoSync does not wait until a change is on the disk, as Django does not. It is
	// faster, but after a power failure the session may be some seconds old, or empty.
	NoSync bool
}

// Store is a [djsession.Store] on the folder of Django's engine file. It is safe
// for concurrent use.
type Store struct {
	site   *djsession.Site
	folder *atomicfile.Folder
}

var (
	_ djsession.Store         = (*Store)(nil)
	_ djsession.Reaper        = (*Store)(nil)
	_ djsession.Lister        = (*Store)(nil)
	_ djsession.ExpiredLoader = (*Store)(nil)
)

// New returns the [Store] of site's sessions in the folder dir, which is SESSION_FILE_PATH.
// If that is not set, pass "": the folder is then the one that Python's
// tempfile.gettempdir chooses, found by writing to it. As in Django, the folder must
// exist. opts may be nil.
//
// Errors: [djsession.ErrConfig] if there is no such folder.
func New(site *djsession.Site, dir string, opts *Options) (*Store, error) {
	if dir == "" {
		var err error
		if dir, err = tempDir(); err != nil {
			return nil, err
		}
	}
	if fi, err := os.Stat(dir); err != nil || !fi.IsDir() {
		return nil, fmt.Errorf("%w: the session folder %q does not exist", djsession.ErrConfig, dir)
	}
	return &Store{site, atomicfile.New(dir, opts != nil && opts.NoSync)}, nil
}

// Site implements [djsession.Store].
func (s *Store) Site() *djsession.Site { return s.site }

// Load implements [djsession.Store]: SessionStore.load. It changes nothing.
func (s *Store) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	return s.load(ctx, key, false)
}

// LoadExpired implements [djsession.ExpiredLoader].
func (s *Store) LoadExpired(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	return s.load(ctx, key, true)
}

func (s *Store) load(ctx context.Context, key string, expired bool) (*djsession.Record, djsession.Version, error) {
	const doing = "load session"
	path, err := s.path(ctx, doing, key)
	if err != nil {
		return nil, djsession.Version{}, err
	}
	c, err := s.read(path)
	if err != nil {
		return nil, djsession.Version{}, s.unread(doing, err)
	}
	r, over, err := s.record(doing, c)
	switch {
	case over && !expired:
		return nil, djsession.Version{}, djsession.ErrExpired
	case err != nil:
		return nil, c.version(), err
	}
	return r, c.version(), nil
}

// Create implements [djsession.Store]: SessionStore.save(must_create=True). An expired
// session occupies its key until [Store.ClearExpired] removes it.
func (s *Store) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	const doing = "create session"
	path, err := s.path(ctx, doing, key)
	if errors.Is(err, djsession.ErrNotFound) {
		return djsession.Version{}, fmt.Errorf("%s: %w: in files a key has nothing but a-z and 0-9", doing, djsession.ErrConfig)
	}
	if err != nil {
		return djsession.Version{}, err
	}
	d, text, err := s.draft(doing, path, r)
	if err != nil {
		return djsession.Version{}, err
	}
	defer d.Discard()
	if err := s.folder.Place(doing, d, path); err != nil {
		return djsession.Version{}, err
	}
	return djsession.VersionOf(text), s.folder.Sync(doing)
}

// Update implements [djsession.Store]: SessionStore.save.
func (s *Store) Update(ctx context.Context, key string, r *djsession.Record, seen djsession.Version) (djsession.Version, error) {
	const doing = "update session"
	path, err := s.path(ctx, doing, key)
	if err != nil {
		return djsession.Version{}, err
	}
	// The loser of a race learns it here, before it writes a file for nothing.
	if _, err := s.match(doing, path, seen); err != nil {
		return djsession.Version{}, err
	}
	d, text, err := s.draft(doing, path, r)
	if err != nil {
		return djsession.Version{}, err
	}
	defer d.Discard()
	release, err := s.folder.Hold(ctx, path)
	if err != nil {
		return djsession.Version{}, s.failed(doing, err, seen)
	}
	defer release()
	if _, err := s.match(doing, path, seen); err != nil {
		return djsession.Version{}, err
	}
	if err := s.folder.Replace(ctx, doing, d, path, s.same(seen)); err != nil {
		return djsession.Version{}, err
	}
	return djsession.VersionOf(text), s.folder.Sync(doing)
}

// Delete implements [djsession.Store]: SessionStore.delete.
func (s *Store) Delete(ctx context.Context, key string, seen djsession.Version) error {
	const doing = "delete session"
	path, err := s.path(ctx, doing, key)
	if err != nil {
		return err
	}
	release, err := s.folder.HoldToDelete(ctx, path, seen)
	if err != nil {
		return s.failed(doing, err, seen)
	}
	defer release()
	if !seen.IsForce() {
		if _, err := s.match(doing, path, seen); err != nil {
			return err
		}
	}
	if err := s.folder.Unlink(ctx, path); err != nil {
		return s.failed(doing, err, seen)
	}
	return s.folder.Sync(doing)
}

// Touch implements [djsession.Store]: it sets the time of modification, as a save of the
// same data by Django does. The Version stays the same. The end of a session whose data
// hold a moment stays that moment.
//
// Errors: also [djsession.ErrCorrupt], for a session that does not decode.
func (s *Store) Touch(ctx context.Context, key string, expires time.Time, seen djsession.Version) error {
	const doing = "touch session"
	path, err := s.path(ctx, doing, key)
	if err != nil {
		return err
	}
	release, err := s.folder.Hold(ctx, path)
	if err != nil {
		return s.failed(doing, err, seen)
	}
	defer release()
	c, err := s.match(doing, path, seen)
	if err != nil {
		return err
	}
	data, err := s.decode(doing, c)
	if err != nil {
		return err
	}
	mtime, err := s.mtime(data, expires)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if err := os.Chtimes(path, time.Time{}, mtime); err != nil {
		return s.failed(doing, err, seen)
	}
	return nil
}
