package pickle

import (
	"math/big"
	"slices"
	"strings"

	"github.com/go-djsession/go-djsession/internal/pyobject"
	"github.com/go-djsession/go-djsession/serializer"
)

// object returns the value of an object: one of the named types, if its class and all its
// parts fit, or else a *serializer.Object.
func (m *maker) object(n *node) (any, filling) {
	o := &m.objs[n.a]
	if v, f, ok := m.named(n, o); ok {
		return v, f
	}
	v := &serializer.Object{How: way(o.how)}
	return v, filling{n: n, object: v}
}

func way(how construction) pyobject.Construction {
	switch how {
	case opNewObj:
		return pyobject.New
	case opNewObjEx:
		return pyobject.NewEx
	case opObj:
		return pyobject.OldStyle
	}
	return pyobject.Called
}

// namedAs is named for an argument that must be of one of the types that hold nothing
// else, and that the function or class of that name makes.
func (m *maker) namedAs(r ref, classes ...serializer.Global) any {
	n := &m.nodes[r]
	if n.kind != kindObject {
		return nil
	}
	o := &m.objs[n.a]
	if m.nodes[o.class].kind != kindGlobal || !slices.Contains(classes, m.globalOf(o.class)) {
		return nil
	}
	v, _, ok := m.named(n, o)
	if !ok {
		return nil
	}
	return v
}

func (m *maker) named(n *node, o *object) (v any, f filling, ok bool) {
	args := m.held(&m.nodes[o.args])
	plain := !o.built && o.list.n == 0 && o.dict.n == 0
	if m.nodes[o.class].kind == kindObject {
		v, ok = m.zoneInfo(o, args)
		return v, f, ok && plain
	}
	if class, args, ok := m.instanceOf(o); ok {
		v, ok = m.instance(class, o, args)
		return v, f, ok
	}
	switch g := m.globalOf(o.class); o.how {
	case opReduce:
		if g.Module == "collections" && !o.built && o.list.n == 0 && n.flags&flagOddKeys == 0 {
			return m.collection(n, o, g.Name, args)
		}
		if !plain {
			break
		}
		switch g.Module {
		case "datetime":
			v, ok = m.datetime(g.Name, args)
		case "builtins":
			return m.builtin(n, g.Name, args)
		case "_codecs":
			if g.Name == "encode" {
				v, ok = m.encoded(args)
			}
		default:
			v, ok = m.called(g, args)
		}
	}
	return v, f, ok
}

// builtin makes the types that older protocols have no opcodes for.
func (m *maker) builtin(n *node, name string, args []ref) (any, filling, bool) {
	var f filling
	switch {
	case name == "set" || name == "frozenset":
		var held []ref
		if m.isSet(n) {
			held = m.held(&m.nodes[args[0]])
		} else if len(args) != 0 {
			break
		}
		f = filling{n: n, items: make([]any, len(held), max(len(held), 1))}
		if name == "set" {
			return serializer.Set(f.items), f, true
		}
		return serializer.FrozenSet(f.items), f, true
	case name == "getattr" && len(args) == 2 && m.proto < 4:
		// A class within a class, or a method. From protocol 4 on its name is dotted.
		attr, ok := m.text(args[1])
		if !ok || strings.Contains(attr, ".") || m.nodes[args[0]].kind != kindGlobal {
			break
		}
		g := m.globalValue(args[0])
		return serializer.Global{Module: g.Module, Name: g.Name + "." + attr}, f, true
	case name == "bytes" && len(args) == 0:
		return serializer.Bytes(""), f, true
	case name == "bytearray" && len(args) == 0:
		return newByteArray(""), f, true
	case name == "bytearray" && len(args) == 1:
		if raw, ok := m.bytesOf(args[0]); ok {
			return newByteArray(raw), f, true
		}
	case name == "bytearray":
		if raw, ok := m.encoded(args); ok {
			return newByteArray(string(raw)), f, true
		}
	}
	return nil, f, false
}

// contents returns the content of a set or a dict that a call makes.
func (m *maker) contents(n *node) []ref {
	o := &m.objs[n.a]
	args := m.held(&m.nodes[o.args])
	g := m.globalOf(o.class)
	switch {
	case g.Module == "builtins" && len(args) == 1:
		return m.held(&m.nodes[args[0]])
	case g.Name == "OrderedDict" && len(args) == 1:
		pairs, _ := m.listOfPairs(args[0])
		return pairs
	}
	return m.heldRun(o.dict)
}

// listOfPairs returns the keys and values of a list of lists of two. Python 2 pickles an
// OrderedDict as such a list.
func (m *maker) listOfPairs(r ref) (pairs []ref, ok bool) {
	list := &m.nodes[r]
	if list.kind != kindList || list.flags&flagShared != 0 {
		return nil, false
	}
	seen := map[string]bool{}
	for _, r := range m.held(list) {
		pair := &m.nodes[r]
		if pair.kind != kindList || pair.flags&flagShared != 0 || pair.b != 2 {
			return nil, false
		}
		name, ok := m.isText(m.held(pair)[0])
		if !ok || seen[name] {
			return nil, false
		}
		seen[name] = true
		pairs = append(pairs, m.held(pair)...)
	}
	return pairs, true
}

