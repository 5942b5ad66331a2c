package inflate

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/adler32"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"unsafe"
)

// A stream writes deflate bits, lowest first, after a zlib header.
type stream struct {
	b []byte
	n uint // bits used in the last byte, 0 when full
}

func newStream() *stream { return &stream{b: []byte{0x78, 0x9c}} }

// bits writes the low count bits of each value, lowest first: block heads, lengths, extra bits.
func (s *stream) bits(count int, values ...int) *stream {
	for _, v := range values {
		for i := range count {
			if s.n == 0 {
				s.b = append(s.b, 0)
			}
			s.b[len(s.b)-1] |= byte(v>>i&1) << s.n
			s.n = (s.n + 1) % 8
		}
	}
	return s
}

// code writes Huffman codes given as text, first bit first.
func (s *stream) code(codes ...string) *stream {
	for _, c := range codes {
		for _, bit := range strings.ReplaceAll(c, " ", "") {
			s.bits(1, int(bit-'0'))
		}
	}
	return s
}

// align pads to a byte boundary and appends whole bytes.
func (s *stream) align(b ...byte) *stream {
	s.n = 0
	s.b = append(s.b, b...)
	return s
}

// sum ends the stream with the checksum of what it should hold.
func (s *stream) sum(data string) []byte {
	return binary.BigEndian.AppendUint32(s.align().b, adler32.Checksum([]byte(data)))
}

// dynamic begins a last block whose code length code gives 3 bits to each of the lengths and repeats named below.
func dynamic(lits, dists int) *stream {
	s := newStream().bits(1, 1).bits(2, 2).bits(5, lits-257).bits(5, dists-1).bits(4, 18-4)
	// In the order 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1.
	return s.bits(3, 3, 3, 3, 3, 0, 0, 0, 0, 0, 0, 0, 3, 0, 3, 0, 3, 0, 3)
}

const (
	len0, len1, len2    = "000", "001", "010"
	rep16, rep17, rep18 = "101", "110", "111"
)

// zeros writes a run of n lengths of 0.
func zeros(s *stream, n int) *stream {
	for n > 0 {
		switch {
		case n >= 11:
			k := min(n, 138)
			s.code(rep18).bits(7, k-11)
			n -= k
		case n >= 3:
			s.code(rep17).bits(3, n-3)
			n = 0
		default:
			s.code(len0)
			n--
		}
	}
	return s
}

// onlyA begins a dynamic block with a = 0 and end of block = 1; the lengths of its distances follow.
func onlyA(dists int) *stream {
	s := dynamic(257, dists)
	zeros(s, 'a').code(len1)
	return zeros(s, 256-'a'-1).code(len1)
}

