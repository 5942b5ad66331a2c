package signer

import (
	"bytes"
	"compress/zlib"
	"errors"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
)

func TestObjects(t *testing.T) {
	s := testTimestamp(t, SecretKey(testSecret), Options{})
	noise := make([]byte, 3000)
	r := rand.New(rand.NewPCG(5, 6))
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	tests := []struct {
		name       string
		data       []byte
		compressed bool
	}{
		{"empty", []byte{}, false},
		{"one byte", []byte("x"), false},
		{"short", []byte(`{"user":7}`), false},
		{"long", []byte(`["` + strings.Repeat("spam ", 100) + `"]`), true},
		{"noise does not shrink", noise, false},
		{"a megabyte", bytes.Repeat([]byte("0123456789abcdef"), 1<<16), true},
	}
	for _, tt := range tests {
		for _, compress := range []bool{false, true} {
			signed, err := s.SignObject(tt.data, compress)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := signed[0] == '.', compress && tt.compressed; got != want {
				t.Errorf("%s, compress %v: compressed %v, want %v", tt.name, compress, got, want)
			}
			data, info, err := s.UnsignObject(signed)
			if !bytes.Equal(data, tt.data) || data == nil || err != nil {
				t.Errorf("%s, compress %v: %.80q, %v", tt.name, compress, data, err)
			}
			if want := (Info{Compressed: compress && tt.compressed, Timestamp: testNow.Unix()}); info != want {
				t.Errorf("%s, compress %v: %+v, want %+v", tt.name, compress, info, want)
			}
		}
	}
}

// What was signed well need not be an object.
func TestMalformedObjects(t *testing.T) {
	keys := SecretKey(testSecret)
	s, ts := must(New(keys, Options{})), testTimestamp(t, keys, Options{})
	hello := func(change func([]byte) []byte) string {
		var buf bytes.Buffer
		zw := zlib.NewWriter(&buf)
		_, _ = zw.Write([]byte("hello"))
		_ = zw.Close()
		return "." + string(encode64(change(buf.Bytes())))
	}
	same := func(b []byte) []byte { return b }
	tests := []struct {
		name, framed string
		want         string
		err          error
	}{
		{"nothing", "", "", nil},
		{"plain", "aGVsbG8", "hello", nil},
		{"padded", "aGVsbG8=", "hello", nil},
		{"padded too much", "aGVsbG8====", "hello", nil},
		{"bits left over", "aGVsbG9", "hello", nil},
		{"newline inside", "aGVs\nbG8", "", ErrMalformed}, // eight characters get no padding, seven count
		{"two newlines inside", "aGVs\n\nbG8", "hello", nil},
		{"other characters inside", "aG!Vs*bG~8", "hello", nil},
		{"not UTF-8", "aGVs\xff\xfebG8", "hello", nil},
		{"one character too many", "aGVsbG8Az", "", ErrMalformed},
		{"one character", "a", "", ErrMalformed},
		{"compressed", hello(same), "hello", nil},
		{"compressed, more after it", hello(func(b []byte) []byte { return append(b, "more"...) }), "hello", nil},
		{"compressed nothing", ".", "", ErrMalformed},
		{"compressed, cut", hello(func(b []byte) []byte { return b[:len(b)-1] }), "", ErrMalformed},
		{"compressed, wrong checksum", hello(func(b []byte) []byte { b[len(b)-1]++; return b }), "", ErrMalformed},
		{"compressed, not zlib", ".aGVsbG8", "", ErrMalformed},
		{"two dots", "." + hello(same), "", ErrMalformed},
	}
	for _, tt := range tests {
		data, _, err := s.UnsignObject(s.Sign(tt.framed))
		if string(data) != tt.want || !errors.Is(err, tt.err) || errors.Is(err, ErrBadSignature) {
			t.Errorf("%s: Signer: %q, %v, want %q, %v", tt.name, data, err, tt.want, tt.err)
		}
		data, _, err = ts.UnsignObject(ts.Sign(tt.framed))
		if string(data) != tt.want || !errors.Is(err, tt.err) || errors.Is(err, ErrBadSignature) {
			t.Errorf("%s: TimestampSigner: %q, %v, want %q, %v", tt.name, data, err, tt.want, tt.err)
		}
		if err != nil && data != nil {
			t.Errorf("%s: data with an error", tt.name)
		}
	}
}

func encode64(b []byte) []byte {
	var sc scratch
	s := must(New(SecretKey(testSecret), Options{}))
	if err := s.frame(&sc, b, false); err != nil {
		panic(err)
	}
	return sc.text
}

func TestDumpsAndLoads(t *testing.T) {
	keys := SecretKey(testSecret)
	text, err := Dumps(keys, []byte("[1,2]"), Options{}, true)
	if err != nil {
		t.Fatal(err)
	}
	data, info, err := Loads(keys, text, Options{})
	if string(data) != "[1,2]" || info.Timestamp == 0 || err != nil {
		t.Errorf("Loads = %q, %+v, %v", data, info, err)
	}
	// The default salt is not that of TimestampSigner.
	if _, _, err := must(NewTimestamp(keys, Options{})).UnsignObject(text); !errors.Is(err, ErrBadSignature) {
		t.Errorf("TimestampSigner with its own default salt: %v", err)
	}
	if data, _, err := must(NewTimestamp(keys, Options{Salt: DumpsSalt})).UnsignObject(text); string(data) != "[1,2]" || err != nil {
		t.Errorf("TimestampSigner with DumpsSalt: %q, %v", data, err)
	}
	if _, _, err := Loads(keys, text, Options{Salt: "other"}); !errors.Is(err, ErrBadSignature) {
		t.Errorf("another salt: %v", err)
	}
	for _, opts := range []Options{{Sep: "a"}, {Algorithm: 99}} {
		if _, err := Dumps(keys, nil, opts, false); err == nil {
			t.Errorf("Dumps(%+v) has no error", opts)
		}
		if _, _, err := Loads(keys, text, opts); err == nil {
			t.Errorf("Loads(%+v) has no error", opts)
		}
	}
}

