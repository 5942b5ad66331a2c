package djauth

import (
	"container/list"
	"context"
	"slices"
	"sync"
	"time"
)

// userCache remembers accounts by the ids that they were asked for by, in the order of
// their last use: see Options.UserCache.
type userCache struct {
	users Users
	bound time.Duration
	size  int

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

// lookup is what a caller and the cache say to each other.
type lookup struct {
	hash       string // of the session, if it does not fit a remembered account
	fresh      bool   // what is remembered does not do
	remembered bool   // the answer is a remembered one
}

const (
	// refusedFor is how long an account is not asked anew for a session that it did not fit.
	refusedFor = time.Second
	// refusedHashes is how many such sessions of an account are known at once.
	refusedHashes = 8
)

// account is Users.ByID through the cache, if there is one.
func (a *Auth) account(ctx context.Context, id string, l *lookup) (*Account, error) {
	if a.cache == nil {
		return a.users.ByID(ctx, id)
	}
	return a.cache.account(ctx, id, l)
}

func (c *userCache) account(ctx context.Context, id string, l *lookup) (*Account, error) {
	asked := time.Now() // before the query: the bound is on how old the answer is
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
	account, err := c.users.ByID(ctx, id)
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

func (c *userCache) drop(e *list.Element) {
	delete(c.byID, e.Value.(*cached).id)
	c.order.Remove(e)
}

// forget drops an account that this Auth changes.
func (a *Auth) forget(id string) {
	c := a.cache
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgetLocked(id)
}

func (c *userCache) forgetLocked(id string) {
	c.epoch++
	if e, ok := c.byID[id]; ok {
		c.drop(e)
	}
	if c.users.IDKind() != TextID {
		return
	}
	for _, e := range c.byID { // MySQL finds a text under several spellings
		if e.Value.(*cached).account.ID == id {
			c.drop(e)
		}
	}
}
