package djauth

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// CacheUsers returns users that remember, in this process, the accounts that were
// asked for by ID: up to size of them, each for at most bound. So long a changed
// password, an account that was deleted or made inactive, and other permissions go
// unnoticed, unless this process changed them. A bound of a few seconds takes most of
// the queries away. A missing account is asked for each time. So is an account whose
// remembered password does not fit the session, because the session may know a newer
// one; with the same session, once a second.
//
// Permissions are not remembered. Names, and so Authenticate, are always asked for.
// The result may be wrapped in Users of the caller's: what Auth has to tell it is in
// the context. It panics if bound or size is not positive.
func CacheUsers(users Users, bound time.Duration, size int) Users {
	if bound <= 0 || size <= 0 {
		panic(fmt.Sprintf("djauth: CacheUsers(%v, %d)", bound, size))
	}
	return &cachedUsers{Users: users, bound: bound, size: size, now: time.Now, byID: make(map[string]*list.Element)}
}

// cachedUsers keeps the accounts in the order of their last use.
type cachedUsers struct {
	Users
	bound time.Duration
	size  int
	now   func() time.Time

	mu    sync.Mutex
	byID  map[string]*list.Element // of *cached
	order list.List                // last used first
	epoch uint64                   // counts what was forgotten
}

type cached struct {
	id      string // that it was asked for by, which need not be spelled as the account's
	account *Account
	asked   time.Time
	refused []string // the hashes of sessions that it was asked anew for, the last ones
}

// lookup is what Auth and a cache say to each other, through whatever Users stand
// between them.
type lookup struct {
	hash       string // of the session, if it does not fit a remembered account
	fresh      bool   // what is remembered does not do
	remembered bool   // the answer is a remembered one
}

type lookupKey struct{}

// withLookup returns a context for ByID, and what a cache will say.
func withLookup(ctx context.Context, l *lookup) context.Context {
	return context.WithValue(ctx, lookupKey{}, l)
}

const (
	// refusedFor is how long an account is not asked anew for a session that it did not fit.
	refusedFor = time.Second
	// refusedHashes is how many such sessions of an account are known at once.
	refusedHashes = 8
)

func (c *cachedUsers) ByID(ctx context.Context, id string) (*Account, error) {
	l, ok := ctx.Value(lookupKey{}).(*lookup)
	if !ok {
		l = new(lookup)
	}
	asked := c.now() // before the query: the bound is on how old the answer is
	var refused []string
	c.mu.Lock()
	if e, ok := c.byID[id]; ok {
		hit := e.Value.(*cached)
		age := asked.Sub(hit.asked)
		if l.fresh && age < refusedFor {
			refused = hit.refused
		}
		if 0 <= age && age < c.bound && (!l.fresh || l.hash != "" && slices.Contains(refused, l.hash)) {
			c.order.MoveToFront(e)
			c.mu.Unlock()
			l.remembered = true
			return hit.account.clone(), nil
		}
		c.drop(e)
	}
	if l.fresh {
		c.forgetLocked(id)
	}
	epoch := c.epoch
	c.mu.Unlock()
	account, err := c.Users.ByID(ctx, id)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch != epoch { // a password was set while this was read
		return account, nil
	}
	if e, ok := c.byID[id]; ok {
		c.drop(e)
	}
	if l.fresh && l.hash != "" {
		refused = append(slices.Clone(refused[max(0, len(refused)-refusedHashes+1):]), l.hash)
	}
	c.byID[id] = c.order.PushFront(&cached{id, account.clone(), asked, refused})
	if c.order.Len() > c.size {
		c.drop(c.order.Back())
	}
	return account, nil
}

func (c *cachedUsers) drop(e *list.Element) {
	delete(c.byID, e.Value.(*cached).id)
	c.order.Remove(e)
}

// forget drops an account that this process changes.
func (c *cachedUsers) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgetLocked(id)
}

func (c *cachedUsers) forgetLocked(id string) {
	c.epoch++
	if e, ok := c.byID[id]; ok {
		c.drop(e)
	}
	if c.IDKind() != TextID {
		return
	}
	for _, e := range c.byID { // MySQL finds a text under several spellings
		if e.Value.(*cached).account.ID == id {
			c.drop(e)
		}
	}
}

// What users may be besides, c is too; what they are not is errors.ErrUnsupported.

func (c *cachedUsers) Grants(ctx context.Context, id string) (*Grants, error) {
	if u, ok := As[Granter](c.Users); ok {
		return u.Grants(ctx, id)
	}
	return nil, errors.ErrUnsupported
}

func (c *cachedUsers) RecordLogin(ctx context.Context, id string, at time.Time) error {
	if u, ok := As[LoginRecorder](c.Users); ok {
		defer c.forget(id)
		return u.RecordLogin(ctx, id, at)
	}
	return errors.ErrUnsupported
}

func (c *cachedUsers) SetPassword(ctx context.Context, id string, encoded, seen Encoded) error {
	if u, ok := As[PasswordSetter](c.Users); ok {
		c.forget(id)
		defer c.forget(id)
		return u.SetPassword(ctx, id, encoded, seen)
	}
	return errors.ErrUnsupported
}

func (c *cachedUsers) ByIDs(ctx context.Context, ids []string, found func(*Account)) error {
	if u, ok := As[ManyFinder](c.Users); ok {
		return u.ByIDs(ctx, ids, found)
	}
	return errors.ErrUnsupported
}
