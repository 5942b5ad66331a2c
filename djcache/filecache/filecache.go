// Package filecache keeps sessions where
// django.core.cache.backends.filebased.FileBasedCache does: each in a file of
// one folder.
//
//	cache, err := filecache.New(site, "/var/tmp/django_cache", nil) // LOCATION
//	store := cachestore.New(cache, nil)
//
// Shapes: the file is named by the MD5 of the cache's key in hex, and ".djcache".
// It holds a pickle of the moment at which it ends, in seconds since 1970, and
// behind it the pickled dict, compressed by zlib. The Version of an Item is that
// second part, so that Touch, which changes the first, does not change it. An
// entry without an end has the Expires of the last second of the year 9999.
//
// # Compatibility
//
// Files have the mode 0600 and the folder 0700, so that Go and Django need the
// same user. Django throws away a random third of a full cache, sessions too,
// whenever it sets something: MAX_ENTRIES, 300 unless the site has set it, should
// be above the number of its sessions. Go throws away nothing.
//
// Unlike Django, which deletes an expired file when it reads it, Get leaves it to
// ClearExpired. It does not take its name: Add replaces it. An expiry that has
// passed is written as Django writes it, into a file that is over.
//
// Unlike Django, which makes the folder anew, a folder that is gone is
// djsession.ErrUnavailable, as nothing tells a folder that was deleted from a
// disk that is not mounted. New makes it.
//
// There is no djcache.Lister: names cannot be told from their MD5. For the same
// reason ClearExpired removes what has expired under every name.
//
// # Several writers
//
// What is written takes the place of a file in one step; a crash or a full disk
// leaves the old file or the new one, and at worst a draft (<name>_out_...)
// beside it. Go processes on one machine exclude each other by flock on the file.
// Django takes no lock; on Linux and macOS a file that it deleted is not brought
// back, and what it wrote meanwhile is put back and reported as
// djsession.ErrConflict. What can still be lost:
//
//   - Django's save looks and then sets: it brings back a session that was deleted
//     in between, and writes over what somebody else wrote.
//   - Delete of what was seen deletes what Django writes in the instant before.
//   - Django's cache.touch, which its sessions do not use, writes in place.
//   - Where files cannot be exchanged (other systems, and file systems such as
//     NFS), Replace looks and then renames.
//
// # Errors
//
// Those of djcache.Cache. Texts hold no path; the error of the operating system,
// which does, is matched by errors.As.
//
// # Security
//
// Nothing is signed: whoever can write to the folder is logged in as anyone, and
// in Django runs code. What is no regular file is djsession.ErrCorrupt, not
// followed and not waited for. A value longer than Limits.Payload is not read, and
// one that decompresses to more than Limits.Data.Size is not kept.
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

// Options are for sites that differ from Django's defaults. The zero value is
// for those that do not.
type Options struct {
	// Keys are KEY_PREFIX, VERSION and KEY_FUNCTION.
	Keys djcache.Keys
	// Sync waits until a change is on the disk. Django does not, nor does this by
	// default: a power failure may then bring back the cache of some seconds before.
	Sync bool
}

// Cache is a djcache.Cache in the folder of a FileBasedCache. It is safe for
// concurrent use.
type Cache struct {
	site   *djsession.Site
	keys   djcache.Keys
	codec  cachevalue.Codec
	folder *atomicfile.Folder
}

var (
	_ djcache.Cache  = (*Cache)(nil)
	_ djcache.Reaper = (*Cache)(nil)
)

// New returns the Cache of site in the folder dir, which is LOCATION. As Django
// does, it makes the folder if it is not there. opts may be nil.
//
// Errors: djsession.ErrConfig when that cannot be done.
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

// Site implements djcache.Cache.
func (c *Cache) Site() *djsession.Site { return c.site }

// Get implements djcache.Cache: FileBasedCache.get.
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

// Add implements djcache.Cache: FileBasedCache.add. Unlike Django, it looks and
// sets in one step.
func (c *Cache) Add(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (djsession.Version, error) {
	return c.put(ctx, "create session", name, value, expires, c.over)
}

// Set implements djcache.Cache: FileBasedCache.set.
func (c *Cache) Set(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (djsession.Version, error) {
	return c.put(ctx, "set session", name, value, expires, nil)
}

// put writes a file that is not there, or that yields; nil means that all do.
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
		// What was there when we came is not there any more.
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

// Replace implements djcache.Cache.
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
	// The loser of a race learns it before it writes a file for nothing.
	if _, err := c.match(doing, path, seen); err != nil {
		return djsession.Version{}, err
	}
	return v, c.replace(ctx, doing, path, seen, func(entry) (string, error) { return text, nil })
}

// Touch implements djcache.Cache: FileBasedCache.touch. Unlike Django, it does not
// write in place, and leaves the bytes of the value. The Version stays what it was.
//
// Errors: also djsession.ErrCorrupt, for a file without an expiry.
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

// replace writes text in the place of what seen saw.
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

// Delete implements djcache.Cache: FileBasedCache.delete.
func (c *Cache) Delete(ctx context.Context, name string, seen djsession.Version) error {
	const doing = "delete session"
	path, err := c.path(ctx, doing, name)
	if err != nil {
		return err
	}
	release, err := c.folder.Hold(ctx, path)
	switch {
	case err == nil:
		defer release()
	case !seen.IsForce() || ctx.Err() != nil:
		return c.folder.Failed(doing, err, seen)
	}
	// What cannot be opened, and so not be locked, can still be deleted.
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

// ClearExpired implements djcache.Reaper: what has expired goes, whatever its
// prefix, as a name cannot be told from its MD5. It reads the beginning of every
// file, and holds the names of all in memory. What may not be read stays.
func (c *Cache) ClearExpired(ctx context.Context, prefix string, opts *djsession.ReapOptions) (int64, error) {
	const doing = "clear expired sessions"
	names, err := c.folder.Names(ctx, doing, isName)
	if err != nil {
		return 0, err
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
