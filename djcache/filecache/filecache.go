// Package filecache keeps sessions where
// django.core.cache.backends.filebased.FileBasedCache does: each in a file of one folder.
//
//	cache, err := filecache.New(site, "/var/tmp/django_cache", nil) // LOCATION
//	store := cachestore.New(cache, nil)
//
// Shapes: the name of the file is the MD5 of the cache's key in hex, and ".djcache". The
// file holds a pickle of the moment at which it ends, in seconds since 1970, and behind
// it the pickled dict, compressed by zlib. The Version of an Item is that second part, so
// Touch, which changes the first part, does not change it. The Expires of an entry
// without an end is the last second of the year 9999.
//
// # Compatibility
//
// Files have the mode 0600 and the folder 0700, so Go and Django must run as the same
// user. Whenever Django sets something in a full cache, it deletes a random third of it,
// including sessions: MAX_ENTRIES, by default 300, should be above the number of the
// site's sessions. Go deletes nothing by itself.
//
// Unlike Django, which deletes an expired file when it reads it, Get leaves it to
// ClearExpired. The expired file does not occupy its name: Add replaces it. A value whose
// expiry has passed is written as Django writes it, into an expired file.
//
// Unlike Django, which makes the folder again, a missing folder is
// [djsession.ErrUnavailable]: a deleted folder looks like a disk that is not mounted. New
// makes the folder.
//
// There is no [djcache.Lister], because the MD5 does not reveal the name. For the same
// reason ClearExpired removes expired files of all names.
//
// # Several writers
//
// A new content takes the place of a file in one step. A crash or a full disk leaves the
// old file or the new one, and at worst a draft (<name>_out_...) beside it, which
// ClearExpired removes. Go processes
// on one machine exclude each other by flock on the file. Django takes no lock. On Linux
// and macOS a file that Django deleted does not come back, and a file that Django wrote
// meanwhile is put back and reported as [djsession.ErrConflict]. These writes can still be
// lost:
//
//   - Django's save looks and then sets: it brings back a session that was deleted
//     in between, and overwrites the writes of others.
//   - Delete of what was seen deletes what Django writes in the instant before.
//   - Django's cache.touch, which its sessions do not use, writes in place.
//   - Where files cannot be exchanged (other systems, and file systems such as
//     NFS), Replace looks and then renames.
//
// # Errors
//
// They are those of [djcache.Cache]. Texts hold no path. The error of the operating system,
// which does, can be matched by [errors.As].
//
// # Security
//
// Nothing is signed: whoever can write to the folder can log in as anyone, and in Django
// can run code. A file that is not regular is [djsession.ErrCorrupt]; it is neither
// followed nor waited for. A value longer than Limits.Payload is not read, and one that
// decompresses to more than Limits.Data.Size is not kept.
package filecache

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/atomicfile"
	"github.com/go-djsession/go-djsession/internal/cachevalue"
	"github.com/go-djsession/go-djsession/serializer"
)

// Options are for sites that differ from Django's defaults. The zero value is for all
// others.
type Options struct {
	// Keys are KEY_PREFIX, VERSION and KEY_FUNCTION.
	Keys djcache.Keys
	// Sync waits until a change is on the disk. By default it does not, as in Django:
	// after a power failure the cache may be some seconds old.
	Sync bool
}

// Cache is a [djcache.Cache] in the folder of a FileBasedCache. It is safe for
// concurrent use.
type Cache struct {
	site   *djsession.Site
	keys   djcache.Keys
	codec  cachevalue.Codec
	folder *atomicfile.Folder
}

var (
	_ djcache.Cache       = (*Cache)(nil)
	_ djcache.Reaper      = (*Cache)(nil)
	_ djcache.Serializing = (*Cache)(nil)
)

// New returns the [Cache] of site in the folder dir, which is LOCATION. As Django does, it
// makes a missing folder. opts may be nil.
//
// Errors: [djsession.ErrConfig] if it cannot make the folder.
func New(site *djsession.Site, dir string, opts *Options) (*Cache, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if dir == "" {
		return nil, fmt.Errorf("%w: the folder of the cache has no name", djsession.ErrConfig)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("%w: the folder of the cache %q is not there and cannot be made", djsession.ErrConfig, dir)
	}
	return &Cache{site, o.Keys, cachevalue.New(site), atomicfile.New(dir, !o.Sync)}, nil
}

