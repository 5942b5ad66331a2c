// Package census counts the sessions of a site: in which format they are stored, which key
// signed them, by which serializer they were made, who is logged in, when they end and how
// large they are.
//
// It only reads. A Census holds numbers and days: no session key, user, value or secret.
package census

import (
	"context"
	"errors"
	"iter"
	"math/bits"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/share"
)

// Group is how many sessions are of one kind.
type Group struct {
	Sessions int64
	Logins   int64 // of them those that hold a login
	// Last is when the last of them ends by itself, in UTC. It is zero if the engine does
	// not know it.
	Last time.Time
}

func (g *Group) add(f *fact) {
	g.Sessions++
	if f.login {
		g.Logins++
	}
	if f.ends.After(g.Last) {
		g.Last = f.ends
	}
}

// Format is how a session is stored.
type Format uint8

// The formats.
const (
	Current Format = iota // signed, as Django 3.1 and later write it
	SHA1                  // the same, signed with SHA-1, as Django 3.1 and 3.2 also read it
	Legacy                // of Django before 3.1, which 3.2 is the last one to read
	Cached                // in a cache, which signs nothing
	formats
)

// Serializer is by what a session was serialized.
type Serializer uint8

// The serializers.
const (
	JSON    Serializer = iota // or what a cache has
	Pickled                   // a pickle
	serializers
)

// Days is how many days ahead Census.Ends looks, and SizeBins how many sizes there are:
// the first one is up to smallest bytes, each next one up to twice as many, the last one
// larger ones.
const (
	Days     = 400
	SizeBins = 11
	smallest = 128
)

// Census is the result of a walk over all sessions.
type Census struct {
	// Begun is when the walk began, and Took how long it was.
	Begun time.Time
	Took  time.Duration
	// Engine is the engine's kind.
	Engine string

	// Seen is how many sessions there are: those of Live, Expired, and the ones that do not
	// decode or cannot be read.
	Seen int64
	// Live are the sessions that decode and have not expired. All groups below are parts of
	// Live.
	Live Group
	// Expired are those that have expired and are still stored.
	Expired int64

	// Formats and Serializers are indexed by Format and Serializer.
	Formats     [formats]Group
	Serializers [serializers]Group
	// Keys are the sessions that SECRET_KEY signed, and then those of each fallback. It is
	// nil if the engine signs nothing.
	Keys []Group

	// Ends are the sessions that end today, tomorrow and so on, by the days of UTC; the last
	// one has all later ones. Endless are those of which the engine does not know it.
	Ends    [Days + 1]Group
	Endless Group
	// Sizes are how many sessions have which size, in bytes as stored.
	Sizes   [SizeBins]int64
	Largest int

	// NoKey are sessions whose signature fits no key, or that have none. Django reads them
	// as empty. NoSession are those with a good signature, and neither JSON nor a pickle
	// that holds a session. Odd do not decode for another reason: they are too large, or
	// their row is damaged. Closed are those that this program may not read.
	NoKey, NoSession, Odd, Closed int64
}

// Undecoded is how many sessions do not decode.
func (c *Census) Undecoded() int64 { return c.NoKey + c.NoSession + c.Odd }

// Options are the options of [Take]. nil means the defaults.
type Options struct {
	// All goes on where none of the first 1000 sessions decodes.
	All bool
	// Progress is called now and then with the number of sessions seen.
	Progress func(seen int64)
}

// ErrNothing means that none of the first sessions decodes, as under a wrong SECRET_KEY.
var ErrNothing = errors.New("census: none of the first sessions decodes")

// First is how many sessions must not decode before Take returns ErrNothing.
const First = 1000

// atATime is how many sessions are held: what is compressed may become large.
const atATime = 64

// Take counts the sessions of a site. It decodes in parallel, and holds few of them in
// memory. A session whose key is cycled meanwhile may be counted twice or not at all.
//
// Errors: errors.ErrUnsupported if the engine cannot list its sessions; ErrNothing; those
// of the store.
func Take(ctx context.Context, site *djsite.Site, opts *Options) (*Census, error) {
	if opts == nil {
		opts = &Options{}
	}
	all, r, err := open(ctx, site)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	c := &Census{Begun: site.Sessions.Site().Now().UTC(), Engine: string(site.Settings.Sessions.Kind)}
	if r.signed {
		c.Keys = make([]Group, r.keys)
	}
	shown := 0
	for f, err := range share.Pages(atATimeOf(all), func(l *djsession.Listed) fact { return r.fact(l, c.Begun) }) {
		if err != nil {
			return nil, err
		}
		c.add(&f)
		if shown++; shown%atATime != 0 {
			continue
		}
		if opts.Progress != nil {
			opts.Progress(c.Seen)
		}
		if c.Seen >= First && c.Undecoded() == c.Seen && !opts.All {
			return nil, ErrNothing
		}
	}
	if opts.Progress != nil {
		opts.Progress(c.Seen)
	}
	if err := ctx.Err(); err != nil {
		return nil, djsession.Unavailable("count the sessions", err)
	}
	c.Took = time.Since(start)
	return c, nil
}

// atATimeOf yields what all yields, atATime at once, until the first error.
func atATimeOf(all iter.Seq2[djsession.Listed, error]) iter.Seq2[[]djsession.Listed, error] {
	return func(yield func([]djsession.Listed, error) bool) {
		some := make([]djsession.Listed, 0, atATime)
		for l, err := range all {
			if err != nil {
				yield(nil, err)
				return
			}
			if some = append(some, l); len(some) == cap(some) {
				if !yield(some, nil) {
					return
				}
				some = make([]djsession.Listed, 0, atATime)
			}
		}
		yield(some, nil)
	}
}

// fact is what counts of one session.
type fact struct {
	state      state
	format     Format
	serializer Serializer
	key        int
	login      bool
	ends       time.Time // zero if unknown
	size       int
}

type state uint8

const (
	live state = iota
	expired
	noKey
	noSession
	odd
	closed
)

func (c *Census) add(f *fact) {
	c.Seen++
	switch f.state {
	case expired:
		c.Expired++
	case noKey:
		c.NoKey++
	case noSession:
		c.NoSession++
	case odd:
		c.Odd++
	case closed:
		c.Closed++
	}
	if f.state != live {
		return
	}
	c.Live.add(f)
	c.Formats[f.format].add(f)
	c.Serializers[f.serializer].add(f)
	if c.Keys != nil {
		c.Keys[f.key].add(f)
	}
	if f.ends.IsZero() {
		c.Endless.add(f)
	} else {
		c.Ends[daysTo(c.Begun, f.ends)].add(f)
	}
	c.Sizes[sizeBin(f.size)]++
	c.Largest = max(c.Largest, f.size)
}

// daysTo returns how many days in UTC lie between t and a later moment, at most Days.
func daysTo(t, later time.Time) int {
	const day = 24 * 60 * 60
	midnight := t.Unix() - t.Unix()%day
	return int(min((later.Unix()-midnight)/day, Days))
}

func sizeBin(size int) int {
	return min(bits.Len(uint(max(size-1, 0)/smallest)), SizeBins-1)
}
