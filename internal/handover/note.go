package handover

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/pydict"
	"github.com/go-djsession/go-djsession/serializer"
)

// kind says what an engine holds under a key.
type kind string

const (
	absent  kind = "" // or expired
	session kind = "session"
	corrupt kind = "corrupt"
	// The words of a note.
	claim     kind = "claim"
	reserved  kind = "reserved"
	committed kind = "committed"
)

// noteName is the name under which a record has its note. The names of the session begin
// with prefix in a claim and in a reservation.
const (
	noteName = "_djsession_moving"
	prefix   = noteName + ":"
)

// expiryName stays as it is: some engines take the end of a session from it.
const expiryName = "_session_expiry"

// note is what a record says of a move. Its text is
//
//	1 claim <id> <milliseconds since 1970> <a hash of the session key>
//
// The hash is there because Django copies a session, with a note in it, to a new key when
// somebody logs in. A note under another key counts for nothing.
type note struct {
	kind  kind
	id    string
	began int64 // of a claim, in milliseconds since 1970
}

func newClaim(now time.Time) note { return note{claim, rand.Text(), now.UnixMilli()} }

// as returns the note of the same move for the next step.
func (n note) as(k kind) note { return note{k, n.id, n.began} }

func (n note) text(key string) string {
	return strings.Join([]string{"1", string(n.kind), n.id, strconv.FormatInt(n.began, 10), keyHash(key)}, " ")
}

func keyHash(key string) string {
	sum := sha256.Sum256([]byte("djsession moves " + key))
	return hex.EncodeToString(sum[:12])
}

// noteOf returns the note in d, if it counts for this key. It does not count beside a login,
// which only a program puts there that knows nothing of the move.
func noteOf(key string, d *serializer.Dict) (note, bool) {
	if !d.Has(noteName) {
		return note{}, false
	}
	v, _ := d.Get(noteName)
	text, _ := serializer.Text(v)
	f := strings.Split(text, " ")
	if len(f) != 5 || f[0] != "1" || f[4] != keyHash(key) {
		return note{}, false
	}
	began, err := strconv.ParseInt(f[3], 10, 64)
	n := note{kind(f[1]), f[2], began}
	if err != nil || n.kind != claim && n.kind != reserved && n.kind != committed {
		return note{}, false
	}
	for k := range d.Keys() {
		if name, ok := k.(string); ok && strings.HasPrefix(name, "_auth_") {
			return note{}, false
		}
	}
	return n, true
}

// Noted reports whether r, stored under key, belongs to a move that has begun. It is no
// session then.
func Noted(key string, r *djsession.Record) bool {
	_, ok := noteOf(key, r.Data)
	return ok
}

// Clean returns r without what a move has left in it: Django copies that to new keys. r must
// not be [Noted].
func Clean(r *djsession.Record) *djsession.Record {
	if !r.Data.Has(noteName) {
		return r
	}
	return renamed(r, func(name string) (string, bool) {
		return name, name != noteName && !strings.HasPrefix(name, prefix)
	})
}

// hide returns r as a record with a note: no name is what it was, so nobody is logged in.
func hide(key string, r *djsession.Record, n note) *djsession.Record {
	h := renamed(r, func(name string) (string, bool) {
		if name == expiryName {
			return name, true
		}
		return prefix + name, true
	})
	h.Data = h.Data.With(noteName, n.text(key))
	return h
}

// show returns the session in a record that hide made. A name that Django has added to the
// record stays, if the session does not have it.
func show(r *djsession.Record) *djsession.Record {
	had := map[string]bool{}
	for k := range r.Data.Keys() {
		if name, ok := k.(string); ok && strings.HasPrefix(name, prefix) {
			had[strings.TrimPrefix(name, prefix)] = true
		}
	}
	return renamed(r, func(name string) (string, bool) {
		if own, ok := strings.CutPrefix(name, prefix); ok {
			return own, true
		}
		return name, name != noteName && !had[name]
	})
}

// bare returns a record with a note and no data.
func bare(key string, r *djsession.Record, n note) *djsession.Record {
	b := *r
	b.Data = derived(r, nil)
	if v, ok := r.Data.Get(expiryName); ok {
		b.Data = b.Data.With(expiryName, v)
	}
	b.Data = b.Data.With(noteName, n.text(key))
	return &b
}

// renamed returns r with other names. Values stay as they were read. A key that is no text
// keeps its place: no program takes it for a login.
func renamed(r *djsession.Record, rename func(name string) (now string, keep bool)) *djsession.Record {
	items := make([]serializer.Item, 0, r.Data.Len())
	for k, v := range r.Data.AllStored() {
		if name, ok := k.(string); ok {
			now, keep := rename(name)
			if !keep {
				continue
			}
			k = now
		}
		items = append(items, serializer.Item{Key: k, Value: v})
	}
	n := *r
	n.Data = derived(r, items)
	return &n
}

// derived returns a dict of items, for the serializer that read r.
func derived(r *djsession.Record, items []serializer.Item) *serializer.Dict {
	d := serializer.NewDict(items...)
	if source, _ := pydict.Source(r.Data); source != nil {
		d = pydict.WithSource(d, source).With(noteName, "").Without(noteName) // it was changed since
	}
	return d
}