func TestAppendZlib(t *testing.T) {
	tests := []struct {
		name string
		src  []byte
		want string
		err  error
	}{
		{name: "empty input", err: ErrTruncated},
		{name: "one byte", src: []byte{0x78}, err: ErrTruncated},
		{name: "header alone", src: []byte{0x78, 0x9c}, err: ErrTruncated},
		{name: "header check", src: []byte{0x78, 0x9d, 3, 0, 0, 0, 0, 1}, err: ErrCorrupt},
		{name: "not deflate", src: []byte{0x77, 0x9f - 0x9f%31, 3, 0, 0, 0, 0, 1}, err: ErrCorrupt},
		{name: "window of 64 KB", src: []byte{0x88, 0x1c, 3, 0, 0, 0, 0, 1}, err: ErrCorrupt},
		{name: "smallest window", src: []byte{0x08, 0x1d, 3, 0, 0, 0, 0, 1}},
		{name: "preset dictionary", src: []byte{0x78, 0xbb, 3, 0, 0, 0, 0, 1}, err: ErrCorrupt},
		{name: "raw deflate", src: []byte{3, 0}, err: ErrCorrupt},
		{name: "gzip", src: []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0}, err: ErrCorrupt},

		{name: "empty fixed block", src: newStream().bits(1, 1).bits(2, 1).code("0000000").sum("")},
		{name: "trailing bytes are ignored", src: append(newStream().bits(1, 1).bits(2, 1).code("0000000").sum(""), "tail"...)},
		{name: "wrong checksum", src: newStream().bits(1, 1).bits(2, 1).code("0000000").sum("x"), err: ErrCorrupt},
		{name: "short checksum", src: newStream().bits(1, 1).bits(2, 1).code("0000000").sum("")[:7], err: ErrTruncated},
		{name: "block type 3", src: newStream().bits(1, 1).bits(2, 3).sum(""), err: ErrCorrupt},
		{name: "no last block", src: newStream().bits(1, 0).bits(2, 1).code("0000000").align().b, err: ErrTruncated},
		{
			name: "three blocks, three kinds",
			src: zeros(zeros(newStream().bits(1, 0).bits(2, 0).align(3, 0, 0xfc, 0xff, 'a', 'b', 'c').
				bits(1, 0).bits(2, 1).code("10010100").code("0000000"). // d
				bits(1, 1).bits(2, 2).bits(5, 0).bits(5, 0).bits(4, 14).bits(3, 3, 3, 3, 3, 0, 0, 0, 0, 0, 0, 0, 3, 0, 3, 0, 3, 0, 3),
				'a').code(len1), 256-'a'-1).code(len1).code(len0).code("0", "1").sum("abcda"),
			want: "abcda",
		},

		{name: "stored", src: newStream().bits(1, 1).bits(2, 0).align(2, 0, 0xfd, 0xff, 'h', 'i').sum("hi"), want: "hi"},
		{name: "stored, empty", src: newStream().bits(1, 1).bits(2, 0).align(0, 0, 0xff, 0xff).sum("")},
		{name: "stored, lengths disagree", src: newStream().bits(1, 1).bits(2, 0).align(2, 0, 0xfc, 0xff, 'h', 'i').sum("hi"), err: ErrCorrupt},
		{name: "stored, cut in the length", src: newStream().bits(1, 1).bits(2, 0).align(2, 0, 0xfd).b, err: ErrTruncated},
		{name: "stored, cut", src: newStream().bits(1, 1).bits(2, 0).align(2, 0, 0xfd, 0xff, 'h').b, err: ErrTruncated},

		{
			name: "match that overlaps itself", // a, then 10 more at distance 1
			src:  newStream().bits(1, 1).bits(2, 1).code("10010001", "0001000", "00000", "0000000").sum(strings.Repeat("a", 11)),
			want: strings.Repeat("a", 11),
		},
		{
			name: "longest match", // a, then 258 more at distance 1
			src:  newStream().bits(1, 1).bits(2, 1).code("10010001", "11000101", "00000", "0000000").sum(strings.Repeat("a", 259)),
			want: strings.Repeat("a", 259),
		},
		{name: "match before the beginning", src: newStream().bits(1, 1).bits(2, 1).code("0000001", "00000", "0000000").sum("   "), err: ErrCorrupt},
		{name: "match too far back", src: newStream().bits(1, 1).bits(2, 1).code("10010001", "0000001", "00001", "0000000").sum("a a "), err: ErrCorrupt},
		{name: "length symbol 286", src: newStream().bits(1, 1).bits(2, 1).code("10010001", "11000110", "00000", "0000000").sum(""), err: ErrCorrupt},
		{name: "distance symbol 30", src: newStream().bits(1, 1).bits(2, 1).code("10010001", "0001000", "11110", "0000000").sum(""), err: ErrCorrupt},

		{name: "dynamic, no distances", src: onlyA(1).code(len0).code("0", "0", "0", "1").sum("aaa"), want: "aaa"},
		{name: "dynamic, 287 lengths", src: dynamic(287, 1).sum(""), err: ErrCorrupt},
		{name: "dynamic, 31 distances", src: dynamic(257, 31).sum(""), err: ErrCorrupt},
		{name: "dynamic, code length code over-subscribed", src: newStream().bits(1, 1).bits(2, 2).bits(14, 0).bits(3, 1, 1, 1, 0).sum(""), err: ErrCorrupt},
		{name: "dynamic, code length code incomplete", src: newStream().bits(1, 1).bits(2, 2).bits(14, 0).bits(3, 1, 0, 0, 0).sum(""), err: ErrCorrupt},
		{name: "dynamic, code length code empty", src: newStream().bits(1, 1).bits(2, 2).bits(14, 0).bits(3, 0, 0, 0, 0).align(make([]byte, 300)...).b, err: ErrCorrupt},
		{name: "dynamic, repeat of nothing", src: dynamic(257, 1).code(rep16).bits(2, 0).sum(""), err: ErrCorrupt},
		{name: "dynamic, repeat past the end", src: zeros(dynamic(257, 1), 257).code(rep17).bits(3, 0).sum(""), err: ErrCorrupt},
		{name: "dynamic, no end of block", src: zeros(zeros(dynamic(257, 1), 'a').code(len1, len1), 256-'a'-2+1+1).sum(""), err: ErrCorrupt},
		{name: "dynamic, literals over-subscribed", src: zeros(zeros(dynamic(257, 1), 'a').code(len1, len1), 256-'a'-2).code(len1, len0).sum(""), err: ErrCorrupt},
		{name: "dynamic, literals incomplete", src: zeros(zeros(dynamic(257, 1), 'a').code(len2), 256-'a'-1).code(len1, len0).sum(""), err: ErrCorrupt},
		{name: "dynamic, only an end of block of one bit", src: zeros(dynamic(257, 1), 256).code(len1, len0).code("0").sum("")},
		{name: "dynamic, only an end of block of two bits", src: zeros(dynamic(257, 1), 256).code(len2, len0).code("00").sum(""), err: ErrCorrupt},
		{
			name: "dynamic, a repeat from lengths into distances", // end of block, length 3 and four distances are of two bits
			src: zeros(zeros(dynamic(258, 4), 'a').code(len1), 256-'a'-1).code(len2, rep16).bits(2, 5-3).
				code("0", "11", "00", "10").sum("aaaa"),
			want: "aaaa",
		},
		{
			name: "dynamic, one distance of one bit", // lengths: a, end of block, length 3; a, then 3 at distance 1
			src: zeros(zeros(dynamic(258, 1), 'a').code(len1), 256-'a'-1).code(len2, len2, len1).
				code("0", "11", "0", "10").sum("aaaa"),
			want: "aaaa",
		},
		{
			name: "dynamic, the other bit of one distance",
			src: zeros(zeros(dynamic(258, 1), 'a').code(len1), 256-'a'-1).code(len2, len2, len1).
				code("0", "11", "1", "10").align(make([]byte, 8)...).b,
			err: ErrCorrupt,
		},
		{
			name: "dynamic, one distance of two bits",
			src: zeros(zeros(dynamic(258, 1), 'a').code(len1), 256-'a'-1).code(len2, len2, len2).
				code("0", "11", "00", "10").sum("aaaa"),
			err: ErrCorrupt,
		},
		{
			name: "dynamic, match without distances",
			src: zeros(zeros(dynamic(258, 1), 'a').code(len1), 256-'a'-1).code(len2, len2, len0).
				code("0", "11", "0", "10").align(make([]byte, 8)...).b,
			err: ErrCorrupt,
		},
	}
	var d Decoder
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := d.AppendZlib([]byte("> "), tt.src, 1000)
			if string(got) != "> "+tt.want || !errors.Is(err, tt.err) {
				t.Errorf("AppendZlib(%x) = %q, %v, want %q, %v", tt.src, got, err, "> "+tt.want, tt.err)
			}
		})
	}
}

