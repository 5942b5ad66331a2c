package rediscache_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/serializer"
)

// What is cut off anywhere is an error, as is what has a byte changed: never a
// panic, and never another session without an error where there is a checksum.
func TestFormatsDamaged(t *testing.T) {
	rows, samples := formatRows(t)
	r := rand.New(rand.NewPCG(1, 2))
	seen := map[string]bool{}
	for _, row := range rows {
		if row.Sample != "login" || seen[row.Format] {
			continue
		}
		seen[row.Format] = true
		f := formatOf(t, row.Format, serializer.Limits{}, formatNow)
		for n := range row.raw {
			if d, err := f.Loads(slices.Clone(row.raw[:n])); err == nil {
				t.Errorf("%s of %s by %s: %d of %d bytes are a dict of %d keys", row.Format, row.Sample, row.By, n, len(row.raw), d.Len())
			}
		}
		want := taggedText(t, loadJSON(t, samples[row.Sample]))
		for range 200 {
			raw := slices.Clone(row.raw)
			raw[r.IntN(len(raw))] ^= byte(1 + r.IntN(255))
			d, err := f.Loads(raw)
			switch row.Format {
			case "lzma+pickle": // with checksums of everything
				if err == nil {
					t.Errorf("%s: a changed byte makes no difference", row.Format)
				}
			case "zlib+pickle", "gzip+pickle", "zlib+json", "zlib+herd": // with a checksum of the content
				if err == nil && taggedText(t, d) != want {
					t.Errorf("%s: a changed byte makes another session", row.Format)
				}
			default:
				if err == nil {
					_ = taggedText(t, d)
				}
			}
		}
	}
}

// What would be large when decompressed is ErrLimit, before it is decompressed.
func TestFormatsBomb(t *testing.T) {
	big := serializer.NewDict(serializer.Item{Key: "text", Value: strings.Repeat("x", 15<<20)})
	for _, name := range []string{"zlib+pickle", "gzip+pickle", "lzma+pickle", "lz4+pickle", "zstd+pickle"} {
		raw, err := formatOf(t, name, serializer.Limits{}, formatNow).Dumps(nil, big)
		if err != nil {
			t.Fatal(err)
		}
		if len(raw) > 1<<18 {
			t.Errorf("%s: %d bytes, which is not compressed", name, len(raw))
		}
		f := formatOf(t, name, serializer.Limits{Size: 1 << 16}, formatNow)
		if took := taken(func() { _, err = f.Loads(raw) }); took > 12<<20 {
			t.Errorf("%s: took %d bytes of memory", name, took)
		}
		if !errors.Is(err, serializer.ErrLimit) {
			t.Errorf("%s: got %v, want ErrLimit", name, err)
		}
		if _, err := formatOf(t, name, serializer.Limits{}, formatNow).Loads(raw); err != nil {
			t.Errorf("%s without the limit: %v", name, err)
		}
	}
}

// taken returns how much memory f takes.
func taken(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Headers that ask for much memory get little: a dictionary of 3 or 4 GiB, a
// content of a gigabyte, a dict in a dict in a dict of 65,535 keys each.
func TestFormatsGreedy(t *testing.T) {
	rows, _ := formatRows(t)
	row := func(format string) []byte {
		i := slices.IndexFunc(rows, func(r formatRow) bool { return r.Format == format && r.Sample == "login" })
		return slices.Clone(rows[i].raw)
	}
	alone := row("lzma-alone+pickle")
	copy(alone[1:5], []byte{0, 0, 0, 0xc0})
	sized := slices.Clone(alone)
	copy(sized[5:13], []byte{0, 0, 0, 0x40, 0, 0, 0, 0})
	dict := row("lzma+pickle")
	dict[16] = 40 // in the header of the block, whose CRC32 follows
	binary.LittleEndian.PutUint32(dict[20:], crc32.ChecksumIEEE(dict[12:20]))
	for _, test := range []struct {
		why, format string
		raw         []byte
		want        error
	}{
		{"a dictionary in .lzma", "lzma-alone+pickle", alone, nil},
		{"a content in .lzma", "lzma-alone+pickle", sized, serializer.ErrLimit},
		{"a dictionary in .xz", "lzma+pickle", dict, nil},
		{"a content in zstd", "zstd+pickle", []byte("\x28\xb5\x2f\xfd\xa0\xff\xff\xff\x3f\x03\x00\x00x"), serializer.ErrLimit},
		{"a window in zstd", "zstd+pickle", []byte("\x28\xb5\x2f\xfd\x00\xa0\x03\x00\x00x"), serializer.ErrLimit},
		{"dicts in msgpack", "msgpack", append(bytes.Repeat([]byte("\xde\xff\xff\xa1a"), 900), make([]byte, 200_000)...), serializer.ErrLimit},
		{"lists in msgpack", "msgpack", append([]byte("\x81\xa1a"), append(bytes.Repeat([]byte("\xdc\xff\xff"), 900), make([]byte, 200_000)...)...), serializer.ErrLimit},
	} {
		f := formatOf(t, test.format, serializer.Limits{}, formatNow)
		var err error
		took := taken(func() { _, err = f.Loads(test.raw) })
		if !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", test.why, err, test.want)
		}
		if took > 100<<20 {
			t.Errorf("%s: took %d bytes of memory", test.why, took)
		}
	}
}
