package census

import (
	"fmt"
	"time"
)

// Bar is a part of a census with its name.
type Bar struct {
	Name, ID string // for people, and for programs
	Group
}

// Bars are the groups of one question.
type Bars []Bar

// ByFormat returns the formats that there are.
func (c *Census) ByFormat() Bars {
	return some(c.Formats[:], func(i int) (name, id string) {
		switch Format(i) {
		case SHA1:
			return "signed with SHA-1", "sha1"
		case Legacy:
			return "of before Django 3.1", "before_3_1"
		case Cached:
			return "in a cache", "cache"
		}
		return "of today", "current"
	})
}

// ByKey returns the keys, also those that signed nothing.
func (c *Census) ByKey() (all Bars) {
	for i, g := range c.Keys {
		id := "secret_key"
		if i > 0 {
			id = fmt.Sprintf("fallback_%d", i)
		}
		all = append(all, Bar{KeyName(i), id, g})
	}
	return all
}

// BySerializer returns the serializers that there are.
func (c *Census) BySerializer() Bars {
	return some(c.Serializers[:], func(i int) (name, id string) {
		switch {
		case Serializer(i) == Pickled:
			return "pickle", "pickle"
		case c.Keys == nil:
			return "the cache's own", "other"
		}
		return "JSON", "json"
	})
}

func some(groups []Group, name func(int) (string, string)) (all Bars) {
	for i, g := range groups {
		if g.Sessions > 0 {
			text, id := name(i)
			all = append(all, Bar{text, id, g})
		}
	}
	return all
}

// bars is about how many bars a person reads.
const bars = 32

// ByEnd returns when the sessions end: by days, weeks or parts of thirty days, as fits into
// about 32 bars. All days are those of UTC.
func (c *Census) ByEnd() (all Bars) {
	last := -1
	for i, g := range c.Ends[:Days] {
		if g.Sessions > 0 {
			last = i
		}
	}
	width := 1
	switch {
	case last >= 7*bars:
		width = 30
	case last >= bars:
		width = 7
	}
	date := func(i int) string { return c.Begun.UTC().AddDate(0, 0, i).Format(time.DateOnly) }
	for i := 0; i <= last; i += width {
		var sum Group
		for _, g := range c.Ends[i:min(i+width, Days)] {
			sum.join(g)
		}
		name := date(i)
		if width > 1 {
			name += " to " + date(min(i+width, Days)-1)
		}
		all = append(all, Bar{name, date(i), sum})
	}
	if g := c.Ends[Days]; g.Sessions > 0 {
		all = append(all, Bar{"from " + date(Days) + " on", "later", g})
	}
	if c.Endless.Sessions > 0 {
		all = append(all, Bar{"not known", "unknown", c.Endless})
	}
	return all
}

func (g *Group) join(h Group) {
	g.Sessions += h.Sessions
	g.Logins += h.Logins
	if h.Last.After(g.Last) {
		g.Last = h.Last
	}
}

// BySize returns the sizes that there are, and the ones between. Their Logins are zero.
func (c *Census) BySize() (all Bars) {
	first, last := -1, -1
	for i, n := range c.Sizes {
		if n > 0 {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	for i := max(first, 0); i <= last; i++ {
		limit := smallest << i
		name, id := "up to "+bytes(limit), fmt.Sprint(limit)
		if i == SizeBins-1 {
			name, id = "more than "+bytes(limit/2), "larger"
		}
		all = append(all, Bar{name, id, Group{Sessions: c.Sizes[i]}})
	}
	return all
}

func bytes(n int) string {
	if n >= 1<<10 {
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
