package djsession

import (
	"context"
	"errors"
	"iter"
	"net/netip"
	"time"

	"github.com/go-djsession/go-djsession/internal/secret"
	"github.com/go-djsession/go-djsession/serializer"
)

// Store is where the sessions of a Django site live: the table django_session, a Redis, a
// folder. It holds decoded records, because Django's engines differ in the bytes that
// they store: some a signed text, some a pickle.
//
// For implementers, the hard parts first:
//
//   - An absent key is [ErrNotFound]; only Create makes one. Nothing else may bring back
//     a session that somebody deleted, whatever happens between two steps of an
//     operation.
//   - Compare and swap: Update changes a record only if it is still the one that Load
//     returned, byte for byte. Otherwise it returns [ErrConflict].
//   - A record whose expiry has passed is absent. Load returns [ErrExpired], which
//     matches ErrNotFound too, if the engine can tell the two apart.
//   - A record that does not decode is [ErrCorrupt], never an empty one. The Store leaves
//     it as it is.
//   - A server that is down or slow is [ErrUnavailable], never ErrNotFound.
//   - Every method returns soon after its context ends, with an error that matches the
//     context's.
//   - The Store writes its own error texts. The errors of drivers and of the operating
//     system quote keys and values: wrap them by [Unavailable], which does not print the
//     cause, but lets errors.As and errors.Is find it.
//   - A Store is safe for concurrent use, and does not own the client that it was given:
//     no ping, no goroutine, no log in the constructor, no Close.
//   - A Store that decorates another one embeds the interface Store, never the concrete
//     type: that would promote methods that pass by the decorator. See [As] for Unwrap.
//
// Only keys that [Site.ValidKey] accepts reach a Store. Run storetest.Run on every
// implementation.
type Store interface {
	// Site returns the Site that the Store was made for.
	Site() *Site

	// Load returns the record of key, and the Version to pass to Update.
	//
	// Errors: ErrNotFound, ErrExpired, ErrCorrupt (with the Version), ErrUnavailable.
	Load(ctx context.Context, key string) (*Record, Version, error)

	// Create stores a record under a key that is not taken. It is atomic and takes one
	// round trip, without a check beforehand.
	//
	// Errors: ErrKeyTaken, ErrTooLarge, ErrUnavailable, or the error of the encoder.
	Create(ctx context.Context, key string, r *Record) (Version, error)

	// Update replaces the record of key if that still has the Version seen. It never
	// creates one. With [Force] it replaces any record, as Django does.
	//
	// Errors: ErrNotFound if the record is gone (an expired record that is still there
	// may be updated), ErrConflict if it has another Version, and those of Create.
	Update(ctx context.Context, key string, r *Record, seen Version) (Version, error)

	// Touch sets the expiry of the record of key if that still has the Version seen. It
	// leaves the data and the Version as they are. With [Force] it touches any record.
	// Errors as for Update.
	Touch(ctx context.Context, key string, expires time.Time, seen Version) error

	// Delete removes the record of key if that still has the Version seen. With [Force]
	// it removes any record, as Django does.
	//
	// Errors: ErrNotFound if there is no record, ErrConflict if it has another Version,
	// ErrUnavailable.
	Delete(ctx context.Context, key string, seen Version) error
}

// Record is what a Store keeps under a key.
type Record struct {
	// Data is the dict of the session.
	Data *serializer.Dict
	// Expires is when the session ends, in UTC with microseconds. After a Load it is zero
	// if the engine does not know it. Of a record that is written on a site with
	// USE_TZ=False, it is in another location if it is in an hour that clocks skip: its
	// own clock then shows what Django writes.
	Expires time.Time
	// Meta describes the request that wrote the session. Engines with columns for it keep
	// it; others ignore it.
	Meta Meta
}

// Meta is what django-user-sessions and django-qsessions store about a request.
type Meta struct {
	UserAgent  string
	RemoteAddr netip.Addr
}

// Version stands for what a Store held when it was read or written: the stored bytes, or
// the server's own token. The zero Version matches nothing. A Version never prints its
// token. Compare Versions by [Version.Equal]; == does not compile.
type Version struct {
	token secret.Text
	kind  versionKind
}

