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

// Store is where the sessions of a Django site live: the table django_session,
// a Redis, a folder. It holds decoded records, because Django's engines disagree
// on the bytes: some keep a signed text, some a pickle.
//
// For implementers, the hard parts first:
//
//   - A key that is absent is [ErrNotFound]; only Create makes one. Nothing else
//     may bring back a session that somebody deleted, whatever happens between
//     two steps of an operation.
//   - Compare and swap: Update changes a record only if it is still the one that
//     Load returned, byte for byte, and says [ErrConflict] otherwise.
//   - A record whose expiry has passed is absent: Load reports [ErrExpired],
//     which is an ErrNotFound, where the engine can tell the two apart.
//   - A record that does not decode is [ErrCorrupt], never an empty one. It is
//     left as it is.
//   - A server that is down or slow is [ErrUnavailable], never ErrNotFound.
//   - Every method returns soon after its context ends, with an error that
//     matches the context's.
//   - Error texts are the store's own. The errors of drivers and of the operating
//     system quote keys and values: wrap them by [Unavailable], which keeps the
//     cause reachable by errors.As and errors.Is, but unprinted.
//   - A Store is safe for concurrent use, and does not own the client it was
//     given: no ping, no goroutine, no log in the constructor, no Close.
//   - A Store that decorates another one embeds the interface Store, never the
//     concrete type: that would promote methods that pass by the decorator. See
//     [As] for Unwrap.
//
// Keys arrive checked: only what [Site.ValidKey] accepts reaches a Store. Run
// storetest.Run on every implementation.
type Store interface {
	// Site returns the Site that the Store was made for.
	Site() *Site

	// Load returns the record of key and the Version to hand to Update.
	//
	// Errors: ErrNotFound, ErrExpired, ErrCorrupt (with the Version), ErrUnavailable.
	Load(ctx context.Context, key string) (*Record, Version, error)

	// Create stores a record under a key that is not taken. It is atomic and
	// takes one round trip: there is no look beforehand.
	//
	// Errors: ErrKeyTaken, ErrTooLarge, ErrUnavailable, or what encoding returned.
	Create(ctx context.Context, key string, r *Record) (Version, error)

	// Update replaces the record of key if what is stored is what seen saw.
	// It never creates. [Force] replaces whatever is there, as Django does.
	//
	// Errors: ErrNotFound when it is gone (an expired record that is still there
	// may be updated), ErrConflict when it is another one, and those of Create.
	Update(ctx context.Context, key string, r *Record, seen Version) (Version, error)

	// Touch sets the expiry of key if what is stored is what seen saw, and leaves
	// the data as they are. The Version stays what it was. With [Force] it touches
	// whatever is there. Errors: as for Update.
	Touch(ctx context.Context, key string, expires time.Time, seen Version) error

	// Delete removes the record of key if what is stored is what seen saw. With
	// [Force] it removes whatever is there, as Django does.
	//
	// Errors: ErrNotFound when nothing was there, ErrConflict when it is another
	// record, ErrUnavailable.
	Delete(ctx context.Context, key string, seen Version) error
}

// Record is what a Store keeps under a key.
type Record struct {
	// Data is the dict of the session.
	Data *serializer.Dict
	// Expires is when the session ends, in UTC with microseconds. It is zero
	// after a Load from an engine that does not know it.
	Expires time.Time
	// Meta is about the request that wrote the session. Engines with columns
	// for it keep it, the others ignore it.
	Meta Meta
}

// Meta is what django-user-sessions and django-qsessions store about a request.
type Meta struct {
	UserAgent  string
	RemoteAddr netip.Addr
}

// Version stands for what a Store held when it was read or written: the stored
// bytes, or the server's own token. The zero Version matches nothing. It does not
// print, wherever it stands. Compare Versions by Equal; == does not compile.
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

// Force is the Version that matches whatever is stored, as in Django, where the
// last writer wins.
var Force = Version{kind: versionForce}

// VersionOf returns the Version that stands for token.
func VersionOf(token string) Version { return Version{secret.New(token), versionToken} }

// Token returns what VersionOf was given; ok is false for the zero Version and
// for Force.
func (v Version) Token() (token string, ok bool) { return v.token.Reveal(), v.kind == versionToken }

// IsForce reports whether v is Force.
func (v Version) IsForce() bool { return v.kind == versionForce }

