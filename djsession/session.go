package djsession

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-djsession/go-djsession/serializer"
)

// Session is Django's request.session: the data of one visitor's session, as one request
// sees it. Inside [Manager.Middleware], call [Load] to get it; elsewhere, call
// [Manager.Open].
//
// A Session is safe for concurrent use. The values that it returns are copies.
//
// Unlike Django, changing such a copy changes nothing: call [Session.Set] with it. Django
// stores the whole session as this request saw it. A Session keeps a log of its changes
// instead, and repeats them on the stored session if somebody else changed that
// meanwhile.
type Session struct {
	// The state is behind a pointer: if a *Session is in an unexported field of somebody
	// else's struct, package fmt prints the fields of the Session, under verbs such as
	// %s.
	*sessionState
}

type sessionState struct {
	m *Manager

	mu      sync.Mutex
	updates atomic.Int32  // running functions of Update
	misuses atomic.Uint32 // uses of the Session by those functions

	had      bool // the request brought a cookie, or a key in KeyHeader
	byHeader bool // the request has KeyHeader: no cookies
	loaded   bool
	corrupt  bool // the stored session does not decode: hands off
	aside    bool // by SetAside: hands off too, except by Flush
	login    bool // somebody was logged in when it was loaded or stored
	modified bool
	saved    bool // by Save or Create: the response must set the cookie
	cycle    bool // take a new key at the next save
	renewal  bool // the only change is one Renew
	done     bool // committed

	key     string        // "" if there is none
	why     error         // why loading found nothing
	renew   op            // what Renew did, or nil
	request *http.Request // nil outside of HTTP

	base    *serializer.Dict // as stored with version
	data    *serializer.Dict // base with the changes of log
	version Version
	ends    time.Time // of what is stored; zero if the store does not know it
	log     []op
	err     error // of the first change that failed, which fails the commit; then of the commit
}

// op is one change. It runs at once, and again on fresh data after a conflict.
type op func(*serializer.Dict) (*serializer.Dict, error)

// Get returns the value of name as if Python had stored it (see package serializer), and
// whether there is one. Most code calls [Value] instead.
func (s *Session) Get(name string) (any, bool) { return s.dict().Get(name) }

// Has is SessionBase.has_key: it reports whether the session holds name.
func (s *Session) Has(name string) bool { return s.dict().Has(name) }

// Len returns the number of names that [Session.Keys] yields.
func (s *Session) Len() int {
	n := 0
	for range s.Keys() {
		n++
	}
	return n
}

// Keys is SessionBase.keys. It yields the names in the session as it is when Keys is
// called.
//
// Unlike Django, Keys, [Session.Values], [Session.Items] and [Session.Len] leave out keys
// that are not text, which a pickled session may have. [Session.Dict] has them too.
func (s *Session) Keys() iter.Seq[string] { return keys(s.dict()) }

// Values is SessionBase.values, for the names that [Session.Keys] yields.
func (s *Session) Values() iter.Seq[any] {
	items := s.Items()
	return func(yield func(any) bool) {
		for _, v := range items {
			if !yield(v) {
				return
			}
		}
	}
}

// Items is SessionBase.items, for the names that [Session.Keys] yields.
func (s *Session) Items() iter.Seq2[string, any] { return items(s.dict()) }

// Dict returns the whole session as it is now.
func (s *Session) Dict() *serializer.Dict { return s.dict() }

func (s *Session) dict() *serializer.Dict {
	if s.lock() != nil {
		return nil
	}
	defer s.mu.Unlock()
	return s.data
}

// Set is session[name] = value. It encodes the value at once, so that later changes to
// value change nothing. [Settings.Serializer] decides which values can be written, or the
// engine's own Serializer: see [Serializing].
//
// Errors: [serializer.ErrType] and [serializer.ErrLimit] for a value that cannot be
// written; [ErrCommitted]. The error also fails the saving of the session, so that a
// caller who ignores it loses nothing silently.
func (s *Session) Set(name string, value any) error {
	v, err := s.m.format.Freeze(value)
	return s.change(err, func(d *serializer.Dict) (*serializer.Dict, error) { return d.With(name, v), nil })
}

// SetDefault is SessionBase.setdefault: it sets name to value unless the session holds
// name, and returns the value that is there then. Errors as for [Session.Set].
func (s *Session) SetDefault(name string, value any) (any, error) {
	if v, ok := s.Get(name); ok {
		return v, nil
	}
	v, err := s.m.format.Freeze(value)
	err = s.change(err, func(d *serializer.Dict) (*serializer.Dict, error) {
		if d.Has(name) {
			return d, nil
		}
		return d.With(name, v), nil
	})
	got, _ := s.Get(name)
	return got, err
}