// Site implements [djcache.Cache].
func (c *Cache) Site() *djsession.Site { return c.site }

// Serializer implements [djcache.Serializing]. It is pickle.
func (c *Cache) Serializer() serializer.Serializer { return c.codec.Serializer() }

// Get implements [djcache.Cache]: FileBasedCache.get.
func (c *Cache) Get(ctx context.Context, name string) (djcache.Item, error) {
	const doing = "load session"
	path, err := c.path(ctx, doing, name)
	if err != nil {
		return djcache.Item{}, err
	}
	e, err := c.read(path)
	if err != nil {
		return djcache.Item{}, c.unread(doing, err)
	}
	if c.over(e) {
		return djcache.Item{}, djsession.ErrExpired
	}
	if !e.whole {
		return djcache.Item{}, djsession.Corrupt(doing, djsession.ErrTooLarge)
	}
	item := djcache.Item{Expires: e.expires, Version: e.version(), Size: len(e.value)}
	if e.bad != nil {
		return item, djsession.Corrupt(doing, e.bad)
	}
	data, err := c.codec.Decompress(doing, []byte(e.value))
	if err == nil {
		item.Value, err = c.codec.Loads(doing, data)
	}
	return item, err
}

// Add implements [djcache.Cache]: FileBasedCache.add. Unlike Django, it looks and sets in
// one step.
func (c *Cache) Add(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (djsession.Version, error) {
	return c.put(ctx, "create session", name, value, expires, c.over)
}

// Set implements [djcache.Cache]: FileBasedCache.set.
func (c *Cache) Set(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (djsession.Version, error) {
	return c.put(ctx, "set session", name, value, expires, nil)
}

// put writes a file if there is none, or if yields is true for the one that there is. A
// nil yields accepts every file.
func (c *Cache) put(ctx context.Context, doing, name string, value *serializer.Dict, expires time.Time, yields func(entry) bool) (djsession.Version, error) {
	text, v, err := c.encode(doing, value, expires)
	if err != nil {
		return djsession.Version{}, err
	}
	for {
		path, err := c.path(ctx, doing, name)
		if err != nil {
			return djsession.Version{}, err
		}
		err = c.tryPut(ctx, doing, path, text, yields)
		switch {
		case err == nil:
			return v, c.folder.Sync(doing)
		case !errors.Is(err, djsession.ErrNotFound) && !errors.Is(err, djsession.ErrConflict):
			return djsession.Version{}, err
		}
		// The file that put saw first is gone.
	}
}

func (c *Cache) tryPut(ctx context.Context, doing, path, text string, yields func(entry) bool) error {
	d, err := c.folder.Draft(doing, path, text, time.Time{})
	if err != nil {
		return err
	}
	defer d.Discard()
	err = c.folder.Place(doing, d, path)
	if !errors.Is(err, djsession.ErrKeyTaken) {
		return err
	}
	release, err := c.folder.Hold(ctx, path)
	if err != nil {
		if yields != nil && errors.Is(err, atomicfile.ErrIrregular) {
			return djsession.ErrKeyTaken
		}
		return c.folder.Failed(doing, err, djsession.Force)
	}
	defer release()
	if yields == nil {
		return c.folder.Replace(ctx, doing, d, path, nil)
	}
	e, err := c.read(path)
	if err != nil {
		return c.folder.Failed(doing, err, djsession.Force)
	}
	if !yields(e) {
		return djsession.ErrKeyTaken
	}
	return c.folder.Replace(ctx, doing, d, path, func(path string) bool {
		e, err := c.read(path)
		return err == nil && yields(e)
	})
}

// Replace implements [djcache.Cache].
func (c *Cache) Replace(ctx context.Context, name string, value *serializer.Dict, expires time.Time, seen djsession.Version) (djsession.Version, error) {
	const doing = "update session"
	path, err := c.path(ctx, doing, name)
	if err != nil {
		return djsession.Version{}, err
	}
	text, v, err := c.encode(doing, value, expires)
	if err != nil {
		return djsession.Version{}, err
	}
	// The loser of a race learns it here, before it writes a file for nothing.
	if _, err := c.match(doing, path, seen); err != nil {
		return djsession.Version{}, err
	}
	return v, c.replace(ctx, doing, path, seen, func(entry) (string, error) { return text, nil })
}

// Touch implements [djcache.Cache]: FileBasedCache.touch. Unlike Django, it does not write
// in place, and keeps the bytes of the value. The Version stays the same.
//
// Errors: also [djsession.ErrCorrupt], for a file without an expiry.
func (c *Cache) Touch(ctx context.Context, name string, expires time.Time, seen djsession.Version) (djsession.Version, error) {
	const doing = "touch session"
	path, err := c.path(ctx, doing, name)
	if err != nil {
		return djsession.Version{}, err
	}
	v := seen
	err = c.replace(ctx, doing, path, seen, func(e entry) (string, error) {
		if !e.whole {
			return "", djsession.Corrupt(doing, djsession.ErrTooLarge)
		}
		if e.bad != nil {
			return "", djsession.Corrupt(doing, e.bad)
		}
		v = e.version()
		head, err := appendExpiry(nil, expires, e.protocol)
		return string(head) + e.value, err
	})
	return v, err
}

// replace writes text in place of the file that seen saw.
func (c *Cache) replace(ctx context.Context, doing, path string, seen djsession.Version, text func(entry) (string, error)) error {
	release, err := c.folder.Hold(ctx, path)
	if err != nil {
		return c.folder.Failed(doing, err, seen)
	}
	defer release()
	e, err := c.match(doing, path, seen)
	if err != nil {
		return err
	}
	new, err := text(e)
	if err != nil {
		return err
	}
	d, err := c.folder.Draft(doing, path, new, time.Time{})
	if err != nil {
		return err
	}
	defer d.Discard()
	var same func(path string) bool
	if !seen.IsForce() {
		same = func(path string) bool {
			e, err := c.read(path)
			return err == nil && e.whole && e.version().Equal(seen)
		}
	}
	if err := c.folder.Replace(ctx, doing, d, path, same); err != nil {
		return err
	}
	return c.folder.Sync(doing)
}

// Delete implements [djcache.Cache]: FileBasedCache.delete.
func (c *Cache) Delete(ctx context.Context, name string, seen djsession.Version) error {
	const doing = "delete session"
	path, err := c.path(ctx, doing, name)
	if err != nil {
		return err
	}
	release, err := c.folder.HoldToDelete(ctx, path, seen)
	if err != nil {
		return c.folder.Failed(doing, err, seen)
	}
	defer release()
	if !seen.IsForce() {
		if _, err := c.match(doing, path, seen); err != nil {
			return err
		}
	}
	if err := c.folder.Unlink(ctx, path); err != nil {
		return c.folder.Failed(doing, err, seen)
	}
	return c.folder.Sync(doing)
}

// ClearExpired implements [djcache.Reaper]: it deletes all expired files, whatever their
// prefix, because the MD5 does not reveal the name. It reads the beginning of every file,
// and holds the names of all in memory. Files that it may not read stay. It also removes
// the drafts that killed Go processes left a day ago or more; those of Django have names
// that other programs use as well.
func (c *Cache) ClearExpired(ctx context.Context, prefix string, opts *djsession.ReapOptions) (int64, error) {
	const doing = "clear expired sessions"
	names, err := c.folder.Names(ctx, doing, isName)
	if err != nil {
		return 0, err
	}
	if opts == nil || !opts.DryRun {
		drafts, err := c.folder.Names(ctx, doing, func(name string) bool { return atomicfile.IsDraft(name, isName) })
		if err != nil {
			return 0, err
		}
		c.folder.ReapDrafts(ctx, drafts)
	}
	return c.folder.Reap(ctx, doing, names, opts, func(path string) (bool, error) { return c.reapable(doing, path) })
}

// path is FileBasedCache._key_to_file.
func (c *Cache) path(ctx context.Context, doing, name string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", djsession.Unavailable(doing, err)
	}
	return filepath.Join(c.folder.Dir(), fileName(c.keys.Key(name))), nil
}