// samples are texts whose streams differ: all block kinds, codes longer than the table's, matches near and far, several blocks.
func samples() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 70_000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	// Fibonacci frequencies give the longest codes; the order is shuffled so that matches do not hide them.
	var long []byte
	for i, a, b := 0, 1, 1; i < 22; i, a, b = i+1, b, a+b {
		long = append(long, bytes.Repeat([]byte{byte('A' + i)}, a)...)
	}
	r.Shuffle(len(long), func(i, j int) { long[i], long[j] = long[j], long[i] })
	var words []byte
	for len(words) < 100_000 {
		words = fmt.Appendf(words, `"key_%d":%d,`, r.IntN(300), r.IntN(5))
	}
	far := append(bytes.Clone(noise[:32_768]), noise[:600]...)
	return map[string][]byte{
		"empty": nil, "one": {'x'}, "login": []byte(`{"_auth_user_id":"42","_auth_user_backend":"django.contrib.auth.backends.ModelBackend"}`),
		"noise": noise, "long codes": long, "words": words, "far": far, "zeros": make([]byte, 100_000), "period 7": bytes.Repeat([]byte("abcdefg"), 90),
		"period 15": bytes.Repeat([]byte("abcdefghijklmno"), 40), "period 16": bytes.Repeat([]byte("abcdefghijklmnop"), 40),
		"period 17": bytes.Repeat([]byte("abcdefghijklmnopq"), 40),
	}
}

func TestRoundTrip(t *testing.T) {
	var d Decoder
	for name, data := range samples() {
		for _, level := range []int{zlib.HuffmanOnly, zlib.NoCompression, 1, 6, 9} {
			src := compress(t, data, level)
			got, err := d.AppendZlib(nil, src, len(data))
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s, level %d: %d bytes, %v, want %d bytes", name, level, len(got), err, len(data))
			}
			// Into a slice with room, and with input after the end.
			buf := append(make([]byte, 0, 300), "before"...)
			got, err = d.AppendZlib(buf, append(src, 0xff, 0, 0xff), len(data))
			if err != nil || string(got[:6]) != "before" || !bytes.Equal(got[6:], data) {
				t.Errorf("%s, level %d: appended %d bytes, %v, want %d bytes", name, level, len(got)-6, err, len(data))
			}
			if len(data) > 0 {
				if got, err = d.AppendZlib(buf, src, len(data)-1); !errors.Is(err, ErrTooLarge) || string(got) != "before" {
					t.Errorf("%s, level %d, one byte short: %d bytes, %v, want ErrTooLarge", name, level, len(got), err)
				}
			}
		}
	}
}

