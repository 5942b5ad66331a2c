package pickle

import (
	"bytes"
	"errors"
	"maps"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/internal/pyobject"
	"github.com/go-djsession/go-djsession/serializer"
)

// TestUntouched loads every session of the corpus and wants its bytes back.
func TestUntouched(t *testing.T) {
	count := 0
	for _, p := range corpus(t) {
		d, err := Serializer{}.Loads(p.raw)
		if errors.Is(err, serializer.ErrNotDict) {
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", p.name, err)
			continue
		}
		got, err := Serializer{Protocol: 3}.Dumps([]byte("before "), d)
		if err != nil || string(got) != "before "+string(p.raw) {
			t.Errorf("%s: got %q, %v", p.name, got, err)
		}
		count++
	}
	if count < 100 {
		t.Errorf("only %d sessions", count)
	}
}

// TestChanged changes every session there and back again: it is written anew, and
// nothing of it may be lost.
func TestChanged(t *testing.T) {
	for _, p := range corpus(t) {
		d, err := Serializer{}.Loads(p.raw)
		if err != nil {
			continue
		}
		d = d.With("a new key", int64(1)).Without("a new key")
		got, err := Serializer{}.Dumps(nil, d)
		if err != nil {
			t.Errorf("%s: %v", p.name, err)
			continue
		}
		want := p.raw
		if p.protocol < 2 {
			if want, err = rewrite(p.raw, 2); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s:\ngot  %.500q\nwant %.500q", p.name, got, want)
		}
	}
}

