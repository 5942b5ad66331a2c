// Package boxes makes values of type any, many to an allocation. Most values of a session
// are text and numbers, and Go would allocate memory for each of them: without boxes,
// reading a list of a hundred dicts takes half as long again.
package boxes

import "unsafe"

// Of makes values of type any out of Ts. The zero value is ready. It is not safe for
// concurrent use.
//
// A value keeps up to 63 others alive that were made with it.
type Of[T any] struct {
	free []T
	more int
}

// Use gives b memory for the next values. Nobody else may use it afterwards.
func (b *Of[T]) Use(free []T) { b.free = free }

// Box returns v as an any. t is the [TypeOf] a T.
func (b *Of[T]) Box(v T, t Type) any {
	if len(b.free) == 0 {
		b.more = min(max(1, 4*b.more), 64)
		b.free = make([]T, b.more)
	}
	p := &b.free[0]
	b.free = b.free[1:]
	*p = v
	return Any(p, t)
}

// Type is the first word of an any: its type.
type Type = unsafe.Pointer

// TypeOf returns the Type of v.
func TypeOf(v any) Type { return (*[2]unsafe.Pointer)(unsafe.Pointer(&v))[0] }

// Any returns *p as an any of type t, which must be the Type of *p and no pointer. It is
// any(*p), except that the any refers to *p and not to a copy: nobody may change *p
// afterwards.
func Any[T any](p *T, t Type) (v any) {
	words := (*[2]unsafe.Pointer)(unsafe.Pointer(&v))
	words[0], words[1] = t, unsafe.Pointer(p)
	return v
}
