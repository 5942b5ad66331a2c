package serializer

import (
	"encoding/json"
	"math/big"
	"reflect"
	"slices"
	"time"
	"unicode/utf8"
	"unsafe"
)

// frozen is a value that Freeze made: a [Lazy] that holds Go values. Each look at it gets a
// copy.
type frozen struct{ v *any } // a pointer to an interface, which package fmt does not follow

var _ Lazy = (*frozen)(nil)

// Value implements Lazy.
func (f *frozen) Value() any { return clone(*f.v) }

// Freeze returns an ordinary Go value as the Python value that it stands for: nil, bool,
// int64 or [*big.Int], float64, string, or one of the named types. A value with parts, such
// as a list or a [Dict], becomes a [Lazy], so that nobody can change it. The result shares
// nothing with v that could be changed. A list that v holds twice, or that holds itself, is
// one list in the copy too.
//
// Freeze is for Serializers that hold more than JSON does. It converts Go types as
// [JSON.Freeze] does, except that nothing need be text: []byte becomes [Bytes], [time.Time] an
// aware [DateTime] in UTC, [time.Duration] (in whole microseconds) a [TimeDelta], and the keys
// of a map of ints are ints.
//
// Keys of dicts that are equal become one string, as json.loads does it, so that a pickle
// holds each once.
//
// Errors are [*ConvertError].
func Freeze(v any, lim Limits) (any, error) {
	switch l := v.(type) {
	case *frozen:
		return l, nil
	case RawJSON:
	case Lazy:
		v = l.Value()
	}
	p := plainer{lim: lim.WithDefaults(), names: map[string]string{}}
	plain, err := p.value(v, 0)
	if err != nil {
		return nil, err
	}
	switch plain.(type) {
	case []any, Tuple, Set, FrozenSet, ByteArray, *Dict, *OrderedDict, *DefaultDict, *Object, *big.Int, Path, DateTime, Time:
		return &frozen{&plain}, nil
	}
	return plain, nil
}

type plainer struct {
	lim     Limits
	nodes   int
	written int // bytes that were made for the copy
	seen    map[identity]any
	names   map[string]string
}

// write counts bytes that are made: whoever writes the copy writes as many.
func (p *plainer) write(n int) *ConvertError {
	if p.written += n; p.written > p.lim.Size {
		return overLimit("too long")
	}
	return nil
}

func (p *plainer) value(v any, depth int) (any, *ConvertError) {
	if p.nodes++; p.nodes > p.lim.Nodes {
		return nil, overLimit("too many values")
	}
	if depth > p.lim.Depth {
		return nil, overLimit("too deeply nested")
	}
	switch v := v.(type) {
	case nil, bool, int64, float64, Bytes, Str2, Decimal, Fraction, UUID, Global,
		Date, TimeDelta, TimeZone, ZoneInfo, Pytz, PytzFixed:
		return v, nil
	case string:
		return p.text(v)
	case int:
		return int64(v), nil
	case *big.Int:
		if v == nil {
			return nil, nil
		}
		return p.bigInt(v)
	case big.Int:
		return p.bigInt(&v)
	case []any:
		if v == nil {
			return nil, nil
		}
		return plainItems(p, v, depth)
	case Tuple:
		return plainItems(p, v, depth)
	case Set:
		return plainItems(p, v, depth)
	case FrozenSet:
		return plainItems(p, v, depth)
	case ByteArray:
		return p.byteArray(v)
	case *Dict:
		return p.dict(v, depth)
	case RawJSON:
		if err := p.write(len(v)); err != nil {
			return nil, err
		}
		text, err := decodeText(string(v), false, p.lim)
		if err != nil {
			return nil, &ConvertError{Reason: "a RawJSON that is not JSON", Err: ErrType, cause: causedBy(err)}
		}
		return p.value(text, depth)
	case Lazy:
		return p.value(v.Value(), depth)
	case time.Time:
		if y := v.UTC().Year(); y < 1 || y > 9999 {
			return nil, wrongType("a time outside of the years 1 to 9999")
		}
		return NewDateTime(v), nil
	case time.Duration:
		if v%time.Microsecond != 0 {
			return nil, wrongType("a time.Duration that is no whole number of microseconds")
		}
		return NewTimeDelta(v), nil
	case json.Number:
		return p.number(string(v))
	}
	if isPython(reflect.TypeOf(v)) {
		return p.python(v, depth)
	}
	return p.reflect(reflect.ValueOf(v), depth)
}

// python copies the named types that hold other values.
func (p *plainer) python(v any, depth int) (any, *ConvertError) {
	var err *ConvertError
	switch v := v.(type) {
	case *OrderedDict:
		return plainOnce(p, v, func(n *OrderedDict) *ConvertError {
			n.Dict, err = p.dict(v.Dict, depth)
			return err
		})
	case *DefaultDict:
		return plainOnce(p, v, func(n *DefaultDict) *ConvertError {
			if n.Factory, err = p.value(v.Factory, depth+1); err != nil {
				return err.in("default_factory")
			}
			n.Dict, err = p.dict(v.Dict, depth)
			return err
		})
	case *Object:
		return plainOnce(p, v, func(n *Object) *ConvertError { return p.object(n, v, depth) })
	case SafeString:
		v.Text, err = p.text(v.Text)
		return v, err
	case Message:
		if v.Message, err = p.value(v.Message, depth+1); err != nil {
			return nil, err.in("message")
		}
		if v.ExtraTags, err = p.value(v.ExtraTags, depth+1); err != nil {
			return nil, err.in("extra_tags")
		}
		return v, nil
	case DateTime:
		v.Zone, err = p.value(v.Zone, depth+1)
		return v, err
	case Time:
		v.Zone, err = p.value(v.Zone, depth+1)
		return v, err
	case Path:
		v.Parts = slices.Clone(v.Parts)
		return v, nil
	}
	return nil, wrongType("a %T", v)
}

