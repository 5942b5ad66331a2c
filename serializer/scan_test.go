package serializer

import (
	"bytes"
	"testing"
)

// plainRun looks at eight bytes at a time: every byte at every place of three such
// words must be told as one by one.
func TestPlainRun(t *testing.T) {
	const size = 24
	for before := range 2 {
		for at := range size {
			for c := range 256 {
				text := bytes.Repeat([]byte{'a'}, before+size)
				text[before+at] = byte(c)
				if at+1 < size {
					text[before+at+1] = '\\' // a neighbour that a borrow could reach
				}
				wantEnd, wantASCII := naiveRun(text, before)
				if end, ascii := plainRun(string(text), before); end != wantEnd || ascii != wantASCII {
					t.Fatalf("%q from %d: got %d, %v, want %d, %v", text, before, end, ascii, wantEnd, wantASCII)
				}
				if at+1 < size {
					text[before+at+1] = 0xFF
				}
				wantEnd, wantASCII = naiveRun(text, before)
				if end, ascii := plainRun(string(text), before); end != wantEnd || ascii != wantASCII {
					t.Fatalf("%q from %d: got %d, %v, want %d, %v", text, before, end, ascii, wantEnd, wantASCII)
				}
			}
		}
	}
}

func naiveRun(text []byte, i int) (end int, ascii bool) {
	ascii = true
	for i < len(text) && text[i] != '"' && text[i] != '\\' && text[i] >= 0x20 {
		ascii = ascii && text[i] < 0x80
		i++
	}
	return i, ascii
}
