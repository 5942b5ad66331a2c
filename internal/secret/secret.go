// Package secret holds a text where no printer reaches it.
//
// Package fmt calls no method of a value in an unexported field of another package's
// struct: it prints what reflection finds there. So a method Format does not protect a
// secret that a type holds by value. In a [Text], fmt finds an address and a length, under
// every verb and at every depth, and an encoder finds nothing.
//
// The test of this package goes through all exported types of the module and all
// printers.
package secret

import "unsafe"

// Text is a string that does not print. The zero Text is the empty string. It allocates
// nothing. Do not compare Texts by reflect.DeepEqual, which would compare addresses:
// compare the results of Reveal. The compiler refuses ==.
type Text struct {
	_    [0]func() // makes == an error of the compiler
	data unsafe.Pointer
	size int
}

// New returns the [Text] of s. It keeps s and does not copy it.
func New(s string) Text { return Text{data: unsafe.Pointer(unsafe.StringData(s)), size: len(s)} }

// Reveal returns the string.
func (t Text) Reveal() string { return unsafe.String((*byte)(t.data), t.size) }

// Len returns the length of the string in bytes.
func (t Text) Len() int { return t.size }
