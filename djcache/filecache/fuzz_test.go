package filecache_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcache/filecache"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// FuzzFile reads any file. Its end is one of datetime, or there is none and nothing is
// cut off. An end that is written before a value is read again with that value.
func FuzzFile(f *testing.F) {
	dec := json.NewDecoder(bytes.NewReader(djangoFiles))
	n := 0
	for dec.More() {
		var v vector
		if err := dec.Decode(&v); err != nil {
			f.Fatal(err)
		}
		content, err := hex.DecodeString(v.Content)
		if err != nil {
			f.Fatal(err)
		}
		if len(content) < 3000 {
			f.Add(string(content), int64(1_700_000_000_000_000)+int64(n), byte(n))
			n++
		}
	}
	if n < 5 {
		f.Fatalf("got %d seeds: testdata is missing", n)
	}
	for i, text := range []string{"", ".", "N.", "K\x01.rest", "I1\n.", "F1e400\n.", "Fnan\n.x", "F-1\n.", "G\xff\xef\xff\xff\xff\xff\xff\xff.", "\x8a\xff" + strings.Repeat("\x01", 255) + ".", "X\x01\x00\x00\x00a.", "\x80\x04", "\x80\x05\x95\xff\xff\xff\xff\xff\xff\xff\xff", "]."} {
		f.Add(text, int64(i)*1e16, byte(i))
	}
	f.Fuzz(func(t *testing.T, text string, micros int64, protocol byte) {
		expires, value, err := filecache.Parse(text)
		switch {
		case !strings.HasSuffix(text, value), err != nil && value != text, err == nil && value == text && text != "":
			t.Errorf("%q: the value is %q (%v)", text, value, err)
		case err != nil && !expires.IsZero():
			t.Errorf("%q: ends at %v, %v", text, expires, err)
		case err == nil && text != "" && (expires.Year() < 1970 || expires.Year() > 9999):
			t.Errorf("%q: ends at %v", text, expires)
		}
		const last = 253402300799e6 // the last second of datetime
		if micros < 0 || micros > last {
			return
		}
		at := time.UnixMicro(micros).UTC()
		p := int(protocol)%(pickle.MaxProtocol-1) + 2
		head, err := filecache.AppendExpiry([]byte("x"), at, p)
		if err != nil {
			t.Fatal(err)
		}
		got, value, err := filecache.Parse(string(head[1:]) + text)
		// A float64 has microseconds until the year 2255, and then a few.
		near := 64 * time.Microsecond
		if micros < 1<<53 {
			near = 0
		}
		if err != nil || value != text || got.Sub(at).Abs() > near {
			t.Errorf("%v and %q: read as %v and %q (%v)", at, text, got, value, err)
		}
	})
}