func TestLimits(t *testing.T) {
	keys := SecretKey(testSecret)
	free := testTimestamp(t, keys, Options{})
	limited := testTimestamp(t, keys, Options{Limits: Limits{MaxPayload: 200, MaxDecompressed: 1000}})
	zeros := func(n int) []byte { return make([]byte, n) }
	tests := []struct {
		name     string
		data     []byte
		compress bool
		err      error
	}{
		{"within both", zeros(100), false, nil},
		{"compressed, at the limit", zeros(1000), true, nil},
		{"compressed, above the limit", zeros(1001), true, ErrTooLarge},
		{"plain, text above the limit", zeros(150), false, ErrTooLarge},
		{"plain, data above the limit", zeros(1001), false, ErrTooLarge},
		{"a bomb", zeros(1 << 20), true, ErrTooLarge},
	}
	for _, tt := range tests {
		signed := must(free.SignObject(tt.data, tt.compress))
		data, _, err := limited.UnsignObject(signed)
		if !errors.Is(err, tt.err) || err == nil && !bytes.Equal(data, tt.data) || err != nil && data != nil {
			t.Errorf("%s: UnsignObject: %d bytes, %v, want %v", tt.name, len(data), err, tt.err)
		}
		if _, err := limited.SignObject(tt.data, tt.compress); !errors.Is(err, tt.err) {
			t.Errorf("%s: SignObject: %v, want %v", tt.name, err, tt.err)
		}
		if _, err := InspectUnverified(signed, Options{Limits: Limits{MaxPayload: 200, MaxDecompressed: 1000}}); !errors.Is(err, tt.err) {
			t.Errorf("%s: InspectUnverified: %v, want %v", tt.name, err, tt.err)
		}
	}
	// The limit of the data holds alone, and holds without compression too.
	data := testTimestamp(t, keys, Options{Limits: Limits{MaxDecompressed: 1000}})
	for n, want := range map[int]error{1000: nil, 1001: ErrTooLarge} {
		if _, _, err := data.UnsignObject(must(free.SignObject(zeros(n), false))); !errors.Is(err, want) {
			t.Errorf("plain, %d bytes: %v, want %v", n, err, want)
		}
	}
	// A text is as long as it may be, and one more.
	if _, _, err := limited.Unsign(strings.Repeat("x", 200)); !errors.Is(err, ErrNoSeparator) {
		t.Errorf("200 bytes: %v, want ErrNoSeparator", err)
	}
	if _, _, err := limited.Unsign(strings.Repeat("x", 201)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("201 bytes: %v, want ErrTooLarge", err)
	}
	// Defaults.
	if _, _, err := free.Unsign(strings.Repeat("x", DefaultMaxPayload+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("more than DefaultMaxPayload: %v", err)
	}
	big := zeros(DefaultMaxDecompressed + 1)
	if _, err := free.SignObject(big, true); !errors.Is(err, ErrTooLarge) {
		t.Errorf("more than DefaultMaxDecompressed: %v", err)
	}
	if _, _, err := free.UnsignObject(must(free.SignObject(big[1:], true))); err != nil {
		t.Errorf("DefaultMaxDecompressed: %v", err)
	}
}

// A bomb costs no more than its limit, and a pool does not keep what it cost.
func TestBombAllocates(t *testing.T) {
	keys := SecretKey(testSecret)
	bomb := must(must(NewTimestamp(keys, Options{Limits: Limits{MaxDecompressed: 8 << 20}})).SignObject(make([]byte, 8<<20), true))
	s := must(NewTimestamp(keys, Options{Limits: Limits{MaxDecompressed: 1 << 20}}))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _, err := s.UnsignObject(bomb)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("%v, want ErrTooLarge", err)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
		t.Errorf("allocated %d bytes for a limit of 1 MB", n)
	}
	sc := getScratch()
	if n := cap(sc.text) + cap(sc.bin) + cap(sc.data); n > 3*maxKept {
		t.Errorf("the pool keeps %d bytes", n)
	}
	sc.put()
}

// Results are the caller's: changing them changes nothing else, and nothing changes them.
func TestResultsAreFresh(t *testing.T) {
	s := testTimestamp(t, SecretKey(testSecret), Options{})
	for _, compress := range []bool{false, true} {
		one := []byte(strings.Repeat("one", 50))
		signedOne, signedTwo := must(s.SignObject(one, compress)), must(s.SignObject([]byte(strings.Repeat("two", 50)), compress))
		a, _, err := s.UnsignObject(signedOne)
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			if _, _, err := s.UnsignObject(signedTwo); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(a, one) {
			t.Errorf("compress %v: a later call changed the data to %q", compress, a)
		}
		if cap(a) > 2*len(a) {
			t.Errorf("compress %v: capacity %d for %d bytes", compress, cap(a), len(a))
		}
		clear(a[:cap(a)])
		if b, _, err := s.UnsignObject(signedOne); !bytes.Equal(b, one) || err != nil {
			t.Errorf("compress %v: after changing the result: %q, %v", compress, b, err)
		}
	}
}
