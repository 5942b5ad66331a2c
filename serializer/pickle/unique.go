package pickle

import (
	"github.com/go-djsession/go-djsession/internal/pydict"
	"github.com/go-djsession/go-djsession/serializer"
)

// dropRepeated makes the keys of dicts and the items of sets unique, as Python
// does: a key keeps its first place and takes its last value, a set keeps the
// first of equal items.
func (m *machine) dropRepeated() *serializer.DecodeError {
	if !m.repeats {
		return nil
	}
	u := uniquer{arena: m.arena}
	for i := range m.nodes {
		n := &m.nodes[i]
		ok := true
		switch {
		case n.kind == kindDict && n.flags&flagRepeats != 0:
			ok = u.keepFirst(n, 2)
		case (n.kind == kindSet || n.kind == kindFrozenSet) && n.b > 1:
			ok = u.keepFirst(n, 1)
		case n.kind == kindObject && m.isSet(n):
			// Older protocols write it like this: nothing else refers to the list.
			ok = u.keepFirst(&m.nodes[m.held(&m.nodes[m.objs[n.a].args])[0]], 1)
		case n.kind == kindObject && n.flags&flagOddKeys == 0 && m.objs[n.a].dict.n > 2 && m.isCollection(m.objs[n.a].class):
			r := &m.objs[n.a].dict
			dict := node{a: r.start, b: r.n}
			ok = u.keepFirst(&dict, 2)
			r.n = dict.b
		}
		if !ok {
			return limitAt(m.at, "a key is too deeply nested")
		}
	}
	return nil
}

// isCollection reports whether a class is a dict with equal keys like any other.
func (a *arena) isCollection(class ref) bool {
	return a.isGlobal(class, classOrderedDict) || a.isGlobal(class, classDefaultDict)
}

// isSet reports whether an object is a set or a frozenset that is made of a list.
func (a *arena) isSet(n *node) bool {
	o := &a.objs[n.a]
	args := a.held(&a.nodes[o.args])
	if o.how != opReduce || len(args) != 1 || !a.isGlobal(o.class, classSet) && !a.isGlobal(o.class, classFrozenSet) {
		return false
	}
	list := &a.nodes[args[0]]
	if list.kind != kindList || list.flags&flagShared != 0 {
		return false
	}
	for _, r := range a.held(list) {
		if a.nodes[r].flags&flagUnhashable != 0 {
			return false
		}
	}
	return true
}

// uniquer finds equal keys. It uses its knowledge of one dict for the next.
type uniquer struct {
	*arena
	keys  pydict.Keys
	maker *maker
	seen  []place // by the number of a key
	round uint32
}

// place is where a key was found last: the round, and the position in it.
type place struct{ round, at uint32 }

// few is the number of keys up to which comparing each with each is fastest.
const few = 8

// differ reports whether the keys of a dict differ, for a dict of few keys that are all
// text. It remembers them for the next dict.
func (m *machine) differ(pairs []ref) bool {
	if len(pairs) <= 2 || len(pairs) > 2*few {
		return len(pairs) <= 2
	}
	for i := 2; i < len(pairs); i += 2 {
		key := m.str(&m.nodes[pairs[i]])
		for j := 0; j < i; j += 2 {
			if pairs[i] == pairs[j] || m.str(&m.nodes[pairs[j]]) == key {
				return false
			}
		}
	}
	m.alike = len(pairs) / 2
	for i := 0; i < len(pairs); i += 2 {
		m.keys[i/2] = pairs[i]
	}
	return true
}

// keepFirst removes repeated keys. A key with its value takes step places. It
// returns false for a key that is nested too deeply.
func (u *uniquer) keepFirst(n *node, step int) bool {
	if u.keys == nil {
		u.keys, u.maker = pydict.NewKeys(), newMaker(u.arena)
	}
	u.round++
	held := u.held(n)
	kept := 0
	for i := 0; i < len(held); i += step {
		var number int
		if text, ok := u.isText(held[i]); ok {
			number = u.keys.AddText(text)
		} else if number, ok = u.keys.Add(u.maker.make(held[i])); !ok {
			return false
		}
		for len(u.seen) <= number {
			u.seen = append(u.seen, place{})
		}
		if was := u.seen[number]; was.round == u.round {
			if step == 2 {
				held[was.at+1] = held[i+1]
			}
			continue
		}
		u.seen[number] = place{u.round, uint32(kept)}
		copy(held[kept:], held[i:i+step])
		kept += step
	}
	n.b = uint32(kept)
	return true
}
