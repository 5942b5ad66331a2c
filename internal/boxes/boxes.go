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
	// An offset, and no slice of what is free: the garbage collector looks at each pointer
	// that changes.
	all  []T
	used int
}

// Use gives b memory for the next values. Nobody else may use it afterwards.
func (b *Of[T]) Use(free []T) { b.all, b.used = free, 0 }

// Box returns v as an any. t is the [TypeOf] a T.
func (b *Of[T]) Box(v T, t Type) any {
	if b.used == len(b.all) {
		b.all, b.used = make([]T, min(max(1, 4*len(b.all)), 64)), 0
	}
	p := &b.all[b.used]
	b.used++
	*p = v
	return Any(p, t)
}

// Room is memory for many Ts. It takes just enough at first, and more at a time later. The
// zero value is ready. It is not safe for concurrent use.
type Room[T any] struct {
	all  []T
	used int
}

// Use gives r its first memory. Nobody else may use it afterwards.
func (r *Room[T]) Use(free []T) { r.all, r.used = free, 0 }

// mostRoom is the most Ts that are allocated at a time, if nobody asks for more at once.
const mostRoom = 512

// Take returns n new Ts that nothing can be appended to. It is never nil. The caller
// expects to ask for about that many in all, these included.
func (r *Room[T]) Take(n, expected int) []T {
	if n > len(r.all)-r.used || r.all == nil {
		r.all, r.used = make([]T, max(n, min(4*len(r.all), mostRoom, expected))), 0
	}
	r.used += n
	return r.all[r.used-n : r.used : r.used]
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
