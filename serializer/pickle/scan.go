package pickle

import (
	"math"
	"strings"

	"github.com/go-djsession/go-djsession/serializer"
)

// scan walks over the opcodes up to STOP and returns the offset behind it. It checks that
// they exist, that their arguments are complete, and that there are not too many. It does
// not know what they do, and allocates nothing.
func scan(in string, lim serializer.Limits) (int, *serializer.DecodeError) {
	values := 0
	for pos := 0; pos < len(in); {
		at, op := pos, in[pos]
		f := forms[op]
		pos++
		if values += int(f.push); values > lim.Nodes {
			return 0, limitAt(at, "too many values")
		}
		switch f.arg {
		case noArgument:
			if op == opStop {
				return pos, nil
			}
		case unknownOpcode, unsupportedOpcode:
			return 0, badOpcode(at, f.arg)
		default:
			n := argumentLength(in[pos:], f.arg)
			if n < 0 {
				return 0, syntaxAt(at, cutShort)
			}
			if op == opBinPut || op == opLongBinPut || op == opPut {
				i, ok := memoNumber(op, in[pos:pos+n])
				if !ok {
					return 0, syntaxAt(at, "no number of a memo")
				}
				// Every pickler counts the memo up from 0 or 1.
				if i > len(in) {
					return 0, limitAt(at, memoTooLarge)
				}
			}
			pos += n
		}
	}
	return 0, syntaxAt(len(in), endMissing)
}

func badOpcode(at int, arg argument) *serializer.DecodeError {
	if arg == unsupportedOpcode {
		return syntaxAt(at, "an opcode that needs help from outside: a persistent id, extension or buffer")
	}
	return syntaxAt(at, "no such opcode")
}

// argumentLength returns the length in bytes of the argument at the start of in, or -1 if
// it is incomplete.
func argumentLength(in string, arg argument) int {
	var head int
	var n uint64
	switch arg {
	case bytes1:
		n = 1
	case bytes2:
		n = 2
	case bytes4:
		n = 4
	case bytes8:
		n = 8
	case oneLine:
		return lineLength(in)
	case twoLines:
		first := lineLength(in)
		if first < 0 {
			return -1
		}
		second := lineLength(in[first:])
		if second < 0 {
			return -1
		}
		return first + second
	case counted1:
		if len(in) < 1 {
			return -1
		}
		head, n = 1, uint64(in[0])
	case counted4, signed4:
		if len(in) < 4 {
			return -1
		}
		head, n = 4, uint64(le32(in))
		if arg == signed4 && n > math.MaxInt32 {
			return -1
		}
	case counted8, frameLength:
		if len(in) < 8 {
			return -1
		}
		head, n = 8, le64(in)
	}
	if n > uint64(len(in)-head) {
		return -1
	}
	if arg == frameLength {
		return head // the content of the frame follows
	}
	return head + int(n)
}

func lineLength(in string) int {
	i := strings.IndexByte(in, '\n')
	if i < 0 {
		return -1
	}
	return i + 1
}

// memoNumber returns the number of the memo that an argument holds.
func memoNumber(op byte, arg string) (int, bool) {
	switch op {
	case opBinPut, opBinGet:
		return int(arg[0]), true
	case opLongBinPut, opLongBinGet:
		return int(le32(arg) & math.MaxInt32), le32(arg) <= math.MaxInt32
	}
	n, digits := 0, strings.TrimSuffix(arg, "\n")
	if digits == "" || len(digits) > 9 {
		return 0, false
	}
	for i := range len(digits) {
		c := digits[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + int(c)
	}
	return n, true
}

func le32(s string) uint32 {
	_ = s[3]
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

func le64(s string) uint64 { return uint64(le32(s)) | uint64(le32(s[4:]))<<32 }
