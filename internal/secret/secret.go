// Package secret holds a text where no printer reaches it.
//
// Package fmt calls no method of a value in an unexported field of somebody else's
// struct: it prints what reflection finds there. A method Format is therefore not
// enough for a type that holds a secret by value. Of a Text fmt finds an address and a
// length, under every verb and at every depth, and an encoder finds nothing.
//
// The test of this package goes through all exported types of the module and all
// printers.
package secret

import "unsafe"

// Text is a string that does not print. The zero Text is the empty string. It takes no
// allocation. It cannot be compared by ==, which would compare addresses, as
// reflect.DeepEqual does: compare what Reveal returns.
type Text struct {
	_    [0]func() // makes == an error of the compiler
	data unsafe.Pointer
	size int
}

// New returns the Text of s, which it keeps and does not copy.
func New(s string) Text { return Text{data: unsafe.Pointer(unsafe.StringData(s)), size: len(s)} }

// Reveal returns the string.
func (t Text) Reveal() string { return unsafe.String((*byte)(t.data), t.size) }

// Len is len of the string.
func (t Text) Len() int { return t.size }
