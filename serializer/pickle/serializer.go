package pickle

import (
	"fmt"

	"github.com/go-djsession/go-djsession/serializer"
)

// DefaultProtocol is what new dicts are written with: every Python from 3.4 on
// reads it. Django's own caches write 5, which Python 3.7 does not read.
const DefaultProtocol = 4

// Serializer is django.contrib.sessions.serializers.PickleSerializer, which Django
// removed in 5.0, and the way in which Django's caches keep values. The zero
// value is ready to use.
type Serializer struct {
	// Protocol is what dicts are written with that were not read from a pickle: 2
	// to 5, default DefaultProtocol. What was read goes back with the protocol
	// that it came with, except that 0 and 1 become 2, which every Python that
	// wrote them reads as well.
	Protocol int
	// Limits bound what is read and written.
	Limits serializer.Limits
}

var _ serializer.Serializer = Serializer{}

// Loads is PickleSerializer.loads: it checks all of data, and makes nothing but
// the keys at the top. Every value there is a Lazy until it is asked for. As in
// Python, what follows the end of the pickle is ignored.
//
// Errors are *serializer.DecodeError: ErrSyntax, ErrLimit, ErrNotDict.
func (s Serializer) Loads(data []byte) (*serializer.Dict, error) {
	a, err := read(asString(data), s.Limits)
	if err != nil {
		return nil, err
	}
	root := &a.nodes[a.root]
	if root.kind != kindDict {
		return nil, &serializer.DecodeError{Reason: "the value is no dict", Err: serializer.ErrNotDict}
	}
	pairs := a.held(root)
	n := len(pairs) / 2
	values := a.lazyBuf[:]
	if n > len(values) {
		values = make([]lazy, n)
	}
	var slab serializer.Slab
	b := slab.Builder(n, 1, n)
	for i := range n {
		v := &values[i]
		v.a, v.r = a, pairs[2*i+1]
		if n := &a.nodes[v.r]; n.kind == kindStr {
			v.text = a.str(n)
		}
		if name, ok := a.isText(pairs[2*i]); ok {
			b.Add(name, v)
		} else {
			b.AddKey(newMaker(a).make(pairs[2*i]), v)
		}
	}
	b.SetSource(a)
	b.Done()
	return b.Dict(), nil
}

// Dumps is PickleSerializer.dumps. A Dict that Loads returned and that was not
// changed is written byte for byte as it was read. After a change all of it is
// written anew; what was one object for Python is one still.
//
// Errors are *serializer.ConvertError: ErrType, ErrLimit.
func (s Serializer) Dumps(dst []byte, d *serializer.Dict) ([]byte, error) {
	source, changed := d.Source()
	a, _ := source.(*arena)
	if a == nil {
		return Append(dst, d, &Options{s.Protocol, s.Limits})
	}
	if !changed {
		return append(dst, a.text...), nil
	}
	w := newWriter(dst, max(a.proto, 2), s.Limits)
	w.a = a
	w.begin()
	err := w.changed(d)
	return w.finish(dst, err)
}

// Freeze returns v as pickle.loads(pickle.dumps(v)) would: a copy of its own, that
// later changes to v do not reach. See serializer.Plain for what becomes of which
// Go type.
//
// Errors are *serializer.ConvertError: ErrType, ErrLimit.
func (s Serializer) Freeze(v any) (any, error) {
	if l, ok := v.(*lazy); ok {
		return l, nil
	}
	return serializer.Freeze(v, s.Limits)
}

// Options are the options of Append and Load.
type Options struct {
	// Protocol is what Append writes: 2 to 5; default DefaultProtocol.
	Protocol int
	// Limits bound what is read and written.
	Limits serializer.Limits
}

// Append appends the pickle of v to dst: pickle.dumps(v, protocol). opts may be nil.
//
// Errors are *serializer.ConvertError: ErrType, ErrLimit.
func Append(dst []byte, v any, opts *Options) ([]byte, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Protocol == 0 {
		o.Protocol = DefaultProtocol
	}
	if o.Protocol < 2 || o.Protocol > MaxProtocol {
		return dst, typeError(fmt.Sprintf("protocol %d, and not 2 to %d", o.Protocol, MaxProtocol))
	}
	w := newWriter(dst, o.Protocol, o.Limits)
	w.begin()
	err := w.value(v)
	return w.finish(dst, err)
}

// Load returns the value of a pickle: pickle.loads(data). Nothing of it is lazy.
// data must not be changed afterwards, for text stays where it is. opts may be nil.
//
// Errors are *serializer.DecodeError: ErrSyntax, ErrLimit.
func Load(data []byte, opts *Options) (any, error) {
	v, _, err := LoadPrefix(data, opts)
	return v, err
}

// LoadPrefix is Load for data with something else behind the pickle, as in the
// files of Django's FileBasedCache. It also returns the offset of what follows.
func LoadPrefix(data []byte, opts *Options) (v any, rest int, err error) {
	if opts == nil {
		opts = new(Options)
	}
	a := usedArena(asString(data))
	defer a.release()
	if err := readInto(a, opts.Limits); err != nil {
		return nil, 0, err
	}
	m := maker{arena: a}
	return m.make(a.root), len(a.text), nil
}

// Sniff reports whether data is one whole pickle, by its opcodes alone. No JSON
// object or list and no signed text is.
func Sniff(data []byte) bool {
	if len(data) < 2 {
		return false
	}
	end, err := scan(asString(data), serializer.Limits{Nodes: len(data)})
	return err == nil && end == len(data)
}
