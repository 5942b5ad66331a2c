// Package dbcache keeps sessions where django.core.cache.backends.db.DatabaseCache does:
// in a table that the command createcachetable made, in [SQLite], [PostgreSQL], [MySQL] or
// MariaDB, reached by database/sql. It imports no driver.
//
//	cache := dbcache.New(site, db, dbcache.PostgreSQL, &dbcache.Options{Table: "my_cache"}) // LOCATION
//	store := cachestore.New(cache, nil)
//
// Shapes: cache_key is the cache's key, value the pickled dict in padded base64, expires
// a moment in whole seconds, a wall clock or an instant as in dbstore. The Version of an
// Item is its value, so Touch does not change it. An entry without an end ends in the
// last second of the year 9999, as Django writes it.
//
// # Compatibility
//
// Django counts the rows whenever it sets something. If there are more than MAX_ENTRIES,
// by default 300, it removes the expired rows and then a third of the rest, including
// sessions. A site with more sessions than that loses them, whoever wrote them: raise
// MAX_ENTRIES. Go removes rows only in ClearExpired.
//
// Unlike Django, which cuts the fraction of a second off, moments are rounded up, so that
// no session ends before its time.
//
// Unlike Django, which deletes an expired row when it reads it, Get leaves it to
// ClearExpired. The expired row does not occupy its name: Add replaces it. A value whose
// expiry has passed is written as Django writes it, into an expired row.
//
// Unlike Django before 6.1, which skips characters that are no base64, Get accepts only
// base64.
//
// # Statements
//
// Each operation is one statement that commits by itself. Add is an INSERT with ON
// CONFLICT DO UPDATE of an expired row, and Set one of any row. MySQL has no reliable
// equivalent. There Add is an INSERT and, if the name is taken, an UPDATE of the row if
// it has expired; Set is an UPDATE and, if there was no row, an INSERT. In both ways only
// one of several simultaneous Adds of a name succeeds. List and ClearExpired read the
// whole index and not a range of it, because in the collations of some languages a name
// does not come right after its prefix.
//
// Package dbstore documents locks, SQLite's single writer, the options of the handle and
// MySQL's collations.
//
// # Errors
//
// They are those of [djcache.Cache]. An error of the database is as in dbstore, with a hint
// if there is one (the table is missing).
//
// # Security
//
// Nothing is signed: whoever can write to the table can log in as anyone, and in Django
// can run code. A value longer than Limits.Payload is not fetched.
package dbcache

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/internal/cachevalue"
	"github.com/go-djsession/go-djsession/internal/djangodb"
	"github.com/go-djsession/go-djsession/internal/sqldb"
	"github.com/go-djsession/go-djsession/serializer"
)

// Dialect says which database the table is in.
type Dialect = dbstore.Dialect

// The databases that Django itself supports and that are supported here.
var (
	SQLite     = dbstore.SQLite
	PostgreSQL = dbstore.PostgreSQL
	MySQL      = dbstore.MySQL // and MariaDB
)

// Options are for sites that differ from the defaults. The zero value is for all others.
type Options struct {
	// Keys are KEY_PREFIX, VERSION and KEY_FUNCTION.
	Keys djcache.Keys

	// Table is LOCATION. The default, "django_cache", is only the name in the examples of
	// Django's documentation. A dot separates it from a schema.
	Table string

	// TimeZone is DATABASES[...]["TIME_ZONE"]: see [dbstore.Options].
	TimeZone *time.Location
}

// Cache is a [djcache.Cache] on the table of a DatabaseCache. It is safe for
// concurrent use.
type Cache struct {
	keys djcache.Keys
	t    *djangodb.Table
}

var (
	_ djcache.Cache       = (*Cache)(nil)
	_ djcache.Lister      = (*Cache)(nil)
	_ djcache.Reaper      = (*Cache)(nil)
	_ djcache.Serializing = (*Cache)(nil)
)

// New returns the [Cache] of site in db, a database of the kind d. It does not use db,
// which stays the caller's. opts may be nil.
func New(site *djsession.Site, db *sql.DB, d Dialect, opts *Options) *Cache {
	var o Options
	if opts != nil {
		o = *opts
	}
	codec, dialect := cachevalue.New(site), sqldb.Named(d.String())
	return &Cache{o.Keys, djangodb.NewLayout(site, sqldb.NewSQL(db, dialect), dialect, djangodb.Options{Table: o.Table, TimeZone: o.TimeZone}, &djangodb.Layout{
		Key: "cache_key", Data: "value", Date: "expires",
		Table:  "django_cache",
		Made:   "run the site's createcachetable",
		Ends:   true,
		Encode: func(d *serializer.Dict) (string, error) { return encode(codec, d) },
		Decode: func(text string) (*serializer.Dict, error) { return decode(codec, text) },
	})}
}

func encode(codec cachevalue.Codec, d *serializer.Dict) (string, error) {
	data, err := codec.Dumps("pickle session", d)
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(data), nil
}

