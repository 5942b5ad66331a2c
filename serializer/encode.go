package serializer

import (
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"time"
)

// encoder appends JSON as json.dumps(obj, separators=(",", ":")) writes it.
type encoder struct {
	dst   []byte
	most  int // length that dst may reach
	lim   Limits
	nodes int

	spaces bool // ", " and ": " as separators

	// walk, if it is not nil, may raise lim and most.
	walk *budget

	// lenient is for output that people read: values that JSON cannot hold have a
	// stand-in, and no text is copied unchanged.
	lenient bool
}

func newEncoder(dst []byte, lim Limits) encoder {
	lim = lim.WithDefaults()
	return encoder{dst: dst, most: len(dst) + min(lim.Size, math.MaxInt-len(dst)), lim: lim}
}

// newWalker returns an encoder for a value of any size in memory. It stops when w is
// spent.
func newWalker(w *budget, nodes int) encoder {
	lim := Limits{Size: w.bytes, Depth: maxDepth, Nodes: w.nodes, Digits: math.MaxInt}
	return encoder{most: w.bytes, lim: lim, nodes: nodes, walk: w}
}

// more raises the limits as far as the walk allows, and reports whether that is enough
// for this many values and bytes.
func (e *encoder) more(nodes, bytes int) bool {
	if e.walk == nil {
		return false
	}
	ok := e.walk.allows(nodes, bytes)
	e.lim.Nodes, e.most = e.walk.nodes, e.walk.bytes
	return ok
}

// node counts a value or a key. Values in memory may hold themselves, or one value very
// often: the count, or Depth, ends that.
func (e *encoder) node() *ConvertError {
	if e.nodes++; e.nodes > e.lim.Nodes || len(e.dst) > e.most {
		return e.full()
	}
	return nil
}

func (e *encoder) size() *ConvertError {
	if len(e.dst) > e.most {
		return e.full()
	}
	return nil
}

// full is for what is over a limit, unless the walk allows it.
func (e *encoder) full() *ConvertError {
	switch {
	case e.nodes > e.lim.Nodes && !e.more(e.nodes, len(e.dst)):
		return overLimit("too many values")
	case len(e.dst) > e.most && !e.more(e.nodes, len(e.dst)):
		return overLimit("too long")
	}
	return nil
}

func (e *encoder) comma() {
	e.dst = append(e.dst, ',')
	if e.spaces {
		e.dst = append(e.dst, ' ')
	}
}

func (e *encoder) colon() {
	e.dst = append(e.dst, ':')
	if e.spaces {
		e.dst = append(e.dst, ' ')
	}
}

func (e *encoder) null() *ConvertError {
	e.dst = append(e.dst, "null"...)
	return nil
}

// value appends v. depth is the number of lists and dicts around it.
func (e *encoder) value(v any, depth int) *ConvertError {
	if raw, ok := v.(RawJSON); ok && !e.lenient {
		return e.raw(raw, depth)
	}
	if err := e.node(); err != nil {
		return err
	}
	switch v := v.(type) {
	case nil:
		return e.null()
	case bool:
		e.dst = strconv.AppendBool(e.dst, v)
	case int:
		e.dst = strconv.AppendInt(e.dst, int64(v), 10)
	case int64:
		e.dst = strconv.AppendInt(e.dst, v, 10)
	case float64:
		e.dst = appendFloat(e.dst, v, 64)
	case *big.Int:
		return e.bigInt(v)
	case string:
		return e.str(v)
	case []any:
		if v == nil {
			return e.null()
		}
		return e.list(v, depth)
	case Tuple:
		return e.list(v, depth)
	case *Dict:
		return e.dict(v, depth)
	case map[string]any:
		if v == nil {
			return e.null()
		}
		return e.stringMap(v, depth)
	case time.Time:
		text, ok := isoTime(v)
		if !ok {
			return wrongType("a time outside of the years 1 to 9999")
		}
		return e.str(text)
	case time.Duration:
		return wrongType("a time.Duration: give its seconds, as a number")
	case Lazy:
		return e.value(v.Value(), depth)
	default:
		return e.goValue(v, depth)
	}
	return e.size()
}