func TestTruncatedEverywhere(t *testing.T) {
	var d Decoder
	for name, data := range samples() {
		if len(data) > 1000 {
			data = data[:1000]
		}
		for _, level := range []int{zlib.HuffmanOnly, zlib.NoCompression, 9} {
			src := compress(t, data, level)
			for i := range src {
				if got, err := d.AppendZlib(nil, src[:i:i], 1<<20); !errors.Is(err, ErrTruncated) || len(got) > 0 {
					t.Fatalf("%s, level %d, cut at %d of %d: %d bytes, %v, want ErrTruncated", name, level, i, len(src), len(got), err)
				}
			}
		}
	}
}

func TestEveryBitFlipped(t *testing.T) {
	for _, level := range []int{zlib.HuffmanOnly, zlib.NoCompression, 9} {
		src := compress(t, samples()["long codes"][:250], level)
		for i := range len(src) * 8 {
			src[i/8] ^= 1 << (i % 8)
			sameAsStandardLibrary(t, src)
			src[i/8] ^= 1 << (i % 8)
		}
	}
}

// A few kilobytes may announce gigabytes: only what fits the limit is ever held.
func TestBomb(t *testing.T) {
	src := compress(t, make([]byte, 8<<20), 9)
	var d Decoder
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, err := d.AppendZlib(nil, src, 1<<20)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, ErrTooLarge) || len(got) != 0 {
		t.Errorf("%d bytes, %v, want ErrTooLarge", len(got), err)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 3<<20 {
		t.Errorf("allocated %d bytes for a limit of 1 MB", n)
	}
	for _, limit := range []int{0, -1, math.MinInt} {
		if _, err := d.AppendZlib(make([]byte, 0, 100), compress(t, []byte("x"), 6), limit); !errors.Is(err, ErrTooLarge) {
			t.Errorf("limit %d: %v, want ErrTooLarge", limit, err)
		}
	}
	if got, err := d.AppendZlib([]byte("a"), compress(t, []byte("x"), 6), math.MaxInt); string(got) != "ax" || err != nil {
		t.Errorf("limit MaxInt: %q, %v, want ax", got, err)
	}
}

func TestNoAllocations(t *testing.T) {
	src := compress(t, samples()["words"], 6)
	var d Decoder
	dst := make([]byte, 0, 1<<17)
	if n := testing.AllocsPerRun(20, func() { _, _ = d.AppendZlib(dst, src, 1<<17) }); n != 0 {
		t.Errorf("%v allocations into a slice with room, want 0", n)
	}
	if size := unsafe.Sizeof(d); size > 16<<10 {
		t.Errorf("a Decoder has %d bytes, its comment says about 12 KB", size)
	}
}

func FuzzAppendZlib(f *testing.F) {
	for _, data := range samples() {
		data = data[:min(len(data), 300)]
		for _, level := range []int{zlib.HuffmanOnly, zlib.NoCompression, 9} {
			f.Add(compress(f, data, level))
		}
	}
	f.Add(onlyA(1).code(len0).code("0", "0", "0", "1").sum("aaa"))
	f.Fuzz(sameAsStandardLibrary)
}

// sameAsStandardLibrary fails when compress/zlib and a Decoder disagree about src.
func sameAsStandardLibrary(t *testing.T, src []byte) {
	const limit = 1 << 16
	var want []byte
	zr, wantErr := zlib.NewReader(bytes.NewReader(src))
	if wantErr == nil {
		want, wantErr = io.ReadAll(io.LimitReader(zr, limit+1))
	}
	var d Decoder
	got, err := d.AppendZlib(nil, src, limit)
	switch {
	case errors.Is(err, ErrTooLarge):
		if len(want) <= limit && wantErr == nil {
			t.Fatalf("AppendZlib(%x): %v, but it has %d bytes", src, err, len(want))
		}
	case (err == nil) != (wantErr == nil):
		t.Fatalf("AppendZlib(%x): %d bytes, %v, compress/zlib: %d bytes, %v", src, len(got), err, len(want), wantErr)
	case err == nil && !bytes.Equal(got, want):
		t.Fatalf("AppendZlib(%x) = %x, compress/zlib %x", src, got, want)
	}
}

func compress(t testing.TB, data []byte, level int) []byte {
	t.Helper()
	var buf bytes.Buffer
	zw, err := zlib.NewWriterLevel(&buf, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := zw.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func BenchmarkAppendZlib(b *testing.B) {
	for _, name := range []string{"login", "period 7", "words"} {
		src := compress(b, samples()[name], 6)
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			var d Decoder
			dst := make([]byte, 0, 1<<17)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.AppendZlib(dst, src, 1<<17); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
