// Package pyobject has the ways in which a pickle makes an object: what a
// serializer.Object keeps so that it is written back as it came.
package pyobject

// Construction is the way in which a pickle made an object.
type Construction uint8

// The ways to make an object. See the documentation of Python's pickletools.
const (
	Called   Construction = iota // Class(*Args): what __reduce__ asks for
	New                          // Class.__new__(Class, *Args): most instances
	NewEx                        // Class.__new__(Class, *Args, **Kwargs)
	OldStyle                     // an instance of a class of Python 2 that is no object
)
