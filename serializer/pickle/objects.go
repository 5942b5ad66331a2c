package pickle

import (
	"github.com/go-djsession/go-djsession/serializer"
)

// stackGlobal makes a global of the two names on the stack.
func (m *machine) stackGlobal() *serializer.DecodeError {
	if !m.has(2) {
		return m.underflow()
	}
	from := len(m.stack) - 2
	module, name := m.stack[from], m.stack[from+1]
	if m.nodes[module].kind != kindStr || m.nodes[name].kind != kindStr {
		return syntaxAt(m.at, "a name that is no text")
	}
	m.stack = append(m.stack[:from], m.add(node{
		kind: kindGlobal, flags: flagStackGlobal, a: uint32(module), b: uint32(name),
	}))
	return nil
}

// call notes a call (REDUCE, NEWOBJ) of the callable under the arguments.
func (m *machine) call(op byte) *serializer.DecodeError {
	if !m.has(2) {
		return m.underflow()
	}
	from := len(m.stack) - 2
	return m.made(from, object{how: op, class: m.stack[from], args: m.stack[from+1]})
}

// callEx notes a call with keyword arguments.
func (m *machine) callEx() *serializer.DecodeError {
	if !m.has(3) {
		return m.underflow()
	}
	from := len(m.stack) - 3
	o := object{how: opNewObjEx, class: m.stack[from], args: m.stack[from+1], kwargs: m.stack[from+2]}
	if m.nodes[o.kwargs].kind != kindDict {
		return syntaxAt(m.at, "keyword arguments that are no dict")
	}
	return m.made(from, o)
}

// made pushes an object in place of the values from a height of the stack up.
func (m *machine) made(from int, o object) *serializer.DecodeError {
	if !m.callable(o.class) {
		return syntaxAt(m.at, "a call of what nobody can call")
	}
	args := &m.nodes[o.args]
	if args.kind != kindTuple {
		return syntaxAt(m.at, "arguments that are no tuple")
	}
	n := node{kind: kindObject, a: uint32(len(m.objs))}
	n.depth = 1 + max(m.nodes[o.class].depth, args.depth, m.nodes[o.kwargs].depth)
	if m.isUnhashable(o.class) {
		n.flags = flagUnhashable
	}
	m.repeats = m.repeats || m.isGlobal(o.class, classSet) || m.isGlobal(o.class, classFrozenSet)
	m.objs = append(m.objs, o)
	m.stack = append(m.stack[:from], m.add(n))
	return m.tooDeep(n.depth)
}

// callable reports whether a node may be called: it is a name, or the result of a call,
// which is unknown. In the older protocols bytes and sets are results of calls too.
func (m *machine) callable(r ref) bool {
	switch m.nodes[r].kind {
	case kindGlobal, kindObject, kindBytes, kindByteArray, kindSet, kindFrozenSet:
		return true
	}
	return false
}

// isUnhashable reports whether a class is known to make objects that cannot be keys.
func (m *machine) isUnhashable(class ref) bool {
	if m.nodes[class].kind != kindGlobal {
		return false
	}
	g := m.globalOf(class)
	switch g.Module {
	case "builtins":
		return g.Name == "set" || g.Name == "bytearray" || g.Name == "list" || g.Name == "dict"
	case "collections":
		return g.Name == "OrderedDict" || g.Name == "defaultdict" || g.Name == "Counter" || g.Name == "deque"
	}
	return g == classMessage
}

// build notes the state of an object.
func (m *machine) build() *serializer.DecodeError {
	if !m.has(2) {
		return m.underflow()
	}
	from := len(m.stack) - 1
	state := m.stack[from]
	m.stack = m.stack[:from]
	n := &m.nodes[m.stack[from-1]]
	if n.kind != kindObject {
		return syntaxAt(m.at, "a state for what is no object")
	}
	o := &m.objs[n.a]
	if o.built {
		return syntaxAt(m.at, "a second state for an object")
	}
	o.built, o.state = true, state
	return m.deepen(n, []ref{state})
}

// noteSetter is called when the result of the last call is dropped. It checks whether the
// call was to a function that sets the state of the object below. Python writes an object
// in this way if its __reduce__ names such a function.
func (m *machine) noteSetter() {
	if !m.has(2) {
		return
	}
	n := &m.nodes[m.stack[len(m.stack)-2]]
	called := m.objs[m.nodes[m.stack[len(m.stack)-1]].a]
	args := m.held(&m.nodes[called.args])
	if n.kind != kindObject || len(args) != 2 || args[0] != m.stack[len(m.stack)-2] {
		return
	}
	if o := &m.objs[n.a]; !o.built {
		o.built, o.state, o.setter = true, args[1], called.class
	}
}