// SetAll is SessionBase.update: it sets all of values, in the order of the sorted names.
// After an error it has set nothing. Errors as for [Session.Set].
func (s *Session) SetAll(values map[string]any) error {
	var all []serializer.Item
	for name, value := range serializer.FromMap(values).AllStored() {
		v, err := s.m.format.Freeze(value)
		if err != nil {
			return s.change(err, nil)
		}
		all = append(all, serializer.Item{Key: name, Value: v})
	}
	return s.change(nil, func(d *serializer.Dict) (*serializer.Dict, error) {
		for _, it := range all {
			d = d.With(it.Key.(string), it.Value)
		}
		return d, nil
	})
}

// Delete is del session[name], without the KeyError: an absent name is no change. Errors:
// [ErrCommitted].
func (s *Session) Delete(name string) error {
	if !s.Has(name) {
		return nil
	}
	return s.change(nil, func(d *serializer.Dict) (*serializer.Dict, error) { return d.Without(name), nil })
}

// Pop is SessionBase.pop: it removes name and returns its value. An absent name is no
// change. Errors: [ErrCommitted].
func (s *Session) Pop(name string) (value any, ok bool, err error) {
	value, ok = s.Get(name)
	return value, ok, s.Delete(name)
}

// Clear is SessionBase.clear: it removes everything and keeps the key. To log somebody
// out, call [Session.Flush]. Errors: [ErrCommitted].
func (s *Session) Clear() error {
	return s.change(nil, func(*serializer.Dict) (*serializer.Dict, error) { return nil, nil })
}

// change applies o and adds it to the log, or keeps err.
func (s *Session) change(err error, o op) error {
	if err := s.lock(); err != nil {
		return err
	}
	defer s.mu.Unlock()
	var after *serializer.Dict
	if err == nil {
		after, err = o(s.data)
	}
	return s.record(err, o, after)
}

func (s *Session) record(err error, o op, after *serializer.Dict) error {
	if s.done {
		s.m.lateChange()
		return ErrCommitted
	}
	if err != nil {
		if s.err == nil {
			s.err = err
		}
		return err
	}
	s.data, s.modified, s.renewal = after, true, false
	if o != nil {
		s.log = append(s.log, o)
	}
	return nil
}

// MarkModified is session.modified = True: the session is saved even without a change,
// which moves its expiry. Errors: [ErrCommitted].
func (s *Session) MarkModified() error {
	if err := s.lock(); err != nil {
		return err
	}
	defer s.mu.Unlock()
	return s.record(nil, nil, s.data)
}

// SetExpiry is SessionBase.set_expiry. Errors as for [Session.Set].
func (s *Session) SetExpiry(e Expiry) error {
	v, ok := e.encode(s.m.site, s.m.format)
	if !ok {
		return s.Delete(expiryKey)
	}
	return s.Set(expiryKey, v)
}

// ExpiryAge is SessionBase.get_expiry_age: it returns how long the session would live if
// it were saved now. See [Site.ExpiryAge].
func (s *Session) ExpiryAge() (time.Duration, error) {
	return s.m.site.ExpiryAge(s.dict(), s.m.site.Now())
}

// ExpiryDate is SessionBase.get_expiry_date: it returns when the session would end if it
// were saved now. See [Site.ExpiryDate].
func (s *Session) ExpiryDate() (time.Time, error) {
	return s.m.site.ExpiryDate(s.dict(), s.m.site.Now())
}

// ExpireAtBrowserClose is SessionBase.get_expire_at_browser_close. See
// [Site.ExpireAtBrowserClose].
func (s *Session) ExpireAtBrowserClose() (bool, error) {
	return s.m.site.ExpireAtBrowserClose(s.dict())
}

// The test cookie shows whether a browser accepts cookies: one page sets it, the next one
// looks for it.
const testCookieName, testCookieValue = "testcookie", "worked"

// SetTestCookie is SessionBase.set_test_cookie. Errors as for [Session.Set].
func (s *Session) SetTestCookie() error { return s.Set(testCookieName, testCookieValue) }

// TestCookieWorked is SessionBase.test_cookie_worked.
func (s *Session) TestCookieWorked() bool {
	v, _ := s.Get(testCookieName)
	return v == testCookieValue
}

// DeleteTestCookie is SessionBase.delete_test_cookie. Errors: [ErrCommitted].
func (s *Session) DeleteTestCookie() error { return s.Delete(testCookieName) }

