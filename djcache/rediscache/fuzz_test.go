package rediscache_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/ulikunitz/xz"

	"github.com/go-djsession/go-djsession/djcache/rediscache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/tagged"
	"github.com/go-djsession/go-djsession/serializer"
)

// small are limits under which a hostile value is found out soon.
var small = serializer.Limits{Size: 1 << 16, Depth: 50, Nodes: 5000}

// fuzzFormat has a format read anything. What it reads it writes as it was, and after a
// change as the same values. seeds are formats of the fixtures.
func fuzzFormat(f *testing.F, format string, seeds ...string) {
	rows, _ := formatRows(f)
	n := 0
	for _, row := range rows {
		if slices.Contains(seeds, row.Format) && len(row.raw) < 3000 {
			f.Add(row.raw)
			n++
		}
	}
	if n == 0 {
		f.Fatalf("no fixture has %v", seeds)
	}
	s := formatOf(f, format, small, formatNow)
	f.Fuzz(func(t *testing.T, data []byte) {
		before := slices.Clone(data)
		d, err := s.Loads(data)
		if err != nil {
			for _, kind := range []error{serializer.ErrSyntax, serializer.ErrNotDict, serializer.ErrLimit, serializer.ErrType, djsession.ErrExpired} {
				if errors.Is(err, kind) {
					return
				}
			}
			t.Fatalf("an error of no kind: %v", err)
		}
		want, err := tagged.Append(nil, d)
		if err != nil {
			t.Fatal(err)
		}
		if len(want) > 100*small.Size {
			t.Fatalf("%d bytes became %d", len(data), len(want))
		}
		for how, d := range map[string]*serializer.Dict{"as it was read": d, "as if changed": changed(d)} {
			raw, err := s.Dumps(nil, d)
			if errors.Is(err, serializer.ErrLimit) {
				continue // the form that is written may be longer than the one that was read
			}
			if err != nil {
				t.Fatalf("%s: %v", how, err)
			}
			again, err := s.Loads(raw)
			if errors.Is(err, serializer.ErrLimit) {
				continue
			}
			if err != nil {
				t.Fatalf("%s: written as %q, and then: %v", how, raw, err)
			}
			if got := taggedText(t, again); got != string(want) {
				t.Fatalf("%s: got %.300s, want %.300s", how, got, want)
			}
		}
		if !bytes.Equal(data, before) {
			t.Fatal("the input was changed")
		}
	})
}

func FuzzMsgPack(f *testing.F) {
	for _, raw := range []string{
		"", "\x80", "\x93\x01\x02\x03", "\xc0", "\x80\x00", "\xdf\xff\xff\xff\xff", "\x81\xa1a\xdd\xff\xff\xff\xff", "\x81\xa1a\xdb\xff\xff\xff\xff", "\x81\x01\x01", "\x81\xa1a\xd4\x01\x00",
		"\x81\xa1a\xa1\xff", "\x81\xa1a" + strings.Repeat("\x91", 60) + "\x00", "\xde\x00\x03\xda\x00\x01a\xd3\xff\xff\xff\xff\xff\xff\xff\xff\xc4\x01b\xca\x3f\xc0\x00\x00\xd9\x01c\xc4\x02\x00\xff",
		"\x82\xc4\x01a\x01\xc4\x01a\x02", "\x82\xa1a\x01\xa1a\x02", "\x82\xa1a\x01\xc4\x01a\x02", "\x81\xa1a\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "\x81\xa1a\xcb\x7f\xf8\x00\x00\x00\x00\x00\x01",
	} {
		f.Add([]byte(raw))
	}
	fuzzFormat(f, "msgpack", "msgpack")
}

func FuzzHerd(f *testing.F) {
	const end = "\x8a\x05\xff\xe3\x0b\x54\x02"
	f.Add([]byte("\x80\x02cdjango_redis.client.herd\nMarker\n)\x81}(X\x04\x00\x00\x00cart]q\x01(K\x01K\x02eX\x04\x00\x00\x00sameh\x01u" + end + "\x87."))
	f.Add([]byte("\x80\x02cdjango_redis.client.herd\nMarker\n)\x81}N\x87."))
	f.Add([]byte("\x80\x02}q\x00K\x01K\x01K\x01\x87."))
	f.Add([]byte("\x80\x04\x95\x06\x00\x00\x00\x00\x00\x00\x00}.junk")) // in the frame
	fuzzFormat(f, "herd", "herd", "pickle")
}

