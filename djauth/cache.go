package djauth

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// CacheUsers returns users that remember, in this process, the accounts that were
// asked for by ID: up to size of them, each for at most bound. So long a changed
// password, an account that was deleted or made inactive, and other permissions go
// unnoticed, unless this process changed them. A bound of a few seconds takes most of
// the queries away. Who is not there is asked for each time, and so is an account whose
// remembered password does not fit the session: the session may know a newer one.
//
// Permissions are not remembered. Names, and so Authenticate, are always asked for.
// It panics if bound or size is not positive.
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
}

func (c *cachedUsers) ByID(ctx context.Context, id string) (*Account, error) {
	asked := c.now() // before the query: the bound is on how old the answer is
	c.mu.Lock()
	epoch := c.epoch
	if e, ok := c.byID[id]; ok {
		hit := e.Value.(*cached)
		if age := asked.Sub(hit.asked); 0 <= age && age < c.bound {
			c.order.MoveToFront(e)
			c.mu.Unlock()
			return hit.account.clone(), nil
		}
		c.drop(e)
	}
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
	c.byID[id] = c.order.PushFront(&cached{id, account.clone(), asked})
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

// fresh is ByID, but of what is there now, which is remembered anew.
func (c *cachedUsers) fresh(ctx context.Context, id string) (*Account, error) {
	c.forget(id)
	return c.ByID(ctx, id)
}

// What users may be besides, c is too; what they are not is errors.ErrUnsupported.

func (c *cachedUsers) Grants(ctx context.Context, id string) (*Grants, error) {
	if u, ok := c.Users.(Granter); ok {
		return u.Grants(ctx, id)
	}
	return nil, errors.ErrUnsupported
}

func (c *cachedUsers) RecordLogin(ctx context.Context, id string, at time.Time) error {
	if u, ok := c.Users.(LoginRecorder); ok {
		defer c.forget(id)
		return u.RecordLogin(ctx, id, at)
	}
	return errors.ErrUnsupported
}

func (c *cachedUsers) SetPassword(ctx context.Context, id string, encoded, seen Encoded) error {
	if u, ok := c.Users.(PasswordSetter); ok {
		c.forget(id)
		defer c.forget(id)
		return u.SetPassword(ctx, id, encoded, seen)
	}
	return errors.ErrUnsupported
}

func (c *cachedUsers) ByIDs(ctx context.Context, ids []string, found func(*Account)) error {
	if u, ok := c.Users.(ManyLoader); ok {
		return u.ByIDs(ctx, ids, found)
	}
	return errors.ErrUnsupported
}
