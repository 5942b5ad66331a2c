package serializer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-djsession/go-djsession/fixtures"
	"github.com/go-djsession/go-djsession/internal/tagged"
	"github.com/go-djsession/go-djsession/serializer"
)

// addVectors seeds f with every text that a fixture gives to json.loads, and with
// what Django made of every value that it wrote. Both stand in a dict as well.
func addVectors(f *testing.F) {
	seeds := map[string]bool{}
	for _, set := range fixtures.Sets() {
		vectors, err := fixtures.JSON(set)
		if err != nil {
			f.Fatal(err)
		}
		for _, v := range vectors {
			text := ""
			switch {
			case v.In.Data != nil:
				if text, err = v.In.Data.Text(); err != nil {
					f.Fatal(err)
				}
			case v.Out.JSON != nil:
				text = *v.Out.JSON
			}
			if text == "" || len(text) > 1000 || seeds[text] {
				continue
			}
			seeds[text] = true
			f.Add([]byte(text))
			f.Add([]byte(`{"k":` + text + `}`))
		}
	}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
}

// FuzzLoads: what is read is written so that reading it again gives the same, and
// text as Django writes it does not change at all.
func FuzzLoads(f *testing.F) {
	addVectors(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := serializer.JSON{}.Loads(data)
		if err != nil {
			if !errors.Is(err, serializer.ErrSyntax) && !errors.Is(err, serializer.ErrNotDict) && !errors.Is(err, serializer.ErrLimit) {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		if d.Len() > len(data)/4 {
			t.Fatalf("%d keys in %d bytes", d.Len(), len(data))
		}
		once := dumps(t, d)
		again := loads(t, once)
		if got := dumps(t, again); got != once {
			t.Fatalf("written as %q, then as %q", once, got)
		}
		var rebuilt []serializer.Item
		for k, v := range d.All() {
			frozen, err := serializer.JSON{}.Freeze(v)
			if err != nil {
				t.Fatalf("%v was read but cannot be written: %v", k, err)
			}
			rebuilt = append(rebuilt, serializer.Item{Key: k, Value: frozen})
		}
		// Now as Python would write it.
		anew := dumps(t, serializer.NewDict(rebuilt...))
		if got := dumps(t, loads(t, anew)); got != anew {
			t.Fatalf("Django's text %q became %q", anew, got)
		}
		for i := range len(anew) {
			if anew[i] < ' ' || anew[i] > '~' {
				t.Fatalf("%q is not printable ASCII", anew)
			}
		}
		if a, b := taggedText(t, d), taggedText(t, loads(t, anew)); a != b {
			t.Fatalf("values changed from %s to %s", a, b)
		}
	})
}

func taggedText(t *testing.T, v any) string {
	t.Helper()
	text, err := tagged.Append(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// FuzzAgainstEncodingJSON: on ASCII text without what only Python knows, the
// standard library accepts the same and reads the same.
func FuzzAgainstEncodingJSON(f *testing.F) {
	addVectors(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, c := range data {
			if c >= 0x80 {
				return
			}
		}
		d, err := serializer.JSON{}.Loads(data)
		if errors.Is(err, serializer.ErrLimit) || bytes.Contains(data, []byte("NaN")) || bytes.Contains(data, []byte("Infinity")) {
			return
		}
		if got := !errors.Is(err, serializer.ErrSyntax); got != json.Valid(data) {
			t.Fatalf("%q: valid is %v here, %v there", data, got, !got)
		}
		if err != nil || bytes.Contains(bytes.ToLower(data), []byte(`\ud`)) { // it replaces surrogates
			return
		}
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber()
		var std map[string]any
		if err := dec.Decode(&std); err != nil {
			t.Fatalf("%q: %v", data, err)
		}
		if got, want := freeze(t, sorted(d)), freeze(t, std); got != want {
			t.Fatalf("%q: got %s, want %s", data, got, want)
		}
	})
}

// sorted turns Dicts into maps.
func sorted(v any) any {
	switch v := v.(type) {
	case *serializer.Dict:
		m := map[string]any{}
		for k, in := range v.All() {
			m[k.(string)] = sorted(in)
		}
		return m
	case []any:
		for i, in := range v {
			v[i] = sorted(in)
		}
	}
	return v
}

// FuzzFreezeConvert: what is written reads back as it was.
func FuzzFreezeConvert(f *testing.F) {
	f.Add("text", int64(1), 1.5, true, []byte("a"))
	f.Add("\xed\xa0\x80\xff", int64(math.MinInt64), math.Copysign(0, -1), false, []byte{})
	f.Add("é\u2028\x7f😀\"\\", int64(math.MaxInt64), 1e16, false, []byte{255})
	f.Add("\xed\xa0\xbd\xed\xb8\x80", int64(0), math.NaN(), false, []byte{0})
	type values struct {
		S  string             `json:"s"`
		I  int64              `json:"i"`
		F  float64            `json:"f"`
		B  bool               `json:"b"`
		M  map[string]float32 `json:"m"`
		P  *string            `json:"p,omitempty"`
		QS string             `json:"qs,string"`
		QI int64              `json:"qi,string"`
		A  any                `json:"a"`
		L  []int16            `json:"l"`
	}
	f.Fuzz(func(t *testing.T, s string, i int64, fl float64, b bool, raw []byte) {
		v := values{S: s, I: i, F: fl, B: b, M: map[string]float32{s: float32(fl)}, P: &s, QS: s, QI: i, A: s}
		for _, c := range raw {
			v.L = append(v.L, int16(c)-128)
		}
		frozen, err := serializer.JSON{}.Freeze(v)
		if err != nil {
			if utf8.ValidString(s) || !errors.Is(err, serializer.ErrType) {
				t.Fatalf("%+v: %v", v, err)
			}
			return
		}
		back, err := serializer.Convert[values](frozen)
		if err != nil {
			t.Fatalf("%s: %v", frozen, err)
		}
		if fl != fl {
			v.F, back.F, v.M, back.M = 0, 0, nil, nil
		}
		// Two halves that stand side by side are one character to json.loads.
		if strings.Contains(s, "\xed") && !utf8.ValidString(s) {
			return
		}
		if !reflect.DeepEqual(back, v) || math.Signbit(back.F) != math.Signbit(v.F) {
			t.Fatalf("%s: got %+v, want %+v", frozen, back, v)
		}
	})
}