func FuzzASCIIJSON(f *testing.F) {
	for _, text := range []string{`{"name":"Zoë 😀",  "n": 1}`, "{\"a\": \"\xff\"}", "{\"a\": \"\xed\xa0\x80\"}", "\ufeff{}", "[1]", "", `{"é": "\ud83d"}`, "{\"a\": \"\U0010ffff\uffff\ufffd\"}", "é"} {
		f.Add([]byte(text))
	}
	fuzzFormat(f, "json", "json")
}

// FuzzUTF8InJSON: a text beyond ASCII is read as the same text with escapes, and what is
// no UTF-8 is refused.
func FuzzUTF8InJSON(f *testing.F) {
	for _, text := range []string{"", "a", "é", "😀", "\U0010ffff\uffff\ufffd", "\xff", "\xed\xa0\x80", "a\u2028\x7f", "\xf4\x90\x80\x80", `\"`, `\é`, `\\é`, `\\\é`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		quoted := func(s string) []byte { return []byte(`{"` + s + `": "` + s + `"}`) }
		got, err := rediscache.JSON{}.Loads(quoted(text))
		if !utf8.ValidString(text) {
			if !errors.Is(err, serializer.ErrSyntax) {
				t.Errorf("%q: got %v", text, err)
			}
			return
		}
		var b strings.Builder
		backslashes := 0
		for _, c := range text {
			if c < utf8.RuneSelf {
				b.WriteRune(c)
				if backslashes++; c != '\\' {
					backslashes = 0
				}
				continue
			}
			if backslashes%2 == 1 { // as an escape it would be the backslash's
				if !errors.Is(err, serializer.ErrSyntax) {
					t.Errorf("%q: a backslash before a character beyond ASCII: got %v", text, err)
				}
				return
			}
			backslashes = 0
			for _, unit := range utf16.Encode([]rune{c}) {
				fmt.Fprintf(&b, `\u%04X`, unit)
			}
		}
		want, wantErr := serializer.JSON{}.Loads(quoted(b.String()))
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%q: got %v, and with escapes %v", text, err, wantErr)
		}
		if err != nil {
			if json.Valid(quoted(text)) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if a, b := taggedText(t, got), taggedText(t, want); a != b {
			t.Errorf("%q: got %s, and with escapes %s", text, a, b)
		}
	})
}

// FuzzXZ: what fits in a container of LZMA is what another reader finds there, and within
// the limit. Whatever the bytes are, packed they are unpacked again.
func FuzzXZ(f *testing.F) {
	rows, _ := formatRows(f)
	n := 0
	for _, row := range rows {
		if strings.HasPrefix(row.Format, "lzma") && len(row.raw) < 3000 {
			f.Add(row.raw)
			n++
		}
	}
	if n == 0 {
		f.Fatal("no fixture has LZMA")
	}
	for _, text := range []string{"", "\xfd7zXZ\x00", "\xfd7zXZ\x00" + strings.Repeat("\x00", 40), "]\x00\x00\x80\x00", "]\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00", "abc", strings.Repeat("ab", 5000)} {
		f.Add([]byte(text))
	}
	const limit = 1 << 16
	f.Fuzz(func(t *testing.T, data []byte) {
		raw, err := rediscache.UnpackXZ(slices.Clone(data), limit)
		if len(raw) > limit {
			t.Fatalf("%d bytes", len(raw))
		}
		if err == nil && bytes.HasPrefix(data, []byte("\xfd7zXZ")) && data[16] < 20 { // a dictionary of less than 4 MB
			var want []byte
			r, err := xz.NewReader(bytes.NewReader(data))
			if err == nil {
				want, err = io.ReadAll(r)
			}
			if err != nil || !bytes.Equal(raw, want) {
				t.Fatalf("got %q; package xz: %q, %v", raw, want, err)
			}
		}
		packed, err := rediscache.PackXZ(data)
		if err != nil {
			t.Fatal(err)
		}
		back, err := rediscache.UnpackXZ(packed, limit)
		if len(data) > limit {
			if !errors.Is(err, serializer.ErrLimit) {
				t.Fatalf("%d bytes: got %v", len(data), err)
			}
			return
		}
		if err != nil || !bytes.Equal(back, data) {
			t.Fatalf("%q came back as %q (%v)", data, back, err)
		}
		if len(data) > 0 {
			if _, err := rediscache.UnpackXZ(packed, len(data)-1); !errors.Is(err, serializer.ErrLimit) {
				t.Fatalf("a byte above the limit: got %v", err)
			}
		}
	})
}
