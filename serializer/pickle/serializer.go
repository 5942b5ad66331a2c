package pickle

import (
	"fmt"
	"slices"

	"github.com/go-djsession/go-djsession/internal/pydict"
	"github.com/go-djsession/go-djsession/serializer"
)

// DefaultProtocol is the protocol of new dicts: every Python from 3.4 on reads it.
// Django's own caches write protocol 5, which Python 3.7 does not read.
const DefaultProtocol = 4

// Serializer is django.contrib.sessions.serializers.PickleSerializer, which Django
// removed in 5.0. Django's caches keep values in the same form. The zero value is ready
// to use.
type Serializer struct {
	// Protocol is the protocol of dicts that were not read from a pickle: 2 to 5, default
	// [DefaultProtocol]. A dict that was read is written with its own protocol, except that
	// 0 and 1 become 2: every Python that wrote them also reads 2.
	Protocol int
	// Limits bound the input and the output.
	Limits serializer.Limits
}

var _ serializer.Serializer = Serializer{}

// Loads is PickleSerializer.loads: it checks all of data, and makes only the keys at the
// top. Every value there is a Lazy until somebody asks for it. As in Python, bytes after
// the end of the pickle are ignored.
//
// Errors are [*serializer.DecodeError]: [serializer.ErrSyntax], [serializer.ErrLimit], [serializer.ErrNotDict].
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
	b := pydict.NewRoot(n)
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
	b.Done(a)
	return b.Dict().(*serializer.Dict), nil
}

// Dumps is PickleSerializer.dumps. An unchanged Dict of [Serializer.Loads] is written byte for byte as
// it was read. A changed one is written anew; objects that were one for Python still are
// one.
//
// Errors are [*serializer.ConvertError]: [serializer.ErrType], [serializer.ErrLimit].
func (s Serializer) Dumps(dst []byte, d *serializer.Dict) ([]byte, error) {
	source, changed := pydict.Source(d)
	a, _ := source.(*arena)
	if a == nil {
		return Append(dst, d, &Options{s.Protocol, s.Limits})
	}
	if !changed {
		return append(dst, a.text...), nil
	}
	// Most changes are small.
	w := newWriter(slices.Grow(dst, len(a.text)+len(a.text)/8), max(a.proto, 2), s.Limits)
	w.a = a
	w.begin()
	err := w.changed(d)
	return w.finish(dst, err)
}

// Freeze returns v as pickle.loads(pickle.dumps(v)) would: a copy that later changes to v
// do not reach. [serializer.Freeze] says how it converts Go types.
//
// Errors are [*serializer.ConvertError]: [serializer.ErrType], [serializer.ErrLimit].
func (s Serializer) Freeze(v any) (any, error) {
	if l, ok := v.(*lazy); ok {
		return l, nil
	}
	return serializer.Freeze(v, s.Limits)
}

// Options are the options of [Append] and [Load].
type Options struct {
	// Protocol is the protocol that [Append] writes: 2 to 5; default [DefaultProtocol].
	Protocol int
	// Limits bound the input and the output.
	Limits serializer.Limits
}

// Append appends the pickle of v to dst: pickle.dumps(v, protocol). opts may be nil.
//
// Errors are [*serializer.ConvertError]: [serializer.ErrType], [serializer.ErrLimit].
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

// Load returns the value of a pickle: pickle.loads(data). No part of it is lazy. The
// caller must not change data afterwards, because the value keeps its text. opts may be
// nil.
//
// Errors are [*serializer.DecodeError]: [serializer.ErrSyntax], [serializer.ErrLimit].
func Load(data []byte, opts *Options) (any, error) {
	v, _, err := LoadPrefix(data, opts)
	return v, err
}

// LoadPrefix is [Load] for data that continues after the pickle, as in the files of
// Django's FileBasedCache. It also returns the offset of the rest.
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
	return m.make(a.root), a.end, nil
}

// Sniff reports whether data is one whole pickle, by its opcodes alone. It returns false
// for every JSON object or list and every signed text.
func Sniff(data []byte) bool {
	if len(data) < 2 {
		return false
	}
	end, err := scan(asString(data), serializer.Limits{Nodes: len(data)})
	return err == nil && end == len(data)
}