// raw appends checked text as it is. It checks the text again, because a program may make
// a RawJSON of any string.
func (e *encoder) raw(r RawJSON, depth int) *ConvertError {
	if e.walk != nil && e.nodes+len(r) > e.lim.Nodes {
		e.more(e.nodes+len(r), len(e.dst)+len(r))
	}
	p := scanner{s: string(r), lim: e.lim, nodes: e.nodes}
	text, ok := p.whole(depth)
	if !ok {
		if p.err.Err == ErrLimit {
			return overLimit(p.err.Reason)
		}
		return wrongType("a RawJSON that is not JSON")
	}
	e.nodes = p.nodes
	e.dst = append(e.dst, text...)
	return e.size()
}

func (e *encoder) list(items []any, depth int) *ConvertError {
	if depth >= e.lim.Depth {
		return overLimit("too deeply nested")
	}
	e.dst = append(e.dst, '[')
	for i, v := range items {
		if i > 0 {
			e.comma()
		}
		if err := e.value(v, depth+1); err != nil {
			return err.at(i)
		}
	}
	e.dst = append(e.dst, ']')
	return e.size()
}

func (e *encoder) dict(d *Dict, depth int) *ConvertError {
	if depth >= e.lim.Depth {
		return overLimit("too deeply nested")
	}
	e.dst = append(e.dst, '{')
	for i := range d.Len() {
		it := d.at(i)
		if i > 0 {
			e.comma()
		}
		if err := e.key(it); err != nil {
			return err
		}
		e.colon()
		if err := e.value(it.stored(), depth+1); err != nil {
			return err.key(i)
		}
	}
	e.dst = append(e.dst, '}')
	return e.size()
}

// key appends a key as text, as json.dumps converts numbers, bools and None.
func (e *encoder) key(it entry) *ConvertError {
	if err := e.node(); err != nil {
		return err
	}
	if it.named() {
		return e.str(it.name)
	}
	if text, ok := jsonText(it.key()); ok {
		return e.str(text)
	}
	e.dst = append(e.dst, '"')
	switch k := it.key().(type) {
	case nil:
		e.dst = append(e.dst, "null"...)
	case bool:
		e.dst = strconv.AppendBool(e.dst, k)
	case int64:
		e.dst = strconv.AppendInt(e.dst, k, 10)
	case int:
		e.dst = strconv.AppendInt(e.dst, int64(k), 10)
	case float64:
		e.dst = appendFloat(e.dst, k, 64)
	case *big.Int:
		if err := e.bigInt(k); err != nil {
			return err
		}
	default:
		if e.lenient {
			e.dst = e.dst[:len(e.dst)-1]
			return e.keyText(k)
		}
		return wrongType("keys must be text, numbers, bools or None, not %s", kindOf(k))
	}
	e.dst = append(e.dst, '"')
	return nil
}

// keyText appends a key of any type as the text of its JSON.
func (e *encoder) keyText(key any) *ConvertError {
	k := encoder{most: e.most, lim: e.lim, nodes: e.nodes, walk: e.walk, lenient: true}
	if err := k.value(key, 0); err != nil {
		return err
	}
	e.nodes = k.nodes
	if k.dst[0] != '"' {
		k.dst, _ = appendQuoted(nil, string(k.dst))
	}
	e.dst = append(e.dst, k.dst...)
	return nil
}

func (e *encoder) stringMap(m map[string]any, depth int) *ConvertError {
	if depth >= e.lim.Depth {
		return overLimit("too deeply nested")
	}
	e.dst = append(e.dst, '{')
	for i, k := range slices.Sorted(maps.Keys(m)) {
		if err := e.member(k, i == 0); err != nil {
			return err
		}
		if err := e.value(m[k], depth+1); err != nil {
			return err.key(i)
		}
	}
	e.dst = append(e.dst, '}')
	return e.size()
}

// member appends a key that is text, with the comma before it and the colon behind it.
func (e *encoder) member(name string, first bool) *ConvertError {
	if !first {
		e.comma()
	}
	if err := e.node(); err != nil {
		return err
	}
	if err := e.str(name); err != nil {
		return err
	}
	e.colon()
	return nil
}

func (e *encoder) bigInt(n *big.Int) *ConvertError {
	if n == nil {
		return e.null()
	}
	// A digit holds less than four bits: do not begin to convert a number with too many.
	if n.BitLen()/4 > e.lim.Digits {
		return overLimit("too many digits")
	}
	from := len(e.dst)
	e.dst = n.Append(e.dst, 10)
	digits := len(e.dst) - from
	if n.Sign() < 0 {
		digits--
	}
	if digits > e.lim.Digits {
		return overLimit("too many digits")
	}
	return nil
}
