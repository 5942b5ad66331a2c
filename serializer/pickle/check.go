package pickle

import (
	"github.com/go-djsession/go-djsession/serializer"
)

// checkShared bounds what becomes of containers that are referred to more than
// once, if there are any. Each value of the dict at the top is made on its own: a
// list that a thousand of them hold is made a thousand times, and what lies near
// to the top in one may lie deep down in another.
//
// Without such containers values are trees, whose size and depth are known.
func (m *machine) checkShared() *serializer.DecodeError {
	if !m.shared {
		return nil
	}
	e := explorer{arena: m.arena, seen: make([]uint32, len(m.nodes))}
	tops := []ref{m.root}
	if n := &m.nodes[m.root]; n.kind == kindDict {
		tops = append(tops, m.held(n)...)
	}
	for i, top := range tops {
		if !e.walk(top, uint32(i)+1, m.lim) {
			return limitAt(m.at, "values hold each other too often or too deeply")
		}
	}
	return nil
}

// explorer walks over the containers of an arena in the order in which they are
// made and written, without recursion.
type explorer struct {
	*arena
	seen  []uint32 // the last round that came by
	met   int      // in all rounds
	stack []visit
}

// visit is a container with what is yet to be looked at in it.
type visit struct {
	runs [3][]ref
}

// walk reports whether what lies in top is within the limits.
func (e *explorer) walk(top ref, round uint32, lim serializer.Limits) bool {
	e.stack = e.stack[:0]
	for next := top; ; {
		n := &e.nodes[next]
		if n.kind >= kindList && (n.flags&flagShared == 0 || e.seen[next] != round) {
			e.seen[next] = round
			e.stack = append(e.stack, e.visit(n))
		}
		e.met++
		if e.met > 4*lim.Nodes || len(e.stack) > lim.Depth+1 {
			return false
		}
		var ok bool
		if next, ok = e.next(); !ok {
			return true
		}
	}
}

func (e *explorer) visit(n *node) visit {
	if n.kind != kindObject {
		return visit{[3][]ref{e.held(n)}}
	}
	o := &e.objs[n.a]
	own := [...]ref{o.class, o.args, o.kwargs, o.state, o.setter}
	return visit{[3][]ref{own[:], e.heldRun(o.list), e.heldRun(o.dict)}}
}

// next returns what is to be looked at next.
func (e *explorer) next() (ref, bool) {
	for len(e.stack) > 0 {
		v := &e.stack[len(e.stack)-1]
		for i := range v.runs {
			if run := v.runs[i]; len(run) > 0 {
				v.runs[i] = run[1:]
				return run[0], true
			}
		}
		e.stack = e.stack[:len(e.stack)-1]
	}
	return 0, false
}