// TestChangedValue changes keys of a session whose other values refer to each
// other, and reads what was written.
func TestChangedValue(t *testing.T) {
	// {"a": [1], "b": the same list, "k": "k", "self": the dict, 5: "five"}
	raw := "\x80\x04}\x94(\x8c\x01a\x94]\x94K\x01a\x8c\x01b\x94h\x02\x8c\x02kk\x94h\x04\x8c\x04self\x94h\x00K\x05\x8c\x04five\x94u."
	d, err := Serializer{}.Loads([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	changed := d.Without("a").With("kk", "changed").With("new", "n").With("self2", int64(2))
	out, err := Serializer{Protocol: 5}.Dumps(nil, changed)
	if err != nil {
		t.Fatal(err)
	}
	if out[1] != 4 {
		t.Errorf("protocol %d, want that which was read", out[1])
	}
	v, err := Load(out, nil)
	if err != nil {
		t.Fatal(err)
	}
	again := v.(*serializer.Dict)
	var keys []any
	for k := range again.Keys() {
		keys = append(keys, k)
	}
	if want := []any{"b", "kk", "self", int64(5), "new", "self2"}; !slices.Equal(keys, want) {
		t.Errorf("keys %v, want %v", keys, want)
	}
	if self, _ := again.Get("self"); self != any(again) {
		t.Error("the session does not hold itself any more")
	}
	if kk, _ := again.Get("kk"); kk != "changed" {
		t.Errorf("got %v", kk)
	}
	if five, _ := again.GetKey(5.0); five != "five" {
		t.Errorf("got %v", five)
	}
	if got, _ := (Serializer{}).Dumps(nil, d); string(got) != raw {
		t.Error("the old dict has changed")
	}
}

// TestIdentity holds on to what is one object in two values of a session.
func TestIdentity(t *testing.T) {
	raw := "\x80\x04}\x94(\x8c\x01a\x94]\x94(]\x94h\x03e\x8c\x01b\x94h\x02u."
	d, err := Serializer{}.Loads([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	v, _ := d.Get("a")
	a := v.([]any)
	first, second := a[0].([]any), a[1].([]any)
	if !sameList(first, second) {
		t.Error("one list within a value has become two")
	}
	w, _ := d.Get("a")
	if sameList(a, w.([]any)) {
		t.Error("two looks at a value share a list")
	}
	out, err := Serializer{}.Dumps(nil, d.With("c", nil))
	if err != nil {
		t.Fatal(err)
	}
	all, err := Load(out, nil)
	if err != nil {
		t.Fatal(err)
	}
	x, _ := all.(*serializer.Dict).Get("a")
	y, _ := all.(*serializer.Dict).Get("b")
	if !sameList(x.([]any), y.([]any)) {
		t.Error("one list in two values was written as two")
	}
}

func sameList(a, b []any) bool { return sliceID(idList, a) == sliceID(idList, b) }

// TestMoved puts values of one session into another, of another protocol.
func TestMoved(t *testing.T) {
	const py2 = "\x80\x02}q\x01(U\x01aU\x03abcq\x02U\x01bU\x02\xff\xfeU\x01cc__builtin__\nset\nq\x03]q\x04K\x01a\x85Rq\x05u."
	from, err := Serializer{}.Loads([]byte(py2))
	if err != nil {
		t.Fatal(err)
	}
	to := serializer.NewDict()
	stored := maps.Collect(from.AllStored())
	for _, name := range []string{"a", "b", "c"} {
		to = to.With(name, stored[name])
	}
	out, err := Serializer{}.Dumps(nil, to)
	if err != nil {
		t.Fatal(err)
	}
	const want = "\x80\x04\x95\x22\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94\x8c\x03abc\x94\x8c\x01b\x94C\x02\xff\xfe\x94\x8c\x01c\x94\x8f\x94(K\x01\x90u."
	if string(out) != want {
		t.Errorf("got  %q\nwant %q", out, want)
	}
	raw, err := serializer.JSON{}.Loads([]byte(`{"x":[1.0,"é"],"y":{"k":null}}`))
	if err != nil {
		t.Fatal(err)
	}
	out, err = Serializer{Protocol: 2}.Dumps(nil, raw)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := Load(out, nil); err != nil || !reflect.DeepEqual(plain(describe(v)), plain(list("dict", 0, list(
		list(list("str", 1, "x"), list("list", 2, list(list("float", "3ff0000000000000"), list("str", 3, "Ã©")))),
		list(list("str", 4, "y"), list("dict", 5, list(list(list("str", 6, "k"), list("none"))))),
	)))) {
		t.Errorf("got %v, %v", plain(describe(v)), err)
	}
}

func TestNotDict(t *testing.T) {
	for _, raw := range []string{"N.", "]."} {
		if _, err := (Serializer{}).Loads([]byte(raw)); !errors.Is(err, serializer.ErrNotDict) {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

func TestRepeatedKeys(t *testing.T) {
	for _, c := range []struct{ name, raw, want string }{
		{"text", "}(Va\nK\x01Vb\nK\x02Va\nK\x03u.", `[["str a",3],["str b",2]]`},
		{"two batches", "}(Va\nK\x01u(Va\nK\x02u.", `[["str a",2]]`},
		{"single ones", "}Va\nK\x01sVa\nK\x02s.", `[["str a",2]]`},
		{"numbers", "}(K\x01K\x01G\x3f\xf0\x00\x00\x00\x00\x00\x00K\x02\x88K\x03u.", `[["int 1",3]]`},
		{"int and Decimal", "}(K\x01K\x01cdecimal\nDecimal\n(V1.00\ntRK\x02u.", `[["int 1",2]]`},
		{"tuples", "}(K\x01Vx\n\x86K\x01K\x01Vx\n\x86K\x02u.", `[["tuple",2]]`},
		{"text and Python 2's", "}(S'a'\nK\x01Va\nK\x02u.", `[["str a",2]]`},
		{"NaN twice", "}(G\x7f\xf8\x00\x00\x00\x00\x00\x00K\x01G\x7f\xf8\x00\x00\x00\x00\x00\x00K\x02u.", `[["float",1],["float",2]]`},
		{"DICT", "(Va\nK\x01Va\nK\x02d.", `[["str a",2]]`},
		{"many", "}(" + strings.Repeat("Va\nK\x01Vb\nK\x02", 10) + "Va\nK\x05u.", `[["str a",5],["str b",2]]`},
	} {
		d, err := Serializer{}.Loads([]byte(c.raw))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []string
		for k, v := range d.All() {
			name := map[bool]string{true: "float"}[reflect.TypeOf(k).Kind() == reflect.Float64]
			switch k := k.(type) {
			case string:
				name = "str " + k
			case int64:
				name = "int " + big.NewInt(k).String()
			case serializer.Tuple:
				name = "tuple"
			}
			got = append(got, `["`+name+`",`+big.NewInt(v.(int64)).String()+`]`)
		}
		if got := "[" + strings.Join(got, ",") + "]"; got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name string
		raw  string
		lim  serializer.Limits
	}{
		{"size", "\x80\x02]q\x00.", serializer.Limits{Size: 5}},
		{"depth", "]]]aa.", serializer.Limits{Depth: 2}},
		{"depth of a shared list", "](]q\x00]h\x00ae.", serializer.Limits{Depth: 2}},
		{"nodes", "](K\x01K\x02K\x03e.", serializer.Limits{Nodes: 3}},
		{"digits", "\x80\x02\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01.", serializer.Limits{Digits: 10}},
		{"digits in text", "L12345678901L\n.", serializer.Limits{Digits: 10}},
	} {
		if _, err := Load([]byte(c.raw), nil); err != nil {
			t.Errorf("%s: %v without a limit", c.name, err)
		}
		_, err := Load([]byte(c.raw), &Options{Limits: c.lim})
		if !errors.Is(err, serializer.ErrLimit) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	long := strings.Repeat("x", 100)
	if _, err := Append(nil, long, &Options{Limits: serializer.Limits{Size: 50}}); !errors.Is(err, serializer.ErrLimit) {
		t.Errorf("a long text: %v", err)
	}
}

func TestAppendErrors(t *testing.T) {
	endless := serializer.Tuple{nil}
	endless[0] = endless
	for _, c := range []struct {
		name     string
		v        any
		protocol int
		want     error
	}{
		{"no protocol 1", nil, 1, serializer.ErrType},
		{"no protocol 6", nil, 6, serializer.ErrType},
		{"a negative protocol", nil, -1, serializer.ErrType},
		{"a channel", make(chan int), 0, serializer.ErrType},
		{"text that is not UTF-8", "\xff", 0, serializer.ErrType},
		{"a name that is not UTF-8", serializer.Global{Module: "\xff", Name: "x"}, 0, serializer.ErrType},
		{"a name with half a character", serializer.Global{Module: "m", Name: "\xed\xb8\x80"}, 3, serializer.ErrType},
		{"a name of two lines", serializer.Global{Module: "os\nsystem\n", Name: "x"}, 2, serializer.ErrType},
		{"a date that does not exist", serializer.Date{Year: 2023, Month: 2, Day: 29}, 0, serializer.ErrType},
		{"a time that does not exist", serializer.Time{Hour: 24}, 0, serializer.ErrType},
		{"a datetime that does not exist", serializer.DateTime{}, 0, serializer.ErrType},
		{"a timedelta that does not exist", serializer.TimeDelta{Seconds: -1}, 0, serializer.ErrType},
		{"a fraction that is none", serializer.Fraction{Text: "1/x", Pair: true}, 0, serializer.ErrType},
		{"keyword arguments", &serializer.Object{How: pyobject.NewEx, Class: serializer.Global{Module: "m", Name: "C"}, Kwargs: serializer.NewDict()}, 3, serializer.ErrType},
		{"an object made in no way", &serializer.Object{How: 9}, 0, serializer.ErrType},
		{"a tuple of itself", endless, 0, serializer.ErrLimit},
	} {
		before := []byte("before")
		got, err := Append(before, c.v, &Options{Protocol: c.protocol})
		if !errors.Is(err, c.want) || string(got) != "before" {
			t.Errorf("%s: got %q, %v, want %v", c.name, got, err, c.want)
		}
		var typed *serializer.ConvertError
		if !errors.As(err, &typed) {
			t.Errorf("%s: %T is no *ConvertError", c.name, err)
		}
	}
}

func TestFreeze(t *testing.T) {
	type inner struct {
		N int `json:"n"`
	}
	when := time.Date(2030, 1, 2, 3, 4, 5, 678901999, time.FixedZone("", 3600))
	for _, c := range []struct {
		name string
		v    any
		want string // a Python expression would say the same
	}{
		{"nil", nil, "N"},
		{"int", int32(7), "K\x07"},
		{"uint64", uint64(math.MaxUint64), "\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x00"},
		{"bytes", []byte("ab"), "C\x02ab\x94"},
		{"array of bytes", [2]byte{1, 2}, "C\x02\x01\x02\x94"},
		{"time", when, "\x8c\x08datetime\x94\x8c\x08datetime\x94\x93\x94C\x0a\x07\xee\x01\x02\x02\x04\x05\x0a\x5b\xf5\x94h\x00\x8c\x08timezone\x94\x93\x94h\x00\x8c\x09timedelta\x94\x93\x94K\x00K\x00K\x00\x87\x94R\x94\x85\x94R\x94\x86\x94R\x94"},
		{"duration", 90 * time.Second, "\x8c\x08datetime\x94\x8c\x09timedelta\x94\x93\x94K\x00K\x5aK\x00\x87\x94R\x94"},
		{"struct", struct {
			A string `json:"a"`
			B []inner
			C int `json:"-"`
			D int `json:",omitempty"`
		}{A: "x", B: []inner{{1}, {2}}}, "}\x94(\x8c\x01a\x94\x8c\x01x\x94\x8c\x01B\x94]\x94(}\x94\x8c\x01n\x94K\x01s}\x94h\x06K\x02seu"},
		{"map", map[string]int{"b": 1, "a": 2}, "}\x94(\x8c\x01a\x94K\x02\x8c\x01b\x94K\x01u"},
		{"map of ints", map[int]string{10: "x", 9: "y"}, "}\x94(K\x09\x8c\x01y\x94K\x0a\x8c\x01x\x94u"},
		{"pointer", &inner{3}, "}\x94\x8c\x01n\x94K\x03s"},
		{"nil pointer", (*inner)(nil), "N"},
		{"nil slice", []string(nil), "N"},
		{"JSON", serializer.RawJSON(`{"k":[1]}`), "}\x94\x8c\x01k\x94]\x94K\x01as"},
	} {
		v, err := Serializer{}.Freeze(c.v)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got, err := Append(nil, v, nil)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		// Without what stands around it.
		body := strings.TrimSuffix(string(got[2:]), ".")
		if strings.HasPrefix(body, "\x95") {
			body = body[9:]
		}
		if body != c.want {
			t.Errorf("%s:\ngot  %q\nwant %q", c.name, body, c.want)
		}
	}
	for name, v := range map[string]any{
		"channel": make(chan int), "half a microsecond": 500 * time.Nanosecond, "year 0": time.Time{}.AddDate(-1, 0, 0),
		"not UTF-8": "\xff", "not JSON": serializer.RawJSON("{"),
	} {
		if _, err := (Serializer{}).Freeze(v); !errors.Is(err, serializer.ErrType) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFreezeCopies changes a value after it was frozen, and what Value returned.
func TestFreezeCopies(t *testing.T) {
	items := []any{int64(1), []any{"x"}}
	items[1] = append(items[1].([]any), items) // holds itself
	v, err := Serializer{}.Freeze(items)
	if err != nil {
		t.Fatal(err)
	}
	d := serializer.NewDict().With("v", v)
	items[0] = int64(99)
	got, _ := d.Get("v")
	first := got.([]any)
	if first[0] != int64(1) {
		t.Error("the frozen value has changed with what it was made of")
	}
	if !sameList(first[1].([]any)[1].([]any), first) {
		t.Error("the list does not hold itself any more")
	}
	first[0] = int64(98)
	again, _ := d.Get("v")
	if again.([]any)[0] != int64(1) {
		t.Error("the frozen value has changed with what Value returned")
	}
}

func TestSniff(t *testing.T) {
	for _, p := range corpus(t) {
		if !Sniff(p.raw) {
			t.Errorf("%s is no pickle", p.name)
		}
		if Sniff(append(p.raw, 'x')) {
			t.Errorf("%s with more behind it is one", p.name)
		}
	}
	for _, text := range []string{
		"", ".", `{"a":1}`, `[1,2]`, "{}", "[]", `"text"`, "null", "12",
		"eyJfYXV0aF91c2VyX2lkIjoiMSIsIm4iOjd9:1r31eq:5OU22IiN7w-qYuvcnQ8pTFU3LfjfJVmka9W9dae38XY",
		".eJyrVspLzE1VslJQKqksSFXSUVBKLC3JiC8tTi2KBwA:1r31eq:5OU22IiN7w-qYuvcnQ8pTFU3LfjfJVmka9W9dae38XY",
		"gAWVHwAAAAAAAAB9lCiMDV9hdXRoX3VzZXJfaWSUjAExlIwBbpRLB3Uu",
	} {
		if Sniff([]byte(text)) {
			t.Errorf("%q is a pickle", text)
		}
	}
}

// TestAllocations reads the keys of a login.
func TestAllocations(t *testing.T) {
	for _, p := range corpus(t) {
		if p.vector != "login" || p.protocol != 4 && p.protocol != 5 {
			continue
		}
		n := testing.AllocsPerRun(100, func() {
			d, err := Serializer{}.Loads(p.raw)
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{"_auth_user_id", "_auth_user_backend", "_auth_user_hash"} {
				if v, _ := d.Get(key); v == nil {
					t.Fatal("a key is not there")
				}
			}
		})
		if n > 8 {
			t.Errorf("%s: %v allocations, want at most 8", p.name, n)
		}
	}
}

// TestChangeAllocations changes a key of a cart and writes it.
func TestChangeAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget")
	}
	for _, p := range corpus(t) {
		if p.vector != "cart" || p.protocol != 5 {
			continue
		}
		d, err := Serializer{}.Loads(p.raw)
		if err != nil {
			t.Fatal(err)
		}
		var dst []byte
		for what, d := range map[string]*serializer.Dict{"as it was read": d, "changed before": d.With("visits", int64(1))} {
			i := int64(1000)
			n := testing.AllocsPerRun(100, func() {
				i++
				if dst, err = (Serializer{}).Dumps(dst[:0], d.With("visits", i)); err != nil {
					t.Fatal(err)
				}
			})
			if n > 2 { // the number, and the dict
				t.Errorf("%s: %v allocations, want at most 2", what, n)
			}
		}
	}
}

// TestQuiet reads and writes what holds a secret, wrongly: no error tells it.
func TestQuiet(t *testing.T) {
	const secret = "hunter2"
	var errs []error
	for _, raw := range []string{
		"}(V" + secret + "\n]Ns", "X\xff\x00\x00\x00" + secret, "c" + secret + "\n", "S" + secret + "\n.", "I" + secret + "\n.",
		"L" + secret + "\n.", "F" + secret + "\n.", "g" + secret + "\n.", "V" + secret + "\n]b.", "V\\u" + secret + "\n.",
	} {
		_, err := Load([]byte(raw), nil)
		errs = append(errs, err)
	}
	for _, v := range []any{
		secret + "\xff", serializer.Global{Module: secret + "\xff"}, map[string]any{"k": "\xff" + secret}, serializer.Fraction{Text: secret, Pair: true},
	} {
		_, err := Append(nil, v, nil)
		errs = append(errs, err)
	}
	for _, err := range errs {
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("got %v", err)
		}
	}
}