// Key is SessionBase.session_key: it returns the key under which the session is stored,
// or "" if it was never saved. The key is a secret: anybody who has it has the session.
//
// Unlike Django, which has the new key at once, Key returns the old one after
// [Session.CycleKey] and a login of package djauth until the session is saved, and ""
// after [Session.Flush]. The response saves it. A handler that needs the new key earlier,
// for a job or a socket, calls [Session.Save] first.
func (s *Session) Key() string {
	if s.lock() != nil {
		return ""
	}
	defer s.mu.Unlock()
	return s.key
}

// IsEmpty is SessionBase.is_empty: it reports whether the session has no key and holds
// nothing.
func (s *Session) IsEmpty() bool {
	if s.lock() != nil {
		return false
	}
	defer s.mu.Unlock()
	return s.empty()
}

func (s *Session) empty() bool { return s.key == "" && s.data.Len() == 0 }

// Modified is session.modified: it reports whether the session was changed and will be
// saved.
func (s *Session) Modified() bool {
	if s.lock() != nil {
		return false
	}
	defer s.mu.Unlock()
	return s.modified
}

// Accessed is session.accessed: it reports whether the session was read, even if the
// store had none.
func (s *Session) Accessed() bool {
	if s.lock() != nil {
		return false
	}
	defer s.mu.Unlock()
	return s.loaded
}

// Missing returns why the client's session was not found and a new one was begun:
// [ErrNoCookie], [ErrNotFound], [ErrExpired], [ErrCorrupt] with its cause, or the reason
// given to [Session.SetAside]. It is nil if the session was found.
func (s *Session) Missing() error {
	if s.lock() != nil {
		return ErrInUpdate
	}
	defer s.mu.Unlock()
	return s.why
}

// load reads the session from the store, once.
func (s *Session) load(ctx context.Context) error {
	if err := s.lockWithin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	return s.loadLocked(ctx)
}

func (s *Session) loadLocked(ctx context.Context) error {
	if s.loaded {
		return nil
	}
	if s.done {
		return ErrCommitted
	}
	switch {
	case s.key == "" && !s.had:
		s.why = ErrNoCookie
	case !s.m.mayExist(s.key):
		s.key, s.why = "", ErrNotFound
	default:
		r, v, err := s.m.load(ctx, s.key)
		switch {
		case err == nil:
			s.base, s.data, s.version, s.ends = r.Data, r.Data, v, r.Expires
			s.login = r.Data.Has(loginKeys[0])
		case errors.Is(err, ErrNotFound):
			// Never adopt the client's key: that would be session fixation.
			s.key, s.why = "", err
		case errors.Is(err, ErrCorrupt):
			s.corrupt, s.why = true, err
			s.m.reportCorrupt(ctx, err)
		default:
			return err
		}
	}
	s.loaded = true
	return nil
}

// Reader is a [*Session], a [*Tx] or a [ReaderOf].
type Reader interface{ dict() *serializer.Dict }

// ReaderOf returns a Reader of what a session holds, outside of a request. A nil d is an
// empty session.
func ReaderOf(d *serializer.Dict) Reader { return reader{d} }

type reader struct{ d *serializer.Dict }

func (r reader) dict() *serializer.Dict { return r.d }

// Format prints no value of the session.
func (r reader) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "session") }

// Value returns the value of name as a T, or def if the session holds none. None fits
// only a pointer, any, a slice or a map. Numbers are never rounded: 1.0 is no int.
//
// Errors: [serializer.ErrType], which names the path to the value that does not fit.
// Value then returns def.
func Value[T any](r Reader, name string, def T) (T, error) {
	return serializer.Field(r.dict(), name, def)
}

func keys(d *serializer.Dict) iter.Seq[string] {
	return func(yield func(string) bool) {
		for k := range d.Keys() {
			if name, ok := k.(string); ok && !yield(name) {
				return
			}
		}
	}
}

func items(d *serializer.Dict) iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for k, v := range d.All() {
			if name, ok := k.(string); ok && !yield(name, v) {
				return
			}
		}
	}
}

// loginKeys decide who is logged in. If somebody else changed them, nothing is merged.
var loginKeys = []string{"_auth_user_id", "_auth_user_backend", "_auth_user_hash"}

// sameLogin reports whether a and b hold the same login.
func sameLogin(a, b *serializer.Dict) bool {
	return !slices.ContainsFunc(loginKeys, func(name string) bool {
		av, aok := a.Get(name)
		bv, bok := b.Get(name)
		return aok != bok || !equal(av, bv)
	})
}

// equal compares two values of loginKeys. A value of a type that no login holds does not
// even equal itself.
func equal(a, b any) bool {
	if text, ok := serializer.Text(a); ok { // a pickle may hold a text of Python 2
		other, ok := serializer.Text(b)
		return ok && text == other
	}
	switch a.(type) {
	case nil, int64, bool:
		return a == b
	}
	return false
}
