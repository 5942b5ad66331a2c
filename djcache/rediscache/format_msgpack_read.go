package rediscache

import (
	"math"
	"math/big"
	"unicode/utf8"

	"github.com/go-djsession/go-djsession/serializer"
)

// unpacker reads a value.
type unpacker struct {
	data  []byte
	at    int
	nodes int
	lim   serializer.Limits
}

func (u *unpacker) fail(kind error, reason string) error {
	return &serializer.DecodeError{Offset: u.at, Reason: reason, Err: kind}
}

// take returns the next n bytes.
func (u *unpacker) take(n uint64) ([]byte, error) {
	if n > uint64(len(u.data)-u.at) {
		return nil, u.fail(serializer.ErrSyntax, "cut off")
	}
	b := u.data[u.at:][:n]
	u.at += int(n)
	return b, nil
}

// number returns the next size bytes as a number.
func (u *unpacker) number(size uint64) (n uint64, err error) {
	b, err := u.take(size)
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n, err
}

func (u *unpacker) value(depth int) (any, error) {
	tag, err := u.number(1)
	if err != nil {
		return nil, err
	}
	switch {
	case tag < 0x80:
		return int64(tag), nil
	case tag < 0x90:
		return u.nested(tag&0xf, depth)
	case tag < 0xa0:
		return u.list(tag&0xf, depth)
	case tag < 0xc0:
		return u.str(tag & 0x1f)
	case tag >= 0xe0:
		return int64(int8(tag)), nil
	}
	var n uint64
	if size := sizes[tag-0xc0]; size > 0 {
		if n, err = u.number(size); err != nil {
			return nil, err
		}
	}
	switch tag {
	case 0xc0:
		return nil, nil
	case 0xc2, 0xc3:
		return tag == 0xc3, nil
	case 0xc4, 0xc5, 0xc6:
		b, err := u.take(n)
		return serializer.Bytes(b), err
	case 0xca:
		return float64(math.Float32frombits(uint32(n))), nil
	case 0xcb:
		return math.Float64frombits(n), nil
	case 0xcc, 0xcd, 0xce, 0xcf:
		if n > math.MaxInt64 {
			return new(big.Int).SetUint64(n), nil
		}
		return int64(n), nil
	case 0xd0, 0xd1, 0xd2, 0xd3:
		shift := 64 - 8*sizes[tag-0xc0]
		return int64(n<<shift) >> shift, nil
	case 0xd9, 0xda, 0xdb:
		return u.str(n)
	case 0xdc, 0xdd:
		return u.list(n, depth)
	case 0xde, 0xdf:
		return u.nested(n, depth)
	}
	return nil, u.fail(serializer.ErrSyntax, "an extension type, or no type at all")
}

// sizes has the number of bytes of the number behind each tag from 0xc0 on.
var sizes = [32]uint64{4: 1, 2, 4, 10: 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 25: 1, 2, 4, 2, 4, 2, 4}

func (u *unpacker) str(n uint64) (string, error) {
	b, err := u.take(n)
	if err == nil && !utf8.Valid(b) {
		err = u.fail(serializer.ErrSyntax, "text that is not UTF-8")
	}
	return string(b), err
}

// room counts n values within another one before memory is allocated for them. Each has
// at least one byte.
func (u *unpacker) room(n uint64, depth int) error {
	switch {
	case depth >= u.lim.Depth:
		return u.fail(serializer.ErrLimit, "too deeply nested")
	case n > uint64(len(u.data)-u.at):
		return u.fail(serializer.ErrSyntax, "cut off")
	case n >= uint64(u.lim.Nodes-u.nodes):
		return u.fail(serializer.ErrLimit, "too many values")
	}
	u.nodes += int(n)
	return nil
}

func (u *unpacker) list(n uint64, depth int) (any, error) {
	if err := u.room(n, depth); err != nil {
		return nil, err
	}
	items := make([]any, n)
	for i := range items {
		var err error
		if items[i], err = u.value(depth + 1); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// top reads the head of a dict, and nothing if there is none.
func (u *unpacker) top() (n uint64, isDict bool, err error) {
	if len(u.data) == 0 {
		return 0, false, nil
	}
	switch tag := u.data[0]; {
	case tag&0xf0 == 0x80:
		u.at = 1
		return uint64(tag & 0xf), true, nil
	case tag == 0xde || tag == 0xdf:
		u.at = 1
		n, err = u.number(sizes[tag-0xc0])
		return n, true, err
	}
	return 0, false, nil
}

func (u *unpacker) nested(n uint64, depth int) (any, error) {
	d, err := u.dict(n, depth, func() (any, error) { return u.value(depth + 1) })
	if err != nil {
		return nil, err
	}
	return d, nil
}

// dict reads n keys, and their values by value.
func (u *unpacker) dict(n uint64, depth int, value func() (any, error)) (*serializer.Dict, error) {
	if err := u.room(2*n, depth); err != nil {
		return nil, err
	}
	items := make([]serializer.Item, 0, n)
	var other map[serializer.Bytes]bool
	for range n {
		key, err := u.value(depth + 1)
		if err != nil {
			return nil, err
		}
		v, err := value()
		if err != nil {
			return nil, err
		}
		switch key := key.(type) {
		case string:
		case serializer.Bytes:
			if other[key] { // Python keeps the last one; nobody writes two
				return nil, u.fail(serializer.ErrSyntax, "a key of bytes twice")
			}
			if other == nil {
				other = map[serializer.Bytes]bool{}
			}
			other[key] = true
		default:
			return nil, u.fail(serializer.ErrSyntax, "a key that is neither text nor bytes")
		}
		items = append(items, serializer.Item{Key: key, Value: v})
	}
	return serializer.NewDict(items...), nil
}
