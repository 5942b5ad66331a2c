// Package pyobject names the ways in which a pickle makes an object. A serializer.Object
// keeps its way, so that it can be written back unchanged.
package pyobject

// Construction is a way to make an object.
type Construction uint8

// The ways to make an object. See the documentation of Python's pickletools.
const (
	Called   Construction = iota // Class(*Args), from __reduce__
	New                          // Class.__new__(Class, *Args): most instances
	NewEx                        // Class.__new__(Class, *Args, **Kwargs)
	OldStyle                     // an instance of an old-style class of Python 2
)
