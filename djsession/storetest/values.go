package storetest

import (
	"fmt"
	"math"
	"math/big"
	"strings"

	"github.com/go-djsession/go-djsession/serializer"
)

// samples are sessions that a store must return as they are, with any serializer of the
// site.
var samples = []struct {
	name string
	data *serializer.Dict
}{
	{"empty", serializer.NewDict()},
	{"login", dict(
		"_auth_user_id", "1",
		"_auth_user_backend", "django.contrib.auth.backends.ModelBackend",
		"_auth_user_hash", strings.Repeat("0123456789abcdef", 4))},
	{"order is insertion order", dict("z", int64(1), "a", int64(2), "m", int64(3), "B", int64(4), "_", int64(5))},
	{"none and bools", dict("none", nil, "true", true, "false", false)},
	{"ints", dict("zero", int64(0), "neg", int64(-1), "max", int64(math.MaxInt64), "min", int64(math.MinInt64),
		"2**64", bigInt("18446744073709551616"), "-10**40", bigInt("-1"+strings.Repeat("0", 40)))},
	{"floats stay floats", dict("one", 1.0, "minus zero", math.Copysign(0, -1), "large", 1e16, "tiny", 5e-324,
		"inf", math.Inf(1), "-inf", math.Inf(-1), "nan", math.NaN(), "third", 1.0/3)},
	{"odd texts", dict("empty", "", "nul", "a\x00b", "control", "\b\f\n\r\t\x01\x1f\x7f", "quotes", `"'\/`,
		"html", "<script>&amp;", "sql", "'; DROP TABLE django_session; --", "percent", "%s %d %%", "sep", "\u2028\u2029",
		"accents", "é è ü ß", "cjk", "日本語", "astral", "😀𝒳", "bom", "\ufeffx", "lone surrogate", "\xed\xa0\x80", "spaces", "  x  ")},
	{"odd names", dict("", int64(1), " ", int64(2), "ключ", int64(3), "a.b[0]", int64(4), "😀", int64(5), strings.Repeat("n", 300), int64(6))},
	{"nested", dict("list", []any{int64(1), 1.0, "1", nil, []any{[]any{}}}, "dict", dict("z", dict("y", dict("x", []any{dict()})), "a", true))},
	{"deep", dict("deep", nest(100))},
	{"many keys", manyKeys(300)},
}

func dict(items ...any) *serializer.Dict {
	d := serializer.NewDict()
	for i := 0; i < len(items); i += 2 {
		d = d.With(items[i].(string), items[i+1])
	}
	return d
}

func bigInt(text string) *big.Int {
	n, _ := new(big.Int).SetString(text, 10)
	return n
}

func nest(depth int) any {
	var v any = "bottom"
	for range depth {
		v = []any{v}
	}
	return v
}

func manyKeys(n int) *serializer.Dict {
	items := make([]serializer.Item, n)
	for i := range items {
		items[i] = serializer.Item{Key: fmt.Sprintf("key%d", (i*7)%n), Value: int64(i)}
	}
	return serializer.NewDict(items...)
}

// noise returns n letters that do not compress well.
func noise(n int) string {
	text := make([]byte, n)
	x := uint32(2463534242)
	for i := range text {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		text[i] = 'a' + byte(x>>24)%26
	}
	return string(text)
}

// describe returns a value as text with its types, so that 1, 1.0 and "1" always differ
// and NaN equals itself.
func describe(v any) string {
	var b strings.Builder
	write(&b, v)
	return b.String()
}

func write(b *strings.Builder, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("None")
	case *serializer.Dict:
		b.WriteByte('{')
		for k, v := range v.All() {
			write(b, k)
			b.WriteByte(':')
			write(b, v)
			b.WriteByte(' ')
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for _, v := range v {
			write(b, v)
			b.WriteByte(' ')
		}
		b.WriteByte(']')
	case string:
		fmt.Fprintf(b, "%+q", v)
	case int:
		fmt.Fprintf(b, "int(%d)", v)
	case int64:
		fmt.Fprintf(b, "int(%d)", v)
	case *big.Int:
		fmt.Fprintf(b, "int(%v)", v)
	case float64:
		fmt.Fprintf(b, "float(%g)", v)
	default:
		fmt.Fprintf(b, "%T(%v)", v, v)
	}
}

// clip shortens a text for a message.
func clip(s string) string {
	if len(s) > 500 {
		return fmt.Sprintf("%s... (%d bytes)", s[:500], len(s))
	}
	return s
}
