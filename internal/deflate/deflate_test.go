package deflate

import (
	"bytes"
	"compress/zlib"
	_ "embed"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"testing"
	"unsafe"

	"github.com/go-djsession/go-djsession/internal/inflate"
)

//go:embed testdata/zlib.txt
var zlibSays string

// numbers and testData are those of testdata/gen.py.
type numbers uint64

func (n *numbers) next() int {
	*n = (*n*1103515245 + 12345) % (1 << 31)
	return int(*n >> 8)
}

func testData(kind string, size, seed int) []byte {
	n := numbers(seed)
	var out []byte
	for len(out) < size {
		switch kind {
		case "noise":
			out = append(out, byte(n.next()))
		case "two":
			out = append(out, "ab"[n.next()%2])
		case "same":
			out = append(out, byte(seed))
		case "skewed":
			bits, letter := n.next()%(1<<20), byte('a')
			for ; bits%2 == 1; bits /= 2 {
				letter++
			}
			out = append(out, letter)
		case "fibonacci":
			x, a, b, letter := n.next()%10946, 1, 2, byte('a')
			for ; x >= a; letter++ {
				a, b = b, a+b
			}
			out = append(out, letter)
		case "words":
			limit := 1
			for range 1 + seed%7 {
				limit *= 10
			}
			out = fmt.Appendf(out, `"key_%d":"%d",`, n.next()%50, n.next()%limit)
		case "period":
			length := 1 + n.next()%300
			block := make([]byte, length)
			for i := range block {
				block[i] = byte(n.next())
			}
			for range size/length + 1 {
				out = append(out, block...)
			}
		case "copies":
			if len(out) > 5 && n.next()%2 == 1 {
				distance, length := 1+n.next()%len(out), 3+n.next()%300
				for range length {
					out = append(out, out[len(out)-distance])
				}
			} else {
				for range 1 + n.next()%20 {
					out = append(out, byte('a'+n.next()%26))
				}
			}
		default:
			panic(kind)
		}
	}
	return out[:size]
}

// Every stream is zlib's, byte for byte, and one Compressor makes them all.
func TestSameAsZlib(t *testing.T) {
	var c Compressor
	var d inflate.Decoder
	lines := 0
	for line := range strings.Lines(zlibSays) {
		var kind string
		var size, seed, wantSize int
		var wantSum uint32
		if _, err := fmt.Sscanf(line, "%s %d %d %d %x", &kind, &size, &seed, &wantSize, &wantSum); err != nil {
			t.Fatal(err)
		}
		lines++
		data := testData(kind, size, seed)
		got := c.AppendZlib([]byte("> "), data)[2:]
		if len(got) != wantSize || crc32.ChecksumIEEE(got) != wantSum {
			t.Errorf("%s, %d bytes, seed %d: %d bytes with CRC %08x, zlib makes %d with %08x", kind, size, seed, len(got), crc32.ChecksumIEEE(got), wantSize, wantSum)
		}
		if back, err := d.AppendZlib(nil, got, size); err != nil || !bytes.Equal(back, data) {
			t.Errorf("%s, %d bytes, seed %d: read back %d bytes, %v", kind, size, seed, len(back), err)
		}
	}
	if lines == 0 {
		t.Fatal("testdata/zlib.txt is empty")
	}
}

// Codes never pass their limit, which data hardly ever makes them try: here the frequencies do, each the sum of the two before.
func TestTreeLimits(t *testing.T) {
	for name, spec := range map[string]*code{"literals": &litCode, "distances": &distCode, "lengths": &lengthCode} {
		for symbols := 2; symbols <= min(spec.symbols, 22); symbols++ {
			var tr tree
			tr.reset(spec)
			for i, a, b := 0, 1, 1; i < symbols; i, a, b = i+1, b, a+b {
				tr.freq[i] = uint16(a)
			}
			freq := tr.freq
			size, _ := tr.build()

			// The code is complete, so nothing is wasted and it can be decoded.
			sum, want := 0, 0
			for i, l := range tr.length[:tr.size] {
				if int(l) > spec.limit || l == 0 {
					t.Errorf("%s, %d symbols: symbol %d has %d bits", name, symbols, i, l)
				}
				if i > 0 && l > tr.length[i-1] {
					t.Errorf("%s, %d symbols: symbol %d is more frequent than the one before, and longer", name, symbols, i)
				}
				sum += 1 << (spec.limit - int(l))
				want += int(freq[i]) * int(l+spec.extra[i])
			}
			if sum != 1<<spec.limit {
				t.Errorf("%s, %d symbols: the code has %d of %d", name, symbols, sum, 1<<spec.limit)
			}
			if size != want || tr.size != symbols {
				t.Errorf("%s, %d symbols: %d bits for %d symbols, want %d bits", name, symbols, size, tr.size, want)
			}
			if symbols > spec.limit+1 && int(tr.length[0]) != spec.limit {
				t.Errorf("%s, %d symbols: the limit is not reached", name, symbols)
			}
		}
	}
}

// What was compressed before leaves no trace.
func TestCompressorForgets(t *testing.T) {
	var c Compressor
	for _, size := range []int{0, 2, 3, 172, 2048, 9001, 16000, 70000} {
		data := testData("words", size, 1)
		want := new(Compressor).AppendZlib(nil, data)
		for _, kind := range []string{"noise", "same", "copies", "skewed"} {
			c.AppendZlib(nil, testData(kind, 100_000, 2))
			c.AppendZlib(nil, testData(kind, 100, 2))
			if got := c.AppendZlib(nil, data); !bytes.Equal(got, want) {
				t.Errorf("%d bytes after %s: another stream", size, kind)
			}
			if c.matcher.head != [1 << hashBits]uint16{} {
				t.Fatalf("%d bytes after %s: the chains are not empty", size, kind)
			}
		}
	}
}

func TestNoAllocations(t *testing.T) {
	var c Compressor
	data := testData("words", 2048, 1)
	dst := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(20, func() { c.AppendZlib(dst, data) }); n != 0 {
		t.Errorf("%v allocations into a slice with room, want 0", n)
	}
	if size := unsafe.Sizeof(c); size > 200<<10 {
		t.Errorf("a Compressor has %d bytes, more than its comment says", size)
	}
}

// compress/zlib reads what was written.
func FuzzAppendZlib(f *testing.F) {
	for _, kind := range []string{"noise", "two", "same", "skewed", "words", "copies"} {
		f.Add(testData(kind, 300, 1))
	}
	f.Add([]byte{})
	var c Compressor
	f.Fuzz(func(t *testing.T, data []byte) {
		out := c.AppendZlib(nil, data)
		if most := len(data) + 2 + 5*(1+len(data)/blockSymbols) + 4; len(out) > most {
			t.Fatalf("%d bytes became %d", len(data), len(out))
		}
		zr, err := zlib.NewReader(bytes.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		if back, err := io.ReadAll(zr); err != nil || !bytes.Equal(back, data) {
			t.Fatalf("read back %d of %d bytes, %v", len(back), len(data), err)
		}
	})
}

func BenchmarkAppendZlib(b *testing.B) {
	for _, size := range []int{172, 2048, 100_000, 1_000_000} {
		data := testData("words", size, 1)
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			var c Compressor
			dst := make([]byte, 0, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				c.AppendZlib(dst, data)
			}
		})
	}
}
