package pyliteral

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"
)

// opaque stands for an Opaque in tables: those hold pointers.
type opaque string

// plain replaces what cannot be compared.
func plain(v any) any {
	switch v := v.(type) {
	case Opaque:
		return opaque(v.Text())
	case List:
		return List(plains(v))
	case Tuple:
		return Tuple(plains(v))
	case Set:
		return Set(plains(v))
	case Dict:
		d := Dict{}
		for _, it := range v {
			d = append(d, Item{plain(it.Key), plain(it.Value)})
		}
		return d
	}
	return v
}

func plains(all []any) []any {
	out := []any{}
	for _, v := range all {
		out = append(out, plain(v))
	}
	return out
}

func TestParse(t *testing.T) {
	big1, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	for _, tt := range []struct {
		text string
		want any
	}{
		{"None", nil}, {"True", true}, {"False", false},
		{"0", int64(0)}, {"-12", int64(-12)}, {"10L", int64(10)}, {"123456789012345678901234567890", big1}, {"123456789012345678901234567890L", big1},
		{"1.0", 1.0}, {"1e+16", 1e16}, {"5e-324", 5e-324}, {"-0.5", -0.5}, {"inf", math.Inf(1)}, {"-inf", math.Inf(-1)},
		{`'abc'`, "abc"}, {`"it's"`, "it's"}, {`'it\'s "x"'`, `it's "x"`}, {`'\\\n\t\r\x00'`, "\\\n\t\r\x00"}, {`'é\xa0\u2028\U0001f600'`, "é\u00a0\u2028😀"},
		{`u'\xe9'`, "é"}, {`u'\ud83d\ude00'`, "😀"}, {`'\ud800'`, "\xed\xa0\x80"}, {`'\udc00\ud800'`, "\xed\xb0\x80\xed\xa0\x80"},
		{`'\q\101\0'`, "\\qA\x00"}, {`r'a\n'`, `a\n`}, {`''`, ""},
		{`b'\xff\'"\n'`, []byte("\xff'\"\n")}, {`b'\u0041'`, []byte(`\u0041`)},
		{"[]", List{}}, {"[1, 'a', [2]]", List{int64(1), "a", List{int64(2)}}}, {"[1,\n 2,\n]", List{int64(1), int64(2)}},
		{"()", Tuple{}}, {"(1,)", Tuple{int64(1)}}, {"(1, 2)", Tuple{int64(1), int64(2)}}, {"((1,), )", Tuple{Tuple{int64(1)}}},
		{"{}", Dict{}}, {"{'a': 1, 10: 'x', ('b', 2): {}}", Dict{{"a", int64(1)}, {int64(10), "x"}, {Tuple{"b", int64(2)}, Dict{}}}},
		{"{1, 2}", Set{int64(1), int64(2)}}, {"set()", Set{}}, {"set([u'a'])", Set{"a"}}, {"frozenset({1})", Set{int64(1)}},
		{"OrderedDict([('a', 1)])", Dict{{"a", int64(1)}}}, {"OrderedDict({'a': 1})", Dict{{"a", int64(1)}}}, {"OrderedDict()", Dict{}},
		{"defaultdict(<class 'list'>, {'a': 1})", Dict{{"a", int64(1)}}},
		{"PosixPath('/srv/site')", Path("/srv/site")}, {`WindowsPath('C:/site')`, Path("C:/site")}, {"PurePosixPath('.')", Path(".")}, {"Path(u'/srv')", Path("/srv")},
		{"datetime.timedelta(days=14, seconds=3)", Duration(14*24*time.Hour + 3*time.Second)}, {"datetime.timedelta(14)", Duration(14 * 24 * time.Hour)},
		{"datetime.timedelta(0, 5, 7)", Duration(5*time.Second + 7*time.Microsecond)}, {"datetime.timedelta(0)", Duration(0)},
		{"datetime.timedelta(days=-1, seconds=86399)", Duration(-time.Second)},

		{"datetime.timedelta(days=999999999)", opaque("datetime.timedelta(days=999999999)")},
		{"datetime.timedelta(weeks=1)", opaque("datetime.timedelta(weeks=1)")},
		{"(1+2j)", opaque("(1+2j)")}, {"1 + 2", opaque("1 + 2")}, {"0x7f", opaque("0x7f")}, {"'a' 'b'", opaque("'a' 'b'")}, {"[1][0]", opaque("[1][0]")},
		{"<function f at 0x7f>", opaque("<function f at 0x7f>")},
		{"Decimal('1.5')", opaque("Decimal('1.5')")}, {"os.environ['X']", opaque("os.environ['X']")}, {"NoneType", opaque("NoneType")},
		{"environ.Env('a)', b=[1])", opaque("environ.Env('a)', b=[1])")}, {"PosixPath(1)", opaque("PosixPath(1)")}, {"PosixPath('a') / 'b'", opaque("PosixPath('a') / 'b'")},
		{"<Foo: a\nb>", opaque("<Foo: a\nb>")},
		{"[<class 'a.b'>, 1]", List{opaque("<class 'a.b'>"), int64(1)}},
		{"{'k': <function <lambda> at 0x7f>, 'v': 2}", Dict{{"k", opaque("<function <lambda> at 0x7f>")}, {"v", int64(2)}}},
		{"[<Foo: it's [ (>, 'x']", List{opaque("<Foo: it's [ (>"), "x"}},
		{"[<Foo a='>, ]'>, 'x']", List{opaque("<Foo a='>, ]'>"), "x"}},
		{"[<Signature (x) -> int>, 2]", List{opaque("<Signature (x) -> int>"), int64(2)}},
		{"{'re': re.compile('a,b}', re.I|re.X), 'n': 1}", Dict{{"re", opaque("re.compile('a,b}', re.I|re.X)")}, {"n", int64(1)}}},
		{"(f(1, {2: 3}), lambda x: 1)", nil},
	} {
		got, err := Parse(tt.text, Options{})
		if tt.text[0] == '(' && strings.Contains(tt.text, "lambda") { // code: a colon where none can be
			if !errors.Is(err, ErrSyntax) {
				t.Errorf("%s: got %v, %v", tt.text, got, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if got := plain(got); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %T %#v, want %#v", tt.text, got, got, tt.want)
		}
	}
	if v, err := Parse("nan", Options{}); err != nil || !math.IsNaN(v.(float64)) {
		t.Errorf("nan: got %v, %v", v, err)
	}
}

// TestPython2: a text without u is bytes there.
func TestPython2(t *testing.T) {
	r := Reader{Options: Options{Python2: true}}
	v, _, err := r.Prefix(`('caf\xc3\xa9', u'caf\xe9')`)
	if want := (Tuple{"café", "café"}); err != nil || !reflect.DeepEqual(v, want) || !r.SawUnicode {
		t.Errorf("got %#v, %v, %v, want %#v", v, r.SawUnicode, err, want)
	}
	r = Reader{}
	if _, _, err := r.Prefix(`('u', "u'x'")`); err != nil || r.SawUnicode {
		t.Errorf("no text of Python 2: got %v, %v", r.SawUnicode, err)
	}
}

// TestPrefix: where a value ends that is followed by something else.
func TestPrefix(t *testing.T) {
	for _, tt := range []struct{ text, rest string }{
		{"'a'  ###\nB = 1", "  ###\nB = 1"},
		{"[1,\n 2]\nB = 1", "\nB = 1"},
		{"<f at 0x1>  ###\nB = 1", "\nB = 1"}, // the mark is the caller's to cut off before
		{"None", ""},
	} {
		r := Reader{}
		if _, n, err := r.Prefix(tt.text); err != nil || tt.text[n:] != tt.rest {
			t.Errorf("%q: got %q, %v, want %q", tt.text, tt.text[n:], err, tt.rest)
		}
	}
}

func TestErrors(t *testing.T) {
	const secret = "s3cr3t"
	for _, tt := range []struct {
		name, text string
		want       error
		where      string
	}{
		{"nothing", "", ErrSyntax, "line 1, column 1"},
		{"only spaces", " \n ", ErrSyntax, "line 2, column 2"},
		{"quote", "['a',\n  's3cr3t]", ErrSyntax, "line 2, column 3"},
		{"quote over two lines", "'s3cr3t\n'", ErrSyntax, "line 1, column 1"},
		{"list", "[1, 's3cr3t'", ErrSyntax, "line 1, column 1"},
		{"list after a comma", "[1,", ErrSyntax, "line 1, column 1"},
		{"dict", "{'s3cr3t': ", ErrSyntax, "line 1, column 12"},
		{"kind of bracket", "['s3cr3t')", ErrSyntax, "line 1, column 10"},
		{"no value", "[,]", ErrSyntax, "line 1, column 2"},
		{"no value for a key", "{'s3cr3t': }", ErrSyntax, "line 1, column 12"},
		{"half and half", "{'a': 1, 's3cr3t'}", ErrSyntax, "line 1, column 18"},
		{"half and half the other way", "{1, 's3cr3t': 1}", ErrSyntax, "line 1, column 13"},
		{"two values", "'s3cr3t'\n'b'", ErrSyntax, "line 2, column 1"},
		{"call", "f('s3cr3t'", ErrSyntax, "line 1, column 1"},
		{"known call", "PosixPath('s3cr3t'", ErrSyntax, "line 1, column 10"},
		{"escape", `'s3cr3t\x1'`, ErrSyntax, "line 1, column 8"},
		{"escape at the end", `'s3cr3t\x`, ErrSyntax, "line 1, column 8"},
		{"character", `'s3cr3t\U00110000'`, ErrSyntax, "line 1, column 8"},
		{"depth of lists", strings.Repeat("[", 1000), ErrDepth, "line 1, column 102"},
		{"depth of text", "f" + strings.Repeat("(", 1000), ErrDepth, "line 1, column 102"},
		{"depth of both", strings.Repeat("[", 90) + strings.Repeat("f(", 90), ErrDepth, "line 1, column "},
		{"digits", strings.Repeat("1", 5000), ErrSize, "line 1, column 1"},
		{"size", strings.Repeat(" ", DefaultMaxSize+1), ErrSize, "line 1, column 1"},
	} {
		v, err := Parse(tt.text, Options{})
		var at *Error
		if !errors.Is(err, tt.want) || !errors.As(err, &at) || !strings.HasPrefix(err.Error(), tt.where) || v != nil {
			t.Errorf("%s: got %v, %v, want %v at %s", tt.name, v, err, tt.want, tt.where)
		}
		if strings.Contains(fmt.Sprint(err), secret) {
			t.Errorf("%s: the error holds the text: %v", tt.name, err)
		}
	}
}

func TestOpaqueName(t *testing.T) {
	for text, want := range map[string]string{
		"<function make_key at 0x7f>":   "<function make_key>",
		"<class 'site.Model'>":          "<class site.Model>",
		"<SecretBox s3cr3t>":            "<SecretBox ...>",
		"<>":                            "<...>",
		"environ.Env('s3cr3t')":         "environ.Env(...)",
		"os.environ['s3cr3t']":          "os.environ[...]",
		"s3cr3t":                        "an expression",
		"s3cr3t(x":                      "an expression",
		"s3cr3t.s3cr3t-x":               "an expression",
		"1 + 2":                         "an expression",
		"(1+2j)":                        "an expression",
		strings.Repeat("x", 200) + "()": "an expression",
	} {
		o := NewOpaque(text)
		if got := fmt.Sprintf("%v|%+v|%s|%d|%#v", o, o, o, o, o); got != strings.Join([]string{want, want, want, want, want}, "|") {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
		if got := fmt.Sprintf("%+v", struct{ o Opaque }{o}); strings.Contains(got, "s3cr3t") {
			t.Errorf("%s: got %s", text, got)
		}
	}
}

// TestLinear: what could be looked at again and again is looked at once.
func TestLinear(t *testing.T) {
	for name, unit := range map[string]string{
		"quotes that do not close": "f<a 'x>, ", "apostrophes": "<it's>, ", "angles": "f<a, ", "expressions": "1+1, ", "texts": `'\x41', `,
		"quotes that never close": "f+\\', ",
		"junk after brackets":     "[[[1]x]x]x, ",
	} {
		text := "[" + strings.Repeat(unit, 2<<20/len(unit)) + "]"
		start := time.Now()
		_, _ = Parse(text, Options{})
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s: 2 MB took %v", name, took)
		}
	}
}
