package pickle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/serializer"
)

// hostile are inputs that other readers of pickles panic on, hang on, or take
// gigabytes of memory for.
var hostile = []struct {
	name string
	raw  string
	err  error // what must come of it; nil if the pickle is fine
}{
	{"empty", "", serializer.ErrSyntax},
	{"stop alone", ".", serializer.ErrSyntax},
	{"no end", "N", serializer.ErrSyntax},
	{"unknown opcode", "\x80\x02\xff.", serializer.ErrSyntax},
	{"opcode 0", "\x00", serializer.ErrSyntax},
	{"protocol 6", "\x80\x06N.", serializer.ErrSyntax},
	{"a length of 2^60", "\x80\x04\x8d" + le(1<<60, 8) + "x.", serializer.ErrSyntax},
	{"a length of 2^63", "\x80\x04\x8e" + le(1<<63, 8) + "x.", serializer.ErrSyntax},
	{"a length of 2^64-1", "\x80\x05\x96" + le(1<<64-1, 8) + "x.", serializer.ErrSyntax},
	{"a frame of 64 GB", "\x80\x04\x95" + le(64<<30, 8) + "N.", serializer.ErrSyntax},
	{"a frame of 2^64-1", "\x80\x04\x95" + le(1<<64-1, 8) + "N.", serializer.ErrSyntax},
	{"4 GB of bytes in six", "B\xff\xff\xff\xff.", serializer.ErrSyntax},
	{"4 GB of text", "X\xff\xff\xff\xff.", serializer.ErrSyntax},
	{"a negative length of a str", "T\xff\xff\xff\xff.", serializer.ErrSyntax},
	{"a negative length of a long", "\x80\x02\x8b\xff\xff\xff\xff.", serializer.ErrSyntax},
	{"a long of no bytes", "\x80\x02\x8a\x00.", nil},
	{"a long of no bytes, LONG4", "\x80\x02\x8b\x00\x00\x00\x00.", nil},
	{"LONG without digits", "L\n.", serializer.ErrSyntax},
	{"LONG with only its L", "LL\n.", serializer.ErrSyntax},
	{"INT without digits", "I\n.", serializer.ErrSyntax},
	{"FLOAT that is a hexadecimal", "F0x1p4\n.", serializer.ErrSyntax},
	{"LONG4 of 1 MB", "\x80\x02\x8b" + le(1<<20, 4) + strings.Repeat("\x7f", 1<<20) + ".", serializer.ErrLimit},
	{"LONG of 1 MB of digits", "L" + strings.Repeat("7", 1<<20) + "L\n.", serializer.ErrLimit},
	{"INT of 1 MB of digits", "I" + strings.Repeat("7", 1<<20) + "\n.", serializer.ErrLimit},
	{"FLOAT of 1 MB of digits", "F" + strings.Repeat("7", 1<<20) + "\n.", serializer.ErrLimit},
	{"a set that holds bytes", "\x80\x04\x8f(C\x01a\x90.", nil},
	{"a set that holds a list", "\x80\x04\x8f(]\x90.", serializer.ErrSyntax},
	{"a frozenset that holds a dict", "\x80\x04(}\x91.", serializer.ErrSyntax},
	{"a key without a value", "}(K\x01u.", serializer.ErrSyntax},
	{"a key without a value, DICT", "(K\x01d.", serializer.ErrSyntax},
	{"an unhashable key", "}]Ns.", serializer.ErrSyntax},
	{"an unhashable key in a tuple", "}]\x85Ns.", serializer.ErrSyntax},
	{"an unhashable key in a tuple in a tuple", "}]\x85K\x01\x86Ns.", serializer.ErrSyntax},
	{"an unhashable key, OrderedDict", "\x80\x04}ccollections\nOrderedDict\n)RNs.", serializer.ErrSyntax},
	{"an unhashable key, set of protocol 2", "\x80\x02}c__builtin__\nset\n]\x85RNs.", serializer.ErrSyntax},
	{"a memo that was not put", "h\x05.", serializer.ErrSyntax},
	{"a memo of 2^31", "Nr\x00\x00\x00\x80.", serializer.ErrLimit},
	{"a memo of 2^31-1", "Nr\xff\xff\xff\x7f.", serializer.ErrLimit},
	{"a memo of 2^31 in text", "Np2147483648\n.", serializer.ErrSyntax},
	{"a memo of 10^8 in text", "Np100000000\n.", serializer.ErrLimit},
	{"a negative memo", "Np-1\n.", serializer.ErrSyntax},
	{"memos of all numbers", memos(30000), nil},
	{"a memo on an empty stack", "q\x00.", serializer.ErrSyntax},
	{"a memo on a mark", "N(q\x00.", serializer.ErrSyntax},
	{"10^6 marks", strings.Repeat("(", 1_000_000) + ".", serializer.ErrLimit},
	{"10^6 marks and tuples", strings.Repeat("(", 1_000_000) + strings.Repeat("t", 1_000_000) + ".", serializer.ErrLimit},
	{"10^6 lists", strings.Repeat("]", 1_000_000) + ".", serializer.ErrLimit},
	{"10^6 nested lists", strings.Repeat("]", 1_000_000) + strings.Repeat("a", 999_999) + ".", serializer.ErrLimit},
	{"10^6 nested lists of protocol 0", strings.Repeat("(l", 1_000_000) + strings.Repeat("a", 999_999) + ".", serializer.ErrLimit},
	{"10^5 nested lists by marks", strings.Repeat("](", 100_000) + "N" + strings.Repeat("e", 100_000) + ".", serializer.ErrLimit},
	{"10^5 nested dicts", strings.Repeat("}N", 100_000) + "N" + strings.Repeat("s", 100_000) + ".", serializer.ErrLimit},
	{"10^5 nested tuples", "N" + strings.Repeat("\x85", 100_000) + ".", serializer.ErrLimit},
	{"10^5 nested calls", "c_\n_\n" + strings.Repeat(")R", 100_000) + ".", serializer.ErrLimit},
	{"10^6 lists in a tuple that is cut short", "(" + strings.Repeat("]", 1_000_000), serializer.ErrSyntax},
	{"10^6 pops", strings.Repeat("0", 1_000_000) + ".", serializer.ErrSyntax},
	{"a tuple of arguments for many paths", calls("cpathlib\nPosixPath\n", "("+strings.Repeat("\x8c\x01a", 5_000)+"t"), serializer.ErrLimit},
	{"a tuple of arguments for many calls", calls("cpathlib\nOther\n", "("+strings.Repeat("\x8c\x01a", 5_000)+"t"), serializer.ErrLimit},
	{"a text that is encoded often", calls("c_codecs\nencode\n", longStr+"\x8c\x06latin1\x86"), serializer.ErrLimit},
	{"a text that is many bytearrays", calls("cbuiltins\nbytearray\n", "B"+longStr[1:]+"\x85"), serializer.ErrLimit},
	{"an encoded text that is many bytearrays", calls("cbuiltins\nbytearray\n", "c_codecs\nencode\n"+longStr+"\x8c\x06latin1\x86R\x85"), serializer.ErrLimit},
	{"a text that is many Decimals", calls("cdecimal\nDecimal\n", longStr+"\x85"), serializer.ErrLimit},
	{"an int of many Fractions", calls("cfractions\nFraction\n", "\x8b"+le(1700, 4)+strings.Repeat("\x7f", 1700)+"K\x03\x86"), serializer.ErrLimit},
	{"a list that is many frozensets", calls("cbuiltins\nfrozenset\n", "]("+numbers(3_000)+"e\x85"), serializer.ErrLimit},
	{"a list that is many OrderedDicts", calls("ccollections\nOrderedDict\n", "]("+pairs(1_000)+"e\x85"), serializer.ErrLimit},
	{"few arguments of many calls", calls("cdecimal\nDecimal\n", "\x8c\x041.50\x85"), nil},
	{"shared tuples", "N" + strings.Repeat("2\x86", 40) + ".", nil},
	{"shared tuples as a key", "}N" + strings.Repeat("2\x86", 40) + "Ns.", nil},
	{"shared tuples as two keys", "}(N" + strings.Repeat("2\x86", 40) + "NN" + strings.Repeat("2\x86", 40) + "Nu.", nil},
	{"shared tuples in a set", "\x80\x04\x8f(N" + strings.Repeat("2\x86", 40) + "N" + strings.Repeat("2\x86", 40) + "\x90.", nil},
	{"shared frozensets as two keys", "}(" + frozensets(40) + "N" + frozensets(40) + "Nu.", nil},
	{"a list in a thousand keys", sharedList(1000, 20_000), serializer.ErrLimit},
	{"lists as deep as all keys together", deepInTurn(60, 900), serializer.ErrLimit},
	{"a POP below a mark", "N(00.", serializer.ErrSyntax},
	{"a SETITEM below a mark", "}(NNs.", serializer.ErrSyntax},
	{"a POP at the start", "0N.", serializer.ErrSyntax},
	{"a POP after a POP_MARK", "(10.", serializer.ErrSyntax},
	{"items for an int", "K\x01Na.", serializer.ErrSyntax},
	{"items for a list as if it were a dict", "]NNs.", serializer.ErrSyntax},
	{"a state for a list", "]}b.", serializer.ErrSyntax},
	{"two states", "c_\n_\n)R}b}b.", serializer.ErrSyntax},
	{"arguments that are no tuple", "c_\n_\n]R.", serializer.ErrSyntax},
	{"a call of a number", "K\x01)R.", serializer.ErrSyntax},
	{"a name of numbers", "\x80\x04K\x01K\x02\x93.", serializer.ErrSyntax},
	{"a name that is not UTF-8", "c\xff\n_\n.", serializer.ErrSyntax},
	{"text that is not UTF-8", "X\x01\x00\x00\x00\xff.", serializer.ErrSyntax},
	{"half a surrogate", "X\x02\x00\x00\x00\xed\xa0.", serializer.ErrSyntax},
	{"keyword arguments that are no dict", "c_\n_\n)]\x92.", serializer.ErrSyntax},
	{"a persistent id", "Pid\n.", serializer.ErrSyntax},
	{"an extension", "\x80\x02\x82\x01.", serializer.ErrSyntax},
	{"a buffer from outside", "\x80\x05\x97.", serializer.ErrSyntax},
	{"a str without quotes", "Sabc\n.", serializer.ErrSyntax},
	{"a str with half its quotes", "S'\n.", serializer.ErrSyntax},
	{"a str with half an escape", "S'\\x1'\n.", serializer.ErrSyntax},
	{"an escape past the last character", "V\\U00110000\n.", serializer.ErrSyntax},
	{"half an escape", "V\\u12\n.", serializer.ErrSyntax},
	{"os.system", "cos\nsystem\n(S'echo pwned > pwned'\ntR.", nil},
	{"a datetime within its own zone", "\x80\x04cdatetime\ndatetime\nC\x0a\x07\xee\x01\x02\x03\x04\x05\x00\x00\x00c_\n_\n)R\x94\x86R\x94h\x00h\x01b.", nil},
	{"datetimes as zones of datetimes", "\x80\x04" + strings.Repeat("cdatetime\ndatetime\nC\x0a\x07\xee\x01\x02\x03\x04\x05\x00\x00\x00", 150) + "N" + strings.Repeat("\x86R", 150) + ".", nil},
	{"a name of 10^5 parts", "\x80\x04X\x01\x00\x00\x00mX" + le(100_000, 4) + strings.Repeat(".", 100_000) + "\x93.", nil},
	{"a name that ends its line", "\x80\x04\x8c\x01m\x8c\x05a\nR)b\x93.", nil},
	{"a call of bytes", "c__builtin__\nbytes\n)R)R.", nil},
	{"a call of a UUID", "ccopy_reg\n_reconstructor\n(cuuid\nUUID\nc__builtin__\nobject\nNtR}Vint\nI5\nsb)R.", nil},
	{"a memo that counts from 1, and then protocol 4", "\x80\x02]q\x01\x80\x04(h\x01h\x01e.", nil},
	{"one item of Python 2 and one of Python 3", "(C\x01\x91U\x01\x91\x91.", nil},
	{"SafeString of a str of Python 2, held twice", "](cdjango.utils.safestring\nSafeString\nT\x03\x00\x00\x00abc\x85\x81q\x01h\x01e.", nil},
	{"dicts of nine keys after one of many", manyDicts(), nil},
	{"a class whose names have half a character", "X\x05\x00\x00\x000\xed\xbf\xbf0X\x06\x00\x00\x00\xed\xb8\x80\xed\xa0\xbd\x93.", nil},
}