// IsZero reports whether v is the zero Version.
func (v Version) IsZero() bool { return v.kind == versionNone }

// Equal reports whether v and u stand for the same: both for one token, both Force or
// both zero.
func (v Version) Equal(u Version) bool {
	return v.kind == u.kind && v.token.Reveal() == u.token.Reveal()
}

// String tells nothing of the token, which may hold a session.
func (v Version) String() string {
	return [...]string{"no version", "version", "force"}[v.kind]
}

// Optional interfaces, for reading and upkeep. A Store implements those that its
// engine allows. Call [As] to find one.
type (
	// Reaper removes expired sessions: SessionBase.clear_expired, the command
	// clearsessions.
	Reaper interface {
		// ClearExpired removes what has expired and returns how many that were,
		// also when it ends early with an error. opts may be nil.
		ClearExpired(ctx context.Context, opts *ReapOptions) (int64, error)
	}

	// SelfExpiring is a Store whose server removes expired sessions by itself.
	SelfExpiring interface {
		// SelfExpiring reports whether there is nothing for a Reaper to do.
		SelfExpiring() bool
	}

	// Lister walks over all sessions, expired ones included.
	Lister interface {
		// List yields the sessions in an order of the engine's own, from after
		// cursor (empty: the first). Sessions that come or go meanwhile may or
		// may not be seen. A record that does not decode is yielded with its
		// error in Listed.Err; an error beside the Listed ends the walk.
		List(ctx context.Context, cursor string) iter.Seq2[Listed, error]
	}

	// FreshLoader loads past any cache that other writers do not go through.
	FreshLoader interface {
		// LoadFresh is Load from the place that is the truth.
		LoadFresh(ctx context.Context, key string) (*Record, Version, error)
	}

	// ManyLoader loads many records with one question, or few.
	ManyLoader interface {
		// LoadMany is Load of each key, which are all different: found is called for
		// each that there is, in any order, with the record or the error of Load. A
		// key that it is not called for, or called for with ErrNotFound, is absent. Errors: ErrUnavailable.
		LoadMany(ctx context.Context, keys []string, found func(key string, r *Record, err error)) error
	}
)

// Cycler is a Store that gives a record a new key in one step. A Manager asks only the
// Store that it was given, never through [As]: a decorator that lacks Cycle must not be
// passed by. Without it, a key is cycled by Create and Delete.
type Cycler interface {
	// Cycle removes what is stored under old if it is what seen saw, and stores r under
	// key, both or neither. With [Force] it removes whatever is there.
	//
	// Errors: ErrNotFound and ErrConflict for old, those of Create for key;
	// errors.ErrUnsupported, with nothing done, where the server cannot do it in one step.
	Cycle(ctx context.Context, old string, seen Version, key string, r *Record) (Version, error)
}

// As returns the power T of store, one of the optional interfaces above: store itself
// if it is a T, else the Store that its method Unwrap() Store returns, and so on. ok is
// false if none of them is.
//
// As is for reading and upkeep. Never use it to write: a decorator that adds a prefix,
// a copy or encryption must not be passed by.
//
// A decorator has Unwrap if the Store beneath reads the same records under the same
// keys. One that changes keys or records should not have it; it implements the powers
// that it can keep.
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

// LoadMany loads many records, at once if [As] finds a ManyLoader and one by one if
// not. It is what ManyLoader.LoadMany says.
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

// ReapOptions are the options of ClearExpired.
type ReapOptions struct {
	// Batch is how many rows one statement removes; default 1000. Between two
	// batches the context is looked at.
	Batch int
	// DryRun counts what would be removed, and removes nothing.
	DryRun bool
	// Progress is told after each batch how many were removed so far.
	Progress func(done int64)
}

// Listed is a session found by a Lister. It prints its size and no more, wherever it
// stands.
type Listed struct {
	Record  *Record // nil if Err is set
	Version Version
	Size    int   // bytes of the stored value
	Err     error // ErrCorrupt

	key, cursor secret.Text
}

// NewListed returns the Listed of a session key. cursor continues the walk after it.
func NewListed(key, cursor string) Listed {
	return Listed{key: secret.New(key), cursor: secret.New(cursor)}
}

// Key is the session key.
func (l Listed) Key() string { return l.key.Reveal() }

// Cursor is what List continues the walk after this session with.
func (l Listed) Cursor() string { return l.cursor.Reveal() }
