package rediscache

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strings"
	"unicode/utf8"

	"github.com/go-djsession/go-djsession/serializer"
)

// packDepth is the depth to which msgpack-python writes. It reads deeper values, but
// could not save them again.
const packDepth = 511

// packer writes a value.
type packer struct {
	dst   []byte
	from  int
	nodes int
	lim   serializer.Limits
}

func packError(kind error, format string, args ...any) error {
	return &serializer.ConvertError{Reason: fmt.Sprintf(format, args...), Err: kind}
}

func (p *packer) value(v any, depth int) error {
	p.nodes++
	switch {
	case p.nodes > p.lim.Nodes:
		return packError(serializer.ErrLimit, "too many values")
	case depth > min(p.lim.Depth, packDepth):
		return packError(serializer.ErrLimit, "too deeply nested")
	case len(p.dst)-p.from > p.lim.Size:
		return packError(serializer.ErrLimit, "too long")
	}
	switch v := v.(type) {
	case nil:
		p.dst = append(p.dst, 0xc0)
	case bool:
		if v {
			p.dst = append(p.dst, 0xc3)
		} else {
			p.dst = append(p.dst, 0xc2)
		}
	case int64:
		p.int(v)
	case *big.Int:
		if !v.IsUint64() {
			return packError(serializer.ErrType, "an int that does not fit into 64 bits")
		}
		p.dst = binary.BigEndian.AppendUint64(append(p.dst, 0xcf), v.Uint64())
	case float64:
		p.dst = binary.BigEndian.AppendUint64(append(p.dst, 0xcb), math.Float64bits(v))
	case string:
		return p.text(v)
	case serializer.SafeString:
		return p.text(v.Text)
	case serializer.Bytes:
		p.head(len(v), -1, 0xc4, 0xc5, 0xc6)
		p.dst = append(p.dst, v...)
	case serializer.ByteArray:
		p.head(len(v), -1, 0xc4, 0xc5, 0xc6)
		p.dst = append(p.dst, v...)
	case serializer.Tuple:
		return p.list(v, depth)
	case []any:
		return p.list(v, depth)
	case *serializer.Dict:
		return p.dict(v, depth)
	default:
		name := strings.TrimLeft(fmt.Sprintf("%T", v), "*")
		return packError(serializer.ErrType, "msgpack has no %s", strings.ToLower(strings.TrimPrefix(name, "serializer.")))
	}
	return nil
}

// int writes the shortest form, unsigned ones first, as msgpack-python does.
func (p *packer) int(n int64) {
	switch u := uint64(n); {
	case -32 <= n && n < 128:
		p.dst = append(p.dst, byte(n))
	case n >= 1<<32:
		p.dst = binary.BigEndian.AppendUint64(append(p.dst, 0xcf), u)
	case n >= 1<<16:
		p.dst = binary.BigEndian.AppendUint32(append(p.dst, 0xce), uint32(u))
	case n >= 1<<8:
		p.dst = binary.BigEndian.AppendUint16(append(p.dst, 0xcd), uint16(u))
	case n >= 0:
		p.dst = append(p.dst, 0xcc, byte(u))
	case n >= math.MinInt8:
		p.dst = append(p.dst, 0xd0, byte(u))
	case n >= math.MinInt16:
		p.dst = binary.BigEndian.AppendUint16(append(p.dst, 0xd1), uint16(u))
	case n >= math.MinInt32:
		p.dst = binary.BigEndian.AppendUint32(append(p.dst, 0xd2), uint32(u))
	default:
		p.dst = binary.BigEndian.AppendUint64(append(p.dst, 0xd3), u)
	}
}

// head writes the length n: within the tag fixed if it is below 16 (32 for text), or
// behind the first tag that has room for it. -1 means no such tag.
func (p *packer) head(n, fixed, tag8, tag16, tag32 int) {
	small := 16
	if fixed == 0xa0 {
		small = 32
	}
	switch {
	case fixed >= 0 && n < small:
		p.dst = append(p.dst, byte(fixed|n))
	case tag8 >= 0 && n < 1<<8:
		p.dst = append(p.dst, byte(tag8), byte(n))
	case n < 1<<16:
		p.dst = binary.BigEndian.AppendUint16(append(p.dst, byte(tag16)), uint16(n))
	default:
		p.dst = binary.BigEndian.AppendUint32(append(p.dst, byte(tag32)), uint32(n))
	}
}

func (p *packer) text(s string) error {
	if !utf8.ValidString(s) {
		return packError(serializer.ErrType, "text with a surrogate")
	}
	p.head(len(s), 0xa0, 0xd9, 0xda, 0xdb)
	p.dst = append(p.dst, s...)
	return nil
}

func (p *packer) list(items []any, depth int) error {
	p.head(len(items), 0x90, -1, 0xdc, 0xdd)
	for _, v := range items {
		if err := p.value(v, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (p *packer) dict(d *serializer.Dict, depth int) error {
	p.head(d.Len(), 0x80, -1, 0xde, 0xdf)
	for k, v := range d.All() {
		if err := p.key(k, depth+1); err != nil {
			return err
		}
		if err := p.value(v, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (p *packer) key(k any, depth int) error {
	switch k.(type) {
	case string, serializer.Bytes, serializer.SafeString:
		return p.value(k, depth)
	}
	return packError(serializer.ErrType, "msgpack reads no keys but text and bytes")
}