type versionKind uint8

const (
	versionNone versionKind = iota
	versionToken
	versionForce
)

// Force is the Version that matches any record, as in Django, where the last writer wins.
var Force = Version{kind: versionForce}

// VersionOf returns the Version that stands for token.
func VersionOf(token string) Version { return Version{secret.New(token), versionToken} }

// Token returns the token that [VersionOf] was given. ok is false for the zero Version
// and for [Force].
func (v Version) Token() (token string, ok bool) { return v.token.Reveal(), v.kind == versionToken }

// IsForce reports whether v is [Force].
func (v Version) IsForce() bool { return v.kind == versionForce }

// IsZero reports whether v is the zero Version.
func (v Version) IsZero() bool { return v.kind == versionNone }

// Equal reports whether v and u have the same token, are both [Force], or are both zero.
func (v Version) Equal(u Version) bool {
	return v.kind == u.kind && v.token.Reveal() == u.token.Reveal()
}

// String returns the kind of Version, without the token, which may hold a session.
func (v Version) String() string {
	return [...]string{"no version", "version", "force"}[v.kind]
}

// Optional interfaces, for reading and upkeep. A Store implements those that its
// engine allows. Call [As] to find one.
type (
	// Reaper removes expired sessions: SessionBase.clear_expired, the command
	// clearsessions.
	Reaper interface {
		// ClearExpired removes the expired sessions and returns their number, also if it
		// ends early with an error. opts may be nil.
		ClearExpired(ctx context.Context, opts *ReapOptions) (int64, error)
	}

	// SelfExpiring is a Store whose server removes expired sessions itself.
	SelfExpiring interface {
		// SelfExpiring reports whether there is nothing for a Reaper to do.
		SelfExpiring() bool
	}

	// Lister walks over all sessions, including expired ones.
	Lister interface {
		// List yields the sessions after cursor, in the engine's own order; the empty
		// cursor starts at the first. It may or may not yield sessions that are created
		// or deleted meanwhile. A record that does not decode has its error in
		// Listed.Err; an error beside the Listed ends the walk.
		List(ctx context.Context, cursor string) iter.Seq2[Listed, error]
	}

	// Walker is a [Lister] whose order costs more than the walk. [Walk] calls it.
	Walker interface {
		// Walk yields what List yields, in any order; the cursors mean nothing. A session that
		// is there all the time comes at least once. A server that makes its tables smaller
		// meanwhile may return it twice.
		Walk(ctx context.Context) iter.Seq2[Listed, error]
	}

	// UserLister finds the sessions of a user by an index, without looking at all.
	UserLister interface {
		// ListUser yields the sessions that the engine keeps for the user with this id,
		// a text as in _auth_user_id, as List does. Those that it yields may be more than
		// the user's; their data say whose they are. Record.Meta is what the engine has.
		// It ends at once with errors.ErrUnsupported if there is no such index.
		ListUser(ctx context.Context, id string) iter.Seq2[Listed, error]
	}

	// Serializing is a Store whose engine has a Serializer of its own, whatever
	// [Settings.Serializer] says: the engine of caches pickles.
	Serializing interface {
		// Serializer returns the Serializer by which a [Session] freezes the values that
		// are set: a value that the engine can hold keeps its type. Nil means
		// Settings.Serializer. The result never changes.
		Serializer() serializer.Serializer
	}

	// FreshLoader loads past any cache that other writers do not go through.
	FreshLoader interface {
		// LoadFresh is Load from the place to which all writers write.
		LoadFresh(ctx context.Context, key string) (*Record, Version, error)
	}

	// ExpiredLoader loads records that have expired. A request that read its session
	// before that ended can still change it, as in Django.
	ExpiredLoader interface {
		// LoadExpired is Load from the place to which all writers write. It also returns
		// a record whose expiry has passed, if the engine still has it.
		LoadExpired(ctx context.Context, key string) (*Record, Version, error)
	}

	// ManyLoader loads many records in one round trip, or few.
	ManyLoader interface {
		// LoadMany is Load for each of keys, which must all differ. It calls found for
		// each key that exists, in any order, with the record or the error of Load. A key
		// is absent if found is not called for it, or called with ErrNotFound. Errors:
		// ErrUnavailable.
		LoadMany(ctx context.Context, keys []string, found func(key string, r *Record, err error)) error
	}
)

