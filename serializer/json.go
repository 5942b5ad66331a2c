package serializer

import (
	"slices"
	"sync"
	"unsafe"

	"github.com/go-djsession/go-djsession/internal/boxes"
)

// JSON is django.contrib.sessions.serializers.JSONSerializer (its code is in
// django.core.signing):
//
//	json.dumps(obj, separators=(",", ":")).encode("latin-1")
//	json.loads(data.decode("latin-1"))
//
// The zero value is ready to use.
type JSON struct {
	Limits Limits
	// Spaces puts a space behind every comma and colon. json.dumps does that by default,
	// and the JSONSerializer of django-redis keeps the default.
	Spaces bool
}

var _ Serializer = JSON{}

// RawJSON is a value as the text of a session's JSON: checked, but not decoded. Text that
// did not come from Loads or [Freeze] is checked when it is written. If it is not JSON its
// Value is nil.
type RawJSON string

var _ Lazy = RawJSON("")

// Value decodes r: nil, bool, int64 or *big.Int, float64, string, []any or [*Dict].
func (r RawJSON) Value() any {
	v, _ := decodeText(string(r), false, noLimits)
	return v
}

// firstEntries is the number of keys for which a session has room at first: a login has
// three.
const firstEntries = 6

// Loads is JSONSerializer.loads: it checks all of data, and decodes only the keys at the
// top. Every value there is a [RawJSON] until somebody asks for it.
//
// Errors are [*DecodeError].
func (j JSON) Loads(data []byte) (*Dict, error) {
	// By contract the caller gives data away, so it can be read as a string.
	p := scanner{s: unsafe.String(unsafe.SliceData(data), len(data)), lim: j.Limits.WithDefaults()}
	d, ok := p.top()
	if !ok {
		return nil, p.err
	}
	return d, nil
}

// top reads a whole text whose value is a dict.
func (p *scanner) top() (*Dict, bool) {
	i := p.begin()
	if i < 0 {
		return nil, false
	}
	if i == len(p.s) || p.s[i] != '{' {
		if i = p.value(i, 0); i >= 0 && p.end(i) >= 0 {
			p.err = &DecodeError{Reason: "the value is no dict", Err: ErrNotDict}
		}
		return nil, false
	}
	if !p.node(i) {
		return nil, false
	}
	b := newBuilder(firstEntries)
	i, more := p.open(i, 1, '}')
	for more {
		quoted, at, plain := p.key(i)
		if at < 0 {
			return nil, false
		}
		name := quoted[1 : len(quoted)-1]
		if !plain {
			name = unquote(quoted, false)
		}
		if i = p.value(at, 1); i < 0 {
			return nil, false
		}
		if vals := b.vals.get(); len(vals) == cap(vals) {
			// Estimate the number of keys from those so far, and make room for them. The
			// product is too large for an int of 32 bits.
			n := int64(len(vals))
			b.grow(int(min(7*n, n*int64(len(p.s))/int64(i))))
		}
		b.addRaw(name, RawJSON(p.s[at:i]))
		i, more = p.comma(i, '}')
	}
	if i < 0 || p.end(i) < 0 {
		return nil, false
	}
	return b.dict(), true
}

// Dumps is JSONSerializer.dumps. A value that [JSON.Loads] read is written byte for byte as it
// was. Keys are written as Python would write them.
//
// Errors are [*ConvertError].
func (j JSON) Dumps(dst []byte, d *Dict) ([]byte, error) {
	e := newEncoder(slices.Grow(dst, rawSize(d)), j.Limits)
	e.spaces = j.Spaces
	e.nodes = 1 // the dict itself
	if err := e.dict(d, 0); err != nil {
		return dst, err
	}
	return e.dst, nil
}

// rawSize returns about the number of bytes that the values of d that are JSON already
// need, with their keys.
func rawSize(d *Dict) int {
	n := 0
	names, vals := d.parts()
	for i := range vals {
		if raw, ok := vals[i].(RawJSON); ok {
			n += len(`"":,`) + len(names[i]) + len(raw)
		}
	}
	return n
}

// Freeze returns v in JSON, as json.dumps would write it and json.loads will read it. The
// package documentation says how it converts Go types.
//
// Errors are [*ConvertError].
func (j JSON) Freeze(v any) (any, error) {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	e := newEncoder((*buf)[:0], j.Limits)
	e.spaces = j.Spaces
	if err := e.value(v, 1); err != nil {
		return nil, err
	}
	if cap(e.dst) <= maxBuffer {
		*buf = e.dst
	}
	return newRaw(e.dst), nil
}

// buffers hold values while they are encoded.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// maxBuffer is the largest buffer that is used again, in bytes.
const maxBuffer = 64 << 10

// newRaw returns a copy of text as a RawJSON. A short one takes one allocation, and not
// one for the text and one for the any.
func newRaw(text []byte) any {
	type short struct {
		raw  RawJSON
		text [48]byte
	}
	if len(text) > len(short{}.text) {
		return RawJSON(text)
	}
	s := new(short)
	s.raw = RawJSON(unsafe.String(&s.text[0], copy(s.text[:], text)))
	return boxes.Any(&s.raw, typeOfRaw)
}
