package serializer_test

import (
	"errors"
	"math"
	"math/big"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/serializer"
)

func loads(t *testing.T, text string) *serializer.Dict {
	t.Helper()
	d, err := serializer.JSON{}.Loads([]byte(text))
	if err != nil {
		t.Fatalf("Loads(%q): %v", text, err)
	}
	return d
}

func dumps(t *testing.T, d *serializer.Dict) string {
	t.Helper()
	out, err := serializer.JSON{}.Dumps(nil, d)
	if err != nil {
		t.Fatalf("Dumps: %v", err)
	}
	return string(out)
}

// freeze returns the JSON of v.
func freeze(t *testing.T, v any) string {
	t.Helper()
	frozen, err := serializer.JSON{}.Freeze(v)
	if err != nil {
		t.Fatalf("Freeze(%T): %v", v, err)
	}
	return string(frozen.(serializer.RawJSON))
}

func TestUntouchedValuesGoBackAsTheyCame(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"as Django writes it", `{"a":1,"b":[1.5,"x"],"c":{"d":null}}`, ""},
		{"no key", `{}`, ""},
		{"space between tokens is ours, within values theirs", " { \"a\" :\t[ 1 , 2 ]\r\n, \"b\": {} } ", `{"a":[ 1 , 2 ],"b":{}}`},
		{"escapes that Python does not write", `{"a":"\u0041\/\u00E9"}`, ""},
		{"numbers that Python does not write", `{"a":1E5,"b":-0,"c":1.50,"d":1e400}`, ""},
		{"raw bytes, read as latin-1", "{\"a\":\"caf\xe9 \xc3\xa9\"}", ""},
		{"raw bytes in a key", "{\"\xe9\":1}", `{"\u00e9":1}`},
		{"escapes in a key", `{"\u0041\/":1,"\u00E9":2}`, `{"A/":1,"\u00e9":2}`},
		{"a repeated key: first place, last value", `{"a":1,"b":2,"a":3}`, `{"a":3,"b":2}`},
		{"a repeated key, escaped", `{"a":1,"b":2,"\u0061":3}`, `{"a":3,"b":2}`},
		{"a repeated key further down is not touched", `{"x":{"a":1,"a":2}}`, ""},
		{"lone surrogates", `{"\ud800":"\udfff\ud800"}`, ""},
		{"DEL raw in a value, escaped in a key", "{\"\x7f\":\"\x7f\"}", "{\"\\u007f\":\"\x7f\"}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := tt.want
			if want == "" {
				want = tt.in
			}
			if got := dumps(t, loads(t, tt.in)); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestChangingOneKeyLeavesTheOthers(t *testing.T) {
	d := loads(t, `{"a":[ 1 ],"b":1E5,"c":"\u00E9"}`)
	frozen, err := serializer.JSON{}.Freeze(map[string]any{"n": 1})
	if err != nil {
		t.Fatal(err)
	}
	got := dumps(t, d.With("b", frozen).With("new", true).Without("a"))
	if want := `{"b":{"n":1},"c":"\u00E9","new":true}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDumpsAppends(t *testing.T) {
	out, err := serializer.JSON{}.Dumps([]byte("x"), loads(t, `{"a":1}`))
	if err != nil || string(out) != `x{"a":1}` {
		t.Errorf("got %q, %v", out, err)
	}
	out, err = serializer.JSON{}.Dumps([]byte("x"), serializer.NewDict(serializer.Item{Key: "a", Value: make(chan int)}))
	if err == nil || string(out) != "x" {
		t.Errorf("after an error: got %q, %v", out, err)
	}
	if got := dumps(t, nil); got != "{}" {
		t.Errorf("a nil Dict gave %s", got)
	}
}

func TestValues(t *testing.T) {
	huge, _ := new(big.Int).SetString("-9223372036854775809", 10)
	tests := []struct {
		in   string
		want any
	}{
		{`null`, nil}, {`true`, true}, {`false`, false},
		{`0`, int64(0)}, {`-0`, int64(0)}, {`9223372036854775807`, int64(math.MaxInt64)}, {`-9223372036854775809`, huge},
		{`1.0`, 1.0}, {`1E5`, 1e5}, {`1e400`, math.Inf(1)}, {`-1e400`, math.Inf(-1)}, {`1e-400`, 0.0}, {`-0.0`, math.Copysign(0, -1)},
		{`Infinity`, math.Inf(1)}, {`-Infinity`, math.Inf(-1)},
		{`""`, ""}, {`"a\"\\\/\b\f\n\r\t"`, "a\"\\/\b\f\n\r\t"}, {`"\u00e9\u0000"`, "é\x00"},
		{"\"\xc3\xa9\"", "Ã©"}, {"\"\x80\xff\"", "\u0080ÿ"},
		{`"\ud83d\ude00"`, "😀"}, {`"\uDBFF\uDFFF"`, "\U0010ffff"},
		{`"\ud83d"`, "\xed\xa0\xbd"}, {`"\ude00\ud83d"`, "\xed\xb8\x80\xed\xa0\xbd"}, {`"\ud83dx\ude00"`, "\xed\xa0\xbdx\xed\xb8\x80"},
		{`"\ud83d\ud83d\ude00"`, "\xed\xa0\xbd😀"}, {`"\ud83d\n"`, "\xed\xa0\xbd\n"}, {`"\ud83d\\ude00"`, "\xed\xa0\xbd\\ude00"},
		{`[]`, []any{}}, {`[ 1 , "a" , [ ] ]`, []any{int64(1), "a", []any{}}},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, ok := loads(t, `{"v":`+tt.in+`}`).Get("v")
			if !ok || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %#v, want %#v", got, tt.want)
			}
			if f, ok := tt.want.(float64); ok && math.Signbit(f) != math.Signbit(got.(float64)) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	if f, _ := loads(t, `{"v":NaN}`).Get("v"); !math.IsNaN(f.(float64)) {
		t.Errorf("NaN became %v", f)
	}
	in, _ := loads(t, `{"v":{"b":1,"a":{},"b":2}}`).Get("v")
	if got := freeze(t, in); got != `{"b":2,"a":{}}` {
		t.Errorf("a dict became %s", got)
	}
}

func TestValuesAreCopies(t *testing.T) {
	d := loads(t, `{"v":[1,[2]]}`)
	a, _ := d.Get("v")
	a.([]any)[0] = "changed"
	a.([]any)[1].([]any)[0] = "changed"
	b, _ := d.Get("v")
	if want := []any{int64(1), []any{int64(2)}}; !reflect.DeepEqual(b, want) {
		t.Errorf("got %v, want %v", b, want)
	}
}

func TestLoadsRefuses(t *testing.T) {
	deep := strings.Repeat("[", 1_000_000)
	tests := []struct {
		name, in string
		err      error
		offset   int
	}{
		{"nothing", ``, serializer.ErrSyntax, 0},
		{"space", "  ", serializer.ErrSyntax, 2},
		{"a byte order mark", "\xef\xbb\xbf{}", serializer.ErrSyntax, 0},
		{"an open dict", `{`, serializer.ErrSyntax, 1},
		{"an open key", `{"a`, serializer.ErrSyntax, 3},
		{"no value", `{"a":}`, serializer.ErrSyntax, 5},
		{"no colon", `{"a" 1}`, serializer.ErrSyntax, 5},
		{"a comma at the end", `{"a":1,}`, serializer.ErrSyntax, 7},
		{"no comma", `{"a":1 "b":2}`, serializer.ErrSyntax, 7},
		{"a comma in front", `{,"a":1}`, serializer.ErrSyntax, 1},
		{"a key without quotes", `{a:1}`, serializer.ErrSyntax, 1},
		{"single quotes", `{'a':1}`, serializer.ErrSyntax, 1},
		{"a number as key", `{1:1}`, serializer.ErrSyntax, 1},
		{"data behind", `{}x`, serializer.ErrSyntax, 2},
		{"a zero byte behind", "{}\x00", serializer.ErrSyntax, 2},
		{"no-break space", "{\"a\":\xa01}", serializer.ErrSyntax, 5},
		{"form feed", "{\f}", serializer.ErrSyntax, 1},
		{"a control character in a string", "{\"a\":\"x\ny\"}", serializer.ErrSyntax, 7},
		{"an unknown escape", `{"a":"\x41"}`, serializer.ErrSyntax, 6},
		{"a short unicode escape", `{"a":"\u12"}`, serializer.ErrSyntax, 6},
		{"a unicode escape at the end", `{"a":"\u12`, serializer.ErrSyntax, 6},
		{"a backslash at the end", `{"a":"\`, serializer.ErrSyntax, 7},
		{"a sign in a unicode escape", `{"a":"\u+123"}`, serializer.ErrSyntax, 6},
		{"a bad second half", `{"a":"\ud83d\u12"}`, serializer.ErrSyntax, 12},
		{"a leading zero", `{"a":01}`, serializer.ErrSyntax, 6},
		{"a plus", `{"a":+1}`, serializer.ErrSyntax, 5},
		{"a minus alone", `{"a":-}`, serializer.ErrSyntax, 6},
		{"-NaN", `{"a":-NaN}`, serializer.ErrSyntax, 6},
		{"no digit behind the point", `{"a":1.}`, serializer.ErrSyntax, 7},
		{"no digit before the point", `{"a":.5}`, serializer.ErrSyntax, 5},
		{"no exponent", `{"a":1e+}`, serializer.ErrSyntax, 8},
		{"hexadecimal", `{"a":0x1}`, serializer.ErrSyntax, 6},
		{"Python's None", `{"a":None}`, serializer.ErrSyntax, 5},
		{"half a word", `{"a":nul}`, serializer.ErrSyntax, 5},
		{"too long a word", `{"a":nulll}`, serializer.ErrSyntax, 9},
		{"a comment", `{/**/}`, serializer.ErrSyntax, 1},
		{"brackets that do not match", `{"a":[1}`, serializer.ErrSyntax, 7},
		{"a list", `[1]`, serializer.ErrNotDict, 0},
		{"a string", `"a"`, serializer.ErrNotDict, 0},
		{"a broken list", `[1`, serializer.ErrSyntax, 2},
		{"a list with data behind", `[1]]`, serializer.ErrSyntax, 3},
		{"a million brackets", deep, serializer.ErrLimit, 1000},
		{"a million brackets in a dict", `{"a":` + deep, serializer.ErrLimit, 5 + 999},
		{"a million dicts", strings.Repeat(`{"a":`, 1_000_000), serializer.ErrLimit, 5 * 1000},
		{"too many digits", `{"a":` + strings.Repeat("1", 4301) + `}`, serializer.ErrLimit, 5},
		{"too many digits behind a minus", `{"a":-` + strings.Repeat("1", 4301) + `}`, serializer.ErrLimit, 5},
		{"too many values", `{"a":[` + strings.Repeat("1,", 1_000_000) + `1]}`, serializer.ErrLimit, 6 + 2*999_997},
		{"too long", strings.Repeat(" ", 16<<20) + `{}`, serializer.ErrLimit, 16 << 20},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := serializer.JSON{}.Loads([]byte(tt.in))
			var de *serializer.DecodeError
			if d != nil || !errors.Is(err, tt.err) || !errors.As(err, &de) {
				t.Fatalf("got %v, %v, want %v", d, err, tt.err)
			}
			if de.Offset != tt.offset {
				t.Errorf("got offset %d, want %d", de.Offset, tt.offset)
			}
		})
	}
}

func TestLoadsAccepts(t *testing.T) {
	tests := []struct{ name, in string }{
		{"4300 digits", `{"a":` + strings.Repeat("1", 4300) + `}`},
		{"4300 digits behind a minus", `{"a":-` + strings.Repeat("1", 4300) + `}`},
		{"a float of more digits", `{"a":` + strings.Repeat("1", 5000) + `.0}`},
		{"a thousand levels", `{"a":` + strings.Repeat("[", 999) + strings.Repeat("]", 999) + `}`},
		{"a million values", `{"a":[` + strings.Repeat("1,", 999_996) + `1]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { loads(t, tt.in) })
	}
}

func TestLimits(t *testing.T) {
	tests := []struct {
		name   string
		limits serializer.Limits
		good   string
		bad    string
	}{
		{"size", serializer.Limits{Size: 7}, `{"a":1}`, `{"a":1} `},
		{"depth", serializer.Limits{Depth: 2}, `{"a":[]}`, `{"a":[[]]}`},
		{"nodes", serializer.Limits{Nodes: 3}, `{"a":1}`, `{"a":[1]}`},
		{"digits", serializer.Limits{Digits: 2}, `{"a":-12}`, `{"a":123}`},
		{"a negative limit is the default", serializer.Limits{Size: -1, Depth: -1, Nodes: -1, Digits: -1}, `{"a":[1]}`, strings.Repeat("[", 2000)},
		{"no more than 10,000 levels", serializer.Limits{Depth: math.MaxInt},
			`{"a":` + strings.Repeat("[", 9999) + strings.Repeat("]", 9999) + `}`, strings.Repeat("[", 10_001)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			j := serializer.JSON{Limits: tt.limits}
			d, err := j.Loads([]byte(tt.good))
			if err != nil {
				t.Fatalf("refused %q: %v", tt.good[:7], err)
			}
			if _, err := j.Dumps(nil, d); err != nil {
				t.Errorf("read, but not written: %v", err)
			}
			if _, err := j.Loads([]byte(tt.bad)); !errors.Is(err, serializer.ErrLimit) {
				t.Errorf("got %v, want ErrLimit", err)
			}
		})
	}
}

// What is written must be readable again: the limits hold for both.
func TestLimitsOfWriting(t *testing.T) {
	deep := any("x")
	for range 999 {
		deep = []any{deep}
	}
	tests := []struct {
		name   string
		limits serializer.Limits
		v      any
	}{
		{"size", serializer.Limits{Size: 9}, "long enough"},
		{"size of JSON", serializer.Limits{Size: 9}, serializer.RawJSON(`"long enough"`)},
		{"depth", serializer.Limits{Depth: 2}, []any{[]any{}}},
		{"depth of a Go value", serializer.Limits{Depth: 2}, [][]int{{}}},
		{"depth of JSON", serializer.Limits{Depth: 2}, serializer.RawJSON(`[[]]`)},
		{"depth by default", serializer.Limits{}, []any{deep}},
		{"nodes", serializer.Limits{Nodes: 2}, []int{1, 2}},
		{"nodes of a map", serializer.Limits{Nodes: 2}, map[int]int{1: 1, 2: 2, 3: 3}},
		{"digits", serializer.Limits{}, new(big.Int).Exp(big.NewInt(10), big.NewInt(4300), nil)},
		{"very many digits", serializer.Limits{}, new(big.Int).Lsh(big.NewInt(1), 1<<26)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			j := serializer.JSON{Limits: tt.limits}
			if _, err := j.Freeze(tt.v); !errors.Is(err, serializer.ErrLimit) {
				t.Errorf("Freeze gave %v, want ErrLimit", err)
			}
			d := serializer.NewDict(serializer.Item{Key: "k", Value: tt.v})
			if _, err := j.Dumps(nil, d); !errors.Is(err, serializer.ErrLimit) {
				t.Errorf("Dumps gave %v, want ErrLimit", err)
			}
		})
	}
	two := loads(t, `{"a":[1,2],"b":[1,2]}`) // nine values
	for nodes, want := range map[int]error{9: nil, 8: serializer.ErrLimit} {
		j := serializer.JSON{Limits: serializer.Limits{Nodes: nodes}}
		if _, err := j.Dumps(nil, two); !errors.Is(err, want) {
			t.Errorf("Dumps of nine values with a limit of %d: %v", nodes, err)
		}
		if _, err := j.Loads([]byte(dumps(t, two))); !errors.Is(err, want) {
			t.Errorf("Loads of nine values with a limit of %d: %v", nodes, err)
		}
	}
	frozen, err := serializer.JSON{}.Freeze(deep)
	if err != nil {
		t.Fatalf("999 levels refused: %v", err)
	}
	loads(t, dumps(t, serializer.NewDict(serializer.Item{Key: "k", Value: frozen})))
}

// Time and memory stay in proportion to what comes in.
func TestHostileInput(t *testing.T) {
	var keys strings.Builder
	for i := range 200_000 {
		keys.WriteString(`,"`)
		for n := i; n > 0; n /= 26 {
			keys.WriteByte('a' + byte(n%26))
		}
		keys.WriteString(`":0`)
	}
	const most = 64 // bytes for each byte of input
	tests := []struct{ name, in string }{
		{"brackets", strings.Repeat("[", 1_000_000)},
		{"many keys", "{" + keys.String()[1:] + "}"},
		{"one key many times", `{"a":0` + strings.Repeat(`,"a":0`, 200_000) + "}"},
		{"keys that look alike", `{"a":0` + strings.Repeat(`,"aaaaaaaaXaaaaaaaa":0,"aaaaaaaaYaaaaaaaa":0`, 50_000) + "}"},
		{"many escaped keys", `{"a":0` + strings.Repeat(`,"\u0061":0`, 100_000) + "}"},
		{"an open string", `{"a":"` + strings.Repeat(`\"`, 1_000_000)},
		{"small lists", `{"a":[0` + strings.Repeat(`,[]`, 300_000) + "]}"},
		{"small dicts", `{"a":[0` + strings.Repeat(`,{}`, 300_000) + "]}"},
		{"dicts in dicts", `{"a":` + strings.Repeat(`{"":`, 990) + "0" + strings.Repeat("}", 990) + "}"},
		{"large ints", `{"a":[0` + strings.Repeat(`,`+strings.Repeat("9", 4000), 100) + "]}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := []byte(tt.in)
			var before, after runtime.MemStats
			start := time.Now()
			runtime.ReadMemStats(&before)
			d, _ := serializer.JSON{}.Loads(data)
			for range d.All() {
			}
			runtime.ReadMemStats(&after)
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("took %v", took)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > uint64(most*len(data)+10_000) {
				t.Errorf("%d bytes for %d: %d times as many", used, len(data), used/uint64(len(data)))
			} else {
				t.Logf("%d times as many bytes", used/uint64(len(data)))
			}
		})
	}
}

func TestRawJSONIsChecked(t *testing.T) {
	tests := []struct {
		name string
		raw  serializer.RawJSON
	}{
		{"nothing", ""},
		{"no JSON", "hello"},
		{"a way into the next key", `1,"_auth_user_id":"1"`},
		{"a way out of the dict", `1}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := (serializer.JSON{}).Freeze(tt.raw); !errors.Is(err, serializer.ErrType) {
				t.Errorf("Freeze gave %v, want ErrType", err)
			}
			if got := tt.raw.Value(); got != nil {
				t.Errorf("the value is %v", got)
			}
			if _, err := serializer.Convert[string](tt.raw); !errors.Is(err, serializer.ErrType) {
				t.Errorf("Convert gave %v, want ErrType", err)
			}
			if tt.raw == "" {
				return // which no Dict holds: it is None there
			}
			d := serializer.NewDict(serializer.Item{Key: "k", Value: tt.raw})
			if _, err := (serializer.JSON{}).Dumps(nil, d); !errors.Is(err, serializer.ErrType) {
				t.Errorf("Dumps gave %v, want ErrType", err)
			}
			if _, err := serializer.Field(d, "k", 0); !errors.Is(err, serializer.ErrType) {
				t.Errorf("Field gave %v, want ErrType", err)
			}
		})
	}
	if got := freeze(t, serializer.RawJSON(" [1, 2]\n")); got != "[1, 2]" {
		t.Errorf("got %q", got)
	}
}

func TestAllocations(t *testing.T) {
	const login = `{"_auth_user_id":"1","_auth_user_backend":"django.contrib.auth.backends.ModelBackend","_auth_user_hash":"abc"}`
	data := []byte(login)
	d := loads(t, login)
	buf := make([]byte, 0, len(login))
	tests := []struct {
		name string
		most float64
		f    func()
	}{
		{"Loads", 1, func() { _, _ = serializer.JSON{}.Loads(data) }},
		{"Dumps", 0, func() { _, _ = serializer.JSON{}.Dumps(buf, d) }},
		{"Field string", 0, func() { _, _ = serializer.Field(d, "_auth_user_id", "") }},
		{"Field absent", 0, func() { _, _ = serializer.Field(d, "absent", 1) }},
		{"Freeze string", 3, func() { _, _ = serializer.JSON{}.Freeze("text") }},
	}
	for _, tt := range tests {
		if got := testing.AllocsPerRun(100, tt.f); got > tt.most {
			t.Errorf("%s: %v allocations, want at most %v", tt.name, got, tt.most)
		}
	}
}