// collection makes an OrderedDict or a defaultdict.
func (m *maker) collection(n *node, o *object, name string, args []ref) (any, filling, bool) {
	switch {
	case name == "OrderedDict" && len(args) <= 1:
		pairs := m.heldRun(o.dict)
		if len(args) == 1 {
			var ok bool
			if pairs, ok = m.listOfPairs(args[0]); !ok || o.dict.n > 0 {
				break
			}
		}
		b := m.builder(len(pairs) / 2)
		return &serializer.OrderedDict{Dict: b.Dict().(*serializer.Dict)}, filling{n: n, dict: b}, true
	case name == "defaultdict" && len(args) <= 1:
		b := m.builder(int(o.dict.n) / 2)
		v := &serializer.DefaultDict{Dict: b.Dict().(*serializer.Dict)}
		if len(args) == 1 {
			if m.nodes[args[0]].kind != kindGlobal {
				break
			}
			v.Factory = m.globalValue(args[0])
		}
		return v, filling{n: n, dict: b}, true
	}
	return nil, filling{}, false
}

// called makes the values that __reduce__ of other modules describes.
func (m *maker) called(g serializer.Global, args []ref) (any, bool) {
	switch g.Module {
	case "decimal":
		if text, ok := m.texts1(args); ok && g.Name == "Decimal" {
			return serializer.Decimal(text), true
		}
	case "fractions":
		return m.fraction(g.Name, args)
	case "pathlib", "pathlib._local":
		if len(args) == 0 || !m.isPath(g.Name) {
			return nil, false
		}
		v := serializer.Path{Class: g}
		for _, r := range args {
			part, ok := m.text(r)
			if !ok {
				return nil, false
			}
			v.Parts = append(v.Parts, part)
		}
		return v, true
	case "pytz":
		return m.pytz(g.Name, args)
	}
	return nil, false
}

func (m *maker) isPath(name string) bool {
	switch name {
	case "PurePath", "PurePosixPath", "PureWindowsPath", "Path", "PosixPath", "WindowsPath":
		return true
	}
	return false
}

func (m *maker) fraction(name string, args []ref) (any, bool) {
	if name != "Fraction" {
		return nil, false
	}
	if text, ok := m.texts1(args); ok {
		return serializer.Fraction{Text: text}, true
	}
	if len(args) != 2 {
		return nil, false
	}
	num, ok1 := m.bigOf(args[0])
	den, ok2 := m.bigOf(args[1])
	if !ok1 || !ok2 {
		return nil, false
	}
	v := serializer.Fraction{Text: num.String(), Pair: true}
	if den.Cmp(big.NewInt(1)) != 0 {
		v.Text += "/" + den.String()
	}
	return v, true
}

// texts1 returns the only argument, if that is text.
func (m *maker) texts1(args []ref) (string, bool) {
	if len(args) != 1 {
		return "", false
	}
	return m.text(args[0])
}

// text returns text that is a plain str in either Python.
func (m *maker) text(r ref) (string, bool) { return m.isText(r) }

func (m *maker) intOf(r ref) (int, bool) {
	n := &m.nodes[r]
	v := n.int()
	return int(v), n.kind == kindInt && int64(int(v)) == v
}

func (m *maker) bigOf(r ref) (*big.Int, bool) {
	switch n := &m.nodes[r]; n.kind {
	case kindInt:
		return big.NewInt(n.int()), true
	case kindBig, kindBigText:
		return m.bigInt(n), true
	}
	return nil, false
}

// bytesOf returns bytes in any of the forms in which protocols write them.
func (m *maker) bytesOf(r ref) (string, bool) {
	switch n := &m.nodes[r]; n.kind {
	case kindBytes, kindStr2:
		return m.str(n), true
	case kindObject:
		raw, ok := m.namedAs(r, classEncode, classBytes).(serializer.Bytes)
		return string(raw), ok
	}
	return "", false
}

// encoded makes bytes from the arguments of _codecs.encode: text and latin1.
func (m *maker) encoded(args []ref) (serializer.Bytes, bool) {
	if len(args) != 2 || m.nodes[args[0]].kind != kindStr {
		return "", false
	}
	if codec, _ := m.text(args[1]); codec != "latin1" && codec != "latin-1" {
		return "", false
	}
	text := m.str(&m.nodes[args[0]])
	raw := make([]byte, 0, len(text))
	for _, c := range text {
		if c > 0xFF {
			return "", false
		}
		raw = append(raw, byte(c))
	}
	return serializer.Bytes(raw), true
}
