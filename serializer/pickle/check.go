package pickle

import (
	"github.com/go-djsession/go-djsession/serializer"
)

// checkShared bounds the values that are made of containers with more than one reference.
// Each value of the dict at the top is made on its own. So a list that a thousand of them
// hold is made a thousand times, and a value near the top of one may lie deep down in
// another.
//
// Without such containers values are trees, whose size and depth are known.
func (m *machine) checkShared() *serializer.DecodeError {
	if !m.shared {
		return nil
	}
	e := explorer{arena: m.arena, lim: m.lim, seen: make([]uint32, len(m.nodes))}
	tops := []ref{m.root}
	if n := &m.nodes[m.root]; n.kind == kindDict {
		tops = m.held(n)
	}
	for i, top := range tops {
		if !e.walk(top, uint32(i)+1) {
			return limitAt(m.at, "values hold each other too often or too deeply")
		}
	}
	return nil
}

// explorer walks over the containers of an arena in the order in which they are
// made and written, without recursion.
type explorer struct {
	*arena
	lim   serializer.Limits
	seen  []uint32 // the last round that came by
	met   int      // in all rounds
	stack []visit
}

// visit is the part of a container or an object that the walk has not yet seen.
type visit struct {
	run   []ref
	whole bool // when it is done, so is its container
}

// walk reports whether the content of top is within the limits.
func (e *explorer) walk(top ref, round uint32) bool {
	depth := 0
	e.stack = append(e.stack[:0], visit{run: []ref{top}})
	for len(e.stack) > 0 {
		v := &e.stack[len(e.stack)-1]
		if len(v.run) == 0 {
			if v.whole {
				depth--
			}
			e.stack = e.stack[:len(e.stack)-1]
			continue
		}
		r := v.run[0]
		v.run = v.run[1:]
		if e.met++; e.met > e.lim.Nodes {
			return false
		}
		n := &e.nodes[r]
		if n.kind < kindList || n.flags&flagShared != 0 && e.seen[r] == round {
			continue
		}
		e.seen[r] = round
		if depth++; depth > e.lim.Depth {
			return false
		}
		e.push(n)
	}
	return true
}

// push adds the content of a container. The last item is looked at first.
func (e *explorer) push(n *node) {
	if n.kind != kindObject {
		e.stack = append(e.stack, visit{e.held(n), true})
		return
	}
	o := &e.objs[n.a]
	e.stack = append(e.stack,
		visit{[]ref{o.state, o.setter}, true},
		visit{e.heldRun(o.dict), false},
		visit{e.heldRun(o.list), false},
		visit{[]ref{o.class, o.args, o.kwargs}, false})
}

// Calls may copy this much beyond a multiple of the pickle's length.
const (
	freeArgs      = 100_000 // values
	freeArgsBytes = 1 << 20 // of text
	argsPerByte   = 8
)

// checkCalls bounds the values that calls make. Each call makes its value anew, with
// copies of its arguments: a text or a tuple of arguments that a thousand calls share is
// copied a thousand times.
func (m *machine) checkCalls() *serializer.DecodeError {
	count, bytes := 0, 0
	for i := range m.objs {
		n, b := m.argsOf(&m.objs[i])
		count, bytes = count+n, bytes+b
		if count > freeArgs+argsPerByte*len(m.text) || bytes > freeArgsBytes+argsPerByte*len(m.text) {
			return limitAt(m.at, "arguments are the same too often")
		}
	}
	return nil
}

// argsOf returns how many values and how many bytes of text a call may copy. It also
// counts the values that calls within its arguments make of their text: older protocols
// encode bytes, which may be the argument of a bytearray.
func (m *machine) argsOf(o *object) (count, bytes int) {
	args := m.held(&m.nodes[o.args])
	count = len(args)
	for _, r := range args {
		n := &m.nodes[r]
		if n.kind == kindList && (m.isGlobal(o.class, classSet) || m.isGlobal(o.class, classFrozenSet) || m.isGlobal(o.class, classOrderedDict)) {
			count += int(n.b)
		}
		if n.kind == kindObject {
			if inner := m.held(&m.nodes[m.objs[n.a].args]); len(inner) > 0 {
				n = &m.nodes[inner[0]]
			}
		}
		bytes += m.longLen(n)
	}
	return count, bytes
}

// longText is the length from which a text counts.
const longText = 64

// longLen returns the length of a text, or of an int as it is in the pickle, if it is
// long.
func (a *arena) longLen(n *node) int {
	switch n.kind {
	case kindStr, kindStr2, kindBytes, kindBig, kindBigText:
		if size := len(a.str(n)); size >= longText {
			return size
		}
	}
	return 0
}
