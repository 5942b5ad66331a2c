package pickle

import (
	"unsafe"

	"github.com/go-djsession/go-djsession/serializer"
)

// id is the identity of an object: two values that are one object in Python have the same
// id. The id of a Go value is its address, that of a node its number.
type id struct {
	p unsafe.Pointer
	k uint64 // the idKind in the lowest byte, and above it a length or a number
}

// newID returns an id. n is the length of what is at p, or a number of its own.
func newID(kind idKind, p unsafe.Pointer, n int) id { return id{p, uint64(n)<<8 | uint64(kind)} }

func (o id) kind() idKind { return idKind(o.k) }
func (o id) number() int  { return int(o.k >> 8) }

type idKind uint8

const (
	idFresh      idKind = iota // like no other, but takes a number in the memo
	idUnmemoised               // without a number, as Python 2 leaves objects that it will not meet again
	idNode                     // n is a ref
	idPointer
	idList
	idTuple
	idSet
	idFrozenSet
	idText
	idBytes
	idStr2
	idByteArray
)

// freshID is the identity of an object that nothing else refers to.
var freshID = id{}

// sliceID is the identity of a list, tuple, set or frozenset.
func sliceID(kind idKind, items []any) id {
	if cap(items) == 0 {
		return freshID
	}
	return newID(kind, unsafe.Pointer(unsafe.SliceData(items)), len(items))
}

func byteArrayID(b serializer.ByteArray) id {
	if cap(b) == 0 {
		return freshID
	}
	return newID(idByteArray, unsafe.Pointer(unsafe.SliceData(b)), len(b))
}

func pointerID[T any](p *T) id { return newID(idPointer, unsafe.Pointer(p), 0) }

// textID is the identity of a text: its address. As in CPython there is only one empty
// str, and one of each character up to U+00FF.
func textID(s string) id {
	switch {
	case len(s) > 2:
	case len(s) == 0:
		return newID(idText, nil, 0)
	case len(s) == 1 && s[0] < 0x80:
		return newID(idText, nil, 1+int(s[0]))
	case len(s) == 2 && (s[0] == 0xC2 || s[0] == 0xC3) && s[1]&0xC0 == 0x80:
		return newID(idText, nil, 1+int(s[0]&3)<<6+int(s[1]&0x3F))
	}
	return newID(idText, unsafe.Pointer(unsafe.StringData(s)), len(s))
}

func bytesID(s serializer.Bytes) id {
	if s == "" {
		return newID(idBytes, nil, 0)
	}
	return newID(idBytes, unsafe.Pointer(unsafe.StringData(string(s))), len(s))
}

func str2ID(s serializer.Str2) id {
	if s == "" {
		return newID(idStr2, nil, 0)
	}
	return newID(idStr2, unsafe.Pointer(unsafe.StringData(string(s))), len(s))
}
