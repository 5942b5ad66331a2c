package serializer

import "github.com/go-djsession/go-djsession/internal/pyobject"

// Global is a name that a pickle refers to: a class or a function of a Python
// module. It is never looked up. Names are those of Python 3; a pickle of
// protocol 2 or lower writes __builtin__ for builtins, and so on. A few that only
// Python 2 has stay as they are, __builtin__.int and str among them, which are
// not Python 3's.
type Global struct {
	Module string
	Name   string // dotted for what lies within a class
}

// Object is an object of any class that has no type of its own here: how a pickle
// makes it, step by step. It is never made, and nothing is run. It is written back
// as it came. Use it by pointer.
//
// Members of an Enum are Objects too: Called with their value, which nothing
// tells from another class with one argument. So are instances of a namedtuple:
// New with the fields.
type Object struct {
	How    pyobject.Construction
	Class  any   // a Global as a rule; else what the pickle computed it by
	Args   Tuple // what it was called with
	Kwargs *Dict // for NewEx

	// What was done to the object afterwards, in this order.
	Items    []any  // appended: the items of a subclass of list
	SetItems []Item // set one by one: the items of a subclass of dict
	Built    bool   // whether State was handed to __setstate__, or its __dict__ updated by it
	State    any    // a *Dict as a rule, or a Tuple of __dict__ and __slots__
	Setter   any    // if Built: the function that was called with the object and State instead, or nil
}

// Is reports whether o is of the class name of a module.
func (o *Object) Is(module, name string) bool {
	return o.Class == any(Global{module, name})
}

// Attr returns an attribute from the [Object.State] of o, if the State is the usual dict
// or tuple of dicts.
func (o *Object) Attr(name string) (any, bool) {
	parts := Tuple{o.State}
	if t, ok := o.State.(Tuple); ok {
		parts = t
	}
	for _, part := range parts {
		if d, ok := part.(*Dict); ok && d.Has(name) {
			return d.Get(name)
		}
	}
	return nil, false
}

// String returns the dotted name.
func (g Global) String() string { return g.Module + "." + g.Name }