func le(n uint64, bytes int) string {
	return string(binary.LittleEndian.AppendUint64(nil, n)[:bytes])
}

func memos(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("Nr" + le(uint64(i), 4) + "0")
	}
	return b.String() + "N."
}

// frozensets returns two towers of frozensets that hold both of the two below.
func frozensets(n int) string {
	s := "(K\x01\x91p0\n0(K\x02\x91p1\n0"
	for i := 2; i < 2*n; i += 2 {
		s += fmt.Sprintf("(g%d\ng%d\n\x91p%d\n0(g%d\ng%d\nK\x01\x91p%d\n0", i-2, i-1, i, i-2, i-1, i+1)
	}
	return s + fmt.Sprintf("g%d\n", 2*n-2)
}

// sharedList returns a dict of n keys that all hold one list of m items.
func sharedList(n, m int) string {
	s := "}(K\x00](" + strings.Repeat("N", m) + "eq\x00"
	for i := 1; i < n; i++ {
		s += "M" + le(uint64(i), 2) + "h\x00"
	}
	return s + "u."
}

// deepInTurn returns a dict of n keys, the value of each m lists deep, and at the
// bottom the value of the key before.
func deepInTurn(n, m int) string {
	s := "}(K\x00]q\x00"
	for i := 1; i < n; i++ {
		s += "M" + le(uint64(i), 2)
		s += "]q" + le(uint64(i), 1) + strings.Repeat("]", m-1) + "h" + le(uint64(i-1), 1) + strings.Repeat("a", m)
	}
	return s + "u."
}

