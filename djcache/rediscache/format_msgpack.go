package rediscache

import (
	"errors"

	"github.com/go-djsession/go-djsession/internal/pydict"
	"github.com/go-djsession/go-djsession/internal/secret"
	"github.com/go-djsession/go-djsession/serializer"
)

// MsgPack is django_redis.serializers.msgpack.MSGPackSerializer:
//
//	msgpack.dumps(value)
//	msgpack.loads(value, raw=False)
//
// It holds None, bools, ints of 64 bits, floats, str, bytes, lists and dicts. A tuple is
// written as a list, as in Python. Dates and all other values are refused, and so are
// extension types when reading. The keys of dicts are str or bytes: msgpack would write
// others, and then refuse to read them. An unchanged dict is written byte for byte as it
// was read. The zero value is ready to use.
type MsgPack struct {
	Limits serializer.Limits
}

var _ serializer.Serializer = MsgPack{}

// packSource is the text from which a Dict was read.
type packSource struct{ secret.Text }

// packed is a value of a Dict as it was read: checked, and decoded when somebody asks for
// it.
type packed struct {
	data []byte
	lim  serializer.Limits
}

var _ serializer.Lazy = packed{}

// Value implements serializer.Lazy.
func (p packed) Value() any {
	u := unpacker{data: p.data, lim: p.lim}
	v, _ := u.value(1) // checked by Loads
	return v
}

// Loads is MSGPackSerializer.loads.
//
// Errors are [*serializer.DecodeError].
func (m MsgPack) Loads(data []byte) (*serializer.Dict, error) {
	u := unpacker{data: data, lim: m.Limits.WithDefaults()}
	if len(data) > u.lim.Size {
		return nil, u.fail(serializer.ErrLimit, "too long")
	}
	lazy := func() (any, error) {
		from := u.at
		_, err := u.value(1)
		return packed{data[from:u.at], u.lim}, err
	}
	n, isDict, err := u.top()
	if err != nil {
		return nil, err
	}
	if !isDict {
		if _, err := u.value(0); err != nil {
			return nil, err
		}
		return nil, u.fail(serializer.ErrNotDict, "the value is no dict")
	}
	d, err := u.dict(n, 0, lazy)
	if err != nil {
		return nil, err
	}
	if u.at < len(data) {
		return nil, u.fail(serializer.ErrSyntax, "more behind the value")
	}
	return pydict.WithSource(d, packSource{secret.New(string(data))}), nil
}

// Dumps is MSGPackSerializer.dumps. A value that was read and not changed is written as
// it was.
//
// Errors are [*serializer.ConvertError]: [serializer.ErrType], [serializer.ErrLimit].
func (m MsgPack) Dumps(dst []byte, d *serializer.Dict) ([]byte, error) {
	source, changed := pydict.Source(d)
	if data, ok := source.(packSource); ok && !changed {
		return append(dst, data.Reveal()...), nil
	}
	p := packer{dst: dst, from: len(dst), lim: m.Limits.WithDefaults()}
	p.head(d.Len(), 0x80, -1, 0xde, 0xdf)
	for k, v := range d.AllStored() {
		if err := p.key(k, 1); err != nil {
			return dst, err
		}
		if v, ok := v.(packed); ok {
			p.dst = append(p.dst, v.data...)
			continue
		}
		plain, err := plain(v, p.lim)
		if err == nil {
			err = p.value(plain, 1)
		}
		if err != nil {
			return dst, err
		}
	}
	if len(p.dst)-p.from > p.lim.Size {
		return dst, packError(serializer.ErrLimit, "too long")
	}
	return p.dst, nil
}

// plain returns an ordinary Go value as a Python value that is not lazy.
func plain(v any, lim serializer.Limits) (any, error) {
	frozen, err := serializer.Freeze(v, lim)
	if held, ok := pydict.Held(frozen); ok {
		return held, nil
	}
	return frozen, err
}

// Freeze implements [serializer.Serializer]: a tuple becomes a list at once.
//
// Errors are [*serializer.ConvertError]: [serializer.ErrType], [serializer.ErrLimit].
func (m MsgPack) Freeze(v any) (any, error) {
	if p, ok := v.(packed); ok {
		return p, nil
	}
	plain, err := plain(v, m.Limits)
	if err != nil {
		return nil, err
	}
	lim := m.Limits.WithDefaults()
	p := packer{lim: lim}
	if err := p.value(plain, 1); err != nil {
		return nil, err
	}
	if len(p.dst) > lim.Size {
		return nil, packError(serializer.ErrLimit, "too long")
	}
	u := unpacker{data: p.dst, lim: lim}
	if _, err := u.value(1); err != nil {
		kind := serializer.ErrType
		if errors.Is(err, serializer.ErrLimit) {
			kind = serializer.ErrLimit
		}
		return nil, packError(kind, "it cannot be read back")
	}
	return packed{p.dst, lim}, nil
}
