package pickle

import (
	"encoding/binary"
	"math"
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-djsession/go-djsession/serializer"
)

func (w *writer) int(v int64) {
	switch {
	case v >= 0 && v < 1<<8:
		w.dst = append(w.dst, opBinInt1, byte(v))
	case v >= 0 && v < 1<<16:
		w.dst = append(w.dst, opBinInt2, byte(v), byte(v>>8))
	case v >= math.MinInt32 && v <= math.MaxInt32:
		w.dst = binary.LittleEndian.AppendUint32(append(w.dst, opBinInt), uint32(v))
	default:
		n := 8
		for ; n > 1 && v>>(8*n-9) == v>>63; n-- {
		}
		w.dst = append(w.dst, opLong1, byte(n))
		for i := range n {
			w.op(byte(v >> (8 * i)))
		}
	}
}

func (w *writer) bigInt(v *big.Int) {
	if v.IsInt64() {
		w.int(v.Int64())
		return
	}
	// The shortest two's complement: one bit more than the value, but -2^n fits into n+1.
	bits := v.BitLen()
	if v.Sign() < 0 {
		bits = new(big.Int).Not(v).BitLen()
	}
	n := bits/8 + 1
	if v.Sign() < 0 {
		v = new(big.Int).Add(v, new(big.Int).Lsh(big.NewInt(1), uint(8*n)))
	}
	le := v.FillBytes(make([]byte, n))
	slices.Reverse(le)
	if n < 256 {
		w.counted(opLong1, 1, asString(le))
		return
	}
	w.op(opLong4)
	w.dst = binary.LittleEndian.AppendUint32(w.dst, uint32(n))
	w.dst = append(w.dst, le...)
}

func (w *writer) float(f float64) {
	w.dst = binary.BigEndian.AppendUint64(append(w.dst, opBinFloat), math.Float64bits(f))
}

// text writes a str, unless it has a number.
func (w *writer) text(o id, s string) {
	if !w.got(o) {
		w.firstText(o, s)
	}
}

// firstText writes a str that has no number.
func (w *writer) firstText(o id, s string) {
	if len(s) < 256 && w.proto >= 4 {
		w.dst = append(w.dst, opShortBinUnicode, byte(len(s)))
		w.dst = append(w.dst, s...)
	} else {
		w.counted(opBinUnicode, 4, s)
	}
	w.put(o)
}

// bytes writes a bytes object, unless it has a number.
func (w *writer) bytes(o id, s string) {
	if w.got(o) {
		return
	}
	switch {
	case w.proto < 3 && s == "":
		w.class(classBytes)
		w.op(opEmptyTuple)
		w.op(opReduce)
	case w.proto < 3:
		// Python 2 and 3 both understand this: text, and how to encode it.
		latin1 := make([]byte, 0, len(s)+len(s)/2)
		for i := range len(s) {
			latin1 = appendRune(latin1, rune(s[i]))
		}
		w.class(classEncode)
		w.boundary()
		w.newText(string(latin1))
		w.text(textID(codecLatin1), codecLatin1)
		w.op(opTuple2)
		w.putNumber()
		w.op(opReduce)
	case len(s) < 256:
		w.counted(opShortBinBytes, 1, s)
	default:
		w.counted(opBinBytes, 4, s)
	}
	w.put(o)
}

const codecLatin1 = "latin1"

func (w *writer) byteArray(o id, s string) {
	if w.got(o) {
		return
	}
	if w.proto >= 5 {
		w.counted(opByteArray8, 8, s)
		w.put(o)
		return
	}
	w.class(serializer.Global{Module: "builtins", Name: "bytearray"})
	if s == "" {
		w.op(opEmptyTuple)
	} else {
		w.boundary()
		w.bytes(freshID, s)
		w.op(opTuple1)
		w.putNumber()
	}
	w.op(opReduce)
	w.put(o)
}

// str2 writes a str of Python 2.
func (w *writer) str2(o id, s string) {
	if w.got(o) {
		return
	}
	if len(s) < 256 {
		w.counted(opShortBinString, 1, s)
	} else {
		w.counted(opBinString, 4, s)
	}
	w.put(o)
}

// newText writes a str that CPython makes while it pickles. Nothing else refers to it,
// except for the shortest ones, of which there is one each.
func (w *writer) newText(s string) {
	o := textID(s)
	if o.p != nil {
		o = freshID
	}
	w.text(o, s)
}

// class writes a global by its names in Python 3, or by a name of Python 2 that has no
// way back: see globalValue.
func (w *writer) class(g serializer.Global) {
	w.boundary()
	if w.proto >= 3 && isPython2(g.Module) {
		g.Module, g.Name = toPython3(g.Module, g.Name)
	}
	if !validText(g.Module) || !validText(g.Name) {
		w.err = typeError("a name that is not UTF-8")
	}
	if n, ok := w.classes[g]; ok {
		w.get(n)
		return
	}
	if w.classes == nil {
		w.classes, w.modules = map[serializer.Global]uint32{}, map[string]uint32{}
	}
	switch {
	case w.proto >= 4:
		w.boundary()
		// Python interns the names of modules: there is one of each. But functions that
		// are written in C have one of their own.
		module := g.Module
		if g == classGetattr {
			module += "()"
		}
		if n, ok := w.modules[module]; ok {
			w.get(n)
		} else {
			w.modules[module] = w.memo.next
			w.text(freshID, g.Module)
		}
		w.boundary()
		w.newText(g.Name)
		w.op(opStackGlobal)
	case strings.Count(g.Name, ".") > mostDots:
		w.err = limitError("a name of too many parts")
	case strings.Contains(g.Name, "."):
		// Older protocols reach a class within a class by getattr.
		dot := strings.LastIndexByte(g.Name, '.')
		w.class(classGetattr)
		w.class(serializer.Global{Module: g.Module, Name: g.Name[:dot]})
		w.boundary()
		w.newText(g.Name[dot+1:])
		w.op(opTuple2)
		w.putNumber()
		w.op(opReduce)
	default:
		w.globalOp(g)
	}
	w.classes[g] = w.putNumber()
}

// mostDots is the most classes within each other in one name.
const mostDots = 100

// globalOp writes the opcode GLOBAL.
func (w *writer) globalOp(g serializer.Global) {
	if w.proto < 3 {
		g.Module, g.Name = toPython2(g.Module, g.Name)
	}
	// A line break in a name would end it and begin another opcode. Half a character,
	// which a text may hold, cannot be in a name.
	if strings.Contains(g.Module+g.Name, "\n") || !utf8.ValidString(g.Module) || !utf8.ValidString(g.Name) {
		w.err = typeError("a name that needs protocol 4")
	}
	w.op(opGlobal)
	w.dst = append(append(w.dst, g.Module...), '\n')
	w.dst = append(append(w.dst, g.Name...), '\n')
}