var errBase64 = errors.New("not base64")

func decode(codec cachevalue.Codec, text string) (*serializer.Dict, error) {
	// DecodeString ignores line ends.
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, djsession.Corrupt("decode base64", errBase64)
	}
	return codec.Loads("unpickle session", data)
}

// Site implements [djcache.Cache].
func (c *Cache) Site() *djsession.Site { return c.t.Site() }

// Serializer implements [djcache.Serializing]. It is pickle.
func (c *Cache) Serializer() serializer.Serializer { return cachevalue.New(c.t.Site()).Serializer() }

// Get implements [djcache.Cache]: DatabaseCache.get.
func (c *Cache) Get(ctx context.Context, name string) (djcache.Item, error) {
	r, v, err := c.t.Load(ctx, c.keys.Key(name))
	item := djcache.Item{Version: v}
	if token, ok := v.Token(); ok {
		item.Size = len(token)
	}
	if err == nil {
		item.Value, item.Expires = r.Data, r.Expires
	}
	return item, err
}

// Add implements [djcache.Cache]: DatabaseCache.add.
func (c *Cache) Add(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (djsession.Version, error) {
	return c.t.Add(ctx, c.keys.Key(name), record(value, expires))
}

// Replace implements [djcache.Cache].
func (c *Cache) Replace(ctx context.Context, name string, value *serializer.Dict, expires time.Time, seen djsession.Version) (djsession.Version, error) {
	return c.t.Update(ctx, c.keys.Key(name), record(value, expires), seen)
}

// Set implements [djcache.Cache]: DatabaseCache.set.
func (c *Cache) Set(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (djsession.Version, error) {
	return c.t.Set(ctx, c.keys.Key(name), record(value, expires))
}

// Touch implements [djcache.Cache]: DatabaseCache.touch. The Version stays the same. For
// Force it is unknown, and Force again.
func (c *Cache) Touch(ctx context.Context, name string, expires time.Time, seen djsession.Version) (djsession.Version, error) {
	if err := c.t.Touch(ctx, c.keys.Key(name), roundUp(expires), seen); err != nil {
		return djsession.Version{}, err
	}
	return seen, nil
}

// Delete implements [djcache.Cache]: DatabaseCache.delete.
func (c *Cache) Delete(ctx context.Context, name string, seen djsession.Version) error {
	return c.t.Delete(ctx, c.keys.Key(name), seen)
}

// ClearExpired implements [djcache.Reaper], in batches and by the index on expires. With a
// Keys.Function, which hides the beginning of a key, it removes all expired rows, as
// Django does when the cache is full.
func (c *Cache) ClearExpired(ctx context.Context, prefix string, opts *djsession.ReapOptions) (int64, error) {
	return c.t.ClearPrefix(ctx, c.keyPrefix(prefix), opts)
}

// List implements [djcache.Lister], in the order of the keys in the database. The cursor is
// a key. With a Keys.Function it needs Keys.Reverse, and reads all of the table.
func (c *Cache) List(ctx context.Context, prefix, cursor string) iter.Seq2[djcache.Listed, error] {
	return func(yield func(djcache.Listed, error) bool) {
		if !c.keys.CanList() {
			yield(djcache.Listed{}, fmt.Errorf("list sessions: %w: there is a KEY_FUNCTION that nothing undoes", errors.ErrUnsupported))
			return
		}
		for l, err := range c.t.ListPrefix(ctx, c.keyPrefix(prefix), cursor) {
			if err != nil {
				yield(djcache.Listed{}, err)
				return
			}
			name, ok := c.keys.Name(l.Key())
			if !ok || !strings.HasPrefix(name, prefix) {
				continue
			}
			found := djcache.NewListed(name, l.Cursor())
			found.Item, found.Err = djcache.Item{Version: l.Version, Size: l.Size}, l.Err
			if l.Record != nil {
				found.Item.Value, found.Item.Expires = l.Record.Data, l.Record.Expires
			}
			if !yield(found, nil) {
				return
			}
		}
	}
}

// keyPrefix returns the beginning of all keys whose names begin with prefix. It is "" if
// that is unknown.
func (c *Cache) keyPrefix(prefix string) string {
	if c.keys.Function != nil {
		return ""
	}
	return c.keys.Key(prefix)
}

func record(value *serializer.Dict, expires time.Time) *djsession.Record {
	return &djsession.Record{Data: value, Expires: roundUp(expires)}
}

// last is the last whole second that djangodb writes.
var last = time.Date(9999, 12, 30, 23, 59, 59, 0, time.UTC)

// roundUp returns t if it is a whole second, else the next whole second.
func roundUp(t time.Time) time.Time {
	whole := t.Truncate(time.Second)
	if whole.Before(t.Truncate(time.Microsecond)) {
		whole = whole.Add(time.Second)
	}
	if whole.After(last) {
		return last
	}
	return whole
}