func (p *plainer) object(n, v *Object, depth int) (err *ConvertError) {
	*n = Object{How: v.How, Built: v.Built}
	copyTo := func(to *any, from any) {
		if err == nil {
			*to, err = p.value(from, depth+1)
		}
	}
	copyTo(&n.Class, v.Class)
	copyTo(&n.State, v.State)
	copyTo(&n.Setter, v.Setter)
	if err != nil {
		return err
	}
	if n.Args, err = plainItems(p, v.Args, depth+1); err != nil {
		return err.in("args")
	}
	if n.Items, err = plainItems(p, v.Items, depth+1); err != nil {
		return err
	}
	if v.Kwargs != nil {
		if n.Kwargs, err = p.dict(v.Kwargs, depth+1); err != nil {
			return err.in("kwargs")
		}
	}
	n.SetItems = make([]Item, len(v.SetItems))
	for i, it := range v.SetItems {
		copyTo(&n.SetItems[i].Key, it.Key)
		copyTo(&n.SetItems[i].Value, it.Value)
	}
	return err
}

// plainOnce returns the copy of *v, which it makes by fill if there is none yet.
func plainOnce[T any](p *plainer, v *T, fill func(*T) *ConvertError) (any, *ConvertError) {
	if v == nil {
		return nil, nil
	}
	id := identity{t: reflect.TypeFor[T](), at: unsafe.Pointer(v)}
	if n, ok := p.seen[id]; ok {
		return n, nil
	}
	n := new(T)
	p.note(id, n)
	return n, fill(n)
}

// plainItems copies a list, tuple, set or frozenset, giving it an identity.
func plainItems[S ~[]any](p *plainer, s S, depth int) (S, *ConvertError) {
	id := identity{reflect.TypeFor[S](), unsafe.Pointer(unsafe.SliceData(s)), len(s)}
	if n, ok := p.seen[id]; ok && cap(s) > 0 {
		return n.(S), nil
	}
	n := make(S, len(s), max(len(s), 1))
	p.note(id, n)
	for i, v := range s {
		var err *ConvertError
		if n[i], err = p.value(v, depth+1); err != nil {
			return nil, err.at(i)
		}
	}
	return n, nil
}

func (p *plainer) byteArray(b ByteArray) (any, *ConvertError) {
	id := identity{reflect.TypeFor[ByteArray](), unsafe.Pointer(unsafe.SliceData(b)), len(b)}
	if n, ok := p.seen[id]; ok && cap(b) > 0 {
		return n, nil
	}
	if err := p.write(len(b)); err != nil {
		return nil, err
	}
	n := append(make(ByteArray, 0, max(len(b), 1)), b...)
	p.note(id, n)
	return n, nil
}

func (p *plainer) note(id identity, n any) {
	if p.seen == nil {
		p.seen = map[identity]any{}
	}
	p.seen[id] = n
}

func (p *plainer) dict(d *Dict, depth int) (*Dict, *ConvertError) {
	id := identity{t: reflect.TypeFor[Dict](), at: unsafe.Pointer(d)}
	if n, ok := p.seen[id]; ok && d != nil {
		return n.(*Dict), nil
	}
	b := newBuilder(d.Len())
	p.note(id, b.dict())
	i := -1
	for key, v := range d.AllStored() {
		i++
		if name, ok := key.(string); ok {
			var err *ConvertError
			if key, err = p.name(name); err != nil {
				return nil, err
			}
		}
		v, err := p.value(v, depth+1)
		if err != nil {
			return nil, err.key(i)
		}
		if name, ok := key.(string); ok {
			b.addName(name, v)
			continue
		}
		k, err := p.value(key, depth+1)
		if err != nil {
			return nil, err
		}
		b.append(k, v)
	}
	return b.dict(), nil
}

// name returns the key of a dict: the same string whenever it is equal.
func (p *plainer) name(s string) (string, *ConvertError) {
	if same, ok := p.names[s]; ok {
		return same, nil
	}
	s, err := p.text(s)
	if err == nil {
		p.names[s] = s
	}
	return s, err
}

func (p *plainer) text(s string) (string, *ConvertError) {
	if len(s) < longText {
		return s, validText(s)
	}
	// One text may be there very often.
	id := textIdentity(s)
	if _, ok := p.seen[id]; ok {
		return s, nil
	}
	p.note(id, nil)
	return s, validText(s)
}

// validText returns an error for what is no UTF-8, unless it is so by surrogates.
func validText(s string) *ConvertError {
	if utf8.ValidString(s) {
		return nil
	}
	for rest := s; rest != ""; {
		_, size := decodeWTF8(rest)
		if size == 0 {
			return wrongType("a string that is not UTF-8")
		}
		rest = rest[size:]
	}
	return nil
}

func (p *plainer) bigInt(n *big.Int) (any, *ConvertError) {
	if n.IsInt64() {
		return n.Int64(), nil
	}
	// A digit holds less than four bits: do not even begin with what has too many.
	if n.BitLen()/4 > p.lim.Digits || n.BitLen()*3/10 >= p.lim.Digits && len(new(big.Int).Abs(n).String()) > p.lim.Digits {
		return nil, overLimit("too many digits")
	}
	if err := p.write(n.BitLen() / 8); err != nil {
		return nil, err
	}
	return new(big.Int).Set(n), nil
}

// number returns what JSON would make of a json.Number.
func (p *plainer) number(text string) (any, *ConvertError) {
	e := newEncoder(nil, p.lim)
	if err := e.number(text); err != nil {
		return nil, err
	}
	return numberValue(string(e.dst)), nil
}
