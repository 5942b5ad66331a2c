package pickle

import "unsafe"

// boxes makes values of type any out of Ts, many to an allocation. Most values of a
// session are text and numbers, and Go would allocate each of them: without boxes,
// reading a list of a hundred dicts takes half as long again.
type boxes[T any] struct {
	free []T
	more int
}

// box returns v as an any of type t.
func (b *boxes[T]) box(v T, t dynamicType) any {
	if len(b.free) == 0 {
		b.more = min(max(1, 4*b.more), 64)
		b.free = make([]T, b.more)
	}
	p := &b.free[0]
	b.free = b.free[1:]
	*p = v
	return asAny(p, t)
}

// dynamicType is the first word of an any: its type.
type dynamicType = unsafe.Pointer

var (
	typeOfText = typeOf("")
	typeOfInt  = typeOf(int64(0))
)

func typeOf(v any) dynamicType { return (*[2]unsafe.Pointer)(unsafe.Pointer(&v))[0] }

// asAny returns *p as an any of type t, which must be its type. It is any(*p), except
// that the any refers to *p and not to a copy: nobody may change *p afterwards.
func asAny[T any](p *T, t dynamicType) (v any) {
	words := (*[2]unsafe.Pointer)(unsafe.Pointer(&v))
	words[0], words[1] = t, unsafe.Pointer(p)
	return v
}