// manyDicts returns a list of dicts that need a table to find equal keys, after one
// whose table is large.
func manyDicts() string {
	var b strings.Builder
	b.WriteString("](}(")
	for i := range 5000 {
		b.WriteString("M" + le(uint64(i), 2) + "N")
	}
	b.WriteString("u")
	for range 500 {
		b.WriteString("}(")
		for i := range 9 {
			b.WriteString("K" + le(uint64(i), 1) + "N")
		}
		b.WriteString("u")
	}
	return b.String() + "e."
}

// TestHostile reads every hostile input, and what is fine of it to the bottom, in
// little time and memory.
func TestHostile(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			var v any
			var err error
			raw := []byte(c.raw)
			took, bytes := measure(func() { _, err = read(asString(raw), serializer.Limits{}) })
			if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
				t.Errorf("got %v, want %v", err, c.err)
			}
			var at *serializer.DecodeError
			if c.err != nil && (!errors.As(err, &at) || at.Offset < 0 || at.Offset > len(c.raw)) {
				t.Errorf("the error tells no offset: %v", err)
			}
			bounded(t, "read", c.raw, 40, took, bytes)
			if err != nil {
				return
			}
			took, bytes = measure(func() { v, err = Load(raw, nil) })
			if err != nil {
				t.Error(err)
			}
			bounded(t, "make", c.raw, 100, took, bytes)
			took, bytes = measure(func() { raw, err = Append(nil, v, nil) })
			if err != nil {
				t.Error(err)
			}
			bounded(t, "write", c.raw, 40, took, bytes)
			if _, err := Load(raw, nil); err != nil {
				t.Errorf("what was written is not read: %v", err)
			}
			took, bytes = measure(func() { _, err = Append(nil, v, &Options{Protocol: 2}) })
			bounded(t, "write with protocol 2", c.raw, 80, took, bytes)
		})
	}
	if _, err := os.Stat("pwned"); err == nil {
		t.Error("something was run")
	}
}