// Cycler is a Store that gives a record a new key in one step. A Manager calls Cycle only
// on the Store that it was given, and never looks for it by [As], which would pass by a
// decorator that lacks Cycle. Without Cycle, it cycles a key by Create and Delete.
type Cycler interface {
	// Cycle removes the record of old if that still has the Version seen, and stores r
	// under key: both or neither. With [Force] it removes any record.
	//
	// Errors: ErrNotFound and ErrConflict for old; those of Create for key;
	// errors.ErrUnsupported, with nothing done, if the server cannot do it in one step.
	Cycle(ctx context.Context, old string, seen Version, key string, r *Record) (Version, error)
}

// As returns store as a T, which is one of the optional interfaces above. If store is no
// T, As looks at the Store that its method Unwrap() Store returns, and so on. ok is false
// if none of them is a T.
//
// Call As for reading and upkeep, never to write: a write must not pass by a decorator
// that adds a prefix, a copy or encryption.
//
// A decorator has Unwrap if the Store beneath reads the same records under the same keys.
// One that changes keys or records should not have it; it implements the optional
// interfaces that it can keep.
func As[T any](store Store) (power T, ok bool) {
	for store != nil {
		if power, ok = store.(T); ok {
			return power, true
		}
		wrapper, wraps := store.(interface{ Unwrap() Store })
		if !wraps {
			break
		}
		store = wrapper.Unwrap()
	}
	return power, false
}

// Walk yields all sessions of store, in any order and perhaps some twice: by the [Lister] that
// [As] finds, or by its method Walk if it is a [Walker] too. ok is false if there is none.
func Walk(ctx context.Context, store Store) (all iter.Seq2[Listed, error], ok bool) {
	lister, ok := As[Lister](store)
	if !ok {
		return nil, false
	}
	if walker, ok := lister.(Walker); ok {
		return walker.Walk(ctx), true
	}
	return lister.List(ctx, ""), true
}

// LoadMany loads many records by the [ManyLoader] that [As] finds, or one by one if there
// is none. Its arguments and errors are those of ManyLoader.LoadMany.
func LoadMany(ctx context.Context, store Store, keys []string, found func(key string, r *Record, err error)) error {
	if many, ok := As[ManyLoader](store); ok {
		return many.LoadMany(ctx, keys, found)
	}
	for _, key := range keys {
		r, _, err := store.Load(ctx, key)
		if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrCorrupt) {
			return err
		}
		found(key, r, err)
	}
	return nil
}

// ReapOptions are the options of [Manager.ClearExpired] and of a [Reaper].
type ReapOptions struct {
	// Batch is how many rows one statement removes. By default a table begins with 1000 and
	// then removes as many as take Time. The context is checked between two batches.
	Batch int
	// Time is how long one statement should take; default 50 ms. It does not count with
	// a Batch.
	Time time.Duration
	// DryRun counts what would be removed, and removes nothing.
	DryRun bool
	// Progress is called after each batch with the number of sessions removed so far.
	Progress func(done int64)
}

// Listed is a session that a [Lister] found. It prints its size and error, and never its
// key or data.
type Listed struct {
	Record  *Record // nil if Err is set
	Version Version
	Size    int   // bytes of the stored value
	Err     error // nil or ErrCorrupt

	key, cursor secret.Text
}

// NewListed returns a Listed for a session key. List continues after it with cursor.
func NewListed(key, cursor string) Listed {
	return Listed{key: secret.New(key), cursor: secret.New(cursor)}
}

// Key returns the session key.
func (l Listed) Key() string { return l.key.Reveal() }

// Cursor returns the cursor with which List continues after this session.
func (l Listed) Cursor() string { return l.cursor.Reveal() }
