package rediscache_test

import (
	"encoding/hex"
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcache/rediscache"
	"github.com/go-djsession/go-djsession/serializer"
)

func TestFormatMsgPack(t *testing.T) {
	f := rediscache.MsgPack{}
	for _, test := range []struct {
		why  string
		raw  string
		want error
	}{
		{"nothing", "", serializer.ErrSyntax},
		{"no dict", "93010203", serializer.ErrNotDict},
		{"None", "c0", serializer.ErrNotDict},
		{"more behind it", "8000", serializer.ErrSyntax},
		{"a dict of 2^32 keys", "dfffffffff", serializer.ErrSyntax},
		{"a list of 2^32 items", "81a161ddffffffff", serializer.ErrSyntax},
		{"text of 2^32 bytes", "81a161dbffffffff", serializer.ErrSyntax},
		{"a key of int, which msgpack refuses", "810101", serializer.ErrSyntax},
		{"a key of None", "81c001", serializer.ErrSyntax},
		{"an extension type", "81a161d40100", serializer.ErrSyntax},
		{"a timestamp", "81a161d6ff00000000", serializer.ErrSyntax},
		{"the tag that is none", "81a161c1", serializer.ErrSyntax},
		{"text that is not UTF-8", "81a161a1ff", serializer.ErrSyntax},
		{"a surrogate", "81a161a3eda080", serializer.ErrSyntax},
		{"2,000 lists in each other", "81a161" + strings.Repeat("91", 2000) + "00", serializer.ErrLimit},
	} {
		raw, err := hex.DecodeString(test.raw)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Loads(raw); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", test.why, err, test.want)
		}
	}
	if _, err := (rediscache.MsgPack{Limits: serializer.Limits{Nodes: 10}}).Loads(append([]byte{0x81, 0xa1, 'a', 0x9b}, make([]byte, 11)...)); !errors.Is(err, serializer.ErrLimit) {
		t.Errorf("too many values: got %v, want ErrLimit", err)
	}
	// What other writers choose: long forms, floats of 32 bits, bytes as keys.
	d, err := f.Loads([]byte("\xde\x00\x03\xda\x00\x01a\xd3\xff\xff\xff\xff\xff\xff\xff\xff\xc4\x01b\xca\x3f\xc0\x00\x00\xd9\x01c\xc4\x02\x00\xff"))
	if err != nil {
		t.Fatal(err)
	}
	a, _ := d.Get("a")
	b, _ := d.GetKey(serializer.Bytes("b"))
	c, _ := d.Get("c")
	if a != int64(-1) || b != 1.5 || c != serializer.Bytes("\x00\xff") {
		t.Errorf("got %v, %v, %v", a, b, c)
	}
	for why, v := range map[string]any{
		"an int beyond 64 bits":  new(big.Int).Lsh(big.NewInt(1), 64),
		"one below":              new(big.Int).Sub(big.NewInt(math.MinInt64), big.NewInt(1)),
		"a datetime":             time.Now(),
		"a surrogate":            "\xed\xa0\x80",
		"a function":             func() {},
		"an int as a key":        map[int]int{1: 2},
		"a set":                  serializer.Set{int64(1)},
		"a datetime in a list":   []any{time.Now()},
		"a Decimal":              serializer.Decimal("1.5"),
		"invalid UTF-8 in a key": map[string]int{"\xed\xa0\x80": 1},
	} {
		_, err := f.Freeze(v)
		if !errors.Is(err, serializer.ErrType) {
			t.Errorf("Freeze of %s: got %v, want ErrType", why, err)
		}
		if _, err := f.Dumps(nil, serializer.NewDict(serializer.Item{Key: "k", Value: v})); !errors.Is(err, serializer.ErrType) {
			t.Errorf("Dumps of %s: got %v, want ErrType", why, err)
		}
	}
	deep := func(n int) any {
		var v any = int64(1)
		for range n {
			v = []any{v}
		}
		return v
	}
	if _, err := f.Freeze(deep(510)); err != nil {
		t.Errorf("as deep as msgpack writes: %v", err)
	}
	if _, err := f.Freeze(deep(511)); !errors.Is(err, serializer.ErrLimit) {
		t.Errorf("deeper: got %v, want ErrLimit", err)
	}
}

func TestFormatJSON(t *testing.T) {
	f := rediscache.JSON{}
	// Raw UTF-8, which others may write, is text, and goes back as it came.
	raw := `{"name":"Zoë 😀",  "n": 1}`
	d, err := f.Loads([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	if name, _ := d.Get("name"); name != "Zoë 😀" {
		t.Errorf("got %q", name)
	}
	if got, err := f.Dumps(nil, d); err != nil || string(got) != raw {
		t.Errorf("unchanged: got %s (%v), want %s", got, err, raw)
	}
	v, err := f.Freeze(map[string]any{"a": []int{1, 2}, "b": struct {
		C int `json:"c"`
		D int `json:"d"`
	}{1, 2}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Dumps(nil, d.With("n", 2).With("v", v))
	if want := `{"name": "Zo\u00eb \ud83d\ude00", "n": 2, "v": {"a": [1, 2], "b": {"c": 1, "d": 2}}}`; err != nil || string(got) != want {
		t.Errorf("got %s (%v), want %s", got, err, want)
	}
	for _, bad := range []string{"{\"a\": \"\xff\"}", "{\"a\": \"\xed\xa0\x80\"}", "\ufeff{}", "[1]", ""} {
		if _, err := f.Loads([]byte(bad)); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
	if _, err := (rediscache.JSON{Limits: serializer.Limits{Size: 10}}).Loads([]byte(`{"a": "0123456789"}`)); !errors.Is(err, serializer.ErrLimit) {
		t.Errorf("got %v, want ErrLimit", err)
	}
}
