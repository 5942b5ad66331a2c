package pickle

// The opcodes of a pickle, by their names in Python's pickletools.
const (
	opMark           = '('
	opStop           = '.'
	opPop            = '0'
	opPopMark        = '1'
	opDup            = '2'
	opFloat          = 'F'
	opInt            = 'I'
	opBinInt         = 'J'
	opBinInt1        = 'K'
	opLong           = 'L'
	opBinInt2        = 'M'
	opNone           = 'N'
	opPersID         = 'P'
	opBinPersID      = 'Q'
	opReduce         = 'R'
	opString         = 'S'
	opBinString      = 'T'
	opShortBinString = 'U'
	opUnicode        = 'V'
	opBinUnicode     = 'X'
	opAppend         = 'a'
	opBuild          = 'b'
	opGlobal         = 'c'
	opDict           = 'd'
	opEmptyDict      = '}'
	opAppends        = 'e'
	opGet            = 'g'
	opBinGet         = 'h'
	opInst           = 'i'
	opLongBinGet     = 'j'
	opList           = 'l'
	opEmptyList      = ']'
	opObj            = 'o'
	opPut            = 'p'
	opBinPut         = 'q'
	opLongBinPut     = 'r'
	opSetItem        = 's'
	opTuple          = 't'
	opEmptyTuple     = ')'
	opSetItems       = 'u'
	opBinFloat       = 'G'

	// Protocol 2.
	opProto    = 0x80
	opNewObj   = 0x81
	opExt1     = 0x82
	opExt2     = 0x83
	opExt4     = 0x84
	opTuple1   = 0x85
	opTuple2   = 0x86
	opTuple3   = 0x87
	opNewTrue  = 0x88
	opNewFalse = 0x89
	opLong1    = 0x8a
	opLong4    = 0x8b

	// Protocol 3.
	opBinBytes      = 'B'
	opShortBinBytes = 'C'

	// Protocol 4.
	opShortBinUnicode = 0x8c
	opBinUnicode8     = 0x8d
	opBinBytes8       = 0x8e
	opEmptySet        = 0x8f
	opAddItems        = 0x90
	opFrozenSet       = 0x91
	opNewObjEx        = 0x92
	opStackGlobal     = 0x93
	opMemoize         = 0x94
	opFrame           = 0x95

	// Protocol 5.
	opByteArray8     = 0x96
	opNextBuffer     = 0x97
	opReadOnlyBuffer = 0x98
)

// MaxProtocol is the newest protocol there is.
const MaxProtocol = 5

// argument is the argument of an opcode. From counted1 on it is a length in that many
// bytes, little-endian, followed by the data.
type argument uint8

const (
	noArgument argument = iota
	unknownOpcode
	unsupportedOpcode
	bytes1
	bytes2
	bytes4
	bytes8
	oneLine
	twoLines
	frameLength // of 8 bytes; its data is opcodes
	counted1
	counted4
	counted8
	signed4 // counted4, with a length that is negative from 2^31 on
)

// form describes an opcode.
type form struct {
	arg   argument
	push  uint8 // 1 if it puts a value on the stack that was not there before
	least uint8 // least bytes of its argument
}

// forms is indexed by opcode.
var forms = func() (t [256]form) {
	least := map[argument]uint8{
		bytes1: 1, bytes2: 2, bytes4: 4, bytes8: 8, oneLine: 1, twoLines: 2,
		counted1: 1, counted4: 4, signed4: 4, counted8: 8, frameLength: 8,
	}
	for i := range t {
		t[i].arg = unknownOpcode
	}
	set := func(arg argument, push uint8, ops ...byte) {
		for _, op := range ops {
			t[op] = form{arg, push, least[arg]}
		}
	}
	set(noArgument, 0, opMark, opStop, opPop, opPopMark, opAppend, opBuild, opAppends, opSetItem, opSetItems,
		opAddItems, opMemoize)
	set(noArgument, 1, opDup, opNone, opReduce, opDict, opEmptyDict, opList, opEmptyList, opObj, opTuple, opEmptyTuple,
		opNewObj, opTuple1, opTuple2, opTuple3, opNewTrue, opNewFalse, opEmptySet, opFrozenSet, opNewObjEx, opStackGlobal)
	set(unsupportedOpcode, 0, opPersID, opBinPersID, opExt1, opExt2, opExt4, opNextBuffer, opReadOnlyBuffer)
	set(bytes1, 0, opProto, opBinPut)
	set(bytes4, 0, opLongBinPut)
	set(bytes1, 1, opBinInt1, opBinGet)
	set(bytes2, 1, opBinInt2)
	set(bytes4, 1, opBinInt, opLongBinGet)
	set(bytes8, 1, opBinFloat)
	set(oneLine, 0, opPut)
	set(oneLine, 1, opFloat, opInt, opLong, opString, opUnicode, opGet)
	set(twoLines, 1, opGlobal, opInst)
	set(frameLength, 0, opFrame)
	set(counted1, 1, opShortBinString, opLong1, opShortBinBytes, opShortBinUnicode)
	set(counted4, 1, opBinUnicode, opBinBytes)
	set(signed4, 1, opBinString, opLong4)
	set(counted8, 1, opBinUnicode8, opBinBytes8, opByteArray8)
	return t
}()
