package pickle

import (
	"unsafe"

	"github.com/go-djsession/go-djsession/serializer"
)

// id is the identity of an object: two values that are one object in Python have the same
// id. The id of a Go value is its address, that of a node its number.
type id struct {
	p    unsafe.Pointer
	n    int
	kind idKind
}

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
	return id{unsafe.Pointer(unsafe.SliceData(items)), len(items), kind}
}

func byteArrayID(b serializer.ByteArray) id {
	if cap(b) == 0 {
		return freshID
	}
	return id{unsafe.Pointer(unsafe.SliceData(b)), len(b), idByteArray}
}

func pointerID[T any](p *T) id { return id{unsafe.Pointer(p), 0, idPointer} }

// textID is the identity of a text: its address. As in CPython there is only one empty
// str, and one of each character up to U+00FF.
func textID(s string) id {
	switch {
	case len(s) == 0:
		return id{nil, 0, idText}
	case len(s) == 1:
		return id{nil, 1 + int(s[0]), idText}
	case len(s) == 2 && (s[0] == 0xC2 || s[0] == 0xC3):
		return id{nil, 1 + int(s[0]&3)<<6 + int(s[1]&0x3F), idText}
	}
	return id{unsafe.Pointer(unsafe.StringData(s)), len(s), idText}
}

func bytesID(s serializer.Bytes) id {
	if s == "" {
		return id{nil, 0, idBytes}
	}
	return id{unsafe.Pointer(unsafe.StringData(string(s))), len(s), idBytes}
}

func str2ID(s serializer.Str2) id {
	if s == "" {
		return id{nil, 0, idStr2}
	}
	return id{unsafe.Pointer(unsafe.StringData(string(s))), len(s), idStr2}
}

// idTable is the memo of a writer. It is a hash table of its own, because a map of Go
// takes several times as long and the memo is most of the work.
type idTable struct {
	slots []idSlot // a power of two
	used  int
}

type idSlot struct {
	id     id
	number uint32
	taken  bool
}

func (t *idTable) slot(o id) *idSlot {
	h := (uint64(uintptr(o.p)) + uint64(o.n)<<8 + uint64(o.kind)) * 0x9E3779B97F4A7C15
	mask := uint64(len(t.slots) - 1)
	for i := h >> 32; ; i++ {
		if s := &t.slots[i&mask]; !s.taken || s.id == o {
			return s
		}
	}
}

func (t *idTable) find(o id) (uint32, bool) {
	if t.used == 0 || o.kind <= idUnmemoised {
		return 0, false
	}
	s := t.slot(o)
	return s.number, s.taken
}

func (t *idTable) add(o id, number uint32) {
	if o.kind == idFresh {
		return
	}
	if 4*(t.used+1) > 3*len(t.slots) {
		old := t.slots
		t.slots = make([]idSlot, 2*len(old))
		for i := range old {
			if old[i].taken {
				*t.slot(old[i].id) = old[i]
			}
		}
	}
	s := t.slot(o)
	if !s.taken {
		t.used++
	}
	*s = idSlot{o, number, true}
}
