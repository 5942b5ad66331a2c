package base62

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"
)

func TestAppendIntAndParse(t *testing.T) {
	tests := []struct {
		text string
		want int64
	}{
		// What b62_encode of Django 6.1.3 answers.
		{"0", 0}, {"1", 1}, {"A", 10}, {"a", 36}, {"z", 61}, {"10", 62}, {"-1", -1}, {"-z", -61}, {"-10", -62},
		{"1kv7rL", 1609459199}, {"1vS0DV", 1765058005}, {"-1vS0DV", -1765058005},
		{"AzL8n0Y58m7", math.MaxInt64}, {"-AzL8n0Y58m8", math.MinInt64},
	}
	for _, tt := range tests {
		if got := string(AppendInt([]byte("x"), tt.want)); got != "x"+tt.text {
			t.Errorf("AppendInt(x, %d) = %s, want x%s", tt.want, got, tt.text)
		}
		got, err := Parse(tt.text)
		if got != tt.want || err != nil {
			t.Errorf("Parse(%q) = %d, %v, want %d", tt.text, got, err, tt.want)
		}
		if got, err = Parse([]byte(tt.text)); got != tt.want || err != nil {
			t.Errorf("Parse([]byte(%q)) = %d, %v, want %d", tt.text, got, err, tt.want)
		}
	}
}

func TestParseOdd(t *testing.T) {
	tests := []struct {
		text string
		want int64
		err  error
		why  string
	}{
		{"000A", 10, nil, "leading zeros"},
		{"-0", 0, nil, "minus zero"},
		{"-", 0, nil, "b62_decode gives 0 for a lone sign"},
		{"", 0, ErrSyntax, "IndexError in Django"},
		{"--1", 0, ErrSyntax, "one sign only"},
		{"+1", 0, ErrSyntax, "no plus"},
		{"1-", 0, ErrSyntax, "sign at the end"},
		{"1 ", 0, ErrSyntax, "white space"},
		{"1_0", 0, ErrSyntax, "underscore is for int(), not here"},
		{"é", 0, ErrSyntax, "not ASCII"},
		{"AzL8n0Y58m8", math.MaxInt64, ErrRange, "one too many"},
		{"-AzL8n0Y58m9", math.MinInt64, ErrRange, "one too few"},
		{"Lzzzzzzzzzz", math.MaxInt64, ErrRange, "wraps in 64 bits when multiplied carelessly"},
		{strings.Repeat("z", 5000), math.MaxInt64, ErrRange, "very long"},
		{strings.Repeat("z", 50) + "!", 0, ErrSyntax, "bad digit after the overflow"},
		{strings.Repeat("0", 5000) + "z", 61, nil, "long and small"},
	}
	for _, tt := range tests {
		got, err := Parse(tt.text)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s: Parse(%.20q) = %d, %v, want %d, %v", tt.why, tt.text, got, err, tt.want, tt.err)
		}
	}
}

// The oracle is big.Int, whose base 62 has lower case before upper case.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "-", "0", "-0", "1vS0DV", "AzL8n0Y58m7", "-AzL8n0Y58m8", "AzL8n0Y58m8", "zzzzzzzzzzzzzzzz", "+1", "_"} {
		f.Add(s)
	}
	swap := func(s string) string {
		return strings.Map(func(r rune) rune {
			switch {
			case 'a' <= r && r <= 'z':
				return r - 'a' + 'A'
			case 'A' <= r && r <= 'Z':
				return r - 'A' + 'a'
			case '0' <= r && r <= '9' || r == '-':
				return r
			}
			return '!'
		}, s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Parse(s)
		want, ok := new(big.Int).SetString(swap(s), 62)
		switch {
		case s == "-":
			if got != 0 || err != nil {
				t.Fatalf("Parse(%q) = %d, %v", s, got, err)
			}
		case !ok:
			if !errors.Is(err, ErrSyntax) {
				t.Fatalf("Parse(%q) = %d, %v, want ErrSyntax", s, got, err)
			}
		case !want.IsInt64():
			nearest := int64(math.MaxInt64)
			if want.Sign() < 0 {
				nearest = math.MinInt64
			}
			if got != nearest || !errors.Is(err, ErrRange) {
				t.Fatalf("Parse(%q) = %d, %v, want %d, ErrRange", s, got, err, nearest)
			}
		default:
			if err != nil || got != want.Int64() {
				t.Fatalf("Parse(%q) = %d, %v, want %d", s, got, err, want)
			}
			again, err := Parse(AppendInt(nil, got))
			if again != got || err != nil {
				t.Fatalf("Parse(AppendInt(%d)) = %d, %v", got, again, err)
			}
		}
	})
}
