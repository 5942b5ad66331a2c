package pickle

import (
	"github.com/go-djsession/go-djsession/serializer"
)

// instanceOf returns the class of an instance and the arguments of its __new__, if it has
// nothing else but a state. Protocols 0 and 1 make an instance by a call with its class,
// the base of the class, and the argument of the base.
func (m *maker) instanceOf(o *object) (g serializer.Global, args []ref, ok bool) {
	if o.list.n > 0 || o.dict.n > 0 || m.nodes[o.class].kind != kindGlobal {
		return g, nil, false
	}
	g, args = m.globalOf(o.class), m.held(&m.nodes[o.args])
	if o.how == opNewObj {
		return g, args, true
	}
	if o.how != opReduce || g != classReconstructor || len(args) != 3 || m.nodes[args[0]].kind != kindGlobal {
		return g, nil, false
	}
	g = m.globalOf(args[0])
	switch {
	case m.isGlobal(args[1], classObject) && args[2] == refNone:
		return g, nil, true
	case m.isGlobal(args[1], classStr):
		return g, args[2:], true
	}
	return g, nil, false
}

// instance makes a value by its __new__ and its state, if any.
func (m *maker) instance(g serializer.Global, o *object, args []ref) (any, bool) {
	switch {
	case g == classSafeString || g == classSafeText:
		return m.safeString(g, o, args)
	case g == classMessage && len(args) == 0:
		return m.message(o)
	case g.Module == "uuid" && g.Name == "UUID" && len(args) == 0:
		state, ok := m.state(o, 1)
		if !ok {
			return nil, false
		}
		n, ok := m.bigOf(state["int"])
		if !ok || n.Sign() < 0 || n.BitLen() > 128 {
			return nil, false
		}
		var v serializer.UUID
		n.FillBytes(v[:])
		return v, true
	}
	return nil, false
}

func (m *maker) safeString(g serializer.Global, o *object, args []ref) (any, bool) {
	// Python 2 gives it an empty state.
	if _, empty := m.state(o, 0); o.built && !empty || len(args) != 1 || m.nodes[args[0]].kind != kindStr {
		return nil, false
	}
	v := serializer.SafeString{Text: m.str(&m.nodes[args[0]])}
	if g != classSafeString {
		v.Class = g.Name
	}
	return v, true
}

func (m *maker) message(o *object) (any, bool) {
	state, ok := m.state(o, 3)
	if !ok {
		return nil, false
	}
	level, message, tags := &m.nodes[state["level"]], state["message"], &m.nodes[state["extra_tags"]]
	if level.kind != kindInt || tags.kind != kindStr && tags.kind != kindNone || state["extra_tags"] == 0 && tags.kind != kindNone {
		return nil, false
	}
	v := serializer.Message{Level: level.int()}
	switch n := &m.nodes[message]; n.kind {
	case kindStr:
		v.Message = m.str(n)
	case kindObject:
		o := &m.objs[n.a]
		g, args, ok := m.instanceOf(o)
		if !ok || g != classSafeString && g != classSafeText {
			return nil, false
		}
		if v.Message, ok = m.safeString(g, o, args); !ok {
			return nil, false
		}
	default:
		return nil, false
	}
	if tags.kind == kindStr {
		v.ExtraTags = m.str(tags)
	}
	return v, true
}

// state returns the attributes of an object whose state is a dict of n texts.
func (m *maker) state(o *object, n int) (map[string]ref, bool) {
	dict := &m.nodes[o.state]
	if !o.built || o.setter != refNone || dict.kind != kindDict || int(dict.b) != 2*n {
		return nil, false
	}
	held := m.held(dict)
	state := make(map[string]ref, n)
	for i := 0; i < len(held); i += 2 {
		name, _ := m.isText(held[i])
		state[name] = held[i+1]
	}
	return state, len(state) == n
}
