package cachevalue

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/go-djsession/go-djsession/djsession"
)

// A stamped pickle begins, after the opcode of its protocol, with a random number that is
// pushed and popped:
//
//	PROTO n | LONG1 12 (12 bytes) | POP | the rest
//
// Each unpickler takes it for the pickle without the stamp.
const (
	protoSize = 2
	stampSize = 2 + 12 + 1

	opProto = 0x80
	opLong1 = 0x8a
	opPop   = '0'
)

// Stamp returns a pickle with a stamp, by which it differs from all others. It returns what
// has no PROTO as it is.
func Stamp(pickle []byte) []byte {
	if len(pickle) < protoSize || pickle[0] != opProto {
		return pickle
	}
	out := make([]byte, 0, len(pickle)+stampSize)
	out = append(out, pickle[:protoSize]...)
	out = append(out, opLong1, 12)
	out = binary.LittleEndian.AppendUint64(out, rand.Uint64())
	out = binary.LittleEndian.AppendUint32(out, rand.Uint32())
	out = append(out, opPop)
	return append(out, pickle[protoSize:]...)
}

// Unstamp returns a pickle without its stamp, so that what is made of it has none either.
func Unstamp(pickle string) []byte {
	if !stamped(pickle) {
		return []byte(pickle)
	}
	return append([]byte(pickle[:protoSize]), pickle[protoSize+stampSize:]...)
}

// Stamped reports whether the pickle that seen saw has a stamp.
func Stamped(seen djsession.Version) bool {
	pickle, _ := seen.Token()
	return stamped(pickle)
}

func stamped(pickle string) bool {
	return len(pickle) > protoSize+stampSize && pickle[0] == opProto && pickle[2] == opLong1 && pickle[3] == 12 && pickle[protoSize+stampSize-1] == opPop
}