// longStr is an opcode for a text of 100,000 bytes.
var longStr = "X" + le(100_000, 4) + strings.Repeat("1", 100_000)

// calls calls one function with one tuple of arguments 2,000 times.
func calls(function, args string) string {
	return "\x80\x02](" + function + "q\x00" + args + "q\x010" + strings.Repeat("h\x00h\x01R", 2_000) + "e."
}

func numbers(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("J" + le(uint64(i), 4))
	}
	return b.String()
}

// pairs are lists of two, whose first is a text of its own.
func pairs(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "](X\x06\x00\x00\x00%06dNe", i)
	}
	return b.String()
}

// bounded checks that something took less than 10 ms and 1 MB, or, if the pickle is
// larger, so many times its length.
func bounded(t *testing.T, doing, raw string, times int, took time.Duration, bytes uint64) {
	t.Helper()
	if raceEnabled {
		return // it takes many times as long, and memory of its own
	}
	most := 10 * time.Millisecond
	if strconv.IntSize == 32 { // where less fits into a register
		most *= 3
	}
	if took > most {
		t.Errorf("%s took %v", doing, took)
	}
	if bytes > 1<<20 && bytes > uint64(times*len(raw)) {
		t.Errorf("%s took %d bytes for %d", doing, bytes, len(raw))
	}
}

// measure returns the time and the memory that f takes: the least of a few tries.
func measure(f func()) (took time.Duration, bytes uint64) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for range 10 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := cpuTime()
		f()
		t := cpuTime() - start
		runtime.ReadMemStats(&after)
		if b := after.TotalAlloc - before.TotalAlloc; bytes == 0 || b < bytes {
			bytes = b
		}
		if took == 0 || t < took {
			took = t
		}
	}
	return took, bytes
}
